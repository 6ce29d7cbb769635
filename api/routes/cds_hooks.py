"""CDS Hooks: the claim check as cards, where a claim is prepared in another system."""

from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import (
    JSON_MEDIA_TYPE,
    decode_claims,
    field_error,
    media_type_of,
    read_body,
    repeated_field,
)
from api.cds_cards import Card, Cards, CardSource, cards_of
from api.dependencies import Visit
from api.examples import EXAMPLE_CLAIM, as_json
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import FieldError, ProblemType, RequestProblem
from api.routes.answers import JSON, json_answer, visit_with
from api.scoring import ReadClaims, read_claims, score_for
from api.scoring_limits import ScoringLimits

router = APIRouter(tags=["cds-hooks"])

DISCOVERY_PATH = "/cds-services"
SERVICE_ID = "denialml-claim-check"
# The standard has no hook for claims: ours is for a billing system's, the other for
# an EHR that can hand a claim over where an order is signed.
PREPARATION_HOOK = "denialml-claim-prepare"
HOOKS = frozenset({PREPARATION_HOOK, "order-sign"})


class CdsService(msgspec.Struct, frozen=True, kw_only=True):
    """One service as discovery tells it."""

    hook: str
    id: str
    title: str
    description: str
    prefetch: dict[str, str]


class CdsServices(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of discovery."""

    services: tuple[CdsService, ...]


class CdsRequest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    forbid_unknown_fields=True,
):
    """A call of a service, with the fields that CDS Hooks 2.0 names.

    The claim is `claim` of `context`, else of `prefetch`. What else the two hold is
    passed over; `fhirServer` and `fhirAuthorization` are taken and never used: nothing
    is fetched from anywhere.
    """

    hook: str
    hook_instance: str
    context: dict[str, msgspec.Raw]
    prefetch: dict[str, msgspec.Raw] | None = None
    fhir_server: str | None = None
    fhir_authorization: dict[str, msgspec.Raw] | None = None
    extension: dict[str, msgspec.Raw] | None = None


SHAPES = (CdsServices, CdsRequest, Cards)
SERVICES = CdsServices(
    services=(
        CdsService(
            hook=PREPARATION_HOOK,
            id=SERVICE_ID,
            title="Denial risk of a claim",
            description=(
                "Checks a professional claim before it is sent: the organization's "
                "decision with the denial risk, and each grave finding of the claim "
                "rules. The claim is read from context.claim or prefetch.claim."
            ),
            prefetch={"claim": "Claim/{{context.claimId}}"},
        ),
    )
)
_EXAMPLE_REQUEST = {
    "hook": PREPARATION_HOOK,
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/example", "claim": as_json(EXAMPLE_CLAIM)},
}
_EXAMPLE_CARD = Card(
    uuid="4e0a3a1e-3552-4533-a6fe-cb3a4c2a1c1d",
    summary="Hold this claim: denial risk 41%, 1 grave finding",
    indicator="warning",
    source=CardSource(),
    detail="**Why**\n\n- No authorization is on file for 90837.",
)
_claims_raw = msgspec.json.Decoder(CdsRequest)
_kind = msgspec.json.Decoder(dict[str, msgspec.Raw])


@router.get(
    DISCOVERY_PATH,
    **describe(
        Operation(
            summary="Which CDS services there are",
            description=(
                "CDS Hooks 2.0 discovery. Public, as clients ask it before they know "
                "whom to trust; it says nothing of any organization or record."
            ),
            permission=None,
            answers=(Content(JSON, as_json(SERVICES), CdsServices),),
        )
    ),
)
async def list_services() -> Response:
    """The one service there is."""
    return json_answer(SERVICES)


@router.post(
    f"{DISCOVERY_PATH}/{SERVICE_ID}",
    **describe(
        Operation(
            summary="Check a claim: cards",
            description=(
                "One claim, as JSON like /v1/claims/score takes it or as a FHIR R4 "
                "Claim or Bundle, in `context.claim` or `prefetch.claim`. The same "
                "scoring and the same audit; a card for the decision and one for each "
                "grave finding. Indicators are info or warning: critical is for harm "
                "to a patient. Nothing is stored and nothing is fetched."
            ),
            permission=Permission.CLAIMS_SCORE,
            body=(Content(JSON_MEDIA_TYPE, _EXAMPLE_REQUEST, CdsRequest),),
            answers=(Content(JSON, as_json(Cards(cards=(_EXAMPLE_CARD,))), Cards),),
            problems=(
                ProblemType.UNREADABLE_BODY,
                ProblemType.BODY_TOO_LARGE,
                ProblemType.UNSUPPORTED_MEDIA_TYPE,
                ProblemType.INVALID_REQUEST,
                ProblemType.UNREADABLE_FILE,
                ProblemType.MODEL_UNAVAILABLE,
                ProblemType.RULES_UNAVAILABLE,
                ProblemType.STOPPING,
            ),
        )
    ),
)
def check_claim(
    request: Request,
    visit: Visit = visit_with(Permission.CLAIMS_SCORE),
    body: bytes = Depends(read_body),
) -> Response:
    """The cards of one claim."""
    media_type_of(request, {JSON_MEDIA_TYPE})
    sent = _decoded(body)
    read = _claim_of(sent, visit)
    if len(read.claims) != 1:
        raise _refused("/context/claim", "Expected exactly one claim to be paid")
    (score,) = score_for(visit, read.claims, as_of=None, with_fixes=False).scores
    unread = sum(it.severity == "error" for it in read.problems)
    return json_answer(cards_of(score, unread=unread))


def _decoded(body: bytes) -> CdsRequest:
    try:
        twice = repeated_field(body)
        sent = _claims_raw.decode(body)
    except msgspec.ValidationError as error:
        raise RequestProblem(
            ProblemType.INVALID_REQUEST, errors=(field_error(str(error)),)
        ) from None
    except (ValueError, RecursionError):  # also what is no JSON or no UTF-8
        raise RequestProblem(ProblemType.UNREADABLE_BODY) from None
    if twice is not None:
        raise _refused("", "Expected each field once")
    if sent.hook not in HOOKS:
        raise _refused("/hook", f"Expected one of {', '.join(sorted(HOOKS))}")
    return sent


def _claim_of(sent: CdsRequest, visit: Visit) -> ReadClaims:
    """The claim of the context, else of the prefetch; its faults at their place."""
    for place, held in (("/context", sent.context), ("/prefetch", sent.prefetch or {})):
        raw = bytes(held.get("claim", b"null"))
        if raw == b"null":
            continue
        try:
            return _read(raw, visit)
        except RequestProblem as problem:
            errors = tuple(_below(f"{place}/claim", it) for it in problem.errors)
            kind = problem.problem_type
            raise RequestProblem(kind, problem.detail, errors=errors) from None
    raise _refused("/context/claim", "Expected a claim here or in prefetch.claim")


def _read(raw: bytes, visit: Visit) -> ReadClaims:
    limits, today = ScoringLimits.of(visit.service.settings), visit.today
    try:
        is_fhir = "resourceType" in _kind.decode(raw)
    except msgspec.ValidationError:
        raise _refused("", "Expected an object") from None
    if is_fhir:
        return read_claims(raw, file="claim", limits=limits, today=today)
    return ReadClaims(decode_claims(raw, limits=limits, today=today))


def _below(place: str, error: FieldError) -> FieldError:
    changes: dict[str, Any] = {"pointer": place + (error.pointer or "")}
    return msgspec.structs.replace(error, **changes)


def _refused(pointer: str, message: str) -> RequestProblem:
    return RequestProblem(
        ProblemType.INVALID_REQUEST,
        errors=(FieldError(pointer=pointer, message=message),),
    )
