"""Which kinds of record a practice keeps, and from which day on."""

from datetime import date, time, timedelta

import pytest

from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
    PayerType,
)
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords
from denialml.domain.missing import MissingRecord
from denialml.modeling.knowledge.kept_records import KeptRecords

DAY = date(2026, 3, 2)
BEFORE = DAY - timedelta(days=1)
NOTE = Encounter(
    encounter_id="E1", service_date=BEFORE, clinician_npi="1", signed_on=DAY
)
ENROLLED = Enrollment(
    clinician_npi="1", payer_id="P1", effective_on=BEFORE, recorded_on=DAY
)
CHECK = EligibilityCheck(
    checked_on=DAY, payer_id="P1", member_id="M1", result=EligibilityResult.UNKNOWN
)
AUTHORIZED = Authorization(
    authorization_number="A1", payer_id="P1", member_id="M1", issued_on=DAY
)


@pytest.mark.parametrize(
    ("record", "records"),
    [
        (MissingRecord.ENCOUNTER, PracticeRecords(encounters=(NOTE,))),
        (MissingRecord.ENROLLMENT, PracticeRecords(enrollments=(ENROLLED,))),
        (MissingRecord.ELIGIBILITY_CHECK, PracticeRecords(eligibility_checks=(CHECK,))),
        (MissingRecord.AUTHORIZATION, PracticeRecords(authorizations=(AUTHORIZED,))),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_kind_is_kept_from_the_day_its_first_record_was_known(
    record: MissingRecord, records: PracticeRecords
) -> None:
    kept = KeptRecords(records)
    assert not kept.keeps(record, "", as_of=BEFORE)
    assert kept.keeps(record, "", as_of=DAY)
    assert not KeptRecords(PracticeRecords()).keeps(record, "", as_of=DAY)


def test_payers_and_clinicians_say_no_day() -> None:
    kept = KeptRecords(
        PracticeRecords(
            payers=(Payer(payer_id="P1", name="Plan"),),
            clinicians=(Clinician(npi="1"),),
        )
    )
    assert kept.keeps(MissingRecord.PAYER, "", as_of=date.min)
    assert kept.keeps(MissingRecord.CLINICIAN, "", as_of=date.min)


def test_a_field_is_kept_where_one_record_has_it() -> None:
    silent = Payer(payer_id="P1", name="Plan", filing_limit_days=0)
    kept = KeptRecords(PracticeRecords(payers=(silent,)))
    # No days at all are a word; an unknown type is none.
    assert kept.keeps(MissingRecord.PAYER, "filing_limit_days", as_of=DAY)
    assert not kept.keeps(MissingRecord.PAYER, "payer_type", as_of=DAY)
    assert not kept.keeps(MissingRecord.PAYER, "accepts_frequency_7", as_of=DAY)
    typed = Payer(
        payer_id="P2",
        name="Plan",
        payer_type=PayerType.MEDICAID,
        accepts_frequency_7=False,
    )
    kept = KeptRecords(PracticeRecords(payers=(silent, typed)))
    assert kept.keeps(MissingRecord.PAYER, "payer_type", as_of=DAY)
    assert kept.keeps(MissingRecord.PAYER, "accepts_frequency_7", as_of=DAY)


def test_start_and_stop_are_minutes() -> None:
    timed = Encounter(
        encounter_id="E2",
        service_date=BEFORE,
        clinician_npi="1",
        started_at=time(9),
        stopped_at=time(10),
    )
    for notes, keeps in (((NOTE,), False), ((NOTE, timed), True)):
        kept = KeptRecords(PracticeRecords(encounters=notes))
        # A note that nobody has signed counts from the day of the session.
        assert kept.keeps(MissingRecord.ENCOUNTER, "minutes", as_of=BEFORE) is keeps


def test_claims_every_practice_keeps() -> None:
    kept = KeptRecords(PracticeRecords())
    for record in (MissingRecord.CLAIM, MissingRecord.EARLIER_CLAIM):
        assert kept.keeps(record, "", as_of=DAY)
