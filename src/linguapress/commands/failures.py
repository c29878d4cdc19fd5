"""Errors as one line on standard error, with an exit code that tells usage from failure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from linguapress.errors import InvalidBudget, MissingExtra, UnknownName
from linguapress.render import shown

FAILURE, USAGE = 1, 2
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


@contextmanager
def reported() -> Iterator[None]:
    """Turns exceptions into one line; ``LINGUAPRESS_TRACEBACK=1`` lets them through."""
    try:
        yield
    except typer.Exit:
        raise
    except BrokenPipeError:
        _hang_up()
    except Exception as error:
        if os.environ.get("LINGUAPRESS_TRACEBACK"):
            raise
        if isinstance(error, UnknownName | InvalidBudget):
            fail(str(error), USAGE)
        if isinstance(error, AssertionError | RuntimeError) and _NO_DEVICE.search(str(error)):
            fail(f"torch finds no such device here ({str(error).splitlines()[0]}); leave the device out, or choose auto or cpu")
        known = isinstance(error, OSError | MissingExtra)
        fail(str(error) if known else f"{type(error).__name__}: {error} (LINGUAPRESS_TRACEBACK=1 shows where)")


def discard_output() -> None:
    """What could not be written is given up, so that the interpreter does not try to flush it at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def _hang_up() -> NoReturn:
    """The reader of our output has left: nothing is wrong."""
    discard_output()
    raise typer.Exit(0)
