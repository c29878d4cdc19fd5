"""Answers at the end of worked examples."""

import pytest

from linguapress import Budget, Units, compress_prompt, load
from linguapress.answers import with_answer
from linguapress.segment import words


def answer_of(text):
    units = with_answer(text, Units(words(text)))
    return "".join(text[start:end] for number, (start, end) in enumerate(units.spans) if number in units.frame)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Review: The soup was cold.\nSentiment: negative", "Sentiment: negative"),
        ("Q: How many? Let us think. 3 + 4 = 7. The answer is 7.", "The answer is 7."),
        ("Q: How many?\nSo the final answer is (B).\n\n", "So the final answer is (B).\n\n"),
        ("Ann has 3 pens.\n#### 7", "#### 7"),
        ("Sentiment: negative", ""),
        ("A text that just ends here without any answer.", ""),
        ("", ""),
    ],
)
def test_a_last_labelled_line_is_the_answer(text, answer):
    assert answer_of(text) == answer


def test_every_other_word_needs_the_answer():
    text = "Review: The soup was cold.\nSentiment: negative"
    units = with_answer(text, Units(words(text)))
    assert all({5, 6} <= set(units.company(unit)) for unit in range(5))


@pytest.mark.parametrize("method", ["lingua", "llmlingua2"])
@pytest.mark.parametrize("rate", [0.6, 0.8])
def test_a_demonstration_keeps_its_label_or_goes(method, rate):
    shots = [
        "Review: The soup was cold and the waiter rude.\nSentiment: negative",
        "Review: Lovely terrace, quick service, we will come back!\nSentiment: positive",
        "Review: It is not bad, but not worth 40 euros either.\nSentiment: neutral",
    ]
    out = compress_prompt(load(method), "Classify.", shots, "Review: I loved it.\nSentiment:", budget=Budget(rate=rate))
    labels = [shot.rpartition("\n")[2] for shot in shots]
    assert out.demonstrations
    assert all(any(kept.endswith(label) and kept != label for label in labels) for kept in out.demonstrations)
