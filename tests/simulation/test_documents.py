"""Simulated documents state what the record states; traps are labeled apart."""

from collections import Counter

import pytest

from denialml.appeals.document_reading import labeled_date, stated_time
from denialml.domain.document import Document, Sensitivity
from denialml.domain.encounter import documented_minutes
from denialml.reference import document_kinds
from denialml.simulation import SimulatedPractice


def traps(practice: SimulatedPractice) -> dict[str, str]:
    return {row.document_id: row.trap for row in practice.document_truth}


def of_kind(practice: SimulatedPractice, kind: str) -> list[Document]:
    return [one for one in practice.documents if one.kind == kind]


def test_every_kind_is_known(two_years: SimulatedPractice) -> None:
    assert {one.kind for one in two_years.documents} <= set(document_kinds())


def test_recent_denials_have_documents(two_years: SimulatedPractice) -> None:
    kinds = Counter(one.kind for one in two_years.documents)
    assert kinds["progress_note"] > 100
    for kind in ("treatment_plan", "auth_letter", "eligibility_271"):
        assert kinds[kind] > 5, kind


@pytest.mark.parametrize(
    "trap",
    [
        "psychotherapy_note",
        "wrong_patient",
        "prompt_injection",
        "unsigned",
        "minutes_contradict_code",
        "expired_authorization",
        "proves_late_filing",
        "stale_treatment_plan",
        "wrong_date",
        "part2_without_consent",
        "misleading_letter",
    ],
)
def test_traps_exist(two_years: SimulatedPractice, trap: str) -> None:
    assert trap in traps(two_years).values()


def test_notes_state_the_minutes_of_their_encounter(
    two_years: SimulatedPractice,
) -> None:
    encounters = {
        (one.medical_record_number, one.clinician_npi, one.service_date): one
        for one in two_years.encounters
    }
    notes = of_kind(two_years, "progress_note")
    labels = traps(two_years)
    for note in notes:
        if labels.get(note.document_id) == "wrong_date":
            assert labeled_date(note.text, "date of service") != note.service_date
            continue
        assert note.service_date is not None
        encounter = encounters[
            note.medical_record_number, note.clinician_npi, note.service_date
        ]
        assert stated_time(note.text).minutes == documented_minutes(encounter)
        assert labeled_date(note.text, "date of service") == note.service_date
        assert note.signed_on == encounter.signed_on
    assert any(stated_time(note.text).minutes is None for note in notes)


def test_notes_name_their_patient_unless_they_are_misfiled(
    two_years: SimulatedPractice,
) -> None:
    labels = traps(two_years)
    for note in of_kind(two_years, "progress_note"):
        names_patient = f"MRN: {note.medical_record_number}\n" in note.text
        misfiled = labels.get(note.document_id) == "wrong_patient"
        assert names_patient != misfiled


def test_substance_use_records_are_part_2(two_years: SimulatedPractice) -> None:
    notes = [
        note
        for note in of_kind(two_years, "progress_note")
        if "Diagnosis: F10" in note.text or "Diagnosis: F11" in note.text
    ]
    assert notes
    assert {note.sensitivity for note in notes} == {Sensitivity.PART_2}


def test_process_notes_say_that_they_are(two_years: SimulatedPractice) -> None:
    for note in of_kind(two_years, "psychotherapy_note"):
        assert note.sensitivity is Sensitivity.PSYCHOTHERAPY_NOTE


def test_file_names_are_plain_and_unique(two_years: SimulatedPractice) -> None:
    names = [one.file_name for one in two_years.documents]
    assert len(set(names)) == len(names)
    assert all("/" not in name and ".." not in name for name in names)
