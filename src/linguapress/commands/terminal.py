"""Manners on a terminal and in a log."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext

import typer

from linguapress.failures import discard_output


def quiet_libraries() -> None:
    """Keeps other libraries' progress bars and notices off standard error; what the user has set in the environment stays."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def status(doing: str) -> AbstractContextManager[object]:
    """A spinner on standard error, where somebody watches."""
    if sys.stderr is None or not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.text import Text

    return Console(stderr=True).status(Text(doing))


def write(text: str) -> None:
    """Exactly ``text`` as UTF-8 on standard output, with a final newline; nothing for nothing."""
    if sys.stdout is None:
        raise OSError("standard output is closed")
    stream = typer.get_binary_stream("stdout")
    try:
        stream.write(text.encode("utf-8", "replace"))
        if text and not text.endswith("\n"):
            stream.write(b"\n")
        stream.flush()
    except OSError:
        discard_output()
        raise
