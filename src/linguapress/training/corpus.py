"""Training examples on disk: JSON lines, plain or gzipped, turned into texts with labelled characters."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from linguapress.errors import InvalidRecord
from linguapress.records import objects, plain_text
from linguapress.text import Span
from linguapress.training.labels import align, word_spans

_FIELDS = "text and compressed"
_PLAIN = "text, passage or question"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, and the words of it that the teacher kept.

    Attributes:
        source: the domain.
        text: the text.
        kept: ascending spans, one a word.
        chances: a teacher model's keep probability of each word of ``word_spans(text)``, 0..1, -1 = not known; empty = of none.
    """

    source: str
    text: str
    kept: tuple[Span, ...]
    chances: tuple[float, ...] = ()


def weighted(argument: str) -> tuple[str, float]:
    """``DIR`` or ``DIR=WEIGHT``, which is 1 where it is left out.

    Raises:
        ValueError: the weight is no number.
    """
    folder, sign, weight = argument.rpartition("=")
    if not sign or Path(argument).exists():
        return argument, 1.0
    try:
        return folder, float(weight)
    except ValueError as error:
        raise ValueError(f"{argument!r} gives no weight; write it as DIR=0.5") from error


@dataclass(frozen=True, slots=True)
class DataSet:
    """A folder with ``train.jsonl`` and ``dev.jsonl``, and how often each of its texts is seen.

    Attributes:
        folder: the folder; its name names the set.
        weight: times that a text is drawn in an epoch; of a weight of 0.1 an epoch sees one tenth, the next one another tenth.
    """

    folder: Path
    weight: float = 1.0

    @classmethod
    def parse(cls, argument: str) -> DataSet:
        """``DIR`` or ``DIR=WEIGHT``.

        Raises:
            ValueError: the weight is no positive number.
        """
        folder, weight = weighted(argument)
        return cls(Path(folder), weight)

    def __post_init__(self) -> None:
        """Raises: ValueError: the weight is no positive number."""
        if not 0 < self.weight < math.inf:
            raise ValueError(f"the weight of {self.folder} is {self.weight:g}; give a number above 0, or leave the set out")

    def read(self, part: str) -> list[Labelled]:
        """The examples of ``part``, train or dev.

        Raises:
            FileNotFoundError: the folder has no such file.
            ValueError: the file holds nothing, or something else.
        """
        file = self.folder / f"{part}.jsonl"
        if not file.is_file():
            raise FileNotFoundError(f"{self.folder} has no {file.name}; a data set is a folder with train.jsonl and dev.jsonl")
        found = read_distilled(file)
        if not found:
            raise ValueError(f"{file} holds no examples; give one JSON object with text and compressed a line")
        return found


def named(sets: Sequence[DataSet]) -> dict[str, DataSet]:
    """Data sets by the names of their folders, numbered where one recurs."""
    folders = [item.folder.resolve().name for item in sets]
    seen = [folders[: place + 1].count(name) for place, name in enumerate(folders)]
    return {name if number == 1 else f"{name} ({number})": item for name, number, item in zip(folders, seen, sets, strict=True)}


def read_distilled(path: Path) -> list[Labelled]:
    """Passages with the fields ``text`` and ``compressed`` (``source``: the domain, ``kept``: labels); blank texts are left out.

    Raises:
        FileNotFoundError: there is no such file.
        InvalidRecord: a line is not such a record.
    """
    found = []
    for number, row in objects(path, _FIELDS):
        try:
            text = _string(row, "text")
            found.append(Labelled(str(row.get("source") or path.stem), text, _kept(row, text)))
        except (TypeError, ValueError) as error:
            raise InvalidRecord(f"{path}, line {number}: {error}; give one JSON object with {_FIELDS} on each line") from error
    return [example for example in found if example.text.strip()]


def _string(row: Mapping[str, Any], name: str) -> str:
    if not isinstance(row.get(name), str):
        raise TypeError(f"{name} is {row[name]!r:.40}, and no text" if name in row else f"no {name}")
    return str(row[name])


def _kept(row: Mapping[str, Any], text: str) -> tuple[Span, ...]:
    """The labels that ``linguapress distill`` wrote, as the field ``kept``; where there are none, the words are aligned."""
    if "kept" not in row:
        return tuple(align(text, _string(row, "compressed")))
    if not isinstance(row["kept"], list):
        raise TypeError(f"kept is {row['kept']!r:.40}, and no list of [start, end]")
    return spans_of(row["kept"], text)


def spans_of(pairs: Sequence[Any], text: str) -> tuple[Span, ...]:
    """Spans inside a text, one after another.

    Raises:
        TypeError: something is no [start, end].
        ValueError: a span is empty, out of order, or not inside the text.
    """
    spans, end = [], 0
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2 and all(type(place) is int for place in pair)):
            raise TypeError(f"{pair!r:.40} is no [start, end]")
        span = Span(*pair)
        if not end <= span.start < span.end <= len(text):
            raise ValueError(f"{pair} is empty, out of order, or not inside a text of {len(text)} characters")
        spans.append(span)
        end = span.end
    return tuple(spans)


def read_plain(path: Path) -> list[str]:
    """Texts that nobody labelled: the lines of a ``.txt`` file, or fields of JSON lines.

    The fields are ``question``, ``passage`` and ``text``, and of transcripts ``parts`` (texts) and ``turns`` (speaker and words).

    Raises:
        ValueError: the file holds no text.
    """
    if path.suffix.lower() == ".txt":
        found = [line.strip() for line in plain_text(path).splitlines() if line.strip()]
    else:
        found = [text for number, row in objects(path, _PLAIN) for text in _told(path, number, row)]
    if not found:
        raise ValueError(f"{path} holds no texts; give JSON lines with {_PLAIN}, or a .txt file with a text a line")
    return found


def _told(path: Path, number: int, row: Mapping[str, Any]) -> list[str]:
    try:
        return list(_texts_of(row))
    except (TypeError, ValueError, AttributeError) as error:
        raise InvalidRecord(f"{path}, line {number}: a text that is no string; give JSON lines with {_PLAIN}") from error


def _texts_of(row: Mapping[str, Any]) -> Iterator[str]:
    title = f"{row['title']}\n" if row.get("title") else ""
    yield from (title * (key != "question") + row[key] for key in ("question", "passage", "text") if row.get(key))
    yield from (part.strip() for part in row.get("parts", ()))
    if row.get("turns"):
        yield "\n".join(f"{speaker}: {said}" for speaker, said in row["turns"])


def drawn(examples: Sequence[Labelled], weight: float, epoch: int, seed: int) -> list[Labelled]:
    """What an epoch sees of a set: each text ``weight`` times, over the epochs; at a weight of 1 all, in their order."""
    whole, part = divmod(weight, 1.0)
    result = list(examples) * int(whole)
    if part:
        order = list(examples)
        random.Random(f"{seed}:{len(order)}").shuffle(order)
        start, end = round(epoch * part * len(order)), round((epoch + 1) * part * len(order))
        result += [order[place % len(order)] for place in range(start, max(end, start + (not whole)))]
    return result


def joined(examples: Sequence[Labelled], rng: random.Random, longest: int = 3) -> list[Labelled]:
    """The examples in random order, some of them joined with their successors of the same source, so that long contexts occur.

    Three in ten start a group of two to ``longest``.
    """
    shuffled = sorted(examples, key=lambda _: rng.random())
    by_source: dict[str, list[Labelled]] = {}
    for example in shuffled:
        by_source.setdefault(example.source, []).append(example)
    result = []
    for source, group in by_source.items():
        at = 0
        while at < len(group):
            size = rng.randint(2, longest) if rng.random() < 0.3 else 1
            result.append(_concatenate(source, group[at : at + size]))
            at += size
    rng.shuffle(result)
    return result


def _concatenate(source: str, examples: Sequence[Labelled]) -> Labelled:
    if len(examples) == 1:
        return examples[0]
    text = ""
    kept: list[Span] = []
    chances: list[float] = []
    for example in examples:
        shift = len(text) + 1 if text else 0
        kept += [Span(start + shift, end + shift) for start, end in example.kept]
        chances += example.chances
        text = f"{text} {example.text}" if text else example.text
    return Labelled(source, text, tuple(kept), tuple(chances))


def part_of(example: Labelled, start: int, end: int) -> Labelled:
    """The characters ``start:end`` of an example as one of their own; a word that is cut keeps its label on both sides."""
    kept = tuple(Span(max(a, start) - start, min(b, end) - start) for a, b in example.kept if a < end and b > start)
    text, chances = example.text[start:end], example.chances
    if chances:
        starts = [word.start for word in word_spans(example.text)]
        chances = tuple(chances[max(0, bisect_right(starts, start + word.start) - 1)] for word in word_spans(text))
    return replace(example, text=text, kept=kept, chances=chances)
