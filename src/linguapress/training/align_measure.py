"""How well a small model foretells the target's outputs, and how far its distribution is from the target's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from linguapress.training.align_loss import Predictor, divergence
from linguapress.training.align_tokens import Batch, Row, collate
from linguapress.training.lm_measure import figures


@torch.no_grad()
def nats_per_token(model: Predictor, rows: Sequence[Row], at_once: int) -> float:
    """Mean negative log-likelihood of the outputs given their prompts; end tokens are not counted.

    Args:
        model: who foretells.
        rows: of held-out pairs.
        at_once: rows that are read at once.
    """
    total = sum(model.nll(batch).item() for batch in _batches(model, rows, at_once))
    return total / sum(row.tokens for row in rows)


def measured(model: Predictor, rows: Sequence[Row], at_once: int, target: Predictor | None = None) -> dict[str, float]:
    """Nats per token, perplexity and bits per byte of the outputs; KL(target || model) in nats per token of them.

    Arguments as of :func:`nats_per_token`; without a target there is no divergence.
    """
    tokens = sum(row.tokens for row in rows)
    nats = nats_per_token(model, rows, at_once)
    found = {"nats_per_token": nats, **figures(nats * tokens, tokens, sum(row.size for row in rows))}
    if target is not None:
        found["divergence"] = sum(divergence(target, model, batch) for batch in _batches(model, rows, at_once)) / tokens
    return found


def _batches(model: Predictor, rows: Sequence[Row], at_once: int) -> Iterator[Batch]:
    """Rows of like length together."""
    ordered = sorted(rows, key=lambda row: len(row.ids))
    for at in range(0, len(ordered), at_once):
        yield collate(ordered[at : at + at_once], model.device, with_ends=False)
