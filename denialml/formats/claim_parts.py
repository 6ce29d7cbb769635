"""The parts of one 837P claim while it is being read: claim, other payer, line."""

from datetime import date
from decimal import Decimal

from denialml.domain.claim import Diagnosis, OtherPayer, ServiceLine
from denialml.domain.remittance import ClaimAdjustment
from denialml.formats.parties import Party
from denialml.formats.values import BLANK, ZERO, Span, Syntax, readable

NO_SPAN: Span = (None, None)

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

    def build(self, syntax: Syntax) -> OtherPayer:
        parties, sbr = self.parties, self.sbr
        payer = parties["PR"].name(syntax) if "PR" in parties else BLANK
        insured = parties["IL"].name(syntax) if "IL" in parties else BLANK
        return OtherPayer(
            payer_id=payer[9],
            name=readable(payer[3]),
            payer_responsibility_code=sbr[1],
            claim_filing_code=sbr[9],
            member_id=insured[9],
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
        self.service_span: Span = NO_SPAN
        self.control_number = ""
        self.authorization_number = ""
        self.note = ""
        self.rendering: Party | None = None

    def build(self, syntax: Syntax, default_span: Span) -> ServiceLine:
        sv1, rendering = self.sv1, self.rendering
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
            diagnosis_pointers=pointers(sv1[7], syntax),
            service_date_end=ends_on,
            line_control_number=self.control_number,
            prior_authorization_number=self.authorization_number,
            rendering_provider=rendering.provider(syntax) if rendering else None,
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
        self.service_span: Span = NO_SPAN
        self.diagnoses: tuple[Diagnosis, ...] = ()
        self.lines: list[LinePart] = []
        self.note = ""
        self.other_payers: list[OtherPayerPart] = []
        self.parties: dict[str, Party] = {}
        self.patient_paid: Decimal | None = None
        self.references: dict[str, str] = {}


def pointers(raw: str, syntax: Syntax) -> tuple[int, ...]:
    """SV107: positions in the claim's diagnoses, counted from 1."""
    return tuple(
        [int(part) for part in syntax.composites[raw] if part.strip().isdecimal()]
    )


def diagnoses(text: str, syntax: Syntax) -> tuple[Diagnosis, ...]:
    """The diagnosis composites of one HI; conditions and procedures are not ones."""
    key = ("HI", text)
    known = syntax.remembered.get(key)
    if isinstance(known, tuple):
        return known
    found = []
    for composite in text.split(syntax.element)[1:]:
        qualifier, code, *_ = syntax.composites[composite]
        if qualifier in _PROFESSIONAL_DIAGNOSES:
            found.append(Diagnosis(code=code, qualifier=qualifier))
    built = tuple(found)
    syntax.remember(key, built)
    return built


def related_causes(raw: str, syntax: Syntax) -> tuple[str, ...]:
    """CLM11: accident and employment codes."""
    if not raw:
        return ()
    return tuple([code for code in syntax.composites[raw][:3] if code])


def sum_of_charges(lines: list[LinePart], syntax: Syntax) -> Decimal:
    """The sum of SV102 of a claim's lines."""
    total = ZERO
    for line in lines:
        total += syntax.money[line.sv1[2]]
    return total
