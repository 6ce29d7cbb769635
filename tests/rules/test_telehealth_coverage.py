"""The rules of `families.telehealth_coverage`."""

from datetime import date
from typing import Any

import pytest

from denialml.domain.claim import Address
from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.domain.encounter import Modality
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import case, changed, clinician, line, note
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

# All of these can be unable to tell.
ALWAYS_TELL: set[str] = set()
MEDICARE, ADVANTAGE = PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE


def at_home(code: str, payer_type: PayerType, **others: Any) -> ClaimCase:
    """One line of telehealth with the patient at home."""
    return case(line(code, place_of_service="10"), payer_type=payer_type, **others)


def in_state(state: str, **clinician_fields: Any) -> ClaimCase:
    """A session by video with the patient in a State."""
    return case(
        line(place_of_service="10"),
        notes=[note(modality=Modality.VIDEO, patient_state=state)],
        clinicians=[clinician(**clinician_fields)],
    )


def living_in(state: str) -> ClaimCase:
    """A session by video whose note names no State, of a patient with this address."""
    held = in_state("").claim
    return case(
        *held.lines,
        notes=[note(modality=Modality.VIDEO)],
        clinicians=[clinician()],
        subscriber=changed(held.subscriber, address=Address(state=state)),
    )


def across(state: str) -> ClaimCase:
    """A session by video of an Ohio practice, with no clinician on file."""
    held = in_state("").claim
    return case(
        *held.lines,
        notes=[note(modality=Modality.VIDEO, patient_state=state)],
        billing_provider=changed(held.billing_provider, address=Address(state="OH")),
    )


def with_consent(consent: bool | None, **others: Any) -> ClaimCase:
    """A session by video whose note says this of consent."""
    held = note(modality=Modality.VIDEO, telehealth_consent=consent)
    return case(line(place_of_service="10"), notes=[held], **others)


SPEC = [
    Row(
        "BH-081",
        FOUND,
        lambda: at_home("90870", MEDICARE),
        says="90870 is not on Medicare's list",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-081", CLEAN, lambda: at_home("90834", MEDICARE)),
    Row("BH-081", CLEAN, lambda: case(line("90870"), payer_type=MEDICARE)),
    # Medicare's list does not bind others (E20).
    Row(
        "BH-081",
        FOUND,
        lambda: at_home("90870", ADVANTAGE),
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-081",
        CLEAN,
        lambda: at_home(
            "90870", ADVANTAGE, policy=PayerPolicy(telehealth_codes=("90870",))
        ),
    ),
    Row(
        "BH-081",
        CANNOT_TELL,
        lambda: at_home("H0004", PayerType.MEDICAID),
        says="the payer's list of telehealth codes",
    ),
    Row(
        "BH-081",
        FOUND,
        lambda: at_home(
            "H0004", PayerType.MEDICAID, policy=PayerPolicy(telehealth_codes=("90834",))
        ),
        says="H0004 is not on this payer's list",
    ),
    # It has paid the code by telehealth before.
    Row(
        "BH-081",
        CLEAN,
        lambda: answered_before(
            at_home("H0004", PayerType.MEDICAID), "H0004", modifiers=("95",)
        ),
    ),
    Row(
        "BH-081",
        CANNOT_TELL,
        lambda: answered_before(at_home("H0004", PayerType.MEDICAID), "H0004"),
    ),
    Row("BH-081", CLEAN, lambda: at_home("90834", PayerType.COMMERCIAL)),
    # The review leaves these two open (E20).
    Row(
        "BH-081",
        CANNOT_TELL,
        lambda: at_home("0362T", MEDICARE),
        says="whether Medicare lists the code",
    ),
    # What Medicare pays nowhere is another rule's; a month of care is no telehealth.
    Row("BH-081", CLEAN, lambda: at_home("H0004", MEDICARE)),
    Row("BH-081", CLEAN, lambda: at_home("99492", MEDICARE)),
    Row(
        "BH-081",
        CLEAN,
        lambda: case(
            line("90870", service_date=date(2025, 12, 31), place_of_service="10"),
            payer_type=MEDICARE,
        ),
    ),
    Row(
        "BH-084",
        FOUND,
        lambda: in_state("KY", license_states=("OH", "IN")),
        says="was in KY; the clinician's licenses on file are for IN and OH",
    ),
    Row("BH-084", CLEAN, lambda: in_state("IN", license_states=("OH", "IN"))),
    Row("BH-084", CLEAN, lambda: in_state("oh")),
    # One licence on file does not say that there is no other (E68).
    Row("BH-084", CANNOT_TELL, lambda: in_state("KY"), says="where the clinician may"),
    # A note without a State is asked about only where the patient lives in another.
    Row(
        "BH-084",
        CANNOT_TELL,
        lambda: living_in("KY"),
        says="the State the patient was in",
    ),
    Row("BH-084", CLEAN, lambda: living_in("OH")),
    Row("BH-084", CLEAN, lambda: in_state("")),
    # Of a clinician without a license on file, only what crosses the border.
    Row("BH-084", CLEAN, lambda: in_state("KY", license_state="")),
    Row("BH-084", CANNOT_TELL, lambda: across("KY"), says="where the clinician may"),
    Row("BH-084", CLEAN, lambda: across("OH")),
    Row(
        "BH-084",
        CLEAN,
        lambda: case(
            line(modifiers=("FR",)),
            notes=[note(patient_state="KY", modality=Modality.UNKNOWN)],
            clinicians=[clinician(license_states=("OH",))],
        ),
    ),
    Row("BH-084", CLEAN, lambda: case(line(), notes=[note(patient_state="KY")])),
    Row(
        "BH-085",
        FOUND,
        lambda: at_home("98005", MEDICARE),
        says="Original Medicare does not pay 98005",
    ),
    Row("BH-085", CLEAN, lambda: at_home("98016", MEDICARE)),
    Row("BH-085", CLEAN, lambda: at_home("98005", PayerType.COMMERCIAL)),
    Row(
        "BH-085",
        CANNOT_TELL,
        lambda: case(line("98005"), no_payer=True),
        says="the payer's type",
    ),
    Row(
        "BH-086",
        FOUND,
        lambda: case(line("99442", service_date=date(2025, 1, 1))),
        says="99442 ended on 2024-12-31; the service was on 2025-01-01",
    ),
    Row("BH-086", CLEAN, lambda: case(line("99442", service_date=date(2024, 12, 31)))),
    Row(
        "BH-086",
        CANNOT_TELL,
        lambda: case(line("99442", service_date=None)),
        says="the date of service",
    ),
    Row(
        "BH-083",
        FOUND,
        lambda: with_consent(False, payer_type=PayerType.MEDICAID),
        says="consent to telehealth was not given",
        by_default=True,
    ),
    Row("BH-083", CLEAN, lambda: with_consent(True, payer_type=PayerType.MEDICAID)),
    Row("BH-083", CLEAN, lambda: with_consent(False)),
    Row(
        "BH-083",
        FOUND,
        lambda: with_consent(
            False, policy=PayerPolicy(requires_telehealth_consent=True)
        ),
    ),
    Row(
        "BH-083",
        CLEAN,
        lambda: with_consent(
            False,
            payer_type=PayerType.MEDICAID,
            policy=PayerPolicy(requires_telehealth_consent=False),
        ),
    ),
    # Many practices keep no such fact: asked only of a payer that wants it.
    Row(
        "BH-083",
        CANNOT_TELL,
        lambda: with_consent(
            None, policy=PayerPolicy(requires_telehealth_consent=True)
        ),
        says="documents consent",
    ),
    Row("BH-083", CLEAN, lambda: with_consent(None, payer_type=PayerType.MEDICAID)),
    Row(
        "BH-083",
        CLEAN,
        lambda: case(
            line(),
            notes=[note(telehealth_consent=False)],
            payer_type=PayerType.MEDICAID,
        ),
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
