"""What a reader answers from a compressed context: questions written down for it, and its answers scored.

A reader that remembers what it has read, as people and long conversations do, must not see a question twice. So there are as many
sheets as conditions (a method at a budget), one for each reader: every sheet holds every question once, and every condition equally
often.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import regex

from linguapress.budget import Budget
from linguapress.compression import Compression
from linguapress.errors import InvalidBudget, InvalidRecord
from linguapress.evaluation.bench import Trial
from linguapress.evaluation.contenders import contender
from linguapress.evaluation.metrics import answer_survives, exact, f1
from linguapress.evaluation.package_rebuilt import written
from linguapress.evaluation.readers import Reader
from linguapress.evaluation.sizes import Size, sizes
from linguapress.evaluation.tables import Row
from linguapress.evaluation.tasks import Example
from linguapress.models.embedded import CAUSAL
from linguapress.records import objects

WHOLE, GOLD = "whole", "gold"  # all passages as they are; of these the ones that answer
_UNKNOWN = "unknown"
_BLANKS = regex.compile(r"(?<=\S) {2,}(?=\S)")


class Condition(NamedTuple):
    """What a reader gets of a question's passages.

    Attributes:
        trial: the method at a budget.
        gold: whether it gets the passages that answer, and no others.
    """

    trial: Trial
    gold: bool = False

    def compress(self, example: Example) -> Compression:
        """What the reader is sent."""
        if self.gold:
            example = replace(example, documents=tuple(example.documents[place] for place in example.gold))
        return self.trial.compress(example)


def condition(spec: str, counter: object, lm: str = CAUSAL) -> Condition:
    """``METHOD=BUDGET``: tokens (``lingua=500``), a rate (``lingua=0.3``), a ratio (``lingua=4x``); without one the method decides.

    ``whole`` and ``gold`` are the passages uncompressed, all of them or those that answer.

    Raises:
        InvalidBudget: no budget that can be read, or a method that cannot tell how much to keep.
        UnknownName: no such method.
    """
    if spec in (WHOLE, GOLD):
        return Condition(Trial(spec, contender("head"), Size("all", Budget(rate=1, count=counter))), spec == GOLD)
    name, mark, budget = spec.rpartition("=")
    if not mark or ":" in budget or (":" in name and not _is_budget(budget)):  # lingua:order=ends changes a setting
        name, budget = spec, ""
    elif not _is_budget(budget):
        raise InvalidBudget(f"{spec!r} has no budget that can be read; write METHOD=500, METHOD=0.3, METHOD=4x, whole or gold")
    compressor = contender(name, lm)
    if not budget:
        compressor.unbudgeted()
    return Condition(Trial(name, compressor, _size(budget, counter)))


def _is_budget(text: str) -> bool:
    return text.removesuffix("x").replace(".", "", 1).isdecimal()


def _size(budget: str, counter: object) -> Size:
    if not budget:
        return sizes(counter, adaptive=True)[0]
    if budget.endswith("x"):
        return sizes(counter, ratios=[float(budget[:-1])])[0]
    return sizes(counter, rates=[float(budget)])[0] if "." in budget else sizes(counter, tokens=[int(budget)])[0]


def asked(
    examples: Sequence[Example], conditions: Sequence[Condition], seed: int = 0, done: Callable[[], None] = lambda: None
) -> Iterator[Row]:
    """Every question under every condition, each in another sheet.

    Rows hold ``sheet``, ``item`` (its name there), ``question``, ``context``, the ``answers`` that are right, ``survives`` (whether
    one of them stands in the context), and tokens. Questions without a known answer are left
    out. Runs of blanks inside a line become one blank before anything is compressed: in collections that were put together of
    several sources they give the right passage away.

    Args:
        examples: questions over passages.
        conditions: what readers get of the passages.
        seed: order of the questions, and of the conditions over the sheets.
        done: called after each question.

    Raises:
        InvalidRecord: ``gold`` is asked for, and no passage of a question is marked as one that answers.
    """
    mixed = [_evened(example) for example in examples if example.answers]
    random.Random(seed).shuffle(mixed)
    count = len(conditions)
    if any(given.gold for given in conditions) and (bare := [example for example in mixed if not example.gold]):
        raise InvalidRecord(f"gold: no passage of question {bare[0].id} is marked; write passages with text and relevant: true")
    for number, example in enumerate(mixed):
        order = random.Random(f"{seed}:{number // count}").sample(range(count), count)  # the same for so many questions
        for place, given in enumerate(conditions):
            out = given.compress(example)
            text, sheet = written(out), order[(place + number) % count] + 1
            yield {
                "method": given.trial.method, "budget": given.trial.size.label, "id": example.id, "sheet": sheet,
                "item": f"{sheet}-{number + 1}", "question": example.question, "context": text, "answers": list(example.answers),
                "survives": answer_survives(text, example.answers),
                "tokens_before": out.tokens_before, "tokens_after": out.tokens_after, "limit": out.limit,
            }  # fmt: skip
        done()


def _evened(example: Example) -> Example:
    return replace(example, documents=tuple(_BLANKS.sub(" ", document) for document in example.documents))


def sheets(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """What each reader gets: ``id``, ``question`` and ``context``, and nothing that tells where the context comes from."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["sheet"], []).append({"id": row["item"], "question": row["question"], "context": row["context"]})
    return dict(sorted(found.items()))


def answered(sheet: Iterable[Row], reader: Reader) -> Iterator[Row]:
    """A reader's answers to a sheet, ``id`` and ``said``; an empty context is not read."""
    for row in sheet:
        said = reader.answer(row["question"], row["context"]) if row["context"].strip() else ""
        yield {"id": row["id"], "said": said}


def answers_of(files: Iterable[Path]) -> dict[str, str]:
    """What readers said, by ``id``, as text.

    Raises:
        InvalidRecord: no such lines.
    """
    found: dict[str, str] = {}
    for file in files:
        for number, row in objects(file, "id and said"):
            if not {"id", "said"} <= row.keys():
                raise InvalidRecord(f"{file}, line {number}: no id and said; mend or remove it")
            found[str(row["id"])] = "" if row["said"] is None else str(row["said"])
    return found


def scored(rows: Iterable[Row], said: Mapping[str, str]) -> list[Row]:
    """The rows with what their reader ``said``, and how good that is.

    ``right``: an answer stands in it, normalised as in SQuAD; ``em``, ``f1``: exact match, word F1; ``unknown``: it says so, or
    nothing.

    Args:
        rows: from :func:`asked`.
        said: by item.

    Raises:
        InvalidRecord: an item that nobody answered.
    """
    found = []
    for row in rows:
        words, answers = said.get(row["item"]), row["answers"]
        if words is None:
            raise InvalidRecord(f"item {row['item']} has no answer; have it answered, with 'unknown' at least")
        right = {"right": answer_survives(words, answers), "em": exact(words, answers), "f1": f1(words, answers)}
        found.append(row | {"said": words, "unknown": words.strip(" .").lower() in ("", _UNKNOWN)} | right)
    return found
