"""Whether a model answers questions from memories as well as from the texts: F1 and exact match, next to the controls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from linguapress.evaluation.metrics import exact, f1
from linguapress.evaluation.soft_prompts import Segments, given
from linguapress.soft.batches import in_company
from linguapress.soft.compressor import SoftCompressor
from linguapress.soft.prompt import Prompt
from linguapress.soft.questions import Asked, Cut, cut
from linguapress.soft.splice import SoftReader

_MOST = 24  # tokens of an answer

Scores = dict[str, list[float]]


def cuts(press: SoftCompressor, asked: Sequence[Asked], count: int, seed: int = 0) -> list[Cut]:
    """As many questions as wanted, each with a chunk that holds its answer; the same ones for every compressor of this length."""
    draws = np.random.default_rng(seed)
    order = draws.permutation(len(asked))
    found = (cut(press.lm.tokenizer, asked[n], press.settings.longest, draws) for n in order)
    return [some for some in found if some is not None][:count]


@torch.no_grad()
def answers(press: SoftCompressor, questions: Sequence[Cut], k: int, batch: int = 16) -> dict[str, Scores]:
    """F1 and exact match of each question by control.

    Args:
        press: the compressor.
        questions: each with one chunk.
        k: memory tokens.
        batch: questions at once; two or three where fewer would leave one without another.
    """
    prompts: dict[str, list[Prompt]] = {}
    for part in in_company(questions, batch):
        seed = len(prompts.get("memory", []))
        for name, found in given(press, [some.contexts[0] for some in part], k, seed).items():
            prompts.setdefault(name, []).extend(_asked(press, found, part))
    return {name: _scores(press, found, questions, batch) for name, found in prompts.items()}


@torch.no_grad()
def side_by_side(press: SoftCompressor, questions: Sequence[Cut], k: int, chunks: int, layout: str, batch: int = 16) -> Scores:
    """F1 and exact match where each chunk lies among those of the next questions, at a place by chance."""
    draws = np.random.default_rng(0)
    beginnings: list[Segments] = []
    memories: list[Segments] = []
    for at in range(0, len(questions), batch):
        memories += given(press, [some.contexts[0] for some in questions[at : at + batch]], k)["memory"]
    for number in range(len(questions)):
        near = [memories[(number + other) % len(questions)] for other in range(chunks)]
        beginnings.append([memory for n in draws.permutation(chunks) for memory in near[n]])
    return _scores(press, _asked(press, beginnings, questions), questions, batch, layout)


def _asked(press: SoftCompressor, beginnings: Sequence[Segments], questions: Sequence[Cut]) -> list[Prompt]:
    pairs = zip(beginnings, questions, strict=True)
    return [[*(beginning or [press.lm.begin]), some.prompt] for beginning, some in pairs]


def _scores(
    press: SoftCompressor, prompts: Sequence[Prompt], questions: Sequence[Cut], batch: int, layout: str = "spread"
) -> Scores:
    said = SoftReader(press.lm).generate(prompts, most=_MOST, layout=layout, batch_size=batch)  # type: ignore[arg-type]
    pairs = list(zip(said, questions, strict=True))
    return {
        "f1": [f1(one.split("\n", 1)[0], some.answers) for one, some in pairs],
        "exact": [exact(one.split("\n", 1)[0], some.answers) for one, some in pairs],
    }
