"""The items of a ClaimResponse or ExplanationOfBenefit as answers to claim lines."""

import re
from decimal import Decimal
from typing import Final, NamedTuple

from denialml.domain.remittance import ServicePayment
from denialml.formats.fhir_adjudication import (
    Adjudicated,
    adjustments_of,
    read_adjudications,
)
from denialml.formats.fhir_claim_lines import (
    Service,
    service_of,
    span_of,
    trace_number,
)
from denialml.formats.fhir_element import Element
from denialml.formats.fhir_information import Information
from denialml.formats.values import ZERO
from denialml.reference import remark_codes

_NO_SERVICE: Final = Service("", (), (None, None), None, "UN", None, "")
_SKIPPED: Final = (
    *("sequence", "itemSequence", "noteNumber", "detailSequence", "subdetailSequence"),
    *("careTeamSequence", "diagnosisSequence", "procedureSequence"),
    *("informationSequence", "provider"),
)
_REMARK = re.compile(r"\s*([A-Z]{1,2}\d{1,3})(?:\s*[:.,-]|\s|\Z)", re.ASCII)


class AnsweredLines(NamedTuple):
    """The answers to the lines; `all_denied`: the payer calls each of them denied."""

    services: tuple[ServicePayment, ...]
    all_denied: bool


class _Answered(NamedTuple):
    """One item of the answer, and the service that it is about."""

    element: Element
    service: Service
    control_number: str
    said: Adjudicated
    remark_codes: tuple[str, ...]


def read_answered_lines(
    answer: Element, request: Element, information: Information, whole: Adjudicated
) -> AnsweredLines:
    """One per item that was adjudicated, and one per item that the payer added.

    `request` is the Claim that is answered, empty where it is not in the file; `whole`
    are the totals. An added item that stands for one of the claim's says what the
    payer changed it to.
    """
    reader = _LineReader(answer, request, information)
    added = answer.children("addItem")
    replaced = {each for one in added for each in one.wholes("itemSequence")}
    items = reader.items()
    is_partial = answer.text("outcome") == "partial"
    # In the order of the claim's items: an added one stands beside what it replaces.
    placed: list[tuple[int, ServicePayment]] = []
    denied = []
    for sequence, one in items.items():
        is_answered = bool(one.element.get("adjudication"))
        if not is_answered and (sequence in replaced or is_partial):
            continue
        paid = whole.paid if len(items) == 1 and not added else None
        placed.append((sequence, _payment(one, None, paid)))
        denied.append(one.said.is_denied)
    for element in added:
        one = reader.added(element)
        sequences = element.wholes("itemSequence")
        changed = items.get(sequences[0]) if len(sequences) == 1 else None
        place = min(sequences, default=max(items, default=0) + 1)
        placed.append((place, _payment(one, changed, None)))
        denied.append(one.said.is_denied)
    placed.sort(key=lambda each: each[0])
    services = tuple(service for _, service in placed)
    return AnsweredLines(services, bool(denied) and all(denied))


class _LineReader:
    """Reads the items of one answer."""

    def __init__(
        self, answer: Element, request: Element, information: Information
    ) -> None:
        self._answer = answer
        self._information = information
        # As in an 835, where a line without a day has that of the claim's first.
        self._default = (answer.child("billablePeriod").day("start"), None)
        self._billed = {
            item.whole("sequence") or position: item
            for position, item in enumerate(request.children("item"), start=1)
        }
        self._asked_on = span_of(request.child("billablePeriod"))
        self._notes = _notes(answer)

    def items(self) -> dict[int, _Answered]:
        """By their sequence; of a ClaimResponse by that of the claim's item."""
        found: dict[int, _Answered] = {}
        for position, element in enumerate(self._answer.children("item"), start=1):
            claimed = element.whole("itemSequence")
            sequence = claimed or element.whole("sequence") or position
            found.setdefault(sequence, self._item(element, claimed))
        return found

    def added(self, element: Element) -> _Answered:
        """An item that the payer added."""
        service = service_of(element, self._default)
        return self._answered(element, service, "")

    def _item(self, element: Element, claimed: int | None) -> _Answered:
        number = trace_number(element, self._information.of_line(element))
        if claimed is None:
            service = service_of(element, self._default)
            return self._answered(element, service, number)
        billed = self._billed.get(claimed)
        if billed is None:
            return self._answered(element, _NO_SERVICE, number or str(claimed))
        number = number or trace_number(billed, {})
        service = service_of(billed, self._asked_on)
        return self._answered(element, service, number or str(claimed))

    def _answered(
        self, element: Element, service: Service, control_number: str
    ) -> _Answered:
        said = read_adjudications(element.children("adjudication"))
        notes = tuple(
            self._notes[number]
            for number in element.wholes("noteNumber")
            if number in self._notes
        )
        element.skip(*_SKIPPED)
        more = tuple(code for code in notes if code not in said.remark_codes)
        remarks = said.remark_codes + more
        return _Answered(element, service, control_number, said, remarks)


def _payment(
    one: _Answered, changed: _Answered | None, whole_paid: Decimal | None
) -> ServicePayment:
    """The answer; `changed` is the billed item that the payer changed to this one."""
    service, said = one.service, one.said
    billed = changed.service if changed is not None else service
    charge = said.submitted
    if charge is None:
        charge = billed.charge if billed.charge is not None else service.charge
    paid = said.paid if said.paid is not None else whole_paid
    explained = said.adjustments or said.by_category
    if explained and not said.pending_reasons:
        # What is charged is paid or adjusted (X221 1.10.2): two of three say the third.
        rest = sum((each.amount for each in explained), ZERO)
        if charge is None and paid is not None:
            charge = paid + rest
        elif paid is None and charge is not None:
            paid = charge - rest
    # Without a payment a reason may be that of a part; a denial is of the whole.
    is_told = charge is not None and (paid is not None or said.is_denied)
    if charge is None:
        charge = _missing(one.element, "submitted")
    if paid is None:
        paid = _missing(one.element, "benefit")
    unpaid = charge - paid if is_told else None
    adjustments = adjustments_of(said, unpaid=unpaid, place=one.element)
    explained_total = sum((each.amount for each in adjustments), ZERO)
    if said.adjustments and charge - explained_total != paid:
        _warn_balance(one.element, charge, explained_total, paid)
    day = service.span[0] or billed.span[0]
    return ServicePayment(
        procedure_code=service.code,
        charge=charge,
        paid=paid,
        modifiers=service.modifiers,
        units_paid=said.units_paid,
        submitted_procedure_code=billed.code if changed is not None else "",
        submitted_modifiers=billed.modifiers if changed is not None else (),
        units_submitted=billed.units,
        service_date=day,
        line_control_number=(changed or one).control_number,
        adjustments=adjustments,
        remark_codes=one.remark_codes,
        allowed=said.allowed,
    )


def _warn_balance(
    element: Element, charge: Decimal, adjusted: Decimal, paid: Decimal
) -> None:
    element.where.warn(
        "line-out-of-balance",
        f"{element.path}: charge {charge} less its adjustments {adjusted} is "
        f"{charge - adjusted}, benefit states {paid}",
        pointer=element.pointer,
        expected=str(charge - adjusted),
        fix="ask the payer to explain the difference before posting",
    )


def _missing(element: Element, category: str) -> Decimal:
    element.where.warn_once(
        "missing-amount",
        f"{element.path} has no adjudication {category}; it was read as 0",
        kind=f"{element.path} {category}",
        pointer=element.pointer,
        expected="the charge (submitted) and the payment (benefit) of each item",
        fix="ask the payer for complete answers, or for the 835",
    )
    return ZERO


def _notes(answer: Element) -> dict[int, str]:
    """The remark codes (RARC) that notes begin with, by the notes' numbers."""
    known = remark_codes()
    found: dict[int, str] = {}
    for position, note in enumerate(answer.children("processNote"), start=1):
        note.skip("type", "language")
        match = _REMARK.match(note.text("text"))
        if match is not None and match[1] in known:
            found.setdefault(note.whole("number") or position, match[1])
    return found
