"""Long texts in strides, and inputs in batches whose results do not depend on one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from linguapress.models.causal_cache import Feed

_ROUND = 16


class Stride(NamedTuple):
    """Tokens ``start:end`` that are read at once, of which those from ``scored`` on are scored."""

    start: int
    scored: int
    end: int


def strides(tokens: int, room: int) -> Iterator[Stride]:
    """Strides that score each token once: the first fills the room, each later one begins with half a room of scored tokens."""
    yield Stride(0, 0, min(tokens, room))
    for at in range(room, tokens, room - room // 2):
        yield Stride(at - room // 2, at, min(at + room - room // 2, tokens))


def batches(feeds: Sequence[Feed], batch_tokens: int, longest: int) -> Iterator[tuple[int, list[int]]]:
    """Groups of inputs that are padded to the same length, with that length; long ones first.

    The padding of an input follows from its own length, whatever else is in the batch, and inputs of a batch have equally many
    tokens before them: that makes results independent of company, and spares the model a mask.

    Args:
        feeds: in any order.
        batch_tokens: most tokens in a batch, padding and tokens before the inputs counted.
        longest: most tokens of an input.

    Yields:
        The length, and the numbers of the inputs.
    """
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, feed in enumerate(feeds):
        groups[min(_rounded(len(feed.ids)), longest), len(feed.slots)].append(number)
    for length, held in sorted(groups, reverse=True):
        numbers, rows = groups[length, held], max(1, batch_tokens // (length + held))
        for at in range(0, len(numbers), rows):
            yield length, numbers[at : at + rows]


def _rounded(tokens: int) -> int:
    """The next multiple of 16, or of an eighth of the power of two below: at most an eighth is padding in what is long."""
    step = max(_ROUND, (1 << (tokens.bit_length() - 1)) // 8)
    return -(-tokens // step) * step
