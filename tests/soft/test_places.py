"""Positions of memory tokens and of memories."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from linguapress.soft.places import RULES, memory_places, placed
from linguapress.soft.rotation import Rotation


def test_uniform_positions_are_the_middles_of_what_each_token_stands_for():
    assert memory_places("uniform", 12, 3) == ((2, 6, 10), 12)  # 1.5, 5.5 and 9.5, rounded to even
    assert memory_places("uniform", 9, 3) == ((1, 4, 7), 9)
    assert memory_places("uniform", 9, 1) == ((4,), 9)


def test_the_other_rules_put_them_behind_the_text():
    assert memory_places("continue", 9, 3) == ((9, 10, 11), 12)
    assert memory_places("reference", 9, 3) == ((9, 10, 11), 3)


@given(st.sampled_from(RULES), st.integers(0, 600), st.integers(1, 64))
def test_positions_ascend_and_stay_in_bounds(rule, tokens, k):
    positions, following = memory_places(rule, tokens, k)
    assert len(positions) == k
    assert list(positions) == sorted(positions)
    assert positions[0] >= 0
    if rule == "uniform" and tokens:
        assert following == tokens > positions[-1]
        assert abs(positions[0] - (tokens - 1 - positions[-1])) <= 1  # as far from one end as from the other


def test_layouts():
    keys, following = (1, 4, 7), 9
    assert placed("spread", keys, following, 0) == (keys, following)
    assert placed("spread", keys, following, 5) == ((6, 9, 12), 14)
    assert placed("contiguous", keys, following, 5) == ((5, 6, 7), 8)
    assert placed("parallel", keys, following, 5) == (keys, 9)
    assert placed("parallel", keys, following, 20) == (keys, 20)


@given(st.sampled_from(["halves", "neighbours"]), st.integers(0, 4), st.integers(-50, 50))
def test_moving_there_and_back_changes_nothing(pairing, pairs, by):
    keys = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(pairs))
    rotation = Rotation(10000.0 ** -torch.linspace(0, 1, pairs), pairing)
    shift = torch.tensor([by, 0, -by])
    assert torch.allclose(rotation.move(rotation.move(keys, shift), -shift), keys, atol=1e-5)
    assert torch.equal(rotation.move(keys, torch.zeros(3)), keys)
