"""Means, paired differences, rankings."""

import pytest

from linguapress.evaluation import tables
from linguapress.evaluation.metrics import interval, paired_interval
from linguapress.evaluation.quality import QUALITIES


def row(method, number, answer, budget=100, **more):
    return {
        "method": method, "budget": budget, "id": str(number), "answer": answer, "evidence": answer, "all_evidence": None,
        "tokens_before": 200, "tokens_after": 90, "limit": 100, "ms": 2.0, "forward_ms": 1.0, **more,
    }  # fmt: skip


def test_a_paired_interval_is_narrower_than_two_that_are_not():
    values, others = [1.0, 1, 1, 0, 0, 0] * 10, [1.0, 1, 0, 0, 0, 0] * 10
    low, high = paired_interval(values, others)
    assert 0 < low < 1 / 6 < high
    assert high - low < interval(values)[1] - interval(values)[0]
    assert paired_interval(values, values) == (0, 0)
    with pytest.raises(ValueError, match="shorter"):
        paired_interval(values, others[1:])


def test_differences_pair_the_same_question_at_the_same_budget():
    rows = [row("a", i, i < 3) for i in range(4)] + [row("b", i, i < 1) for i in (3, 2, 1, 0)]
    rows += [row("a", i, True, budget="adaptive") for i in range(4)]
    (found,) = tables.differences(rows, "b")
    assert (found["method"], found["budget"], found["examples"]) == ("a", 100, 4)
    assert found["difference"] == pytest.approx(0.5)
    assert found["low"] <= 0.5 <= found["high"]
    assert "| a | 100 | +0.500 | +0.000 to +1.000 | 4 |" in tables.differences_markdown([found], "b")
    (back,) = tables.differences([r for r in rows if r["budget"] == 100], "a")
    assert back["difference"] == pytest.approx(-0.5)


def test_places_count_once_a_question_whatever_the_budgets():
    places = (1, 2, 4, 3)
    rows = [row("a", i, True, budget, gold_place=place) for i, place in enumerate(places) for budget in (100, 200)]
    rows += [row("head", i, True, gold_place=None) for i in range(4)]
    (found,) = tables.rankings(rows)
    assert (found["method"], found["examples"], found["first"], found["first_three"]) == ("a", 4, 0.25, 0.75)
    assert found["first_low"] <= 0.25 <= found["first_high"]
    assert "| a | 0.250 | " in tables.rankings_markdown([found])
    assert tables.rankings([row("a", 0, True)]) == []


def test_all_evidence_is_blank_where_no_question_has_several_gold_passages():
    single, several = row("a", 0, True), row("b", 0, True, all_evidence=False)
    old = {key: value for key, value in row("c", 0, True).items() if key != "all_evidence"}
    means = tables.summary([single, several, old])
    assert [mean["all_evidence"] for mean in means] == [None, 0, None]
    lines = tables.markdown(means, "t").splitlines()
    column = [cell.strip() for cell in lines[2].split("|")].index("all evidence")
    assert [line.split("|")[column].strip() for line in lines[4:]] == ["", "0.000", ""]
    assert [mean["evidence"] for mean in means] == [1, 1, 1]


def test_milliseconds_are_those_of_the_timed_rows():
    rows = [
        row("a", 0, True, ms=4.0, forward_ms=1.0),
        row("a", 1, True, ms=8.0, forward_ms=5.0),
        row("a", 2, True, ms=None, forward_ms=None),
    ]
    untimed = row("b", 0, True, ms=None, forward_ms=None)
    means = tables.summary([*rows, untimed])
    assert [(mean["ms"], mean["outside"]) for mean in means] == [(6.0, 0.5), (None, None)]
    assert [mean["limit"] for mean in means] == [100, 100]
    lines = tables.markdown(means, "t").splitlines()
    assert lines[4].endswith("| 6 | 50% |")
    assert lines[5].endswith("|  |  |")


def test_another_figure_gets_the_interval_and_rows_without_it_are_left_out():
    names = QUALITIES["names"]
    rows = [row("a", i, None, names=value) for i, value in enumerate((0.5, 1.0, None))] + [row("b", 0, None, names=None)]
    (found,) = tables.summary(rows, names)
    assert (found["method"], found["names"], found["examples"], found["answer"]) == ("a", 0.75, 2, None)
    assert found["low"] < 0.75 < found["high"]
    lines = tables.markdown([found], "t", names).splitlines()
    assert lines[2].startswith("| method | budget | names kept | 95 % interval |")
    assert "answer" not in lines[2]


def test_the_same_question_in_another_order_is_another_one():
    rows = [row("a", 0, True, seed=0), row("a", 0, False, seed=1), row("b", 0, True, seed=0), row("b", 0, True, seed=1)]
    (found,) = tables.differences(rows, "b")
    assert (found["examples"], found["difference"]) == (2, -0.5)


def test_less_is_better_where_a_figure_says_so():
    junk = QUALITIES["junk"]
    means = tables.summary([row("a", 0, None, junk=0.2)], junk)
    assert "share of the useless text kept (less is better)" in tables.markdown(means, "t", junk)
