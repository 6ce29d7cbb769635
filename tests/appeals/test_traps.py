"""Documents that must not leave, must not be used, or that refute the claim.

Each test alters one thing about one document of a complete record.
"""

from datetime import date

import msgspec
import pytest

from denialml.appeals.drafting import draft_letter
from denialml.appeals.drawing import draft_html
from denialml.domain.denial import RootCause, Route
from denialml.domain.document import Sensitivity
from tests.appeals.cases import (
    AUTHORIZATION,
    CLAIM,
    DRAFTED,
    NOTE,
    PLAN,
    case,
    document,
    note,
    plan,
    whole_file,
)
from tests.appeals.test_drafting import packet_text

CANARY = "quinquereme-canary-7741"


def clinical(*documents):
    return draft_letter(
        case(RootCause.MEDICAL_NECESSITY, reason="50", documents=documents),
        drafted_at=DRAFTED,
    )


def withheld(draft, document_id):
    found = [w for w in draft.withheld if w.document_id == document_id]
    assert len(found) == 1, draft.withheld
    return found[0]


PROTECTED = {
    "typed": document(
        "psychotherapy_note",
        f"{CANARY}",
        sensitivity=Sensitivity.PSYCHOTHERAPY_NOTE,
    ),
    "typed but marked as ordinary": document("psychotherapy_note", CANARY),
    "filed as a progress note": document(
        "progress_note",
        f"Psychotherapy note, kept separate from the record\n{NOTE}{CANARY}",
        document_id="doc_mislabeled",
    ),
    "sensitivity alone": document(
        "progress_note",
        f"{NOTE}{CANARY}",
        document_id="doc_marked",
        sensitivity=Sensitivity.PSYCHOTHERAPY_NOTE,
    ),
    "SUD counseling note": document(
        "sud_counseling_note",
        f"{NOTE}{CANARY}",
        sensitivity=Sensitivity.SUD_COUNSELING_NOTE,
    ),
}


@pytest.mark.parametrize("trap", PROTECTED)
def test_protected_notes_appear_in_no_output(trap):
    protected = PROTECTED[trap]
    documents = (note(), plan(), protected)
    draft = clinical(*documents)
    assert draft.status == "draft"
    assert "never attached" in withheld(draft, protected.document_id).reason
    assert CANARY not in msgspec.json.encode(draft).decode()
    assert CANARY not in draft_html(draft)
    assert CANARY not in packet_text(draft, documents)


OTHER_PATIENTS = {
    "record number of the document": note(medical_record_number="MRN-99999"),
    "member number, and no name in the text": note(
        member_id="W000000001", text=NOTE.replace("Patient: Dana Whitfield", "")
    ),
    "name in the text": note(text=NOTE.replace("Dana Whitfield", "Robin Alvarez")),
    "record number in the text": note(text=NOTE.replace("MRN-20417", "MRN-20418")),
    "birth date in the text": note(text=NOTE + "DOB: 1990-01-01\n"),
    "a second patient in the text": note(text=NOTE + "MRN: MRN-30001\n"),
    "only one identifier": note(
        medical_record_number="", text=NOTE.split("Date of", 1)[1]
    ),
}


@pytest.mark.parametrize("trap", OTHER_PATIENTS)
def test_a_page_that_may_be_another_patients_stays(trap):
    draft = clinical(OTHER_PATIENTS[trap], plan())
    reason = withheld(draft, "doc_progress_note").reason
    assert "another patient" in reason or "two identifiers" in reason
    assert draft.status == "blocked"


def test_a_note_from_before_a_change_of_plan_is_still_the_patients():
    draft = clinical(note(member_id="W000000001"), plan())
    assert draft.status == "draft"


def test_an_eligibility_answer_for_another_coverage_is_left_out():
    answer = document(
        "eligibility_271",
        "Patient: Dana Whitfield\nMRN: MRN-20417\nStatus: active\n",
        member_id="W000000001",
    )
    draft = draft_letter(
        case(RootCause.ELIGIBILITY_COVERAGE, documents=(answer,)), drafted_at=DRAFTED
    )
    assert "another coverage" in withheld(draft, answer.document_id).reason


UNUSABLE = {
    "another date of service": (note(service_date=date(2026, 3, 9)), "another date"),
    "text states another date": (
        note(text=NOTE.replace("service: 2026-03-02", "service: 2026-03-09")),
        "another date",
    ),
    "unsigned draft": (note(signed_on=None), "unsigned"),
    "another service of the day": (
        note(text=NOTE + "Service code: 90792\n"),
        "another service",
    ),
    "stale plan": (plan(text=PLAN.replace("2026-07-12", "2026-02-12")), "Stale"),
    "old plan without a review date": (
        plan(
            text=PLAN.replace("Review due: 2026-07-12\n", ""),
            authored_on=date(2024, 11, 2),
        ),
        "Stale",
    ),
    "plan written afterward": (plan(authored_on=date(2026, 3, 30)), "after the date"),
}


@pytest.mark.parametrize("trap", UNUSABLE)
def test_a_document_that_does_not_fit_is_left_out_with_its_reason(trap):
    bad, said = UNUSABLE[trap]
    kept = [d for d in (note(), plan()) if d.kind != bad.kind]
    draft = clinical(bad, *kept)
    assert said in withheld(draft, bad.document_id).reason
    assert bad.document_id not in {e.document_id for e in draft.exhibits}
    assert bad.kind in {m.kind for m in draft.missing}


@pytest.mark.parametrize(
    "raw",
    [
        "ISA*00*          *00*          *ZZ*A*ZZ*B*260306*0900*^*00501*1*0*P*:~",
        "ST*277*0001*005010X214~BHT*0085*08~",
        "GS*HP*A*B*20260306*0900*1*X*005010X221A1~ST*835*0001~",
    ],
)
def test_raw_transactions_never_leave(raw):
    acceptance = document(
        "277ca_acceptance",
        f"Patient: Dana Whitfield\nAccepted on: 2026-03-06\nA2\n{raw}",
        patient_control_number="CBH-100482",
        service_date=None,
    )
    draft = draft_letter(
        case(RootCause.TIMELY_FILING, reason="29", documents=(acceptance,)),
        drafted_at=DRAFTED,
    )
    assert draft.status == "blocked"
    assert "other patients" in withheld(draft, acceptance.document_id).reason


def filing(text):
    acceptance = document(
        "277ca_acceptance",
        f"Patient: Dana Whitfield\nPatient control number: CBH-100482\n{text}",
        service_date=None,
        patient_control_number="CBH-100482",
        authored_on=date(2026, 3, 6),
    )
    return draft_letter(
        case(RootCause.TIMELY_FILING, reason="29", documents=(acceptance,)),
        drafted_at=DRAFTED,
    )


def test_an_acceptance_within_the_limit_carries_the_letter():
    draft = filing("Status: A2:20\nAccepted on: 2026-05-31\n")
    assert draft.status == "draft"


def test_a_late_acceptance_proves_lateness_and_blocks():
    draft = filing("Status: A2:20\nAccepted on: 2026-06-01\n")
    assert draft.status == "blocked"
    assert withheld(draft, "doc_277ca_acceptance").refutes
    assert (
        "accepted June 1, 2026, after the filing limit of May 31, 2026"
        in (draft.blocked_reasons[0])
    )


def test_acceptance_after_a_year_is_late_under_any_limit():
    record = case(RootCause.TIMELY_FILING, reason="29")
    payer = msgspec.structs.replace(record.payer, filing_limit_days=None)
    acceptance = document(
        "277ca_acceptance",
        "Patient: Dana Whitfield\nPatient control number: CBH-100482\n"
        "Status: A2\nAccepted on: 2027-03-03\n",
        service_date=None,
    )
    late = msgspec.structs.replace(record, payer=payer, documents=(acceptance,))
    draft = draft_letter(late, drafted_at=DRAFTED)
    assert draft.status == "blocked"
    assert "more than a year after the service" in draft.blocked_reasons[0]


def test_acceptance_that_some_limits_would_call_late_waits_for_the_contract():
    record = case(RootCause.TIMELY_FILING, reason="29")
    payer = msgspec.structs.replace(record.payer, filing_limit_days=None)
    acceptance = document(
        "277ca_acceptance",
        "Patient: Dana Whitfield\nPatient control number: CBH-100482\n"
        "Status: A2\nAccepted on: 2026-06-15\n",
        service_date=None,
    )
    late = msgspec.structs.replace(record, payer=payer, documents=(acceptance,))
    draft = draft_letter(late, drafted_at=DRAFTED)
    assert draft.status == "blocked"
    assert not withheld(draft, acceptance.document_id).refutes
    assert any("Confirm the limit" in reason for reason in draft.blocked_reasons)


def test_a_rejection_is_no_proof_of_filing():
    draft = filing("Status: A3:21 rejected\nStatus date: 2026-03-06\n")
    assert draft.status == "blocked"
    assert "rejection is not proof" in withheld(draft, "doc_277ca_acceptance").reason


def test_a_999_alone_proves_nothing():
    draft = draft_letter(
        case(
            RootCause.TIMELY_FILING,
            documents=tuple(d for d in whole_file() if d.kind == "999_acceptance"),
        ),
        drafted_at=DRAFTED,
    )
    assert draft.status == "blocked"
    assert "only that the file could be read" in draft.withheld[0].reason


def test_minutes_above_the_band_are_not_argued_either():
    line = msgspec.structs.replace(CLAIM.lines[0], procedure_code="90834")
    claim = msgspec.structs.replace(CLAIM, lines=(line,))
    draft = draft_letter(
        case(RootCause.CODING_TIME_UNITS, reason="150", claim=claim),
        drafted_at=DRAFTED,
    )
    assert draft.status == "blocked"
    assert "56 minutes and 90834 ends at 52" in draft.blocked_reasons[0]


def test_recorded_minutes_refute_even_where_no_note_is_on_file():
    record = case(RootCause.AUTH_MISSING, documents=())
    short = msgspec.structs.replace(
        record.encounters[0], started_at=None, stopped_at=None, minutes=44
    )
    draft = draft_letter(
        msgspec.structs.replace(record, encounters=(short,)), drafted_at=DRAFTED
    )
    assert "44 minutes and 90837 needs at least 53" in draft.blocked_reasons[0]


EXPIRED = {
    "dates in the letter": {
        "text": "Valid from: 2025-09-01\nValid through: 2026-02-28"
    },
    "another payer's": {"payer_id": "99999"},
    "refusal": {"text": "Decision: not approved\nValid from: 2026-01-15"},
}


@pytest.mark.parametrize("trap", EXPIRED)
def test_an_authorization_letter_that_does_not_cover_the_day_is_left_out(trap):
    changed = dict(EXPIRED[trap])
    text = "Patient: Dana Whitfield\n" + changed.pop(
        "text", "Valid from: 2026-01-15\nValid through: 2026-06-30"
    )
    letter = document("auth_letter", text, service_date=None, **changed)
    draft = draft_letter(
        case(
            RootCause.AUTH_MISMATCH,
            authorizations=(AUTHORIZATION,),
            documents=(letter,),
        ),
        drafted_at=DRAFTED,
    )
    assert letter.document_id not in {e.document_id for e in draft.exhibits}
    assert "auth_letter" in {m.kind for m in draft.missing}


def test_an_expired_authorization_on_record_is_not_argued():
    expired = msgspec.structs.replace(AUTHORIZATION, ends_on=date(2026, 2, 28))
    draft = draft_letter(
        case(RootCause.AUTH_MISMATCH, authorizations=(expired,)), drafted_at=DRAFTED
    )
    assert draft.status == "blocked"
    assert "ask utilization management to extend" in draft.blocked_reasons[0]


def test_inactive_coverage_on_the_day_refutes_the_eligibility_appeal():
    answer = document("eligibility_271", "Patient: Dana Whitfield\nStatus: inactive\n")
    draft = draft_letter(
        case(RootCause.ELIGIBILITY_COVERAGE, documents=(answer,)), drafted_at=DRAFTED
    )
    assert draft.status == "blocked"
    assert withheld(draft, answer.document_id).refutes


def test_enrollment_that_began_after_the_service_refutes():
    letter = document(
        "credentialing_letter",
        "NPI: 1982604417\nEffective date: 2026-03-15\n",
        sensitivity=Sensitivity.PROVIDER_DATA,
        service_date=None,
        clinician_npi="1982604417",
    )
    draft = draft_letter(
        case(
            RootCause.PROVIDER_ELIGIBILITY,
            Route.ENROLLMENT_FIX,
            reason="B7",
            documents=(letter,),
        ),
        drafted_at=DRAFTED,
    )
    assert draft.status == "blocked"
    assert withheld(draft, letter.document_id).refutes


CONSENT = "Patient: Dana Whitfield\nMRN: MRN-20417\nPurpose: payment\n"


def consent(**changed):
    fields = {"service_date": None, "signed_on": date(2026, 1, 5), **changed}
    return document("part2_consent", fields.pop("text", CONSENT), **fields)


def test_a_part_2_note_with_consent_carries_notice_and_consent():
    documents = (note(sensitivity=Sensitivity.PART_2), plan(), consent())
    draft = clinical(*documents)
    assert [e.kind for e in draft.exhibits] == [
        "progress_note",
        "treatment_plan",
        "part2_consent",
    ]
    notice = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
    assert any(notice in b.text for b in draft.blocks)
    # Once in the letter and once on the exhibit that it protects.
    assert " ".join(packet_text(draft, documents).split()).count(notice) == 2


CONSENTS = {
    "none": (),
    "unsigned": (consent(signed_on=None),),
    "expired": (consent(text=CONSENT + "Expires on: 2026-04-19\n"),),
    "revoked": (consent(text=CONSENT + "Revoked on 2026-03-30\n"),),
    "another patient's": (consent(medical_record_number="MRN-1"),),
    "signed after the disclosure": (consent(signed_on=date(2026, 4, 21)),),
}


@pytest.mark.parametrize("trap", CONSENTS)
def test_a_part_2_note_without_a_valid_consent_stays(trap):
    draft = clinical(note(sensitivity=Sensitivity.PART_2), plan(), *CONSENTS[trap])
    assert draft.status == "blocked"
    assert "42 CFR part 2" in withheld(draft, "doc_progress_note").reason
    assert "part2_consent" in {m.kind for m in draft.missing}


def test_only_what_the_letter_needs_is_attached():
    record = case(
        RootCause.TIMELY_FILING,
        reason="29",
        documents=whole_file(),
    )
    draft = draft_letter(record, drafted_at=DRAFTED)
    assert {e.kind for e in draft.exhibits} == {
        "277ca_acceptance",
        "999_acceptance",
        "prior_eob_era",
        "fax_confirmation",
    }
    assert "Not needed" in withheld(draft, "doc_progress_note").reason


def test_a_copy_is_attached_once():
    draft = clinical(note(), note(document_id="doc_progress_note_2"), plan())
    assert [e.kind for e in draft.exhibits].count("progress_note") == 1
    assert "copy" in withheld(draft, "doc_progress_note_2").reason


COPIES = {
    "another number": (note(document_id="doc_0", member_id="W1"), "another member"),
    "another number, retyped, by another author": (
        note(
            document_id="doc_0",
            member_id="W1",
            author="Someone Else",
            text=f"{NOTE}Copied.\n",
        ),
        "another member",
    ),
    "no number, retyped": (
        note(document_id="doc_0", member_id="", text=f"{NOTE}Copied.\n"),
        "other words",
    ),
    "the same number, retyped": (
        note(document_id="doc_z", text=f"{NOTE}Copied.\n"),
        "other words",
    ),
}


@pytest.mark.parametrize("trap", COPIES)
def test_of_two_notes_of_one_session_the_claims_own_is_attached(trap):
    other, said = COPIES[trap]
    for documents in ((note(), other, plan()), (other, note(), plan())):
        draft = clinical(*documents)
        assert draft.status == "draft"
        assert [e.document_id for e in draft.exhibits] == [
            "doc_progress_note",
            "doc_treatment_plan",
        ]
        assert said in withheld(draft, other.document_id).reason


def test_two_versions_of_one_note_are_named_and_compared_by_a_person():
    draft = clinical(note(), note(document_id="doc_z", text=f"{NOTE}More.\n"), plan())
    assert "copy" not in withheld(draft, "doc_z").reason
    assert "record_versions" in {m.kind for m in draft.missing}
    same = clinical(note(), note(document_id="doc_z", text=f"\n{NOTE}\n"), plan())
    assert "A copy" in withheld(same, "doc_z").reason
    assert "record_versions" not in {m.kind for m in same.missing}


NO_TEXT = {
    "file missing": note(text=""),
    "only white space": note(text=" \n\t\u00a0"),
    "a scan": note(
        text="", media_type="application/pdf", content_sha256="ab12", title="Note"
    ),
}


@pytest.mark.parametrize("trap", NO_TEXT)
def test_a_document_without_text_is_no_exhibit(trap):
    draft = clinical(NO_TEXT[trap], plan())
    assert draft.status == "blocked"
    assert "ile it again" in withheld(draft, "doc_progress_note").reason
    assert draft.exhibits == ()


@pytest.mark.parametrize(
    ("cause", "notes"),
    [(RootCause.MEDICAL_NECESSITY, 1), (RootCause.BUNDLING_SAME_DAY, 2)],
)
def test_the_note_of_another_service_goes_only_to_show_that_there_were_two(
    cause, notes
):
    lines = (
        CLAIM.lines[0],
        msgspec.structs.replace(CLAIM.lines[0], line_number=2, procedure_code="90791"),
    )
    documents = (
        note(text=f"{NOTE}Service code: 90837\n"),
        note(document_id="doc_2", text=f"{NOTE}Service code: 90791\n"),
        plan(),
    )
    draft = draft_letter(
        case(
            cause,
            reason="50" if notes == 1 else "97",
            claim=msgspec.structs.replace(CLAIM, lines=lines),
            documents=documents,
        ),
        drafted_at=DRAFTED,
    )
    assert draft.status == "draft"
    assert [e.kind for e in draft.exhibits].count("progress_note") == notes


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Service code: 99214\nStart: 9:00 Stop: 9:30\n", "blocked"),
        ("Service code: 99214\nPsychotherapy: 20 minutes\n", "draft"),
        ("Service code: 99214, 90833\nStart: 9:00 Stop: 9:30\n", "draft"),
    ],
)
def test_an_add_on_is_not_proved_by_a_note_without_psychotherapy_time(text, status):
    visit, added = (
        msgspec.structs.replace(CLAIM.lines[0], line_number=n, procedure_code=code)
        for n, code in ((1, "99214"), (2, "90833"))
    )
    header = NOTE.split("Start:")[0]
    draft = draft_letter(
        case(
            RootCause.DOCUMENTATION_INSUFFICIENT,
            Route.RECORDS,
            reason="252",
            claim=msgspec.structs.replace(CLAIM, lines=(visit, added)),
            line=added,
            documents=(note(text=header + text),),
            encounters=(),
        ),
        drafted_at=DRAFTED,
    )
    assert draft.status == status
    if status == "blocked":
        assert "no psychotherapy time" in withheld(draft, "doc_progress_note").reason


PLANS = {
    "of the year before": ("Plan year 2025\n", date(2026, 1, 5), "plan year"),
    "written the year before": ("Outpatient: covered\n", date(2025, 1, 5), "plan year"),
    "ended before": (
        "Valid from: 2025-07-01\nValid through: 2026-02-28\n",
        date(2026, 3, 2),
        "Stale",
    ),
    "of the year": ("Plan year 2026\n", date(2025, 11, 1), ""),
    "of a split year": (
        "Valid from: 2025-07-01\nValid through: 2026-06-30\n",
        date(2025, 7, 1),
        "",
    ),
}


@pytest.mark.parametrize("trap", PLANS)
def test_the_plans_terms_are_those_of_the_day(trap):
    text, written, said = PLANS[trap]
    terms = document(
        "benefit_summary",
        f"Patient: Dana Whitfield\n{text}",
        service_date=None,
        authored_on=written,
    )
    draft = draft_letter(
        case(RootCause.BENEFIT_COVERAGE, reason="96", documents=(terms, note())),
        drafted_at=DRAFTED,
    )
    assert draft.status == ("blocked" if said else "draft")
    if said:
        assert said in withheld(draft, terms.document_id).reason


def test_an_eligibility_answer_of_months_ago_is_stale():
    answer = document(
        "eligibility_271",
        "Patient: Dana Whitfield\nStatus: active\n",
        service_date=None,
        authored_on=date(2025, 10, 1),
    )
    draft = draft_letter(
        case(RootCause.ELIGIBILITY_COVERAGE, documents=(answer,)), drafted_at=DRAFTED
    )
    assert "Stale" in withheld(draft, answer.document_id).reason


@pytest.mark.parametrize(
    ("fields", "attached"),
    [
        ({"authorization_number": "AU5530021"}, True),
        ({"authorization_number": "au-5530021"}, True),
        ({"authorization_number": "AU7770001"}, False),
        ({"text": "Authorization number: AU7770001\nValid through: 2026-06-30"}, False),
        ({"text": "Valid from: 2026-02-22\nValid through: 2026-06-20"}, False),
        ({"text": "Valid from: 2026-01-15\nValid through: 2026-06-30"}, True),
    ],
)
def test_only_the_letter_of_the_covering_authorization_is_cited(fields, attached):
    text = fields.pop("text", "Valid from: 2026-01-15\nValid through: 2026-06-30")
    letter = document(
        "auth_letter",
        f"Patient: Dana Whitfield\n{text}\n",
        service_date=None,
        **fields,
    )
    draft = draft_letter(
        case(
            RootCause.AUTH_MISMATCH,
            authorizations=(AUTHORIZATION,),
            documents=(letter,),
        ),
        drafted_at=DRAFTED,
    )
    assert bool(draft.exhibits) is attached
    if not attached:
        assert "another authorization" in withheld(draft, letter.document_id).reason


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ("Services: 90832, 90834", "blocked"),
        ("Codes: 90834", "blocked"),
        ("Services: 90834, 90837", "draft"),
        ("Services: outpatient psychotherapy", "draft"),
    ],
)
def test_an_authorization_of_other_services_is_no_argument(codes, status):
    letter = document(
        "auth_letter",
        "Patient: Dana Whitfield\nMember ID: W884201937\nDecision: approved\n"
        f"{codes}\nValid from: 2026-01-15\nValid through: 2026-06-30\n",
        service_date=None,
    )
    draft = draft_letter(
        case(RootCause.AUTH_MISSING, documents=(note(), plan(), letter)),
        drafted_at=DRAFTED,
    )
    assert draft.status == status
    if status == "blocked":
        assert "other services" in withheld(draft, letter.document_id).reason
        assert any("not usable" in reason for reason in draft.blocked_reasons)
