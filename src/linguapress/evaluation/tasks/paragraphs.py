"""Questions over paragraphs of articles: XQuAD, SQuADShifts, CMRC 2018, COVID-QA."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from linguapress.evaluation.evidence import Source
from linguapress.evaluation.tasks.example import Example, example
from linguapress.jsonl import read_jsonl
from linguapress.splits import held_out

_Row = Mapping[str, Any]
QUESTIONS = 200  # of a file, at most


def paragraphs(
    file: Path, name: str, seed: int, *, chosen: Callable[[str], bool] = lambda _: True, others: int = 9
) -> Iterator[Example]:
    """One question for each of some paragraphs, next to other paragraphs of the same title, then of any.

    Args:
        file: paragraphs with their questions.
        name: of the data set.
        seed: choice and order.
        chosen: which paragraphs may be gold.
        others: paragraphs next to the gold one.
    """
    rows = list(read_jsonl(file))
    rng = random.Random(f"{seed}:{name}")
    rng.shuffle(rows)
    titled = len({row["title"] for row in rows}) > 1
    for row in [row for row in rows if chosen(row["context"])][:QUESTIONS]:
        docs = [Source("", row["context"], True), *(Source("", text, False) for text in _beside(row, rows, others, rng))]
        asked: _Row = rng.choice(row["qas"])
        group = row["title"] if titled else row["context"]
        yield example(f"{name}-{asked['id']}", asked["question"], docs, asked["answers"], seed, group=group)


def _beside(row: _Row, rows: Sequence[_Row], count: int, rng: random.Random) -> list[str]:
    same = [other for other in rows if other is not row and other["title"] == row["title"]]
    near = rng.sample(same, min(count, len(same)))
    missing = count - len(near)
    far = rng.sample([other for other in rows if other["title"] != row["title"]], missing) if missing else []
    return [other["context"] for other in (*near, *far)]


def squadshifts(folder: Path, seed: int) -> Iterator[Example]:
    """Gold paragraphs are held-out ones, which no training sees as such; the others are any."""
    for name in ("new_wiki", "reddit"):
        yield from paragraphs(folder / "squadshifts" / f"{name}.jsonl.gz", name, seed, chosen=held_out)


def xquad(folder: Path, seed: int, language: str) -> Iterator[Example]:
    """The same paragraphs in every language."""
    yield from paragraphs(folder / "xquad" / f"xquad.{language}.jsonl.gz", f"xquad-{language}", seed)


def squad_passage(folder: Path, seed: int) -> Iterator[Example]:
    """The English paragraph alone."""
    yield from paragraphs(folder / "xquad" / "xquad.en.jsonl.gz", "squad-gold", seed, others=0)


def cmrc2018(folder: Path, seed: int) -> Iterator[Example]:
    """Chinese encyclopaedia, a title a paragraph."""
    yield from paragraphs(folder / "cmrc2018" / "dev.jsonl.gz", "cmrc2018", seed)


def covidqa(folder: Path, seed: int) -> Iterator[Example]:
    """One held-out question for each article that has one, over the whole of it."""
    rng = random.Random(f"{seed}:covidqa")
    rows = list(enumerate(read_jsonl(folder / "covidqa" / "covidqa_200423.jsonl.gz")))
    rng.shuffle(rows)
    for number, row in rows:
        if asked := [item for item in row["qas"] if held_out(item["question"])]:
            one = rng.choice(asked)
            article = Source("", row["context"], True)
            yield example(f"covidqa-{one['id']}", one["question"], [article], one["answers"], seed, group=str(number))
