"""Perplexity and bits per byte of a causal language model, of an n-gram model and of gzip on the same texts."""

from __future__ import annotations

import gzip
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from linguapress.training.lm_loss import target_nll
from linguapress.training.lm_tokens import END_ID, Tokens, stream
from linguapress.training.ngram import NGram

_BATCH = 16  # windows


class _Window(NamedTuple):
    """A stretch of a document, of which the first ``known`` targets were scored before."""

    tokens: Tokens
    known: int


def figures(nats: float, tokens: int, size: int) -> dict[str, float]:
    """Perplexity per token and bits per byte.

    Args:
        nats: negative log-likelihood of all tokens.
        tokens: number of them.
        size: UTF-8 bytes of the texts.
    """
    return {"perplexity": math.exp(nats / tokens), "bits_per_byte": nats / math.log(2) / size}


def byte_count(texts: Sequence[str]) -> int:
    """UTF-8 bytes of the texts."""
    return sum(len(text.encode()) for text in texts)


@torch.no_grad()
def model_nats(model: Any, documents: Sequence[Tokens], window: int) -> float:
    """Negative log-likelihood of the documents, each read on its own after an end token; the end itself is not scored.

    Windows overlap by half, so that beyond the first each token is read after at least ``window // 2`` others.

    Args:
        model: a causal LM of transformers; its decoder and its head are called apart.
        documents: token ids of each.
        window: tokens that are read at once.
    """
    windows = [part for document in documents for part in _windows(document, window)]
    windows.sort(key=lambda part: len(part.tokens))  # little padding
    total = 0.0
    for at in range(0, len(windows), _BATCH):
        hidden, targets = _forward(model, windows[at : at + _BATCH])
        total += float(target_nll(hidden, model.lm_head.weight, targets).double().sum())
    return total


def _windows(document: Tokens, window: int) -> list[_Window]:
    tokens = stream([document])[:-1]
    found, scored, at = [], 0, 0
    while scored < len(document):
        found.append(_Window(tokens[at : at + window + 1], scored - at))
        scored = min(at + window, len(document))
        at += window // 2
    return found


def _forward(model: Any, windows: Sequence[_Window]) -> tuple[Tensor, Tensor]:
    """Hidden states [tokens, width] and targets [tokens] of what is to be scored; padding on the right is never seen."""
    longest = max(len(part.tokens) for part in windows)
    ids = np.full((len(windows), longest), END_ID, np.int64)
    wanted = np.zeros((len(windows), longest - 1), bool)
    for row, part in enumerate(windows):
        ids[row, : len(part.tokens)] = part.tokens
        wanted[row, part.known : len(part.tokens) - 1] = True
    device = model.lm_head.weight.device
    read, where = torch.from_numpy(ids).to(device), torch.from_numpy(wanted).to(device)
    hidden = model.model(input_ids=read[:, :-1], use_cache=False).last_hidden_state
    return hidden[where], read[:, 1:][where]


def ngram_nats(model: NGram, documents: Sequence[Tokens]) -> float:
    """Negative log-likelihood of the documents; ends are read but not scored."""
    tokens = stream(documents)
    return float(-np.log(model.probabilities(tokens)[tokens != END_ID]).sum())


def gzip_bits_per_byte(texts: Sequence[str]) -> float:
    """Of all texts in one file, at the highest level."""
    whole = "\n".join(texts).encode()
    return 8 * len(gzip.compress(whole, 9)) / len(whole)
