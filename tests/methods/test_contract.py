"""What holds for every method, budget and reader. A new method joins by one line in ``METHODS`` of ``fakes`` or ``toy_lm``."""

import copy

import fakes
import pytest
from conftest import COUNTERS
from fakes import count_words
from hypothesis import given
from hypothesis import strategies as st
from methods import toy_lm
from samples import BRIDGE, DOCUMENTS, OVEN, PROSE, hostile

from linguapress import Budget, InvalidBudget, InvalidDocuments, Segmented, Span, Stage

METHODS = fakes.METHODS | toy_lm.METHODS
WORD_METHODS = fakes.WORD_METHODS + toy_lm.WORD_METHODS
TOKENS = (0, 1, 2, 5, 17, 60, 10**6)
RATES = (0, 0.1, 0.33, 0.5, 1)
QUERIES = (None, "Who built the Lion Bridge?", "  ")
every_method = pytest.mark.parametrize("press", METHODS.values(), ids=METHODS.keys())
without_segments = pytest.mark.parametrize("press", [press for press in METHODS.values() if not isinstance(press, Segmented)])
every_counter = pytest.mark.parametrize("reader", COUNTERS)
in_order = pytest.mark.parametrize(
    "press", [press for name, press in METHODS.items() if " by " not in name and " with " not in name]
)


def check(out, documents, budget, separator="\n\n"):
    """All promises that need no second run."""
    count, joined = budget.counter, separator.join(documents)
    assert out.tokens_before == count(joined)
    assert out.tokens_after == count(out.text) <= budget.limit(out.tokens_before)
    assert out.tokens_after <= out.tokens_before
    assert out.limit == budget.limit(out.tokens_before)
    assert out.text == separator.join(passage.text for passage in out.passages)
    for passage in (*out.passages, *out.dropped):
        assert passage.source == documents[passage.index]
        ends = [end for span in passage.spans for end in span]
        assert ends == sorted(set(ends))
        assert all(isinstance(span, Span) and 0 <= span.start < span.end <= len(passage.source) for span in passage.spans)
        assert passage.text == "".join(passage.source[start:end] for start, end in passage.spans)
    assert sorted(passage.index for passage in (*out.passages, *out.dropped)) == list(range(len(documents)))
    assert all(passage.text == "" for passage in out.dropped)
    assert [passage.index for passage in out.dropped] == sorted(passage.index for passage in out.dropped)
    assert all(isinstance(warning, str) for warning in out.warnings)
    if out.tokens_after < out.tokens_before:
        assert out.stages
    assert all(isinstance(stage, Stage) and stage.milliseconds >= 0 for stage in out.stages)


@every_method
@every_counter
@pytest.mark.parametrize("size", [{"tokens": n} for n in TOKENS] + [{"rate": r} for r in RATES], ids=str)
def test_the_result_fits_the_budget_and_comes_from_the_source(press, reader, size, counters):
    budget = Budget(**size, count=counters[reader])
    for query in QUERIES[:2]:
        check(press.compress(DOCUMENTS, query, budget=budget), DOCUMENTS, budget)


@every_method
@every_counter
def test_everything_is_kept_byte_for_byte_when_everything_fits(press, reader, counters):
    for size in ({"tokens": 10**6}, {"rate": 1.0}, {"tokens": counters[reader]("\n\n".join(DOCUMENTS))}):
        out = press.compress(DOCUMENTS, "Who built it?", budget=Budget(**size, count=counters[reader]))
        kept = {passage.index: passage.text for passage in out.passages}
        if reader != "zipped":  # another order may cost more there
            assert [kept.get(index, "") for index in range(len(DOCUMENTS))] == DOCUMENTS
        assert not out.warnings or reader == "zipped"


@every_method
def test_a_batch_gives_what_its_requests_give_alone(press):
    budget = Budget(tokens=25, count=count_words)
    requests = [(DOCUMENTS, "Who built the Lion Bridge?"), ([BRIDGE], None), ([], "Why?"), (["short"], None), ([OVEN, BRIDGE], " ")]
    found = press.compress_batch([documents for documents, _ in requests], [query for _, query in requests], budget=budget)
    alone = [press.compress(*request, budget=budget) for request in requests]
    assert [(out.text, out.passages, out.dropped, out.warnings, out.limit) for out in found] == [
        (out.text, out.passages, out.dropped, out.warnings, out.limit) for out in alone
    ]
    assert [[stage[:3] for stage in out.stages] for out in found] == [[stage[:3] for stage in out.stages] for out in alone]


def test_a_batch_may_be_empty_but_not_uneven():
    press, budget = METHODS["llmlingua"], Budget(tokens=25, count=count_words)
    assert press.compress_batch([], budget=budget) == []
    with pytest.raises(ValueError, match="queries must be a list with one for each of 2 requests"):
        press.compress_batch([["a"], ["b"]], ["Why?"], budget=budget)
    with pytest.raises(ValueError, match="prepared must be a list with one for each of 1 requests"):
        press.compress_batch([["a"]], prepared=[], budget=budget)
    with pytest.raises(InvalidDocuments, match="got str; wrap a single text"):
        press.compress_batch(["a"], budget=budget)
    with pytest.raises(InvalidDocuments, match="a batch must be a list of lists"):
        press.compress_batch("a", budget=budget)
    with pytest.raises(InvalidDocuments, match=r"list of lists of strings, got generator; write list\(...\)"):
        press.compress_batch((["a"] for _ in range(2)), budget=budget)
    with pytest.raises(ValueError, match="queries must be a list with one for each of 1 requests, or None, got <generator"):
        press.compress_batch([["a"]], (query for query in ["Why?"]), budget=budget)
    with pytest.raises(InvalidBudget, match="must be a Budget"):
        press.compress_batch([], budget=5)


@in_order
def test_the_joined_documents_come_back_unchanged_when_they_fit(press):
    out = press.compress(DOCUMENTS, "Who built it?", budget=Budget(rate=1.0))
    assert (out.text, out.rate, out.ratio, out.dropped) == ("\n\n".join(DOCUMENTS), 1.0, 1.0, ())


@every_method
@pytest.mark.parametrize("documents", [[], [""], ["", ""], ["   "], ["\n", " \t"], ["x"], [".", "!"]], ids=repr)
@pytest.mark.parametrize("tokens", [0, 1, 5])
def test_next_to_nothing_is_no_problem(press, documents, tokens):
    for query in QUERIES:
        budget = Budget(tokens=tokens)
        out = press.compress(documents, query, budget=budget)
        check(out, documents, budget)
        assert out.rate <= 1


@without_segments
def test_blank_documents_go_first(press):
    documents = ["   \n", BRIDGE, "", " \t ", OVEN, "\n"]
    for query in QUERIES:
        for budget in (Budget(tokens=60), Budget(tokens=60, count=len), Budget(rate=0.9, count=len)):
            out = press.compress(documents, query, budget=budget)
            check(out, documents, budget)
            assert out.text
            assert all(passage.text.strip() for passage in out.passages)


@without_segments
def test_blank_documents_may_be_all_that_has_to_go(press):
    documents, both = [BRIDGE, " " * 500, OVEN], len(f"{BRIDGE}\n\n{OVEN}")
    budget = Budget(tokens=both, count=len)
    out = press.compress(documents, "Who built it?", budget=budget)
    check(out, documents, budget)
    if not press.always:
        assert out.text == f"{BRIDGE}\n\n{OVEN}"
        assert press.compress(documents, "Who built it?", budget=Budget(tokens=10**6)).text == "\n\n".join(documents)


@every_method
def test_inputs_are_left_alone(press):
    documents, budget = list(DOCUMENTS), Budget(rate=0.4)
    before = copy.deepcopy((documents, budget, vars(press)))
    press.compress(documents, "Who?", budget=budget)
    press.compress(tuple(documents), "Who?", budget=budget)
    assert (documents, budget, vars(press)) == before


@every_method
def test_the_same_input_gives_the_same_result(press):
    first, second = (copy.deepcopy(press).compress(DOCUMENTS, "Who?", budget=Budget(tokens=90)) for _ in range(2))
    assert (first.text, first.passages, first.dropped, first.warnings) == (
        second.text,
        second.passages,
        second.dropped,
        second.warnings,
    )


@in_order
def test_kept_passages_stay_in_their_order(press):
    out = press.compress(DOCUMENTS, "Who?", budget=Budget(tokens=150))
    assert [passage.index for passage in out.passages] == sorted(passage.index for passage in out.passages)


@pytest.mark.parametrize("name", WORD_METHODS)
@pytest.mark.parametrize("reader", ["words", "bytes", "bpe"])
@pytest.mark.parametrize("tokens", [60, 100, 150])
@pytest.mark.parametrize("query", QUERIES[:2])
def test_methods_that_drop_words_use_nearly_all_of_the_budget(name, reader, tokens, query, counters):
    out = METHODS[name].compress(PROSE, query, budget=Budget(tokens=tokens, count=counters[reader]))
    assert out.tokens_after >= 0.95 * tokens


@every_method
def test_something_is_kept_when_a_word_fits(press):
    for tokens in (1, 2, 3):
        out = press.compress([OVEN], "What does bread need?", budget=Budget(tokens=tokens, count=count_words))
        assert out.tokens_after >= 1


@every_method
@pytest.mark.parametrize("separator", ["", " ", "\n---\n", " <#ref#> "])
def test_separators_are_paid_for(press, separator):
    budget = Budget(tokens=40, separator=separator)
    check(press.compress(PROSE, "Who?", budget=budget), PROSE, budget, separator)


@every_method
@given(
    documents=st.lists(hostile, max_size=4),
    query=st.one_of(st.none(), hostile),
    rate=st.floats(0, 1),
    reader=st.sampled_from(COUNTERS),
)
def test_no_text_breaks_a_promise(press, counters, documents, query, rate, reader):
    budget = Budget(rate=rate, count=counters[reader])
    check(press.compress(documents, query, budget=budget), documents, budget)


@every_method
def test_stages_tell_what_was_removed(press):
    out = press.compress(PROSE, "Who?", budget=Budget(tokens=100))
    assert out.stages[0].tokens_in == out.tokens_before
    assert out.stages[-1].tokens_out == out.tokens_after
    assert all(after.tokens_in == before.tokens_out for before, after in zip(out.stages, out.stages[1:], strict=False))


@every_method
def test_the_query_may_be_blank(press):
    blank, none = (press.compress([BRIDGE, OVEN], query, budget=Budget(tokens=50)) for query in (" \n", None))
    assert blank.text == none.text
