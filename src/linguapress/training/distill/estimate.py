"""What a distillation will cost, before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linguapress.counters import TokenCounter
from linguapress.training.distill.task import Task
from linguapress.training.distill.teacher import Usage

_OVERHEAD = 10  # tokens of a chat format around two messages


@dataclass(frozen=True, slots=True)
class Prices:
    """What the teacher costs, in any currency, per million tokens."""

    million_in: float = 0.0
    million_out: float = 0.0

    def cost(self, usage: Usage) -> float:
        """Of so many tokens."""
        return (usage.tokens_in * self.million_in + usage.tokens_out * self.million_out) / 1e6


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is left to do.

    Attributes:
        requests: passages to send.
        answered: passages that the ledger answers already.
        usage: tokens of the requests, and of the answers as expected.
        cost: of both.
    """

    requests: int
    answered: int
    usage: Usage
    cost: float

    def told(self, what: str, priced: bool) -> str:
        """In one line, of so many ``what``, such as passages."""
        cost = f"cost about {self.cost:,.4f}" if priced else "no prices given (--price-in, --price-out)"
        return (
            f"{self.requests:,} {what} to ask, {self.answered:,} answered before; "
            f"about {self.usage.tokens_in:,} tokens in, {self.usage.tokens_out:,} out, {cost}"
        )


def estimated(texts: Sequence[str], answered: int, task: Task, prices: Prices, count: TokenCounter) -> Estimate:
    """The estimate for ``texts`` that are still to be asked, one try each.

    Args:
        texts: different passages.
        answered: how many others need not be asked.
        task: what the teacher does with each.
        prices: of the teacher.
        count: the tokens of a text, for want of the teacher's own tokenizer.
    """
    fixed = count(task.system) + count(task.request("")) + _OVERHEAD
    tokens = sum(map(count, texts))
    usage = Usage(fixed * len(texts) + tokens, round(task.answer_share * tokens) + task.answer_tokens * len(texts))
    return Estimate(len(texts), answered, usage, prices.cost(usage))
