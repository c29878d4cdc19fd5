"""Kept words beside those of ``llmlingua`` 0.2.2: goldens that it wrote, and every difference put down to a slip of it."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from linguapress.evaluation import parity
from linguapress.evaluation.parity_words import MODELS, Reading, Word, kept_by_ours, limit_of

FOLDER = Path(__file__).parent.parent / "data" / "parity"
PYTHON = os.environ.get("LLMLINGUA_PYTHON")  # an interpreter that has llmlingua 0.2.2


def golden(name):
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=MODELS)
def compared(request):
    return parity.compare(FOLDER / request.param, parity.texts_of(FOLDER), golden(request.param)["texts"])


@pytest.mark.parametrize("rate", parity.RATES)
def test_kept_words_agree_with_the_reference(compared, rate):
    cases = [case for case in compared if case.rate == rate]
    assert len(cases) == len(parity.texts_of(FOLDER))
    assert sum(case.both for case in cases) > 200
    assert parity.jaccard(cases) >= 0.97


def test_every_difference_is_a_listed_slip_of_the_reference(compared):
    found = [difference for case in compared for difference in case.differences]
    assert not [difference for difference in found if difference.cause in (parity.Cause.UNEXPLAINED, parity.Cause.NOISE)]
    assert found  # texts that show no slip prove little


def test_a_difference_without_a_cause_is_not_explained_away():
    name = MODELS[1]
    answers = golden(name)["texts"][:1]
    labels = answers[0]["kept"]["0.5"]
    answers[0]["kept"] = {"0.5": "".join("01"[label == "0"] if place < 40 else label for place, label in enumerate(labels))}
    (case,) = parity.compare(FOLDER / name, parity.texts_of(FOLDER)[:1], answers)
    assert len([difference for difference in case.differences if difference.cause is parity.Cause.UNEXPLAINED]) > 10


def test_goldens_of_other_texts_are_refused():
    with pytest.raises(ValueError, match="other words"):
        parity.compare(FOLDER / MODELS[1], ["Another text."], golden(MODELS[1])["texts"][:1])


def test_words_are_cut_as_the_reference_cuts_them():
    reading = Reading.of(FOLDER / MODELS[0])
    text = "we don't say 👋: 0.5 metres."
    spellings = [word.spelling.lstrip("▁") for word in reading.words(text)]
    assert "".join(spellings) == text.replace(" ", "").replace("👋", "")
    assert ":" in spellings
    assert any(word.unknown for word in reading.words(text))


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.33, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("tokens", [10, 100, 101, 200])
def test_the_limit_is_what_lies_above_the_percentile(tokens, rate):
    values = np.arange(tokens)
    threshold = np.percentile(values, int(100 * max(0, 1 - rate) + 1))
    assert limit_of(tokens, rate) == (values > threshold).sum()


def test_ours_keeps_the_best_words_that_fit():
    words = [Word(start, f"w{start}", (score,)) for start, score in zip(range(0, 12, 3), (0.1, 0.9, 0.8, 0.2), strict=True)]
    assert kept_by_ours("aa bb cc dd ", words, [1, 1, 2, 1], 0.75).tolist() == [False, True, True, False]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="LLMLINGUA_PYTHON names no interpreter that has llmlingua")
@pytest.mark.parametrize("name", [*MODELS, "mini"])
def test_the_reference_still_says_so(name, tmp_path):
    source = FOLDER / name if name in MODELS else Path(parity.model_folder("mini"))
    folder = tmp_path / (name if name in MODELS else MODELS[1])
    shutil.copytree(source, folder)
    texts = parity.texts_of(FOLDER)
    found = parity.asked(PYTHON, folder, texts, make=False)["texts"]
    if name in MODELS:
        assert found == golden(name)["texts"]
    cases = parity.compare(folder, texts, found)
    assert parity.jaccard(cases) >= 0.97
    assert not [d for case in cases for d in case.differences if d.cause is parity.Cause.UNEXPLAINED]
