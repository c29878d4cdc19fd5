"""The application: a page, a JSON endpoint, and what tells how it fares."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from linguapress import __version__
from linguapress.budget import Budget
from linguapress.compressor import Compressor
from linguapress.counters import TokenCounter
from linguapress.errors import InvalidBudget
from linguapress.serve.batching import Batcher, Job
from linguapress.serve.doors import Doorkeeper
from linguapress.serve.errors import Refused, install
from linguapress.serve.limits import Limits
from linguapress.serve.metrics import Metrics
from linguapress.serve.turnstile import Turnstile
from linguapress.serve.web import ASSETS, asset, example, front
from linguapress.serve.wire import Answer, Ask, Health, Refusal

_log = logging.getLogger(__name__)
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "The body is no JSON that can be read."},
    403: {"model": Refusal, "description": "A foreign Host or Origin."},
    408: {"model": Refusal, "description": "The body came too slowly."},
    413: {"model": Refusal, "description": "Too large a body, or too many documents."},
    415: {"model": Refusal, "description": "The body is not declared as JSON."},
    422: {"model": Refusal, "description": "Something in the body is wrong; the message says what."},
    500: {"model": Refusal, "description": "The method failed; the server's log says why."},
    503: {"model": Refusal, "description": "Too many requests are under way."},
}

_METRICS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


class Service:
    """The endpoints, over compressors that the operator chose; a client can name one of them and load nothing."""

    def __init__(self, presses: Mapping[str, Compressor], counter: TokenCounter | None, limits: Limits) -> None:
        """Takes at least one compressor by name, who counts tokens (None = the embedded tokenizer), and limits."""
        self.presses, self.limits, self.metrics = dict(presses), limits, Metrics()
        self._counter, self._executor = counter, ThreadPoolExecutor(1, "linguapress")
        self._batcher = Batcher(self.presses, limits, self._executor, self.metrics.batched)

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Ends the thread that computes when the server ends."""
        yield
        self._executor.shutdown()

    async def compress(self, ask: Ask) -> Answer:
        """Shortens documents to a budget. Requests of the same method and budget that arrive together are computed together."""
        start, job = time.perf_counter(), self._job(ask)
        try:
            found, batch = await self._batcher.compress(job)
        except Exception as error:
            _log.exception("%s failed", job.method)
            raise Refused(500, f"{job.method} failed with {type(error).__name__}; the server's log says where") from error
        seconds = time.perf_counter() - start
        self.metrics.answered(job.method, found, seconds)
        return Answer.of(job.method, found, seconds * 1000, batch)

    def _job(self, ask: Ask) -> Job:
        method = next(iter(self.presses)) if ask.method is None else ask.method
        if method not in self.presses:
            raise Refused(422, f"method: {method[:80]!r} is not offered here, only {', '.join(self.presses)}")
        if len(ask.documents) > self.limits.documents:
            raise Refused(413, f"documents: {len(ask.documents):,} are more than the {self.limits.documents:,} that are allowed")
        try:
            budget = Budget(ask.tokens, ask.rate, self._counter)
        except InvalidBudget as error:
            raise Refused(422, str(error)) from error
        if budget.open:
            self._check_unbudgeted(method)
        return Job(method, budget, ask.documents, ask.query)

    def _check_unbudgeted(self, method: str) -> None:
        try:
            self.presses[method].unbudgeted()
        except InvalidBudget as error:
            raise Refused(422, f"{method} needs a budget; give tokens, such as 500, or rate, such as 0.3") from error

    async def health(self) -> Health:
        """That the server is up, and what it offers."""
        return Health(status="ok", version=__version__, methods=list(self.presses))

    async def show_metrics(self) -> Response:
        """Counts and times in the text format of Prometheus."""
        return Response(self.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    async def page(self) -> Response:
        """The page for people."""
        return Response(front(self.presses, self.limits), media_type="text/html; charset=utf-8")


def build(
    presses: Mapping[str, Compressor], *, counter: TokenCounter | None = None, limits: Limits | None = None,
    hosts: Iterable[str] = (),
) -> FastAPI:  # fmt: skip
    """The application.

    Args:
        presses: compressors by the names under which clients ask for them; the first is the default.
        counter: who counts tokens; None = the embedded tokenizer.
        limits: what clients may take.
        hosts: names and addresses (IPv6 in brackets) under which the server may be addressed besides those of the loopback.
    """
    service = Service(presses, counter, limits or Limits())
    app = FastAPI(
        title="linguapress", version=__version__, description="Context compression for RAG: " + (Ask.__doc__ or ""), docs_url=None,
        redoc_url=None, lifespan=service.lifespan,
    )  # fmt: skip
    install(app)
    app.add_middleware(Turnstile, limits=service.limits, metrics=service.metrics)
    app.add_middleware(Doorkeeper, hosts=tuple(hosts), metrics=service.metrics)
    app.add_api_route("/compress", service.compress, methods=["POST"], response_model=Answer, responses=_REFUSALS)
    app.add_api_route("/healthz", service.health, methods=["GET"], response_model=Health)
    app.add_api_route("/metrics", service.show_metrics, methods=["GET"], response_class=Response, responses=_METRICS)
    app.add_api_route("/", service.page, methods=["GET"], include_in_schema=False)
    app.add_api_route("/example.json", example, methods=["GET"], include_in_schema=False)
    for name, kind in ASSETS.items():
        app.add_api_route(f"/{name}", asset(name, kind), methods=["GET"], include_in_schema=False)
    return app
