"""What a model has read lately, since the same chunks are retrieved again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_REMEMBERED = 1 << 16  # tokens


class Memory(Generic[K, V]):
    """The values of recent keys, up to a number of tokens; the one unused for longest goes first. Safe with threads."""

    def __init__(self, size: Callable[[V], int], most: int = _REMEMBERED) -> None:
        """An empty memory.

        Args:
            size: tokens of a value.
            most: tokens of all values together; a larger value is not remembered.
        """
        self._size, self._most = size, most
        self._lock = threading.Lock()
        self._values: OrderedDict[K, V] = OrderedDict()
        self._held = 0

    def through(self, keys: Sequence[K], read: Callable[[list[K]], Sequence[V]]) -> list[V]:
        """The values of the keys, in order; those that are not remembered come from one call of ``read``."""
        found = {key: self._recall(key) for key in keys}
        missing = [key for key, value in found.items() if value is None]
        fresh = dict(zip(missing, read(missing), strict=True)) if missing else {}
        for key, value in fresh.items():
            self.remember(key, value)
        known = {key: value for key, value in found.items() if value is not None} | fresh
        return [known[key] for key in keys]

    def forget(self) -> None:
        """Empties the memory (benchmarks of cold texts need it)."""
        with self._lock:
            self._values.clear()
            self._held = 0

    def _recall(self, key: K) -> V | None:
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def remember(self, key: K, value: V) -> None:
        """Takes a value in, if it is not too large."""
        size = self._size(value) + 1
        with self._lock:
            if size > self._most or key in self._values:
                return
            self._values[key] = value
            self._held += size
            while self._held > self._most:
                _, old = self._values.popitem(last=False)
                self._held -= self._size(old) + 1
