"""Questions and the passages that answer them, as pairs of an alignment: what the rankings of LongLLMLingua are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from linguapress.methods.likelihood import RESTRICT
from linguapress.training.align_pairs import Pair
from linguapress.training.own_questions import own_questions
from linguapress.training.questions import Candidate, Question


def question_pairs(files: Iterable[Path]) -> list[Pair]:
    """Pairs of both directions: the passage asks for its question, and a question for its passage.

    The first teaches equation 2 of LongLLMLingua (arXiv 2310.06839): the likelihood of the question and the restrictive statement,
    given a passage. The second, one for each passage, teaches the contrast of its section 4.1, and keeps the model at home in
    texts. Only passages that help to answer are learnt; every second time they carry their titles, and questions their marks.
    All pairs of a passage are held out together, or none of them.

    Args:
        files: as :func:`~linguapress.training.own_questions.own_questions` reads them.

    Raises:
        InvalidRecord: a line that is no question.
        FileNotFoundError: a file is missing.
    """
    found: list[Pair] = []
    seen: set[str] = set()
    for number, (question, passage) in enumerate(_answered(files)):
        asked, text = _marked(question.text) if number % 2 else question.text, passage.body if number // 2 % 2 else passage.text
        found.append(Pair(text, output=f"{asked} {RESTRICT}", group=passage.body))
        if passage.body not in seen:
            found.append(Pair(asked, output=text, group=passage.body))
            seen.add(passage.body)
    return list(dict.fromkeys(found))


def _answered(files: Iterable[Path]) -> Iterator[tuple[Question, Candidate]]:
    """Questions, each with every passage that helps to answer it."""
    for question in own_questions(files):
        for passage in question.candidates:
            if passage.relevant:
                yield question, passage


def _marked(question: str) -> str:
    """The question with a question mark, where it ends in a word."""
    return f"{question}?" if question[-1:].isalnum() else question
