"""Instructions, and what the target answers: as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linguapress.records import plain_text, records
from linguapress.training.distill.dataset import held_out

BLANK_LINE = "\n\n"
_LINES = (".jsonl", ".jsonl.gz", ".ndjson")


@dataclass(frozen=True, slots=True)
class Pair:
    """What is read, and what is learnt after it.

    Attributes:
        instruction: what is asked.
        input: what it is about; may be empty.
        output: the answer to learn; empty as long as nobody has given it.
        group: pairs of one group are held out together; empty = those of one prompt.
    """

    instruction: str
    input: str = ""
    output: str = ""
    group: str = ""

    @property
    def prompt(self) -> str:
        """The instruction, a blank line, the input; what the target is asked."""
        return BLANK_LINE.join(part for part in (self.instruction, self.input) if part)


def read_pairs(paths: Sequence[Path]) -> list[Pair]:
    """The different pairs of JSON-lines files, in their order.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a record lacks its instruction or output.
    """
    found = [
        Pair(_field(row, "instruction", where), _field(row, "input", where, ""), _field(row, "output", where))
        for path in paths
        for where, row in _records(path)
    ]
    return list(dict.fromkeys(found))


def read_instructions(path: Path) -> list[Pair]:
    """Different instructions without outputs: records of JSON lines, whose outputs are passed over, or the lines of a text file.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: a record lacks its instruction, or there is none.
    """
    if path.name.lower().endswith(_LINES):
        found = [Pair(_field(row, "instruction", where), _field(row, "input", where, "")) for where, row in _records(path)]
    else:
        found = [Pair(line.strip()) for line in plain_text(path).splitlines() if line.strip()]
    if not found:
        raise ValueError(f"{path} holds no instruction; give JSON lines with the field instruction, or a text file with one a line")
    return list(dict.fromkeys(found))


def parted(pairs: Sequence[Pair], dev_share: float) -> tuple[list[Pair], list[Pair]]:
    """Pairs to learn from, and pairs to measure on; those of a group stay together, whatever else is learnt later.

    Raises:
        ValueError: there are fewer than two groups.
    """
    groups = [pair.group or pair.prompt for pair in pairs]
    if len(set(groups)) < 2:
        raise ValueError(f"{len(pairs)} pairs; give at least two instructions, to learn from one and to measure on the other")
    held = held_out(groups, dev_share)
    sides = [(pair, group in held) for pair, group in zip(pairs, groups, strict=True)]
    return [pair for pair, apart in sides if not apart], [pair for pair, apart in sides if apart]


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    """Records, each with the words that tell where it stands."""
    for number, row in records(path):
        yield f"line {number} of {path}", row


def _field(row: object, name: str, where: str, default: str | None = None) -> str:
    """A text without blanks around it.

    Raises:
        ValueError: it is missing, blank or no text, and must not be.
    """
    value = row.get(name) if isinstance(row, Mapping) else None
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise ValueError(f"{where} has no field {name} that is a string; give JSON lines with instruction, input and output")
    if not value.strip() and default is None:
        raise ValueError(f"{where} has a blank {name}; fill it in, or leave the record out")
    return value.strip()
