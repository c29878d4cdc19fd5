"""Training data on disk, as ``linguapress train keep --data`` reads it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from linguapress.errors import DistillationError
from linguapress.segment import encodable
from linguapress.training.distill.quality import Pair

_BUCKETS = 1 << 32


class Split(NamedTuple):
    """Pairs to train on, and pairs to measure on."""

    train: list[Pair]
    dev: list[Pair]


def split(pairs: Sequence[Pair], dev_share: float = 0.1) -> Split:
    """Parts the pairs by a hash of their texts, so that a text stays on its side whatever else is distilled later.

    Neither side is left empty: where the hash would, the text that is nearest to the border changes sides.

    Raises:
        DistillationError: fewer than two pairs, or a share outside 0..1.
    """
    check_parts(len(pairs), dev_share)
    dev = held_out([pair.text for pair in pairs], dev_share)
    return Split([pair for pair in pairs if pair.text not in dev], [pair for pair in pairs if pair.text in dev])


def check_parts(passages: int, dev_share: float) -> None:
    """Raises: DistillationError: fewer than two passages, or a share outside 0..1."""
    if not 0 < dev_share < 1:
        raise DistillationError(f"the share of dev must be between 0 and 1, got {dev_share}")
    if passages < 2:
        raise DistillationError(f"only {passages} passages are left; training needs at least two, give more text")


def held_out(texts: Sequence[str], share: float) -> set[str]:
    """About that share of at least two different texts, by a hash of each; at least one, and not all."""
    order = sorted(set(texts), key=_place)
    border = sum(_place(text) < share for text in order)
    return set(order[: min(max(1, border), len(order) - 1)])


def _place(text: str) -> float:
    return int.from_bytes(blake2b(encodable(text).encode(), digest_size=4).digest(), "big") / _BUCKETS


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """JSON lines with the fields text, compressed, source and kept (character ranges, one a word); whole or not at all."""
    rows = (
        {"source": pair.source, "text": pair.text, "compressed": pair.compressed, "kept": [list(span) for span in pair.kept]}
        for pair in pairs
    )
    write_text(path, "".join(json.dumps(row, ensure_ascii=not _utf8(row["text"])) + "\n" for row in rows))


def write_text(path: Path, text: str) -> None:
    """Replaces a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8", newline="\n")
    os.replace(draft, path)


def _utf8(text: object) -> bool:
    return encodable(str(text)) == text
