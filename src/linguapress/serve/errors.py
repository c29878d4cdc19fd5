"""Refusals as JSON, all of one shape."""

from __future__ import annotations

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


class Refused(Exception):
    """A request that gets no answer, and why."""

    def __init__(self, status: int, message: str) -> None:
        """Takes an HTTP status and a sentence."""
        super().__init__(message)
        self.status, self.message = status, message


def refusal(status: int, message: str) -> JSONResponse:
    """The response that says so."""
    headers = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JSONResponse({"error": CODES.get(status, "refused"), "message": shown(message)}, status, headers)


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
        return refusal(422, "; ".join(_sentence(item) for item in error.errors()[:5]))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        known = {404: f"there is no {request.url.path}; see /openapi.json", 405: f"{request.url.path} takes no {request.method}"}
        return refusal(error.status_code, known.get(error.status_code, str(error.detail)))


def _sentence(item: dict[str, Any]) -> str:
    """Where in the body, and what is wrong; never the value, which may be megabytes."""
    place = ".".join(str(part) for part in item["loc"] if part != "body") or "body"
    return f"{place[:80]}: {item['msg']}"


def _unreadable(item: dict[str, Any]) -> str:
    """Why the body is no JSON, and where."""
    return f"the body is no JSON: {item['ctx']['error'].removesuffix(' at')} at character {item['loc'][-1]}"
