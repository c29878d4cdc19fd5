"""Questions with passages in a format of our own: to train a selector on questions that one has collected or had written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from linguapress.errors import InvalidRecord
from linguapress.jsonl import read_jsonl
from linguapress.text import Span
from linguapress.training.questions import Candidate, Question

_SPANS = ("needed", "answers")


def own_questions(files: Iterable[Path]) -> Iterator[Question]:
    """Questions of JSON-lines files (``.jsonl`` or ``.jsonl.gz``), one on each line.

    Fields of a line: ``question``; ``passages``, each with ``text`` and maybe ``title``, ``relevant`` (true where left out, if
    anything in it is needed), ``needed`` and ``answers`` (lists of [start, end) character offsets in the text), ``certain`` (true:
    nothing else in it is needed); and maybe ``source`` (``asked``; it names the share of the mix that the question belongs to),
    ``answers`` (strings that wrong passages do not hold) and ``mined`` (true: the question makes sense without its passages, so
    that wrong ones are searched for).

    Raises:
        InvalidRecord: a line without question or passages, or with a span that is not inside its text.
    """
    for file in files:
        for number, row in enumerate(read_jsonl(file), 1):
            try:
                yield _question(row)
            except (KeyError, TypeError, ValueError) as error:
                raise InvalidRecord(
                    f"{file.name}, line {number}: {type(error).__name__}: {error}; see own_questions for the fields"
                ) from error


def record_of(question: Question) -> dict[str, Any]:
    """The line of a question, which :func:`own_questions` reads as the same question."""
    return {
        "source": question.source,
        "question": question.text,
        "answers": list(question.answers),
        "mined": question.mined,
        "passages": [
            {
                "title": one.title, "text": one.body, "relevant": one.relevant, "certain": one.certain,
                **{name: [list(span) for span in getattr(one, name)] for name in _SPANS},
            }
            for one in question.candidates
        ],
    }  # fmt: skip


def _question(row: Mapping[str, Any]) -> Question:
    candidates = tuple(_candidate(passage) for passage in row["passages"])
    if not str(row["question"]).strip() or not candidates:
        raise ValueError("an empty question, or no passage")
    answers = tuple(map(str, row.get("answers", ())))
    return Question(str(row.get("source", "asked")), str(row["question"]), candidates, answers, bool(row.get("mined", True)))


def _candidate(passage: Mapping[str, Any]) -> Candidate:
    text = str(passage["text"])
    needed, answers = (_spans(passage.get(name, ()), text) for name in _SPANS)
    relevant = bool(passage.get("relevant", needed))
    return Candidate(str(passage.get("title", "")), text, relevant, needed, answers, bool(passage.get("certain", True)))


def _spans(pairs: Iterable[Any], text: str) -> tuple[Span, ...]:
    spans = tuple(Span(int(start), int(end)) for start, end in pairs)
    if any(not 0 <= start < end <= len(text) for start, end in spans) or list(spans) != sorted(spans):
        raise ValueError(f"spans {pairs} are not ascending inside a text of {len(text)} characters")
    return spans
