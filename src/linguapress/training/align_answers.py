"""Outputs for instructions, from the target itself or any other teacher; nothing is paid for twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from linguapress.errors import DistillationError
from linguapress.segment import encodable
from linguapress.training.align_pairs import Pair
from linguapress.training.distill.cost import check_cost, expected_of
from linguapress.training.distill.dataset import write_text
from linguapress.training.distill.estimate import Estimate
from linguapress.training.distill.instruction import without_thoughts
from linguapress.training.distill.ledger import Ledger, key_of
from linguapress.training.distill.run import Progress, RunSettings, Tally, ask_all
from linguapress.training.distill.task import Task
from linguapress.training.distill.teacher import Teacher

LEDGER, PAIRS = "ledger.jsonl", "pairs.jsonl"


def _request(text: str) -> str:
    """The instruction as it is, without characters that no service takes."""
    return encodable(text).replace(chr(0), " ")


ANSWER = Task("answer-1", "Follow the instruction. Write the answer and nothing else.", _request, answer_tokens=300)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a teacher has brought.

    Attributes:
        asked: tries, failures, tokens and cost of this run.
        pairs: file of the pairs, as :func:`~linguapress.training.align.train` reads it.
        answered: number of them.
        unanswered: instructions without an answer, from this run or an earlier one.
    """

    asked: Tally
    pairs: Path
    answered: int
    unanswered: int


async def answer(
    instructions: Sequence[Pair], teacher: Teacher, out: Path, settings: RunSettings | None = None,
    progress: Progress = lambda tally: None,
) -> Answers:  # fmt: skip
    """Asks the teacher about every instruction that ``out`` has no answer to, and writes the pairs there.

    An interrupted run goes on when it is started again: every answer is in ``ledger.jsonl`` as soon as it has come. The task of
    the settings is not heeded: it is to answer.

    Raises:
        DistillationError: the teacher cannot be used, it would cost too much, or nothing was answered.
    """
    settings = replace(settings or RunSettings(), task=ANSWER)
    texts = [item.prompt for item in instructions]
    with Ledger(out / LEDGER) as ledger:
        check_cost(texts, teacher.name, ledger, settings)
        asked = await ask_all(texts, teacher, ledger, settings, progress)
        found = [pair for item in instructions if (pair := _answered(item, teacher.name, ledger)).output]
    if not found:
        reasons = "; ".join(f"{reason} ({count})" for reason, count in asked.reasons.most_common(3))
        raise DistillationError(
            f"none of {len(texts)} instructions was answered: {reasons or 'all were refused in an earlier run'}"
        )
    write_text(out / PAIRS, "".join(map(_line, found)))
    return Answers(asked, out / PAIRS, len(found), len(instructions) - len(found))


def expected(instructions: Sequence[Pair], teacher: str, out: Path, settings: RunSettings | None = None) -> Estimate:
    """What :func:`answer` is going to ask and cost; writes nothing."""
    settings = replace(settings or RunSettings(), task=ANSWER)
    return expected_of([item.prompt for item in instructions], teacher, out / LEDGER, settings)


def _answered(item: Pair, teacher: str, ledger: Ledger) -> Pair:
    entry = ledger.entries.get(key_of(ANSWER.version, teacher, item.prompt))
    return item if entry is None or entry.reply is None else replace(item, output=without_thoughts(entry.reply).strip())


def _line(pair: Pair) -> str:
    row = {"instruction": pair.instruction, "input": pair.input, "output": pair.output}
    return json.dumps({name: encodable(value) for name, value in row.items()}, ensure_ascii=False) + "\n"
