"""A family shares a member id: it tells whose letter it is only for the subscriber."""

from datetime import date

import msgspec

from denialml.domain.claim import Patient
from denialml.domain.document import Document, Sensitivity
from denialml.modeling.root_cause.payer_letters import PAYER_LETTER, PayerLetters
from tests.modeling.test_root_cause import CLAIM, LINE
from tests.modeling.test_root_cause_book import denied_line

MEMBER = "FAMILY1"
SUBSCRIBER = msgspec.structs.replace(CLAIM.subscriber, member_id=MEMBER)
CHILD = Patient(last_name="Quill", first_name="Ada", relationship_code="19")


def is_read(*, patient: Patient | None, **fields: str) -> bool:
    claim = msgspec.structs.replace(
        CLAIM, subscriber=SUBSCRIBER, patient=patient, medical_record_number="MRN1"
    )
    letter = Document(
        document_id="D1",
        kind=PAYER_LETTER,
        sensitivity=Sensitivity.PHI,
        service_date=LINE.service_date,
        authored_on=date(2025, 4, 1),
        text="The yearly visit maximum was reached.",
    )
    letter = msgspec.structs.replace(letter, **fields)
    return PayerLetters([letter]).about(denied_line("CO-16", claim)) is not None


def test_a_member_id_alone_tells_the_subscriber_and_no_dependent() -> None:
    assert is_read(patient=None, member_id=MEMBER)
    assert not is_read(patient=CHILD, member_id=MEMBER)
    assert is_read(patient=CHILD, member_id=MEMBER, medical_record_number="MRN1")


def test_whatever_both_name_must_agree() -> None:
    number = CLAIM.patient_control_number
    assert is_read(patient=None, patient_control_number=number)
    for wrong in (
        {"medical_record_number": "MRN2"},
        {"member_id": "FAMILY2"},
        {"payer_id": "ANOTHER"},
        {"medical_record_number": "MRN2", "member_id": MEMBER},
        {"medical_record_number": "MRN1", "member_id": "FAMILY2"},
    ):
        assert not is_read(patient=None, patient_control_number=number, **wrong)
