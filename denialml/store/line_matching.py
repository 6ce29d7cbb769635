"""Which line of a claim a payer's SVC is about. Pure; no database."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

import msgspec

from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.remittance import ClaimPayment, ServicePayment


def normal_control_number(patient_control_number: str) -> str:
    """CLM01 or CLP01 as compared: payers change case and add blanks."""
    return "".join(patient_control_number.split()).upper()


def match_services(
    claim: Claim, payment: ClaimPayment
) -> tuple[list[tuple[ServiceLine, ServicePayment | None]], int]:
    """Pairs of line and answer in line order, and the number of SVC that fit none.

    A claim answered as a whole answers every line, with None. Lines are found by line
    control number, then by procedure code, modifiers, day and charge as far as the
    payer kept them, then by order. Several SVC for one line (a line the payer split)
    become one answer.
    """
    if not payment.service_payments:
        return [(line, None) for line in claim.lines], 0
    found: dict[int, list[ServicePayment]] = defaultdict(list)
    open_lines = list(range(len(claim.lines)))
    rest: list[ServicePayment] = []
    by_number = _lines_by_control_number(claim)
    for service in payment.service_payments:
        position = by_number.get(normal_control_number(service.line_control_number))
        if position is None:
            rest.append(service)
            continue
        found[position].append(service)
        if position in open_lines:
            open_lines.remove(position)
    for agrees in _AGREEMENTS:
        rest = _pair(claim, rest, open_lines=open_lines, agrees=agrees, found=found)
    if rest and len(rest) == len(open_lines):
        for position, service in zip(open_lines, rest, strict=True):
            found[position].append(service)
        rest = []
    if rest:
        rest = _join_split_lines(claim, rest, found=found)
    return [
        (claim.lines[position], _joined(found[position])) for position in sorted(found)
    ], len(rest)


def _lines_by_control_number(claim: Claim) -> dict[str, int]:
    """REF*6R of each line, or its LX number where none was sent; blanks excluded."""
    numbers: dict[str, int] = {}
    for position, line in enumerate(claim.lines):
        number = line.line_control_number or str(line.line_number)
        numbers.setdefault(normal_control_number(number), position)
    return numbers


def _pair(
    claim: Claim,
    services: list[ServicePayment],
    *,
    open_lines: list[int],
    agrees: Callable[[ServiceLine, ServicePayment], bool],
    found: dict[int, list[ServicePayment]],
) -> list[ServicePayment]:
    rest = []
    for service in services:
        position = next(
            (each for each in open_lines if agrees(claim.lines[each], service)), None
        )
        if position is None:
            rest.append(service)
        else:
            open_lines.remove(position)
            found[position].append(service)
    return rest


def _join_split_lines(
    claim: Claim,
    services: list[ServicePayment],
    *,
    found: dict[int, list[ServicePayment]],
) -> list[ServicePayment]:
    rest = []
    for service in services:
        position = next(
            (
                each
                for each in sorted(found)
                if _same_procedure(claim.lines[each], service)
                and _same_day(claim.lines[each], service)
            ),
            None,
        )
        if position is None:
            rest.append(service)
        else:
            found[position].append(service)
    return rest


def _same_procedure(line: ServiceLine, service: ServicePayment) -> bool:
    return line.procedure_code in (
        service.submitted_procedure_code,
        service.procedure_code,
    )


def _same_modifiers(line: ServiceLine, service: ServicePayment) -> bool:
    sent = set(line.modifiers)
    return sent in (set(service.modifiers), set(service.submitted_modifiers))


def _same_day(line: ServiceLine, service: ServicePayment) -> bool:
    return service.service_date is None or service.service_date == line.service_date


def _same_charge(line: ServiceLine, service: ServicePayment) -> bool:
    return abs(service.charge) == line.charge


_AGREEMENTS: tuple[Callable[[ServiceLine, ServicePayment], bool], ...] = (
    lambda line, service: (
        _same_procedure(line, service)
        and _same_modifiers(line, service)
        and _same_day(line, service)
        and _same_charge(line, service)
    ),
    lambda line, service: (
        _same_procedure(line, service)
        and _same_day(line, service)
        and _same_charge(line, service)
    ),
    lambda line, service: (
        _same_procedure(line, service)
        and _same_modifiers(line, service)
        and _same_day(line, service)
    ),
    lambda line, service: _same_procedure(line, service) and _same_day(line, service),
    lambda line, service: _same_day(line, service) and _same_charge(line, service),
    lambda line, service: _same_procedure(line, service),
)


def _joined(services: list[ServicePayment]) -> ServicePayment:
    first = services[0]
    if len(services) == 1:
        return first
    remarks = dict.fromkeys(code for each in services for code in each.remark_codes)
    allowed = [each.allowed for each in services if each.allowed is not None]
    return msgspec.structs.replace(
        first,
        charge=sum((each.charge for each in services), Decimal(0)),
        paid=sum((each.paid for each in services), Decimal(0)),
        allowed=sum(allowed, Decimal(0)) if allowed else None,
        adjustments=tuple(item for each in services for item in each.adjustments),
        remark_codes=tuple(remarks),
    )
