"""Questions over retrieved passages, read from a data folder."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from linguapress.evaluation.evidence import Source, answering, hop
from linguapress.jsonl import read_jsonl
from linguapress.splits import held_out


@dataclass(frozen=True, slots=True)
class Example:
    """A question, the passages that a retriever would return, and what must survive.

    Attributes:
        id: name of the question in its data set.
        question: the query.
        documents: passages in the order in which methods get them.
        answers: strings, one of which must survive.
        evidence: sentences of the gold passages that hold an answer: pairs of document index and text.
        gold: indexes of the documents that are needed to answer, ascending.
        hops: the sentence of each gold passage that the question hangs on, as pairs of document index and text; empty when there
            is a single gold passage.
    """

    id: str
    question: str
    documents: tuple[str, ...]
    answers: tuple[str, ...]
    evidence: tuple[tuple[int, str], ...]
    gold: tuple[int, ...] = ()
    hops: tuple[tuple[int, str], ...] = ()


def _example(name: str, question: str, docs: list[Source], answers: list[str], seed: int) -> Example:
    """Shuffles the passages by the question's name and the seed."""
    random.Random(f"{seed}:{name}").shuffle(docs)
    gold = {index: doc for index, doc in enumerate(docs) if doc.gold}
    evidence = tuple((index, sentence) for index, doc in gold.items() for sentence in answering(doc, answers))
    hops = tuple(
        (index, hop(doc, [other for place, other in gold.items() if place != index], question, answers))
        for index, doc in gold.items()
        if len(gold) > 1
    )
    return Example(name, question, tuple(doc.text for doc in docs), tuple(answers), evidence, tuple(gold), hops)


def _nq(folder: Path, seed: int) -> Iterator[Example]:
    for row in read_jsonl(folder / "nq_multidoc" / "nq_20docs_gold_at_9_dev.jsonl.gz"):
        docs = [Source(doc["title"], doc["text"], index == row["gold_index"]) for index, doc in enumerate(row["docs"])]
        yield _example(f"nq-{row['id']}", row["question"], docs, row["answers"], seed)


def _multihop(folder: Path, seed: int) -> Iterator[Example]:
    """Two to four gold passages a question.

    ``query_select`` is trained on the even ones (``dev``); only the odd ones (``test``) are clean for it.
    """
    for name in ("hotpotqa", "musique"):
        for row in read_jsonl(folder / "multihop_small" / f"{name}_train100.jsonl.gz"):
            docs = [Source(doc["title"], doc["text"], bool(doc["gold"])) for doc in row["docs"]]
            yield _example(f"{name}-{row['id']}", row["question"], docs, row["answers"], seed)


def _paragraphs(
    file: Path, name: str, seed: int, *, chosen: Callable[[str], bool] = lambda _: True, questions: int = 100, others: int = 9
) -> Iterator[Example]:
    """One question for each of some paragraphs, next to other paragraphs of the same title, then of any.

    Args:
        file: paragraphs with their questions.
        name: of the data set.
        seed: choice and order.
        chosen: which paragraphs may be gold.
        questions: at most.
        others: paragraphs next to the gold one.
    """
    rows = list(read_jsonl(file))
    rng = random.Random(f"{seed}:{name}")
    rng.shuffle(rows)
    for row in [row for row in rows if chosen(row["context"])][:questions]:
        same = [other for other in rows if other is not row and other["title"] == row["title"]]
        near = rng.sample(same, min(others, len(same)))
        far = rng.sample([other for other in rows if other["title"] != row["title"]], others - len(near))
        asked: Mapping[str, Any] = rng.choice(row["qas"])
        docs = [Source("", row["context"], True), *(Source("", other["context"], False) for other in (*near, *far))]
        yield _example(f"{name}-{asked['id']}", asked["question"], docs, asked["answers"], seed)


def _squadshifts(folder: Path, seed: int) -> Iterator[Example]:
    """Gold paragraphs are held-out ones, which no training sees as such; the others are any."""
    for name in ("new_wiki", "reddit"):
        yield from _paragraphs(folder / "squadshifts" / f"{name}.jsonl.gz", name, seed, chosen=held_out)


def _xquad(folder: Path, seed: int, language: str) -> Iterator[Example]:
    yield from _paragraphs(folder / "xquad" / f"xquad.{language}.jsonl.gz", f"xquad-{language}", seed)


LANGUAGES = ("en", "es", "zh", "ar", "ru", "th")
TASKS: Mapping[str, Callable[[Path, int], Iterator[Example]]] = {
    "nq": _nq,
    "multihop": _multihop,
    "squadshifts": _squadshifts,
    **{f"xquad-{language}": partial(_xquad, language=language) for language in LANGUAGES},
}


def examples(task: str, folder: Path, seed: int = 0, part: str = "all") -> list[Example]:
    """Examples of a task.

    Args:
        task: a key of :data:`TASKS`.
        folder: the data folder.
        seed: order of the passages.
        part: ``dev`` (even ones, for choosing), ``test`` (odd ones, for reporting) or ``all``. Of ``multihop`` the dev part is
            training data of ``query_select``.
    """
    found = list(TASKS[task](folder, seed))
    return {"dev": found[::2], "test": found[1::2], "all": found}[part]
