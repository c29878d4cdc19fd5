"""The loss of pretraining: the untouched model says a text again, given nothing but its memory."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.encoder import Part
from linguapress.soft.prompt import lay_out
from linguapress.soft.splice import SoftReader


def regeneration_loss(press: SoftCompressor, rows: Sequence[Sequence[int]]) -> Tensor:
    """Mean surprisal of the tokens of some texts and of their end, in nats (500xCompressor, section 3.2; ICAE, section 2.2).

    Gradients flow through the memories into the adapter and the memory tokens; the weights of the model get none.

    Args:
        press: the compressor that is trained.
        rows: tokens of each text, at most ``press.settings.longest``.

    Raises:
        ValueError: no text, or one that is too long.
    """
    most = press.settings.longest
    if not rows or max(map(len, rows)) > most:
        raise ValueError(f"{len(rows)} texts, the longest of {max(map(len, rows), default=0)} tokens; give some, of at most {most}")
    memories = press.encode([Part(row) for row in rows])
    prompts = [press.regenerating(memory) for memory in memories]
    laid = [lay_out(press.lm, prompt, target=[*row, *press.lm.end]) for prompt, row in zip(prompts, rows, strict=True)]
    return torch.cat(SoftReader(press.lm).surprisals(laid)).mean()
