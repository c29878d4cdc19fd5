"""Every answer that was paid for, in one append-only file, so that nothing is asked twice."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType

from linguapress.errors import DistillationError
from linguapress.segment import encodable

if sys.platform != "win32":
    import fcntl


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one question to the teacher.

    Attributes:
        key: see :func:`key_of`.
        reply: the teacher's words, None when it will not answer.
        error: why not; empty when it did.
        tokens_in: tokens charged for the question.
        tokens_out: tokens charged for the answer.
    """

    key: str
    reply: str | None
    error: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


def key_of(version: str, teacher: str, text: str) -> str:
    """Checksum of the instruction's version, the teacher's name and the text: same key, same question."""
    parts = "\0".join((version, teacher, text))
    return blake2b(parts.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Ledger:
    """The entries of a JSON-lines file, open for more; a context manager that keeps other runs out.

    A crash in the middle of a line loses that line only: it is skipped when the file is read, and ended before the next.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, Entry] = {}
        self._file = -1

    def __enter__(self) -> Ledger:
        """Reads the file, which need not exist yet.

        Raises:
            DistillationError: another run has it open.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        try:
            self._lock()
            self.entries = read_entries(self.path)
            self._end_torn_line()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Closes the file, and with it the lock."""
        os.close(self._file)
        self._file = -1

    def add(self, entry: Entry) -> None:
        """Remembers an entry; on disk when this returns."""
        row = {**asdict(entry), "reply": None if entry.reply is None else encodable(entry.reply), "error": encodable(entry.error)}
        self._write((json.dumps(row, ensure_ascii=False) + "\n").encode())
        self.entries[entry.key] = entry

    def _write(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)

    def _end_torn_line(self) -> None:
        size = os.fstat(self._file).st_size
        if size:
            os.lseek(self._file, size - 1, os.SEEK_SET)
            if os.read(self._file, 1) != b"\n":
                self._write(b"\n")

    def _lock(self) -> None:
        if sys.platform == "win32":
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DistillationError(f"another run is writing {self.path}; wait for it, or choose another folder") from error


def read_entries(path: Path) -> dict[str, Entry]:
    """The latest entry of each key; lines that are no entries, as a crash leaves them, are skipped."""
    found = (_entry(line) for line in path.read_bytes().split(b"\n"))
    return {entry.key: entry for entry in found if entry}


def _entry(line: bytes) -> Entry | None:
    try:
        return Entry(**json.loads(line))
    except (ValueError, TypeError):
        return None
