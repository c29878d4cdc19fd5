"""How much may remain, counted by whom, in which string."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import Parameter, signature
from numbers import Integral, Real
from types import MappingProxyType
from typing import ParamSpec, TypeVar

from linguapress.counters import TokenCounter, token_counter
from linguapress.errors import InvalidBudget

P = ParamSpec("P")
R = TypeVar("R")

_PARTS: Mapping[str, str] = MappingProxyType({  # of a budget, by what callers may call them
    "tokens": "tokens", "target_tokens": "tokens", "target_token": "tokens", "rate": "rate",
    "count": "count", "token_counter": "count", "separator": "separator",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Budget:
    """``Budget(tokens=500)``, ``Budget(rate=0.3)``, or ``Budget()``: as much as the query needs, for methods that can tell.

    Attributes:
        tokens: tokens that may remain in the final string.
        rate: share of the original tokens that may remain, 0..1.
        count: what counts tokens; see :func:`linguapress.token_counter`. None = the embedded tokenizer.
        separator: what stands between two passages in the final string; it is counted.

    Raises:
        InvalidBudget: both ``tokens`` and ``rate``, or a value out of range.
    """

    tokens: int | None = None
    rate: float | None = None
    count: object = None
    separator: str = "\n\n"

    def __post_init__(self) -> None:
        """Refuses what cannot be a budget."""
        if self.tokens is not None and self.rate is not None:
            raise InvalidBudget(f"give tokens or rate, not both; got tokens={self.tokens!r} and rate={self.rate!r}")
        if self.tokens is not None and not (_is_number(self.tokens, Integral) and self.tokens >= 0):
            raise InvalidBudget(f"tokens must be a whole number of 0 or more, got {self.tokens!r}")
        if self.rate is not None and not (_is_number(self.rate, Real) and 0 <= self.rate <= 1):
            raise InvalidBudget(f"rate is the share of tokens to keep, between 0 and 1, got {self.rate!r}")
        if not isinstance(self.separator, str):
            raise InvalidBudget(f"separator must be a string, got {self.separator!r}")

    @property
    def open(self) -> bool:
        """Whether the method decides how much remains."""
        return self.tokens is None and self.rate is None

    @property
    def counter(self) -> TokenCounter:
        """The function that counts."""
        return token_counter(self.count)

    def limit(self, tokens_before: int) -> int:
        """Tokens that may remain of ``tokens_before``."""
        if self.tokens is not None:
            return int(self.tokens)
        return tokens_before if self.rate is None else math.floor(self.rate * tokens_before + 1e-9)


def takes_budget(call: Callable[P, R]) -> Callable[P, R]:
    """The function, which says where a budget belongs that it is given without its name, or in parts."""
    kinds = [item.kind for item in signature(call).parameters.values()]
    places = sum(kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)

    @wraps(call)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if loose := [name for name in kwargs if name in _PARTS]:
            parts = ", ".join(f"{_PARTS[name]}={kwargs[name]!r:.60}" for name in loose)
            raise InvalidBudget(f"{call.__name__} takes no {' or '.join(loose)} by itself; write budget=Budget({parts})")
        if len(args) > places and "budget" not in kwargs and isinstance(args[places], Budget | Real):
            raise InvalidBudget(f"{call.__name__} takes a budget by name; write budget={_meant(args[places])}")
        return call(*args, **kwargs)

    return checked


def _meant(given: object) -> str:
    """How the budget is written that a number may have been meant as; an example, for anything else."""
    if _is_number(given, Integral):
        return f"Budget(tokens={given})"
    return f"Budget(rate={given})" if _is_number(given, Real) else "Budget(tokens=500)"


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
