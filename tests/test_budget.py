"""Budgets: what they refuse, what they allow, and how a limit is shared out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress import Budget, InvalidBudget
from linguapress.budget import shares


@pytest.mark.parametrize(
    "wrong",
    [{}, {"tokens": 5, "rate": 0.5}, {"tokens": -1}, {"tokens": 1.5}, {"tokens": "5"}, {"tokens": True}, {"rate": -0.1}, {"rate": 1.1},
     {"rate": "half"}, {"rate": math.nan}, {"rate": math.inf}, {"rate": True}],
    ids=str,
)  # fmt: skip
def test_what_is_no_budget_is_refused_with_the_value(wrong):
    with pytest.raises(InvalidBudget) as error:
        Budget(**wrong)
    assert all(str(value) in str(error.value) for value in wrong.values())


def test_an_invalid_budget_is_also_a_value_error():
    with pytest.raises(ValueError, match="exactly one"):
        Budget()


@given(rate=st.floats(0, 1), tokens=st.integers(0, 10**7))
def test_a_rate_never_allows_more_than_its_share(rate, tokens):
    limit = Budget(rate=rate).limit(tokens)
    assert 0 <= limit <= tokens
    assert abs(limit - rate * tokens) <= 1


@pytest.mark.parametrize(
    ("rate", "tokens", "limit"), [(0.1, 30, 3), (0.29, 100, 29), (0.7, 10, 7), (1, 7, 7), (0, 7, 0), (0.5, 7, 3)]
)
def test_a_rate_is_rounded_down_but_not_by_the_noise_of_floats(rate, tokens, limit):
    assert Budget(rate=rate).limit(tokens) == limit


@given(tokens=st.integers(0, 10**9), before=st.integers(0, 10**6))
def test_a_number_of_tokens_is_the_limit(tokens, before):
    assert Budget(tokens=tokens).limit(before) == tokens


def test_a_budget_is_a_value():
    budget = Budget(tokens=5)
    assert budget == Budget(tokens=5)
    with pytest.raises(AttributeError):
        budget.tokens = 6


sizes = st.lists(st.tuples(st.one_of(st.just(0), st.floats(0.01, 100)), st.integers(0, 1000)), max_size=8)


@given(limit=st.floats(0, 5000), parts=sizes)
def test_shares_fill_the_limit_and_no_part_overflows(limit, parts):
    weights, room = [weight for weight, _ in parts], [size for _, size in parts]
    given_out = shares(limit, weights, room)
    able = sum(size for weight, size in parts if weight > 0)
    assert all(0 <= share <= size + 1e-6 for share, size in zip(given_out, room, strict=True))
    assert sum(given_out) == pytest.approx(min(limit, able), abs=1e-3)


def test_shares_follow_the_weights():
    assert shares(30, [1, 2], [100, 100]) == pytest.approx([10, 20])
    assert shares(30, [1, 2], [100, 5]) == pytest.approx([25, 5])
    assert shares(30, [0, 0], [9, 9]) == [0, 0]
