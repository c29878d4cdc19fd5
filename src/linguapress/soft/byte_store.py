"""Where bytes are kept under a key: whatever has ``mget`` and ``mset``, such as a folder."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{1,199}")


@runtime_checkable
class ByteStore(Protocol):
    """Bytes by key; a ``BaseStore[str, bytes]`` of LangChain is one as it is."""

    def mget(self, keys: Sequence[str], /) -> list[bytes | None]:
        """The bytes of each key, None where there are none."""
        ...

    def mset(self, pairs: Sequence[tuple[str, bytes]], /) -> None:
        """Keeps bytes under keys, in place of those that are there."""
        ...


class FolderStore:
    """Bytes as files of a folder, which several processes may use at once: each file is there as a whole, or not at all."""

    def __init__(self, folder: str | Path) -> None:
        """A store in ``folder``, which is made when something is first kept."""
        self._folder = Path(folder)

    def __repr__(self) -> str:
        """Where it is."""
        return f"FolderStore({str(self._folder)!r})"

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        """The bytes of each key, None where there are none.

        Raises:
            ValueError: a key that is no safe file name.
        """
        return [_read(self._path(key)) for key in keys]

    def mset(self, pairs: Sequence[tuple[str, bytes]]) -> None:
        """Keeps bytes under keys, in place of those that are there.

        Raises:
            ValueError: a key that is no safe file name.
        """
        for path, data in [(self._path(key), data) for key, data in pairs]:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)

    def mdelete(self, keys: Sequence[str]) -> None:
        """Forgets the bytes of keys, whether there are any or not.

        Raises:
            ValueError: a key that is no safe file name.
        """
        for path in [self._path(key) for key in keys]:
            path.unlink(missing_ok=True)

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        """All keys, or those that begin with ``prefix``, in any order."""
        names = (path.name for path in self._folder.glob("*/*"))
        return (name for name in names if _NAME.fullmatch(name) and name.startswith(prefix or ""))

    def _path(self, key: str) -> Path:
        """The file of a key, in a folder of its last two characters, so that no folder grows too large."""
        if not _NAME.fullmatch(key):
            raise ValueError(f"{key!r:.80} is no key of a FolderStore; use 2 to 200 of a-z, 0-9, - and _")
        return self._folder / key[-2:] / key


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file as a whole or not at all; until then an older one stays."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
