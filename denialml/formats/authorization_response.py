"""Reads one 278 response (005010X217, BHT02 11; 004010X094 as far as it agrees).

Yields one `Authorization` per patient event (2000E), and another for each service
(2000F) that was decided under a number or decision of its own.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import ClassVar

from denialml.domain.coverage import Authorization, AuthorizationDecision
from denialml.domain.record import Source
from denialml.formats.transaction import Handler, Transaction
from denialml.formats.values import BLANK, ZERO

DECISIONS = {
    "A1": AuthorizationDecision.APPROVED,
    "A2": AuthorizationDecision.MODIFIED,
    "A6": AuthorizationDecision.MODIFIED,
    "A3": AuthorizationDecision.DENIED,
    "A4": AuthorizationDecision.PENDED,
}
RESPONSE = "11"
_EVENT, _SERVICE = "EV", "SS"


class _Review:
    """What the payer said at one level: a patient event or one of its services."""

    __slots__ = (
        "begins_on",
        "clinician_npi",
        "code",
        "ends_on",
        "hcr",
        "issued_on",
        "reference",
        "segment",
        "units",
    )

    def __init__(self, segment: int) -> None:
        self.segment = segment
        self.hcr: list[str] | None = None
        self.reference = ""
        self.code = ""
        self.units: Decimal | None = None
        self.begins_on: date | None = None
        self.ends_on: date | None = None
        self.issued_on: date | None = None
        self.clinician_npi = ""


class AuthorizationReader:
    """One ST of a 278 response; a request is reported and skipped."""

    essential: frozenset[str] = frozenset()
    opens: ClassVar[dict[str, str]] = {}

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._syntax = transaction.syntax
        self._answered_on = transaction.received_on
        self._is_response = True
        self._met = 0
        self._level = ""
        self._payer_id = ""
        self._member_id = ""
        self._medical_record = ""
        self._event: _Review | None = None
        self._services: list[_Review] = []
        self.handlers: dict[str, Handler] = {
            "BHT": self._read_header,
            "HL": self._read_level,
            "NM1": self._read_name,
            "REF": self._read_reference,
            "AAA": self._read_rejection,
            "HCR": self._read_decision,
            "DTP": self._read_day,
            "HSD": self._read_quantity,
            "SV1": self._read_service,
            "SV2": self._read_facility_service,
        }

    def loop(self) -> str:
        levels = {"20": "2000A", "21": "2000B", "22": "2000C", "23": "2000D"}
        return (levels | {_EVENT: "2000E", _SERVICE: "2000F"}).get(self._level, "BHT")

    def spoil(self) -> None:
        """No element of a 278 is essential."""

    def finish(self, *, cut: bool) -> int:
        if not cut:
            self._close()
        return self._met

    def _split(self, text: str) -> list[str]:
        return text.split(self._syntax.element) + BLANK

    def _review(self) -> _Review | None:
        if self._level == _SERVICE and self._services:
            return self._services[-1]
        return self._event if self._level == _EVENT else None

    def _read_header(self, text: str, ordinal: int) -> None:
        bht = self._split(text)
        self._answered_on = self._syntax.days[bht[4]] or self._answered_on
        self._is_response = bht[2] == RESPONSE
        if not self._is_response:
            self._met += 1
            self._transaction.log.add(
                "unsupported-transaction",
                "278 (request for authorization) is not read; it was skipped",
                segment=ordinal,
                element="BHT02",
                value=bht[2],
                transaction=self._transaction.control_number,
                expected="a 278 response (BHT02 11)",
                fix="leave this transaction out, or ignore this if it is not needed",
                incomplete=True,
            )

    def _read_level(self, text: str, ordinal: int) -> None:
        self._level = self._split(text)[3].strip()
        if self._level == _SERVICE and self._event is not None:
            self._services.append(_Review(ordinal))
            return
        self._close()
        if self._level == _EVENT:
            self._event = _Review(ordinal)
        elif self._level == "22":
            self._member_id = self._medical_record = ""

    def _read_name(self, text: str, _ordinal: int) -> None:
        name = self._split(text)
        review = self._review()
        if review is not None:
            if name[1] in ("SJ", "1T", "71") and name[8] == "XX":
                review.clinician_npi = review.clinician_npi or name[9]
        elif name[1] in ("X3", "PR"):
            self._payer_id = name[9]
        elif name[1] == "IL":
            self._member_id = name[9]

    def _read_reference(self, text: str, _ordinal: int) -> None:
        _, qualifier, value, *_ = self._split(text)
        review = self._review()
        if review is None:
            if qualifier in ("EJ", "EA"):
                self._medical_record = value
        elif qualifier == "BB" or (qualifier == "NT" and not review.reference):
            review.reference = value

    def _read_rejection(self, text: str, ordinal: int) -> None:
        self._met += 1
        self._transaction.log.warn(
            "authorization-request-rejected",
            "the payer rejected the request without reviewing it",
            segment=ordinal,
            loop=self.loop(),
            element="AAA03",
            value=self._split(text)[3],
            transaction=self._transaction.control_number,
            expected="a review decision (HCR)",
            fix="correct the request and send it again",
        )

    def _read_decision(self, text: str, _ordinal: int) -> None:
        review = self._review()
        if review is not None:
            review.hcr = self._split(text)

    def _read_day(self, text: str, _ordinal: int) -> None:
        dtp = self._split(text)
        review = self._review()
        if review is None:
            return
        first, last = self._syntax.day_span(dtp[2], dtp[3])
        if dtp[1] == "102":
            review.issued_on = first
        elif dtp[1] == "036":
            review.ends_on = first
        elif dtp[1] in ("007", "472", "AAH"):
            review.begins_on = review.begins_on or first
            review.ends_on = review.ends_on or last

    def _read_quantity(self, text: str, _ordinal: int) -> None:
        hsd = self._split(text)
        quantity = self._syntax.money[hsd[2]] if hsd[2] else None
        review = self._review()
        if review is not None and quantity is not None:
            review.units = quantity

    def _read_service(self, text: str, _ordinal: int) -> None:
        sv1 = self._split(text)
        quantity = self._syntax.money[sv1[4]] if sv1[4] else None
        self._add_service(sv1[1], quantity)

    def _read_facility_service(self, text: str, _ordinal: int) -> None:
        sv2 = self._split(text)
        quantity = self._syntax.money[sv2[5]] if sv2[5] else None
        self._add_service(sv2[2], quantity)

    def _add_service(self, procedure: str, quantity: Decimal | None) -> None:
        review = self._review()
        if review is not None:
            review.code = self._syntax.procedures[procedure].code
            if review.units is None:
                review.units = quantity

    def _close(self) -> None:
        event, services = self._event, self._services
        self._event, self._services = None, []
        if event is None or not self._is_response:
            return
        decided: dict[tuple[str, str], list[_Review]] = {}
        for service in services:
            decided.setdefault(_ruling(service, event), []).append(service)
        rulings = decided or {_ruling(event, event): []}
        for (decision, number), members in rulings.items():
            self._emit(event, members, decision, number)

    def _emit(
        self,
        event: _Review,
        services: Sequence[_Review],
        decision: str,
        number: str,
    ) -> None:
        self._met += 1
        first = services[0] if services else event
        issued_on = event.issued_on or first.issued_on or self._answered_on
        transaction = self._transaction
        if issued_on is None:
            transaction.log.add(
                "undated-answer",
                "the answer has no date (BHT04, GS04); it was left out",
                segment=event.segment,
                loop="2000E",
                element="BHT04",
                transaction=transaction.control_number,
                expected="a day as CCYYMMDD",
                fix="ask the sender for the file again",
                incomplete=True,
            )
            return
        own = services or [event]
        transaction.emit(
            Authorization(
                authorization_number=number,
                payer_id=self._payer_id,
                member_id=self._member_id,
                issued_on=issued_on,
                decision=DECISIONS.get(decision, AuthorizationDecision.UNKNOWN),
                medical_record_number=self._medical_record,
                procedure_codes=tuple(
                    dict.fromkeys(review.code for review in own if review.code)
                ),
                units=event.units if event.units is not None else _units(services),
                begins_on=event.begins_on or first.begins_on,
                ends_on=event.ends_on or first.ends_on,
                clinician_npi=event.clinician_npi or first.clinician_npi,
                source=Source(file=transaction.file, segment=first.segment),
            )
        )


def _ruling(review: _Review, event: _Review) -> tuple[str, str]:
    """HCR01 and the number; a service without its own falls under its event."""
    own, parent = review.hcr or event.hcr or BLANK, event.hcr or BLANK
    number = own[2] or parent[2] or review.reference or event.reference
    return own[1], number


def _units(services: Sequence[_Review]) -> Decimal | None:
    known = [review.units for review in services if review.units is not None]
    return sum(known, ZERO) if known else None
