"""Reading what a caller sends: claims as JSON, files as bytes; a place per fault.

Nothing sent is repeated in a message: field names are shown only where they look like
field names, values never.
"""

import re
from collections.abc import Collection
from decimal import Decimal

import msgspec
from starlette.requests import Request

from api.problems import FieldError, ProblemType, RequestProblem
from denialml.domain.chain import VOID
from denialml.domain.claim import Claim

JSON_MEDIA_TYPE = "application/json"
X12_MEDIA_TYPE = "application/edi-x12"
MAXIMUM_LINES = 50  # X222 2400: one claim has at most 50 service lines.
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


def decode_claims(body: bytes, *, maximum: int) -> tuple[Claim, ...]:
    """Claims from `{claim}` or `{"claims": [claim, ...]}`.

    Every claim is read on its own, so that one answer names the first fault of each.
    Raises `RequestProblem`: unreadable-body for what is not JSON, body-too-large for
    more than `maximum` claims, invalid-request with a JSON pointer per fault.
    """
    try:
        return _decode_claims(body, maximum=maximum)
    except RecursionError:
        raise RequestProblem(ProblemType.UNREADABLE_BODY) from None


def _decode_claims(body: bytes, *, maximum: int) -> tuple[Claim, ...]:
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
    if len(raws) > maximum:
        raise RequestProblem(
            ProblemType.BODY_TOO_LARGE, f"At most {maximum} claims in one request."
        )
    claims: list[Claim] = []
    faults: list[FieldError] = []
    for raw, prefix in zip(raws, prefixes, strict=True):
        try:
            claim = _claim_decoder.decode(raw)
        except msgspec.ValidationError as error:
            faults.append(_field_error(str(error), prefix=prefix))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise RequestProblem(ProblemType.UNREADABLE_BODY) from None
        else:
            claims.append(claim)
            faults.extend(claim_faults(claim, prefix=prefix))
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


def claim_faults(claim: Claim, *, prefix: str = "") -> list[FieldError]:
    """What the types cannot say: what a claim needs before it can be scored."""
    faults: list[FieldError] = []

    def fault(pointer: str, message: str) -> None:
        faults.append(FieldError(pointer=prefix + pointer, message=message))

    if not claim.patient_control_number.strip():
        fault("/patient_control_number", "Expected the practice's claim number")
    if not _is_amount(claim.total_charge):
        fault("/total_charge", _AMOUNT_EXPECTED)
    if claim.frequency_code == VOID:
        fault(
            "/frequency_code",
            "Expected a claim that asks for payment: a void (8) has no denial risk",
        )
    if not 1 <= len(claim.lines) <= MAXIMUM_LINES:
        fault("/lines", f"Expected 1 to {MAXIMUM_LINES} service lines")
    numbers: set[int] = set()
    for index, line in enumerate(claim.lines):
        if line.line_number in numbers:
            fault(f"/lines/{index}/line_number", "Expected a number not used before")
        numbers.add(line.line_number)
        if not line.procedure_code.strip():
            fault(f"/lines/{index}/procedure_code", "Expected a procedure code")
        if not _is_amount(line.charge):
            fault(f"/lines/{index}/charge", _AMOUNT_EXPECTED)
        if not _is_amount(line.units):
            fault(f"/lines/{index}/units", "Expected a number of units")
    return faults


_AMOUNT_EXPECTED = f"Expected dollars from 0 to {MAXIMUM_AMOUNT}"


def _is_amount(value: Decimal) -> bool:
    return value.is_finite() and 0 <= value <= MAXIMUM_AMOUNT


def _field_error(message: str, *, prefix: str) -> FieldError:
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
