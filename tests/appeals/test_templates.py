"""Every letter template, on a complete record and on one that lacks something."""

from datetime import date, time

import msgspec
import pytest

from denialml.appeals.catalog import packaged_catalog
from denialml.appeals.drafting import draft_letter
from denialml.domain.coverage import PayerType
from denialml.domain.denial import Deadline, RootCause, Route
from denialml.domain.encounter import Modality
from denialml.domain.facts import AuthorizationState
from denialml.reference import root_causes
from tests.appeals.cases import (
    AUTHORIZATION,
    CHECK,
    CLAIM,
    DRAFTED,
    ENCOUNTER,
    FACTS,
    LINE,
    NOTE,
    PAYER,
    case,
    note,
    whole_file,
)
from tests.appeals.test_drafting import letter_text

MEDICARE = msgspec.structs.replace(
    PAYER, payer_type=PayerType.MEDICARE, filing_limit_days=None
)
VIDEO = msgspec.structs.replace(
    ENCOUNTER, modality=Modality.VIDEO, patient_location="home"
)
TELEHEALTH = msgspec.structs.replace(
    FACTS, place_of_service_expected="10", telehealth_modifier_expected="95"
)
OTHER_DIAGNOSIS = note(text=NOTE + "Diagnosis: F41.0 Panic disorder\n")
SAME_PATIENT_OTHER_NUMBER = msgspec.structs.replace(
    CHECK, member_id="W884201973", medical_record_number="MRN-20417"
)
# template: root cause, route, CARC, changes, a sentence the letter must state
LETTERS = {
    "retro_authorization": (
        RootCause.AUTH_MISSING,
        Route.APPEAL,
        "197",
        {},
        "We asked you about authorization before the service, as Exhibit A records.",
    ),
    "auth_correction": (
        RootCause.AUTH_MISMATCH,
        Route.APPEAL,
        "198",
        {"authorizations": (AUTHORIZATION,)},
        "runs from January 15, 2026 to June 30, 2026 (Exhibit A); the service was "
        "on March 2",
    ),
    "authorization_number_cover": (
        RootCause.AUTH_MISMATCH,
        Route.CORRECTED_CLAIM,
        "15",
        {"authorizations": (AUTHORIZATION,)},
        "adds authorization number AU5530021 to 90837",
    ),
    "medical_necessity": (
        RootCause.MEDICAL_NECESSITY,
        Route.APPEAL,
        "50",
        {},
        "“Generalized anxiety disorder with panic attacks three times a week.”",
    ),
    "time_documentation": (
        RootCause.CODING_TIME_UNITS,
        Route.APPEAL,
        "150",
        {},
        "90837 stands for at least 53 minutes of service.",
    ),
    "timely_filing": (
        RootCause.TIMELY_FILING,
        Route.APPEAL,
        "29",
        {},
        "Northwind Health Plan accepted the claim on March 6, 2026 (Exhibit A).",
    ),
    "filing_reopening": (
        RootCause.TIMELY_FILING,
        Route.REOPENING,
        "29",
        {"payer": MEDICARE},
        "one calendar year ended on March 2, 2027.",
    ),
    "eligibility_proof": (
        RootCause.ELIGIBILITY_COVERAGE,
        Route.APPEAL,
        "27",
        {},
        "with active coverage, trace number TRN9920314 (Exhibit A).",
    ),
    "cob_correction": (
        RootCause.COB_WRONG_PAYER,
        Route.OTHER_PAYER,
        "22",
        {},
        "The member has updated the coordination of benefits information (Exhibit B).",
    ),
    "benefit_exclusion_parity": (
        RootCause.BENEFIT_COVERAGE,
        Route.APPEAL,
        "96",
        {},
        "Outpatient mental health: “covered, no visit limit stated.” (Exhibit A).",
    ),
    "session_limit_parity": (
        RootCause.BENEFIT_LIMIT,
        Route.APPEAL,
        "119",
        {},
        "29 U.S.C. 1185a and 29 CFR 2590.712 (2013 rule)",
    ),
    "records_submission": (
        RootCause.DOCUMENTATION_INSUFFICIENT,
        Route.RECORDS,
        "252",
        {},
        "Sending these records is not an appeal and gives up no right to one.",
    ),
    "distinct_service": (
        RootCause.BUNDLING_SAME_DAY,
        Route.APPEAL,
        "97",
        {},
        "56 minutes (10:00 a.m. to 10:56 a.m.)",
    ),
    "duplicate_distinct": (
        RootCause.DUPLICATE_RESUBMISSION,
        Route.APPEAL,
        "18",
        {},
        "under our account CBH-100482 is supported by its own record (Exhibit A",
    ),
    "telehealth_modifier": (
        RootCause.MODIFIER_POS_TELEHEALTH,
        Route.CORRECTED_CLAIM,
        "4",
        {"encounters": (VIDEO,), "facts": TELEHEALTH},
        "it was held by live video, with the patient at home (Exhibit A",
    ),
    "diagnosis_correction": (
        RootCause.DIAGNOSIS_CODING,
        Route.CORRECTED_CLAIM,
        "11",
        {"documents": (OTHER_DIAGNOSIS, *whole_file()[1:])},
        "first sent as F41.1 (ICD-10-CM) and the signed note of the service states "
        "F41.0 (Exhibit A)",
    ),
    "corrected_claim_cover": (
        RootCause.CLAIM_DATA_ERROR,
        Route.NEW_CLAIM,
        "31",
        {"eligibility_checks": (SAME_PATIENT_OTHER_NUMBER,)},
        "It changes the member number from W884201937 to W884201973. "
        "Please process it as a new claim.",
    ),
    "clerical_reopening": (
        RootCause.DIAGNOSIS_CODING,
        Route.REOPENING,
        "11",
        {"payer": MEDICARE, "documents": (OTHER_DIAGNOSIS, *whole_file()[1:])},
        "Under 42 CFR 405.980(a)(3)",
    ),
    "credentialing_effective_date": (
        RootCause.PROVIDER_ELIGIBILITY,
        Route.ENROLLMENT_FIX,
        "B7",
        {},
        "took effect on September 1, 2025 (Exhibit A).",
    ),
    "network_gap": (
        RootCause.NETWORK_REFERRAL,
        Route.APPEAL,
        "242",
        {},
        "A single-case agreement covers the service (Exhibit A).",
    ),
}


def draft_of(template, **changed):
    cause, route, reason, changes, _ = LETTERS[template]
    record = {"documents": whole_file(), **changes, **changed}
    return draft_letter(case(cause, route, reason=reason, **record), drafted_at=DRAFTED)


def test_every_template_on_disk_is_exercised_here():
    assert {s.id for s in packaged_catalog().specifications} == set(LETTERS)


def test_every_root_cause_has_its_letter():
    letters = {cause.letter_template for cause in root_causes().values()}
    assert letters <= set(LETTERS)


@pytest.mark.parametrize("template", LETTERS)
def test_complete_record_gives_a_finished_letter(template):
    draft = draft_of(template)
    assert draft.blocked_reasons == ()
    assert draft.template == template
    text = letter_text(draft)
    assert LETTERS[template][4] in text
    assert "Dana Whitfield, born July 14, 1988" in text
    is_new_claim = LETTERS[template][1] is Route.NEW_CLAIM
    assert ("E26096X4471" in text) is not is_new_claim
    assert [b for b in draft.blocks if b.kind != "heading" and not b.sources] == []


@pytest.mark.parametrize("template", LETTERS)
def test_every_exhibit_is_cited_in_the_text(template):
    draft = draft_of(template)
    body = " ".join(
        text for b in draft.blocks if b.kind != "table" for text in (b.text, *b.items)
    )
    for exhibit in draft.exhibits:
        assert f"Exhibit {exhibit.label}" in body, exhibit.kind


@pytest.mark.parametrize("template", LETTERS)
def test_an_empty_file_gives_no_letter_and_names_what_is_missing(
    template,
):
    draft = draft_of(
        template,
        documents=(),
        encounters=(),
        authorizations=(),
        eligibility_checks=(),
        enrollments=(),
        clinicians=(),
    )
    specification = packaged_catalog().named(template)
    assert draft.status == "blocked"
    assert specification.next_step in draft.blocked_reasons[0]
    missing = {m.kind: m for m in draft.missing}
    assert {group.kinds[0] for group in specification.evidence.groups} <= set(missing)
    in_the_tables = {"code_minutes_minimum", "filing_limit_ends_on"}
    assert set(specification.facts.essential) - in_the_tables <= set(missing)
    assert all(m.why and m.supplied_by for m in draft.missing)


ARGUED = [s for s in packaged_catalog().specifications if s.evidence.essential]


@pytest.mark.parametrize(
    ("template", "absent"),
    [
        (specification.id, number)
        for specification in ARGUED
        for number in range(len(specification.evidence.essential))
    ],
)
def test_without_any_one_essential_document_nothing_is_argued(template, absent):
    """Everything else is on file; of one group there is nothing."""
    group = packaged_catalog().named(template).evidence.essential[absent]
    facts = {"eligibility_checks": ()} if group.facts else {}
    documents = LETTERS[template][3].get("documents", whole_file())
    kept = tuple(d for d in documents if d.kind not in group.kinds)
    draft = draft_of(template, **{**facts, "documents": kept})
    assert (draft.status, draft.blocks, draft.exhibits) == ("blocked", (), ())
    assert "yet. Not on file: " in draft.blocked_reasons[0]
    assert draft.route.reason.startswith("Evidence first. ")
    said = {m.kind: m for m in draft.missing}[group.kinds[0]]
    assert group.why in said.why
    assert said.supplied_by


def test_an_argument_names_its_evidence():
    """Every template that argues declares a document or fact it cannot do without."""
    for specification in packaged_catalog().specifications:
        if specification.form == "letter":
            assert specification.evidence.essential or specification.facts.essential


@pytest.mark.parametrize("template", LETTERS)
def test_bare_identifiers_leave_no_blank(template):
    line = msgspec.structs.replace(LINE, place_of_service="")
    bare = msgspec.structs.replace(
        CLAIM,
        lines=(line,),
        place_of_service="",
        diagnoses=(),
        rendering_provider=None,
        submitted_on=None,
        billing_provider=msgspec.structs.replace(
            CLAIM.billing_provider, address=None, tax_id=""
        ),
    )
    payer = LETTERS[template][3].get("payer", PAYER)
    unconfigured = msgspec.structs.replace(payer, appeal_address=None, appeal_fax="")
    draft = draft_of(template, claim=bare, payer=unconfigured)
    assert not [r for r in draft.blocked_reasons if "blank" in r]
    if draft.status == "draft":
        assert "payer_address" in {m.kind for m in draft.missing}


def test_modifiers_are_printed_with_their_code():
    line = msgspec.structs.replace(LINE, modifiers=("95", "HO"))
    draft = draft_of(
        "retro_authorization", claim=msgspec.structs.replace(CLAIM, lines=(line,))
    )
    assert "90837-95-HO (individual psychotherapy, about 60 min)" in letter_text(draft)


def test_a_line_without_a_date_of_service_is_corrected_not_appealed():
    line = msgspec.structs.replace(LINE, service_date=None)
    claim = msgspec.structs.replace(CLAIM, lines=(line,))
    draft = draft_of("medical_necessity", claim=claim)
    assert draft.status == "blocked"
    assert "no date of service" in draft.blocked_reasons[0]


def test_original_medicare_gets_no_timely_filing_appeal():
    draft = draft_of("timely_filing", payer=MEDICARE)
    assert (draft.status, draft.template) == ("blocked", "")


@pytest.mark.parametrize(
    "route",
    [Route.VERIFY_FORWARDED, Route.CONTRACT_REVIEW, Route.WRITE_OFF_REVIEW],
)
def test_routes_without_a_letter_say_what_to_do(route):
    draft = draft_letter(case(RootCause.AUTH_MISSING, route), drafted_at=DRAFTED)
    assert draft.status == "blocked"
    assert len(draft.blocked_reasons[0]) > 40


def test_a_correction_goes_with_its_cover_and_is_never_made_here():
    draft = draft_of("corrected_claim_cover")
    assert "corrected_claim" in {m.kind for m in draft.missing}
    assert date(2026, 4, 20) == draft.drafted_at.date()


def test_a_number_that_the_claim_already_carried_is_not_added_again():
    claim = msgspec.structs.replace(CLAIM, prior_authorization_number="AU5530021")
    draft = draft_of("authorization_number_cover", claim=claim)
    assert draft.status == "blocked"
    assert "went out without this authorization number" in draft.blocked_reasons[0]


def test_an_exhausted_authorization_is_not_argued():
    facts = msgspec.structs.replace(
        FACTS,
        authorization_state=AuthorizationState.EXHAUSTED,
        authorization_number="AU5530021",
    )
    assert draft_of("auth_correction", facts=FACTS).status == "draft"
    assert draft_of("auth_correction", facts=facts).status == "blocked"


def test_without_a_right_of_appeal_nothing_is_appealed():
    none = Deadline(
        status="no_appeal_right", due_on=None, bases=(), note="Unprocessable claim."
    )
    draft = draft_of("medical_necessity", deadline=none)
    assert draft.blocked_reasons == ("Unprocessable claim.",)


def test_a_passed_deadline_is_said():
    passed = Deadline(status="configured", due_on=date(2026, 4, 19), bases=())
    draft = draft_of("medical_necessity", deadline=passed)
    assert "April 19, 2026" in {m.kind: m for m in draft.missing}["deadline"].why


def test_exhibits_that_often_list_others_ask_for_a_look():
    draft = draft_of("distinct_service")
    looks = [m.why for m in draft.missing if m.kind == "redaction"]
    assert any("Exhibit B" in why for why in looks)


def test_the_expected_telehealth_coding_is_printed_where_the_payer_set_it_up():
    text = letter_text(draft_of("telehealth_modifier"))
    assert "first sent with place of service 11 and with no modifier." in text
    assert "It now reports place of service 10." in text
    assert "It now reports modifier 95." in text


ON_PAPER_ONLY = {
    "time_documentation": "documents 56 minutes (10:00 a.m. to 10:56 a.m.)",
    "auth_correction": "which runs from January 15, 2026 to June 30, 2026",
    "eligibility_proof": "On March 1, 2026, Northwind Health Plan answered",
    "credentialing_effective_date": "took effect on September 1, 2025",
    "timely_filing": "accepted the claim on March 6, 2026",
}


@pytest.mark.parametrize("template", ON_PAPER_ONLY)
def test_what_only_an_exhibit_states_is_read_from_it(template):
    draft = draft_of(
        template,
        encounters=(),
        authorizations=(),
        eligibility_checks=(),
        enrollments=(),
    )
    assert draft.blocked_reasons == ()
    stated = ON_PAPER_ONLY[template]
    block = next(b for b in draft.blocks if stated in " ".join((b.text, *b.items)))
    assert any(source.startswith("document:") for source in block.sources)


def test_a_note_and_a_record_that_disagree_stop_the_letter():
    encounter = msgspec.structs.replace(ENCOUNTER, stopped_at=time(10, 54))
    draft = draft_of("time_documentation", encounters=(encounter,), documents=(note(),))
    assert draft.status == "blocked"
    assert any("which is right" in reason for reason in draft.blocked_reasons)


@pytest.mark.parametrize("cause", list(RootCause))
def test_medicare_corrections_are_reopenings_and_never_replacement_claims(cause):
    chosen = packaged_catalog().choose(
        cause, Route.REOPENING, payer_type=PayerType.MEDICARE
    )
    expected = (
        "filing_reopening" if cause is RootCause.TIMELY_FILING else "clerical_reopening"
    )
    assert chosen.id == expected


def test_a_payer_not_set_up_is_medicare_where_the_claim_says_so():
    """SBR09 MB decides the reopening's template, as it decided the route."""
    subscriber = msgspec.structs.replace(CLAIM.subscriber, claim_filing_code="MB")
    draft = draft_of(
        "clerical_reopening",
        claim=msgspec.structs.replace(CLAIM, subscriber=subscriber),
        payer=None,
    )
    assert (draft.status, draft.template) == ("draft", "clerical_reopening")
    necessity = draft_of(
        "medical_necessity",
        claim=msgspec.structs.replace(CLAIM, subscriber=subscriber),
        payer=None,
    )
    assert "Redetermination request (first level of appeal)" in letter_text(necessity)
    assert "plan_type" not in {one.kind for one in necessity.missing}
