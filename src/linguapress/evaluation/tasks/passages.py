"""Questions over the passages that a retriever returned: NaturalQuestions, HotpotQA, MuSiQue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from linguapress.evaluation.checks import JunkKept
from linguapress.evaluation.evidence import Source
from linguapress.evaluation.metrics import answer_survives
from linguapress.evaluation.tasks.example import Example, example
from linguapress.jsonl import read_jsonl
from linguapress.models.lexical import LexicalRelevance
from linguapress.text import Passage, Span
from linguapress.units import Units

PLACES = (0, 9, 19)  # of the gold passage among twenty
MANY = 100  # passages, where there are many


def nq(folder: Path, seed: int) -> Iterator[Example]:
    """Twenty passages, shuffled, one of them gold."""
    for row in _nq_rows(folder, 9):
        yield example(f"nq-{row['id']}", row["question"], _sources(row), row["answers"], seed)


def nq_at(folder: Path, seed: int, place: int) -> Iterator[Example]:
    """The same questions, the gold passage at one of :data:`PLACES`, the others as the retriever ordered them."""
    for row in _nq_rows(folder, place):
        yield example(f"nq{place}-{row['id']}", row["question"], _sources(row), row["answers"], None)


def nq_document(folder: Path, seed: int) -> Iterator[Example]:
    """The twenty passages, shuffled, as paragraphs of one document."""
    for found in nq(folder, seed):
        evidence = tuple((0, sentence) for _, sentence in found.evidence)
        yield replace(found, id=f"{found.id}-document", documents=("\n\n".join(found.documents),), evidence=evidence, gold=(0,))


def nq_many(folder: Path, seed: int) -> Iterator[Example]:
    """The twenty passages and eighty more, shuffled: those of other questions whose letters are most like this one's.

    None of the eighty holds an answer.
    """
    rows = list(_nq_rows(folder, 9))
    pool = {source.text: source._replace(gold=False) for row in rows for source in _sources(row)}
    passages, units = [Passage.whole(at, text) for at, text in enumerate(pool)], [Units([Span(0, len(text))]) for text in pool]
    for row in rows:
        own = _sources(row)
        known = {source.text for source in own}
        alike = np.asarray(LexicalRelevance().rate(row["question"], passages, units).passages)
        texts = (passages[place].source for place in np.argsort(-alike, kind="stable"))
        others = (pool[text] for text in texts if text not in known and not answer_survives(text, row["answers"]))
        more = islice(others, MANY - len(own))
        yield example(f"nq-many-{row['id']}", row["question"], [*own, *more], row["answers"], seed)


def nq_passage(folder: Path, seed: int) -> Iterator[Example]:
    """The gold passage alone."""
    for row in _nq_rows(folder, 9):
        gold = [source for source in _sources(row) if source.gold]
        yield example(f"nq-gold-{row['id']}", row["question"], gold, row["answers"], seed)


def no_answer(folder: Path, seed: int) -> Iterator[Example]:
    """The same questions, without the gold passage and without any other that holds an answer."""
    for row in _nq_rows(folder, 9):
        others = [s for s in _sources(row) if not s.gold and not answer_survives(s.text, row["answers"])]
        found = example(f"nq-none-{row['id']}", row["question"], others, (), seed)
        yield replace(found, checks=(JunkKept(),))


def multihop(folder: Path, seed: int) -> Iterator[Example]:
    """Two to four gold passages a question."""
    for name in ("hotpotqa", "musique"):
        for row in read_jsonl(folder / "multihop_small" / f"{name}_train100.jsonl.gz"):
            docs = [Source(doc["title"], doc["text"], bool(doc["gold"])) for doc in row["docs"]]
            yield example(f"{name}-{row['id']}", row["question"], docs, row["answers"], seed)


def _nq_rows(folder: Path, place: int) -> Iterator[dict[str, Any]]:
    return read_jsonl(folder / "nq_multidoc" / f"nq_20docs_gold_at_{place}_dev.jsonl.gz")


def _sources(row: dict[str, Any]) -> list[Source]:
    return [Source(doc["title"], doc["text"], index == row["gold_index"]) for index, doc in enumerate(row["docs"])]
