"""Errors that callers may want to tell apart; each is also one of Python's own kinds."""

from __future__ import annotations


class InvalidBudget(ValueError, TypeError):
    """A budget that is neither a number of tokens nor a rate between 0 and 1."""


class InvalidDocuments(TypeError):
    """Documents that are not a sequence of strings."""


class InvalidRecord(ValueError):
    """A prepared record or a line of questions that cannot be read, or records that are not one for each document."""


class UnknownName(ValueError):
    """A method, token counter or device that does not exist."""


class UnknownSetting(UnknownName, TypeError):
    """A setting that a method does not have."""


class ModelNotFound(OSError):
    """A model folder or hub name that cannot be loaded."""


class BrokenModel(ArithmeticError):
    """A model that answers with NaN: its weights are damaged, or its numbers overflow on this device."""


class MissingExtra(ImportError):
    """An optional dependency that is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        """Names the package that is missing and the extra that brings it."""
        super().__init__(f"{package} is not installed; run: pip install 'linguapress[{extra}]'")


class DistillationError(RuntimeError):
    """A distillation that cannot begin or go on: nothing to distil, a teacher that cannot be used, too high a price."""


class InvalidMemory(ValueError):
    """Bytes or a file that hold no whole memory."""


class InvalidPrompt(ValueError, TypeError):
    """Segments of text and memories that cannot be read as one prompt."""


class WrongModel(ValueError):
    """A memory or a soft compressor that was made with another model, tokenizer or method."""


class UnsupportedModel(ValueError):
    """A causal language model that cannot carry memories, or not in the way that is asked for."""
