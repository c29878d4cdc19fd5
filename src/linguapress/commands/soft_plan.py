"""What the replication of soft compression trains: which compressors, by which recipe, for how long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from linguapress.commands.soft_gates import BEST

CHUNK = 96  # tokens of a text
FAR = 4  # chunks side by side
_MOST, _ONE, _BETWEEN = 16, 1, (8, 4)  # numbers of memory tokens
_METHODS = ("500x", "icae")
_SHARES = {"": 1.0, BEST: 0.75}  # of the steps, by recipe
_FEW, _SHORT = 0.1875, 0.25  # the same, of fewer memory tokens, which soon learn what they can, and of other recipes
_OURS: tuple[object, ...] = ("--growing", 0.5)
RECIPES: dict[str, tuple[object, ...]] = {
    "": (*_OURS, "--no-anchored"),
    BEST: ("--growing", 0.4, "--anchored", "--shortest", CHUNK),
    "short, anchored": (*_OURS, "--anchored"),
    "short": (*_OURS, "--no-anchored"),
    "short, adamw": (*_OURS, "--no-anchored", "--optimizer", "adamw", "--learning-rate", 3e-3),
    "short, all lengths": ("--no-anchored",),
    "short, paper": ("--preset", "paper", "--optimizer", "adamw", "--learning-rate", 3e-3, "--schedule", "constant"),
}
"""What pretraining is told beyond the sizes: the first is that of both methods, compared on equal terms; the second our best."""


class Round(NamedTuple):
    """A round of finetuning.

    Attributes:
        name: of its folder, behind that of the compressor.
        share: of the steps.
        rate: highest learning rate.
        chunks: most texts side by side.
    """

    name: str
    share: float
    rate: float
    chunks: int = 1


_ROUNDS = (Round("", 0.25, 3e-3),)
_BEST_ROUNDS = (Round("", 1.0, 3e-3), Round(f"chunks{FAR}", 0.125, 1e-3, FAR))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run, and on what.

    Attributes:
        texts: folder of texts with train, valid and test.
        questions: paragraphs with questions to learn from and to be asked of.
        unseen: paragraphs of a domain that is only asked of.
        out: folder of all runs.
        minutes: of the base.
        pretrain: steps of the largest number of memory tokens; the others have fewer.
        finetune: steps of the first round of the best compressor; others have fewer, the same ones for both methods.
        seeds: runs of the largest and the smallest number of memory tokens.
        limit: texts and questions that are measured on.
    """

    texts: Path
    questions: tuple[Path, ...]
    unseen: tuple[Path, ...]
    out: Path
    minutes: float
    pretrain: int
    finetune: int
    seeds: int
    limit: int

    @property
    def best(self) -> Cell:
        """The compressor that is asked about several chunks, too."""
        return Cell(_METHODS[0], _MOST, recipe=BEST)

    def cells(self) -> list[Cell]:
        """All compressors, those that the gates need most first."""
        largest, one = ([Cell(method, k) for method in _METHODS] for k in (_MOST, _ONE))
        seeds = [Cell(method, _ONE, seed) for seed in range(1, self.seeds) for method in _METHODS]
        between = [Cell(method, k) for k in _BETWEEN for method in _METHODS]
        short = [Cell(_METHODS[0], _MOST, recipe=recipe) for recipe in RECIPES if recipe.startswith("short")]
        more = [Cell(method, _MOST, seed) for seed in range(1, self.seeds) for method in _METHODS]
        return [*largest, self.best, *one, *seeds, *between, *short, *more]

    def steps(self, cell: Cell) -> int:
        """Of its pretraining; both methods have the same."""
        share = _SHARES.get(cell.recipe, _SHORT) if cell.k == _MOST else _FEW
        return max(1, round(self.pretrain * share))

    def rounds(self, cell: Cell) -> tuple[Round, ...]:
        """Of its finetuning, each of which goes on from the one before."""
        return _BEST_ROUNDS if cell == self.best else _ROUNDS

    def asks(self, cell: Cell) -> bool:
        """Whether it is finetuned and asked questions: the largest and the smallest number, and the best recipe."""
        return cell.seed == 0 and cell.recipe in ("", BEST) and cell.k in (_MOST, _ONE)


@dataclass(frozen=True, slots=True)
class Cell:
    """One compressor: pretrained, finetuned, measured.

    Attributes:
        method: 500x or icae.
        k: memory tokens.
        seed: of its numbers and the order of its data.
        recipe: of :data:`RECIPES`.
    """

    method: str
    k: int
    seed: int = 0
    recipe: str = ""

    @property
    def name(self) -> str:
        """Of its folders."""
        return "-".join(filter(None, (self.method, f"k{self.k}", f"s{self.seed}", *self.recipe.replace(",", "").split())))
