"""Invented records for the documentation of the record lists."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from api.examples import EXAMPLE_CLAIM
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
    PayerType,
)
from denialml.domain.document import Document, Sensitivity
from denialml.domain.facts import SubmittedClaim
from denialml.store.feedback import ClaimFeedback, FeedbackStatement
from denialml.store.record_lists import ClaimSummary, RecordKind, StoredRecord

CLAIM_ID = "clm_7d1f0c9b2a4e68530f1e2d3c"
_DAY = date(2026, 10, 6)
_MEMBER = EXAMPLE_CLAIM.subscriber.member_id
_NPI = "1234567893"

EXAMPLE_SUMMARY = ClaimSummary(
    claim_id=CLAIM_ID,
    patient_control_number=EXAMPLE_CLAIM.patient_control_number,
    payer_id="NGHP1",
    frequency_code="1",
    submitted_on=_DAY,
    service_from=date(2026, 10, 5),
    total_charge=Decimal("180.00"),
    accepted=True,
)
EXAMPLE_FEEDBACK = ClaimFeedback(
    feedback_id="fbk_1c2b3a4d5e6f708192a3b4c5",
    claim_id=CLAIM_ID,
    statement=FeedbackStatement.FALSE_ALARM,
    given_by="key_0f3d9a1c5b7e2468",
    given_at=datetime(2026, 11, 2, 15, 0, tzinfo=UTC),
)
# The fields of a `ClaimView`, which the route defines.
EXAMPLE_CLAIM_VIEW = {
    "submitted": SubmittedClaim(
        claim_id=CLAIM_ID, submitted_on=_DAY, claim=EXAMPLE_CLAIM, accepted=True
    ),
    "answers": (),
    "feedback": (EXAMPLE_FEEDBACK,),
}
_RECORDS: dict[RecordKind, Any] = {
    RecordKind.AUTHORIZATIONS: Authorization(
        authorization_number="AUTH-1",
        payer_id="NGHP1",
        member_id=_MEMBER,
        issued_on=_DAY,
        procedure_codes=("90837",),
        units=Decimal(12),
    ),
    RecordKind.ELIGIBILITY_CHECKS: EligibilityCheck(
        checked_on=_DAY,
        payer_id="NGHP1",
        member_id=_MEMBER,
        result=EligibilityResult.ACTIVE,
        mental_health_active=True,
    ),
    RecordKind.ENROLLMENTS: Enrollment(
        clinician_npi=_NPI, payer_id="NGHP1", effective_on=date(2026, 1, 1)
    ),
    RecordKind.PAYERS: Payer(
        payer_id="NGHP1",
        name="Northgate Health Plan (invented)",
        payer_type=PayerType.COMMERCIAL,
        filing_limit_days=90,
    ),
    RecordKind.CLINICIANS: Clinician(npi=_NPI, last_name="Example", credential="LCSW"),
    RecordKind.DOCUMENTS: Document(
        document_id="D-1",
        kind="payer_policy",
        sensitivity=next(iter(Sensitivity)),
        payer_id="NGHP1",
        authored_on=_DAY,
    ),
}
RECORD_EXAMPLES = {
    kind: StoredRecord(
        record_id=f"rec_{number:024x}", known_on=_DAY, record=_RECORDS[kind]
    )
    for number, kind in enumerate(RecordKind, start=1)
}
