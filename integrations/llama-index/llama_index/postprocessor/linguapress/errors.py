"""What the LLM raises, in a kind that LlamaIndex lets through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class CannotAnswer(RuntimeError):
    """A prompt or a setting that ``LinguaPressLLM`` refuses: too long, with a reference that was cut or is lost, with an image.

    Response synthesizers take a ``ValueError`` or ``TypeError`` for a bad answer of the model, log it and say "Empty Response";
    this is neither. ``__cause__`` has the error of linguapress, such as ``linguapress.errors.InvalidPrompt``.
    """


@contextmanager
def refusals_heard() -> Iterator[None]:
    """Refusals become errors that reach the caller of an engine.

    Raises:
        CannotAnswer: in place of each ``ValueError`` and ``TypeError``, with its sentence.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        raise CannotAnswer(str(error)) from error
