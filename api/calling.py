"""Who is calling to score: admitted on the event loop where that takes no time."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from api.dependencies import (
    Access,
    Purpose,
    Visit,
    bearer_key,
    record_notes,
    require_permission,
)
from api.permissions import Permission
from api.problems import ProblemType, RequestProblem
from api.score_desk import Known
from api.scoring import dated
from api.service import Service, service_of
from denialml.domain.claim import Claim
from denialml.domain.risk import RiskScore
from denialml.store.database import open_session


@dataclass(frozen=True)
class Caller:
    """An admitted key, before any record was read."""

    service: Service
    known: Known
    now: datetime

    @property
    def today(self) -> date:
        """The day it is at the practice."""
        return self.now.astimezone(self.service.settings.zone).date()


def calling(permission: Permission) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency that admits keys with `permission`, for scoring only."""

    async def admit(request: Request) -> Caller:
        service = service_of(request)
        now = service.clock()
        plaintext = bearer_key(request)
        if service.desk.is_open:
            known = service.desk.admit(plaintext, now=now)
        else:
            known = await run_in_threadpool(service.desk.ask, plaintext, now=now)
        if known is None:
            raise RequestProblem(ProblemType.NO_KEY)
        require_permission(request, known.grant, permission)
        return Caller(service, known, now)

    admit.access = Access(permission, Purpose.SCORE, by_cookie=False)  # type: ignore[attr-defined]
    return admit


def score_at_once(
    caller: Caller, claims: Sequence[Claim], *, as_of: date | None
) -> list[RiskScore] | None:
    """Scores and their audit without waiting for anything; None: take the long way."""
    if len(claims) != 1 or not caller.service.desk.is_open:
        return None
    (claim,) = dated(claims, today=caller.today)
    day = as_of or claim.submitted_on or caller.today
    grant = caller.known.grant
    scorer = caller.service.scorers.ready(
        grant.organization_id,
        records_version=caller.known.records_version,
        day=day,
    )
    if scorer is None:
        return None
    scores = scorer.score([claim], as_of=day)
    audited = caller.service.desk.record(grant, claims=len(claims), now=caller.now)
    return scores if audited else None


@contextmanager
def visit_of(caller: Caller) -> Iterator[Visit]:
    """A read-only visit for the long way; what it noted is committed at its end."""
    service = caller.service
    with open_session(service.engine, read_only=True) as session:
        visit = Visit(service, session, caller.known.grant, caller.now)
        yield visit
    record_notes(visit, Purpose.SCORE)
