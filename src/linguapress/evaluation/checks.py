"""What only some tasks measure: names, a human's answer, a teacher's compression, few-shot prompts, structure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import regex

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.evaluation.evidence import content_words
from linguapress.evaluation.metrics import common_run, normal
from linguapress.methods.prompts import Prompt

Figures = dict[str, float | None]


class Check(Protocol):
    """A figure of a result, 0..1 unless its name says otherwise; None where there is nothing to measure."""

    def __call__(self, out: Compression) -> Figures:
        """The figures by their keys."""
        ...


@dataclass(frozen=True, slots=True)
class NamesKept:
    """The share of names that stand in the result, letter by letter and not inside a longer name.

    Attributes:
        names: such as those of a function and its parameters.
        index: the document that has them.
    """

    names: tuple[str, ...]
    index: int

    def __call__(self, out: Compression) -> Figures:
        """``names``."""
        text = next((passage.text for passage in out.passages if passage.index == self.index), "")
        found = [regex.search(rf"(?<![\w.]){regex.escape(name)}(?![\w.]*\w)", text) is not None for name in self.names]
        return {"names": sum(found) / len(found) if found else None}


@dataclass(frozen=True, slots=True)
class SummaryKept:
    """The share of the content words of an answer in whole sentences that the result still holds.

    Attributes:
        text: what a human answered.
        documents: all that could hold them; words that it lacks count for nothing.
    """

    text: str
    documents: tuple[str, ...]

    def __call__(self, out: Compression) -> Figures:
        """``summary``."""
        wanted = content_words(self.text) & content_words("\n".join(self.documents))
        return {"summary": len(wanted & content_words(out.text)) / len(wanted) if wanted else None}


@dataclass(frozen=True, slots=True)
class TeacherKept:
    """F1 of words with a teacher's compression: those in common in order are the longest common run with gaps.

    Attributes:
        compressed: by the teacher.
    """

    compressed: str

    def __call__(self, out: Compression) -> Figures:
        """``keep_f1``."""
        own, other = normal(out.text).split(), normal(self.compressed).split()
        return {"keep_f1": 2 * common_run(own, other) / max(1, len(own) + len(other))}


@dataclass(frozen=True, slots=True)
class JunkKept:
    """The share of tokens that is kept of passages none of which helps."""

    def __call__(self, out: Compression) -> Figures:
        """``junk``."""
        return {"junk": out.rate}


@dataclass(frozen=True, slots=True)
class ShotsKept:
    """What is left of a few-shot prompt.

    Attributes:
        prompt: before it was shortened.
    """

    prompt: Prompt

    def __call__(self, out: Compression) -> Figures:
        """``shot_numbers``, ``final_answers``, ``whole``: of the demonstrations; ``frame``: question and instruction untouched."""
        from linguapress.evaluation.prompts_measure import Frame, figures

        row = figures(self.prompt, Budget(count=_nothing), self.prompt.left(out), Frame())
        return {
            "shot_numbers": _share(row["numbers"], row["numbers_before"]),
            "final_answers": _share(row["answers"], row["answers_before"]),
            "whole": _share(row["whole"], len(self.prompt.demonstrations)),
            "frame": float(row["question"] is not False and row["instruction"] is not False),
        }


def _nothing(_: str) -> int:
    """Counts no tokens, so that no limit excuses a touched question."""
    return 0


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def checked(checks: Sequence[Check], out: Compression) -> Figures:
    """The figures of all checks."""
    return {key: value for check in checks for key, value in check(out).items()}
