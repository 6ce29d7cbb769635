"""Outgoing claims: the risk of an 837P before it is sent, with reasons and remedies."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import starmap
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.dependencies import Purpose, Visit, admitted
from api.pages.denial_view import cause_label
from api.pages.fix_view import (
    CorrectionView,
    ToDoView,
    corrections_of,
    remedy_of,
    to_do_view,
)
from api.pages.forms import Form, read_form, require_token
from api.pages.rendering import frame_of, render
from api.permissions import Permission
from api.problems import RequestProblem
from api.scoring import ReadClaims, read_claims, score_for
from api.scoring_limits import ScoringLimits
from denialml.domain.claim import Claim
from denialml.domain.edit import Decision, EditFinding
from denialml.domain.problem import Problem
from denialml.domain.risk import AnswerDays, Contribution, LineRisk, RiskScore
from denialml.errors import InputError, ModelError, RulesRejected, UnreadableFile
from denialml.formats.claim_segments import ClaimSegments
from denialml.journeys.draft_files import claim_text, segments_at_hand
from denialml.rules.practice_gaps import practice_gaps, unknown_of_claim

router = APIRouter(prefix="/claims", include_in_schema=False)
Scoring = Annotated[
    Visit,
    Depends(
        admitted(Permission.CLAIMS_SCORE, Purpose.READ, by_cookie=True),
        scope="function",
    ),
]

HIGH_RISK = 0.5
MIDDLE_RISK = 0.2
SHOWN_CONTRIBUTIONS = 8
SHOWN_PROBLEMS = 50
_NO_DRAFT = (
    "No draft can be written of this claim: its file is of another guide than"
    " 005010X222, or the claim is too long or says something that a draft could not"
    " repeat. Make the correction in your billing system."
)
_HALF_A_FILE = (
    "No draft is written of a file that could not be read completely; what could not"
    " be read is listed above. Have the file transferred again and upload it whole, or"
    " make the correction in your billing system."
)


@dataclass(frozen=True)
class CauseView:
    """What a denial of a line would be for; `reason_code` is a CARC or empty."""

    words: str
    probability: float
    reason_code: str


@dataclass(frozen=True)
class LineView:
    """One line's risk with the contributions that are shown."""

    risk: LineRisk
    causes: tuple[CauseView, ...]
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class FoundView:
    """What a rule found, and its fix or where the page says it already."""

    finding: EditFinding
    remedy: str


@dataclass(frozen=True)
class UnknownView:
    """A fact that is missing, and the rules that cannot tell without it."""

    missing: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class ClaimView:
    """One scored claim. `tone` is high, middle or low, empty where the score abstains.

    `correctable` is what the form for a draft carries, and `no_draft` why there is none
    although there are `corrections`; one of the two is empty, both without corrections.
    `to_do` is what can be done about it, None where that was not asked for; `remedies`
    are the model's own, where there are no fixes that say it better. `found` is what
    the rules found, gravest first; `not_told` what they cannot tell of this claim, and
    `unkept` counts the rules that ask for records the practice keeps none of, which
    the page tells once for all claims. `causes` are the
    likeliest of its riskiest line; `abstention_reason` is empty unless the number is no
    estimate.
    """

    patient_control_number: str
    payer_name: str
    total_charge: Decimal
    as_of: date
    probability: float
    interval: tuple[float, float] | None
    tone: str
    abstention_reason: str
    decision: Decision
    to_do: ToDoView | None
    correctable: str
    no_draft: str
    corrections: tuple[CorrectionView, ...]
    found: tuple[FoundView, ...]
    not_told: tuple[UnknownView, ...]
    unkept: int
    warnings: tuple[str, ...]
    reasons: tuple[str, ...]
    speaks_for_payment: tuple[str, ...]
    causes: tuple[CauseView, ...]
    expected_loss: Decimal | None
    expected_answer_days: AnswerDays | None
    remedies: tuple[str, ...]
    lines: tuple[LineView, ...]


@dataclass(frozen=True)
class ProblemView:
    """One problem of the uploaded file, with its place in words."""

    severity: str
    place: str
    message: str
    expected: str
    fix: str


@router.get("")
def show_upload(visit: Scoring) -> HTMLResponse:
    """The form."""
    return _page(visit)


async def read_admitted_form(request: Request, visit: Scoring) -> Form:
    """The form, once its sender is admitted.

    The database connection goes back to the pool first: a body may come slowly, and
    twenty slow ones must not leave the others without.
    """
    visit.session.rollback()
    return await read_form(request)


@router.post("")
def show_risk(
    visit: Scoring, form: Annotated[Form, Depends(read_admitted_form)]
) -> HTMLResponse:
    """The risk of every claim in the file; the file is read and forgotten."""
    require_token(visit, form)
    name, content = form.files.get("file", ("", b""))
    pasted = form.text("text")
    if not content:
        name, content = "pasted text", pasted.strip().encode()
    if not content:
        return _page(visit, refusal="Choose a file or paste its text.", status=422)
    try:
        limits = ScoringLimits.of(visit.service.settings)
        read = read_claims(content, file=name, limits=limits, today=visit.today)
        scores = list(score_for(visit, read.claims, as_of=None).scores)
        segments = _segments_of_correctable(content, read, scores)
    except (UnreadableFile, RulesRejected, ModelError) as error:
        return _page(visit, refusal=str(error), pasted=pasted, status=422)
    except RequestProblem as problem:
        return _page(visit, refusal=problem.detail, pasted=pasted, status=422)
    return _page(visit, read=read, scores=scores, segments=segments, pasted=pasted)


def _segments_of_correctable(
    content: bytes, read: ReadClaims, scores: Sequence[RiskScore]
) -> dict[int, ClaimSegments]:
    """By position: what the forms of claims with corrections carry, but for claims that
    are too long for a draft; none of a file that was not read completely."""
    if not read.complete:
        return {}
    positions = [at for at, score in enumerate(scores) if corrections_of(score)]
    correctable = [read.claims[at] for at in positions]
    found = segments_at_hand(io.BytesIO(content), correctable)
    return {at: own for at, own in zip(positions, found, strict=True) if own}


def upload_page(visit: Visit, *, refusal: str) -> HTMLResponse:
    """The form with why something could not be done."""
    return _page(visit, refusal=refusal, status=422)


def _page(
    visit: Visit,
    *,
    read: ReadClaims | None = None,
    scores: list[RiskScore] | None = None,
    segments: Mapping[int, ClaimSegments] | None = None,
    refusal: str = "",
    pasted: str = "",
    status: int = 200,
) -> HTMLResponse:
    claims = read.claims if read is not None else ()
    is_whole = read is None or read.complete
    scored = None
    if scores is not None:
        scored = sorted(
            (
                claim_view(
                    *pair,
                    now=visit.now,
                    segments=(segments or {}).get(at),
                    no_draft=_NO_DRAFT if is_whole else _HALF_A_FILE,
                )
                for at, pair in enumerate(zip(claims, scores, strict=True))
            ),
            key=lambda view: (view.decision is not Decision.HOLD, -view.probability),
        )
    problems = read.problems[:SHOWN_PROBLEMS] if read is not None else ()
    return render(
        "outgoing.html.j2",
        frame=frame_of(visit),
        status=status,
        scored=scored,
        model_version=scores[0].model_version if scores else "",
        problems=[problem_view(problem) for problem in problems],
        gaps=practice_gaps([one.findings for one in scores or ()]),
        refusal=refusal,
        pasted=pasted,
        shown_contributions=SHOWN_CONTRIBUTIONS,
    )


def claim_view(
    claim: Claim,
    score: RiskScore,
    *,
    now: datetime,
    segments: ClaimSegments | None = None,
    no_draft: str = _NO_DRAFT,
) -> ClaimView:
    """One scored claim for the page: reasons, remedies once each, largest first.

    `segments` are the claim's own in the file that was uploaded; without them no draft
    of it is offered, and `no_draft` says why.
    """
    raising = [
        it
        for line in score.lines
        for it in line.contributions
        if it.contribution > 0 and it.remedy
    ]
    raising.sort(key=lambda it: -it.contribution)
    lines = tuple(line_view(line) for line in score.lines)
    riskiest = max(lines, key=lambda line: line.risk.probability)
    to_do = to_do_view(score)
    corrections = corrections_of(score)
    correctable = _carried(claim, segments, written_at=now) if corrections else ""
    is_told = to_do is not None and (to_do.do_not_send or to_do.steps or to_do.others)
    return ClaimView(
        patient_control_number=claim.patient_control_number,
        payer_name=claim.payer.name or claim.payer.payer_id,
        total_charge=claim.total_charge,
        as_of=score.as_of,
        probability=score.probability,
        interval=score.interval,
        tone="" if score.abstains else risk_tone(score.probability),
        abstention_reason=score.abstention_reason,
        decision=score.decision.decision if score.decision else Decision.PASSES,
        to_do=to_do,
        correctable=correctable,
        no_draft=no_draft if corrections and not correctable else "",
        corrections=corrections,
        found=tuple(
            FoundView(one, remedy_of(one, score.fixes))
            for one in score.findings
            if one.verdict == "found"
        ),
        not_told=not_told(score.findings),
        unkept=len(
            {one.rule_id for one in score.findings if one.practice_keeps is False}
        ),
        warnings=score.warnings,
        reasons=score.reasons,
        speaks_for_payment=score.speaks_for_payment,
        causes=riskiest.causes,
        expected_loss=score.expected_loss,
        expected_answer_days=score.expected_answer_days,
        remedies=(
            () if is_told else tuple(dict.fromkeys(it.remedy for it in raising))[:3]
        ),
        lines=lines,
    )


def carried_claim(form: Form) -> bytes:
    """The claim that a form for a draft carries, as 837P text.

    Raises
    ------
    ValueError
        It is not what the page put there.
    """
    return base64.b64decode(form.text("claim"), validate=True)


def _carried(
    claim: Claim, segments: ClaimSegments | None, *, written_at: datetime
) -> str:
    """The claim for the form that asks for a draft; empty: no draft can be written.

    In base64: browsers change line breaks and control characters of a field, and both
    may be separators of the claim's file.
    """
    if segments is None:
        return ""
    try:
        text = claim_text(claim, segments, created_at=written_at)
    except InputError:
        return ""
    return base64.b64encode(text.encode()).decode()


def not_told(findings: Sequence[EditFinding]) -> tuple[UnknownView, ...]:
    """What the rules cannot tell of this claim, once for each fact that is missing."""
    return tuple(starmap(UnknownView, unknown_of_claim(findings).items()))


def line_view(line: LineRisk) -> LineView:
    """A line's risk for the page."""
    return LineView(
        risk=line,
        causes=tuple(
            CauseView(cause_label(one.root_cause), one.probability, one.reason_code)
            for one in line.likely_causes
        ),
        contributions=line.contributions[:SHOWN_CONTRIBUTIONS],
    )


def risk_tone(probability: float) -> str:
    """How loudly to show a risk."""
    if probability >= HIGH_RISK:
        return "high"
    return "middle" if probability >= MIDDLE_RISK else "low"


def problem_view(problem: Problem) -> ProblemView:
    """A problem of the file for the page."""
    places = [
        f"segment {problem.segment}" if problem.segment is not None else "",
        f"loop {problem.loop}" if problem.loop else "",
        problem.element or "",
    ]
    return ProblemView(
        severity=problem.severity,
        place=", ".join(place for place in places if place) or problem.file,
        message=problem.message,
        expected=problem.expected,
        fix=problem.fix,
    )
