"""Refusals as JSON, all of one shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from linguapress.render import shown

CODES = {
    400: "invalid",
    403: "foreign",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "not_json",
    422: "invalid",
    500: "failed",
    503: "busy",
}


_MOST = 5  # mistakes that are told at once
_SHOWN = 80  # characters of what a client sent that are repeated
_WANTED = {
    "body": "an object with documents and tokens or rate",
    "documents": 'a list of texts, such as ["..."]',
    "query": "a text, or leave it out",
    "method": "the name of a method, or leave it out",
    "tokens": "a whole number from 0 to 1,000,000,000, such as 500",
    "rate": "a number from 0 to 1, such as 0.3",
}
_GARBLED = "the body cannot be read as JSON; send UTF-8, less nested, with numbers of fewer digits"


class Refused(Exception):
    """A request that gets no answer, and why."""

    def __init__(self, status: int, message: str) -> None:
        """Takes an HTTP status and a sentence."""
        super().__init__(message)
        self.status, self.message = status, message


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The response that says so."""
    later = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JSONResponse({"error": CODES.get(status, "refused"), "message": shown(message)}, status, {**(headers or {}), **later})


def install(app: FastAPI) -> None:
    """Has the application answer every error in this shape."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return refusal(error.status, error.message)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        for item in error.errors():
            if item["type"] == "json_invalid":
                return refusal(400, _unreadable(item))
        return refusal(422, _wrong(error.errors()))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        path, allowed = request.url.path[:_SHOWN], (error.headers or {}).get("Allow", "")
        known = {
            400: _GARBLED,
            404: f"there is no {path}; see /openapi.json",
            405: f"{path} takes no {request.method[:_SHOWN]}, only {allowed}",
        }
        return refusal(error.status_code, known.get(error.status_code, str(error.detail)), error.headers)


def _wrong(items: Sequence[dict[str, Any]]) -> str:
    """What is wrong with a body, the first mistakes of it."""
    more = [f"and {len(items) - _MOST:,} more mistakes"] if len(items) > _MOST else []
    return "; ".join([*map(_sentence, items[:_MOST]), *more])


def _sentence(item: dict[str, Any]) -> str:
    """Where in the body, and what is wrong; never the value, which may be megabytes."""
    path = [str(part) for part in item["loc"] if part != "body"] or ["body"]
    place = ".".join(path)[:_SHOWN]
    if item["type"] == "value_error":
        return f"{place}: {item['ctx']['error']}"
    if item["type"] == "extra_forbidden":
        return f"{place}: no field of a request; there are {', '.join(name for name in _WANTED if name != 'body')}"
    if item["type"] == "string_unicode":
        return f"{place}: holds half a character, a lone surrogate; send whole ones"
    return f"{place}: send {'a text' if len(path) > 1 else _WANTED.get(path[0], _WANTED['body'])}"


def _unreadable(item: dict[str, Any]) -> str:
    """Why the body is no JSON, and where."""
    return f"the body is no JSON: {item['ctx']['error'].removesuffix(' at')} at character {item['loc'][-1]}"
