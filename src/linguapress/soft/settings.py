"""What a soft compressor is made with; saved beside its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from linguapress.soft.places import RULES, Rule

Targets = Literal["all-linear", "attention"]
Init = Literal["embeddings", "normal"]


@dataclass(frozen=True, slots=True)
class SoftSettings:
    """Settings of a soft compressor.

    Attributes:
        k: memory tokens for a text, or for each part of a long one.
        longest: tokens of a part; longer texts are read in equal parts, each for itself.
        positions: of the memory tokens; see :func:`~linguapress.soft.places.memory_places`.
        targets: layers that get an adapter: ``"all-linear"``, or ``"attention"``: those that peft takes by default, q and v of a
            Llama; never layers that nothing kept depends on, such as the last feed-forward layer where key-values are kept.
        rank: of the adapter.
        alpha: its weight is alpha / rank.
        dropout: of its input while it is trained.
        init: of the memory tokens: ``"embeddings"``: as large as the model's input embeddings; ``"normal"``: standard normal.
        anchored: whether each memory token begins as a token of the text, evenly spread over it, so that it has something to say
            from the first step on (SAC, arXiv 2510.08907).
        seed: of the initial numbers.
    """

    k: int = 16
    longest: int = 500
    positions: Rule = "uniform"
    targets: Targets = "all-linear"
    rank: int = 32
    alpha: int = 32
    dropout: float = 0.0
    init: Init = "embeddings"
    anchored: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuses numbers and names that make no compressor.

        Raises:
            ValueError: one of them.
        """
        for name in ("k", "longest", "rank", "alpha"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least 1")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}; give at least 0 and less than 1")
        choices: dict[str, tuple[Any, ...]] = {"positions": RULES, "targets": get_args(Targets), "init": get_args(Init)}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}; use one of {', '.join(known)}")


PAPER: dict[str, Any] = {
    "positions": "reference",
    "targets": "attention",
    "rank": 64,
    "alpha": 32,
    "dropout": 0.05,
    "init": "normal",
}
"""What the published code of 500xCompressor does, as far as it is not a defect."""
