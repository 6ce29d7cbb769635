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
from denialml.domain.missing import PracticeGap
from denialml.domain.problem import Problem
from denialml.domain.record import Judgment
from denialml.domain.risk import CutOff, RiskScore
from denialml.errors import UnreadableFile
from denialml.formats import open_reader
from denialml.journeys.score import without_voids
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.cut_offs import find_cut_off, flagged_by, not_reached
from denialml.rules.practice_gaps import practice_gaps
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

    Where a precision was asked for, `cut_off` is the one that reached it, and
    `flagged` are the control numbers of the claims at or above its risk, riskiest
    first; where none reached it, both are null and `cut_off_note` says so. All three
    are null where none was asked for.

    `practice_gaps` are the records that the practice keeps none of and that rules asked
    for: setting up, told once instead of with each claim.
    """

    scores: tuple[RiskScore, ...]
    problems: tuple[Problem, ...] = ()
    cut_off: CutOff | None = None
    flagged: tuple[str, ...] | None = None
    cut_off_note: str | None = None
    practice_gaps: tuple[PracticeGap, ...] = ()


def scored_claims(scores: Sequence[RiskScore]) -> ScoredClaims:
    """The scores, with what the rules cannot tell of any claim for want of records."""
    gaps = practice_gaps([one.findings for one in scores])
    return ScoredClaims(scores=tuple(scores), practice_gaps=gaps)


def with_cut_off(
    scored: ScoredClaims, cut_offs: Sequence[CutOff], precision: float
) -> ScoredClaims:
    """The scores with those that reach the precision flagged, or why none can be."""
    cut_off = find_cut_off(cut_offs, precision)
    if cut_off is None:
        return msgspec.structs.replace(
            scored, cut_off_note=f"{not_reached(cut_offs, precision)}."
        )
    return msgspec.structs.replace(
        scored, cut_off=cut_off, flagged=flagged_by(cut_off, scored.scores)
    )


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
    scored, left_out = scorable(claims, file=file, as_of=as_of, today=today)
    return ReadClaims(tuple(scored), (*reader.problems, *left_out), reader.complete)


def scorable(
    claims: Sequence[Claim], *, file: str, as_of: date | None, today: date
) -> tuple[list[Claim], tuple[Problem, ...]]:
    """The claims that get a score, and why each of the others gets none."""
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
    return scored, left_out


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
    visit: Visit,
    claims: Sequence[Claim],
    *,
    as_of: date | None,
    precision: float | None = None,
    with_fixes: bool = True,
) -> ScoredClaims:
    """The risk of each claim, in the order given; one audit event for all of them.

    Without `as_of` a claim is scored as of the day it says it was submitted, or today
    where it says none: the day decides what counts as known.
    """
    scorers = visit.service.scorers
    if not claims:
        if precision is None:
            return ScoredClaims(scores=())
        bundle = scorers.models.of(visit.organization_id).current()
        return _answer([], bundle, precision=precision)
    scores, bundle = scorers.score(
        visit.session,
        visit.organization_id,
        dated(claims, today=visit.today),
        as_of=as_of,
        today=visit.today,
        between=visit.service.require_running,
        with_fixes=with_fixes,
    )
    visit.note(AuditAction.CLAIMS_SCORED, "claim", "", record_count=len(claims))
    return _answer(scores, bundle, precision=precision)


def _answer(
    scores: Sequence[RiskScore], bundle: Bundle, *, precision: float | None
) -> ScoredClaims:
    scored = scored_claims(scores)
    if precision is None:
        return scored
    return with_cut_off(scored, bundle.facts.calibration.cut_offs, precision)
