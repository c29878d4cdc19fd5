"""How much of this machine a client may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, and all of them together, may take.

    Attributes:
        body: bytes of a request's body.
        documents: documents of a request.
        requests: requests under way at once; more are told to come back.
        seconds: how long a client may take to send its body.
        window: seconds that a request waits for others to share its batch.
        batch: requests in a batch.
    """

    body: int = 2_000_000
    documents: int = 200
    requests: int = 32
    seconds: float = 20.0
    window: float = 0.005
    batch: int = 16
