"""How much may remain, and what the results call it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from linguapress.budget import Budget
from linguapress.errors import InvalidBudget


class Size(NamedTuple):
    """A budget and its label in the results.

    Attributes:
        label: tokens (``300``), a rate (``0.3``), a ratio (``"4x"``), or ``"adaptive"``, which leaves it to the method.
        budget: the budget.
    """

    label: int | float | str
    budget: Budget


def sizes(
    counter: object,
    *,
    tokens: Iterable[int] = (),
    rates: Iterable[float] = (),
    ratios: Iterable[float] = (),
    adaptive: bool = False,
) -> list[Size]:
    """Sizes in the order of the arguments.

    Args:
        counter: the reader's tokenizer.
        tokens: tokens that may remain.
        rates: shares of the tokens that may remain, 0..1.
        ratios: tokens before / tokens that may remain, 1 or more.
        adaptive: adds an open budget.

    Raises:
        InvalidBudget: a value out of range.
    """
    return [
        *(Size(count, Budget(tokens=count, count=counter)) for count in tokens),
        *(Size(rate, Budget(rate=rate, count=counter)) for rate in rates),
        *(Size(f"{ratio:g}x", _of_ratio(ratio, counter)) for ratio in ratios),
        *([Size("adaptive", Budget(count=counter))] if adaptive else []),
    ]


def _of_ratio(ratio: float, counter: object) -> Budget:
    if not ratio >= 1:
        raise InvalidBudget(f"a ratio is tokens before / tokens kept, 1 or more, got {ratio!r}")
    return Budget(rate=1 / ratio, count=counter)
