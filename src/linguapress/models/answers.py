"""Where an answer stands: what the logits of a passage's tokens say of its units and of its words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from linguapress.scores import Floats, Offsets, TokenScores, unit_of, within
from linguapress.text import Passage, Span
from linguapress.units import Units

_LEAST = -9.0  # nats below the most probable token at which a unit holds no answer


def pointed(tokens: Sequence[TokenScores] | None) -> list[TokenScores]:
    """Nats that each token lies below the one that is most probably part of the answer, of all passages; 0 or less.

    Nothing where no logits differ, or none are numbers.
    """
    rows = [np.asarray(scores.values, dtype=np.float64) for scores in tokens or ()]
    known = np.concatenate([np.empty(0), *(row[np.isfinite(row)] for row in rows)])
    if not tokens or not len(known) or known.min() == known.max():
        return []
    values = (np.where(np.isfinite(row), row - known.max(), -np.inf) for row in rows)
    return [TokenScores(scores.offsets, row) for scores, row in zip(tokens, values, strict=True)]


def evidence(tokens: Sequence[TokenScores], passages: Sequence[Passage], units: Sequence[Units]) -> list[Floats]:
    """For each passage how much of the answer its units hold: log-sum-exp over their tokens, shape [units].

    Args:
        tokens: what :func:`pointed` has found.
        passages: whose sources the tokens are of.
        units: of the passages' texts.
    """
    return [_held(*row) for row in zip(tokens, passages, units, strict=True)]


def _held(scores: TokenScores, passage: Passage, units: Units) -> Floats:
    return log_sums(within(scores.offsets, passage), scores.values, units.spans, _LEAST)


def log_sums(offsets: Offsets, values: Floats, units: Sequence[Span], least: float) -> Floats:
    """Log-sum-exp of the tokens of each unit, ``least`` or more, shape [units].

    Args:
        offsets: of the tokens, shape [tokens, 2], in the characters that the units count.
        values: of the tokens; no NaN.
        units: ascending, disjoint.
        least: also of a unit without a token.
    """
    owner = unit_of(offsets, units)
    sums = np.bincount(owner[owner >= 0], np.exp(values[owner >= 0]), len(units))
    return np.asarray(np.log(np.maximum(sums, np.exp(least))))
