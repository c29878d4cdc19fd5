"""From which context on compressing pays: the arithmetic, and the command."""

import json
from math import inf

import pytest
from typer.testing import CliRunner

from linguapress.evaluation.break_even import Cost, Reader, app, fitted, lengths_that_pay


def test_a_line_is_found_again_and_no_part_is_below_zero():
    cost = fitted([500, 1000, 4000], [0.1 + 500e-4, 0.1 + 1000e-4, 0.1 + 4000e-4])
    assert cost.fixed == pytest.approx(0.1)
    assert cost.each == pytest.approx(1e-4)
    assert fitted([500, 1000, 2000], [0.04, 0.10, 0.21]).fixed == 0
    falling = fitted([500, 1000, 2000], [0.3, 0.25, 0.2])
    assert falling.each == 0
    assert 0.2 < falling.fixed < 0.3


@pytest.mark.parametrize(("prefill", "price"), [(1000.0, 2.0), (5000.0, 0.5)])
def test_at_the_break_even_what_is_spent_is_what_is_saved(prefill, price):
    cost, rate, reader = Cost(0.2, 5e-5), 0.25, Reader(prefill, price, 0.36)
    in_time, in_money = lengths_that_pay(cost, rate, reader)
    assert cost.fixed + cost.each * in_time == pytest.approx((1 - rate) * in_time / prefill)
    spent = (cost.fixed + cost.each * in_money) * 0.36 / 3600
    assert spent == pytest.approx((1 - rate) * in_money * price / 1e6)


def test_it_may_never_pay():
    assert lengths_that_pay(Cost(0.1, 1e-3), 0.5, Reader(100_000, 0.0, 1.0)) == (inf, inf)
    assert lengths_that_pay(Cost(0.1, 1e-6), 0.5, Reader(1000, 1.0, 0.0))[1] == 0


def test_the_command(tmp_path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text(
        "".join(json.dumps({"text": f"The bridge number {n} was opened in {1800 + n}. It is green."}) + "\n" for n in range(60))
    )
    arguments = [str(texts), "--method", "head", "--length", "100", "--length", "400", "--out", str(tmp_path / "found")]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    row = json.loads((tmp_path / "found.json").read_text())["rows"][0]
    assert row["method"] == "head"
    assert row["time"] is None or row["time"] >= 0
    assert "Break-even" in (tmp_path / "found.md").read_text()
    two = ["--length", "50", "--length", "90"]
    refused = {
        "two lengths": ["--length", "50"],
        "give more": [*two, "--length", "9999999"],
        "nonsense": [*two, "--method", "nonsense"],
    }
    for message, wrong in refused.items():
        failed = CliRunner().invoke(app, [str(texts), *wrong])
        assert failed.exit_code == 2
        assert message in failed.output


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"bad"\n', "line 1: no JSON"),
        (b"\xff\n", "is not UTF-8"),
        (b"[1]\n", "line 1: no JSON object"),
        (b'{"a": 1}\n', "no field text"),
    ],
)
def test_texts_that_cannot_be_read_are_said(tmp_path, content, says):
    texts = tmp_path / "bad.jsonl"
    texts.write_bytes(content)
    failed = CliRunner().invoke(app, [str(texts), "--prefill", "2000"], env={"COLUMNS": "500", "TERMINAL_WIDTH": "500"})
    assert failed.exit_code == 2
    assert says in failed.output
