"""``--set NAME=VALUE``, and devices that are not there."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from linguapress import Budget, Guard, load
from linguapress.cli import app
from linguapress.commands.methods import _GUARD, _written, loaded, parameters, settings_of
from linguapress.failures import reported
from linguapress.presets import PRESETS

TEXT = "Marie Curie won two Nobel Prizes. She was born in Warsaw in 1867. Paris is big.\n"


def call(*args: str):
    return CliRunner().invoke(app, ["compress", *args], input=TEXT)


def one_line(found) -> str:
    assert found.stdout == ""
    assert found.stderr.count("\n") == 1
    assert found.stderr.startswith("error: ")
    return found.stderr


@pytest.mark.parametrize(
    ("method", "assignment", "value"),
    [
        ("lingua", "effort=low", "low"),
        ("lingua", "runtime=onnx-int8", "onnx-int8"),
        ("lingua", "lingua.effort=low", "low"),
        ("lingua", "model=a=b", "a=b"),
        ("lingua", "guard=off", Guard.off()),
        ("lingua", "guard=on", None),
        ("query_select", "threshold=0.3", 0.3),
        ("query_select", "threshold=1", 1.0),
        ("query_select", "threshold=None", None),
        ("query_select", "level=words", "words"),
        ("query_select", "most=7", 7),
        ("llmlingua", "pool=mean", "mean"),
        ("llmlingua", "documents=none", None),
        ("llmlingua2", "documents=2", 2.0),
        ("llmlingua2", "drop_consecutive=TRUE", True),
        ("llmlingua2", "keep_label=1", 1),
        ("llmlingua2", "keep_label=keep", "keep"),
        ("llmlingua2", r"force_tokens=?, .,\n,\,,", ("?", ".", "\n", ",")),
        ("llmlingua2", "force_tokens=", ()),
        ("random_words", "seed=-3", -3),
    ],
)
def test_values_are_read_by_the_type_of_the_setting(method, assignment, value):
    found = settings_of([method], [assignment])[method]
    assert found == {assignment.split("=")[0].rpartition(".")[2]: value}
    assert type(next(iter(found.values()))) is type(value)


@pytest.mark.parametrize("method", PRESETS)
def test_every_default_can_be_set(method):
    settings = parameters(method)
    found = settings_of([method], [f"{name}={_written(item)}" for name, item in settings.items()])[method]
    assert found == {name: item.default for name, item in settings.items()}
    assert all(item.annotation == _GUARD or "Guard" not in item.annotation for item in settings.values())


def test_the_command_loads_the_method_with_them(monkeypatch):
    seen = {}

    def spy(method, **settings):
        seen.update({"method": method}, **settings)
        return load("head")

    monkeypatch.setattr("linguapress.commands.methods.load", spy)
    found = call("-m", "lingua", "--set", "effort=low", "--set", "keep_model=other", "--order", "ends", "-r", "1")
    assert (found.exit_code, found.stdout) == (0, TEXT)
    assert seen == {"method": "lingua", "effort": "low", "keep_model": "other", "order": "ends"}


def test_a_setting_changes_the_result():
    first, second = (call("-m", "random_words", "-r", "0.5", "--set", f"seed={seed}").stdout for seed in (1, 2))
    assert first == load("random_words", seed=1).compress([TEXT], budget=Budget(rate=0.5)).text + "\n"
    assert first != second


@pytest.mark.parametrize(
    ("method", "args", "says"),
    [
        (
            "query_select",
            ["--set", "treshold=0.3"],
            "query_select has no setting 'treshold'; settings of query_select: model=select, ",
        ),
        (
            "query_select",
            ["--set", "threshold=abc"],
            "threshold takes a number or none, not 'abc'; settings of query_select: model=",
        ),
        ("query_select", ["--set", "threshold=nan"], "threshold takes a number or none, not 'nan'"),
        ("query_select", ["--set", "threshold=1.5"], "between 0 and 1, got 1.5; settings of query_select: model="),
        ("query_select", ["--set", "order=backwards"], "choose one of original, relevance, ends; settings of query_select: "),
        ("query_select", ["--set", "most=2.5"], "most takes a whole number, not '2.5'"),
        ("lingua", ["--set", "effort=huge"], "choose one of low, auto, high; settings of lingua: model=mini, "),
        ("lingua", ["--set", "runtime=cobol"], "choose one of auto, torch"),
        ("lingua", ["--set", "model="], "model takes a text, not ''"),
        ("lingua", ["--set", "guard=maybe"], "guard takes on or off, not 'maybe'; settings of lingua: "),
        ("lingua", ["--set", "effort"], "--set 'effort' is no NAME=VALUE; settings of lingua: model=mini, "),
        ("lingua", ["--set", "=low"], "is no NAME=VALUE"),
        ("lingua", ["--set", "head.effort=low"], "'head' is none of the methods, lingua"),
        ("lingua", ["--set", "effort=low", "--set", "effort=high"], "--set effort is given twice"),
        ("lingua", ["--model", "a", "--set", "model=b"], "--set model repeats --model; give one of them"),
        ("lingua", ["--no-guard", "--set", "guard=on"], "--set guard repeats --keep or --no-guard; give one of them"),
        ("llmlingua2", ["--set", "drop_consecutive=yes"], "drop_consecutive takes true or false, not 'yes'"),
        ("head", ["--set", "effort=low"], "head has no setting 'effort'; settings of head: none"),
        ("nope", ["--set", "effort=low"], "unknown method 'nope'; choose one of lingua"),
    ],
)
def test_what_cannot_be_set_is_one_line(method, args, says):
    found = call("-m", method, *args)
    assert found.exit_code == 2
    assert says in one_line(found)


def test_settings_of_several_methods():
    found = settings_of(["lingua", "llmlingua2", "head"], ["llmlingua2.model=own", "model=shared", "effort=low"])
    assert found == {"lingua": {"model": "shared", "effort": "low"}, "llmlingua2": {"model": "own"}, "head": {}}


def test_a_setting_that_the_method_itself_refuses_ends_the_command(capsys):
    with pytest.raises(typer.Exit):
        loaded("random_words", {"depth": 1})
    assert "settings of random_words: seed=0" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        AssertionError("Torch not compiled with CUDA enabled"),
        RuntimeError("Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU"),
        RuntimeError("No CUDA GPUs are available"),
        RuntimeError("CUDA error: invalid device ordinal\nCUDA kernel errors might be asynchronously reported"),
        RuntimeError("PyTorch is not linked with support for mps devices"),
    ],
)
def test_a_device_that_is_not_there_comes_with_a_remedy(error, capsys, monkeypatch):
    monkeypatch.delenv("LINGUAPRESS_TRACEBACK", raising=False)
    with pytest.raises(typer.Exit), reported():
        raise error
    said = capsys.readouterr().err
    assert said.startswith(f"error: torch finds no such device here ({str(error).splitlines()[0]}); ")
    assert said.endswith("leave the device out, or choose auto or cpu\n")


def test_other_failed_assertions_stay_what_they_are(capsys, monkeypatch):
    monkeypatch.delenv("LINGUAPRESS_TRACEBACK", raising=False)
    with pytest.raises(typer.Exit), reported():
        raise AssertionError("two is one")
    assert "AssertionError: two is one" in capsys.readouterr().err
