"""Questions with passages in a format of our own: to train a selector on questions that one has collected or had written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from linguapress.errors import InvalidRecord
from linguapress.records import records
from linguapress.training.corpus import spans_of
from linguapress.training.groups import ALONE, MIX
from linguapress.training.questions import Candidate, Question

Given = TypeVar("Given")

_SPANS = ("needed", "answers")
_REMEDY = 'write {"question": "...", "passages": [{"text": "...", "needed": [[start, end]]}]}'


def own_questions(files: Iterable[Path]) -> Iterator[Question]:
    """Questions of JSON-lines files (``.jsonl`` or ``.jsonl.gz``), one on each line.

    Fields of a line: ``question``; ``passages``, each with ``text`` and maybe ``title``, ``needed`` and ``answers`` (ascending,
    disjoint [start, end) character offsets in the text), ``relevant`` (whether it helps; left out: whether anything in it is
    needed) and ``certain`` (true where left out: nothing else in it is needed); and maybe ``source``, whose part before the first
    hyphen names the share of the mix that the question belongs to (``asked`` where left out; ``labelled`` questions have one
    passage, which is judged alone), ``answers`` (strings that wrong passages do not hold) and ``mined`` (true where left out:
    the question makes sense without its passages, so that wrong ones are searched for).

    Raises:
        InvalidRecord: a line that is no such record.
    """
    for file in files:
        for number, row in records(file, _REMEDY):
            try:
                yield _question(row)
            except (KeyError, TypeError, ValueError) as error:
                said = f"no {error}" if isinstance(error, KeyError) else str(error)
                raise InvalidRecord(f"{file.name}, line {number}: {said}; {_REMEDY}") from error


def _question(row: Any) -> Question:
    if not isinstance(row, dict):
        raise TypeError("a line is a JSON object")
    text, source = _given(row, "question", str), _given(row, "source", str, "asked")
    candidates = tuple(_candidate(passage) for passage in _given(row, "passages", list))
    if not text.strip() or not candidates:
        raise ValueError("an empty question, or no passage")
    if source.split("-")[0] not in MIX:
        raise ValueError(f"the source {source!r} has no share in the mix, which knows {', '.join(MIX)}")
    if source.split("-")[0] in ALONE and len(candidates) > 1:
        raise ValueError(f"questions of the source {source!r} have one passage each")
    answers = _given(row, "answers", list, [])
    if not all(isinstance(answer, str) for answer in answers):
        raise TypeError("answers are strings")
    return Question(source, text, candidates, tuple(answers), _given(row, "mined", bool, True))


def _candidate(passage: Any) -> Candidate:
    if not isinstance(passage, dict):
        raise TypeError("a passage is a JSON object")
    text = _given(passage, "text", str)
    if not text.strip():
        raise ValueError("an empty passage")
    needed, answers = (spans_of(_given(passage, name, list, []), text) for name in _SPANS)
    relevant = _given(passage, "relevant", bool, bool(needed))
    if needed and not relevant:
        raise ValueError("a passage of which something is needed is relevant")
    return Candidate(_given(passage, "title", str, ""), text, relevant, needed, answers, _given(passage, "certain", bool, True))


def _given(row: Mapping[str, Any], name: str, kind: type[Given], default: Given | None = None) -> Given:
    value = row[name] if default is None else row.get(name, default)
    if not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r}, and no {kind.__name__}")
    return value
