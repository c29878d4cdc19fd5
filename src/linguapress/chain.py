"""Compressors one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from linguapress.compressor import Compressor
from linguapress.draft import Draft
from linguapress.notes import Notes, joined
from linguapress.text import Passage


@dataclass(frozen=True)
class Chain(Compressor):
    """Compressors one after another; each but the last gets more room than the limit.

    Attributes:
        steps: compressors, coarse to fine.
        slack: for each step, how many times the limit it may leave; the last must be 1. Empty = 1 for each.
    """

    name: ClassVar[str] = "chain"
    steps: tuple[Compressor, ...]
    slack: tuple[float, ...] = field(default=())

    def __init__(self, *steps: Compressor, slack: Sequence[float] = ()) -> None:
        """Chains ``steps``; a chain is a compressor itself."""
        if not steps:
            raise ValueError("a chain needs at least one compressor as a step")
        if slack and (len(slack) != len(steps) or slack[-1] != 1 or min(slack) < 1):
            raise ValueError(f"slack needs one number of 1 or more for each of {len(steps)} steps, the last 1; got {tuple(slack)}")
        object.__setattr__(self, "steps", tuple(steps))
        object.__setattr__(self, "slack", tuple(slack) or (1.0,) * len(steps))

    def for_demonstrations(self) -> Compressor:
        """A chain of what its steps are for them."""
        return Chain(*(step.for_demonstrations() for step in self.steps), slack=self.slack)

    @property
    def models(self) -> tuple[Any, ...]:
        """Those of all steps."""
        return tuple(model for step in self.steps for model in step.models)

    def notes(self, passages: Sequence[Passage]) -> list[Notes]:
        """Those of all steps."""
        return joined([step.notes(passages) for step in self.steps])

    def reduce(self, draft: Draft) -> Draft:
        """Reduces in turn; a step is skipped when the draft already fits its room."""
        return self.reduce_batch([draft])[0]

    def reduce_batch(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The same, each step for all drafts that need it at once."""
        done = list(drafts)
        for step, slack in zip(self.steps, self.slack, strict=True):
            rooms = [draft.allowing(int(before.limit * slack)) for draft, before in zip(done, drafts, strict=True)]
            long = [number for number, room in enumerate(rooms) if step.always or room.tokens > room.limit]
            for number, draft in zip(long, step.traced_batch([rooms[number] for number in long]), strict=True):
                done[number] = draft.allowing(drafts[number].limit)
        return done

    def traced_batch(self, drafts: Sequence[Draft]) -> list[Draft]:
        """The steps keep records of their own."""
        return self.reduce_batch(drafts)
