"""How well a selector ranks and selects, on questions that it was not trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from linguapress.models.pair_reader import PairReader
from linguapress.scores import Floats
from linguapress.training.questions import Folder, held_out_labels, rows_of
from linguapress.training.sentence_fit import candidate_evidence

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))


def ranking_report(folder: Folder, reader: PairReader) -> dict[str, float]:
    """Where the gold passage comes among 20, on the even NaturalQuestions dev questions (``part=dev`` of the benchmark).

    Returns:
        ``first`` and ``third``: share of questions whose gold passage is first, among the first three; ``surprise``: mean -ln of
        the gold passage's share of the probability, nats. Nothing where the folder lacks these questions.
    """
    first, third, surprise = [], [], []
    for row in list(rows_of(folder, "nq_multidoc", "nq_20docs_gold_at_9_dev.jsonl.gz"))[::2]:
        readings = reader.read(row["question"], [f"{doc['title']}\n{doc['text']}" for doc in row["docs"]])
        logits = np.array([reading.relevance for reading in readings], dtype=np.float64)
        gold = logits[row["gold_index"]]
        place = int((~(logits < gold)).sum()) - 1  # ties, and what is no number, count against it
        first.append(place == 0)
        third.append(place < 3)
        surprise.append(float(np.log(np.exp(logits - gold).sum())))
    if not first:
        return {}
    return {"first": float(np.mean(first)), "third": float(np.mean(third)), "surprise": float(np.mean(surprise))}


def selection_report(folder: Folder, reader: PairReader) -> dict[str, Any]:
    """Needed sentences found, on the held-out tenth of ``query_sentences``, over all sentences together.

    Returns:
        For each threshold ``precision``, ``recall``, ``f1``, and ``junk``: share of the words kept of passages that hold nothing
        useful; and ``reliability``: for ten bins of probability the mean probability, the share needed and the count. Both are
        empty where the folder lacks these questions.
    """
    chance, needed, useless, words = [], [], [], []
    for question in held_out_labels(folder):
        candidate = question.candidates[0]
        spans = question.sentences
        evidence = candidate_evidence(reader, question.text, candidate, spans)
        chance += reader.odds.chances(evidence).tolist()
        needed += [span in candidate.needed for span in spans]
        useless += [not candidate.needed] * len(spans)
        words += [len(candidate.body[start:end].split()) for start, end in spans]
    if not chance:
        return {"sentences": 0, "thresholds": {}, "reliability": []}
    columns = np.array(chance), np.array(needed), np.array(useless), np.array(words)
    return {
        "sentences": len(chance),
        "thresholds": {str(threshold): _at(threshold, *columns) for threshold in THRESHOLDS},
        "reliability": _bins(columns[0], columns[1]),
    }


Bools = NDArray[np.bool_]


def _at(threshold: float, chance: Floats, needed: Bools, useless: Bools, words: NDArray[Any]) -> dict[str, float]:
    kept = chance >= threshold
    hit = float((kept & needed).sum())
    return {
        "precision": hit / max(1.0, float(kept.sum())),
        "recall": hit / max(1.0, float(needed.sum())),
        "f1": 2 * hit / max(1.0, float(kept.sum() + needed.sum())),
        "junk": float(words[kept & useless].sum() / max(1, words[useless].sum())),
    }


def _bins(chance: Floats, needed: Bools) -> list[dict[str, float]]:
    place = np.minimum((chance * 10).astype(int), 9)
    bins = [place == number for number in range(10) if (place == number).any()]
    return [{"probability": float(chance[m].mean()), "needed": float(needed[m].mean()), "count": int(m.sum())} for m in bins]
