"""The parts of one 837P claim while it is being read: claim, other payer, line."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from denialml.domain.claim import Diagnosis, OtherPayer, ServiceLine
from denialml.domain.remittance import ClaimAdjustment
from denialml.formats.parties import Party
from denialml.formats.services import BilledService
from denialml.formats.syntax import Syntax
from denialml.formats.values import BLANK, ZERO, Span

NO_SPAN: Span = (None, None)

_PROFESSIONAL_DIAGNOSES = frozenset({"ABK", "ABF", "BK", "BF"})
# CLM06 to CLM09 as nearly all claims have them: the defaults of `Claim`.
_USUAL_CODES = ["Y", "A", "Y", "Y"]
_CODE_FIELDS = (
    "provider_signature_code",
    "assignment_code",
    "benefits_assignment_code",
    "release_of_information_code",
)
_PARTY_FIELDS = {
    "DN": "referring_provider",
    "P3": "referring_provider",
    "DQ": "supervising_provider",
    "77": "service_facility",
}
_REFERENCE_FIELDS = {
    "9F": "referral_number",
    "F8": "original_payer_claim_control_number",
}


class OtherPayerPart(msgspec.Struct):
    """2320 and its 2330 loops; `sbr` holds the elements of its SBR."""

    sbr: list[str]
    parties: dict[str, Party] = {}
    paid: Decimal | None = None
    adjudicated_on: date | None = None
    adjustments: tuple[ClaimAdjustment, ...] = ()

    def build(self, syntax: Syntax) -> OtherPayer:
        parties, sbr = self.parties, self.sbr
        payer = parties["PR"].name(syntax) if "PR" in parties else BLANK
        insured = parties["IL"].name(syntax) if "IL" in parties else BLANK
        return OtherPayer(
            payer_id=payer[9],
            name=payer[3],
            payer_responsibility_code=sbr[1],
            claim_filing_code=sbr[9],
            member_id=insured[9],
            relationship_code=sbr[2],
            paid=self.paid,
            adjudicated_on=self.adjudicated_on,
            adjustments=self.adjustments,
        )


class LinePart(msgspec.Struct):
    """2400 and its 2420 loops; `segment` is where its LX stands."""

    number: int
    segment: int
    service: BilledService | None = None
    service_span: Span = NO_SPAN
    control_number: str = ""
    authorization_number: str = ""
    note: str = ""
    rendering: Party | None = None

    def build(self, syntax: Syntax, default_span: Span) -> ServiceLine:
        service, rendering = self.service, self.rendering
        assert service is not None
        begins_on, ends_on = self.service_span
        if begins_on is None:
            begins_on, ends_on = default_span
        line = ServiceLine(
            line_number=self.number,
            procedure_code=service.code,
            charge=service.charge,
            service_date=begins_on,
            units=service.units,
            unit_basis=service.unit_basis,
            procedure_qualifier=service.qualifier,
            modifiers=service.modifiers,
            description=service.description,
            place_of_service=service.place_of_service,
            diagnosis_pointers=service.pointers,
            service_date_end=ends_on,
            line_control_number=self.control_number,
            prior_authorization_number=self.authorization_number,
            rendering_provider=rendering.provider(syntax) if rendering else None,
        )
        # A sixteenth keyword would make Python build a dictionary for every line.
        return replace(line, note=self.note) if self.note else line


class ClaimPart(msgspec.Struct):
    """2300 and its 2310 loops; `clm` holds the elements of CLM at `segment`.

    `extra` is what most claims do not have, by the name of the claim's field.
    """

    clm: list[str]
    segment: int
    spoiled: bool = False
    service_span: Span = NO_SPAN
    diagnoses: tuple[Diagnosis, ...] = ()
    authorization_number: str = ""
    medical_record_number: str = ""
    rendering: Party | None = None
    charges: Decimal = ZERO
    services: list[LinePart] = []
    line_segments: list[int] = []
    extra: dict[str, Any] = {}
    other_payers: list[OtherPayerPart] = []

    def add_party(self, entity: str, party: Party) -> None:
        """2310: the first provider of each kind counts."""
        if entity == "82":
            self.rendering = self.rendering or party
        elif entity in _PARTY_FIELDS:
            self.extra.setdefault(_PARTY_FIELDS[entity], party)

    def add_reference(self, qualifier: str, value: str) -> None:
        """REF of 2300: the first number of each kind counts."""
        if qualifier == "EA":
            self.medical_record_number = self.medical_record_number or value
        elif qualifier == "G1":
            self.authorization_number = self.authorization_number or value
        elif qualifier in _REFERENCE_FIELDS:
            self.extra.setdefault(_REFERENCE_FIELDS[qualifier], value)

    def unusual(self, facility_code_qualifier: str, syntax: Syntax) -> dict[str, Any]:
        """Fields that most claims leave at their default, where this one does not."""
        clm, extra = self.clm, self.extra
        if facility_code_qualifier != "B":
            extra["facility_code_qualifier"] = facility_code_qualifier
        if clm[6:10] != _USUAL_CODES:
            extra |= zip(_CODE_FIELDS, clm[6:10], strict=True)
        if clm[11]:
            causes = syntax.composites[clm[11]][:3]
            extra["related_cause_codes"] = tuple([code for code in causes if code])
        if self.other_payers:
            extra["other_payers"] = tuple([o.build(syntax) for o in self.other_payers])
        for field, value in extra.items():
            if isinstance(value, Party):
                extra[field] = value.provider(syntax)
        return extra


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
