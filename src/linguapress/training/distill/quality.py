"""Quality of a teacher's compressions and of their labels (LLMLingua-2, arXiv 2403.12968, section 3.3), and which pairs to drop.

Words are those of ``wording``, without punctuation (characters, in scripts that write no blanks), and one is "in" a text when the
text has it but for a small rewording, the relation of the labels themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from linguapress.errors import DistillationError
from linguapress.text import Span
from linguapress.training.distill.instruction import compression_of
from linguapress.training.labels import alignment, kept_words, word_spans
from linguapress.training.wording import alike


@dataclass(frozen=True, slots=True)
class Pair:
    """A text, what a teacher made of it, and how good that is.

    Attributes:
        source: domain of the text.
        text: its characters.
        compressed: the teacher's version.
        kept: words of ``text`` that are kept, ascending.
        strange: words of ``compressed`` that are not in ``text``, ascending.
        rate: share of the text's words that are kept, 0..1.
        variation: variation rate (equation 1), the share of the teacher's words that are not in the text, 0..1.
        gap: alignment gap (equations 2 to 4), hitting rate less matching rate: words of the teacher that are in the text, less
            words of the text that are labelled as kept, both as a share of the text's words.
    """

    source: str
    text: str
    compressed: str
    kept: tuple[Span, ...]
    strange: tuple[Span, ...]
    rate: float
    variation: float
    gap: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Which pairs are dropped.

    Attributes:
        variation_share: share of all pairs, those with the highest variation rate.
        gap_share: share of the remaining ones, those with the highest alignment gap.
        most_variation: mean variation rate from which on the teacher is said to rewrite.
    """

    variation_share: float = 0.05
    gap_share: float = 0.10
    most_variation: float = 0.5

    def __post_init__(self) -> None:
        """Refuses shares outside 0..1."""
        for name in ("variation_share", "gap_share", "most_variation"):
            if not 0 <= getattr(self, name) <= 1:
                raise DistillationError(f"{name} must be between 0 and 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Sifted:
    """Pairs by what became of them; those dropped come worst first."""

    kept: list[Pair]
    by_variation: list[Pair]
    by_gap: list[Pair]
    empty: list[Pair]


def measured(source: str, text: str, compressed: str) -> Pair:
    """The pair with its labels and figures."""
    found = alignment(text, compressed)
    kept = tuple(kept_words(text, found))
    original = [word.key for word in found.source if not word.mark]
    said = [word for word in found.target if not word.mark]
    known = set(original)
    known |= {word for word, others in alike({word.key for word in said} - known, list(known)).items() if others}
    strange = tuple(word.span for word in said if word.key not in known)
    variation = len(strange) / len(said) if said else 0.0
    hitting = (len(said) - len(strange)) / max(1, len(original))
    matching = sum(not found.source[index].mark for index, _ in found.pairs) / max(1, len(original))
    rate = len(kept) / max(1, len(word_spans(text)))
    return Pair(source, text, compressed, kept, strange, rate, variation, hitting - matching)


def sift(pairs: Iterable[Pair], quality: Quality | None = None) -> Sifted:
    """Drops the worst pairs, as the paper does; never one without any fault, nor one more than the shares say."""
    pairs, quality = list(pairs), quality or Quality()
    some, empty = [pair for pair in pairs if pair.kept], [pair for pair in pairs if not pair.kept]
    some, by_variation = _without_worst(some, quality.variation_share, lambda pair: pair.variation)
    some, by_gap = _without_worst(some, quality.gap_share, lambda pair: pair.gap)
    return Sifted(some, by_variation, by_gap, empty)


class Watch:
    """Looks at the first answers of a run, so that a teacher that rewrites is found out before all is paid."""

    def __init__(self, quality: Quality, first: int = 20) -> None:
        self._quality, self._first, self._seen = quality, first, list[Pair]()

    def __call__(self, text: str, reply: str) -> None:
        """One more answer.

        Raises:
            DistillationError: it completes the first ones, and they are rewritten.
        """
        if len(self._seen) < self._first:
            self._seen.append(measured("", text, compression_of(reply, text)))
            if len(self._seen) == self._first:
                check_extractive(self._seen, self._quality)


def check_extractive(pairs: Sequence[Pair], quality: Quality) -> None:
    """Raises a DistillationError where a teacher rewrote instead of deleting."""
    strange = mean(pair.variation for pair in pairs) if pairs else 0.0
    if strange > quality.most_variation:
        raise DistillationError(
            f"the teacher rewrites instead of deleting: {strange:.0%} of its words are not in the texts; "
            "use a stronger model, or a lower temperature"
        )


def _without_worst(pairs: list[Pair], share: float, badness: Callable[[Pair], float]) -> tuple[list[Pair], list[Pair]]:
    """The pairs in their order without the worst ``share``, and those; exactly so many, earlier ones first among equals."""
    order = sorted(range(len(pairs)), key=lambda index: -badness(pairs[index]))[: int(share * len(pairs) + 1e-9)]
    worst = [index for index in order if badness(pairs[index]) > 0]
    chosen = set(worst)
    return [pair for index, pair in enumerate(pairs) if index not in chosen], [pairs[index] for index in worst]
