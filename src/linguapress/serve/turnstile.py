"""How much may come in: a plain ASGI layer around the application."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linguapress.serve.errors import Refused, refusal
from linguapress.serve.limits import Limits
from linguapress.serve.metrics import Metrics


class Turnstile:
    """Lets in only so many requests at once, each with only so large a body, and reads that body before the application does."""

    def __init__(self, app: ASGIApp, limits: Limits, metrics: Metrics) -> None:
        """Takes the limits."""
        self._app, self._limits, self._metrics, self._inside = app, limits, metrics, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request in, or answers 408, 413, 415 or 503."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        if self._inside >= self._limits.requests:
            message = f"{self._limits.requests} requests are under way already; try again in a second"
            return await refusal(503, message)(scope, receive, send)
        self._inside += 1
        self._metrics.under_way.set(self._inside)
        try:
            try:
                body = await self._body(Headers(scope=scope), receive)
            except Refused as error:
                return await refusal(error.status, error.message)(scope, receive, send)
            if body is not None:
                await self._app(scope, _replaying(body, receive), send)
        finally:
            self._inside -= 1
            self._metrics.under_way.set(self._inside)

    async def _body(self, headers: Headers, receive: Receive) -> bytes | None:
        """The whole body; None when the client has left."""
        if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise Refused(415, "send JSON, with the header Content-Type: application/json")
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > self._limits.body:
            raise self._too_large()
        try:
            return await asyncio.wait_for(self._read(receive), self._limits.seconds)
        except asyncio.TimeoutError as error:
            raise Refused(408, f"the body did not arrive within {self._limits.seconds:g} seconds") from error

    async def _read(self, receive: Receive) -> bytes | None:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._limits.body:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Refused:
        return Refused(413, f"the body is larger than {self._limits.body:,} bytes; send fewer documents, or ask the operator")


def _replaying(body: bytes, receive: Receive) -> Receive:
    """A channel that gives the body once, and then whatever follows it."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
