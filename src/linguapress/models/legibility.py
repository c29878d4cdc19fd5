"""Can a model read this text? Told by how its vocabulary spells it."""

from __future__ import annotations

from linguapress.scores import Offsets

# Letters a token at which a language counts as spelled out, and as read. Of all English passages of the training data 95 % have
# 3.2 and more, of Spanish ones 95 % less than 3.2; Chinese, Arabic, Russian and Thai have 1.0 to 1.3.
_SPELLED, _READ = 2.6, 3.3
_LOOKED_AT = 256  # tokens


def legibility(text: str, offsets: Offsets, unknown: float) -> float:
    """How well a vocabulary fits a text, 0..1: by letters a token, and by the share of unknown tokens.

    A vocabulary that spells a language in short pieces comes from training that saw little of it.

    Args:
        text: the text.
        offsets: its tokens, shape [tokens, 2].
        unknown: share of tokens outside the vocabulary, 0..1.
    """
    lengths = [end - start for start, end in offsets[:_LOOKED_AT].tolist() if text[start:end].isalpha()]
    usual, weight = 4.0, 6  # a few rare names in a short text prove nothing
    mean = (sum(lengths) + usual * weight) / (len(lengths) + weight)
    fit = min(1.0, max(0.0, (mean - _SPELLED) / (_READ - _SPELLED)))
    return float(fit * max(0.0, 1 - 4 * unknown))
