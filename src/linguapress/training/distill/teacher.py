"""Who compresses: the protocol of a teacher, and the ways in which asking it can fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Protocol

from linguapress.errors import DistillationError

_LATER = frozenset({408, 409, 425, 429})
_NEVER = frozenset({401, 402, 403, 404, 405, 407, 410})


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one call was charged for; 0 where the service does not say."""

    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: Usage) -> Usage:
        """The sum of both."""
        return Usage(self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out)


NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a teacher said, and what it was charged for."""

    text: str
    usage: Usage = NOTHING


class Teacher(Protocol):
    """A language model behind any interface."""

    @property
    def name(self) -> str:
        """Model and whatever else decides what it says; part of every key in the ledger."""

    async def ask(self, system: str, message: str) -> Reply:
        """One reply.

        Raises:
            TeacherBusy: worth another try.
            TeacherRefused: this message will never be answered.
            TeacherUnusable: no message will.
        """

    async def aclose(self) -> None:
        """Gives connections back."""


class TeacherError(DistillationError):
    """A call that brought no compression.

    Attributes:
        usage: what it was charged for all the same.
    """

    def __init__(self, message: str, usage: Usage = NOTHING) -> None:
        super().__init__(message)
        self.usage = usage


class TeacherBusy(TeacherError):
    """No answer for now: limits, server errors, broken connections, time-outs.

    Attributes:
        retry_after: seconds that the service asks to wait, None if it does not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TeacherGarbled(TeacherError):
    """An answer, paid for, that holds no compression; another try may bring one."""


class TeacherRefused(TeacherError):
    """No answer to this passage, however often it is asked."""


class TeacherUnusable(TeacherError):
    """No answer to anything: wrong key, address or model."""


def failure(status: int, said: str, retry_after: str | None = None) -> TeacherError:
    """What an HTTP status other than success means."""
    message = f"status {status}: {said}" if said else f"status {status}"
    if status in _NEVER or status < 400 or (status == 429 and "insufficient_quota" in said):
        return TeacherUnusable(message)
    if status in _LATER or status >= 500:
        return TeacherBusy(message, seconds(retry_after))
    return TeacherRefused(message)


def seconds(retry_after: str | None) -> float | None:
    """A Retry-After header, seconds or a date, as seconds from now; None when it says neither."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())
