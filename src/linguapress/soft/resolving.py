"""From a prompt with references to segments that the model reads: memories where there are some, the texts themselves elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from linguapress.errors import InvalidPrompt
from linguapress.soft.language_model import FrozenLM
from linguapress.soft.marks import Mark
from linguapress.soft.memory import Memory
from linguapress.soft.prompt import Segment
from linguapress.soft.shelf import MemoryShelf
from linguapress.soft.text_shelf import name_of

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A prompt without references.

    Attributes:
        segments: texts, memories and control tokens in order; a text behind a control token may be tokens as well.
        memories: those among them.
        missing: references that are read as text, since there is no memory.
        unsigned: what looks like references, and is read as it is; whoever swapped the documents may have another secret.
    """

    segments: list[Segment]
    memories: list[Memory]
    missing: int
    unsigned: int


def resolve(shelf: MemoryShelf, prompt: str) -> Resolved:
    """Puts in what the references of a prompt stand for; a text that is put in is not searched for references.

    Args:
        shelf: that has signed them, or shares store and secret with the one that has.
        prompt: with references anywhere. Whatever only looks like one is text.

    Raises:
        InvalidPrompt: a reference that was cut, or whose memory and text the store has lost.
    """
    parts = shelf.marks.split(prompt)
    ids = list(dict.fromkeys(part.name for part in parts if isinstance(part, Mark) and part.kind == "memory"))
    found: dict[str, str | Memory] = {}
    if ids:
        found = {name: memory for name, memory in zip(ids, shelf.memories(ids), strict=True) if memory is not None}
    if missing := [name for name in ids if name not in found]:
        found |= _texts(shelf, missing)
    segments = _continued(shelf.press.lm, [_segment(part, found) for part in parts])
    memories = [segment for segment in segments if isinstance(segment, Memory)]
    references = sum(isinstance(part, Mark) and part.kind == "memory" for part in parts)
    unsigned = sum(shelf.marks.unsigned(part) for part in parts if isinstance(part, str))
    if unsigned:
        _LOG.warning(
            "%d texts look like references but are not signed by this shelf; do all of its users share one secret?", unsigned
        )
    return Resolved(segments, memories, references - len(memories), unsigned)


def _texts(shelf: MemoryShelf, ids: list[str]) -> dict[str, str]:
    texts = dict(zip(ids, shelf.texts(ids), strict=True))
    if lost := [name for name, text in texts.items() if text is None]:
        raise InvalidPrompt(f"{name_of(shelf.store)} has lost memory and text of {lost[0]!r}; swap the documents again")
    return {name: text for name, text in texts.items() if text is not None}


def _segment(part: str | Mark, found: dict[str, str | Memory]) -> Segment:
    if isinstance(part, str):
        return part
    return found[part.name] if part.kind == "memory" else [int(part.name)]


def _continued(lm: FrozenLM, segments: Sequence[Segment]) -> list[Segment]:
    """Segments, with texts as they are read behind a control token if there is one before them."""
    found: list[Segment] = []
    for are_texts, group in groupby(segments, lambda segment: isinstance(segment, str)):
        some = list(group)
        behind = are_texts and found and not isinstance(found[-1], Memory)
        ids = lm.continued("".join(map(str, some))) if behind else None
        found += some if ids is None else [ids]
    return found
