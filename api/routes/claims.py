"""Scoring: claims in as JSON or X12, their denial risk with reasons out."""

from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from api.bodies import (
    JSON_MEDIA_TYPE,
    X12_MEDIA_TYPE,
    decode_claims,
    media_type_of,
    read_body,
)
from api.calling import Caller, calling, score_at_once, visit_of
from api.examples import EXAMPLE_CLAIM, EXAMPLE_SCORE, as_json, example_837p
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import ProblemDocument, ProblemType
from api.routes.answers import JSON, incomplete_file, json_answer
from api.routes.files import file_name_of
from api.scoring import ReadClaims, read_claims, score_for
from denialml.domain.claim import Claim
from denialml.domain.problem import Problem
from denialml.domain.record import Judgment
from denialml.domain.risk import RiskScore

router = APIRouter(prefix="/v1/claims", tags=["claims"])
# A claim of 50 lines is about 15 KB; larger bodies are batches and go to a thread.
SHORT_BODY_BYTES = 20_000


class ClaimBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several claims in one request."""

    claims: tuple[Claim, ...]


class ScoredClaims(Judgment, frozen=True):
    """One score per claim, in the order sent.

    `problems` says what could not be read of an X12 body, or only by a stated
    tolerance.
    """

    scores: tuple[RiskScore, ...]
    problems: tuple[Problem, ...] = ()


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
                'reasons in billing words. Takes one claim, `{"claims": [...]}`, or '
                "an X12 837P body. Claims are scored with what the practice has on "
                "file and are not stored."
            ),
            permission=Permission.CLAIMS_SCORE,
            body=(
                Content(JSON_MEDIA_TYPE, as_json(EXAMPLE_CLAIM), (Claim, ClaimBatch)),
                Content(X12_MEDIA_TYPE, example_837p()),
            ),
            answers=(
                Content(
                    JSON,
                    {
                        "scores": [as_json(EXAMPLE_SCORE)],
                        "problems": [],
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
            ),
        )
    ),
)
async def score_claims(
    request: Request,
    caller: Annotated[Caller, Depends(calling(Permission.CLAIMS_SCORE))],
    as_of: Annotated[
        date | None,
        Query(
            description="The submission day: nothing known later takes part. Without "
            "it the claim's own `submitted_on`, else today."
        ),
    ] = None,
) -> Response:
    """Score, and say what could not be read; one JSON claim takes the short way."""
    media_type = media_type_of(request, {JSON_MEDIA_TYPE, X12_MEDIA_TYPE})
    body = await read_body(request)
    if media_type == JSON_MEDIA_TYPE and len(body) <= SHORT_BODY_BYTES:
        claims = decode_claims(body, maximum=_maximum(caller))
        scores = score_at_once(caller, claims, as_of=as_of)
        if scores is not None:
            return json_answer(ScoredClaims(scores=tuple(scores)))
    return await run_in_threadpool(
        _score, request, caller, media_type, body, as_of=as_of
    )


def _score(
    request: Request,
    caller: Caller,
    media_type: str,
    body: bytes,
    *,
    as_of: date | None,
) -> Response:
    """The long way, on a thread."""
    if media_type == JSON_MEDIA_TYPE:
        read = ReadClaims(decode_claims(body, maximum=_maximum(caller)))
    else:
        read = read_claims(body, file=file_name_of(request), maximum=_maximum(caller))
    with visit_of(caller) as visit:
        scores = tuple(score_for(visit, read.claims, as_of=as_of))
    scored = ScoredClaims(scores=scores, problems=read.problems)
    if not read.complete:
        return incomplete_file(request, IncompleteClaims, scored)
    return json_answer(scored)


def _maximum(caller: Caller) -> int:
    return caller.service.settings.max_claims_per_request
