"""Which documents are kept, and at which rates: as ours chooses, and as the reference does."""

import numpy as np
import pytest
from methods.toy_lm import ToyLM, cache

from linguapress import Budget
from linguapress.evaluation.parity_documents import Case, chosen, counted, overrunning, plain_rates, rates_of, ratings
from linguapress.evaluation.parity_ours import located, plan_of, starts_of
from linguapress.evaluation.parity_slips import ALL, NONE, Slip
from linguapress.methods.likelihood import RESTRICT
from linguapress.methods.llmlingua import LLMLingua
from linguapress.methods.longllmlingua import LongLLMLingua

DOCUMENTS = ("word " * 150, "other " * 80, "third " * 60, "last " * 40)


def case(target, question="", documents=DOCUMENTS):
    return Case("toy", documents, question, 0.5, target, 100)


def count(text):
    return len(text.split())


def rows(draft):
    return [passage.index for passage in draft.passages]


def test_the_reference_takes_a_hundred_tokens_more_and_the_document_that_overruns():
    rated = np.array([0.0, 3.0, 1.0, 2.0])
    assert overrunning(case(30), rated, count) == [1, 3, 2]  # 130 tokens: 80, 40, and 60 that no longer fit
    assert overrunning(case(90), rated, count) == [1, 3, 2, 0]
    assert rows(chosen(case(30), rated, count, {Slip.BUDGET})) == [1, 2, 3]
    assert rows(chosen(case(30, "why"), rated, count, {Slip.BUDGET})) == [1, 3, 2]


def test_ours_takes_what_fits_twice_the_budget():
    rated = np.array([0.0, 3.0, 1.0, 2.0])
    assert rows(chosen(case(60), rated, count, NONE)) == [1, 3]
    assert rows(chosen(case(300), rated, count, NONE)) == [0, 1, 2, 3]


def test_plain_rates_step_evenly_and_count_two_tokens_more():
    assert plain_rates(np.array([10.0, 20.0, 30.0]), 33, 0.3) == pytest.approx([0.3 + 33 / 67, 33 / 67, 33 / 67 - 0.3])
    assert plain_rates(np.array([10.0, 20.0]), 35, 0.0) == pytest.approx([1, 1])
    assert plain_rates(np.array([97.0]), 50, 0.3) == pytest.approx([0.5])


def test_our_rates_meet_the_budget_and_those_of_the_reference_do_not():
    asked = case(150, "why", ("a " * 200, "b " * 20, "c " * 80))
    draft = chosen(asked, np.array([3.0, 2.0, 1.0]), count, NONE)
    tokens = {passage.index: count(passage.text) for passage in draft.passages}
    own, theirs = (rates_of(draft, asked, slips) for slips in (NONE, {Slip.RATES}))
    assert sum(own[index] * tokens[index] for index in tokens) == pytest.approx(150, abs=0.1)
    assert sum(theirs[index] * tokens[index] for index in tokens) > 160


def test_tokens_are_counted_as_they_are_or_two_more_a_document():
    draft = chosen(case(10_000, documents=("a b", "c d e")), np.zeros(2), count, NONE)
    assert starts_of(draft) == [0, 5]
    places = np.array([0, 2, 4, 5, 7, 9])
    rates = {0: 0.2, 1: 0.6}
    assert counted(draft, starts_of(draft), places, rates, NONE).documents.tolist() == [0, 0, 0, 1, 1, 1]
    found = counted(draft, starts_of(draft), places, rates, {Slip.RATES})
    assert found.rates.tolist() == [0.2] * 4 + [0.6] * 5
    assert located(draft, places.tolist()) == {(0, 0), (0, 2), (1, 0), (1, 2), (1, 4)}


def test_the_question_is_glued_to_the_document_by_the_reference():
    model = ToyLM(cache(), longest=9)
    names: list[str] = []

    def encode(text):
        for name in model.tokens(text):
            if name not in names:
                names.append(name)
        return np.array([names.index(name) for name in model.tokens(text)], dtype=np.int64)

    def score(context, tokens):
        before = [names[number] for number in context]
        return np.array(
            [model.surprisal(names[token], before + [names[t] for t in tokens[:at]]) for at, token in enumerate(tokens)]
        )

    asked = case(10, "who built it", ("Holm built it .", "nothing here", "who built"))
    own = ratings(asked, model, score, encode, NONE)
    glued = ratings(asked, model, score, encode, {Slip.RANKING})
    text = "who built it " + RESTRICT
    assert own[0] == pytest.approx(-model.surprisals([text], ["Holm built it .\n\n"])[0].values.mean())
    assert glued[0] != pytest.approx(glued[1])
    # "builtwho" and "herewho" are one word now, so that "who" is no longer foreseen behind the third document
    assert glued[2] == pytest.approx(-model.surprisals([text.removeprefix("who")], ["who builtwho"])[0].values.mean())


def test_without_slips_documents_and_their_order_are_those_of_the_method():
    model = ToyLM(cache(), longest=9)
    documents = tuple(
        f"{name} " * number + "Torvik burnt in 1894 . " for name, number in zip("abcd", (60, 30, 90, 20), strict=True)
    )
    for question, method in (("what burnt in Torvik", LongLLMLingua(model)), ("", LLMLingua(model))):
        asked = case(90, question, documents)
        draft = chosen(asked, ratings(asked, model, None, None, NONE), count, NONE)
        found = method.compress(documents, question or None, budget=Budget(tokens=90, count=count))
        assert rows(draft) == [passage.index for passage in found.passages]
        assert len(rows(draft)) < len(documents)


def test_words_of_a_draft_are_protected_unless_the_guard_slips():
    draft = chosen(case(10_000, documents=("not, in 1894", "so it is")), np.zeros(2), count, NONE)
    own, bare = (plan_of(draft, starts_of(draft), slips) for slips in (NONE, ALL))
    assert [draft.text[a:b].strip() for a, b in bare.units] == ["not,", "in", "1894", "so", "it", "is"]
    assert [draft.text[a:b].strip() for (a, b), first in zip(own.units, own.first, strict=True) if first] == ["not,", "1894"]
    assert not bare.first.any()
