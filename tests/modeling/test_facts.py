"""What was on file about a line: the rules of point in time, one by one."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.claim import Claim
from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
)
from denialml.domain.encounter import Encounter, Modality
from denialml.domain.facts import (
    AuthorizationState,
    EnrollmentState,
    LineFacts,
    PracticeRecords,
    SubmittedClaim,
)
from denialml.modeling.knowledge.facts import FactBook
from tests.modeling.small_practice import answer, make_claim

DAY = date(2024, 3, 4)
SENT = DAY + timedelta(days=3)


def facts_of(
    claim: Claim | None = None, *, as_of: date = SENT, line: int = 0, **records: object
) -> LineFacts:
    claim = claim or make_claim("C1", day=DAY)
    book = FactBook(
        PracticeRecords(**{key: tuple(value) for key, value in records.items()})
    )  # type: ignore[arg-type, call-overload]
    return book.line_facts(claim, claim.lines[line], as_of=as_of)


def authorization(**changes: object) -> Authorization:
    values: dict[str, object] = {
        "authorization_number": "A1",
        "payer_id": "P1",
        "member_id": "M-R1",
        "issued_on": date(2024, 1, 2),
        "begins_on": date(2024, 1, 2),
        "ends_on": date(2024, 6, 30),
        "procedure_codes": ("90837",),
        "units": Decimal(10),
    }
    return Authorization(**{**values, **changes})  # type: ignore[arg-type]


def sent(claim_id: str, claim: Claim) -> SubmittedClaim:
    assert claim.submitted_on is not None
    return SubmittedClaim(
        claim_id=claim_id, submitted_on=claim.submitted_on, claim=claim
    )


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param({}, AuthorizationState.VALID, id="fits"),
        pytest.param(
            {"issued_on": SENT}, AuthorizationState.VALID, id="issued on the day"
        ),
        pytest.param(
            {"issued_on": SENT + timedelta(days=1)},
            AuthorizationState.NONE,
            id="issued a day later: not known yet",
        ),
        pytest.param(
            {"procedure_codes": ("90834",)},
            AuthorizationState.WRONG_CODE,
            id="another code",
        ),
        pytest.param(
            {"procedure_codes": ()}, AuthorizationState.VALID, id="names no code"
        ),
        pytest.param(
            {"ends_on": DAY - timedelta(days=1)},
            AuthorizationState.EXPIRED,
            id="ended the day before",
        ),
        pytest.param({"ends_on": DAY}, AuthorizationState.VALID, id="last day"),
        pytest.param(
            {"begins_on": DAY + timedelta(days=1)},
            AuthorizationState.NOT_YET,
            id="begins the day after",
        ),
        pytest.param(
            {"units": Decimal(0)}, AuthorizationState.EXHAUSTED, id="no units"
        ),
        pytest.param(
            {"decision": AuthorizationDecision.DENIED},
            AuthorizationState.DENIED,
            id="denied",
        ),
        pytest.param(
            {"decision": AuthorizationDecision.PENDED},
            AuthorizationState.NONE,
            id="pended counts for nothing",
        ),
        pytest.param({"payer_id": "P2"}, AuthorizationState.NONE, id="another payer's"),
    ],
)
def test_authorization_state(
    changes: dict[str, object], state: AuthorizationState
) -> None:
    facts = facts_of(authorizations=[authorization(**changes)])
    assert facts.authorization_state is state


def test_authorization_units_count_claims_sent_before_the_day_once() -> None:
    earlier = make_claim("C0", day=DAY - timedelta(days=7))
    again = msgspec.structs.replace(earlier, submitted_on=DAY - timedelta(days=1))
    same_day = make_claim("C2", day=DAY, submitted_on=SENT)
    facts = facts_of(
        authorizations=[authorization()],
        submitted_claims=[
            sent("c0", earlier),
            sent("c0-again", again),
            sent("c2", same_day),
        ],
    )
    assert facts.authorization_units_left == Decimal(9)
    assert facts.authorization_days_left == (date(2024, 6, 30) - DAY).days


@pytest.mark.parametrize("number", ["", "A1"])
def test_authorization_number_on_claim(number: str) -> None:
    claim = msgspec.structs.replace(
        make_claim("C1", day=DAY), prior_authorization_number=number
    )
    for records in ([], [authorization()]):
        facts = facts_of(claim, authorizations=records)
        assert facts.authorization_number_on_claim is bool(number)


def test_eligibility_is_the_last_check_by_the_day() -> None:
    def check(day: date, result: EligibilityResult, **more: object) -> EligibilityCheck:
        return EligibilityCheck(
            checked_on=day,
            payer_id="P1",
            member_id="M-R1",
            result=result,
            **more,  # type: ignore[arg-type]
        )

    facts = facts_of(
        eligibility_checks=[
            check(DAY - timedelta(days=40), EligibilityResult.ACTIVE),
            check(SENT, EligibilityResult.INACTIVE, coverage_end=DAY - _DAY),
            check(SENT + _DAY, EligibilityResult.ACTIVE),
        ]
    )
    assert facts.eligibility_result is EligibilityResult.INACTIVE
    assert facts.eligibility_age_days == -3
    assert facts.coverage_ended_before_service is True


_DAY = timedelta(days=1)


def test_visits_left_count_visits_since_the_check() -> None:
    check = EligibilityCheck(
        checked_on=DAY - timedelta(days=10),
        payer_id="P1",
        member_id="M-R1",
        result=EligibilityResult.ACTIVE,
        visits_remaining=5,
    )
    earlier = make_claim("C0", day=DAY - timedelta(days=7))
    facts = facts_of(eligibility_checks=[check], submitted_claims=[sent("c0", earlier)])
    assert (facts.visits_remaining, facts.visits_remaining_now) == (5, 4)


@pytest.mark.parametrize(
    ("signed_on", "on_file", "signed", "minutes"),
    [
        pytest.param(DAY, True, True, 55, id="signed in time"),
        pytest.param(SENT, True, True, 55, id="signed on the day"),
        pytest.param(SENT + _DAY, True, False, None, id="signed later: a draft yet"),
        pytest.param(None, True, False, None, id="never signed: supports nothing"),
    ],
)
def test_note_counts_from_its_signature(
    signed_on: date | None, on_file: bool, signed: bool | None, minutes: int | None
) -> None:
    note = Encounter(
        encounter_id="e1",
        service_date=DAY,
        clinician_npi="1888888885",
        medical_record_number="R1",
        minutes=55,
        modality=Modality.VIDEO,
        signed_on=signed_on,
        treatment_plan_on=DAY - timedelta(days=30),
    )
    facts = facts_of(encounters=[note])
    assert facts.encounter_on_file is on_file
    assert facts.note_signed is signed
    assert facts.documented_minutes == minutes
    assert facts.is_telehealth is (signed is True)


def session(number: str, **changes: object) -> Encounter:
    values: dict[str, object] = {
        "encounter_id": number,
        "service_date": DAY,
        "clinician_npi": "1888888885",
        "medical_record_number": "R1",
        "minutes": 55,
        "signed_on": DAY,
    }
    return Encounter(**{**values, **changes})  # type: ignore[arg-type]


_PLAIN: dict[str, object] = {}
_OF_CLAIM = {"patient_control_number": "C1"}
_OF_OTHER_CLAIM = {"patient_control_number": "C0"}


@pytest.mark.parametrize(
    ("first", "second", "notes", "note"),
    [
        pytest.param(_PLAIN, _PLAIN, ["e1", "e2"], "e2", id="nothing named"),
        pytest.param(_OF_CLAIM, _PLAIN, ["e1", "e2"], "e1", id="one names the claim"),
        pytest.param(
            {"procedure_code": "G2083"}, _PLAIN, ["e1", "e2"], "e1", id="names the code"
        ),
        pytest.param(
            _PLAIN,
            {"procedure_code": "90837"},
            ["e1"],
            "e1",
            id="the second is the other line's",
        ),
        pytest.param(
            _PLAIN,
            {"procedure_code": "90837", **_OF_CLAIM},
            ["e1"],
            "e1",
            id="the second is the other line's and names the claim",
        ),
        pytest.param(
            _PLAIN, {"procedure_code": "90791"}, ["e1"], "e1", id="a service not billed"
        ),
        pytest.param(
            _PLAIN,
            {"procedure_code": "90791", **_OF_CLAIM},
            ["e1", "e2"],
            "e2",
            id="billed as another code",
        ),
        pytest.param(_OF_CLAIM, _OF_OTHER_CLAIM, ["e1"], "e1", id="another claim's"),
        pytest.param(
            _OF_OTHER_CLAIM,
            _OF_OTHER_CLAIM,
            ["e1", "e2"],
            "e2",
            id="both of the claim that this one follows",
        ),
        pytest.param(
            _PLAIN, {"clinician_npi": "1777777772"}, ["e1"], "e1", id="a colleague's"
        ),
        pytest.param(
            _PLAIN, {"signed_on": SENT + _DAY}, ["e1"], "e1", id="signed later"
        ),
        pytest.param(
            {"signed_on": None}, {"signed_on": None}, [], None, id="none signed"
        ),
        pytest.param(
            {"procedure_code": "90837"},
            {"procedure_code": "90791", **_OF_OTHER_CLAIM},
            ["e1", "e2"],
            "e2",
            id="both name another service",
        ),
        pytest.param(
            {"procedure_code": "90837"},
            {"procedure_code": "90837", "signed_on": None},
            ["e1"],
            "e1",
            id="the only one, though it names the other line",
        ),
    ],
)
def test_which_notes_may_be_the_lines(
    first: dict[str, object],
    second: dict[str, object],
    notes: list[str],
    note: str | None,
) -> None:
    claim = make_claim("C1", day=DAY, codes=("G2083", "90837"))
    book = FactBook(
        PracticeRecords(encounters=(session("e1", **first), session("e2", **second)))
    )
    records = book.line_records(claim, claim.lines[0], as_of=SENT)
    assert [one.encounter_id for one in records.notes] == notes
    assert (records.note.encounter_id if records.note else None) == note


def test_an_unnamed_note_goes_before_one_of_another_code() -> None:
    """The facts of the G2083 are not those of the psychotherapy's note beside it."""
    claim = make_claim("C1", day=DAY, codes=("G2083", "90837"))
    psychotherapy = session("e2", procedure_code="90837", patient_control_number="C1")
    notes = [session("e1", minutes=120), psychotherapy]
    assert facts_of(claim, encounters=notes).documented_minutes == 120
    assert facts_of(claim, line=1, encounters=notes).documented_minutes == 55
    assert facts_of(claim, encounters=notes[1:]).documented_minutes == 55
    elsewhere = session("e1", minutes=120, clinician_npi="1777777772")
    found = facts_of(claim, encounters=[elsewhere, psychotherapy])
    assert found.documented_minutes == 55


@pytest.mark.parametrize("line", [0, 1])
@pytest.mark.parametrize("named", ["99214", "90833"])
def test_a_note_of_a_visit_is_also_that_of_its_psychotherapy(
    named: str, line: int
) -> None:
    claim = make_claim("C1", day=DAY, codes=("99214", "90833"))
    visit = session("e1", procedure_code=named, minutes=30)
    colleague = {"procedure_code": "90837", "clinician_npi": "1777777772"}
    facts = facts_of(claim, line=line, encounters=[visit, session("e2", **colleague)])
    assert facts.documented_minutes == 30
    other = session("e2", procedure_code="90791")
    book = FactBook(PracticeRecords(encounters=(visit, other)))
    assert book.line_records(claim, claim.lines[line], as_of=SENT).notes == (visit,)


@pytest.mark.parametrize(
    ("spans", "state", "age"),
    [
        pytest.param([], EnrollmentState.NO_RECORDS, None, id="no records at all"),
        pytest.param(
            [("1777777772", DAY - _DAY, None, None)],
            EnrollmentState.NONE,
            None,
            id="another clinician's only",
        ),
        pytest.param(
            [("1888888885", DAY, None, None)],
            EnrollmentState.ENROLLED,
            0,
            id="from the day",
        ),
        pytest.param(
            [("1888888885", DAY + _DAY, None, DAY)],
            EnrollmentState.NOT_YET,
            -1,
            id="begins later, known now",
        ),
        pytest.param(
            [("1888888885", DAY - 9 * _DAY, DAY - _DAY, None)],
            EnrollmentState.ENDED,
            9,
            id="ended",
        ),
        pytest.param(
            [("1888888885", DAY - _DAY, None, SENT + _DAY)],
            EnrollmentState.NO_RECORDS,
            None,
            id="recorded after the day",
        ),
    ],
)
def test_enrollment(
    spans: list[tuple[str, date, date | None, date | None]],
    state: EnrollmentState,
    age: int | None,
) -> None:
    enrollments = [
        Enrollment(
            clinician_npi=npi,
            payer_id="P1",
            effective_on=begins,
            ends_on=ends,
            recorded_on=recorded,
        )
        for npi, begins, ends, recorded in spans
    ]
    facts = facts_of(enrollments=enrollments)
    assert (facts.enrollment_state, facts.enrollment_age_days) == (state, age)


def test_same_service_sent_before_unless_rejected_by_then() -> None:
    first = make_claim("C0", day=DAY, submitted_on=DAY + _DAY)
    rejection = ClaimAcknowledgment(
        patient_control_number="C0",
        accepted=False,
        statuses=(),
        received_on=DAY + 2 * _DAY,
    )
    again = make_claim("C0", day=DAY)
    known = facts_of(again, submitted_claims=[sent("c0", first)])
    assert known.same_service_already_sent
    mended = facts_of(
        again, submitted_claims=[sent("c0", first)], acknowledgments=[rejection]
    )
    assert not mended.same_service_already_sent
    corrected = msgspec.structs.replace(again, frequency_code="7")
    assert not facts_of(
        corrected, submitted_claims=[sent("c0", first)]
    ).same_service_already_sent


def test_a_stored_claim_is_not_its_own_duplicate() -> None:
    claim = make_claim("C1", day=DAY)
    later = facts_of(claim, as_of=SENT + 9 * _DAY, submitted_claims=[sent("c1", claim)])
    assert not later.same_service_already_sent


def test_answers_count_from_the_day_after_they_arrive() -> None:
    paid = make_claim("C0", day=DAY - 20 * _DAY)
    denied = make_claim("C9", day=DAY - 10 * _DAY)
    claims = [sent("c0", paid), sent("c9", denied)]
    answers = [
        answer("c0", received_on=SENT - _DAY),
        answer("c9", received_on=SENT, reason_code="197"),
    ]
    facts = facts_of(submitted_claims=claims, adjudications=answers)
    assert facts.days_since_patient_paid == 20
    assert facts.days_since_patient_denied is None
    next_day = facts_of(
        as_of=SENT + _DAY, submitted_claims=claims, adjudications=answers
    )
    assert next_day.days_since_patient_denied == 10
    assert next_day.patient_last_denial_reasons == ("197",)


def test_visits_are_days_of_service_before_this_one() -> None:
    claims = [
        sent(f"c{weeks}", make_claim(f"C{weeks}", day=DAY - timedelta(weeks=weeks)))
        for weeks in (1, 2, 12)
    ]
    note = Encounter(
        encounter_id="e1",
        service_date=DAY - 3 * _DAY,
        clinician_npi="1888888885",
        medical_record_number="R1",
        signed_on=DAY,
    )
    facts = facts_of(submitted_claims=claims, encounters=[note])
    assert facts.visits_this_year == 3, "two claims and a note of this year"
    assert facts.visit_number == 5


def test_records_without_a_record_number_link_by_member_number() -> None:
    check = EligibilityCheck(
        checked_on=DAY,
        payer_id="P1",
        member_id="M-R1",
        result=EligibilityResult.ACTIVE,
    )
    stranger = msgspec.structs.replace(check, medical_record_number="R2")
    assert facts_of(eligibility_checks=[check]).eligibility_age_days == 0
    assert facts_of(eligibility_checks=[stranger]).eligibility_age_days is None


def test_payer_and_license_settings() -> None:
    facts = facts_of(
        make_claim("C1", day=DAY, place="10"),
        payers=[
            Payer(
                payer_id="P1",
                name="P",
                filing_limit_days=90,
                telehealth_place_of_service="10",
                telehealth_modifier="95",
            )
        ],
        clinicians=[
            Clinician(
                npi="1888888885",
                license_number="L1",
                license_ends_on=DAY - _DAY,
            )
        ],
    )
    assert facts.filing_limit_days == 90
    assert facts.filing_lag_days == 3
    assert facts.place_of_service_expected == "10"
    assert facts.telehealth_modifier_expected == "95"
    assert facts.license_valid is False


@pytest.mark.parametrize(
    ("begins_on", "expected"),
    [
        pytest.param(DAY - 30 * _DAY, True, id="in force"),
        pytest.param(DAY + _DAY, False, id="began after the service, known when sent"),
        pytest.param(SENT + _DAY, None, id="renewed since: not the license of then"),
    ],
)
def test_a_license_that_was_renewed_since_says_nothing_of_then(
    begins_on: date, expected: bool | None
) -> None:
    clinician = Clinician(
        npi="1888888885", license_number="L1", license_begins_on=begins_on
    )
    assert facts_of(clinicians=[clinician]).license_valid is expected
