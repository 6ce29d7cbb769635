"""Builds the claim and the records that a rule is tried on."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.claim import (
    Claim,
    ClaimPayer,
    Diagnosis,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
    PayerType,
)
from denialml.domain.encounter import Encounter, Modality
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.modeling.knowledge.facts import FactBook
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy

DAY = date(2026, 3, 2)
SENT_ON = date(2026, 3, 5)
NPI, BILLING_NPI = "1999010014", "1999000015"


def line(code: str = "90834", number: int = 1, **fields: Any) -> ServiceLine:
    """One service line of `DAY`; `fields` replace its own."""
    usual: dict[str, Any] = {
        "line_number": number,
        "procedure_code": code,
        "charge": Decimal("150.00"),
        "service_date": DAY,
        "place_of_service": "11",
    }
    return ServiceLine(**(usual | fields))


def note(**fields: Any) -> Encounter:
    """A signed note of `DAY` with 45 minutes, in person."""
    usual: dict[str, Any] = {
        "encounter_id": "E1",
        "service_date": DAY,
        "clinician_npi": NPI,
        "medical_record_number": "MRN1",
        "minutes": 45,
        "modality": Modality.IN_PERSON,
        "signed_on": DAY,
        "treatment_plan_on": date(2026, 2, 1),
    }
    return Encounter(**(usual | fields))


def check(**fields: Any) -> EligibilityCheck:
    """An eligibility answer of the day before `DAY`: active."""
    usual: dict[str, Any] = {
        "checked_on": date(2026, 3, 1),
        "payer_id": "P1",
        "member_id": "M1",
        "medical_record_number": "MRN1",
        "result": EligibilityResult.ACTIVE,
        "mental_health_active": True,
    }
    return EligibilityCheck(**(usual | fields))


def authorization(**fields: Any) -> Authorization:
    """An approved authorization A1 for 90834, ten units, all of 2026."""
    usual: dict[str, Any] = {
        "authorization_number": "A1",
        "payer_id": "P1",
        "member_id": "M1",
        "medical_record_number": "MRN1",
        "issued_on": date(2026, 1, 2),
        "procedure_codes": ("90834",),
        "units": Decimal(10),
        "begins_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
    }
    return Authorization(**(usual | fields))


def clinician(**fields: Any) -> Clinician:
    """An LCSW licensed in Ohio."""
    usual: dict[str, Any] = {
        "npi": NPI,
        "last_name": "Quarrystone",
        "credential": "LCSW",
        "taxonomy_code": "1041C0700X",
        "license_number": "L1",
        "license_state": "OH",
    }
    return Clinician(**(usual | fields))


def enrollment(**fields: Any) -> Enrollment:
    """Enrolled with P1 since 2024."""
    usual: dict[str, Any] = {
        "clinician_npi": NPI,
        "payer_id": "P1",
        "effective_on": date(2024, 1, 1),
    }
    return Enrollment(**(usual | fields))


def claim(*lines: ServiceLine, **fields: Any) -> Claim:
    """A clean claim to P1; `fields` replace its own (``subscriber``, ``payer`` ...)."""
    chosen = lines or (line(),)
    usual: dict[str, Any] = {
        "patient_control_number": "C1",
        "total_charge": sum((one.charge for one in chosen), Decimal(0)),
        "payer": ClaimPayer(payer_id="P1", name="Sample Plan"),
        "subscriber": Subscriber(
            member_id="M1",
            last_name="Cragbottom",
            first_name="Juniper",
            birth_date=date(1980, 5, 1),
            gender="F",
            claim_filing_code="CI",
        ),
        "billing_provider": Provider(
            name="Cedar and Sample", npi=BILLING_NPI, tax_id="990000001",
            taxonomy_code="261QM0850X",
        ),
        "rendering_provider": Provider(
            name="Quarrystone", first_name="Linden", npi=NPI,
            taxonomy_code="1041C0700X",
        ),
        "lines": chosen,
        "diagnoses": (Diagnosis(code="F411", qualifier="ABK"),),
        "submitted_on": SENT_ON,
        "place_of_service": "11",
        "medical_record_number": "MRN1",
    }  # fmt: skip
    return Claim(**(usual | fields))


def case(
    *lines: ServiceLine,
    payer_type: PayerType = PayerType.COMMERCIAL,
    payer: Payer | None = None,
    no_payer: bool = False,
    policy: PayerPolicy | None = None,
    notes: Sequence[Encounter] = (),
    checks: Sequence[EligibilityCheck] = (),
    authorizations: Sequence[Authorization] = (),
    clinicians: Sequence[Clinician] = (),
    enrollments: Sequence[Enrollment] = (),
    earlier: Sequence[Claim] = (),
    answers: Sequence[LineAdjudication] = (),
    as_of: date = SENT_ON,
    **claim_fields: Any,
) -> ClaimCase:
    """A claim with these lines, judged by exactly the records handed over.

    `earlier` are claims sent before (on their own `submitted_on`), called earlier-0,
    earlier-1, ... by `answers`. Records that are not named are not on file.
    """
    configured = None
    if not no_payer:
        configured = payer or Payer(payer_id="P1", name="Plan", payer_type=payer_type)
    sent = claim(*lines, **claim_fields)
    book = FactBook(
        PracticeRecords(
            payers=(configured,) if configured is not None else (),
            clinicians=tuple(clinicians),
            enrollments=tuple(enrollments),
            eligibility_checks=tuple(checks),
            authorizations=tuple(authorizations),
            encounters=tuple(notes),
            submitted_claims=tuple(
                SubmittedClaim(
                    claim_id=f"earlier-{place}",
                    submitted_on=one.submitted_on or as_of,
                    claim=one,
                )
                for place, one in enumerate(earlier)
            ),
            adjudications=tuple(answers),
        )
    )
    return ClaimCase(
        sent,
        as_of=as_of,
        payer=configured,
        about_lines=[
            (
                book.line_facts(sent, one, as_of=as_of, own_note_only=True),
                book.line_records(sent, one, as_of=as_of),
            )
            for one in sent.lines
        ],
        policy=policy or PayerPolicy(),
        keeps=partial(book.kept.keeps, as_of=as_of),
    )


def earlier_claim(*lines: ServiceLine, on: date, **fields: Any) -> Claim:
    """A claim of the same patient sent before, under another control number."""
    usual = {"patient_control_number": "C0", "submitted_on": on}
    return claim(*lines, **(usual | fields))


def changed(one: Any, **fields: Any) -> Any:
    """The same record with other fields."""
    return msgspec.structs.replace(one, **fields)
