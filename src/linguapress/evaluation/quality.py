"""The figures of a row that say how good a result is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Quality(NamedTuple):
    """A figure of a row.

    Attributes:
        key: in the row.
        label: for tables and axes.
        lower: whether less is better.
    """

    key: str
    label: str
    lower: bool = False


ANSWER = Quality("answer", "answer survives")
ALL_EVIDENCE = Quality("all_evidence", "all evidence")
EVIDENCE_SHARE = Quality("evidence_share", "words of the evidence kept")
NAMES = Quality("names", "names kept")
VALID = Quality("valid", "still valid")
SUMMARY = Quality("summary", "words of the human answer kept")
KEEP_F1 = Quality("keep_f1", "F1 of kept words")
SHOT_NUMBERS = Quality("shot_numbers", "numbers of the demonstrations kept")
JUNK = Quality("junk", "share of the useless text kept", lower=True)
_MORE = (
    Quality("evidence", "evidence survives"),
    Quality("numbers", "numbers kept"),
    Quality("entities", "entities kept"),
    Quality("torn", "torn numbers", lower=True),
    Quality("kept_documents", "documents kept"),
    Quality("frame", "question and instruction intact"),
    Quality("final_answers", "final answers kept"),
    Quality("whole", "demonstrations whole"),
    Quality("f1", "F1 of the reader"),
    Quality("em", "EM of the reader"),
)
_FIRST = (ANSWER, ALL_EVIDENCE, EVIDENCE_SHARE, NAMES, VALID, SUMMARY, KEEP_F1, SHOT_NUMBERS, JUNK)
QUALITIES: Mapping[str, Quality] = {quality.key: quality for quality in (*_FIRST, *_MORE)}
