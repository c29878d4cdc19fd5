"""The tutorials run as they stand, offline."""

import os
import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def printed(notebook):
    """What each cell of code shows, as text."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs) for cell in cells]


@pytest.mark.slow
@pytest.mark.enable_socket  # the kernel talks over the loopback
@pytest.mark.filterwarnings("default")  # other libraries' own
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_still_says_what_it_said(path, tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "2"))
    shutil.copytree(FOLDER / "data", tmp_path / "data")
    notebook = nbformat.read(path, as_version=4)
    stored = printed(notebook)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    found = printed(notebook)
    assert [bool(text) for text in found] == [bool(text) for text in stored]
    nbformat.validate(notebook)
    check = CHECKS.get(path.stem)
    if check:
        check(found)


def own_model_is_closer_to_its_teacher(found):
    embedded, yours = (float(line.split()[0]) for line in found[-1].splitlines())
    assert yours > embedded + 0.1


def prompts_fit_and_answers_are_recovered(found):
    table = next(text.splitlines()[1:] for text in found if text.startswith("method "))
    assert len(table) == 9
    for _, ratio, tokens, allowed, *_ in (line.split() for line in table):
        assert 0.95 * int(allowed) <= int(tokens) <= int(allowed), ratio
    quoted, recovered = next(text.splitlines() for text in found if text.startswith("As in the example"))
    assert len(quoted) < len(recovered)


CHECKS = {
    "train_your_own": own_model_is_closer_to_its_teacher,
    "few_shot_prompts": prompts_fit_and_answers_are_recovered,
}


def test_there_are_notebooks_and_they_keep_their_outputs():
    nbformat = pytest.importorskip("nbformat")
    assert [path.stem for path in NOTEBOOKS]
    for path in NOTEBOOKS:
        text = path.read_text("utf-8")
        assert all(printed(nbformat.reads(text, as_version=4))[1:])
        assert "/tmp/" not in text
        assert "Traceback" not in text
