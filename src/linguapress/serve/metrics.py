"""Counts and times for Prometheus, of one application."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from linguapress.compression import Compression

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_SIZES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """What :file:`/metrics` tells. Labels take only names that the operator chose, so their number is bounded."""

    def __init__(self) -> None:
        """Starts all counts at 0, in a registry of its own."""
        self._registry = own = CollectorRegistry()
        self._requests = Counter("linguapress_requests", "Compressions that were answered.", ["method"], registry=own)
        self._refused = Counter("linguapress_refused", "Requests that were refused.", ["status"], registry=own)
        self._tokens = Counter("linguapress_tokens", "Tokens of documents, in and out.", ["method", "side"], registry=own)
        self._seconds = Histogram(
            "linguapress_request_seconds", "From arrival to answer.", ["method"], buckets=_SECONDS, registry=own
        )
        self._batch = Histogram(
            "linguapress_batch_requests", "Requests computed together.", ["method"], buckets=_SIZES, registry=own
        )
        self.under_way = Gauge("linguapress_requests_under_way", "Requests that have arrived and are not answered.", registry=own)

    def answered(self, method: str, found: Compression, seconds: float) -> None:
        """Notes a compression."""
        self._requests.labels(method).inc()
        self._tokens.labels(method, "in").inc(found.tokens_before)
        self._tokens.labels(method, "out").inc(found.tokens_after)
        self._seconds.labels(method).observe(seconds)

    def batched(self, method: str, requests: int) -> None:
        """Notes a batch."""
        self._batch.labels(method).observe(requests)

    def refused(self, status: int) -> None:
        """Notes a request that got no answer."""
        self._refused.labels(str(status)).inc()

    def text(self) -> bytes:
        """All of it in the format that Prometheus reads."""
        return generate_latest(self._registry)
