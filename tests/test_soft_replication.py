"""The replication of soft compression: what is run in which order, what is not run twice, gates, page and picture."""

import json

import pytest
import typer
from typer.testing import CliRunner

from linguapress.commands import soft_replication
from linguapress.commands.soft_gates import gates
from linguapress.commands.soft_page import draw, page
from linguapress.commands.soft_plan import Cell, Plan
from linguapress.commands.soft_replication import app, call
from linguapress.evaluation.soft_prompts import CONTROLS


def figures(accuracy, **others):
    found = {name: {"accuracy": others.get(name, 0.2), "rouge_l": 0.5, "bleu": 0.3, "exact": 0.1, "nats": 1.0} for name in CONTROLS}
    return {"texts": 4, **found, "memory": {**found["memory"], "accuracy": accuracy}}


def scores(f1, text=0.5, none=0.1):
    given = {name: 0.05 for name in CONTROLS} | {"memory": f1, "text": text, "none": none}
    return {"questions": 4, "retention": f1 / text,
            **{name: {"f1": v, "exact": v / 2, "f1_interval": [v - 0.05, v + 0.05]} for name, v in given.items()}}  # fmt: skip


def cell(method, k, seed=0, recipe="", accuracy=0.5, f1=0.3, **more):
    found = {"method": method, "k": k, "seed": seed, "recipe": recipe, "bytes": 3072 * k // (8 if method == "icae" else 1),
             "parameters": 9, "steps": 5, "texts": 40, "minutes": 1.0, "regeneration": figures(accuracy)}  # fmt: skip
    asked = recipe in ("", "anchored")
    return found | ({"questions": {"seen": scores(f1), "unseen": scores(f1 / 2)}} if asked else {}) | more


BESIDE = {"1": {"chunks": 4, "layout": "spread", "alone": 0.3, "among": 0.1, "lost_interval": [0.1, 0.3]},
          "4": {"chunks": 4, "layout": "spread", "alone": 0.3, "among": 0.28, "lost_interval": [-0.01, 0.05]}}  # fmt: skip
BASE = {"settings": {"layers": 4, "width": 192, "vocabulary": 2048, "copying": 0.45, "asking": 0.3, "chunk": 96}, "parameters": 2_000_000,
        "tokens": 9_000_000, "seconds": 1440, "copying": {"32": {"accuracy": 0.99}, "96": {"accuracy": 0.96}}}  # fmt: skip


def found(**changes):
    cells = [cell("500x", 16, accuracy=0.85, f1=0.35, side_by_side=BESIDE), cell("icae", 16, accuracy=0.4)]
    for seed, (own, other) in enumerate([(0.30, 0.24), (0.31, 0.25), (0.32, 0.24)]):
        cells += [cell("500x", 1, seed, accuracy=own, f1=own), cell("icae", 1, seed, accuracy=other, f1=own)]
    cells += [cell("500x", 8), cell("icae", 8), cell("500x", 16, recipe="short, paper")]
    return {"base": BASE, "cells": cells} | changes


def test_gates_pass_and_fail_for_the_right_reasons():
    passed = {gate.question: gate.passed for gate in gates(found())}
    assert [*passed.values()] == [True, True, True, True, True, True, True, False, True]
    low = {**BASE, "copying": {"32": {"accuracy": 0.99}, "96": {"accuracy": 0.90}}}
    assert not gates(found(base=low))[0].passed
    cells = found()["cells"]
    cells[0] = cell("500x", 16, accuracy=0.85, f1=0.29, side_by_side={"1": BESIDE["1"]}, regeneration=figures(0.79, wrong=0.3))
    failed = [gate.passed for gate in gates({"base": BASE, "cells": cells})]
    assert failed == [True, True, False, False, True, False, True, False, False]


def test_the_recipe_that_we_would_use_stands_for_us_but_methods_are_compared_without_it():
    best = cell("500x", 16, recipe="anchored", accuracy=0.7, f1=0.2)
    with_best = {"base": BASE, "cells": [*found()["cells"], best]}
    assert [gate.passed for gate in gates(with_best)][2:6] == [False, True, True, False]
    assert "500xCompressor, anchored | 16" in page(with_best, "soft.svg")
    assert [gate.passed for gate in gates(with_best)][6:] == [gate.passed for gate in gates(found())][6:]
    assert draw(with_best) != draw(found())


@pytest.mark.parametrize(("alone", "among"), [(0.05, 0.04), (0.12, 0.08)])  # no memory has 0.1
def test_who_finds_nothing_cannot_lose_it(alone, among):
    floor = {"1": {**BESIDE["4"], "alone": alone, "among": among}}
    cells = [cell("500x", 16, side_by_side=floor), *found()["cells"][1:]]
    assert not gates({"base": BASE, "cells": cells})[-1].passed


def test_one_seed_proves_nothing_about_methods():
    cells = [one for one in found()["cells"] if one["seed"] == 0]
    assert [gate.passed for gate in gates({"base": BASE, "cells": cells}) if "ICAE" in gate.question] == [False, False]


def test_the_page_and_the_picture():
    text = page(found(), "soft.svg")
    assert "**fail**" in text
    assert "0.310 ± 0.010" in text  # k = 1 over three seeds
    assert "equal bytes | k = 1 | k = 8" in text
    assert "short, paper" in text
    assert draw(found()).startswith(b"<?xml")
    assert draw(found()) == draw(found())


def plan(folder, **changes):
    return Plan(**{"texts": folder, "questions": (folder / "q.jsonl",), "unseen": (folder / "u.jsonl",), "out": folder / "out", "minutes": 1,
                   "pretrain": 80, "finetune": 4, "seeds": 3, "limit": 4, **changes})  # fmt: skip


def test_the_plan(tmp_path):
    cells = plan(tmp_path).cells()
    assert len(cells) == len(set(cells)) == len({one.name for one in cells})
    assert cells[:2] == [Cell("500x", 16), Cell("icae", 16)]
    assert plan(tmp_path).steps(Cell("500x", 16)) == 80
    for k in (16, 8, 4, 1):
        assert plan(tmp_path).steps(Cell("500x", k)) == plan(tmp_path).steps(Cell("icae", k))
    assert sum(one.k == 1 for one in cells) == 6
    assert not [one for one in plan(tmp_path, seeds=1).cells() if one.seed]


def test_the_whole_command_with_its_steps_faked(tmp_path, monkeypatch):
    calls = []

    def fake(log, *arguments):
        arguments = [str(part) for part in arguments]
        calls.append(arguments)
        out = arguments[arguments.index("--out") + 1]
        if arguments[0] == "bench-soft":
            answer = cell("500x", 16)
            k = next(part for part in arguments[1].split("-") if part.startswith("k"))[1:]
            result = {"bytes": 5, "regeneration": {k: answer["regeneration"]}, "questions": {n: {k: s} for n, s in answer["questions"].items()},
                      "side_by_side": BESIDE["1"]}  # fmt: skip
            file = soft_replication.Path(out)
        else:
            result = BASE | {"parameters": 7, "steps": 4, "items": 40, "samples": []}
            file = soft_replication.Path(out) / "metrics.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(result))

    monkeypatch.setattr(soft_replication, "call", fake)
    for name in ("q.jsonl", "u.jsonl", "train_00.jsonl", "train_01.jsonl", "test.jsonl"):
        (tmp_path / name).write_text("")
    arguments = ["--texts", str(tmp_path), "--questions", str(tmp_path / "q.jsonl"), "--unseen", str(tmp_path / "u.jsonl"),
                 "--out", str(tmp_path / "out"), "--results", str(tmp_path / "soft"), "--seeds", "2"]  # fmt: skip
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    assert calls[0][:2] == ["train", "lm"]
    assert len({tuple(one) for one in calls}) == len(calls)
    trained = [one for one in calls if one[:3] == ["train", "soft", "pretrain"]]
    assert len(trained) == 5 + 2 + 4 + 5 + 2
    assert all(str(tmp_path / "train_00.jsonl") in one and str(tmp_path / "train_01.jsonl") not in one for one in trained)
    asked = [one[one.index("--out") + 1].rsplit("/", 1)[1] for one in calls if "/answered/" in str(one)]
    assert sorted(asked) == [
        "500x-k1-s0.json",
        "500x-k16-s0-anchored.json",
        "500x-k16-s0.json",
        "icae-k1-s0.json",
        "icae-k16-s0.json",
    ]
    rounds = [one for one in calls if one[:3] == ["train", "soft", "finetune"] and "anchored" in one[one.index("--out") + 1]]
    path = [(one[one.index("--start") + 1].rsplit("/", 2)[1:], one[one.index("--chunks") + 1]) for one in rounds]
    best = "500x-k16-s0-anchored"
    assert path == [(["pretrain", best], "1"), (["finetune", best], "4")]
    assert len({one[one.index("--seed") + 1] for one in rounds}) == 2
    measured = [one[1].rsplit("/", 1)[1] for one in calls if one[0] == "bench-soft" and best in one[1]]
    assert measured == [best, best, best, f"{best}-chunks4"]  # texts, questions, alone, among four
    assert {file.suffix for file in tmp_path.glob("soft.*")} == {".json", ".md", ".svg"}
    assert str(tmp_path) not in (tmp_path / "soft.json").read_text()
    count = len(calls)
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert len(calls) == count
    (tmp_path / "out" / "said" / "icae-k4-s0.json").unlink()
    assert CliRunner().invoke(app, [*arguments, "--report"]).exit_code == 0
    assert len(calls) == count
    assert len(json.loads((tmp_path / "soft.json").read_text())["cells"]) == 17


def test_a_step_that_fails_shows_its_last_lines(tmp_path, capsys):
    with pytest.raises(typer.Exit):
        call(tmp_path / "logs" / "x.log", "no-such-command")
    assert "No such command" in capsys.readouterr().err


@pytest.mark.parametrize("count", range(10))
def test_what_is_not_run_yet_fails_its_gate_and_nothing_else(count):
    part = found(cells=found()["cells"][:count])
    passed = [gate.passed for gate in gates(part)]
    assert len(passed) == 9
    assert passed[0]
    assert any(passed[1:]) == bool(count)
    assert passed[6] == (count >= 6)  # at k = 1, more than one seed of each
    assert not count or "**fail**" in page(part, "soft.svg")


def test_a_copy_that_was_not_measured_does_not_pass():
    base = {**BASE, "copying": {"32": {"accuracy": 0.99}, "96": {"accuracy": float("nan")}}}
    assert not gates(found(base=base))[0].passed


def test_a_report_of_nothing_is_refused(tmp_path):
    (tmp_path / "q.jsonl").write_text("")
    file = str(tmp_path / "q.jsonl")
    ran = CliRunner().invoke(
        app, ["--texts", str(tmp_path), "--questions", file, "--unseen", file, "--out", str(tmp_path / "out"), "--report"]
    )
    assert ran.exit_code == 2
    assert "is done yet" in " ".join(ran.output.replace("│", " ").split())
