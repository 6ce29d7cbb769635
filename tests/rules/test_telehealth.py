"""The rules of `families.telehealth`."""

from datetime import date
from typing import Any

import pytest

from denialml.domain.coverage import Payer, PayerType
from denialml.domain.edit import Severity
from denialml.domain.encounter import Modality
from denialml.rules.case import ClaimCase
from tests.rules.cases import case, clinician, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

# These read nothing but the claim.
ALWAYS_TELL = {"BH-082"}
MEDICARE, ADVANTAGE = PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE
HOME, CLINIC = {"patient_location": "home"}, {"patient_location": "clinic"}


def video(
    place: str = "10",
    *modifiers: str,
    code: str = "90834",
    at: dict[str, str] = HOME,
    modality: Modality = Modality.VIDEO,
    wanted: str = "",
    audio_modifier: str = "",
    payer_type: PayerType = PayerType.COMMERCIAL,
    **others: Any,
) -> ClaimCase:
    """A session by video (or `modality`), sent with this place and these modifiers."""
    payer = Payer(
        payer_id="P1",
        name="Plan",
        payer_type=payer_type,
        telehealth_place_of_service=wanted,
        audio_only_modifier=audio_modifier,
    )
    return case(
        line(code, place_of_service=place, modifiers=modifiers),
        payer=payer,
        notes=[note(modality=modality, **at)],
        **others,
    )


def audio(place: str = "10", *modifiers: str, **others: Any) -> ClaimCase:
    """A session by audio only."""
    return video(place, *modifiers, modality=Modality.AUDIO, **others)


def hospital(works: bool | None, place: str = "22") -> ClaimCase:
    """A Medicare session with 95 of a clinician who may work in a hospital."""
    return video(
        place,
        "95",
        payer_type=MEDICARE,
        clinicians=[clinician(works_in_hospital=works)],
    )


PLACE = [
    Row(
        "BH-077",
        FOUND,
        lambda: video("11", payer_type=MEDICARE),
        says="with the patient at home; place 11 was sent where 10 belongs",
        lines=(1,),
    ),
    Row("BH-077", CLEAN, lambda: video("10", payer_type=MEDICARE)),
    Row(
        "BH-077",
        FOUND,
        lambda: video("10", at=CLINIC, payer_type=MEDICARE),
        says="patient at clinic; place 10 was sent where 02 belongs",
    ),
    Row("BH-077", CLEAN, lambda: video("02", at=CLINIC, payer_type=MEDICARE)),
    # A hotel or a car can be a home for Medicare (E30): the words do not tell.
    Row(
        "BH-077",
        CANNOT_TELL,
        lambda: video("02", at={"patient_location": "hotel"}, payer_type=MEDICARE),
        says="whether the patient was at home",
    ),
    # Nothing speaks against 10 where the practice keeps no location.
    Row(
        "BH-077", CLEAN, lambda: case(line(place_of_service="10"), payer_type=MEDICARE)
    ),
    Row("BH-077", CLEAN, lambda: video("10", at={}, payer_type=MEDICARE)),
    Row("BH-077", CLEAN, lambda: video("02", at={})),
    # Medicare pays less with 02, which few patients at home ask for.
    Row("BH-077", CANNOT_TELL, lambda: video("02", at={}, payer_type=MEDICARE)),
    Row("BH-077", CLEAN, lambda: video("10", at={"patient_location": " Residence"})),
    # Contractors take a place of work as no facility (E30).
    Row("BH-077", CANNOT_TELL, lambda: video("10", at={"patient_location": "work"})),
    # No note: the modifier alone says telehealth.
    Row(
        "BH-077",
        FOUND,
        lambda: case(line(modifiers=("95",)), payer_type=MEDICARE),
        says="place 11 was sent where 02 or 10 belongs",
    ),
    # Other payers decide for themselves (E30): without their setting nothing is said.
    Row(
        "BH-077",
        CANNOT_TELL,
        lambda: video("11"),
        says="the payer's telehealth place of service",
    ),
    Row(
        "BH-077",
        CANNOT_TELL,
        lambda: video("11", payer_type=ADVANTAGE),
        says="the payer's telehealth place of service",
    ),
    Row("BH-077", CLEAN, lambda: video("10")),
    Row("BH-077", FOUND, lambda: video("11", wanted="10"), says="where 10 belongs"),
    Row("BH-077", CLEAN, lambda: video("11", "95", wanted="11")),
    Row(
        "BH-077",
        FOUND,
        lambda: video("10", wanted="11"),
        says="this payer takes telehealth with place 11",
    ),
    # A payer that has asked for 02 gets it wherever the patient was.
    Row("BH-077", CLEAN, lambda: video("02", wanted="02")),
    Row("BH-077", FOUND, lambda: video("11", wanted="02"), says="with place 02"),
    Row("BH-077", FOUND, lambda: video("10", wanted="02"), says="with place 02"),
    # The supervisor was there by video, the patient in the office.
    Row(
        "BH-077",
        CLEAN,
        lambda: case(line(modifiers=("FR",)), payer_type=MEDICARE, notes=[note()]),
    ),
    Row("BH-077", FOUND, lambda: video("11", "FR", payer_type=MEDICARE)),
    # A check-in by telephone is no telehealth visit.
    Row("BH-077", CLEAN, lambda: audio("11", code="98016", payer_type=MEDICARE)),
    Row(
        "BH-077",
        FOUND,
        lambda: video("10", modality=Modality.IN_PERSON),
        says="the note says that the session was in person",
    ),
    Row("BH-077", CLEAN, lambda: video("11", modality=Modality.IN_PERSON)),
    Row(
        "BH-077",
        FOUND,
        lambda: video("11", "95", modality=Modality.IN_PERSON),
        says="90834 carries 95 for telehealth; the note says",
        severity=Severity.WARN,
    ),
    Row("BH-077", CLEAN, lambda: hospital(True)),
    Row("BH-077", FOUND, lambda: hospital(False), says="place 22"),
    Row("BH-077", CANNOT_TELL, lambda: hospital(None), says="works in a hospital"),
    # Clinics paid by the encounter have rules of their own.
    Row("BH-077", CLEAN, lambda: video("50", payer_type=MEDICARE)),
    Row("BH-077", CLEAN, lambda: video("53", code="T1040", wanted="10")),
    Row("BH-077", CLEAN, lambda: video("11", code="99492", payer_type=MEDICARE)),
    # Until the end of 2023 Medicare asked for the place of a visit in person.
    Row(
        "BH-077",
        CLEAN,
        lambda: case(
            line(service_date=date(2023, 12, 29), modifiers=("95",)),
            payer_type=MEDICARE,
        ),
    ),
]
MODIFIERS = [
    Row(
        "BH-078",
        FOUND,
        lambda: hospital(False, "10"),
        says="90834 carries 95",
    ),
    Row("BH-078", CLEAN, lambda: hospital(True)),
    Row("BH-078", CLEAN, lambda: video("10", payer_type=MEDICARE)),
    Row("BH-078", CLEAN, lambda: video("10", "95")),
    Row("BH-078", CANNOT_TELL, lambda: hospital(None), says="works in a hospital"),
    # Few practices keep it: asked only of a claim that names a hospital's place.
    Row("BH-078", CLEAN, lambda: hospital(None, "10")),
    Row(
        "BH-078",
        CLEAN,
        lambda: case(
            line(service_date=date(2023, 12, 31), modifiers=("95",)),
            payer_type=MEDICARE,
            clinicians=[clinician(works_in_hospital=False)],
        ),
    ),
    Row(
        "BH-079",
        FOUND,
        lambda: audio("10", payer_type=MEDICARE),
        says="90834 carries neither 93 nor FQ",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-079", CLEAN, lambda: audio("10", "93", payer_type=MEDICARE)),
    # FQ is of clinics paid by the encounter (rulebook BH-079).
    Row(
        "BH-079",
        FOUND,
        lambda: audio("10", "FQ", payer_type=MEDICARE),
        says="carries FQ",
        severity=Severity.WARN,
    ),
    Row("BH-079", CLEAN, lambda: audio("50", "FQ", payer_type=MEDICARE)),
    Row("BH-079", CLEAN, lambda: audio("10", "FQ")),
    # The place decides and not the code (E31): tests may be audio only as well.
    Row("BH-079", CLEAN, lambda: audio("10", "93", code="96130", payer_type=MEDICARE)),
    Row(
        "BH-079",
        FOUND,
        lambda: audio("10"),
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-079",
        FOUND,
        lambda: audio("10", "93", audio_modifier="FQ"),
        says="does not carry FQ, which this payer asks for",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-079", CLEAN, lambda: audio("10", "FQ", audio_modifier="FQ")),
    Row("BH-079", FOUND, lambda: video("10", "93"), says="the note says video"),
    Row("BH-079", FOUND, lambda: video("10", "FQ"), says="carries FQ"),
    Row("BH-079", CLEAN, lambda: video("10", "95")),
    Row("BH-079", CLEAN, lambda: audio("10", code="98012")),
    Row("BH-079", CLEAN, lambda: audio("11", code="99484")),
    # Asked where Medicare or the payer's own setting asks for it.
    Row(
        "BH-079",
        CANNOT_TELL,
        lambda: video("10", modality=Modality.UNKNOWN, payer_type=MEDICARE),
        says="by video or by audio only",
    ),
    Row(
        "BH-079",
        CANNOT_TELL,
        lambda: video("10", modality=Modality.UNKNOWN, audio_modifier="93"),
    ),
    Row("BH-079", CLEAN, lambda: video("10", modality=Modality.UNKNOWN)),
    Row(
        "BH-079",
        CLEAN,
        lambda: video("10", "93", modality=Modality.UNKNOWN, payer_type=MEDICARE),
    ),
    Row(
        "BH-079", CLEAN, lambda: case(line(place_of_service="10"), payer_type=MEDICARE)
    ),
    Row("BH-079", CLEAN, lambda: case(line(place_of_service="10", modifiers=("95",)))),
    Row("BH-079", CLEAN, lambda: case(line())),
    Row(
        "BH-080",
        FOUND,
        lambda: video("10", "GT", payer_type=MEDICARE),
        says="90834 carries GT",
    ),
    Row("BH-080", CLEAN, lambda: video("10", payer_type=MEDICARE)),
    # State Medicaid programs and others may ask for GT.
    Row("BH-080", CLEAN, lambda: video("10", "GT", payer_type=PayerType.MEDICAID)),
    Row(
        "BH-080",
        CANNOT_TELL,
        lambda: case(line(modifiers=("GT",)), no_payer=True),
        says="the payer's type",
    ),
    Row(
        "BH-082",
        FOUND,
        lambda: video("10", "95", "GT"),
        says="90834 carries 95 and GT together",
    ),
    Row("BH-082", CLEAN, lambda: video("10", "95", "HO")),
    Row("BH-082", CLEAN, lambda: video("10", "95", "FR")),
]
SPEC = PLACE + MODIFIERS


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
