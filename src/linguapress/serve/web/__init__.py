"""The page for people: one HTML file, its style and its script, all from this package."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from html import escape
from importlib import resources

from fastapi.responses import Response

from linguapress.presets import list_methods
from linguapress.serve.limits import Limits

ASSETS = {
    "page.css": "text/css; charset=utf-8",
    "page.mjs": "text/javascript; charset=utf-8",
    "text.mjs": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

_EXAMPLE = (11, 2, 23, 4, 18)  # of the bundled passages: one answers, one is on its subject, three are not


def front(methods: Iterable[str], limits: Limits) -> str:
    """The page, offering the methods that the operator chose."""
    about = list_methods()
    options = "".join(
        f'<option value="{escape(name)}" data-about="{escape(about.get(name, ""))}">{escape(name)}</option>' for name in methods
    )
    return _read("page.html").replace("<!-- methods -->", options).replace("LIMIT", str(limits.body))


async def example() -> dict[str, object]:
    """A question and passages to try, those of ``linguapress demo``."""
    folder = resources.files("linguapress").joinpath("assets", "demo")
    question = json.loads(folder.joinpath("questions.jsonl").read_text("utf-8").splitlines()[0])["question"]
    rows = [json.loads(line) for line in folder.joinpath("passages.jsonl").read_text("utf-8").splitlines()]
    return {"query": question, "documents": [f"{rows[number]['title']}\n{rows[number]['text']}" for number in _EXAMPLE]}


def asset(name: str, kind: str) -> Callable[[], Awaitable[Response]]:
    """An endpoint that answers with a file of this folder."""

    async def answer() -> Response:
        return Response(_read(name), media_type=kind)

    return answer


@cache
def _read(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text("utf-8")
