"""A cover is written only where old and new value are known; else what to do."""

import msgspec
import pytest

from denialml.appeals.correction_facts import stated_diagnoses
from denialml.appeals.drafting import draft_letter
from denialml.domain.denial import RootCause, Route
from tests.appeals.cases import (
    AUTHORIZATION,
    CHECK,
    CLAIM,
    DRAFTED,
    ENCOUNTER,
    FACTS,
    LINE,
    NOTE,
    case,
    note,
)
from tests.appeals.test_drafting import letter_text

CORRECTED = Route.CORRECTED_CLAIM


def corrected(cause, route=CORRECTED, **changed):
    return draft_letter(case(cause, route, **changed), drafted_at=DRAFTED)


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("Diagnosis: F411", ("F41.1",)),
        ("Diagnosis: F41.1 Generalized anxiety disorder", ("F41.1",)),
        ("Diagnoses: F41.1, Z63.0", ("F41.1", "Z63.0")),
        ("ICD-10-CM: F32.A", ("F32.A",)),
        ("Dx: generalized anxiety", ()),
        ("Assessment: no change since F41.1 was given", ()),
    ],
)
def test_diagnoses_are_read_from_their_own_line_only(line, codes):
    assert stated_diagnoses(f"{NOTE}{line}\n") == codes


@pytest.mark.parametrize("stated", ["F411", "F41.1", "F41.0, F41.1"])
def test_a_note_that_states_the_billed_diagnosis_supports_no_correction(stated):
    draft = corrected(
        RootCause.DIAGNOSIS_CODING,
        reason="146",
        documents=(note(text=f"{NOTE}Diagnosis: {stated}\n"),),
    )
    assert draft.blocked_reasons == (
        "The signed note states the billed diagnosis: ask the payer in writing what "
        "is invalid (pointer, specificity, effective date) before anything is "
        "corrected.",
    )


def test_a_note_whose_diagnosis_cannot_be_read_supports_no_correction():
    draft = corrected(RootCause.DIAGNOSIS_CODING, reason="146", documents=(note(),))
    assert "No diagnosis code can be read" in draft.blocked_reasons[0]
    assert "Ask the payer in writing" in draft.blocked_reasons[0]


@pytest.mark.parametrize(
    ("route", "group", "remarks", "said"),
    [
        (Route.NEW_CLAIM, "CO", ("MA130",), "Nothing on file says which element"),
        (CORRECTED, "CO", (), "Nothing on file says which element is wrong."),
        (CORRECTED, "CO", ("N290",), "The answer names the element (N290, "),
    ],
)
def test_an_element_without_a_right_value_is_asked_for(route, group, remarks, said):
    draft = corrected(
        RootCause.CLAIM_DATA_ERROR, route, group=group, reason="16", remarks=remarks
    )
    assert draft.status == "blocked"
    assert said in draft.blocked_reasons[0]
    assert "Ask the payer or clearinghouse" in draft.blocked_reasons[0]


@pytest.mark.parametrize(
    "cause",
    [RootCause.CODING_TIME_UNITS, RootCause.BUNDLING_SAME_DAY, RootCause.BENEFIT_LIMIT],
)
def test_other_causes_get_no_cover_without_a_known_change(cause):
    draft = corrected(cause, documents=(note(),))
    assert "No old and new value" in draft.blocked_reasons[0]


def test_a_member_number_of_another_patient_is_never_proposed():
    other = msgspec.structs.replace(
        CHECK, member_id="W000000001", medical_record_number="MRN-99999"
    )
    draft = corrected(
        RootCause.CLAIM_DATA_ERROR,
        Route.NEW_CLAIM,
        reason="31",
        eligibility_checks=(other,),
    )
    assert draft.status == "blocked"
    assert "W000000001" not in msgspec.json.encode(draft).decode()


def rows_of(draft):
    return dict(row for block in draft.blocks for row in block.rows if len(row) == 2)


def test_a_corrected_member_number_is_shown_beside_the_one_first_sent():
    found = msgspec.structs.replace(
        CHECK, member_id="W884201973", medical_record_number="MRN-20417"
    )
    draft = corrected(
        RootCause.CLAIM_DATA_ERROR,
        Route.NEW_CLAIM,
        reason="31",
        eligibility_checks=(found,),
    )
    rows = rows_of(draft)
    assert rows["Member ID, corrected"] == "W884201973"
    assert rows["Member ID as first sent"] == "W884201937"
    assert "Member ID" not in rows


def test_a_number_that_the_record_does_not_prove_is_not_shown_as_corrected():
    """Two other numbers were found; the answer doubts another element."""
    one, other = (
        msgspec.structs.replace(
            CHECK, member_id=number, medical_record_number="MRN-20417"
        )
        for number in ("W884201973", "W884201999")
    )
    for reason, checks in (("31", (one, other)), ("197", (one,))):
        draft = draft_letter(
            case(
                RootCause.AUTH_MISMATCH,
                reason=reason,
                authorizations=(AUTHORIZATION,),
                eligibility_checks=checks,
            ),
            drafted_at=DRAFTED,
        )
        rows = rows_of(draft)
        assert rows["Member ID"] == "W884201937"
        assert "Member ID as first sent" not in rows


def test_a_session_held_in_person_is_not_corrected_to_telehealth():
    line = msgspec.structs.replace(LINE, place_of_service="02")
    facts = msgspec.structs.replace(FACTS, place_of_service_expected="10")
    draft = corrected(
        RootCause.MODIFIER_POS_TELEHEALTH,
        claim=msgspec.structs.replace(CLAIM, lines=(line,)),
        facts=facts,
        encounters=(ENCOUNTER,),
    )
    assert "Nothing on file says which place of service" in draft.blocked_reasons[0]


def test_a_new_claim_refers_to_no_earlier_one():
    found = msgspec.structs.replace(
        CHECK, member_id="W884201973", medical_record_number="MRN-20417"
    )
    draft = corrected(
        RootCause.CLAIM_DATA_ERROR,
        Route.NEW_CLAIM,
        reason="31",
        eligibility_checks=(found,),
    )
    text = letter_text(draft)
    assert "E26096X4471" not in text
    assert "in place of the claim first sent" not in text
    assert "payer_claim_number" not in {one.kind for one in draft.missing}
