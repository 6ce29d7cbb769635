"""Complete records of one denied session, to be altered one detail at a time."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import msgspec

from denialml.appeals.case_file import CaseFile
from denialml.domain.claim import (
    Address,
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
from denialml.domain.denial import (
    Deadline,
    Denial,
    RootCause,
    RootCauseFinding,
    Route,
    RouteFinding,
)
from denialml.domain.document import Document, Sensitivity
from denialml.domain.encounter import Encounter, Modality
from denialml.domain.facts import PracticeRecords
from denialml.domain.remittance import ClaimAdjustment
from denialml.modeling.knowledge.facts import FactBook

SERVICE = date(2026, 3, 2)
DENIED = date(2026, 4, 6)
DRAFTED = datetime(2026, 4, 20, 15, 30, tzinfo=UTC)

NOTE = """Progress note
Patient: Dana Whitfield
MRN: MRN-20417
Date of service: 2026-03-02
Start: 10:00  Stop: 10:56
Modality: in person
Assessment: Generalized anxiety disorder with panic attacks three times a week.
Functional impairment: Unable to drive to work since January.
Intervention: Cognitive restructuring and interoceptive exposure.
Response: Completed two exposures and rated fear 4 of 10 afterward.
Risk: Denies suicidal ideation; safety plan reviewed.
Plan: Continue weekly sessions.
Signed: Maya Okafor, LCSW, 2026-03-03
"""
PLAN = """Treatment plan
Patient: Dana Whitfield
MRN: MRN-20417
Date: 2026-01-12
Review due: 2026-07-12
Goal: Drive to work alone on four of five days by June.
Frequency: Weekly individual psychotherapy for 24 weeks.
Signed: Maya Okafor, LCSW, 2026-01-12
"""


def document(kind: str, text: str, **changed: Any) -> Document:
    """A signed document of the patient and the denied date of service."""
    base = Document(
        document_id=f"doc_{kind}",
        kind=kind,
        sensitivity=Sensitivity.PHI,
        medical_record_number="MRN-20417",
        member_id="W884201937",
        service_date=SERVICE,
        authored_on=SERVICE,
        signed_on=date(2026, 3, 3),
        author="Maya Okafor, LCSW",
        text=text,
    )
    return msgspec.structs.replace(base, **changed)


def note(**changed: Any) -> Document:
    return document("progress_note", changed.pop("text", NOTE), **changed)


def plan(**changed: Any) -> Document:
    fields = {
        "service_date": None,
        "authored_on": date(2026, 1, 12),
        "signed_on": date(2026, 1, 12),
        **changed,
    }
    return document("treatment_plan", fields.pop("text", PLAN), **fields)


LINE = ServiceLine(
    line_number=1,
    procedure_code="90837",
    charge=Decimal("185.00"),
    service_date=SERVICE,
    place_of_service="11",
)
CLAIM = Claim(
    patient_control_number="CBH-100482",
    total_charge=Decimal("185.00"),
    payer=ClaimPayer(payer_id="60054", name="Northwind Health Plan"),
    subscriber=Subscriber(
        member_id="W884201937",
        last_name="Whitfield",
        first_name="Dana",
        birth_date=date(1988, 7, 14),
        claim_filing_code="CI",
    ),
    billing_provider=Provider(
        name="Cedar Behavioral Health",
        npi="1457300128",
        tax_id="841234567",
        address=Address(
            street="410 Alder Street",
            street_2="Suite 200",
            city="Denver",
            state="CO",
            postal_code="80203",
        ),
    ),
    lines=(LINE,),
    diagnoses=(Diagnosis(code="F411", qualifier="ABK"),),
    submitted_on=date(2026, 3, 5),
    place_of_service="11",
    rendering_provider=Provider(name="Okafor", first_name="Maya", npi="1982604417"),
    medical_record_number="MRN-20417",
)
PAYER = Payer(
    payer_id="60054",
    name="Northwind Health Plan",
    payer_type=PayerType.COMMERCIAL_SELF_FUNDED,
    state="CO",
    filing_limit_days=90,
    appeal_window_days=180,
    appeal_address=Address(
        street="P.O. Box 14463", city="Lexington", state="KY", postal_code="40512"
    ),
    appeal_fax="859-555-0142",
)
ENCOUNTER = Encounter(
    encounter_id="enc-7719",
    service_date=SERVICE,
    clinician_npi="1982604417",
    medical_record_number="MRN-20417",
    procedure_code="90837",
    started_at=time(10, 0),
    stopped_at=time(10, 56),
    modality=Modality.IN_PERSON,
    patient_location="clinic",
    signed_on=date(2026, 3, 3),
    treatment_plan_on=date(2026, 1, 12),
)
AUTHORIZATION = Authorization(
    authorization_number="AU5530021",
    payer_id="60054",
    member_id="W884201937",
    issued_on=date(2026, 1, 15),
    procedure_codes=("90834", "90837"),
    units=Decimal(24),
    begins_on=date(2026, 1, 15),
    ends_on=date(2026, 6, 30),
)
CHECK = EligibilityCheck(
    checked_on=date(2026, 3, 1),
    payer_id="60054",
    member_id="W884201937",
    result=EligibilityResult.ACTIVE,
    service_date=SERVICE,
    plan_name="Northwind Choice",
    coverage_begin=date(2026, 1, 1),
    mental_health_active=True,
    trace_number="TRN9920314",
)
CLINICIAN = Clinician(
    npi="1982604417",
    last_name="Okafor",
    first_name="Maya",
    credential="LCSW",
    license_number="CSW.09923",
    license_state="CO",
)
FACTS = FactBook(
    PracticeRecords(
        payers=(PAYER,),
        clinicians=(CLINICIAN,),
        eligibility_checks=(CHECK,),
        authorizations=(AUTHORIZATION,),
        encounters=(ENCOUNTER,),
    )
).line_facts(CLAIM, LINE, as_of=DRAFTED.date())
ENROLLMENT = Enrollment(
    clinician_npi="1982604417", payer_id="60054", effective_on=date(2025, 9, 1)
)


def case(
    root_cause: RootCause | None,
    route: Route = Route.APPEAL,
    *,
    group: str = "CO",
    reason: str = "197",
    remarks: tuple[str, ...] = (),
    **changed: Any,
) -> CaseFile:
    """A complete case; keyword arguments replace fields of the case file."""
    claim = changed.pop("claim", CLAIM)
    line = changed.pop("line", claim.lines[0])
    denial = Denial(
        denial_id="den_1",
        claim_id="clm_1",
        payment_id="pay_1",
        line_number=line.line_number,
        patient_control_number=claim.patient_control_number,
        payer_id="60054",
        payer_name="Northwind Health Plan",
        payer_claim_control_number="E26096X4471",
        procedure_code=line.procedure_code,
        modifiers=line.modifiers,
        service_date=line.service_date,
        denied_on=DENIED,
        charge=line.charge,
        paid=Decimal(0),
        denied_amount=line.charge,
        adjustments=(
            ClaimAdjustment(group_code=group, reason_code=reason, amount=line.charge),
        ),
        remark_codes=remarks,
    )
    complete: dict[str, Any] = {
        "denial": denial,
        "finding": RootCauseFinding(
            root_cause=root_cause,
            probability=0.9,
            runner_up=None,
            runner_up_probability=0.0,
            probabilities=(),
            basis=(),
        ),
        "route": RouteFinding(route=route, reason="test"),
        "deadline": Deadline(
            status="configured", due_on=date(2026, 10, 3), bases=(), note=""
        ),
        "claim": claim,
        "line": line,
        "payer": PAYER,
        "documents": (note(), plan()),
        "encounters": (ENCOUNTER,),
        "authorizations": (),
        "eligibility_checks": (CHECK,),
        "enrollments": (ENROLLMENT,),
        "clinicians": (CLINICIAN,),
        **changed,
    }
    return CaseFile(**complete)


def whole_file() -> tuple[Document, ...]:
    """One fitting document of every kind that a template may ask for."""
    who = "Patient: Dana Whitfield\nMember ID: W884201937\n"
    number = "Claim account: CBH-100482\n"
    undated: dict[str, Any] = {"service_date": None}
    clinician = {
        **undated,
        "sensitivity": Sensitivity.PROVIDER_DATA,
        "medical_record_number": "",
        "member_id": "",
        "clinician_npi": "1982604417",
    }
    return (
        note(),
        plan(),
        document(
            "auth_request_log",
            f"{who}2026-01-10 14:05 Representative J.T., reference R-55120: "
            "no authorization needed for outpatient visits.\n",
            **undated,
        ),
        document(
            "auth_letter",
            f"{who}Authorization number: AU5530021\nValid from: 2026-01-15\n"
            "Valid through: 2026-06-30\nCodes: 90834, 90837\nUnits: 24\n",
            authorization_number="AU5530021",
            **undated,
        ),
        document(
            "eligibility_271",
            f"{who}Checked on: 2026-03-01\nService date: 2026-03-02\n"
            "Result: active\nTrace number: TRN9920314\n",
        ),
        document(
            "277ca_acceptance",
            f"{who}{number}Status: A2:20 accepted for adjudication\n"
            "Accepted on: 2026-03-06\nPayer: Northwind Health Plan\n",
            patient_control_number="CBH-100482",
            **undated,
        ),
        document(
            "999_acceptance",
            f"{who}{number}File accepted 2026-03-05\n",
            patient_control_number="CBH-100482",
            **undated,
        ),
        document(
            "prior_eob_era",
            f"{who}{number}Primary payer answer of 2026-03-20: not covered.\n",
        ),
        document(
            "cob_questionnaire",
            f"{who}Updated on 2026-04-01, reference Q-7781\n",
            **undated,
        ),
        document(
            "benefit_summary",
            f"{who}Plan year 2026\nOutpatient mental health: covered, no visit limit "
            "stated.\n",
            **undated,
        ),
        document(
            "phq_gad_scores", f"{who}PHQ-9: 17 on 2026-03-02\nGAD-7: 15 on 2026-03-02\n"
        ),
        document(
            "intake_evaluation",
            f"{who}Date: 2026-01-05\nPresenting problem: Panic attacks since "
            "November.\n",
            service_date=date(2026, 1, 5),
        ),
        document("schedule_log", f"{who}2026-03-02 10:00-10:56 room 3\n"),
        document(
            "telehealth_consent", f"{who}Consent of 2026-01-05 to video.\n", **undated
        ),
        document(
            "network_search_log",
            f"{who}2026-01-03: three clinicians called, first opening in May.\n",
            **undated,
        ),
        document(
            "credentialing_letter",
            "Clinician NPI 1982604417\nEffective date: 2025-09-01\n",
            **clinician,
        ),
        document("license", "License CSW.09923\nExpires: 2027-08-31\n", **clinician),
        *(
            document(kind, f"{who}About: {kind}\n", **undated)
            for kind in (
                *("fee_schedule_page", "failed_trial_list", "um_denial_letter"),
                *("units_ledger", "single_case_agreement", "caqh_attestation"),
                *("supervision_attestation", "release_record", "fax_confirmation"),
                *("comparative_analysis_request", "insurance_card", "referral_form"),
            )
        ),
        document("level_of_care_tool", f"{who}LOCUS 20, composite 17, 2026-02-20\n"),
    )
