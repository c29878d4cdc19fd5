"""Training examples on disk: JSON lines, plain or gzipped, turned into texts with labelled characters."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linguapress.jsonl import read_jsonl
from linguapress.text import Span
from linguapress.training.labels import align


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, and the words of it that the teacher kept (ascending spans, one a word)."""

    source: str
    text: str
    kept: tuple[Span, ...]


def read_distilled(path: Path) -> list[Labelled]:
    """Passages with the fields ``text`` and ``compressed`` (and ``source``, the domain), aligned."""
    return [
        Labelled(row.get("source", path.stem), row["text"], tuple(align(row["text"], row["compressed"])))
        for row in read_jsonl(path)
    ]


def read_plain(path: Path) -> list[str]:
    """Texts whose embeddings are to be held: the fields ``question``, ``passage`` and ``text`` of each record."""
    return [
        f"{row['title']}\n{row[key]}" if key != "question" and row.get("title") else row[key]
        for row in read_jsonl(path)
        for key in ("question", "passage", "text")
        if row.get(key)
    ]


def joined(examples: Sequence[Labelled], rng: random.Random, longest: int = 3) -> list[Labelled]:
    """The examples in random order, some of them joined with their successors of the same source, so that long contexts occur.

    Three in ten start a group of two to ``longest``.
    """
    shuffled = sorted(examples, key=lambda _: rng.random())
    by_source: dict[str, list[Labelled]] = {}
    for example in shuffled:
        by_source.setdefault(example.source, []).append(example)
    result = []
    for source, group in by_source.items():
        while group:
            size = rng.randint(2, longest) if rng.random() < 0.3 else 1
            taken, group = group[:size], group[size:]
            result.append(_concatenate(source, taken))
    rng.shuffle(result)
    return result


def _concatenate(source: str, examples: Sequence[Labelled]) -> Labelled:
    text, kept = "", []
    for example in examples:
        shift = len(text) + 1 if text else 0
        kept += [Span(start + shift, end + shift) for start, end in example.kept]
        text = f"{text} {example.text}" if text else example.text
    return Labelled(source, text, tuple(kept))
