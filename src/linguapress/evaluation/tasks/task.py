"""What a task of the bench is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from zlib import crc32

from linguapress.evaluation.quality import ANSWER, Quality
from linguapress.evaluation.tasks.example import Example

Read = Callable[[Path, int], Iterable[Example]]


class Split(str, Enum):
    """How dev and test are told apart."""

    turns = "every second question"
    groups = "by article, meeting or function"


@dataclass(frozen=True, slots=True)
class Task:
    """Questions of one kind.

    Attributes:
        measures: what it measures, in one sentence.
        licence: of the data.
        read: examples from the data folder and a seed.
        quality: the figure that methods are compared by.
        split: how dev and test are told apart.
        seen: what the shipped models have seen of it; empty where nothing.
        single: whether an extractive reader may be asked: each example is a single passage, in English.
    """

    measures: str
    licence: str
    read: Read
    quality: Quality = ANSWER
    split: Split = Split.groups
    seen: str = ""
    single: bool = False

    def examples(self, folder: Path, seed: int, part: str) -> Iterator[Example]:
        """Examples of a part: ``dev``, ``test`` or ``all``."""
        found = self.read(folder, seed)
        return (item for number, item in enumerate(found) if part == "all" or self._part(number, item) == part)

    def _part(self, number: int, item: Example) -> str:
        turn = number if self.split is Split.turns else crc32(item.group.encode("utf-8", "replace")) >> 8  # see splits.held_out
        return "test" if turn % 2 else "dev"


def about(tasks: Iterable[tuple[str, Task]]) -> str:
    """The tasks as a Markdown list."""
    return "\n".join(
        f"- **{name}**: {task.measures} Drawn: {task.quality.label}. Licence: {task.licence}. dev and test: {task.split.value}."
        + (f" {task.seen}" if task.seen else " No shipped model was trained on it.")
        for name, task in tasks
    )
