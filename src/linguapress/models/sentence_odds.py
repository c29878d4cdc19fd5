"""From what a selector says of tokens and passages to the probability that a sentence is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from linguapress.models.answers import log_sums
from linguapress.scores import Floats, Offsets, TokenScores
from linguapress.text import Span

if TYPE_CHECKING:
    from linguapress.models.pair_reader import PairReading

CONFIG = "sentence_odds"  # entry of a selector's config
_SURELY = 0.001  # least and most that the mean need of a sentence counts as
_NO_ANSWER = -12.0  # least that a sentence's evidence of an answer counts as
_MOST = 80.0  # most that a logit counts as, either way


class SentenceOdds(NamedTuple):
    """Weights of a logistic regression; the defaults leave the mean need of a sentence's tokens, 0.001..0.999, as it is.

    Answer and relevance are trained to tell passages of one question apart; what they are worth across questions is what a fit
    finds out (:mod:`linguapress.training.sentence_fit`).

    Attributes:
        need: of the log-odds of the mean p(needed) of the sentence's tokens.
        answer: of the log-sum-exp of their logits of being part of the answer.
        relevance: of the logit of the passage.
        bias: added to the sum.
    """

    need: float = 1.0
    answer: float = 0.0
    relevance: float = 0.0
    bias: float = 0.0

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> SentenceOdds:
        """Those that a selector's config names, or the defaults.

        Raises:
            ValueError: it names others, or what is no finite number.
        """
        found = config.get(CONFIG, {})
        if not isinstance(found, dict) or found.keys() - set(cls._fields) or not all(map(_finite, found.values())):
            raise ValueError(f"{CONFIG} is {found!r}; it has finite numbers for some of {', '.join(cls._fields)}")
        return cls(**found)

    def chances(self, evidence: Floats) -> Floats:
        """Probability of each sentence being needed, 0..1, shape [sentences].

        Args:
            evidence: see :func:`sentence_evidence`; of a sentence without a token it is NaN, and the result 0.
        """
        odds = evidence @ np.array([self.need, self.answer, self.relevance]) + self.bias
        return np.asarray(np.nan_to_num(1 / (1 + np.exp(-odds.clip(-_MOST, _MOST)))))


PLAIN = SentenceOdds()


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and bool(np.isfinite(value))


def sentence_shares(reading: PairReading, offsets: Offsets, spans: Sequence[Span]) -> Floats:
    """Mean p(needed) of the tokens of each sentence, shape [sentences]; NaN for one without a token.

    Args:
        reading: of the passage.
        offsets: of its tokens, shape [tokens, 2], in the characters that the spans count.
        spans: of the sentences.
    """
    return TokenScores(offsets, np.nan_to_num(reading.need).clip(0, 1)).pool(spans)


def sentence_evidence(reading: PairReading, offsets: Offsets, spans: Sequence[Span], shares: Floats | None = None) -> Floats:
    """What is known of each sentence, shape [sentences, 3]: log-odds of its need, evidence of an answer, relevance of its passage.

    Args:
        reading: of the passage.
        offsets: of its tokens, shape [tokens, 2], in the characters that the spans count.
        spans: of the sentences.
        shares: what :func:`sentence_shares` has found for them; None = it is asked.
    """
    found = sentence_shares(reading, offsets, spans) if shares is None else shares
    share = found.astype(np.float64).clip(_SURELY, 1 - _SURELY)
    answer = np.nan_to_num(reading.answer.astype(np.float64), nan=-_MOST).clip(-_MOST, _MOST)
    whole = np.full(len(spans), np.nan_to_num(reading.relevance).clip(-_MOST, _MOST))
    return np.stack([np.log(share / (1 - share)), log_sums(offsets, answer, spans, _NO_ANSWER), whole], axis=1)
