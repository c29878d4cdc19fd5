"""Who may come in: a plain ASGI layer around the application."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linguapress.serve.errors import Refused, refusal
from linguapress.serve.metrics import Metrics

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def host_name(header: str) -> str | None:
    """What a ``Host`` header names, in lower case and without the port; None where it names nothing."""
    found = _HOST.fullmatch(header.lower())
    return found[1] if found else None


class Doorkeeper:
    """Refuses requests under a foreign name (DNS rebinding) and from foreign pages; every response gets strict headers."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str], metrics: Metrics) -> None:
        """Takes names and addresses (IPv6 in brackets) under which callers may address the server besides those of the loopback."""
        self._app, self._hosts, self._metrics = app, frozenset(host.lower() for host in (*_LOOPBACK, *hosts)), metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the request in, or answers 403."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
                if message["status"] >= 400:
                    self._metrics.refused(message["status"])
            await send(message)

        try:
            self._check(scope["method"], Headers(scope=scope))
        except Refused as error:
            return await refusal(error.status, error.message)(scope, receive, closing)
        return await self._app(scope, receive, closing)

    def _check(self, method: str, headers: Headers) -> None:
        named = headers.getlist("host")
        if len(named) != 1 or host_name(named[0]) not in self._hosts:
            asked, known = ", ".join(named)[:80], ", ".join(sorted(self._hosts))
            raise Refused(403, f"host {asked!r} is not served here, only {known}; the operator adds one with --allow-host")
        if method in ("GET", "HEAD"):
            return
        origins, site = headers.getlist("origin"), headers.get("sec-fetch-site", "none")
        if site not in ("same-origin", "none") or any(not _same(origin, named[0]) for origin in origins):
            raise Refused(403, f"a page of {', '.join(origins)[:80] or 'another site'!r} may not post here")


def _same(origin: str, host: str) -> bool:
    return origin.lower() in (f"http://{host}".lower(), f"https://{host}".lower())
