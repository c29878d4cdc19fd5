"""Errors as one line on standard error, with an exit code that tells usage from failure."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from linguapress.errors import DistillationError, InvalidBudget, MissingExtra, UnknownName
from linguapress.render import shown

Kinds = tuple[type[Exception], ...]
FAILURE, USAGE = 1, 2
_PLAIN = (OSError, ValueError, ArithmeticError, ImportError, DistillationError)
_NO_DEVICE = re.compile(r"not compiled with|no NVIDIA driver|No \w+ GPUs|invalid device ordinal|not linked with support for", re.I)


def fail(message: str, code: int = FAILURE) -> NoReturn:
    """Ends the command with one line on standard error."""
    typer.echo(f"error: {' '.join(shown(message).split())}", err=True)
    raise typer.Exit(code)


def warn(message: str) -> None:
    """A line on standard error that says what may be wrong."""
    say(f"warning: {message}")


def say(message: str) -> None:
    """A line on standard error."""
    typer.echo(" ".join(shown(message).split()), err=True)


def agreed(code: int) -> bool:
    """The user's word that what was estimated may start; ends with ``code`` where nobody is there: a script must say ``--yes``."""
    if sys.stdin is None or not sys.stdin.isatty():
        fail("nobody is here to agree to the estimate; add --yes to start", code)
    return typer.confirm("Start?", err=True)


@contextmanager
def one_line(plain: Kinds = _PLAIN, usage: Kinds = ()) -> Iterator[None]:
    """Turns an exception into one line on standard error; ``LINGUAPRESS_TRACEBACK=1`` lets it through.

    Args:
        plain: kinds that say what is wrong and what to do; others are told with their kind.
        usage: kinds that say what was asked for wrongly, which has an exit code of its own.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except Exception as error:
        if os.environ.get("LINGUAPRESS_TRACEBACK"):
            raise
        if isinstance(error, usage):
            fail(str(error), USAGE)
        if isinstance(error, AssertionError | RuntimeError) and _NO_DEVICE.search(str(error)):
            fail(f"torch finds no such device here ({str(error).splitlines()[0]}); leave the device out, or choose auto or cpu")
        fail(str(error) if isinstance(error, plain) else f"{type(error).__name__}: {error} (LINGUAPRESS_TRACEBACK=1 shows where)")


@contextmanager
def reported() -> Iterator[None]:
    """:func:`one_line` of a command whose output others read; when they have left, nothing is wrong."""
    with one_line((OSError, MissingExtra, DistillationError), (UnknownName, InvalidBudget)):
        try:
            yield
        except BrokenPipeError:
            discard_output()
            raise typer.Exit(0) from None


def discard_output() -> None:
    """What could not be written is given up, so that the interpreter does not try to flush it at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
