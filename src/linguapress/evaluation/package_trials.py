"""What a grid runs when methods of the package ``llmlingua`` are among the others."""

from __future__ import annotations

from collections.abc import Sequence

from linguapress.compression import Compression
from linguapress.errors import InvalidBudget
from linguapress.evaluation import bench
from linguapress.evaluation.bench import Trial
from linguapress.evaluation.contenders import contender
from linguapress.evaluation.package import METHODS, Package
from linguapress.evaluation.sizes import Size
from linguapress.evaluation.tasks import Example


class PackageTrial(Trial):
    """A method of the package at one budget."""

    def compress(self, example: Example) -> Compression:
        """Of a few-shot prompt it is given the demonstrations, as its users do."""
        press = self.compressor
        if example.prompt and isinstance(press, Package):
            return press.compress_shots(example.prompt, budget=self.size.budget)
        return super().compress(example)


def trials(methods: Sequence[str], sizes: Sequence[Size], lm: str, reference: str) -> list[Trial]:
    """:func:`linguapress.evaluation.bench.trials`, in the order of the methods, with those of the package.

    Args:
        methods: names of contenders.
        sizes: how much may remain.
        lm: the causal language model of the perplexity methods.
        reference: interpreter of an environment that has ``llmlingua``; empty = there is none.

    Raises:
        InvalidBudget: nothing is left to run.
        UnknownName: a contender that does not exist, or one of the package without an interpreter.
    """
    own = [name for name in methods if name not in METHODS]
    budgets = [size for size in sizes if not size.budget.open]
    found = {
        name: [PackageTrial(name, contender(name, lm, reference), size) for size in budgets] for name in methods if name in METHODS
    }
    if not budgets and not own:
        raise InvalidBudget(f"none of {', '.join(methods)} can tell how much to keep; give budgets")
    groups = (bench.trials(own, sizes, lm) if own else {}) | found
    return [trial for name in methods for trial in groups[name]]
