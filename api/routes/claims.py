"""Scoring: claims in as JSON, X12 or FHIR, their denial risk with reasons out."""

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.bodies import (
    JSON_MEDIA_TYPE,
    X12_MEDIA_TYPE,
    decode_claims,
    media_type_of,
    read_body,
)
from api.dependencies import Visit
from api.examples import (
    EXAMPLE_CLAIM,
    EXAMPLE_GAP,
    EXAMPLE_SCORE,
    as_json,
    example_837p,
)
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import ProblemDocument, ProblemType
from api.routes.answers import JSON, incomplete_file, json_answer, visit_with
from api.routes.files import FHIR_MEDIA_TYPE, example_fhir_claim, file_name_of
from api.scoring import (
    ReadClaims,
    ScoredClaims,
    read_claims,
    score_for,
)
from api.scoring_limits import ScoringLimits, require_scoring_day
from api.short_way import ShortRoute
from denialml.domain.claim import Claim

router = APIRouter(prefix="/v1/claims", tags=["claims"], route_class=ShortRoute)


class ClaimBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several claims in one request."""

    claims: tuple[Claim, ...]


class IncompleteClaims(ProblemDocument, frozen=True, kw_only=True):
    """The problem `incomplete-file`, with the scores of what could be read."""

    report: ScoredClaims


SHAPES = (ScoredClaims, ClaimBatch, IncompleteClaims)


@router.post(
    "/score",
    **describe(
        Operation(
            summary="Score claims",
            description=(
                "The calibrated probability that the payer denies at least one line, "
                "per claim and per line, with every feature's contribution and the "
                "reasons in billing words; what the claim rules find and cannot tell, "
                "of the claim and for want of records the practice does not keep; "
                "a decision by the organization's policy; and what can be done about "
                'it. Takes one claim, `{"claims": [...]}`, or '
                "an X12 837P or FHIR Claim body (docs/fhir.md). Claims are scored with "
                "what the practice has on file and are not stored."
            ),
            permission=Permission.CLAIMS_SCORE,
            body=(
                Content(JSON_MEDIA_TYPE, as_json(EXAMPLE_CLAIM), (Claim, ClaimBatch)),
                Content(X12_MEDIA_TYPE, example_837p()),
                Content(FHIR_MEDIA_TYPE, example_fhir_claim()),
            ),
            answers=(
                Content(
                    JSON,
                    {
                        "scores": [as_json(EXAMPLE_SCORE)],
                        "problems": [],
                        "cut_off": None,
                        "flagged": None,
                        "cut_off_note": None,
                        "practice_gaps": [as_json(EXAMPLE_GAP)],
                    },
                    ScoredClaims,
                ),
            ),
            problems=(
                ProblemType.UNREADABLE_BODY,
                ProblemType.BODY_TOO_LARGE,
                ProblemType.UNSUPPORTED_MEDIA_TYPE,
                ProblemType.INVALID_REQUEST,
                ProblemType.UNREADABLE_FILE,
                ProblemType.INCOMPLETE_FILE,
                ProblemType.MODEL_UNAVAILABLE,
                ProblemType.RULES_UNAVAILABLE,
                ProblemType.STOPPING,
            ),
        )
    ),
)
def score_claims(
    request: Request,
    visit: Visit = visit_with(Permission.CLAIMS_SCORE),
    body: bytes = Depends(read_body),
    as_of: Annotated[
        date | None,
        Query(
            description="The submission day: nothing known later takes part. Without "
            "it the claim's own `submitted_on`, else today. From three years ago to "
            "a year ahead."
        ),
    ] = None,
    precision: Annotated[
        float | None,
        Query(
            gt=0,
            lt=1,
            description="Flag the claims from the risk on of which at least this share "
            "was denied among earlier claims, e.g. 0.9. `cut_off` says what that is "
            "worth; where no cut-off of the model reached it, nothing is flagged and "
            "`cut_off_note` says so.",
        ),
    ] = None,
    fixes: Annotated[
        bool,
        Query(
            description="false: `fixes` of each score is null. Each fix is the claim "
            "scored again, so that a large batch takes a fraction of the time without."
        ),
    ] = True,
) -> Response:
    """Score, and say what could not be read."""
    limits, today = ScoringLimits.of(visit.service.settings), visit.today
    require_scoring_day(as_of, today=today)
    allowed = {JSON_MEDIA_TYPE, X12_MEDIA_TYPE, FHIR_MEDIA_TYPE}
    if media_type_of(request, allowed) == JSON_MEDIA_TYPE:
        read = ReadClaims(decode_claims(body, limits=limits, today=today))
    else:
        read = read_claims(
            body, file=file_name_of(request), limits=limits, as_of=as_of, today=today
        )
    scored = msgspec.structs.replace(
        score_for(
            visit,
            read.claims,
            as_of=as_of,
            precision=precision,
            with_fixes=fixes,
        ),
        problems=read.problems,
    )
    if not read.complete:
        return incomplete_file(request, IncompleteClaims, scored)
    return json_answer(scored)
