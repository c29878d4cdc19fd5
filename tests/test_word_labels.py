"""Word labels tell the same as the spans."""

from fakes import METHODS
from hypothesis import given
from hypothesis import strategies as st
from samples import DOCUMENTS, OVEN, hostile

from linguapress import Budget, word_labels
from linguapress.segment import words


def test_every_word_of_every_document_has_a_label_in_the_callers_order():
    out = METHODS["lingua by relevance"].compress(DOCUMENTS, "Who?", budget=Budget(tokens=120))
    labels = word_labels(out)
    assert len(labels) == len(DOCUMENTS)
    for text, row in zip(DOCUMENTS, labels, strict=True):
        assert [word for word, _ in row] == [text[a:b].strip() for a, b in words(text) if text[a:b].strip()]
    dropped = {passage.index for passage in out.dropped}
    assert all(not kept for index in dropped for _, kept in labels[index])


def test_kept_words_are_the_words_of_the_result():
    out = METHODS["llmlingua2"].compress([OVEN], budget=Budget(tokens=40))
    kept = [word.strip(".,;") for word, label in word_labels(out)[0] if label]
    assert " ".join(kept) == " ".join(word.strip(".,;") for word in out.text.split() if word.strip(".,;"))
    assert any(not label for _, label in word_labels(out)[0])


@given(documents=st.lists(hostile, max_size=3), rate=st.floats(0, 1))
def test_any_text_has_labels(documents, rate):
    out = METHODS["llmlingua2"].compress(documents, budget=Budget(rate=rate))
    labels = word_labels(out)
    assert len(labels) == len(documents)
    if out.tokens_after == out.tokens_before:
        assert all(kept for row in labels for _, kept in row)
