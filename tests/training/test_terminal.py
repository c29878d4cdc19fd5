"""What the commands of ``linguapress train`` say of mistakes, and where."""

import shutil

import pytest
import typer
from typer.testing import CliRunner

from linguapress.failures import one_line
from linguapress.training import cli
from linguapress.training.terminal import progress_bars


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("a\nb"), "error: a b\n"),
        (AssertionError("Torch not compiled with CUDA enabled"), "error: torch finds no such device here (Torch not compiled with CUDA enabled); leave the device out, or choose auto or cpu\n"),
        (TypeError("odd"), "error: TypeError: odd (LINGUAPRESS_TRACEBACK=1 shows where)\n"),
    ],
    ids=["ours", "device", "unforeseen"],
)  # fmt: skip
def test_an_error_is_one_line(error, said, capsys):
    with pytest.raises(typer.Exit), one_line():
        raise error
    assert capsys.readouterr().err == said


def test_what_typer_says_itself_gets_through(monkeypatch):
    for error in (typer.Exit(3), typer.BadParameter("x"), typer.Abort()):
        with pytest.raises(type(error)), one_line():
            raise error
    monkeypatch.setenv("LINGUAPRESS_TRACEBACK", "1")
    with pytest.raises(TypeError, match="odd"), one_line():
        raise TypeError("odd")


def test_bars_leave_the_output_to_the_figures(capsys):
    with progress_bars() as bars:
        bars.update(bars.add_task("x"), completed=1, total=1)
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def call():
    return lambda *words: CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.mark.parametrize("command", ["shrink", "soup"])
def test_nothing_is_written_over(call, tmp_path, command):
    (tmp_path / "out").mkdir()
    found = call(command, "--model", "select", "--out", tmp_path / "out")
    assert found.exit_code == 1
    assert "is there already; choose another --out" in found.stderr
    assert not list((tmp_path / "out").iterdir())


def test_a_copy_that_fails_leaves_nothing(call, tmp_path, bert):
    folder = shutil.copytree(bert, tmp_path / "model")
    (folder / "model.safetensors").write_bytes(b"damaged")
    found = call("shrink", "--model", folder, "--out", tmp_path / "out")
    assert found.exit_code == 1
    assert "cannot be read" in found.stderr
    assert "copy or train the model again" in found.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("model", ["bert", "nowhere", "damaged"])
def test_a_soup_of_what_is_no_selector_is_refused(call, tmp_path, bert, model):
    damaged = shutil.copytree(bert, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"damaged")
    folder = {"bert": bert, "nowhere": tmp_path / "nowhere", "damaged": damaged}[model]
    found = call("soup", "--model", "select", "--model", folder, "--out", tmp_path / "out", "--device", "cpu")
    assert found.exit_code == 1
    assert "name select, or a folder that `linguapress train select` has written" in found.stderr
    assert not (tmp_path / "out").exists()
