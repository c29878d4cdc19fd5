"""How well a soft compressor does on what it has not learnt from, and whether it is the memory that does it."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from linguapress.soft.batches import in_company
from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.encoder import Part
from linguapress.soft.memory import Memory
from linguapress.soft.places import Layout
from linguapress.soft.prompt import Prompt, lay_out
from linguapress.soft.splice import SoftReader
from linguapress.training.soft_material import Item, Piece

_KINDS = ("right", "wrong", "none")


@torch.no_grad()
def measured(press: SoftCompressor, items: Sequence[Item], batch: int, layout: Layout, k: int | None = None) -> dict[str, float]:
    """Nats per token and share of tokens that are the likeliest ones, of texts said again or of answers, teacher-forced.

    Args:
        press: the compressor.
        items: pieces of texts, or questions.
        batch: items at once; two or three where fewer would leave one without another.
        layout: where memories stand in a prompt.
        k: memory tokens; None = all.

    Returns:
        ``nats_right`` and ``accuracy_right`` with the memory of the text; ``..._wrong`` with that of another item: it should
        help no more than ``..._none``, no memory at all.
    """
    sums = dict.fromkeys((f"{name}_{kind}" for kind in _KINDS for name in ("nats", "accuracy")), 0.0)
    count = 0
    for part in in_company(items, batch):
        memories = [press.encode([Part(chunk) for chunk in _chunks(item)], k) for item in part]
        others = [*memories[1:], memories[0]]
        none: list[list[Memory]] = [[] for _ in part]
        for kind, given in zip(_KINDS, (memories, others, none), strict=True):
            nats, right, tokens = _said(press, part, given, layout)
            sums[f"nats_{kind}"] += nats
            sums[f"accuracy_{kind}"] += right
        count += tokens
    return {name: value / count for name, value in sums.items()}


def _chunks(item: Item) -> list[list[int]]:
    return [item.ids] if isinstance(item, Piece) else item.contexts


def _said(
    press: SoftCompressor, items: Sequence[Item], memories: Sequence[list[Memory]], layout: Layout
) -> tuple[float, float, int]:
    """Nats, likeliest tokens and tokens of what should be said, summed."""
    pairs = list(zip(items, memories, strict=True))
    prompts = [_prompt(press, item, found) for item, found in pairs]
    targets = [[*(item.ids if isinstance(item, Piece) else item.answer), *press.lm.end] for item, _ in pairs]
    laid = [lay_out(press.lm, prompt, layout, target) for prompt, target in zip(prompts, targets, strict=True)]
    logits = SoftReader(press.lm).logits(laid)
    wanted = torch.tensor([token for target in targets for token in target], device=logits.device)
    nats = torch.nn.functional.cross_entropy(logits, wanted, reduction="sum")
    return float(nats), float((logits.argmax(-1) == wanted).sum()), len(wanted)


def _prompt(press: SoftCompressor, item: Item, memories: list[Memory]) -> Prompt:
    if not isinstance(item, Piece):
        return [*memories, item.prompt]
    return [*memories, press.asking]
