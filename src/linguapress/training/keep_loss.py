"""The losses of a keep head, as sums, so that a step may be read in parts and by several processes and remain the same step."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from linguapress.training.keep_data import IGNORED, Batch


class Amounts(NamedTuple):
    """How much there is to learn from: tokens with a label, vectors to hold, tokens with a teacher's probability."""

    keep: int
    hold: int
    teacher: int


def amounts(batch: Batch) -> Amounts:
    """How much a batch teaches."""
    held = len(batch.ids) + int(batch.sentences.max()) + 1
    return Amounts(int((batch.labels != IGNORED).sum()), held, int((batch.chances >= 0).sum()))


def keep_loss(logits: Tensor, batch: Batch, smoothing: float) -> Tensor:
    """Cross entropy on keep / drop, summed over the labelled tokens (LLMLingua-2, arXiv 2403.12968, section 4.1), nats."""
    return functional.cross_entropy(
        logits.float().flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED, reduction="sum", label_smoothing=smoothing
    )


def teacher_loss(logits: Tensor, batch: Batch) -> Tensor:
    """KL divergence of the student's keep probabilities from the teacher's, summed over tokens, nats.

    Distillation of soft targets (Hinton et al., arXiv 1503.02531, section 2) at temperature 1: with two classes the
    probability itself carries all that the teacher knows.
    """
    known = batch.chances >= 0
    keep = batch.chances[known]
    target = torch.stack([1 - keep, keep], dim=-1)
    return functional.kl_div(logits.float()[known].log_softmax(-1), target, reduction="sum")


def hold_loss(hidden: Tensor, original: Tensor, batch: Batch) -> Tensor:
    """1 - cosine to the frozen original, summed over mean-pooled vectors of sentences and of whole texts."""
    cosine = functional.cosine_similarity(_pooled(hidden.float(), batch), _pooled(original.float(), batch))
    return (1 - cosine).sum()


def _pooled(hidden: Tensor, batch: Batch) -> Tensor:
    """Mean vectors [sentences + texts, width] of hidden states [texts, tokens, width]."""
    texts = (hidden * batch.mask[..., None]).sum(1) / batch.mask.sum(1, keepdim=True)
    inside = batch.sentences >= 0
    owner = batch.sentences[inside]
    count = owner.bincount()
    sums = hidden.new_zeros(len(count), hidden.shape[-1]).index_add(0, owner, hidden[inside])
    return torch.cat([sums / count[:, None], texts])
