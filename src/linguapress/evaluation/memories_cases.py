"""What :mod:`linguapress.evaluation.memories` measures: contexts of some lengths, each read in several ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from linguapress.jsonl import read_jsonl

FULL, GENERATE, KEYS = "full", "transformers", "all-keys"
QUESTION = "\n\nQuestion: When was it built, and who paid for it?\nAnswer:"


@dataclass(frozen=True, slots=True)
class Case:
    """One context, read in one way.

    Attributes:
        side: ``full`` = as text, by our reader; ``transformers`` = as text, by ``generate`` of transformers; else what is stored.
        length: tokens of the context that were asked for.
        chunks: of the context: texts, or paths of their memories.
    """

    side: str
    length: int
    chunks: Sequence[str]

    @property
    def name(self) -> str:
        """A word for it, without blanks."""
        return f"{self.side}-{self.length}"

    def to_dict(self) -> dict[str, Any]:
        """What the worker is told."""
        return {"name": self.name, "text": self.side in (FULL, GENERATE), **asdict(self)}


def cases_of(chunks: Sequence[str], stored: Mapping[str, Sequence[Path]], lengths: Sequence[int], size: int) -> list[Case]:
    """All ways to read each context, those of one context side by side; a longer context begins with a shorter one.

    Args:
        chunks: texts.
        stored: paths of the memories of all chunks, by side.
        lengths: tokens of the contexts.
        size: tokens of a chunk.
    """
    sides = {FULL: chunks, GENERATE: chunks} | {side: [str(path) for path in paths] for side, paths in stored.items()}
    return [Case(side, length, parts[: number_of(length, size)]) for length in lengths for side, parts in sides.items()]


def number_of(length: int, size: int) -> int:
    """Chunks of a context."""
    return -(-length // size)


def chunks_of(file: Path, tokenizer: Any, number: int, size: int) -> list[str]:
    """Consecutive pieces of text of about ``size`` tokens each.

    Args:
        file: JSON lines with a field ``text``.
        tokenizer: of the ``tokenizers`` library.
        number: of pieces.
        size: tokens of a piece.

    Raises:
        ValueError: the file has too little text.
    """
    chunks: list[str] = []
    for row in read_jsonl(file):
        text = row["text"] + "\n\n"
        starts = [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]
        cuts = starts[::size]
        chunks += [text[first:last] for first, last in pairwise(cuts)]
        if len(chunks) >= number:
            return chunks[:number]
    raise ValueError(f"{file} has {len(chunks)} whole pieces of {size} tokens in its field text; {number} are needed")
