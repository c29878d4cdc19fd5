"""Figures that only some tasks have."""

import itertools

import pytest

from linguapress import Budget, load
from linguapress.evaluation.checks import NamesKept, SummaryKept, TeacherKept
from linguapress.evaluation.measure import particulars
from linguapress.evaluation.metrics import common_run, exact, f1
from linguapress.evaluation.validity import is_code, is_json, is_table


def kept(*documents):
    return load("head").compress(documents, budget=Budget(rate=1))


def test_names_are_kept_letter_by_letter_and_not_inside_others():
    check = NamesKept(("math.area", "side", "unit"), 0)
    assert check(kept("math.area(side, unit)", "x")) == {"names": 1}
    assert check(kept("math.areas(sides, units)"))["names"] == 0
    assert check(kept("my.math.area of a side."))["names"] == pytest.approx(1 / 3)
    assert NamesKept(("side",), 1)(kept("side", "nothing"))["names"] == 0
    assert NamesKept((), 0)(kept("side"))["names"] is None


def test_of_a_human_answer_only_words_count_that_could_have_been_kept():
    check = SummaryKept("Drug nine certainly helped the patients.", ("We gave drug nine. It helped.",))
    assert check(kept("drug nine helped")) == {"summary": 1}
    assert check(kept("drug"))["summary"] == pytest.approx(1 / 3)
    assert SummaryKept("Unknown", ("text",))(kept("text"))["summary"] is None


def test_words_of_a_teacher_count_in_their_order():
    check = TeacherKept("tower opened 1889")
    assert check(kept("Tower opened, 1889."))["keep_f1"] == 1
    assert check(kept("1889 opened tower"))["keep_f1"] == pytest.approx(1 / 3)
    assert check(kept("nothing"))["keep_f1"] == 0


def slow_common_run(words, others):
    return max(
        len(part) for size in range(len(words) + 1) for part in itertools.combinations(words, size) if is_part(part, others)
    )  # fmt: skip


def is_part(part, others):
    rest = iter(others)
    return all(word in rest for word in part)


@pytest.mark.parametrize("words", ["", "a", "abcab", "bca", "ccab", "aabbc"])
@pytest.mark.parametrize("others", ["", "c", "abc", "bacab", "cab"])
def test_the_longest_common_run_is_that_of_all_choices(words, others):
    assert common_run(list(words), list(others)) == slow_common_run(words, others)


def test_numbers_and_names_of_the_evidence_are_looked_for_in_their_passage():
    evidence = [(0, "In 1889 Gustave Eiffel paid 1,200 francs."), (1, "It is in Paris.")]
    found = particulars(evidence, {0: "Eiffel paid 1,200", 1: "1889 in paris"})
    assert found == {"numbers": 0.5, "entities": pytest.approx(1 / 3)}
    assert particulars([], {}) == {"numbers": None, "entities": None}
    assert particulars([(0, "The 18891")], {0: "1889"}) == {"numbers": 0, "entities": None}


def test_answers_of_a_reader_are_marked_as_in_squad():
    assert f1("the Eiffel tower", ["Eiffel Tower"]) == exact("the Eiffel tower", ["x", "Eiffel Tower"]) == 1
    assert f1("tower of Eiffel", ["Eiffel Tower"]) == pytest.approx(0.8)
    assert f1("", ["x"]) == exact("", ["x"]) == f1("y", []) == 0
    assert f1("建于1939年", ["1939年"]) == pytest.approx(2 * 5 / 12)


@pytest.mark.parametrize(("text", "valid"), [('{"a": [1]}', True), ('{"a": [1}', False), ("", False)])
def test_json_is_valid_or_not(text, valid):
    assert is_json(text) is valid


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", True),
        ("| a | b |\n| --- | --- |\n| 1 |", False),
        ("| 1 | 2 |\n| 3 | 4 |", False),
        ("| --- | --- |\n| 1 | 2 |", False),
        ("| a | b |\n| --- | --- |\n| 1 | 2", False),
    ],
)
def test_a_table_is_valid_or_not(text, valid):
    assert is_table(text) is valid


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("```python\nx = 1\n```", True),
        ("```python\nx = \n```", False),
        ("x = 1\n```", False),
        ("```python\nx = 1", False),
        ("", False),
    ],
)
def test_code_is_valid_or_not(text, valid):
    assert is_code(text) is valid
