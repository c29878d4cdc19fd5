"""What is left to ask, and whether it may cost so much."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from linguapress.errors import DistillationError
from linguapress.training.distill.estimate import Estimate, estimated
from linguapress.training.distill.ledger import Ledger, read_entries
from linguapress.training.distill.run import RunSettings, to_ask


def expected_of(texts: Sequence[str], teacher: str, file: Path, settings: RunSettings) -> Estimate:
    """The estimate for the texts that a ledger's file does not answer; writes nothing."""
    ledger = Ledger(file)
    if file.exists():
        ledger.entries = read_entries(file)
    return expected(texts, teacher, ledger, settings)


def expected(texts: Sequence[str], teacher: str, ledger: Ledger, settings: RunSettings) -> Estimate:
    """The estimate for the texts that the ledger does not answer; equal texts are asked once."""
    different = list(dict.fromkeys(texts))
    left = to_ask(different, teacher, ledger, settings)
    return estimated(left, len(different) - len(left), settings.task, settings.prices, settings.count)


def check_cost(texts: Sequence[str], teacher: str, ledger: Ledger, settings: RunSettings) -> None:
    """Stops what would become too dear before anything is asked.

    Raises:
        DistillationError: the estimate is above the most that may be spent.
    """
    if settings.most_cost is None:
        return
    cost = expected(texts, teacher, ledger, settings).cost
    if cost > settings.most_cost:
        raise DistillationError(
            f"it would cost about {cost:,.4f}, above the most of {settings.most_cost:,.4f}; "
            "give less text, a cheaper teacher or a higher limit"
        )
