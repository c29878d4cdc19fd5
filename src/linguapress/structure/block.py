"""What is more than prose: a part of a text with its joints, and what binds the pieces between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a text that is cut only at ``cuts``.

    Attributes:
        start: first character.
        end: behind the last character.
        cuts: where units begin inside the block.
        needs: for the start of a unit, the starts of the units that must stand with it.
        frame: starts of units that are nothing by themselves.
        verbatim: whether punctuation is syntax here.
    """

    start: int
    end: int
    cuts: tuple[int, ...] = ()
    needs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    frame: tuple[int, ...] = ()
    verbatim: bool = False
