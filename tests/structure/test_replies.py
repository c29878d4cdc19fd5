"""Questions and answers by lines."""

import pytest

from linguapress import Budget
from linguapress.segment import sentences
from linguapress.structure.replies import answers, with_questions, with_replies
from linguapress.units import Units

FAQ = """Shop

Q: Can I return opened items?
A: No. Opened items cannot be returned.

Q: Do you ship to Norway?
A: Yes, within 5 days. It costs 4 EUR."""


def parts(text):
    return [text[start:end] for start, end in with_replies(text, sentences(text))]


def test_a_question_is_one_with_the_beginning_of_its_answer():
    assert parts(FAQ)[1:] == [
        "Q: Can I return opened items?\nA: No. Opened items cannot be returned.\n\n",
        "Q: Do you ship to Norway?\nA: Yes, within 5 days. ",
        "It costs 4 EUR.",
    ]


def test_the_rest_of_an_answer_brings_its_beginning():
    units = with_questions(FAQ, Units(with_replies(FAQ, sentences(FAQ))))
    assert units.needs == {3: (2,)}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("**Q:** Who?\n**A:** Ann.\n", 1),
        ("Question 1: Who?\nAnswer 1: Ann.\nQuestion 2: Where?\nAnswer 2: Here.", 2),
        ("Frage: Wer?\nAntwort: Ann.", 1),
        ("问：谁？\n答：安。", 1),
        ("Q. Who was there?\nA. Ann.", 1),
        ("", 0),
        ("A: Apples\nB: Bananas", 0),
        ("Q: Who?\nQ: Where?", 0),
        ("A. First\nB. Second\nA. Third\nQ. Who?\nA. Ann\nA. Bob\nA. Cy", 0),
        ("Quality: fine.\nAnswers: none.", 0),
    ],
)
def test_marks_take_turns(text, count):
    assert len(answers(text)) == count


def test_nothing_is_lost():
    for text in (FAQ, "Q: a\nA: b", "\n\nQ: a?\n\nA: b\n"):
        assert "".join(parts(text)) == text


@pytest.mark.parametrize("method", ["lingua", "query_select", "sentence_filter"])
def test_an_answer_is_not_joined_to_another_question(method):
    from linguapress import load

    text = "Q: Did you see the man?\nA: Yes, I did.\nQ: Did you take the money?\nA: No, I did not.\nQ: Who did?\nA: The clerk."
    for tokens in range(8, 40, 4):
        out = load(method).compress([text], "Did the witness take the money?", budget=Budget(tokens=tokens))
        assert "money?\nA: Yes" not in out.text
        assert "man?\nA: No" not in out.text
