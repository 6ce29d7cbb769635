"""The parts of one 837P claim while it is being read: claim, other payer, line."""

from datetime import date
from decimal import Decimal

from denialml.domain.claim import Diagnosis, OtherPayer, ServiceLine
from denialml.domain.remittance import ClaimAdjustment
from denialml.formats.parties import Party
from denialml.formats.values import BLANK, ZERO, Syntax, readable

_PROFESSIONAL_DIAGNOSES = frozenset({"ABK", "ABF", "BK", "BF"})


class OtherPayerPart:
    """2320 and its 2330 loops."""

    __slots__ = ("adjudicated_on", "adjustments", "paid", "parties", "sbr")

    def __init__(self, sbr: list[str]) -> None:
        self.sbr = sbr
        self.parties: dict[str, Party] = {}
        self.paid: Decimal | None = None
        self.adjudicated_on: date | None = None
        self.adjustments: tuple[ClaimAdjustment, ...] = ()

    def build(self) -> OtherPayer:
        payer, insured = self.parties.get("PR"), self.parties.get("IL")
        sbr = self.sbr
        return OtherPayer(
            payer_id=payer.name[9] if payer else "",
            name=readable(payer.name[3]) if payer else "",
            payer_responsibility_code=sbr[1],
            claim_filing_code=sbr[9],
            member_id=insured.name[9] if insured else "",
            relationship_code=sbr[2],
            paid=self.paid,
            adjudicated_on=self.adjudicated_on,
            adjustments=self.adjustments,
        )


class LinePart:
    """2400 and its 2420 loops."""

    __slots__ = (
        "authorization_number",
        "control_number",
        "note",
        "number",
        "rendering",
        "segment",
        "service_span",
        "sv1",
    )

    def __init__(self, number: int, segment: int) -> None:
        self.number = number
        self.segment = segment
        self.sv1 = BLANK
        self.service_span: tuple[date | None, date | None] = (None, None)
        self.control_number = ""
        self.authorization_number = ""
        self.note = ""
        self.rendering: Party | None = None

    def build(
        self, syntax: Syntax, default_span: tuple[date | None, date | None]
    ) -> ServiceLine:
        sv1 = self.sv1
        qualifier, code, modifiers, description = syntax.procedures[sv1[1]]
        begins_on, ends_on = self.service_span
        if begins_on is None:
            begins_on, ends_on = default_span
        return ServiceLine(
            line_number=self.number,
            procedure_code=code,
            charge=syntax.money[sv1[2]],
            service_date=begins_on,
            units=syntax.money[sv1[4]],
            unit_basis=sv1[3],
            procedure_qualifier=qualifier,
            modifiers=modifiers,
            description=readable(description),
            place_of_service=sv1[5],
            diagnosis_pointers=pointers(sv1[7], syntax.component),
            service_date_end=ends_on,
            line_control_number=self.control_number,
            prior_authorization_number=self.authorization_number,
            rendering_provider=self.rendering.provider() if self.rendering else None,
            note=self.note,
        )


class ClaimPart:
    """2300 and its 2310 loops."""

    __slots__ = (
        "accident_date",
        "clm",
        "diagnoses",
        "lines",
        "note",
        "other_payers",
        "parties",
        "patient_paid",
        "references",
        "segment",
        "service_span",
        "spoiled",
    )

    def __init__(self, clm: list[str], segment: int) -> None:
        self.clm = clm
        self.segment = segment
        self.spoiled = False
        self.accident_date: date | None = None
        self.service_span: tuple[date | None, date | None] = (None, None)
        self.diagnoses: tuple[Diagnosis, ...] = ()
        self.lines: list[LinePart] = []
        self.note = ""
        self.other_payers: list[OtherPayerPart] = []
        self.parties: dict[str, Party] = {}
        self.patient_paid: Decimal | None = None
        self.references: dict[str, str] = {}


def pointers(raw: str, component: str) -> tuple[int, ...]:
    """SV107: positions in the claim's diagnoses, counted from 1."""
    return tuple(int(part) for part in raw.split(component) if part.strip().isdecimal())


def diagnoses(elements: list[str], component: str) -> tuple[Diagnosis, ...]:
    """The diagnosis composites of one HI; conditions and procedures are not ones."""
    found = []
    for composite in elements[1:]:
        qualifier, _, rest = composite.partition(component)
        if qualifier in _PROFESSIONAL_DIAGNOSES:
            code = rest.partition(component)[0]
            found.append(Diagnosis(code=code, qualifier=qualifier))
    return tuple(found)


def sum_of_charges(lines: list[LinePart], syntax: Syntax) -> Decimal:
    """The sum of SV102 of a claim's lines."""
    total = ZERO
    for line in lines:
        total += syntax.money[line.sv1[2]]
    return total
