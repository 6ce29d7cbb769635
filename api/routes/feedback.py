"""Feedback: what became of a claim that denialml had spoken about."""

import msgspec
from fastapi import APIRouter, Depends
from starlette.responses import Response

from api.bodies import read_body, repeated_field
from api.dependencies import Purpose, Visit
from api.examples import as_json
from api.idempotency import KEY_PROBLEMS, once
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import FieldError, ProblemType, RequestProblem
from api.record_examples import CLAIM_ID, EXAMPLE_FEEDBACK
from api.routes.answers import JSON, json_answer, record_id, visit_with
from denialml.domain.record import Judgment
from denialml.store.audit import AuditAction
from denialml.store.claims import get_claim
from denialml.store.feedback import (
    ClaimFeedback,
    FeedbackStatement,
    add_feedback,
    feedback_of,
)

router = APIRouter(prefix="/v1/claims", tags=["feedback"])
_STATEMENTS = ", ".join(FeedbackStatement)


class GivenFeedback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of a closed list: there is no note that could hold anything else."""

    statement: FeedbackStatement


class FeedbackList(Judgment, frozen=True):
    """Everything told about one claim, newest first."""

    claim_id: str
    feedback: tuple[ClaimFeedback, ...]


SHAPES = (GivenFeedback, FeedbackList, ClaimFeedback)


@router.post(
    "/{claim_id}/feedback",
    **describe(
        Operation(
            summary="Tell what became of a claim",
            description=(
                "`false_alarm`: it was right as it was; `fixed_and_resubmitted`: what "
                "was said was mended; `denied_as_predicted`: the payer denied it for "
                "that. Added to what was told before, never changed."
            ),
            permission=Permission.CLAIMS_SCORE,
            status=201,
            body=(Content(JSON, {"statement": "false_alarm"}, GivenFeedback),),
            answers=(Content(JSON, as_json(EXAMPLE_FEEDBACK), ClaimFeedback),),
            problems=(
                ProblemType.NOT_FOUND,
                ProblemType.UNREADABLE_BODY,
                *KEY_PROBLEMS,
            ),
        )
    ),
)
@once
def give_feedback(
    claim_id: str,
    visit: Visit = visit_with(Permission.CLAIMS_SCORE, Purpose.CHANGE),
    body: bytes = Depends(read_body),
) -> Response:
    """Add one statement."""
    given = add_feedback(
        visit.session,
        visit.organization_id,
        record_id(claim_id),
        read_statement(body),
        actor=visit.actor,
        now=visit.now,
    )
    visit.note(AuditAction.FEEDBACK_GIVEN, "claim", given.claim_id)
    return json_answer(given, status=201)


@router.get(
    "/{claim_id}/feedback",
    **describe(
        Operation(
            summary="List what was told about a claim",
            description="Newest first.",
            permission=Permission.RECORDS_READ,
            answers=(
                Content(
                    JSON,
                    {"claim_id": CLAIM_ID, "feedback": [as_json(EXAMPLE_FEEDBACK)]},
                    FeedbackList,
                ),
            ),
            problems=(ProblemType.NOT_FOUND,),
        )
    ),
)
def list_feedback(
    claim_id: str, visit: Visit = visit_with(Permission.RECORDS_READ)
) -> Response:
    """Everything told about one claim."""
    known_as = record_id(claim_id)
    get_claim(visit.session, visit.organization_id, known_as)
    found = feedback_of(visit.session, visit.organization_id, known_as)
    visit.note(AuditAction.RECORD_READ, "claim_feedback", known_as)
    return json_answer(FeedbackList(claim_id=known_as, feedback=found))


def read_statement(body: bytes) -> FeedbackStatement:
    """The statement of a request's body.

    Raises `RequestProblem` (unreadable-body, or invalid-request that names the list).
    """
    try:
        if repeated_field(body) is None:
            return msgspec.json.decode(body, type=GivenFeedback).statement
    except msgspec.ValidationError:
        pass
    except (ValueError, RecursionError):
        raise RequestProblem(ProblemType.UNREADABLE_BODY) from None
    raise RequestProblem(
        ProblemType.INVALID_REQUEST,
        errors=(
            FieldError(
                pointer="/statement",
                message=f"Expected `statement` alone, one of {_STATEMENTS}",
            ),
        ),
    )
