"""What the core does for a method: checks what comes in, proves what goes out."""

import dataclasses
import inspect
import json
import pickle
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import regex
from fakes import METHODS, FakeKeep, FakeRelevance, count_bytes, count_words, lingua
from samples import BRIDGE, CHINESE, DOCUMENTS, OVEN, PROSE, RECORDS

from linguapress import (
    Budget,
    Chain,
    Compression,
    Compressor,
    InvalidBudget,
    InvalidDocuments,
    InvalidRecord,
    Passage,
    Rating,
    Span,
    UnitCompressor,
    Units,
    UnknownName,
    compress_json,
    compress_prompt,
    compress_prompts,
    compress_segments,
    list_methods,
    load,
)  # fmt: skip
from linguapress.methods.llmlingua2 import LLMLingua2
from linguapress.methods.sentence_filter import SentenceFilter


@dataclass(frozen=True)
class Rated(UnitCompressor):
    """Rates words by a function of their number."""

    value: object

    def score(self, passages, units, query):
        return Rating([np.array([self.value(index) for index in range(len(item.spans))], dtype=np.float64) for item in units])


@dataclass(frozen=True)
class Buggy(Compressor):
    """Does to a draft what it is told."""

    change: object

    def reduce(self, draft):
        return self.change(draft)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("value", [lambda i: NAN, lambda i: INF, lambda i: -INF, lambda i: [NAN, INF, -INF, 0.0][i % 4], lambda i: 1e308 * (-1) ** i],
                         ids=["nan", "inf", "-inf", "mixed", "huge"])  # fmt: skip
def test_odd_scores_are_safe(value):
    out = Rated(value).compress([OVEN, "", CHINESE], budget=Budget(tokens=40))
    assert 38 <= out.tokens_after <= 40


def test_words_without_a_score_go_first():
    out = Rated(lambda i: NAN if i % 2 else 1.0).compress(["a b c d e f"], budget=Budget(tokens=3, count=count_words))
    assert out.text == "a c e"


@dataclass(frozen=True)
class Odd:
    """Relevance and keep probabilities that are not numbers."""

    value: float

    def rate(self, query, passages, units):
        return Rating(
            [np.full(len(item.spans), self.value, np.float32) for item in units], np.full(len(passages), self.value, np.float32)
        )

    def keep_probabilities(self, texts, parts=None):
        return [
            dataclasses.replace(scores, values=np.full_like(scores.values, self.value))
            for scores in FakeKeep().keep_probabilities(texts)
        ]


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("query", [None, "Who?"])
def test_models_that_go_mad_do_not_break_lingua(value, query):
    press = dataclasses.replace(lingua(), relevance=Odd(value), keep=Odd(value))
    for order in ("original", "relevance", "ends"):
        out = dataclasses.replace(press, order=order).compress(DOCUMENTS, query, budget=Budget(tokens=60))
        assert 50 <= out.tokens_after <= 60


@pytest.mark.parametrize(
    "change", [lambda draft: draft, lambda draft: dataclasses.replace(draft, limit=10**9)], ids=["ignores", "raises"]
)
def test_a_method_that_overshoots_is_cut_and_the_result_says_so(change):
    out = Buggy(change).compress(PROSE, budget=Budget(tokens=30))
    assert 0 < out.tokens_after <= out.limit == 30
    assert any("overshot" in warning for warning in out.warnings)


def test_a_method_cannot_make_the_text_longer():
    double = Buggy(lambda draft: dataclasses.replace(draft, passages=(*draft.passages, *draft.passages)))
    out = double.compress(["one two three four"], budget=Budget(tokens=3, count=count_words))
    assert out.tokens_after <= 3


def test_a_method_that_returns_nothing_gives_nothing():
    out = Buggy(lambda draft: draft.having(())).compress(PROSE, budget=Budget(tokens=30))
    assert (out.text, out.passages, len(out.dropped)) == ("", (), len(PROSE))


def test_too_few_scores_are_an_error_that_says_so():
    class Short(UnitCompressor):
        def score(self, passages, units, query):
            return Rating([np.zeros(1) for _ in units])

    with pytest.raises(ValueError, match="need as many scores"):
        Short().compress([OVEN], budget=Budget(tokens=5))


@pytest.mark.parametrize(
    "wrong", ["a text", b"bytes", None, 5, {"a": 1}, {"a set"}, iter(["x"])], ids=lambda value: type(value).__name__
)
def test_what_is_no_list_of_documents_is_refused(wrong):
    with pytest.raises(InvalidDocuments, match=f"got {type(wrong).__name__}"):
        load("head").compress(wrong, budget=Budget(tokens=5))


@pytest.mark.parametrize("wrong", [None, b"bytes", 5, ["nested"]], ids=repr)
def test_a_document_that_is_no_string_is_named_by_its_place(wrong):
    with pytest.raises(InvalidDocuments, match=f"number 1 is {type(wrong).__name__}"):
        load("head").compress(["fine", wrong], budget=Budget(tokens=5))
    assert issubclass(InvalidDocuments, TypeError)


@pytest.mark.parametrize("call", [load("head").compress, load("head").prepare], ids=["compress", "prepare"])
def test_how_something_else_becomes_a_list_of_documents_is_said(call):
    with pytest.raises(InvalidDocuments, match="got str; wrap a single text in a list"):
        call("a text")
    for wrong in ((text for text in "ab"), np.array(["a", "b"]), {"a": 1}.keys()):
        with pytest.raises(InvalidDocuments, match=rf"got {type(wrong).__name__}; write list\(...\)"):
            call(wrong)


def test_records_that_are_no_list_are_refused():
    press = load("head")
    with pytest.raises(InvalidRecord, match=r"a list of records, got generator; give what press.prepare gave"):
        press.compress(PROSE, budget=Budget(tokens=5), prepared=(record for record in press.prepare(PROSE)))


LOOSE = {
    "tokens": ("tokens=40", 40),
    "rate": ("rate=0.3", 0.3),
    "target_token": ("tokens=40", 40),
    "token_counter": ("count='gpt-4o'", "gpt-4o"),
}


@pytest.mark.parametrize("name", LOOSE)
def test_where_a_part_of_a_budget_belongs_is_said(name):
    written, value = LOOSE[name]
    press = load("head")
    calls = [partial(press.compress, PROSE), partial(press.compress_batch, [PROSE]), partial(compress_prompt, press),
             partial(compress_prompts, press, []), partial(compress_segments, press, [], []), partial(compress_json, press, "{}", {})]  # fmt: skip
    for call in calls:
        told = rf"^{call.func.__name__} takes no {name} by itself; write budget=Budget\({re.escape(written)}\)$"
        with pytest.raises(InvalidBudget, match=told) as caught:
            call(**{name: value})
        assert isinstance(caught.value, TypeError)
    with pytest.raises(TypeError, match="unexpected keyword argument 'tocens'"):
        press.compress(PROSE, tocens=40)


@pytest.mark.parametrize("query", [None, "", " \n"], ids=repr)
@pytest.mark.parametrize(
    ("name", "told"), [("sentence_filter", "sentences were taken in their order"), ("document_ranking", "documents were taken in their order"),
                       ("query_select", "sentences were chosen by keep probability"), ("longllmlingua", "documents were ranked by perplexity")]
)  # fmt: skip
def test_a_method_that_misses_a_query_says_what_it_went_by(name, told, query):
    press = METHODS[name] if name in METHODS else load(name)
    assert [
        text for text in press.compress(PROSE, query, budget=Budget(tokens=40)).warnings if text.startswith(f"no query: {told}")
    ]
    assert not press.compress(PROSE, query, budget=Budget(rate=1.0)).warnings  # everything fits: it went by nothing
    assert not any("no query" in text for text in press.compress(PROSE, "Who built it?", budget=Budget(tokens=40)).warnings)


def test_the_signatures_stay_as_they_are_written():
    assert list(inspect.signature(Compressor.compress).parameters) == ["self", "documents", "query", "budget", "prepared"]


def test_a_budget_is_needed_by_name():
    with pytest.raises(TypeError):
        load("head").compress(["text"])
    with pytest.raises(TypeError):
        load("head").compress(["text"], None, Budget(tokens=1))


@pytest.mark.parametrize("wrong", [500, 0.3, "500", None], ids=repr)
def test_a_bare_number_is_no_budget(wrong):
    with pytest.raises(TypeError, match="Budget"):
        load("head").compress(["text"], budget=wrong)


@pytest.mark.parametrize("wrong", [5, b"Who?", ["Who?"]], ids=repr)
def test_a_query_that_is_no_string_is_refused(wrong):
    with pytest.raises(TypeError, match="query"):
        load("head").compress(["text of some words"], wrong, budget=Budget(tokens=2))


def test_names_that_do_not_exist_list_those_that_do():
    with pytest.raises(UnknownName, match=r"'lingu'.*lingua.*llmlingua2"):
        load("lingu")
    with pytest.raises(UnknownName, match=r"'best'.*original, relevance, ends"):
        load(order="best")
    for error in (TypeError, UnknownName):
        with pytest.raises(
            error, match=r"^lingua has no setting 'efort', 'speed'; settings of lingua: model='mini', .* effort='auto'"
        ):
            load(efort="low", effort="low", speed=11)
    with pytest.raises(TypeError, match=r"^head has no setting 'order'; settings of head: none$"):
        load("head", order="ends")


def test_every_method_is_listed_and_loads():
    assert {"lingua", "llmlingua2", "sentence_filter", "document_ranking", "head", "random_words"} <= set(list_methods())
    assert all(line.endswith(".") for line in list_methods().values())
    assert all(isinstance(load(name), Compressor) for name in list_methods())
    assert load() == load("lingua")
    assert load("llmlingua") == load("llmlingua", model="lm")


def test_documents_may_be_any_sequence():
    documents: Sequence[str] = tuple(PROSE)
    assert (
        load("head").compress(documents, budget=Budget(tokens=9)).text == load("head").compress(PROSE, budget=Budget(tokens=9)).text
    )


def test_a_chain_goes_from_coarse_to_fine():
    out = METHODS["chain"].compress(PROSE * 2, "Who?", budget=Budget(tokens=150))
    assert [stage.name for stage in out.stages] == ["document_ranking", "sentence_filter", "llmlingua2"]
    ranked, filtered, fine = (stage.tokens_out for stage in out.stages)
    assert 225 < ranked <= 450
    assert 150 < filtered <= 225
    assert 147 <= fine == out.tokens_after <= 150


def test_a_step_of_a_chain_with_nothing_to_do_is_skipped():
    out = Chain(SentenceFilter(FakeRelevance()), LLMLingua2(FakeKeep()), slack=(50, 1)).compress(
        [OVEN], "Who?", budget=Budget(tokens=20)
    )
    assert [stage.name for stage in out.stages] == ["llmlingua2"]


def test_chains_nest():
    inner = Chain(SentenceFilter(FakeRelevance()), LLMLingua2(FakeKeep()), slack=(1.5, 1))
    out = Chain(METHODS["document_ranking"], inner, slack=(4, 1)).compress(PROSE, "Who?", budget=Budget(tokens=40))
    assert 38 <= out.tokens_after <= 40
    assert len(out.stages) == 3


@pytest.mark.parametrize("slack", [(1,), (2, 2), (0.5, 1), (1, 2, 1)], ids=str)
def test_slack_that_cannot_work_is_refused(slack):
    with pytest.raises(ValueError, match="slack"):
        Chain(METHODS["head"], METHODS["llmlingua2"], slack=slack)


def test_a_chain_of_nothing_is_refused():
    with pytest.raises((TypeError, ValueError), match=r"step|compressor"):
        Chain()


def relevance(text):
    return FakeRelevance().rate("Who?", [Passage.whole(0, text)], [Units([])]).passages[0]


@pytest.fixture
def out() -> Compression:
    return METHODS["lingua"].compress([BRIDGE, OVEN, CHINESE], "Who built it?", budget=Budget(tokens=50))


def test_a_result_can_be_written_as_json(out):
    found = json.loads(json.dumps(out.to_dict()))
    assert found["text"] == out.text
    assert [item["index"] for item in found["passages"]] == [passage.index for passage in out.passages]
    assert (found["tokens_before"], found["tokens_after"], found["limit"]) == (out.tokens_before, out.tokens_after, 50)
    assert (found["rate"], found["ratio"]) == (out.rate, out.ratio)


def test_a_result_can_be_pickled_compared_and_read(out):
    assert pickle.loads(pickle.dumps(out)) == out
    assert str(out) == out.text
    assert f"{out.tokens_before} -> {out.tokens_after} tokens" in repr(out)
    assert out.rate == out.tokens_after / out.tokens_before
    assert out.ratio == pytest.approx(1 / out.rate)


def test_the_ratio_of_nothing_is_one_and_of_all_is_infinite():
    head = load("head")
    assert head.compress([], budget=Budget(tokens=1)).ratio == head.compress([], budget=Budget(tokens=1)).rate == 1
    assert head.compress(["text"], budget=Budget(tokens=0)).ratio == INF
    assert head.compress(["text"], budget=Budget(tokens=0)).to_dict()["ratio"] is None
    assert head.compress([], budget=Budget(tokens=0)).to_dict()["ratio"] == 1


def test_every_document_carries_its_relevance():
    out = METHODS["document_ranking"].compress(PROSE, "Who?", budget=Budget(tokens=150))
    scores = [passage.score for passage in out.passages]
    assert all(isinstance(score, float) for score in scores)
    assert [relevance(passage.source) for passage in out.passages] == pytest.approx(scores)


def test_passages_can_be_ordered_by_relevance_or_put_at_the_ends():
    documents = [f"{word} is a word. {OVEN}" for word in ("Alpha", "Beta", "Gamma", "Delta", "Epsilon")]
    for tokens in (200, 10**6):
        best_first = METHODS["lingua by relevance"].compress(documents, "Who?", budget=Budget(tokens=tokens))
        scores = [passage.score for passage in best_first.passages]
        assert scores == sorted(scores, reverse=True)
        ends = [
            passage.score
            for passage in METHODS["lingua with ends"].compress(documents, "Who?", budget=Budget(tokens=tokens)).passages
        ]
        assert ends == [*scores[::2], *scores[1::2][::-1]]


def test_the_head_is_the_beginning():
    assert load("head").compress(["one two three", "four"], budget=Budget(tokens=2, count=count_words)).text == "one two"


def test_random_words_depend_on_the_seed_alone():
    texts = {load("random_words", seed=seed).compress([OVEN], budget=Budget(tokens=20)).text for seed in (0, 0, 1, 2)}
    assert len(texts) == 3


def test_the_best_documents_are_kept_whole():
    out = METHODS["document_ranking"].compress(PROSE, "Who?", budget=Budget(tokens=300))
    assert out.passages
    assert all(passage.text.strip() == passage.source.strip() for passage in out.passages)


def test_the_beginning_of_the_best_document_is_kept_when_none_fits():
    out = METHODS["document_ranking"].compress(PROSE, "Who?", budget=Budget(tokens=20))
    best = max(range(len(PROSE)), key=lambda index: relevance(PROSE[index]))
    assert [passage.index for passage in out.passages] == [best]
    assert out.passages[0].spans[0].start == 0
    assert any("no whole unit" in warning for warning in out.warnings)


def test_forced_tokens_survive():
    out = LLMLingua2(FakeKeep(), force_tokens=("Pigeons", "green?", "(", "paint")).compress([BRIDGE], budget=Budget(tokens=50))
    assert "Pigeons" in out.text
    assert "paint" in out.text


def test_of_repeated_forced_words_only_the_first_is_forced():
    text = "a line\n\n\nb line, more words here than fit the budget, and so on and on and on, yes yes yes yes"
    once = LLMLingua2(FakeKeep(), ("yes",), drop_consecutive=True).compress([text], budget=Budget(tokens=6, count=count_words))
    always = LLMLingua2(FakeKeep(), ("yes",)).compress([text], budget=Budget(tokens=6, count=count_words))
    assert always.text.count("yes") == 4
    assert 1 <= once.text.count("yes") < 4


@pytest.mark.parametrize("query", [None, "How much is a ticket?", "When?"])
def test_a_heading_comes_with_its_sentences_and_never_alone(query):
    text = "# Opening hours\n\nThe museum opens at nine.\n\n# Tickets\n\nA ticket is five euros. Children pay nothing.\n"
    for tokens in range(1, 30):
        out = lingua().compress([text], query, budget=Budget(tokens=tokens, count=count_words))
        if not any("no whole" in warning for warning in out.warnings):
            assert ("Opening hours" in out.text) == bool(
                {"The", "museum", "opens", "at", "nine"} & {*regex.findall(r"\w+", out.text)}
            )
            assert ("# Tickets" in out.text) == bool(
                {"A", "ticket", "is", "five", "euros", "Children", "pay", "nothing"} & {*regex.findall(r"\w+", out.text)}
            )


def test_lingua_prefers_relevant_sentences():
    out = load(device="cpu").compress([BRIDGE, OVEN], "At which temperature should the oven be?", budget=Budget(tokens=40))
    assert "250 °C" in out.text
    assert "pigeons" not in out.text.lower()


@pytest.mark.parametrize("text", [BRIDGE * 200, CHINESE * 700, RECORDS * 60, "x" * 100_000, "x1," * 30_000, "word\n" * 20_000, "[1,\n" * 25_000],
                         ids=["prose", "chinese", "json", "one word", "digits", "lines", "brackets"])  # fmt: skip
@pytest.mark.parametrize("name", ["lingua", "llmlingua2", "sentence_filter"])
def test_a_hundred_kilobytes_take_a_moment(name, text):
    start = time.process_time()  # of this process alone: the machine may be busy
    out = METHODS[name].compress([text], "Who?", budget=Budget(rate=0.3, count=count_bytes))
    assert time.process_time() - start < 8
    assert out.tokens_after <= out.limit


@pytest.mark.slow
@pytest.mark.parametrize("text", [BRIDGE * 1400, CHINESE * 6000, "x" * 10**6], ids=["prose", "chinese", "one word"])
@pytest.mark.parametrize("name", ["lingua", "llmlingua2", "sentence_filter"])
def test_a_megabyte_takes_seconds(name, text):
    start = time.perf_counter()
    out = METHODS[name].compress([text], "Who?", budget=Budget(rate=0.3, count=count_bytes))
    assert time.perf_counter() - start < 60
    assert out.tokens_after <= out.limit


def test_spans_are_named_tuples():
    assert Span(1, 2) == (1, 2)
    assert Span(1, 2).end == 2
