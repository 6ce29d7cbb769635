"""Scoring at the door: claims of a file read, scored and audited."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import msgspec

from api.dependencies import Visit
from api.scoring_limits import MAXIMUM_LINES, ScoringLimits, scoring_days
from denialml.domain.claim import Claim
from denialml.domain.problem import Problem
from denialml.domain.record import Judgment
from denialml.domain.risk import RiskScore
from denialml.errors import UnreadableFile
from denialml.formats import open_reader
from denialml.journeys.score import without_voids
from denialml.store.audit import AuditAction


@dataclass(frozen=True)
class ReadClaims:
    """Claims of one request, with what could not be read of them."""

    claims: tuple[Claim, ...]
    problems: tuple[Problem, ...] = ()
    complete: bool = True


class ScoredClaims(Judgment, frozen=True):
    """One score per claim, in the order sent.

    `problems` says what could not be read of an X12 body, or only by a stated
    tolerance.
    """

    scores: tuple[RiskScore, ...]
    problems: tuple[Problem, ...] = ()


def read_claims(
    content: bytes,
    *,
    file: str,
    limits: ScoringLimits,
    as_of: date | None = None,
    today: date,
) -> ReadClaims:
    """The professional claims of an X12 file that can be scored.

    Voids, claims of more lines than an 837P may hold and claims submitted outside
    `scoring_days` (where `as_of` does not say another day) are left out, each with a
    problem. Reading stops where there is more than `limits` allow.

    Raises `UnreadableFile` for what is no X12 claim file, `RequestProblem`
    (body-too-large) for more claims or service lines than allowed.
    """
    reader = open_reader(io.BytesIO(content), file=file)
    claims: list[Claim] = []
    lines = 0
    for record in reader:
        if isinstance(record, Claim):
            claims.append(record)
            lines += len(record.lines)
            limits.require(claims=len(claims), lines=lines)
    if not claims and reader.complete:
        raise UnreadableFile("the file holds no professional claim (837P)")
    billed, left_out = without_voids(claims, file=file)
    scored: list[Claim] = []
    days = scoring_days(today)
    for claim in billed:
        if len(claim.lines) > MAXIMUM_LINES:
            left_out += (_not_scored(claim, _TOO_LONG, file=file),)
        elif as_of is None and (claim.submitted_on or today) not in days:
            fault = _OTHER_DAY._replace(expected=f"submitted on {days}")
            left_out += (_not_scored(claim, fault, file=file),)
        else:
            scored.append(claim)
    return ReadClaims(tuple(scored), (*reader.problems, *left_out), reader.complete)


class NotScored(NamedTuple):
    """Why a claim that was read gets no score."""

    code: str
    element: str
    expected: str
    fix: str


_TOO_LONG = NotScored(
    "long-claim-not-scored",
    "LX01",
    f"at most {MAXIMUM_LINES} service lines in one claim (005010X222, loop 2400)",
    "Split it into claims of at most 50 lines, as the payer will ask for.",
)
_OTHER_DAY = NotScored(
    "day-not-scored",
    "BHT04",
    "a submission day within three years",
    "Correct BHT04, or say with `as_of` as of which day to score.",
)


def _not_scored(claim: Claim, why: NotScored, *, file: str) -> Problem:
    return Problem(
        severity="error",
        code=why.code,
        file=file,
        message="the claim was read and not scored",
        expected=why.expected,
        fix=why.fix,
        segment=claim.source.segment if claim.source is not None else None,
        loop="2300",
        element=why.element,
    )


def dated(claims: Sequence[Claim], *, today: date) -> list[Claim]:
    """The claims, each with a submission day: its own, or today where it says none."""
    return [
        claim
        if claim.submitted_on is not None
        else msgspec.structs.replace(claim, submitted_on=today)
        for claim in claims
    ]


def score_for(
    visit: Visit, claims: Sequence[Claim], *, as_of: date | None
) -> list[RiskScore]:
    """The risk of each claim, in the order given; one audit event for all of them.

    Without `as_of` a claim is scored as of the day it says it was submitted, or today
    where it says none: the day decides what counts as known.
    """
    if not claims:
        return []
    scores = visit.service.scorers.score(
        visit.session,
        visit.organization_id,
        dated(claims, today=visit.today),
        as_of=as_of,
        today=visit.today,
        between=visit.service.require_running,
    )
    visit.note(AuditAction.CLAIMS_SCORED, "claim", "", record_count=len(claims))
    return scores
