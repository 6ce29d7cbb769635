"""The rules of `families.licenses`, and the types of providers they go by."""

from datetime import date
from typing import Any

import pytest

from denialml.domain.claim import Provider
from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.reference import allowed_providers, procedure_codes
from denialml.rules.payer_policy import PayerPolicy
from denialml.rules.provider_types import (
    type_of,
    type_of_credential,
    type_of_taxonomy,
)
from tests.rules.cases import NPI, case, clinician, line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row, findings_of

MEDICARE, ADVANTAGE = PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE
SUPERVISOR = Provider(name="Larkspur", npi="1999010030")
WANTS_HL = PayerPolicy(supervised_modifier="HL")
UNKNOWN_TAXONOMY = Provider(name="Quarrystone", npi=NPI, taxonomy_code="104100000X")
PSYCHIATRIST = Provider(name="Quarrystone", npi=NPI, taxonomy_code="2084P0800X")
PSYCHOLOGIST = clinician(credential="PhD", taxonomy_code="103TC0700X")
TECHNICIAN = clinician(credential="RBT", taxonomy_code="106S00000X", is_supervised=True)
SUPERVISED = clinician(credential="LCSW-A", is_supervised=True)
IN_2023, IN_2024 = date(2023, 12, 31), date(2024, 1, 1)


# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()
SPEC = [
    Row(
        "BH-098",
        FOUND,
        lambda: case(line("90792"), clinicians=[clinician()]),
        says="90792 is not paid to a clinical social worker",
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-098",
        CLEAN,
        lambda: case(line("90792"), clinicians=[clinician(credential="PMHNP-BC")]),
    ),
    Row("BH-098", CLEAN, lambda: case(line("90791"), clinicians=[clinician()])),
    # Counselors and family therapists since 2024 (E18), Medicare Advantage follows.
    Row(
        "BH-098",
        FOUND,
        lambda: case(
            line(service_date=IN_2023),
            payer_type=MEDICARE,
            clinicians=[clinician(credential="LMFT")],
        ),
        says="pays a marriage and family therapist from 2024-01-01 on",
    ),
    Row(
        "BH-098",
        CLEAN,
        lambda: case(
            line(service_date=IN_2024),
            payer_type=MEDICARE,
            clinicians=[clinician(credential="LMFT")],
        ),
    ),
    Row(
        "BH-098",
        FOUND,
        lambda: case(
            line(service_date=IN_2023),
            payer_type=ADVANTAGE,
            clinicians=[clinician(credential="LPC")],
        ),
    ),
    Row(
        "BH-098",
        CLEAN,
        lambda: case(
            line(service_date=IN_2023), clinicians=[clinician(credential="LPC")]
        ),
    ),
    # Health-behavior codes by social workers since 2024, by psychologists before.
    Row(
        "BH-098",
        FOUND,
        lambda: case(
            line("96158", service_date=IN_2023),
            payer_type=MEDICARE,
            clinicians=[clinician()],
        ),
    ),
    Row(
        "BH-098",
        CLEAN,
        lambda: case(
            line("96158", service_date=IN_2023),
            payer_type=MEDICARE,
            clinicians=[clinician(credential="PsyD")],
        ),
    ),
    # Supervised, whatever the taxonomy on file says.
    Row(
        "BH-098",
        FOUND,
        lambda: case(
            line("90792"), clinicians=[clinician(credential="LMSW", is_supervised=True)]
        ),
        says="90792 is not paid to an associate",
    ),
    # Any physician and a clinical nurse specialist may treat by talking (E17).
    Row(
        "BH-098",
        CLEAN,
        lambda: case(payer_type=MEDICARE, clinicians=[clinician(credential="CNS")]),
    ),
    Row(
        "BH-098",
        FOUND,
        lambda: case(line("97155"), clinicians=[clinician(credential="RBT")]),
        says="behavior technician",
    ),
    Row(
        "BH-098",
        CLEAN,
        lambda: case(line("97155"), clinicians=[clinician(credential="BCBA-D")]),
    ),
    # Some States let psychologists prescribe; Medicare does not pay them for it.
    Row(
        "BH-098",
        FOUND,
        lambda: case(line("99214"), clinicians=[PSYCHOLOGIST]),
        severity=Severity.WARN,
    ),
    Row(
        "BH-098",
        FOUND,
        lambda: case(
            line("99214"),
            payer_type=MEDICARE,
            clinicians=[PSYCHOLOGIST],
        ),
        severity=Severity.DENY_LIKELY,
    ),
    # The table says nothing of psychotherapy at commercial payers.
    Row("BH-098", CLEAN, lambda: case(clinicians=[clinician(credential="RBT")])),
    Row("BH-098", CLEAN, lambda: case()),
    # The license counts that carries the service, wherever it stands.
    Row(
        "BH-098",
        CLEAN,
        lambda: case(
            line("99214"), clinicians=[clinician(credential="RN, MSN, PMHNP-BC")]
        ),
    ),
    Row(
        "BH-098",
        CLEAN,
        lambda: case(
            payer_type=MEDICARE, clinicians=[clinician(credential="CASAC, LCSW-R")]
        ),
    ),
    Row("BH-098", CANNOT_TELL, lambda: case(line("90792")), says="credential"),
    Row(
        "BH-005",
        FOUND,
        lambda: case(line("99214")),
        says="Taxonomy 1041C0700X is of a clinical social worker",
        severity=Severity.WARN,
    ),
    Row("BH-005", CLEAN, lambda: case(line("99214"), rendering_provider=PSYCHIATRIST)),
    Row("BH-005", CLEAN, lambda: case(line("90834"))),
    # BH-098 says it of the license.
    Row("BH-005", CLEAN, lambda: case(line("99214"), clinicians=[clinician()])),
    Row(
        "BH-005",
        CANNOT_TELL,
        lambda: case(line("99214"), rendering_provider=UNKNOWN_TAXONOMY),
        says="104100000X",
    ),
    Row(
        "BH-099",
        FOUND,
        lambda: case(clinicians=[SUPERVISED], policy=WANTS_HL),
        says="no supervising provider",
    ),
    Row(
        "BH-099",
        FOUND,
        lambda: case(
            clinicians=[SUPERVISED], supervising_provider=SUPERVISOR, policy=WANTS_HL
        ),
        says="wants modifier HL",
    ),
    Row(
        "BH-099",
        CLEAN,
        lambda: case(
            line(modifiers=("HL",)),
            clinicians=[SUPERVISED],
            supervising_provider=SUPERVISOR,
            policy=WANTS_HL,
        ),
    ),
    # Medicare never (E79).
    Row(
        "BH-099",
        FOUND,
        lambda: case(
            line(modifiers=("HL",)),
            payer_type=MEDICARE,
            clinicians=[SUPERVISED],
            supervising_provider=SUPERVISOR,
        ),
        says="Medicare does not enroll",
    ),
    # A technician's hours are under direction by their own definition.
    Row(
        "BH-099",
        CLEAN,
        lambda: case(line("97153"), clinicians=[TECHNICIAN]),
    ),
    Row(
        "BH-099",
        CLEAN,
        lambda: case(payer_type=ADVANTAGE, clinicians=[clinician(credential="AMFT")]),
    ),
    # Medicare Advantage follows Medicare's types: BH-098 says it.
    Row("BH-099", CLEAN, lambda: case(payer_type=ADVANTAGE, clinicians=[SUPERVISED])),
    Row("BH-099", CLEAN, lambda: case(line("90792"), clinicians=[SUPERVISED])),
    Row("BH-099", CLEAN, lambda: case(clinicians=[clinician()])),
    Row(
        "BH-099",
        CLEAN,
        lambda: case(clinicians=[clinician(credential="PA-C", is_supervised=True)]),
    ),
    Row(
        "BH-099",
        CANNOT_TELL,
        lambda: case(clinicians=[SUPERVISED], supervising_provider=SUPERVISOR),
        says="supervised_modifier",
    ),
    Row(
        "BH-099",
        CANNOT_TELL,
        lambda: case(clinicians=[clinician(credential="AMFT")]),
        says="works under supervision",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


@pytest.mark.parametrize(
    ("credential", "kind"),
    [
        ("LCSW", "clinical_social_worker"),
        ("L.C.S.W.", "clinical_social_worker"),
        ("LCSW-R, CASAC", "clinical_social_worker"),
        ("PhD, LPC", "mental_health_counselor"),
        ("Psy.D.", "psychologist"),
        ("M.D.", "physician"),
        ("MFT Intern", "associate"),
        ("LPC-Associate", "associate"),
        ("LMHP-R", "associate"),
        ("LCSW-A, CADC", "associate"),
        # Of several the strongest, whichever stands first.
        ("CASAC, LCSW-R", "clinical_social_worker"),
        ("RN, MSN, PMHNP-BC", "nurse_practitioner"),
        ("APRN-CNP", "nurse_practitioner"),
        ("BCBA & LMFT", "marriage_family_therapist"),
        ("Psy.D., CADC", "psychologist"),
        ("PsyD, LMFT", "marriage_family_therapist"),
        ("PhD", "psychologist"),
        ("PhD, RN", "nurse"),
        # Independent in one State, supervised in another.
        ("LMSW", ""),
        ("", ""),
    ],
)
def test_a_credential_names_a_type_or_nothing(credential: str, kind: str) -> None:
    assert type_of_credential(credential) == kind


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"credential": "PhD", "taxonomy_code": "103TC0700X"}, "psychologist"),
        ({"credential": "PhD, CADC", "taxonomy_code": "103TC0700X"}, "psychologist"),
        ({"credential": "PhD", "taxonomy_code": ""}, "psychologist"),
        # Counselors and social workers hold doctorates too.
        (
            {"credential": "PhD", "taxonomy_code": "101YM0800X"},
            "mental_health_counselor",
        ),
        ({"credential": "LP", "taxonomy_code": "102L00000X"}, "psychoanalyst"),
        ({"credential": "PhD", "is_supervised": True}, "associate"),
        ({"credential": "LMSW", "is_supervised": True}, "associate"),
        ({"credential": "MD, PhD", "taxonomy_code": "103TC0700X"}, "physician"),
        ({"credential": "", "taxonomy_code": "164X00000X"}, "nurse"),
    ],
)
def test_the_credential_and_the_taxonomy_tell_the_type(
    fields: dict[str, Any], kind: str
) -> None:
    assert type_of(clinician(**fields)) == kind


def test_medicare_is_never_offered_a_supervisor() -> None:
    """E12, E79: Medicare does not pay the work of a supervised associate."""
    (found,) = findings_of(case(payer_type=MEDICARE, clinicians=[SUPERVISED]), "BH-099")
    assert "Do not bill Medicare" in found.fix
    assert "supervisor" not in found.fix


def test_a_taxonomy_code_names_a_type_or_nothing() -> None:
    assert type_of_taxonomy("2084P0800X") == "physician"
    assert type_of_taxonomy("101YM0800X") == "mental_health_counselor"
    assert type_of_taxonomy("101Y00000X") == ""
    assert type_of_taxonomy("") == ""


def test_the_table_of_allowed_providers_names_known_codes_and_no_row_twice() -> None:
    rows = allowed_providers()
    assert not {code for row in rows for code in row.codes} - set(procedure_codes())
    keys = [(row.payer_group, row.provider_type, row.codes) for row in rows]
    assert len(keys) == len(set(keys))
    since = {row.provider_type: row.valid_from for row in rows if "90834" in row.codes}
    assert since["marriage_family_therapist"] == date(2024, 1, 1)
    assert since["mental_health_counselor"] == date(2024, 1, 1)
    assert since["clinical_social_worker"] is None
