"""The tutorials run as they stand, offline."""

import base64
import os
import re
import shutil
import struct
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NEEDS = {
    "langchain_rag_chatbot": ("langchain_classic", "langchain_linguapress", "matplotlib"),
    "llama_index_query_engine": ("llama_index.core", "llama_index.postprocessor.linguapress", "matplotlib"),
    "compare_methods": ("matplotlib",),
    "quickstart": ("matplotlib",),
}


def read(path):
    return pytest.importorskip("nbformat").read(path, as_version=4)


def outputs(notebook):
    return [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]


def printed(notebook):
    """What each cell of code shows, as text."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs) for cell in cells]


def shown(notebook, kind):
    """What its cells show of one kind, such as ``"image/png"``."""
    return [out["data"][kind] for out in outputs(notebook) if kind in out.get("data", {})]


@pytest.mark.slow
@pytest.mark.enable_socket  # the kernel talks over the loopback
@pytest.mark.filterwarnings("default")  # other libraries' own
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_still_says_what_it_said(path, tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    for module in NEEDS.get(path.stem, ()):
        pytest.importorskip(module)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "2"))
    shutil.copytree(FOLDER / "data", tmp_path / "data")
    notebook = nbformat.read(path, as_version=4)
    stored, kinds = printed(notebook), _kinds(notebook)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    found = printed(notebook)
    assert [bool(text) for text in found] == [bool(text) for text in stored]
    assert _kinds(notebook) == kinds
    nbformat.validate(notebook)
    check = CHECKS.get(path.stem)
    if check:
        check(found)


def _kinds(notebook):
    return {kind: len(shown(notebook, kind)) for kind in ("image/png", "text/html")}


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


def budgets_hold_and_quotes_are_recovered(found):
    text = "\n".join(found)
    assert "coined in 1777 by Antoine Lavoisier" in found[2]
    used = [(int(a), int(b)) for a, b in re.findall(r"(\d+) allowed, (\d+) used; answer kept: True", text)]
    assert len(used) == 6
    assert all(0.9 * allowed <= tokens <= allowed for allowed, tokens in used)
    assert "spans joined == text sent: True" in text
    assert "spans joined == text sent: False" not in text
    assert int(re.search(r"(\d+) words of 40 allowed", text)[1]) <= 40
    assert re.findall(r"Linde kept: (\w+)", text) == ["False", "True"]
    short, whole = re.search(r"answer:\s+(.*)\nrecovered:\s+(.*)", text).groups()
    assert "1777" in short
    assert len(short) < len(whole)


def a_conversation_is_remembered_and_cheaper(found):
    text = "\n".join(found)
    assert "Where did Nikola Tesla live?" in text
    turns = [(int(a), int(b)) for a, b in re.findall(r"\[(\d+) -> (\d+) tokens of context\]", text)]
    assert len(turns) == 6
    assert all(0.9 * before <= 4 * after <= before for before, after in turns)
    answers = ("7 January 1943", "New York hotels", "Robert Lane and Benjamin Vail", "60%", "390 billion", "40,000")
    said = re.findall(r"tokens of context\]\n\s+(.*)", text)
    assert [answer in line for answer, line in zip(answers, said, strict=True)] == [True] * 6
    before, after, saved = (
        int(n.replace(",", "")) for n in re.search(r"([\d,]+) tokens without.*?([\d,]+) with it \((\d+)%", text).groups()
    )
    assert before > 2 * after
    assert saved == round(100 * (1 - after / before))
    assert int(re.search(r"(\d) of 6 answers are the same", text)[1]) >= 5
    assert "the same text as in the chain: True" in text


def citations_lead_back_to_the_source(found):
    text = "\n".join(found)
    assert "killed 50,000 in Venice" in found[3]
    before, after, limit = map(int, re.search(r"(\d+) -> (\d+) tokens, (\d+) allowed", text).groups())
    assert after <= limit == 120 < before / 4
    assert "the same text as in the engine: True" in text
    assert text.count("the quoted characters are those of the document: True") == 4
    rows = re.findall(r"quote:\s+(.*) \[\d+\]\n\s+source: (.*)\n\s+[\w ]+, characters (\d+) to (\d+)", text)
    assert len(rows) == 4
    assert all(len(source) == int(end) - int(start) for _, source, start, end in rows)
    assert any(len(quote) < len(source) for quote, source, *_ in rows)  # words were dropped, and found again
    for answer, (_, source, *_) in zip(("50,000", "7 January 1943", "390 billion", "1891"), rows, strict=True):
        assert answer in source


def all_methods_get_the_same_budgets(found):
    text = "\n".join(found)
    table = re.findall(r"^(\w+) +(\d+)% +([\d,]+) +([\d,]+) +(\d+)/12 +(\d+)$", text, re.MULTILINE)
    assert len(table) == 18
    for name, rate, allowed, kept, *_ in table:
        assert 0.9 <= int(kept.replace(",", "")) / int(allowed.replace(",", "")) <= 1, (name, rate)
    assert len({(rate, allowed) for _, rate, allowed, *_ in table}) == 3  # equal for all
    answers = {(name, rate): int(count) for name, rate, _, _, count, _ in table}
    assert all(answers["lingua", rate] >= answers["head", rate] + 3 for rate in ("10", "20", "40"))
    costs = {(name, rate): int(ms) for name, rate, *_, ms in table}
    assert costs["sentence_filter", "20"] < costs["lingua", "20"]  # the second reading costs what the text says
    assert "12 of 12 answers are among" in text
    assert "lingua" in re.search(r"answer kept by: (.*)", text)[1]


def texts_come_back_word_for_word(found):
    (said,) = (text for text in found if "Marlow" in text and "|" in text)
    assert [line.split(" | ")[0] for line in said.splitlines()[1:]] == ["same"] * 6
    (nats,) = (text for text in found if text.startswith("its own memory"))
    own, other = (float(part.split()[-1 if n else 3]) for n, part in enumerate(nats.strip().split(", ")))
    assert own < 0.2 < 3 < other


CHECKS = {
    "soft_memory": texts_come_back_word_for_word,
    "train_your_own": own_model_is_closer_to_its_teacher,
    "few_shot_prompts": prompts_fit_and_answers_are_recovered,
    "quickstart": budgets_hold_and_quotes_are_recovered,
    "langchain_rag_chatbot": a_conversation_is_remembered_and_cheaper,
    "llama_index_query_engine": citations_lead_back_to_the_source,
    "compare_methods": all_methods_get_the_same_budgets,
}


def test_there_are_notebooks_and_they_keep_their_outputs():
    assert set(CHECKS) <= {path.stem for path in NOTEBOOKS}
    for path in NOTEBOOKS:
        text = path.read_text("utf-8")
        assert all(printed(read(path))[1:]), path.stem
        assert len(text) < 300_000, path.stem
        assert not re.search(r"/(tmp|home|root)/|site-packages|Traceback|DeprecationWarning", text), path.stem


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_the_outputs_that_are_stored_pass_the_checks(name):
    CHECKS[name](printed(read(FOLDER / f"{name}.ipynb")))


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_notebook_has_pictures_and_a_view_of_a_result(name):
    notebook = read(FOLDER / f"{name}.ipynb")
    pictures = [base64.b64decode(picture) for picture in shown(notebook, "image/png")]
    assert pictures
    for picture in pictures:
        width, height = struct.unpack(">II", picture[16:24])
        assert picture.startswith(b"\x89PNG")
        assert width > 600
        assert height > 200
    assert any('class="linguapress"' in view for view in shown(notebook, "text/html"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (FOLDER / target).exists(), target


def test_the_index_names_every_notebook():
    index = (FOLDER / "README.md").read_text("utf-8")
    assert set(re.findall(r"\]\((\w+)\.ipynb\)", index)) == {path.stem for path in NOTEBOOKS}
