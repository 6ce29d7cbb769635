"""Scoring at the door: claims of a file read, scored and audited."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from api.dependencies import Visit
from api.problems import ProblemType, RequestProblem
from denialml.domain.claim import Claim
from denialml.domain.problem import Problem
from denialml.domain.record import Judgment
from denialml.domain.risk import RiskScore
from denialml.errors import UnreadableFile
from denialml.formats import read_bytes
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


def read_claims(content: bytes, *, file: str, maximum: int) -> ReadClaims:
    """The professional claims of an X12 file; void claims are left out with a warning.

    Raises `UnreadableFile` for what is no X12 claim file, `RequestProblem` for more
    claims than `maximum`.
    """
    reading = read_bytes(content, file=file)
    claims = tuple(record for record in reading.records if isinstance(record, Claim))
    if not claims and reading.complete:
        raise UnreadableFile("the file holds no professional claim (837P)")
    if len(claims) > maximum:
        raise RequestProblem(
            ProblemType.BODY_TOO_LARGE, f"At most {maximum} claims in one request."
        )
    billed, voids = without_voids(claims, file=file)
    return ReadClaims(tuple(billed), (*reading.problems, *voids), reading.complete)


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
    )
    visit.note(AuditAction.CLAIMS_SCORED, "claim", "", record_count=len(claims))
    return scores
