"""What is a title, and what merely stands first."""

import pytest

from linguapress.headings import headings
from linguapress.segment import sentences


def of(text):
    return headings(text, sentences(text))


@pytest.mark.parametrize(
    "title",
    ["Marie Curie", "Python: a short history", "Prices | Acme", "C++ programming", "Import duties", "Warschau 1867", "居里夫人"],
)
def test_a_short_first_line_is_the_title_of_what_follows(title):
    assert of(f"{title}\nShe was born in Warsaw. She died in Passy.") == [-1, 0, 0]


@pytest.mark.parametrize(
    "line",
    ["2024-05-01 10:00:01 INFO app.start pid 4711", "import os", "apiVersion: apps/v1", '<?xml version="1.0"?>', "<|system|>", "x = 1",
     "std::vector", "// a comment", "$ pip install acme", "It was late."],
)  # fmt: skip
def test_the_first_line_of_code_markup_or_a_log_is_none(line):
    assert set(of(f"{line}\nShe was born in Warsaw.\nShe died in Passy.")) == {-1}
