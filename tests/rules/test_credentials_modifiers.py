"""The rules of `families.credentials_modifiers`."""

import pytest

from denialml.domain.claim import Provider
from denialml.domain.coverage import PayerType
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import NPI, case, clinician, line, note
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

MEDICARE, MEDICAID = PayerType.MEDICARE, PayerType.MEDICAID
OTHER_NPI = "1999010022"
BY_ANOTHER = note(clinician_npi=OTHER_NPI, procedure_code="90834")
DEGREES = PayerPolicy(degree_modifiers={"LCSW": "HO", "PsyD": "HP", "RBT": ""})
STATE = PayerPolicy(state_modifiers={"H0004": "U1"})
PROGRAM = PayerPolicy(program_modifiers={"H0004": "HF"})
THERAPIST = Provider(name="Marsh", first_name="A", npi=OTHER_NPI)
PHYSICIAN = clinician(credential="MD")

# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()
SPEC = [
    Row(
        "BH-100",
        FOUND,
        lambda: case(
            payer_type=MEDICARE,
            notes=[
                note(
                    clinician_npi=OTHER_NPI, procedure_code="90834", is_new_patient=True
                )
            ],
            clinicians=[PHYSICIAN],
        ),
        says=f"by NPI {OTHER_NPI}, the line by {NPI}; incident-to does not reach a new",
    ),
    Row(
        "BH-100",
        CLEAN,
        lambda: case(
            payer_type=MEDICARE,
            notes=[note(procedure_code="90834", is_new_patient=True)],
            clinicians=[PHYSICIAN],
        ),
    ),
    Row(
        "BH-100",
        FOUND,
        lambda: case(payer_type=MEDICARE, notes=[BY_ANOTHER], clinicians=[clinician()]),
        says="a clinical social worker's NPI carries only own services",
    ),
    Row(
        "BH-100",
        FOUND,
        lambda: case(
            line(place_of_service="22"),
            payer_type=MEDICARE,
            notes=[BY_ANOTHER],
            clinicians=[PHYSICIAN],
        ),
        says="does not reach place 22",
    ),
    # A substitute physician; staff that the code itself provides for; other payers.
    Row(
        "BH-100",
        CLEAN,
        lambda: case(
            line(modifiers=("Q6",)),
            payer_type=MEDICARE,
            notes=[BY_ANOTHER],
            clinicians=[clinician()],
        ),
    ),
    Row(
        "BH-100",
        CLEAN,
        lambda: case(
            line("96138"),
            payer_type=MEDICARE,
            notes=[note(clinician_npi=OTHER_NPI, procedure_code="96138")],
        ),
    ),
    Row("BH-100", CLEAN, lambda: case(notes=[BY_ANOTHER], clinicians=[clinician()])),
    Row(
        "BH-100",
        CLEAN,
        lambda: case(payer_type=MEDICARE, notes=[BY_ANOTHER], rendering_provider=None),
    ),
    Row(
        "BH-100",
        CANNOT_TELL,
        lambda: case(payer_type=MEDICARE, notes=[BY_ANOTHER], clinicians=[PHYSICIAN]),
        says="the conditions of incident-to",
    ),
    Row(
        "BH-100",
        CANNOT_TELL,
        lambda: case(payer_type=MEDICARE, notes=[note(clinician_npi=OTHER_NPI)]),
        says="who delivered the service",
    ),
    # The therapist's note of the same day is of the therapist's own line or claim.
    Row(
        "BH-100",
        CLEAN,
        lambda: case(
            line("99214"),
            payer_type=MEDICARE,
            notes=[note(clinician_npi=OTHER_NPI, procedure_code="90837")],
            clinicians=[PHYSICIAN],
        ),
    ),
    Row(
        "BH-100",
        CLEAN,
        lambda: case(
            line("99214", place_of_service="22"),
            line("90837", 2, rendering_provider=THERAPIST, place_of_service="22"),
            payer_type=MEDICARE,
            notes=[
                note(
                    clinician_npi=OTHER_NPI,
                    procedure_code="90837",
                    patient_control_number="C1",
                )
            ],
            clinicians=[PHYSICIAN],
        ),
    ),
    # The claim's own note under another code, and nobody else on the claim.
    Row(
        "BH-100",
        FOUND,
        lambda: case(
            payer_type=MEDICARE,
            notes=[
                note(
                    clinician_npi=OTHER_NPI,
                    procedure_code="90837",
                    patient_control_number="C1",
                )
            ],
            clinicians=[clinician()],
        ),
    ),
    Row(
        "BH-101",
        FOUND,
        lambda: case(clinicians=[clinician()], policy=DEGREES),
        says="wants modifier HO for LCSW; 90834 carries none",
    ),
    Row(
        "BH-101",
        FOUND,
        lambda: case(line(modifiers=("HP",)), clinicians=[clinician()], policy=DEGREES),
        says="carries HP",
    ),
    Row(
        "BH-101",
        CLEAN,
        lambda: case(line(modifiers=("HO",)), clinicians=[clinician()], policy=DEGREES),
    ),
    Row(
        "BH-101",
        CLEAN,
        lambda: case(clinicians=[clinician(credential="RBT")], policy=DEGREES),
    ),
    Row(
        "BH-101",
        FOUND,
        lambda: case(clinicians=[clinician(credential="Psy.D., CADC")], policy=DEGREES),
        says="wants modifier HP",
    ),
    Row(
        "BH-101",
        FOUND,
        lambda: case(clinicians=[clinician(credential="LCSW CADC")], policy=DEGREES),
        says="wants modifier HO",
    ),
    Row(
        "BH-101",
        CANNOT_TELL,
        lambda: case(
            clinicians=[clinician(credential="LCSW Associate")], policy=DEGREES
        ),
        says="for LCSW Associate",
    ),
    Row("BH-101", CLEAN, lambda: case(line("H0004"), clinicians=[clinician()])),
    Row(
        "BH-101",
        CANNOT_TELL,
        lambda: case(line("H0004"), payer_type=MEDICAID),
        says="degree_modifiers",
    ),
    Row("BH-101", CANNOT_TELL, lambda: case(policy=DEGREES), says="credential"),
    Row(
        "BH-101",
        CANNOT_TELL,
        lambda: case(clinicians=[clinician(credential="LMFT")], policy=DEGREES),
        says="for LMFT",
    ),
    Row(
        "BH-102",
        FOUND,
        lambda: case(line("H0004", modifiers=("U2",)), policy=STATE),
        says="wants modifier U1 with H0004",
    ),
    Row("BH-102", CLEAN, lambda: case(line("H0004", modifiers=("U1",)), policy=STATE)),
    Row("BH-102", CLEAN, lambda: case(line("H0005"), policy=STATE)),
    Row("BH-102", CLEAN, lambda: case(line("H0004"), payer_type=MEDICAID)),
    Row(
        "BH-102",
        CANNOT_TELL,
        lambda: case(line("H0004", modifiers=("U2",)), payer_type=MEDICAID),
        says="what U2 means to the payer",
    ),
    Row(
        "BH-103",
        FOUND,
        lambda: case(line("H0004"), policy=PROGRAM),
        says="wants modifier HF with H0004",
    ),
    Row(
        "BH-103", CLEAN, lambda: case(line("H0004", modifiers=("HF",)), policy=PROGRAM)
    ),
    Row("BH-103", CLEAN, lambda: case(line("90834"), payer_type=MEDICAID)),
    Row(
        "BH-103",
        CANNOT_TELL,
        lambda: case(line("H0004"), payer_type=MEDICAID),
        says="program_modifiers",
    ),
    # It has paid the code without any of them; paid with one, it may want one.
    Row(
        "BH-103",
        CLEAN,
        lambda: answered_before(case(line("H0004"), payer_type=MEDICAID), "H0004"),
    ),
    Row(
        "BH-103",
        CANNOT_TELL,
        lambda: answered_before(
            case(line("H0004"), payer_type=MEDICAID), "H0004", modifiers=("HF",)
        ),
        says="program_modifiers",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
