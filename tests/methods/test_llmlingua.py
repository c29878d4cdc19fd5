"""LLMLingua's controller and its composition, against a toy language model."""

import numpy as np
import pytest
from fakes import count_words, edges
from methods.toy_lm import ToyLM, cache, unigram
from samples import BRIDGE, DOCUMENTS, OVEN, PROSE

from linguapress import Budget, Chain, Draft, Guard, Passage, Rating, Segmented, load
from linguapress.methods.controller import Portions
from linguapress.methods.document_ranking import DocumentRanking
from linguapress.methods.likelihood import Perplexity
from linguapress.methods.llmlingua import LLMLingua
from linguapress.segment import whole
from linguapress.units import Units

PLAIN = Guard.off()


def words(**size):
    return Budget(**size, count=count_words, separator=" ")


def draft(*texts, limit):
    return Draft(tuple(Passage.whole(*pair) for pair in enumerate(texts)), None, limit, count_words, " ")


def press(table=None, other=1.0, **settings):
    return LLMLingua(ToyLM(unigram(table or {}, other), longest=9), guard=PLAIN, **settings)


def test_the_most_perplexing_documents_stay_up_to_k_times_the_budget():
    model = ToyLM(unigram({"rare": 8.0, "odd": 6.0}), longest=9)
    documents = ["dull dull dull dull", "rare rare rare rare", "odd odd odd odd"]
    out = LLMLingua(model, guard=PLAIN).compress(documents, budget=words(tokens=4))
    assert model.log == ["| rare rare rare rare odd odd odd odd"]
    assert out.text == documents[1]


def test_the_controller_stops_before_it_overshoots_but_keeps_one():
    documents = ["rare " * 7, "dull " * 5]
    assert [p.index for p in press({"rare": 8.0}).compress(documents, budget=words(tokens=4)).passages] == [0]
    assert press({"rare": 8.0}).compress(["rare " * 40, "dull " * 40], budget=words(tokens=4)).tokens_after == 4


def test_a_document_with_what_the_caller_forces_stays():
    documents = ["rare rare rare rare", "dull dull Torvik dull"]
    guard = Guard(keep=("Torvik",))
    model = ToyLM(unigram({"rare": 8.0}), longest=9)
    out = LLMLingua(model, guard=guard, documents=1.0).compress(documents, budget=words(tokens=4))
    assert "Torvik" in out.text
    none = LLMLingua(model, guard=guard).compress(documents, budget=Budget(tokens=3, count=len))
    assert any("Torvik" in warning for warning in none.warnings)


def test_without_k_all_documents_stay():
    model = ToyLM(unigram({"rare": 8.0}), longest=9)
    LLMLingua(model, documents=None, guard=PLAIN).compress(["dull dull dull", "rare rare rare"], budget=words(tokens=1))
    assert model.log == ["| dull dull dull rare rare rare"]


def test_the_model_reads_documents_once_to_rank_them_and_once_to_shorten_them():
    model = ToyLM()
    LLMLingua(model, documents=None, guard=PLAIN).compress([OVEN] * 2, budget=Budget(rate=0.5))
    tokens = 2 * len(model.tokens(OVEN)) + 2
    assert len(model.log) == -(-tokens // 100)
    read = sum(len(line.split("|")[1].split()) for line in model.log)
    kept = sum(len(line.split("|")[0].split()) for line in model.log[1:])
    assert read <= tokens
    assert kept < 0.6 * tokens * len(model.log)


def test_sentences_go_before_words_when_asked_for():
    text = "Dull words here again. Rare words stand there. Dull words here too."
    out = press({"Rare": 8.0, "stand": 8.0, "there": 8.0}, sentences=1.4).compress([text], budget=words(tokens=3))
    assert out.text.startswith("Rare")
    assert "Dull" not in out.text


def test_another_relevance_may_rank():
    class Last:
        def rate(self, query, passages, units):
            return Rating([np.zeros(len(item.spans)) for item in units], np.arange(len(passages), dtype=float))

    documents = ["one one one one", "two two two two", "six six six six"]
    ranked = press(relevance=Last(), documents=1.0, order="relevance").compress(documents, "Which?", budget=words(tokens=8))
    assert [passage.index for passage in ranked.passages] == [2, 1]
    unasked = press(relevance=Last(), documents=1.0).compress(documents, budget=words(tokens=8))
    assert [passage.index for passage in unasked.passages] == [0, 1]


def test_perplexity_ranks_documents_in_other_methods():
    ranking = DocumentRanking(Perplexity(ToyLM(unigram({"rare": 8.0}), longest=9)))
    documents = ["dull dull dull", "rare rare rare"]
    assert ranking.compress(documents, "Which?", budget=words(tokens=3)).text == "rare rare rare"
    chain = Chain(ranking, press(), slack=(2, 1))
    assert chain.compress(documents * 2, "Which?", budget=words(tokens=2)).tokens_after == 2


def test_perplexity_is_the_mean_surprisal():
    passages = [Passage.whole(0, "a b c"), Passage.whole(1, "")]
    rating = Perplexity(ToyLM(unigram({"a": 1.0, "b": 2.0, "c": 6.0}))).rate("", passages, [Units(whole(p.text)) for p in passages])
    assert rating.passages[0] == pytest.approx(3)
    assert rating.units[0].tolist() == pytest.approx([3])


def test_the_query_conditions_nothing():
    first, second = (LLMLingua(ToyLM(cache())).compress(PROSE, query, budget=Budget(rate=0.3)) for query in ("Who?", None))
    assert first.text == second.text


def test_numbers_stay_whole_at_either_level():
    for level in ("words", "tokens"):
        out = LLMLingua(ToyLM(longest=2), level=level).compress([BRIDGE], budget=Budget(rate=0.3))
        for number in ("14,500", "1894", "212 m", "$1.2 million", "March 3, 2011"):
            assert number in out.text, (level, number)


def test_tokens_may_go_out_of_the_middle_of_a_word():
    out = LLMLingua(ToyLM(unigram({"high": 0.0}, other=5.0)), level="tokens", guard=PLAIN).compress(
        ["six highlighters"], budget=Budget(tokens=9, count=len)
    )
    assert out.text == "six ligh"  # of "six", "high", "ligh", "ters"


def test_equation_2_and_equation_3_add_up_to_the_budget():
    own = draft("i " * 20, "d " * 100, "e " * 100, "q " * 10, limit=96)
    portions = Portions.of(own, {3: 0.9, 0: 0.85}, 2.0)
    assert portions.documents == pytest.approx(96 - 9 - 17)
    kept = own.having(p for p in own.passages if p.index != 2)
    rates = portions.rates(kept)  # 100 of 140 tokens are used by whole documents; half of the other 40 is left over
    assert rates[0] == rates[3] == 1
    assert sum(rates[p.index] * count_words(p.text) for p in kept.passages) == pytest.approx(96)
    full = portions.rates(own)  # more than k times the budget: nothing is left over
    assert (full[0], full[3]) == (0.85, 0.9)
    assert full[1] == full[2] == pytest.approx(70 / 200)


def test_what_is_more_important_is_served_first_when_there_is_not_enough():
    own = draft("i " * 20, "d " * 100, "q " * 10, limit=15)
    portions = Portions.of(own, {2: 1.0, 0: 1.0}, 2.0)
    assert (portions.own[2], portions.own[0], portions.documents) == (1.0, 0.25, 0.0)
    assert portions.short({2: 1.0, 0: 1.0})


def test_segments_with_rules_of_their_own_obey_them():
    out = Segmented(LLMLingua(ToyLM()), edges).compress([BRIDGE], budget=Budget(rate=0.3))
    assert out.text.startswith(BRIDGE[:10])
    assert out.text.endswith(BRIDGE[-1])


@pytest.mark.parametrize("level", ["words", "tokens"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0])
def test_a_model_that_says_nothing_useful_breaks_nothing(level, value):
    model = ToyLM(lambda piece, before: value)
    out = LLMLingua(model, level=level).compress(DOCUMENTS, budget=Budget(tokens=60))
    assert 50 <= out.tokens_after <= 60


@pytest.mark.parametrize(
    ("settings", "words_of_it"),
    [
        ({"level": "letters"}, "unknown level 'letters'"),
        ({"pool": "median"}, "unknown pool 'median'"),
        ({"order": "random"}, "unknown order 'random'"),
        ({"documents": 0.5}, "documents is how many times"),
        ({"documents": float("inf")}, "documents is how many times"),
        ({"sentences": 0.0}, "sentences is how many times"),
        ({"segment": 0}, "segment is the most tokens"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words_of_it):
    with pytest.raises(ValueError, match=words_of_it):
        press(**settings)


@pytest.mark.parametrize("name", ["llmlingua", "longllmlingua", "selective_context"])
def test_the_presets_read_with_the_embedded_model(name):
    press = load(name)
    assert press == load(name, model="lm")
    out = press.compress([BRIDGE, OVEN], "At which temperature should the oven be?", budget=Budget(tokens=60))
    assert 50 <= out.tokens_after <= 60
