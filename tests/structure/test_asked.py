"""Questions without marks."""

import time

import pytest

from linguapress.segment import sentences
from linguapress.structure.asked import asked, with_asked
from linguapress.structure.headings import with_headings
from linguapress.structure.speakers import utterances
from linguapress.units import Units

FAQ = """Library

Borrowing

Are there fines?
No. We gave them up in 2021.

I lost my card. What now?
Tell us at once. A new one costs £3.

Access

Is there a lift?
Yes, in Mill Lane. It stops everywhere.

We look forward to your visit, and to that of your whole family and all of your friends.
"""
LOOSE = "Is there a lift?\n\nYes, there is.\n\nAre dogs allowed?\n\nNo dogs.\n\nMay I eat?\n\nOnly cold food."


EXAM = """Exam

1. Why is the sky blue?
Short waves are scattered more.

2. What is a lunar eclipse?
The earth stands between sun and moon.

3. Name the largest planet.
Jupiter is the largest one.
"""


def test_a_task_that_is_no_question_is_no_answer():
    ends = [EXAM[start:end].strip() for _, (start, end) in asked(EXAM)]
    assert ends == ["Short waves are scattered more.", "The earth stands between sun and moon."]


def parts(text):
    return [text[start:end].strip() for start, end in utterances(text)]


def test_a_question_is_one_with_the_first_sentence_of_its_answer():
    found = parts(FAQ)
    assert {"Are there fines?\nNo.", "I lost my card. What now?\nTell us at once.", "Is there a lift?\nYes, in Mill Lane."} <= set(
        found
    )
    assert "".join(FAQ[start:end] for start, end in utterances(FAQ)) == FAQ


def test_the_rest_of_an_answer_brings_its_question_and_that_its_heading():
    units = with_headings(FAQ, Units(utterances(FAQ)))
    text = [FAQ[start:end].strip() for start, end in units.spans]
    needs = {text[unit]: [text[other] for other in others] for unit, others in units.needs.items()}
    assert needs["We gave them up in 2021."] == ["Are there fines?\nNo."]
    assert needs["Are there fines?\nNo."] == ["Borrowing"]
    assert needs["Is there a lift?\nYes, in Mill Lane."] == ["Access"]
    assert not {text[unit] for unit in units.frame} & {"Are there fines?\nNo.", "Is there a lift?\nYes, in Mill Lane."}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (LOOSE, 3),
        (LOOSE.replace("\n\n", "\n"), 3),
        ("有电梯吗？\n有。\n\n可以带狗吗？\n不可以。", 2),
        ("**Is there a lift?**\nYes.\n\n**Are dogs allowed?**\nNo.", 2),
        ("Is there a lift?\nYes, there is.", 0),
        ("Is there a lift?\n\nYes, there is.\n\nAre dogs allowed?\n\nNo.", 0),
        ("Name?\nAge?\nTown?\n", 0),
        ("He asked why. Is there a lift?\nNobody knew, and so they went on\nand asked again. Are dogs allowed?\nNo.", 0),
        ("- Is there a lift?\nYes.\n\n- Are dogs allowed?\nNo.", 0),
        ("## Is there a lift?\nYes.\n\n## Are dogs allowed?\nNo.", 0),
        ("Hello there.\nI like tennis. And you?\nSo do I.\nGood.\nYes. Did you see it?\nNo.\nFine.\nOh. Why not?\nNo time.", 0),
    ],
)  # fmt: skip
def test_what_is_a_question(text, count):
    assert len(asked(text)) == count


def test_an_answer_ends_where_it_grows_long():
    text = f"Why?\n{'It is so. ' * 30}\n\n{'More of it. ' * 100}\n\nHow?\nLike this."
    (_, (start, end)), _ = asked(text)
    assert text[start:end].strip() == ("It is so. " * 30).strip()


def test_in_a_dialogue_turns_stay():
    text = "Anna: Did you see it?\nBert: No, I did not.\nAnna: Why not?\nBert: I was away, you know."
    assert with_headings(text, Units(utterances(text))).needs == {}
    assert len(with_asked(asked(text), sentences(text))) == len(sentences(text))


def test_time_grows_with_the_text():
    start = time.perf_counter()
    for lines in ("Why?\n", "Why?\n\n", "Why?\nSo.\n\n", "? ", "?" * 99 + "\n", "A" * 200 + "?\n\n", "Why?" + " " * 500):
        asked(lines * (1_000_000 // len(lines)))
    assert time.perf_counter() - start < 60
