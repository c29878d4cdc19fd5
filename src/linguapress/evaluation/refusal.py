"""How the commands of this package tell of what cannot be run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from linguapress.errors import InvalidBudget, InvalidRecord, MissingExtra, ModelNotFound, UnknownName


@contextmanager
def refusing() -> Iterator[None]:
    """Says what cannot be run as every wrong option is told.

    Raises:
        typer.BadParameter: in place of an error of a budget, record, extra, model or name.
    """
    try:
        yield
    except (InvalidBudget, InvalidRecord, MissingExtra, ModelNotFound, UnknownName) as error:
        raise typer.BadParameter(str(error)) from error
