"""Corrected drafts: chosen data corrections of outgoing claims, as an 837P file."""

import io
from collections.abc import Collection, Sequence
from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.bodies import (
    JSON_MEDIA_TYPE,
    decode_claims,
    field_error,
    media_type_of,
    read_body,
    repeated_field,
)
from api.dependencies import Purpose, Visit
from api.draft_example import EXAMPLE_CORRECTED_DRAFT
from api.examples import EXAMPLE_CLAIM, as_json
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import FieldError, ProblemType, RequestProblem
from api.routes.answers import JSON, json_answer, visit_with
from api.scoring import dated, read_claims
from api.scoring_limits import ScoringLimits, require_scoring_day
from denialml.domain.claim import Claim
from denialml.domain.record import Judgment
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.journeys.corrected_drafts import (
    CorrectedDraft,
    FixRefused,
    corrections_file,
    drafted_events,
)
from denialml.store.audit import AuditAction

router = APIRouter(prefix="/v1/claims", tags=["claims"])

_FILE = "request"


class CorrectionRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Claims as they were scored, and the fixes to make.

    Either `claims`, or `x12` with the text of an 837P file. `fixes` names, by a claim's
    `patient_control_number`, the `fix_id` of each data correction to make, or its kind
    for all of that kind.
    """

    fixes: dict[str, tuple[str, ...]]
    claims: tuple[Claim, ...] = ()
    x12: str = ""


class CorrectedClaims(Judgment, frozen=True):
    """The drafts, one per claim named in `fixes`, and all of them as one 837P file.

    `x12` is marked as test data (ISA15 T) and names nobody as sender or receiver: it is
    taken into a billing system, looked at there and sent by a person. It is in the
    separators that the claims came in.
    """

    drafts: tuple[CorrectedDraft, ...]
    x12: str


SHAPES = (CorrectionRequest, CorrectedClaims)


@router.post(
    "/corrections",
    **describe(
        Operation(
            summary="Draft corrected claims",
            description=(
                "Makes the chosen data corrections (`fixes` of a score, class "
                "`data_correction`) on a copy of each claim and gives the drafts with "
                "their risk, the edits with what proves them, and an 837P file. From "
                "`x12` a draft keeps every segment of its claim but the corrected "
                "elements; from `claims` it has what the record holds and no more "
                "(`keeps_segments` of each draft says which), and a claim with another "
                "payer's answer is refused. Nothing is stored or sent; scoring and "
                "each correction are audited. Any other class of fix is refused: no "
                "record on file proves it."
            ),
            permission=Permission.CLAIMS_SCORE,
            body=(
                Content(
                    JSON_MEDIA_TYPE,
                    {
                        "claims": [as_json(EXAMPLE_CLAIM)],
                        "fixes": {
                            EXAMPLE_CLAIM.patient_control_number: [
                                EXAMPLE_CORRECTED_DRAFT.fixes[0].fix_id
                            ]
                        },
                    },
                    (CorrectionRequest,),
                ),
            ),
            answers=(
                Content(
                    JSON,
                    {"drafts": [as_json(EXAMPLE_CORRECTED_DRAFT)], "x12": "ISA*00*..."},
                    CorrectedClaims,
                ),
            ),
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
def correct_claims(
    request: Request,
    visit: Visit = visit_with(Permission.CLAIMS_SCORE, Purpose.READ),
    body: bytes = Depends(read_body),
    as_of: Annotated[
        date | None,
        Query(description="The submission day, as for scoring."),
    ] = None,
) -> Response:
    """The drafts, or why a fix cannot be made."""
    media_type_of(request, {JSON_MEDIA_TYPE})
    require_scoring_day(as_of, today=visit.today)
    claims, fixes, file = _read(body, visit, as_of=as_of)
    try:
        corrected = corrected_claims(visit, claims, fixes, as_of=as_of, file=file)
    except (FixRefused, InputError) as fault:
        if isinstance(fault, FixRefused):
            number = _numbers(fixes)[fault.position]
            pointer, message = f"/fixes/{_escaped(number)}", fault.reason
        else:
            pointer = "/claims" if file is None else "/x12"
            message = str(fault)
        raise _refused(message, pointer=pointer) from None
    return json_answer(corrected)


def corrected_claims(
    visit: Visit,
    claims: Sequence[Claim],
    fixes: dict[str, tuple[str, ...]],
    *,
    as_of: date | None,
    file: bytes | None,
) -> CorrectedClaims:
    """The drafts of the claims that `fixes` names, audited one by one.

    `file` is the X12 text that the claims were read from, None for records.

    Raises `FixRefused` with the position among the numbers of `fixes` that ask for
    something, `RequestProblem` (invalid-request) for a control number that none or
    several of the claims have, `InputError` for what X12 cannot carry.
    """
    positions = {_position(claims, number): fixes[number] for number in _numbers(fixes)}
    chosen = [claims[position] for position in positions]
    scores = _scores(visit, chosen, as_of=as_of)
    visit.note(AuditAction.CLAIMS_SCORED, "claim", "", record_count=len(chosen))
    wanted: dict[int, Collection[str]] = dict(enumerate(positions.values()))

    def score_again(claim: Claim, day: date) -> RiskScore:
        [again] = _scores(visit, [claim], as_of=day)
        return again

    drafts, content = corrections_file(
        chosen,
        scores,
        score_again,
        wanted=wanted,
        created_at=visit.now,
        stream=None if file is None else io.BytesIO(file),
    )
    for claim_id, kind in drafted_events(
        visit.session, visit.organization_id, chosen, drafts
    ):
        visit.note(AuditAction.CORRECTION_DRAFTED, kind, claim_id)
    return CorrectedClaims(drafts=tuple(drafts), x12=content.decode())


def _numbers(fixes: dict[str, tuple[str, ...]]) -> list[str]:
    """The control numbers for which a fix is asked, in the order of the drafts."""
    return [number for number, wanted in fixes.items() if wanted]


def _escaped(name: str) -> str:
    """A field's name within a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _scores(
    visit: Visit, claims: Sequence[Claim], *, as_of: date | None
) -> list[RiskScore]:
    scores, _ = visit.service.scorers.score(
        visit.session,
        visit.organization_id,
        dated(claims, today=visit.today),
        as_of=as_of,
        today=visit.today,
        between=visit.service.require_running,
    )
    return scores


def _read(
    body: bytes, visit: Visit, *, as_of: date | None
) -> tuple[Sequence[Claim], dict[str, tuple[str, ...]], bytes | None]:
    """The claims, each read as for scoring, what to make of them, and the X12 file
    that they were read from, None where they came as records."""
    limits = ScoringLimits.of(visit.service.settings)
    try:
        if repeated_field(body) is not None:
            raise _refused("Expected each field once", pointer="")
        fields = msgspec.json.decode(body, type=_Fields)
    except msgspec.ValidationError as error:
        raise RequestProblem(
            ProblemType.INVALID_REQUEST, errors=(field_error(str(error)),)
        ) from None
    except (ValueError, RecursionError):
        raise RequestProblem(ProblemType.UNREADABLE_BODY) from None
    if not any(fields.fixes.values()):
        raise _refused("Expected a fix for at least one claim", pointer="/fixes")
    if (fields.claims is msgspec.UNSET) == (not fields.x12):
        raise _refused("Expected either `claims` or `x12`", pointer="")
    if not isinstance(fields.claims, msgspec.UnsetType):
        claims = b'{"claims":' + bytes(fields.claims) + b"}"
        decoded = decode_claims(claims, limits=limits, today=visit.today)
        return decoded, fields.fixes, None
    file = fields.x12.encode()
    read = read_claims(file, file=_FILE, limits=limits, as_of=as_of, today=visit.today)
    if not read.complete:
        raise _refused(
            "Expected a whole 837P file; score it to see what could not be read",
            pointer="/x12",
        )
    return read.claims, fields.fixes, file


class _Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body before its claims are read, which name their faults themselves."""

    fixes: dict[str, tuple[str, ...]]
    claims: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    x12: str = ""


def _position(claims: Sequence[Claim], number: str) -> int:
    found = [
        position
        for position, claim in enumerate(claims)
        if claim.patient_control_number == number
    ]
    if len(found) == 1:
        return found[0]
    message = (
        "Expected control numbers of claims in the request"
        if not found
        else "Expected each control number once among the claims"
    )
    raise _refused(message, pointer="/fixes")


def _refused(message: str, *, pointer: str) -> RequestProblem:
    return RequestProblem(
        ProblemType.INVALID_REQUEST,
        errors=(FieldError(pointer=pointer, message=message),),
    )
