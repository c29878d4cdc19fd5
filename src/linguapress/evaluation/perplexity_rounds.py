"""In which order the sides of :mod:`linguapress.evaluation.perplexity` work, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from linguapress.evaluation.perplexity_cases import Case
from linguapress.evaluation.perplexity_memory import Memory
from linguapress.evaluation.reference import Side

BARE = "bare"  # what our sides are told; no case has this name
OWN = {"own": "auto", "float32": "torch-float32"}  # our sides, and the runtime of each


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        rounds: timed rounds.
        minutes: after which no further round is begun, nor one that is expected to end later.
        batch: requests that are compressed together, besides one alone.
        few: of these, how many the reference compresses, one after another; its time is scaled.
        threads: of the model and of the tokenizers, on every side.
        device: ``"cpu"`` or ``"cuda"``.
        lengths: tokens of the prompts that show how the cost grows.
        busy: whether seconds are those of the processor, which other work on the machine changes less; for one thread on a CPU.
        heavy: seconds; a case whose first round takes longer has that one counted, else it only warms up.
    """

    rounds: int = 5
    minutes: float = 8.0
    batch: int = 16
    few: int = 2
    threads: int = 1
    device: str = "cpu"
    lengths: tuple[int, ...] = ()
    busy: bool = False
    heavy: float = 20.0


@dataclass
class Row:
    """One case on one model.

    Attributes:
        model: its name.
        case: what is compressed.
        sides: who compresses it.
        memories: of their processes.
        cost: seconds that a round is expected to take; a guess before the first one.
        busy: as in the plan.
        counted: rounds that count.
        begun: whether a round has been run.
        rounds: of each side, what it answered in each round that counts.
        errors: of a side, why it cannot.
    """

    model: str
    case: Case
    sides: Mapping[str, Side]
    memories: Mapping[str, Memory]
    cost: float
    busy: bool = False
    counted: int = 0
    begun: bool = False
    rounds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def run(self, heavy: float) -> None:
        """One round; the first is a warm-up unless it is heavy."""
        start = time.perf_counter()
        able = [name for name in self.sides if name not in self.errors]
        found = {name: self._answer(name) for name in (able if self.counted % 2 == 0 else able[::-1])}
        self.cost = time.perf_counter() - start
        warmed, self.begun = self.begun, True
        if warmed or self.cost > heavy:
            self.counted += 1
            for name, answer in found.items():
                self.rounds.setdefault(name, []).extend([answer] if answer else [])

    def _answer(self, name: str) -> dict[str, Any]:
        memory = self.memories[name]
        memory.reset()
        answer = self._asked(name, self.case.name)
        if "error" in answer:
            self.errors[name] = answer["error"]
            return {}
        answer["peak_mib"] = memory.peak(answer)
        return answer | ({"bare": self._asked(name, BARE)["seconds"]} if name in self.bare else {})

    def _asked(self, name: str, request: str) -> dict[str, Any]:
        """The answer of a side, with processor time for its seconds where that is wanted."""
        answer = self.sides[name].run(request)
        return answer | ({"seconds": answer["processor"]} if self.busy and "error" not in answer else {})

    @property
    def bare(self) -> tuple[str, ...]:
        """Sides whose bare passes are timed; of many requests, ours as it runs by default, for the time that they take."""
        return tuple(OWN) if len(self.case.questions) == 1 else tuple(OWN)[:1]


def schedule(rows: Sequence[Row], plan: Plan, clock: Callable[[], float] = time.monotonic) -> None:
    """Runs rounds while there is time, next of the row that will have had least of it: light ones end before heavy ones begin."""
    end = clock() + 60 * plan.minutes
    while True:
        waiting = [row for row in rows if row.counted < plan.rounds and clock() + row.cost <= end]
        if not waiting:
            return
        min(waiting, key=lambda row: row.cost * (row.counted + 1)).run(plan.heavy)
