"""What only the query-aware method promises."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from fakes import FakeKeep, query_select
from hypothesis import given
from hypothesis import strategies as st
from samples import DOCUMENTS, hostile

from linguapress import Budget, Guard, InvalidBudget, Rating, load
from linguapress.methods.query_select import ADAPTIVE, QuerySelect

QUERY = "When did the bridge open?"
ANSWER = "It opened in 1939."
PASSAGES = [
    f"Lion Bridge\nThe Lion Bridge crosses a strait. {ANSWER} Painters keep it red.",
    "Ferries left every hour. They were slow. Many people took them.",
    "Soup needs salt.",
]


@dataclass(frozen=True)
class Knows:
    """Sentences with one of the words are needed, those without are not."""

    words: tuple[str, ...] = ("1939",)

    def rate(self, query, passages, units):
        rows = [
            np.array([0.9 if any(w in p.text[a:b] for w in self.words) else 0.02 for a, b in item.spans])
            for p, item in zip(passages, units, strict=True)
        ]
        return Rating(rows, np.array([row.max(initial=0.0) for row in rows]), needed=rows)


def knowing(*words, **settings):
    return QuerySelect(Knows(words or ("1939",)), FakeKeep(), **settings)


def words(text):
    return len(text.split())


def test_without_a_budget_it_keeps_what_is_needed_and_nothing_of_useless_passages():
    out = knowing().compress(PASSAGES, QUERY)
    assert out.text == f"Lion Bridge\n{ANSWER}"
    assert [passage.index for passage in out.dropped] == [1, 2]
    assert out.limit == out.tokens_before


def test_nothing_needed_leaves_nothing():
    out = knowing("zebra").compress(PASSAGES, QUERY)
    assert (out.text, len(out.dropped)) == ("", 3)


def test_a_budget_is_a_ceiling_on_top_of_the_threshold():
    press = knowing("1939", "slow", "salt", threshold=0.5)
    assert press.compress(PASSAGES, QUERY, budget=Budget(tokens=100, count=words)).tokens_after < 20
    assert press.compress(PASSAGES, QUERY, budget=Budget(tokens=6, count=words)).tokens_after <= 6


def test_a_budget_alone_is_filled_with_what_comes_next():
    out = knowing().compress(PASSAGES, QUERY, budget=Budget(tokens=20, count=words))
    assert ANSWER in out.text
    assert out.tokens_after > 12


def test_scraps_that_nobody_needs_do_not_fill_a_budget():
    text = f"The Lion Bridge crosses a strait. {ANSWER} Yes. No."
    assert knowing().compress([text], QUERY, budget=Budget(tokens=11, count=words)).text.endswith(ANSWER)
    assert knowing().compress(["Yes. No. Soup."], QUERY, budget=Budget(tokens=2, count=words)).text.startswith("Yes.")


def test_a_pronoun_brings_the_sentence_before_but_a_heading_spares_it():
    plain = "The ferry Alba was built in Leith. It sank in 1939. Nobody was hurt."
    assert knowing().compress([plain], QUERY).text == "The ferry Alba was built in Leith. It sank in 1939."
    assert knowing().compress([f"Alba\n{plain}"], QUERY).text == "Alba\nIt sank in 1939."


def test_forced_parts_stay_whatever_the_threshold():
    out = knowing(guard=Guard(keep=("salt",))).compress(PASSAGES, QUERY)
    assert "Soup needs salt." in out.text


def test_words_go_where_no_sentence_fits():
    long = f"The bridge, {'which is a very long bridge, ' * 10} opened in 1939."
    out = knowing().compress([long], QUERY, budget=Budget(tokens=9, count=words))
    assert 0 < out.tokens_after <= 9
    assert "1939" in out.text


def test_the_best_sentence_is_shortened_rather_than_left_out_for_one_that_fits():
    text = f"The bridge, {'which is a very long bridge, ' * 3} opened in 1939. Painters keep it red."
    for press in (knowing(), knowing(slack=1.5)):
        out = press.compress([text], QUERY, budget=Budget(tokens=9, count=words))
        assert "1939" in out.text
        assert "red" not in out.text
    whole = knowing().compress([text], QUERY, budget=Budget(tokens=words(text) - 1, count=words)).text
    assert whole == text[: text.index(" Painters")]


def test_without_a_query_it_falls_back_and_says_so():
    out = query_select().compress(DOCUMENTS, budget=Budget(rate=0.5))
    assert out.text
    assert any("no query" in warning for warning in out.warnings)
    assert query_select().compress(DOCUMENTS).rate == 1


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(threshold):
    with pytest.raises(ValueError, match="between 0 and 1"):
        query_select(threshold=threshold)


def test_the_threshold_of_the_caller_holds_without_a_budget():
    assert replace(query_select(), threshold=0.8).unbudgeted().threshold == 0.8
    assert query_select().unbudgeted().threshold == ADAPTIVE


@pytest.mark.parametrize("name", ["lingua", "head", "llmlingua2", "sentence_filter"])
def test_methods_that_cannot_tell_ask_for_a_budget(name):
    with pytest.raises(InvalidBudget, match="needs a budget"):
        load(name).compress(["text"], "query")


@given(documents=st.lists(hostile, max_size=4), threshold=st.floats(0, 1))
def test_whatever_the_text_what_is_kept_comes_from_it(documents, threshold):
    out = query_select(threshold=threshold).compress(documents, "Who?", budget=Budget())
    assert out.tokens_after <= out.tokens_before
    for passage in out.passages:
        assert passage.text == "".join(documents[passage.index][a:b] for a, b in passage.spans)


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="unknown level 'tokens'"):
        load("query_select", level="tokens")
