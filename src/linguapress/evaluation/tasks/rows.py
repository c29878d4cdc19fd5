"""Look-ups in invented tables and logs: one row, told by two of its cells, holds the answer; other rows share each of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from linguapress.evaluation.tasks.example import Example

_QUESTIONS, _CHUNK = 240, 12  # rows of a chunk
_FORMS = ("markdown", "chunks", "csv", "log")


class _Subject(NamedTuple):
    """What a table is about: its columns, of which two name a row, and questions for each of the others."""

    title: str
    columns: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    named: str
    asked: tuple[tuple[str, ...], tuple[str, ...]]


_SUBJECTS = (
    _Subject(
        "Machines", ("place", "serial number", "cups"),
        ("Dublin", "Cork", "Galway", "Sligo", "Ennis", "Tralee", "Athlone", "Wexford"),
        ("lobby", "bar", "spa", "gym", "kitchen", "conference room"), "{0} {1}",
        (("Which serial number has the machine in the {}?", "Serial number of the coffee machine, {}"),
         ("How many cups has the machine in the {} made?", "What is the count of cups for {}?")),
    ),
    _Subject(
        "Price list", ("article", "price", "stock"), ("oak", "pine", "steel", "glass", "bamboo", "walnut", "marble", "cork"),
        ("desk", "chair", "shelf", "table", "bench", "cabinet"), "{0} {1}",
        (("What does the {} cost?", "Price of the {}"), ("How many {}s are in stock?", "Do you have a {} in stock, and how many?")),
    ),
    _Subject(
        "Staff", ("name", "telephone", "badge"), ("Anna", "Ben", "Carla", "David", "Eva", "Felix", "Greta", "Hugo"),
        ("Smith", "Meyer", "Rossi", "Novak", "Silva", "Kim"), "{0} {1}",
        (("What is the telephone number of {}?", "How can I reach {} by phone?"), ("Which badge does {} have?", "Badge of {}")),
    ),
)  # fmt: skip
_HOSTS = ("web-01", "web-02", "db-01", "db-02", "cache-01", "mail-01", "queue-01", "auth-01")
_EVENTS = ("login failed", "disk full", "request timed out", "service restarted", "backup finished", "certificate expired")
_LOGGED = (
    ('When was "{1}" logged on {0}?', "At what time: {1}, host {0}?"),
    ('Which code has "{1}" on {0}?', "Code of {1} on {0}"),
)


def rows(folder: Path, seed: int) -> Iterator[Example]:
    """Tables of 48 rows in Markdown, as one document or in chunks of which only the first has the header, in CSV, and logs."""
    for number in range(_QUESTIONS):
        rng = random.Random(f"{seed}:rows:{number}")
        form = _FORMS[number // 2 % len(_FORMS)]  # halves of dev and test alike
        yield _log(number, rng) if form == "log" else _table(number, form, _SUBJECTS[number // 8 % len(_SUBJECTS)], rng)


def _table(number: int, form: str, subject: _Subject, rng: random.Random) -> Example:
    names = [subject.named.format(*pair) for pair in product(subject.first, subject.second)]
    rng.shuffle(names)
    cells = [(name, *values) for name, values in zip(names, _values(len(names), rng), strict=True)]
    place, column = rng.randrange(len(cells)), rng.randrange(2)
    question = rng.choice(subject.asked[column]).format(cells[place][0])
    if form == "csv":
        lines, header, top = [",".join(row) for row in cells], ",".join(subject.columns), ""
    else:
        lines, header = [f"| {' | '.join(row)} |" for row in cells], f"| {' | '.join(subject.columns)} |\n| --- | --- | --- |"
        top = f"# {subject.title}\n\n"
    size = _CHUNK if form == "chunks" else len(lines)
    documents = ["\n".join(lines[at : at + size]) for at in range(0, len(lines), size)]
    documents[0] = f"{top}{header}\n{documents[0]}"
    return _example(f"rows-{form}-{number}", question, documents, place // size, lines[place], cells[place][1 + column])


def _log(number: int, rng: random.Random) -> Example:
    pairs = list(product(_HOSTS, _EVENTS))
    rng.shuffle(pairs)
    days = sorted(rng.sample(range(28 * 24 * 60), len(pairs)))
    stamps = [
        f"2026-03-{1 + minute // 1440:02d} {minute // 60 % 24:02d}:{minute % 60:02d}:{rng.randrange(60):02d}" for minute in days
    ]
    codes = rng.sample(range(1000, 10_000), len(pairs))
    levels = [rng.choice(("INFO", "WARN", "ERROR")) for _ in pairs]
    lines = [
        f"{at} {host} {level} {event} code={code}"
        for at, (host, event), level, code in zip(stamps, pairs, levels, codes, strict=True)
    ]
    place, column = rng.randrange(len(pairs)), rng.randrange(2)
    question, answer = rng.choice(_LOGGED[column]).format(*pairs[place]), (stamps[place], str(codes[place]))[column]
    return _example(f"rows-log-{number}", question, ["\n".join(lines)], 0, lines[place], answer)


def _values(count: int, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Cells of two columns, each of which stands once."""
    numbers = iter(rng.sample(range(10_000, 100_000), 2 * count))
    return ((f"{first // 100}.{first % 100:02d}", str(next(numbers))) for first in numbers)


def _example(name: str, question: str, documents: Sequence[str], gold: int, row: str, answer: str) -> Example:
    return Example(name, question, tuple(documents), (answer,), ((gold, row),), (gold,), group=name)
