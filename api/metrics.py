"""What a running service counts of itself, for Prometheus.

Every label has a fixed set of values (`declared_labels`): route templates, methods,
classes of status, kinds of file. Nothing that was sent, and no id of a record or an
organization, ever becomes a label; what is not declared is counted as ``other``.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.process_collector import ProcessCollector
from sqlalchemy.orm import Session
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.audit_writer import AuditWriter, Ticket
from api.scoring_cache import Scorers
from denialml import __version__
from denialml.domain.claim import Claim
from denialml.domain.risk import RiskScore
from denialml.journeys.file_kinds import FILE_KINDS, OTHER, known_kinds
from denialml.journeys.ingest import IngestReport
from denialml.modeling.risk.bundle import Bundle

UNMATCHED: Final = "unmatched"
METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", OTHER}
)
# `left`: the caller hung up before an answer could begin.
STATUS_CLASSES: Final = frozenset({"1xx", "2xx", "3xx", "4xx", "5xx", "left"})
# How a claim is scored: on the event loop, or on a thread.
WAYS: Final = frozenset({"at_once", "on_a_thread"})
_COMPLETE: Final = frozenset({"true", "false"})
# `outdated`: the records changed meanwhile, and the request went the usual way.
_AUDITED: Final = frozenset({"written", "outdated", "failed"})
_SECONDS: Final = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0),
)


# When each counter began is the process's start for all of them: half of the answer.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """One per service; safe to use from every thread.

    `routes` are the templates (``/v1/denials/{denial_id}``) that requests are counted
    under.
    """

    def __init__(self, routes: Iterable[str]) -> None:
        self.registry = CollectorRegistry()
        self.routes = frozenset(routes) | {UNMATCHED}
        ProcessCollector(registry=self.registry)

        def counter(name: str, help_text: str, *labels: str) -> Counter:
            return Counter(name, help_text, labels, registry=self.registry)

        def seconds(name: str, help_text: str, *labels: str) -> Histogram:
            return Histogram(
                name, help_text, labels, buckets=_SECONDS, registry=self.registry
            )

        self._build = Gauge(
            "denialml_build_info",
            "Always 1; the version that runs",
            ("version",),
            registry=self.registry,
        )
        self._build.labels(__version__).set(1)
        self._requests = counter(
            "denialml_http_requests_total",
            "Requests that were answered",
            *("route", "method", "status_class"),
        )
        self._request_seconds = seconds(
            "denialml_http_request_seconds",
            "From the first byte of a request to the last of its answer",
            "route",
        )
        self._claims = counter(
            "denialml_claims_scored_total", "Claims that were scored", "way"
        )
        self._scoring_seconds = seconds(
            "denialml_scoring_seconds",
            "Scoring what one request sent, without its audit",
            "way",
        )
        self._audited = counter(
            "denialml_audit_tickets_total",
            "Requests whose reading was audited, by what became of it",
            "result",
        )
        self._audit_seconds = seconds(
            "denialml_audit_seconds", "How long a request waits for its audit"
        )
        self._audit_waiting = Gauge(
            "denialml_audit_waiting",
            "Requests that wait for their audit now",
            registry=self.registry,
        )
        self._files = counter(
            "denialml_files_taken_in_total",
            "Transactions of files taken in through the API",
            *("kind", "complete"),
        )
        self._records = counter(
            "denialml_records_stored_total",
            "Records that were new in files taken in through the API",
        )

    def declared_labels(self) -> dict[str, frozenset[str]]:
        """Every label with every value it can ever have."""
        return {
            "version": frozenset({__version__}),
            "route": self.routes,
            "method": METHODS,
            "status_class": STATUS_CLASSES,
            "way": WAYS,
            "result": _AUDITED,
            "kind": FILE_KINDS,
            "complete": _COMPLETE,
        }

    def answered(self, scope: Scope, *, status: int, seconds: float) -> None:
        """Count one request; `status` 0 where no answer could begin."""
        path = getattr(scope.get("route"), "path", None)
        route = path if path in self.routes else UNMATCHED
        method = scope["method"] if scope["method"] in METHODS else OTHER
        status_class = f"{status // 100}xx" if status else "left"
        self._requests.labels(route, method, status_class).inc()
        self._request_seconds.labels(route).observe(seconds)

    def scored(self, claims: int, *, way: str, seconds: float) -> None:
        """Count the claims of one request."""
        self._claims.labels(way).inc(claims)
        self._scoring_seconds.labels(way).observe(seconds)

    def audit_begun(self) -> None:
        """Somebody waits for an audit event."""
        self._audit_waiting.inc()

    def audit_ended(self, result: str, *, seconds: float) -> None:
        """Nobody waits for it any more."""
        self._audit_waiting.dec()
        self._audited.labels(result).inc()
        self._audit_seconds.observe(seconds)

    def file_taken_in(self, report: IngestReport) -> None:
        """Count a file that was committed."""
        complete = "true" if report.complete else "false"
        for kind, count in known_kinds(report.transactions).items():
            self._files.labels(kind, complete).inc(count)
        self._records.inc(sum(report.records_new.values()))


class Measured:
    """ASGI middleware around everything else: counts and times each request."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and count it, also one whose caller has left."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self.app(scope, receive, noting)
        finally:
            elapsed = time.perf_counter() - started
            self.metrics.answered(scope, status=status, seconds=elapsed)


class MeasuredScorers(Scorers):
    """Scorers that count what they score."""

    def __init__(self, *parts: Any, metrics: Metrics) -> None:
        super().__init__(*parts)
        self._metrics = metrics

    def score_at_once(
        self,
        organization_id: str,
        claim: Claim,
        *,
        records_version: int,
        as_of: date,
        today: date,
    ) -> RiskScore | None:
        """As `Scorers.score_at_once`; None is not counted."""
        started = time.perf_counter()
        score = super().score_at_once(
            organization_id,
            claim,
            records_version=records_version,
            as_of=as_of,
            today=today,
        )
        if score is not None:
            elapsed = time.perf_counter() - started
            self._metrics.scored(1, way="at_once", seconds=elapsed)
        return score

    def score(
        self,
        session: Session,
        organization_id: str,
        claims: Sequence[Claim],
        *,
        as_of: date | None,
        today: date,
        between: Callable[[], None],
        with_fixes: bool = True,
    ) -> tuple[list[RiskScore], Bundle]:
        """As `Scorers.score`."""
        started = time.perf_counter()
        scored = super().score(
            session,
            organization_id,
            claims,
            as_of=as_of,
            today=today,
            between=between,
            with_fixes=with_fixes,
        )
        elapsed = time.perf_counter() - started
        self._metrics.scored(len(claims), way="on_a_thread", seconds=elapsed)
        return scored


class MeasuredAuditWriter(AuditWriter):
    """An audit writer that counts its tickets and how long they wait."""

    def __init__(self, *parts: Any, metrics: Metrics) -> None:
        super().__init__(*parts)
        self._metrics = metrics

    def submit(self, ticket: Ticket) -> Any:
        """As `AuditWriter.submit`."""
        started = time.perf_counter()
        self._metrics.audit_begun()

        def ended(written: Any) -> None:
            if written.cancelled() or written.exception() is not None:
                result = "failed"
            else:
                result = "written" if written.result() else "outdated"
            elapsed = time.perf_counter() - started
            self._metrics.audit_ended(result, seconds=elapsed)

        ticket.written.add_done_callback(ended)
        return super().submit(ticket)
