"""A question over passages, and what must survive."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from linguapress.evaluation.checks import Check
from linguapress.evaluation.evidence import Source, answering, hop
from linguapress.methods.prompts import Prompt


@dataclass(frozen=True, slots=True)
class Example:
    """A question, the passages that a retriever would return, and what must survive.

    Attributes:
        id: name of the question in its data set.
        question: the query; may be empty.
        documents: passages in the order in which methods get them.
        answers: strings, one of which must survive; none where no short answer is known.
        evidence: sentences of the gold passages that hold an answer: pairs of document index and text.
        gold: indexes of the documents that are needed to answer, ascending.
        hops: the sentence of each gold passage that the question hangs on, as pairs of document index and text; empty when there
            is a single gold passage.
        group: article, meeting or other source that the question belongs to; dev and test share none.
        checks: what else is measured of a result.
        prompt: the few-shot prompt whose parts the documents are; None elsewhere.
    """

    id: str
    question: str
    documents: tuple[str, ...]
    answers: tuple[str, ...]
    evidence: tuple[tuple[int, str], ...]
    gold: tuple[int, ...] = ()
    hops: tuple[tuple[int, str], ...] = ()
    group: str = ""
    checks: tuple[Check, ...] = ()
    prompt: Prompt | None = None


def example(
    name: str, question: str, sources: Sequence[Source], answers: Sequence[str], seed: int | None, *, group: str = "",
    checks: tuple[Check, ...] = (),
) -> Example:  # fmt: skip
    """An example whose evidence is searched for.

    Args:
        name: of the question.
        question: the query.
        sources: the passages.
        answers: any of them will do.
        seed: shuffles the passages, together with the name; None = as they are.
        group: see :class:`Example`.
        checks: see :class:`Example`.
    """
    docs = list(sources)
    if seed is not None:
        random.Random(f"{seed}:{name}").shuffle(docs)
    gold = {index: doc for index, doc in enumerate(docs) if doc.gold}
    evidence = tuple((index, sentence) for index, doc in gold.items() for sentence in answering(doc, answers))
    hops = tuple(
        (index, hop(doc, [other for place, other in gold.items() if place != index], question, answers))
        for index, doc in gold.items()
        if len(gold) > 1
    )
    texts = tuple(doc.text for doc in docs)
    return Example(name, question, texts, tuple(answers), evidence, tuple(gold), hops, group, checks)
