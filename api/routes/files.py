"""Files in: X12, FHIR and CSV files, stored once however often they are sent."""

import io
import re
from functools import partial
from typing import Any

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.bodies import X12_MEDIA_TYPE, media_type_of, read_body
from api.dependencies import Purpose, Visit
from api.examples import EXAMPLE_INGEST_REPORT, as_json, example_835, example_837p
from api.idempotency import KEY_PROBLEMS, once
from api.openapi import Content, Operation, describe
from api.permissions import Permission
from api.problems import (
    ProblemDocument,
    ProblemType,
    RequestProblem,
)
from api.routes.answers import JSON, incomplete_file, json_answer, visit_with
from denialml.domain.claim import Claim
from denialml.formats import open_reader, read_bytes, write_fhir_claims
from denialml.journeys.denials import DenialReport, judge_denials
from denialml.journeys.ingest import IngestReport, ingest_file, records_to_store
from denialml.journeys.judgments import after_file, brings_letters
from denialml.store.database import lock_organization
from denialml.store.organizations import get_organization
from denialml.store.touched import unsettled_payments

router = APIRouter(prefix="/v1", tags=["files"])

REMITTANCE_KIND = "835"
X12_TYPES = frozenset({X12_MEDIA_TYPE, "application/octet-stream", "text/plain"})
FHIR_MEDIA_TYPE = "application/fhir+json"
FHIR_TYPES = frozenset({FHIR_MEDIA_TYPE, "application/fhir+ndjson"})
FILE_TYPES = X12_TYPES | FHIR_TYPES | {"text/csv"}
ANSWER = "ClaimPayment"
# No record of any format is shorter: two one-letter columns of a CSV and a line's end.
SHORTEST_RECORD_BYTES = 4
_FILE_NAME = re.compile(r'filename="?([^";\\/\x00-\x1f\x7f]{1,120})"?')


class TakenFile(IngestReport, frozen=True):
    """What one file brought.

    `denials` is set where it held a remittance, a claim that a remittance on file had
    answered, or a payer's letter about denials.
    """

    denials: DenialReport | None = None


class IncompleteFile(ProblemDocument, frozen=True, kw_only=True):
    """The problem `incomplete-file`, with what was stored and where it broke."""

    report: TakenFile


SHAPES = (TakenFile, IncompleteFile)


def example_fhir_claim() -> Any:
    """The example claim as a FHIR Claim: the same claim as in the example 837P."""
    example = read_bytes(example_837p().encode(), file="example.edi")
    claims = [claim for claim in example if isinstance(claim, Claim)]
    return msgspec.json.decode(write_fhir_claims(claims))


_PROBLEMS = (
    *KEY_PROBLEMS,
    ProblemType.UNREADABLE_FILE,
    ProblemType.INCOMPLETE_FILE,
    ProblemType.BODY_TOO_LARGE,
    ProblemType.BODY_TOO_SLOW,
    ProblemType.UNSUPPORTED_MEDIA_TYPE,
    ProblemType.STOPPING,
)


@router.post(
    "/remittances",
    **describe(
        Operation(
            summary="Take in a remittance (835)",
            description=(
                "Stores the payments, matches them to claims and lines, and finds the "
                "denials in them. Sending the same file again, renamed, split or "
                "re-wrapped, adds nothing. A file that may be incomplete is stored as "
                "far as it could be read and answered with the problem "
                "`incomplete-file`. Give the file a name with "
                '`Content-Disposition: attachment; filename="..."`.'
            ),
            permission=Permission.REMITTANCES_WRITE,
            body=(Content(X12_MEDIA_TYPE, example_835()),),
            answers=(Content(JSON, as_json(EXAMPLE_INGEST_REPORT), TakenFile),),
            problems=_PROBLEMS,
        )
    ),
)
@once
def take_remittance(
    request: Request,
    visit: Visit = visit_with(Permission.REMITTANCES_WRITE, Purpose.CHANGE),
    body: bytes = Depends(read_body),
) -> Response:
    """One 835 file; any other kind is refused and nothing of it is kept."""
    media_type_of(request, X12_TYPES)
    report = _ingest(request, visit, body)
    if set(report.transactions) != {REMITTANCE_KIND}:
        raise RequestProblem(
            ProblemType.UNREADABLE_FILE,
            "This address takes 835 remittances; send other files to /v1/files.",
        )
    return _answer(request, report)


@router.post(
    "/files",
    **describe(
        Operation(
            summary="Take in any supported file",
            description=(
                "837P, 835, 277CA, 999, 271 and 278 files, FHIR R4 Claim, "
                "ClaimResponse, ExplanationOfBenefit and eligibility (docs/fhir.md) "
                "and the practice's CSV exports (docs/formats.md). Same rules as for "
                "remittances."
            ),
            permission=Permission.FILES_WRITE,
            body=(
                Content(X12_MEDIA_TYPE, example_837p()),
                Content("text/csv", "payer_id,name\nNGHP1,Northgate Health Plan\n"),
                Content(FHIR_MEDIA_TYPE, example_fhir_claim()),
            ),
            answers=(Content(JSON, as_json(EXAMPLE_INGEST_REPORT), TakenFile),),
            problems=_PROBLEMS,
        )
    ),
)
@once
def take_file(
    request: Request,
    visit: Visit = visit_with(Permission.FILES_WRITE, Purpose.CHANGE),
    body: bytes = Depends(read_body),
) -> Response:
    """One file of any supported kind."""
    media_type_of(request, FILE_TYPES)
    return _answer(request, _ingest(request, visit, body))


def require_few_records(body: bytes, *, file: str, maximum: int) -> None:
    """Refuse a file whose storing would keep other writers out for long.

    The file is read once more for this, and only where it could hold too many: reading
    takes a tenth of the time that storing does, and locks nothing.

    Raises `RequestProblem` (body-too-large), `UnreadableFile`.
    """
    if len(body) < maximum * SHORTEST_RECORD_BYTES:
        return
    total = 0
    for record in open_reader(io.BytesIO(body), file=file):
        total += records_to_store(record)
        if total > maximum:
            raise RequestProblem(
                ProblemType.BODY_TOO_LARGE,
                f"The file holds more than {maximum} records or service lines "
                "(max_records_per_request). Split it, or take it in with "
                "`denialml ingest`. Nothing was stored.",
            )


def _ingest(request: Request, visit: Visit, body: bytes) -> TakenFile:
    file = file_name_of(request)
    maximum = visit.service.settings.max_records_per_request
    require_few_records(body, file=file, maximum=maximum)
    session, organization_id = visit.session, visit.organization_id
    judged = visit.service.judged
    # From here on nobody else changes the practice: what is remembered can be compared.
    lock_organization(session, organization_id)
    version = get_organization(session, organization_id).records_version
    last = judged.get(organization_id)
    waiting = unsettled_payments(session, organization_id)
    report = ingest_file(
        session,
        organization_id,
        io.BytesIO(body),
        file=file,
        now=visit.now,
        actor=visit.actor,
        progress=lambda _file, _count: visit.service.require_running(),
    )
    if last is not None:
        last = after_file(
            session, organization_id, last, report, records_version=version
        )
    found = None
    if (
        REMITTANCE_KIND in report.transactions
        or ANSWER in report.records_read
        # A claim taken in after its answer.
        or waiting != unsettled_payments(session, organization_id)
        or brings_letters(session, organization_id, report)
    ):
        found, last = judge_denials(
            session,
            organization_id,
            as_of=visit.today,
            now=visit.now,
            actor=visit.actor,
            last=last,
        )
    visit.after_commit.append(partial(judged.put, organization_id, last))
    visit.after_commit.append(partial(visit.service.metrics.file_taken_in, report))
    return TakenFile(**msgspec.structs.asdict(report), denials=found)


def file_name_of(request: Request) -> str:
    """The name a caller gives a file, without folders; `upload` where none is given.

    A name in the address would end up in the logs of proxies, so it is a header.
    """
    match = _FILE_NAME.search(request.headers.get("content-disposition", ""))
    name = match[1].strip() if match else ""
    return name if name.strip(".") else "upload"


def _answer(request: Request, report: TakenFile) -> Response:
    if report.complete:
        return json_answer(report)
    return incomplete_file(request, IncompleteFile, report)
