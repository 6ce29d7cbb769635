"""The items of a FHIR Claim as service lines."""

from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from denialml.domain.claim import Provider, ServiceLine
from denialml.formats.fhir_codes import (
    CPT,
    HCPCS,
    PAS_AUTHORIZATION,
    PAS_TRACE_NUMBER,
    PLACE,
    first_code,
)
from denialml.formats.fhir_element import Element
from denialml.formats.fhir_information import Information, Member
from denialml.formats.values import ZERO, Span

MOST_LINES: Final = 50  # 005010X222 loop 2400; no claim of more reaches a payer.
MINUTES: Final = frozenset({"MJ", "min"})
IGNORED: Final = ("revenue", "category", "programCode", "encounter")


class LineContext(NamedTuple):
    """What the items of one claim refer to.

    `positions` gives the place of a diagnosis by its sequence.
    """

    information: Information
    members: dict[int, Member]
    positions: dict[int, int]
    default_span: Span


class Service(NamedTuple):
    """What an item bills: code and modifiers, days, units, charge and place."""

    code: str
    modifiers: tuple[str, ...]
    span: Span
    units: Decimal | None
    unit_basis: str
    charge: Decimal | None
    place: str


def read_lines(
    items: list[Element], context: LineContext
) -> tuple[tuple[ServiceLine, ...], dict[str, Any]]:
    """The lines, and the claim's own place of service and rendering provider.

    Place and provider stand at the claim where all lines share them, as X222 wants it;
    a line keeps its own only where it differs.
    """
    services = [service_of(item, context.default_span) for item in items]
    renderings = [_rendering(item, context.members) for item in items]
    said = [context.information.of_line(item) for item in items]
    claim_place = context.information.text("CLM05-1")
    is_literal = context.information.has("CLM05-1")
    if not is_literal:
        claim_place = next((one.place for one in services if one.place), "")
    claim_rendering = _of_claim(context.members, items, renderings)
    lines = []
    for position, (item, service) in enumerate(zip(items, services, strict=True)):
        inherits = "CLM05-1" in said[position] or (
            not is_literal and service.place == claim_place
        )
        rendering = renderings[position]
        line = _line(
            item,
            service,
            position=position + 1,
            context=context,
            said=said[position],
            place="" if inherits else service.place,
            rendering=None if rendering == claim_rendering else rendering,
        )
        if line is not None:
            lines.append(line)
    return tuple(lines), {
        "place_of_service": claim_place,
        "rendering_provider": claim_rendering,
    }


def service_of(item: Element, default_span: Span) -> Service:
    """What an item says of the service itself."""
    item.skip(*IGNORED)
    codings = item.codings("productOrService")
    code = first_code(codings, CPT, HCPCS, "")
    quantity = item.child("quantity")
    quantity.skip("system")
    unit = quantity.text("code") or quantity.text("unit")
    quantity.skip("unit", "code")
    units = quantity.decimal("value")
    period = item.child("servicedPeriod")
    day = item.day("servicedDate")
    span: Span = (day, None) if day is not None else span_of(period)
    location = item.codings("locationCodeableConcept")
    return Service(
        code=code,
        modifiers=tuple(one.code for one in item.codings("modifier")),
        span=span if span[0] is not None else default_span,
        units=units,
        unit_basis="MJ" if unit in MINUTES else "UN",
        charge=_charge(item, units),
        place=first_code(location, PLACE, ""),
    )


def span_of(period: Element) -> Span:
    """The days of a Period; the second is None where it is the first."""
    first, last = period.day("start"), period.day("end")
    if first is None or last == first:
        return first or last, None
    return first, last


def trace_number(item: Element, said: dict[str, str]) -> str:
    """The practice's number of the line (REF*6R)."""
    extension = item.extension(PAS_TRACE_NUMBER).child("valueIdentifier")
    extension.skip("system", "type", "use", "assigner")
    return said.get("REF*6R", "") or extension.text("value")


def _charge(item: Element, units: Decimal | None) -> Decimal | None:
    """item.net, else its price for all units."""
    net = item.money("net", essential=True)
    price, factor = item.money("unitPrice"), item.decimal("factor")
    if net is not None or price is None:
        return net
    return price * (Decimal(1) if units is None else units) * (factor or Decimal(1))


def _rendering(item: Element, members: dict[int, Member]) -> Provider | None:
    for sequence in item.wholes("careTeamSequence"):
        member = members.get(sequence)
        if member is not None and member.role == "rendering":
            return member.provider
    return None


def _of_claim(
    members: dict[int, Member],
    items: list[Element],
    renderings: list[Provider | None],
) -> Provider | None:
    """The claim's own rendering provider.

    The one that no item points to; else the one that all items point to.
    """
    pointed = {each for item in items for each in item.wholes("careTeamSequence")}
    for sequence in sorted(members.keys() - pointed):
        if members[sequence].role == "rendering":
            return members[sequence].provider
    first = renderings[0] if renderings else None
    return first if all(each == first for each in renderings) else None


def _line(
    item: Element,
    service: Service,
    *,
    position: int,
    context: LineContext,
    said: dict[str, str],
    place: str,
    rendering: Provider | None,
) -> ServiceLine | None:
    """The line; None where it has no code or no charge, which spoils the claim."""
    item.skip("informationSequence", "careTeamSequence", "procedureSequence")
    item.skip("sequence")
    begins_on, ends_on = service.span
    pointers = _pointers(item, context.positions)
    authorization = item.extension(PAS_AUTHORIZATION).text("valueString")
    trace = trace_number(item, said)
    if not service.code:
        item.missing("productOrService", fix="send the service as a CPT or HCPCS code")
        return None
    if service.charge is None:
        if not item.where.spoiled:
            item.missing("net", fix="send the charge of the line")
        return None
    if _is_negative(item, service):
        return None
    return ServiceLine(
        line_number=item.whole("sequence") or position,
        procedure_code=service.code,
        charge=service.charge,
        service_date=begins_on,
        units=Decimal(1) if service.units is None else service.units,
        unit_basis=service.unit_basis,
        modifiers=service.modifiers,
        description=said.get("SV101-7", ""),
        place_of_service=place,
        diagnosis_pointers=pointers,
        service_date_end=ends_on,
        line_control_number=trace,
        prior_authorization_number=said.get("REF*G1", "") or authorization,
        rendering_provider=rendering,
        note=said.get("NTE", ""),
    )


def _pointers(item: Element, positions: dict[int, int]) -> tuple[int, ...]:
    """The places of the diagnoses that the item points to.

    An item that points to none is of the claim's diagnosis where it has only one.
    """
    sent = item.wholes("diagnosisSequence")
    if not sent:
        return (1,) if len(positions) == 1 else ()
    found = tuple(positions[each] for each in sent if each in positions)
    if len(found) < len(sent):
        item.bad("diagnosisSequence", "a sequence of Claim.diagnosis")
    return found


def _is_negative(item: Element, service: Service) -> bool:
    if (service.charge or ZERO) >= 0 and (service.units or ZERO) >= 0:
        return False
    item.where.fault(
        "negative-amount",
        f"{item.path} asks for less than nothing; the resource was left out",
        pointer=item.pointer,
        expected="an amount that is not negative",
        fix="send what is taken back as a void or corrected claim",
        spoils=True,
    )
    return True


def first_day(*days: date | None) -> date | None:
    """The first of these that is known."""
    return next((day for day in days if day is not None), None)
