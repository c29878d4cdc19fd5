"""The comparison with and without records, on a small data folder."""

import json

from typer.testing import CliRunner

from linguapress import Prepared, load
from linguapress.evaluation import prepared
from linguapress.evaluation.tasks import examples


def test_the_command_writes_sizes_times_and_equality(data, tmp_path):
    options = {"limit": 2, "timed": 1, "rounds": 1, "counter": "embedded", "out": tmp_path / "new" / "prepared"}
    arguments = [str(data), *(f"--{name}={value}" for name, value in options.items())]
    done = CliRunner().invoke(prepared.app, arguments)
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "new" / "prepared.json").read_text())
    assert (found["questions"], found["timed"], found["unequal"]) == (2, 1, [])
    assert found["sizes"]["largest_share_of_bound"] <= 1
    assert [row["tokens"] for row in found["speed"]] == [150, 300, 500, 1000]
    assert all(row[name]["clock"] > 0 for row in found["speed"] for name in ("query", "with", "without"))
    assert "| embedded | 150 |" in (tmp_path / "new" / "prepared.md").read_text()


def test_a_difference_is_found(data, monkeypatch):
    asked = examples("nq", data)[:1]
    press = load("lingua", effort="low")
    monkeypatch.setattr(prepared, "_TOKENS", (30,))
    assert prepared.unequal(press, asked, [press.prepare(asked[0].documents)], "embedded") == []
    wrong = [Prepared.of(text, ()) for text in asked[0].documents]  # brings a warning
    assert prepared.unequal(press, asked, [wrong], "embedded") == ["nq-0 at 30"]
