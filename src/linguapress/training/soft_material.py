"""What soft compressors learn from: pieces of texts with what follows them, and questions with their chunks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from linguapress.segment import encodable
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.questions import Asked, Cut, Draws, among, cut, part_of, read_questions
from linguapress.soft.texts import read_texts
from linguapress.training.soft_settings import SoftTraining

_AT_ONCE = 64  # texts
_MOST = 4_000_000  # tokens of texts that are held
_ALONE = 0.5  # share of the questions with one chunk where there may be more
_HELD = 2**40  # seed of what is measured on, whatever the seed of the run


class Piece(NamedTuple):
    """Tokens of a text, and those that follow it."""

    ids: list[int]
    following: list[int]


Item = Piece | Cut


class Material(Protocol):
    """Where items come from; which ones a step learns from depends on the seed and the step alone."""

    def of_step(self, step: int, share: float) -> list[Item]:
        """Items of a step, before which this share of the run was done, 0..1."""

    def held(self) -> list[Item]:
        """Items that are never learnt from, the same ones every time."""


class Texts:
    """Pieces of texts; a tenth of the texts is held out."""

    def __init__(self, lm: FrozenLM, settings: SoftTraining) -> None:
        """Reads and tokenizes as many texts as are held.

        Raises:
            ValueError: a record without a text, or too few tokens for a piece.
        """
        self._settings = settings
        texts: dict[bool, list[str]] = {True: [], False: []}
        size = 0
        for text in read_texts(settings.data):
            texts[part_of(text) == "train"].append(text)
            size += len(text)
            if size > 4 * _MOST:
                break
        self._train, self._rest = (_tokens(lm, texts[kind]) for kind in (True, False))
        need = settings.longest + settings.following
        for name, tokens in (("train on", self._train), ("measure on", self._rest)):
            if len(tokens) <= need:
                raise ValueError(f"{len(tokens)} tokens to {name} hold no piece of {need}; give more texts, or smaller ones")

    def of_step(self, step: int, share: float) -> list[Item]:
        """Pieces of a step; over the first part of a run they grow from what fits into a memory."""
        settings, draws = self._settings, np.random.default_rng([self._settings.seed, step])
        start = min(settings.k, settings.longest)
        grown = min(1.0, share / settings.growing) if settings.growing else 1.0
        longest = start + round((settings.longest - start) * grown)
        shortest = min(settings.shortest or settings.longest, longest)
        return [self._piece(self._train, draws, shortest, longest) for _ in range(settings.batch)]

    def held(self) -> list[Item]:
        """Pieces of ``longest`` tokens of texts that are held out."""
        draws = np.random.default_rng(_HELD)
        longest = self._settings.longest
        return [self._piece(self._rest, draws, longest, longest) for _ in range(self._settings.held)]

    def _piece(self, tokens: NDArray[np.int64], draws: Draws, shortest: int, longest: int) -> Piece:
        following = self._settings.following
        size = int(draws.integers(shortest, longest + 1))
        at = int(draws.integers(len(tokens) - longest - following))
        found = tokens[at : at + size + following].tolist()
        return Piece(found[:size], found[size:])


class Questions:
    """Questions, each with its chunk and maybe those of other questions."""

    def __init__(self, lm: FrozenLM, settings: SoftTraining, rooms: Sequence[int]) -> None:
        """Reads the questions.

        Args:
            lm: whose tokenizer is used.
            settings: of the run.
            rooms: most tokens of a question with its answer behind 1, 2 ... chunks; longer ones are left out.

        Raises:
            ValueError: none to learn from, or none to measure on.
        """
        self._lm, self._settings, self._rooms = lm, settings, rooms
        self._train, self._dev = (list(read_questions(settings.data, part)) for part in ("train", "dev"))
        for name, found in (("train", self._train), ("dev", self._dev)):
            first = (cut(lm.tokenizer, asked, settings.longest, np.random.default_rng(0)) for asked in found)
            if not any(some is not None and self._fits(some) for some in first):
                raise ValueError(f"no question of the {name} part fits {settings.longest} tokens; give more paragraphs")

    def of_step(self, step: int, share: float) -> list[Item]:
        """Questions of a step."""
        return self._draw(self._train, np.random.default_rng([self._settings.seed, step]), self._settings.batch)

    def held(self) -> list[Item]:
        """Questions of the dev part."""
        return self._draw(self._dev, np.random.default_rng(_HELD), self._settings.held)

    def _draw(self, asked: Sequence[Asked], draws: Draws, count: int) -> list[Item]:
        cuts = self._cuts(asked, draws)
        items = (among(next(cuts), list(islice(cuts, self._others(draws))), draws) for _ in repeat(None))
        return list(islice((item for item in items if self._fits(item)), count))

    def _cuts(self, asked: Sequence[Asked], draws: Draws) -> Iterator[Cut]:
        while True:
            some = cut(self._lm.tokenizer, asked[int(draws.integers(len(asked)))], self._settings.longest, draws)
            if some is not None:
                yield some

    def _fits(self, some: Cut) -> bool:
        return len(some.prompt) + len(some.answer) <= self._rooms[len(some.contexts) - 1]

    def _others(self, draws: Draws) -> int:
        """How many other chunks lie beside one."""
        most = self._settings.chunks
        return 0 if most == 1 or draws.random() < _ALONE else int(draws.integers(1, most))


def _tokens(lm: FrozenLM, texts: Iterable[str]) -> NDArray[np.int64]:
    """All texts as one row of tokens."""
    rest, found = map(encodable, texts), [np.zeros(0, np.int64)]
    while batch := list(islice(rest, _AT_ONCE)):
        found += [np.array(one.ids, np.int64) for one in lm.tokenizer.encode_batch(batch, add_special_tokens=False)]
    return np.concatenate(found)
