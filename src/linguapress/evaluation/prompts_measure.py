"""Methods x ratios x few-shot prompts: whether every promise was kept, and what is left of the demonstrations."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from linguapress.budget import Budget
from linguapress.compressor import Compressor
from linguapress.evaluation.clock import readers
from linguapress.evaluation.contenders import contender
from linguapress.evaluation.prompts_data import FewShot, answer_place
from linguapress.evaluation.sizes import sizes
from linguapress.evaluation.tables import Row
from linguapress.methods.prompts import Prompt, PromptCompression, compress_prompt
from linguapress.text import Passage, Span

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Frame:
    """What is asked of the parts around the demonstrations.

    Attributes:
        instruction: share of the instruction to keep, 0..1; 1 = untouched.
        question: share of the question to keep, 0..1; 1 = untouched.
    """

    instruction: float = 1.0
    question: float = 1.0


class Trial(NamedTuple):
    """A method at one ratio, such as ``"20x"``."""

    method: str
    press: Compressor
    ratio: str
    budget: Budget

    def compress(self, prompt: Prompt, frame: Frame) -> PromptCompression:
        """What it leaves of a prompt."""
        return compress_prompt(
            self.press, prompt.instruction, prompt.demonstrations, prompt.question, budget=self.budget,
            instruction_rate=frame.instruction, question_rate=frame.question,
        )  # fmt: skip


class Measured(NamedTuple):
    """A prompt, what a trial left of it, and the figures."""

    shot: FewShot
    trial: Trial
    out: PromptCompression
    row: Row


def trials(methods: Sequence[str], ratios: Sequence[float], counter: str, lm: str) -> list[Trial]:
    """Every method at every ratio.

    Raises:
        UnknownName: a method that does not exist.
        InvalidBudget: a ratio below 1.
    """
    budgets = sizes(counter, ratios=ratios)
    presses = {name: contender(name, lm) for name in methods}
    return [Trial(name, press, str(size.label), size.budget) for name, press in presses.items() for size in budgets]


def run(
    shots: Sequence[FewShot], tried: Sequence[Trial], frame: Frame, done: Callable[[], None] = lambda: None
) -> Iterator[Measured]:
    """Every prompt through every trial.

    Args:
        shots: prompts.
        tried: methods at their ratios.
        frame: what is asked of instruction and question.
        done: called after each prompt.
    """
    forgetful = readers(trial.press for trial in tried)
    for trial in {trial.method: trial for trial in tried}.values() if shots else ():
        trial.compress(shots[0].prompt, frame)  # loads the models
    for shot in shots:
        for trial in tried:
            for reader in forgetful:
                reader.forget()
            start = time.perf_counter()
            out = trial.compress(shot.prompt, frame)
            seconds = time.perf_counter() - start
            about = {"task": shot.task, "method": trial.method, "ratio": trial.ratio, "id": shot.id}
            yield Measured(shot, trial, out, about | figures(shot.prompt, trial.budget, out, frame) | {"ms": seconds * 1000})
        done()


def figures(prompt: Prompt, budget: Budget, out: PromptCompression, frame: Frame) -> Row:
    """What is true of a shortened prompt.

    Returns:
        ``tokens_after`` is counted anew. ``question`` and ``instruction`` are whether they are untouched, None where they need not
        be or where the limit is too small for both of them. ``torn`` are numbers that do not stand in the source as they stand
        in the result. ``answers`` of ``answers_before`` final answers of demonstrations are left, of the numbers likewise.
    """
    done, count = out.compression, budget.counter
    around = [part for part in (prompt.instruction, prompt.question) if part]
    fits = count(budget.separator.join(around)) <= done.limit
    kept = {passage.index: passage for passage in done.passages}
    first = 1 if prompt.instruction else 0
    demonstrations = [kept.get(at, Passage(at, text, ())) for at, text in enumerate(filter(None, prompt.demonstrations), first)]
    answers = [(passage, place) for passage in demonstrations if (place := answer_place(passage.source))]
    return {
        "tokens_before": done.tokens_before,
        "tokens_after": count(out.text),
        "limit": done.limit,
        "question": out.question == prompt.question if fits and prompt.question and frame.question == 1 else None,
        "instruction": out.instruction == prompt.instruction if fits and prompt.instruction and frame.instruction == 1 else None,
        "frame_fits": fits,
        "torn": [number for passage in done.passages for number in torn(passage)],
        "whole": sum(passage.text == passage.source for passage in demonstrations),
        "partly": sum(0 < len(passage.text) < len(passage.source) for passage in demonstrations),
        "gone": sum(not passage.text for passage in demonstrations),
        "answers": sum(_holds(passage, place) for passage, place in answers),
        "answers_before": len(answers),
        "numbers": sum(len(_NUMBER.findall(passage.text)) for passage in demonstrations),
        "numbers_before": sum(len(_NUMBER.findall(passage.source)) for passage in demonstrations),
        "warnings": list(done.warnings),
    }


def torn(passage: Passage) -> list[str]:
    """Numbers of the kept text, with their decimals, that are none at that place of the source: cut, or put together."""
    known = {match.span() for match in _NUMBER.finditer(passage.source)}
    found = list(_NUMBER.finditer(passage.text))
    starts = passage.locate(match.start() for match in found)
    lasts = passage.locate(match.end() - 1 for match in found)
    return [match.group() for match, start, last in zip(found, starts, lasts, strict=True) if (start, last + 1) not in known]


def _holds(passage: Passage, place: Span) -> bool:
    return any(start <= place.start and place.end <= end for start, end in passage.spans)
