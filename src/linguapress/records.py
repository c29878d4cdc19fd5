"""Records of a user's files, and mistakes in them told by file and line."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import BadGzipFile
from pathlib import Path
from typing import Any

from linguapress.errors import InvalidRecord
from linguapress.jsonl import open_lines


def plain_text(path: Path) -> str:
    """A text file in UTF-8, without its byte order mark.

    Raises:
        InvalidRecord: it is no UTF-8.
    """
    with _told(path):
        return path.read_bytes().decode("utf-8-sig")


def records(path: Path, remedy: str = "give one JSON value on each line") -> Iterator[tuple[int, Any]]:
    """Values of a JSON-lines file, plain or gzipped, each with the number of its line; blank lines are passed over.

    Args:
        path: of the file.
        remedy: ends the message on a line that is no JSON.

    Raises:
        FileNotFoundError: there is no such file.
        InvalidRecord: it is a folder, no UTF-8 or no whole gzip, or a line of it is no JSON.
    """
    if path.is_dir():
        raise InvalidRecord(f"{path} is a folder; give a file of JSON lines")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; give a file of JSON lines")
    with _told(path), open_lines(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _value(path, number, line, remedy)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Says of a file that cannot be read what to do about it."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise InvalidRecord(f"{path} is not UTF-8 ({error.reason}); convert it first, such as with iconv") from error
    except BadGzipFile as error:
        raise InvalidRecord(f"{path} is not gzipped; leave .gz out of its name, or compress it") from error
    except (EOFError, zlib.error) as error:
        raise InvalidRecord(f"{path} is cut off or damaged ({error}); copy it again") from error


def objects(path: Path, fields: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """:func:`records` that are objects.

    Args:
        path: of the file.
        fields: that such an object has, for messages.

    Raises:
        FileNotFoundError: there is no such file.
        InvalidRecord: the file cannot be read, or a line is no JSON object.
    """
    remedy = f"give one JSON object with {fields} on each line"
    for number, row in records(path, remedy):
        if not isinstance(row, dict):
            raise InvalidRecord(f"{path}, line {number}: no JSON object; {remedy}")
        yield number, row


def _value(path: Path, number: int, line: str, remedy: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        said = f"no JSON ({error.msg.removesuffix(' at')} at character {error.pos + 1})"
    except (RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        said = "no JSON that can be read"
    raise InvalidRecord(f"{path}, line {number}: {said}; {remedy}")
