"""Reading what a caller sends: claims as JSON, files as bytes; a place per fault.

Nothing sent is repeated in a message: field names are shown only where they look like
field names, values never.
"""

import json
import re
from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal

import msgspec
from starlette.requests import Request

from api.problems import FieldError, ProblemType, RequestProblem
from api.scoring_limits import (
    FUTURE_DAYS,
    MAXIMUM_LINES,
    DaySpan,
    ScoringLimits,
    days_around,
    scoring_days,
)
from denialml.domain.chain import VOID
from denialml.domain.claim import Claim

JSON_MEDIA_TYPE = "application/json"
X12_MEDIA_TYPE = "application/edi-x12"
# CLM05-3 of a professional claim that asks for payment: original, corrected (6, which
# payers no longer take, and 7). A void (8) is told apart.
FREQUENCIES = ("1", "6", "7")
EARLIEST_BIRTH = date(1890, 1, 1)
SERVICE_PAST_DAYS = 10 * 366
MAXIMUM_AMOUNT = Decimal("99999999.99")  # X222 1.3: amounts have at most ten digits.

_object_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list_decoder = msgspec.json.Decoder(list[msgspec.Raw])
_claim_decoder = msgspec.json.Decoder(Claim)
_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_FIELD = re.compile(r"`([^`]*)`")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


async def read_body(request: Request) -> bytes:
    """The whole body; its size is bounded by the gate."""
    return await request.body()


def require_no_fields(body: bytes) -> None:
    """Refuse a body where an operation takes none; an empty object is none.

    Raises `RequestProblem` (invalid-request): a field that was meant to change what is
    done must not be passed over in silence.
    """
    if body.strip() not in (b"", b"{}"):
        message = "Unknown field; allowed: none, this operation takes no body"
        raise RequestProblem(
            ProblemType.INVALID_REQUEST,
            errors=(FieldError(pointer="", message=message),),
        )


def media_type_of(request: Request, allowed: Collection[str]) -> str:
    """The media type of the body, lower case, without parameters.

    Raises `RequestProblem` (unsupported-media-type) naming the allowed ones.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in allowed:
        raise RequestProblem(
            ProblemType.UNSUPPORTED_MEDIA_TYPE,
            f"Set Content-Type to {' or '.join(sorted(allowed))}.",
            headers={"Accept": ", ".join(sorted(allowed))},
        )
    return sent


def decode_claims(
    body: bytes, *, limits: ScoringLimits, today: date
) -> tuple[Claim, ...]:
    """Claims from `{claim}` or `{"claims": [claim, ...]}`.

    Every claim is read on its own, so that one answer names the first fault of each.
    Raises `RequestProblem`: unreadable-body for what is not JSON, body-too-large for
    more claims or service lines than `limits` allow, invalid-request with a JSON
    pointer per fault.
    """
    try:
        return _decode_claims(body, limits=limits, today=today)
    except RecursionError:
        raise RequestProblem(ProblemType.UNREADABLE_BODY) from None


def _decode_claims(
    body: bytes, *, limits: ScoringLimits, today: date
) -> tuple[Claim, ...]:
    try:
        fields = _object_decoder.decode(body)
    except msgspec.ValidationError:
        raise RequestProblem(
            ProblemType.INVALID_REQUEST,
            errors=(FieldError(pointer="", message="Expected an object"),),
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestProblem(ProblemType.UNREADABLE_BODY) from None
    if "claims" not in fields:
        raws, prefixes = [msgspec.Raw(body)], [""]
    else:
        raws = _claim_list(fields)
        prefixes = [f"/claims/{index}" for index in range(len(raws))]
    limits.require(claims=len(raws), lines=0)
    _refuse_repeated_field(body)
    claims: list[Claim] = []
    faults: list[FieldError] = []
    for raw, prefix in zip(raws, prefixes, strict=True):
        try:
            claim = _claim_decoder.decode(raw)
        except msgspec.ValidationError as error:
            faults.append(field_error(str(error), prefix=prefix))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise RequestProblem(ProblemType.UNREADABLE_BODY) from None
        else:
            claims.append(claim)
            faults.extend(claim_faults(claim, today=today, prefix=prefix))
    limits.require(claims=len(claims), lines=sum(len(one.lines) for one in claims))
    if faults:
        raise RequestProblem(ProblemType.INVALID_REQUEST, errors=tuple(faults))
    return tuple(claims)


def _claim_list(fields: dict[str, msgspec.Raw]) -> list[msgspec.Raw]:
    unknown = sorted(set(fields) - {"claims"})
    if unknown:
        shown = unknown[0] if _FIELD_NAME.fullmatch(unknown[0]) else "a field"
        message = f"Unknown field beside `claims`: {shown}"
    else:
        try:
            raws = _list_decoder.decode(fields["claims"])
        except msgspec.ValidationError:
            message = "Expected a list of claims"
        else:
            if raws:
                return raws
            message = "Expected at least one claim"
    raise RequestProblem(
        ProblemType.INVALID_REQUEST,
        errors=(FieldError(pointer="/claims", message=message),),
    )


def repeated_field(body: bytes) -> str | None:
    """A field that some object of a JSON text gives twice; None where none does.

    Of two values of one field readers take the first, the last or none; nobody can say
    which was meant. Raises `ValueError` for what is no JSON or no UTF-8.
    """
    found: list[str] = []

    def look(pairs: list[tuple[str, object]]) -> None:
        if found:
            return
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                found.append(name)
                return
            seen.add(name)

    # Numbers stay text: only names are looked at, and a long number is costly.
    json.loads(
        body, object_pairs_hook=look, parse_int=str, parse_float=str, parse_constant=str
    )
    return found[0] if found else None


def _refuse_repeated_field(body: bytes) -> None:
    try:
        name = repeated_field(body)
    except ValueError:
        raise RequestProblem(ProblemType.UNREADABLE_BODY) from None
    if name is not None:
        shown = name if _FIELD_NAME.fullmatch(name) else "a field"
        message = f"Expected each field once; given twice: {shown}"
        raise RequestProblem(
            ProblemType.INVALID_REQUEST,
            errors=(FieldError(pointer="", message=message),),
        )


def claim_faults(claim: Claim, *, today: date, prefix: str = "") -> list[FieldError]:
    """What the types cannot say: what a claim needs before it can be scored."""
    faults: list[FieldError] = []

    def fault(pointer: str, message: str) -> None:
        faults.append(FieldError(pointer=prefix + pointer, message=message))

    if not claim.patient_control_number.strip():
        fault("/patient_control_number", "Expected the practice's claim number")
    if claim.frequency_code == VOID:
        fault(
            "/frequency_code",
            "Expected a claim that asks for payment: a void (8) has no denial risk",
        )
    elif claim.frequency_code not in FREQUENCIES:
        fault("/frequency_code", f"Expected one of {', '.join(FREQUENCIES)}")
    if claim.submitted_on is not None and claim.submitted_on not in scoring_days(today):
        fault("/submitted_on", f"Expected {scoring_days(today)}")
    born = DaySpan(EARLIEST_BIRTH, today)
    birth_dates = {"/subscriber": claim.subscriber.birth_date}
    if claim.patient is not None:
        birth_dates["/patient"] = claim.patient.birth_date
    for pointer, day in birth_dates.items():
        if day is not None and day not in born:
            fault(f"{pointer}/birth_date", f"Expected {born}")
    if not 1 <= len(claim.lines) <= MAXIMUM_LINES:
        fault("/lines", f"Expected 1 to {MAXIMUM_LINES} service lines")
    else:
        _add_line_faults(claim, fault, today=today)
    if not _is_amount(claim.total_charge):
        fault("/total_charge", _AMOUNT_EXPECTED)
    elif not faults and claim.total_charge != sum(it.charge for it in claim.lines):
        fault("/total_charge", "Expected the sum of the lines' charges")
    return faults


def _add_line_faults(
    claim: Claim, fault: Callable[[str, str], None], *, today: date
) -> None:
    served = days_around(today, past=SERVICE_PAST_DAYS, future=FUTURE_DAYS)
    numbers: set[int] = set()
    for index, line in enumerate(claim.lines):
        here = f"/lines/{index}"
        if not 1 <= line.line_number <= MAXIMUM_LINES:
            fault(f"{here}/line_number", f"Expected 1 to {MAXIMUM_LINES}")
        if line.line_number in numbers:
            fault(f"{here}/line_number", "Expected a number not used before")
        numbers.add(line.line_number)
        if not line.procedure_code.strip():
            fault(f"{here}/procedure_code", "Expected a procedure code")
        if not _is_amount(line.charge):
            fault(f"{here}/charge", _AMOUNT_EXPECTED)
        if not _is_amount(line.units):
            fault(f"{here}/units", "Expected a number of units")
        for name, day in (
            ("service_date", line.service_date),
            ("service_date_end", line.service_date_end),
        ):
            if day is not None and day not in served:
                fault(f"{here}/{name}", f"Expected {served}")


_AMOUNT_EXPECTED = f"Expected dollars from 0 to {MAXIMUM_AMOUNT}"


def _is_amount(value: Decimal) -> bool:
    return value.is_finite() and 0 <= value <= MAXIMUM_AMOUNT


def field_error(message: str, *, prefix: str = "") -> FieldError:
    """msgspec's message as a pointer and a text without the value that was sent."""
    match = _PLACE.match(message)
    text = match["message"] if match else "Invalid value"
    path = (match["path"] if match else "") or ""
    if text.startswith("Invalid enum value"):
        text = "Invalid value"
    for name in _FIELD.findall(text):
        if not _FIELD_NAME.fullmatch(name) and name not in _TYPE_NAMES:
            text = text.replace(f"`{name}`", "a name")
    return FieldError(pointer=prefix + json_pointer(path), message=text)


_TYPE_NAMES = frozenset({"object | null", "str | null", "int | null", "date | null"})


def json_pointer(path: str) -> str:
    """msgspec's `.lines[0].charge` as RFC 6901 `/lines/0/charge`."""
    return re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", path).replace(".", "/")
