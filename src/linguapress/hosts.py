"""What the adapters to other frameworks share: budgets under their names, copies of metadata, records in them, and their ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from copy import copy
from operator import itemgetter
from typing import Any

from linguapress.budget import Budget
from linguapress.compressor import Compressor
from linguapress.errors import InvalidBudget

RECORD, BESIDE = "linguapress", "linguapress_record"
"""Metadata keys of the record of a compression: the usual one, and the one where somebody else's value stands under that."""
ORIGINAL = "linguapress_original"
"""Metadata key of the text of which the content is a reference to a memory."""
_REFERENCE = re.compile(r"\s*\[\[memory:[a-z0-9:]{1,80}\]\]\s*")  # soft.marks checks signatures, but brings torch
_MARKS = ("tokens_before", "tokens_after", "limit")  # what every record has, also one that a store has written as text
_BUDGETS = ("target_tokens", "rate")
_ELSEWHERE = {"tokens": "target_tokens", "count": "token_counter", "budget": "target_tokens or rate"}  # names of the core


def one_budget(owner: str, values: Any) -> Any:
    """The settings of an adapter, with no default for a budget besides the one that is given.

    Args:
        owner: name of the adapter.
        values: what it is given; anything but a dict stays as it is.

    Raises:
        ValueError: both are given, or a name of the core.
    """
    if not isinstance(values, dict):
        return values
    if strange := [name for name in _ELSEWHERE if name in values]:
        raise ValueError(f"{owner} takes no {strange[0]}; give {_ELSEWHERE[strange[0]]}")
    return instead(values)


def instead(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes to the settings of an adapter, in which the budget that is given takes the place of the one that was there.

    Raises:
        ValueError: ``target_tokens`` and ``rate`` are both given.
    """
    given = [name for name in _BUDGETS if changes.get(name) is not None]
    if len(given) > 1:
        raise ValueError("give target_tokens or rate, not both")
    return {**changes, **{name: None for name in _BUDGETS if given and name not in given}}


def check_decided(budget: Budget, press: Compressor, method: str) -> None:
    """Refuses an open budget for a method that cannot tell how much the query needs.

    Raises:
        ValueError: it cannot.
    """
    if budget.open:
        try:
            press.unbudgeted()
        except InvalidBudget:
            raise ValueError(f"{method} needs a budget; give target_tokens or rate") from None


def fresh(value: Any, other: Callable[[Any], Any] = lambda value: value) -> Any:
    """The value in new dicts, lists, tuples and sets of the same types, so that no change to a copy reaches the original.

    Args:
        value: of any kind.
        other: what becomes of a value that is none of these.
    """
    if isinstance(value, tuple):
        parts = [fresh(part, other) for part in value]
        if hasattr(value, "_make"):  # a named one
            return value._make(parts)
        return tuple(parts) if type(value) is tuple else value
    if not isinstance(value, dict | list | set):
        return other(value)
    own: Any = copy(value)
    if own is value:  # a container that nothing can change
        return value
    if isinstance(value, list):
        own[:] = [fresh(part, other) for part in value]
    if isinstance(value, dict):
        own.update({name: fresh(part, other) for name, part in value.items()})
    return own


def record_key(metadata: Mapping[str, Any]) -> str:
    """Where the record of a compression belongs: what somebody else has put under the usual key stays."""
    return BESIDE if _is_record(metadata.get(BESIDE)) or _is_taken(metadata) else RECORD


def record_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What an earlier compression noted, else nothing."""
    record = metadata.get(record_key(metadata))
    return record if isinstance(record, dict) else {}


def recorded(metadata: Mapping[str, Any]) -> bool:
    """Whether anything stands where records do; it may be one that a store has made another thing of."""
    return RECORD in metadata or BESIDE in metadata


def refers(metadata: Mapping[str, Any], text: str) -> bool:
    """Whether a reference has taken the place of the text: cut, it would be none."""
    return ORIGINAL in metadata and _REFERENCE.fullmatch(text) is not None


def displaced(metadata: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """A warning where records do not go under their usual key."""
    count = sum(map(_is_taken, metadata))
    told = f"what others have put under {RECORD!r} in the metadata stays ({count} times); the record is under {BESIDE!r} there"
    return (told,) if count else ()


def _is_taken(metadata: Mapping[str, Any]) -> bool:
    value = metadata.get(RECORD)
    nothing = value is None or (isinstance(value, str | Mapping) and not value)
    return not (nothing or _is_record(value))


def _is_record(value: Any) -> bool:
    return isinstance(value, str | Mapping) and all(mark in value for mark in _MARKS)


def ranges(written: Any) -> list[tuple[int, int]]:
    """The ranges that are written, none where they cannot be read."""
    try:
        return [(int(start), int(end)) for start, end in written]
    except (OverflowError, TypeError, ValueError):
        return []


def covered(spans: Iterable[tuple[int, int]]) -> int:
    """Characters in ranges."""
    return sum(end - start for start, end in spans)


def contradicted(claims: Iterable[tuple[Hashable, int, str]]) -> set[Hashable]:
    """Sources whose parts claim places that cannot all be true: two of them overlap and differ there.

    Args:
        claims: of each part its source, where it is said to begin there, and its text.
    """
    found: set[Hashable] = set()
    furthest: dict[Hashable, tuple[int, str]] = {}
    for source, start, text in sorted(claims, key=itemgetter(1)):
        begin, earlier = furthest.get(source, (start, ""))
        if not text.startswith(earlier[start - begin : start - begin + len(text)]):
            found.add(source)
        if start + len(text) >= begin + len(earlier):
            furthest[source] = start, text
    return found


def traced_back(spans: Iterable[tuple[int, int]], origin: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Ranges of a text, as ranges of the text that ``origin`` was cut from."""
    found, spans, offset = [], list(spans), 0
    for start, end in origin:
        inside = ((max(a, offset), min(b, offset + end - start)) for a, b in spans)
        found += [[start + a - offset, start + b - offset] for a, b in inside if a < b]
        offset += end - start
    return found
