"""Pairs as tokens, and the batches of a run.

A pair reads: start token, instruction, blank line, input, blank line (the last two only where there is an input), output, end
token. Prompt and output are tokenized apart, so that the border between them is one between tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from linguapress.models.causal_cache import NONE, Ids
from linguapress.models.causal_weights import CausalWeights
from linguapress.scores import Offsets
from linguapress.segment import encodable
from linguapress.training.align_pairs import BLANK_LINE, Pair


class Row(NamedTuple):
    """One pair.

    Attributes:
        ids: tokens from the start token to the last one that is learnt.
        prompt: the first so many are read, the rest is predicted.
        ends: whether the last one is the end token; it is learnt, but no figure counts it.
        size: UTF-8 bytes of the output, as far as it is there.
        cut: whether the output was too long for the window.
    """

    ids: Ids
    prompt: int
    ends: bool
    size: int
    cut: bool

    @property
    def tokens(self) -> int:
        """Tokens of the output, without the end token."""
        return len(self.ids) - self.prompt - self.ends


def rows_of(pairs: Sequence[Pair], reader: CausalWeights, end: int | None) -> list[Row]:
    """The rows of pairs; those whose prompts leave no room in the reader's window are missing.

    Args:
        pairs: in any order.
        reader: who reads them: its tokenizer, start token and window count.
        end: token that ends an output, None where the tokenizer has none.
    """
    prompts, _ = reader.encode([pair.prompt + BLANK_LINE for pair in pairs])
    outputs, spans = reader.encode([pair.output for pair in pairs])
    tail = NONE if end is None else np.array([end], dtype=np.int64)
    found = []
    for pair, prompt, output, places in zip(pairs, prompts, outputs, spans, strict=True):
        head = np.concatenate([reader.start, prompt])
        if len(output) and len(head) <= reader.window:
            found.append(_row(pair, head, output, places, reader.window, tail))
    return found


def _row(pair: Pair, head: Ids, output: Ids, places: Offsets, window: int, tail: Ids) -> Row:
    room = window + 1 - len(head)  # the last token is predicted, not read
    kept = output[:room]
    tail = tail[: room - len(kept)]
    size = len(encodable(pair.output[: places[len(kept) - 1][1]]).encode())
    return Row(np.concatenate([head, kept, tail]), len(head), bool(len(tail)), size, len(kept) < len(output))


def digest(rows: Sequence[Row]) -> str:
    """Checksum of what is learnt: a run that goes on must find the same."""
    found = blake2b(digest_size=16)
    for row in rows:
        found.update(np.array([len(row.ids), row.prompt], dtype=np.int64).tobytes() + row.ids.tobytes())
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Batches:
    """Rows in an order that depends on the seed and the epoch alone."""

    rows: Sequence[Row]
    size: int
    seed: int

    @property
    def steps(self) -> int:
        """Of an epoch."""
        return math.ceil(len(self.rows) / self.size)

    def of_step(self, step: int) -> list[Row]:
        """What a step learns from, short ones first; the last step of an epoch may hold fewer."""
        epoch, at = divmod(step, self.steps)
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.rows))
        found = [self.rows[number] for number in order[at * self.size : (at + 1) * self.size]]
        return sorted(found, key=lambda row: len(row.ids))


class Batch(NamedTuple):
    """Rows side by side.

    Attributes:
        ids: tokens [rows, tokens], padded on the right, which nothing to the left sees.
        wanted: whether the token after each is predicted [rows, tokens - 1].
    """

    ids: Tensor
    wanted: Tensor

    @property
    def targets(self) -> Tensor:
        """Tokens that are predicted [targets]."""
        return self.ids[:, 1:][self.wanted]


def collate(rows: Sequence[Row], device: torch.device, with_ends: bool) -> Batch:
    """Rows as one batch, in which end tokens are predicted or not."""
    longest = max(len(row.ids) for row in rows)
    ids, wanted = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest - 1), bool)
    for number, row in enumerate(rows):
        ids[number, : len(row.ids)] = row.ids
        wanted[number, row.prompt - 1 : len(row.ids) - 1 - (row.ends and not with_ends)] = True
    return Batch(torch.from_numpy(ids).to(device), torch.from_numpy(wanted).to(device))
