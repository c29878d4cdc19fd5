"""What the replication of soft compression trains: which compressors, by which recipe, for how long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CHUNK = 96  # tokens of a text
FAR = 4  # chunks side by side
_COUNTS, _SEEDED = (16, 8, 4, 1), (16, 1)  # numbers of memory tokens; those that have all seeds
_SHARES = {16: 1.0, 8: 0.375, 4: 0.375, 1: 0.1875}  # of the steps; few tokens soon learn what they can
_OTHERS = 0.25  # the same, of other recipes
_METHODS = ("500x", "icae")
_OURS: tuple[object, ...] = ("--growing", 0.5)
RECIPES: dict[str, tuple[object, ...]] = {
    "": _OURS,
    "short": _OURS,
    "short, all lengths": (),
    "short, adamw": (*_OURS, "--optimizer", "adamw", "--learning-rate", 3e-3),
    "short, paper": ("--preset", "paper", "--optimizer", "adamw", "--learning-rate", 3e-3, "--schedule", "constant"),
}
"""What pretraining is told beyond the sizes; all but the first have a quarter of the steps, and are compared with one another."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run, and on what.

    Attributes:
        texts: folder of texts with train, valid and test.
        questions: paragraphs with questions to learn from and to be asked of.
        unseen: paragraphs of a domain that is only asked of.
        out: folder of all runs.
        minutes: of the base.
        pretrain: steps of the largest number of memory tokens; the others have fewer, both methods the same.
        finetune: steps.
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
    def main(self) -> Cell:
        """The compressor that is asked about several chunks, too."""
        return Cell(_METHODS[0], _COUNTS[0])

    def cells(self) -> list[Cell]:
        """All compressors, those that the gates need most first."""
        rest = [k for k in _COUNTS if k not in _SEEDED]
        first = [Cell(method, k) for k in _SEEDED for method in _METHODS]
        more = [Cell(method, _SEEDED[-1], seed) for seed in range(1, self.seeds) for method in _METHODS]
        between = [Cell(method, k) for k in rest for method in _METHODS]
        varied = [Cell(_METHODS[0], _COUNTS[0], recipe=recipe) for recipe in RECIPES if recipe]
        last = [Cell(method, _COUNTS[0], seed) for seed in range(1, self.seeds) for method in _METHODS]
        return [*first, *more, *between, *varied, *last]

    def steps(self, cell: Cell) -> int:
        """Of its pretraining."""
        return max(1, round(self.pretrain * (_OTHERS if cell.recipe else _SHARES[cell.k])))


@dataclass(frozen=True, slots=True)
class Cell:
    """One compressor: pretrained, finetuned, measured.

    Attributes:
        method: 500x or icae.
        k: memory tokens.
        seed: of its numbers and the order of its data.
        recipe: of :data:`RECIPES`; others than the default are only pretrained.
    """

    method: str
    k: int
    seed: int = 0
    recipe: str = ""

    @property
    def name(self) -> str:
        """Of its folders."""
        return "-".join(filter(None, (self.method, f"k{self.k}", f"s{self.seed}", *self.recipe.replace(",", "").split())))
