"""LongLLMLingua's signs and schedules, against a toy language model."""

import numpy as np
import pytest
from fakes import FakeRelevance, count_words
from hypothesis import given
from hypothesis import strategies as st
from methods.toy_lm import ToyLM, cache
from samples import PROSE

from linguapress import Budget, Guard, Passage
from linguapress.methods.document_ranking import DocumentRanking
from linguapress.methods.likelihood import RESTRICT, QuestionLikelihood
from linguapress.methods.llmlingua import LLMLingua
from linguapress.methods.longllmlingua import LongLLMLingua, dynamic_rates
from linguapress.segment import sentences
from linguapress.units import Units

PLAIN = Guard.off()
QUERY = "who built bridge"
DOCUMENTS = ["ferries leave port every hour", "holm built that old bridge", "bakers sell bread every day"]


def words(**size):
    return Budget(**size, count=count_words, separator=" ")


def press(**settings):
    return LongLLMLingua(ToyLM(cache(), longest=20), guard=PLAIN, **settings)


def test_the_restrictive_statement_is_that_of_the_paper():
    assert RESTRICT == "We can get the answer to this question in the given documents."


def test_the_document_that_foretells_the_question_rates_highest():
    passages = [Passage.whole(*pair) for pair in enumerate(DOCUMENTS)]
    units = [Units(sentences(passage.text)) for passage in passages]
    rating = QuestionLikelihood(ToyLM(cache(fresh=4, seen=1), longest=20), restrict="").rate(QUERY, passages, units)
    # Three words are asked, each costs 4 nats, or 1 where the document has it: r_k = 4, (4 + 1 + 1) / 3, 4.
    assert rating.passages.tolist() == pytest.approx([-4, -2, -4])
    assert [row.tolist() for row in rating.units] == [[pytest.approx(-4)], [pytest.approx(-2)], [pytest.approx(-4)]]
    tied = QuestionLikelihood(ToyLM(cache(fresh=4, seen=1), longest=20)).rate(QUERY, passages, units)
    assert np.argmax(tied.passages) == 1


def test_the_likelihood_of_the_question_ranks_in_other_methods():
    out = DocumentRanking(QuestionLikelihood(ToyLM(cache(), longest=20))).compress(DOCUMENTS, QUERY, budget=words(tokens=5))
    assert out.text == DOCUMENTS[1]


def test_the_relevant_document_is_sent_first_and_the_others_go():
    out = press().compress(DOCUMENTS, QUERY, budget=words(tokens=5))
    assert out.passages[0].index == 1
    assert press(documents=1.0).compress(DOCUMENTS, QUERY, budget=words(tokens=5)).text == DOCUMENTS[1]


def test_words_that_the_question_explains_are_kept():
    out = press().compress([DOCUMENTS[1]], QUERY, budget=words(tokens=2))
    assert out.text == "built bridge"
    assert (
        LLMLingua(ToyLM(cache(), longest=20), guard=PLAIN).compress([DOCUMENTS[1]], QUERY, budget=words(tokens=2)).text
        == "holm built"
    )


def test_the_schedule_is_that_of_the_paper():
    assert dynamic_rates(np.full(5, 100.0), 0.5, 0.3) - 0.5 == pytest.approx(np.array([0.3, 0.18, 0.06, -0.06, -0.18]) - 0.06)
    assert dynamic_rates(np.full(4, 100.0), 0.5, 0.0).tolist() == pytest.approx([0.5] * 4)
    assert dynamic_rates(np.array([100.0]), 0.4, 0.3).tolist() == pytest.approx([0.4])


@given(tokens=st.lists(st.integers(1, 500), min_size=1, max_size=12), rate=st.floats(0, 1), spread=st.floats(0, 1))
def test_whatever_the_lengths_the_rates_meet_the_budget_and_fall(tokens, rate, spread):
    sizes = np.array(tokens, dtype=float)
    rates = dynamic_rates(sizes, rate, spread)
    assert rates @ sizes == pytest.approx(rate * sizes.sum(), abs=1e-6 * sizes.sum())
    assert (np.diff(rates) <= 1e-12).all()
    assert (rates >= 0).all()
    assert (rates <= 1).all()


def test_better_documents_keep_more():
    def rates(spread):
        press = LongLLMLingua(ToyLM(), relevance=FakeRelevance(), guard=PLAIN, documents=None, spread=spread)
        out = press.compress(PROSE, QUERY, budget=words(rate=0.5))
        return [count_words(p.text) / count_words(p.source) for p in out.passages]

    # Four documents of about the same length: the schedule is .3 .15 0 -.15, less its mean.
    assert rates(0.3) == pytest.approx([0.725, 0.575, 0.425, 0.275], abs=0.06)
    assert rates(0.0) == pytest.approx([0.5] * 4, abs=0.08)


def test_without_a_query_it_is_llmlingua_and_says_so():
    settings = {"segment": 100, "order": "original", "spread": 0.0}
    out = LongLLMLingua(ToyLM(), **settings).compress(PROSE, budget=Budget(rate=0.3))
    assert out.text == LLMLingua(ToyLM()).compress(PROSE, budget=Budget(rate=0.3)).text
    assert any("no query" in warning for warning in out.warnings)
    assert not LongLLMLingua(ToyLM(), **settings).compress(PROSE, "Who?", budget=Budget(rate=0.3)).warnings


def test_another_relevance_may_rank_and_the_best_may_stand_at_both_ends():
    out = LongLLMLingua(ToyLM(), relevance=FakeRelevance(), order="ends").compress(PROSE, QUERY, budget=Budget(rate=0.6))
    scores = [passage.score for passage in out.passages]
    assert max(scores) == scores[0]
    assert min(scores) not in (scores[0], scores[-1]) or len(scores) < 3


@pytest.mark.parametrize("spread", [-0.1, 1.1, float("nan")])
def test_a_spread_is_a_share(spread):
    with pytest.raises(ValueError, match="spread is a share"):
        press(spread=spread)
