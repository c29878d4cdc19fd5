"""Questions of one's own, from JSON lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from linguapress.errors import InvalidRecord
from linguapress.evaluation.evidence import Source
from linguapress.evaluation.tasks.example import Example, example
from linguapress.records import objects

_FIELDS = "question, passages and answers"


def own_examples(file: Path) -> list[Example]:
    """Questions, one on each line (``.jsonl`` or ``.jsonl.gz``), with their passages in the order in which they stand.

    Fields of a line: ``question``; ``passages``, strings, or objects with ``text`` and maybe ``title`` and ``relevant`` (whether
    it is one of those that answer); ``answers``, strings any of which is right; and maybe ``id`` (left out: the line's number).

    Raises:
        InvalidRecord: a line that is no such record, or a file without one.
    """
    found = []
    for number, row in objects(file, _FIELDS):
        try:
            found.append(_example(row, str(number)))
        except (KeyError, TypeError, ValueError) as error:
            said = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise InvalidRecord(f"{file.name}, line {number}: {said}; a line has {_FIELDS}") from error
    if len({one.id for one in found}) < len(found):
        raise InvalidRecord(f"{file.name} has two questions of one id; leave out the ids, or give each question its own")
    if not found:
        raise InvalidRecord(f"{file.name} holds no questions; a line is a JSON object with {_FIELDS}")
    return found


def _example(row: Mapping[str, Any], number: str) -> Example:
    question, passages, answers = row["question"], row["passages"], row["answers"]
    if not isinstance(question, str) or not question.strip():
        raise ValueError("the question is empty or no string")
    if not isinstance(answers, list) or not all(isinstance(answer, str) and answer.strip() for answer in answers) or not answers:
        raise ValueError("answers is a list of strings, at least one")
    if not isinstance(passages, list) or not passages:
        raise ValueError("passages is a list, at least one long")
    return example(str(row.get("id", number)), question, [_source(passage) for passage in passages], answers, None)


def _source(passage: Any) -> Source:
    own = {"text": passage} if isinstance(passage, str) else passage
    if not isinstance(own, Mapping) or not isinstance(own.get("text"), str) or not isinstance(own.get("title", ""), str):
        raise ValueError("a passage is a string, or an object with a text and maybe a title")
    return Source(own.get("title", ""), own["text"], bool(own.get("relevant", False)))
