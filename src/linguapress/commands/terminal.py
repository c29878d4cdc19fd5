"""Manners on a terminal and in a log."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext


def quiet_libraries() -> None:
    """Keeps other libraries' progress bars and notices off standard error; what the user has set in the environment stays."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def status(doing: str) -> AbstractContextManager[object]:
    """A spinner on standard error, where somebody watches."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.text import Text

    return Console(stderr=True).status(Text(doing))
