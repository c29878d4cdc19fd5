"""Some of the units: the same characters, bound among themselves as before."""

from hypothesis import given
from hypothesis import strategies as st

from linguapress import Span, Units

TABLE = Units(
    [Span(0, 4), Span(4, 9), Span(9, 12), Span(12, 20)],
    needs={2: (1,), 3: (1, 0)},
    forced=frozenset({0}),
    vital=frozenset({3}),
    frame=frozenset({1}),
    verbatim=frozenset({2, 3}),
)


def test_units_bring_what_they_need_and_keep_their_marks_under_new_numbers():
    assert TABLE.only([2]) == Units([Span(4, 9), Span(9, 12)], needs={1: (0,)}, frame=frozenset({0}), verbatim=frozenset({1}))
    assert TABLE.only([0]) == Units([Span(0, 4)], forced=frozenset({0}))


def test_nothing_chosen_leaves_nothing():
    assert TABLE.only([]) == Units([])


def test_the_order_and_the_number_of_mentions_do_not_matter():
    assert TABLE.only(iter([3, 2, 3])) == TABLE.only([2, 3])


some = st.frozensets(st.integers(0, 7))


@st.composite
def bound_units(draw):
    spans = [Span(3 * number, 3 * number + draw(st.integers(1, 3))) for number in range(8)]
    needs = draw(st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), unique=True).map(tuple)))
    return Units(spans, needs, *(draw(some) for _ in range(4)))


@given(units=bound_units(), chosen=some)
def test_what_is_left_is_bound_and_marked_as_it_was(units, chosen):
    found = units.only(chosen)
    kept = sorted({other for unit in chosen for other in units.company(unit)})
    assert found.spans == [units.spans[unit] for unit in kept]
    for new, old in enumerate(kept):
        assert [kept[other] for other in found.company(new)] == units.company(old)
        for mark in ("forced", "vital", "frame", "verbatim"):
            assert (new in getattr(found, mark)) == (old in getattr(units, mark))


@given(units=bound_units())
def test_all_of_them_are_the_same_units(units):
    assert units.only(range(8)) == units


def test_glued_units_are_one_and_have_all_bonds_of_their_parts():
    units = Units(
        [Span(0, 2), Span(2, 5), Span(5, 6), Span(6, 9)], needs={2: (0, 1), 3: (2,)}, forced=frozenset({2}), frame=frozenset({0, 1})
    )
    assert units.glued([2]) == Units(
        [Span(0, 2), Span(2, 6), Span(6, 9)], {1: (0,), 2: (1,)}, frozenset({1}), frame=frozenset({0}), verbatim=frozenset({1})
    )
    assert units.glued([]) == units
    assert {type(unit) for unit in units.glued([3]).forced | units.glued([3]).frame | units.glued([3]).verbatim} == {int}
    assert units.glued([0, 1, 2, 3]).spans == [Span(0, 9)]
