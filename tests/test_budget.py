"""How much may remain."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linguapress import Budget, InvalidBudget, compress_prompt, load


@pytest.mark.parametrize(
    "wrong",
    [{"tokens": 5, "rate": 0.5}, {"tokens": -1}, {"tokens": 1.5}, {"tokens": "5"}, {"tokens": True}, {"rate": -0.1}, {"rate": 1.1},
     {"rate": "half"}, {"rate": math.nan}, {"rate": math.inf}, {"rate": True}],
    ids=str,
)  # fmt: skip
def test_what_is_no_budget_is_refused_with_the_value(wrong):
    with pytest.raises(InvalidBudget) as error:
        Budget(**wrong)
    assert all(str(value) in str(error.value) for value in wrong.values())


def test_an_invalid_budget_is_also_a_value_error():
    with pytest.raises(ValueError, match="not both"):
        Budget(tokens=5, rate=0.5)


def test_a_budget_of_nothing_given_is_open():
    assert Budget().open
    assert Budget().limit(70) == 70
    assert not Budget(tokens=0).open
    assert not Budget(rate=0).open


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


@pytest.mark.parametrize(
    ("given", "written"), [(100, "tokens=100"), (0.3, "rate=0.3"), (Budget(rate=0.3), "tokens=500"), (True, "tokens=500")], ids=repr
)
def test_a_budget_without_its_name_is_told_where_it_goes(given, written):
    press = load("head")
    for name, call in (
        ("compress", lambda: press.compress(["a b c"], "q", given)),
        ("compress_batch", lambda: press.compress_batch([["a b c"]], ["q"], given)),
        ("compress_prompt", lambda: compress_prompt(press, "a", ["b"], "c", given)),
    ):
        with pytest.raises(InvalidBudget, match=rf"^{name} takes a budget by name; write budget=Budget\({written}\)$"):
            call()


def test_other_arguments_too_many_stay_what_they_are():
    for more, named in ((([None],), {}), ((5,), {"budget": Budget(tokens=1)})):
        with pytest.raises(TypeError, match="positional argument"):
            load("head").compress(["a b c"], "q", *more, **named)
