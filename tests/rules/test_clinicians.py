"""The rules of `families.clinicians`."""

from datetime import date

import pytest

from denialml.domain.claim import Provider
from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import (
    BILLING_NPI,
    DAY,
    NPI,
    case,
    changed,
    clinician,
    enrollment,
    line,
)
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

MEDICARE, MEDICAID = PayerType.MEDICARE, PayerType.MEDICAID
WANTS_TAXONOMY = PayerPolicy(requires_taxonomy=True)
WITHOUT = Provider(name="Quarrystone", npi=NPI)
MALFORMED = Provider(name="Quarrystone", npi=NPI, taxonomy_code="1041C07")
LATER = enrollment(effective_on=date(2026, 3, 3), recorded_on=date(2026, 3, 3))
ENDED = enrollment(ends_on=date(2026, 3, 1))
OF_ANOTHER = enrollment(clinician_npi="1999010022")

# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()
SPEC = [
    Row(
        "BH-004",
        FOUND,
        lambda: case(policy=WANTS_TAXONOMY, rendering_provider=WITHOUT),
        says="The rendering provider carries no taxonomy",
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-004", CLEAN, lambda: case(policy=WANTS_TAXONOMY)),
    Row(
        "BH-004",
        FOUND,
        lambda: case(
            policy=WANTS_TAXONOMY,
            billing_provider=Provider(name="Cedar", npi=BILLING_NPI),
            rendering_provider=None,
        ),
        says="The billing provider",
    ),
    Row(
        "BH-004",
        FOUND,
        lambda: case(rendering_provider=MALFORMED),
        says="taxonomy code 1041C07 does not have the form",
    ),
    Row(
        "BH-004",
        FOUND,
        lambda: case(rendering_provider=changed(MALFORMED, taxonomy_code="1041C07000")),
    ),
    Row(
        "BH-004",
        CLEAN,
        lambda: case(rendering_provider=changed(MALFORMED, taxonomy_code="1041c0700x")),
    ),
    Row(
        "BH-004",
        FOUND,
        lambda: case(payer_type=MEDICAID, rendering_provider=WITHOUT),
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-004",
        CLEAN,
        lambda: case(
            policy=PayerPolicy(requires_taxonomy=False), rendering_provider=WITHOUT
        ),
    ),
    Row(
        "BH-004",
        FOUND,
        lambda: case(
            policy=WANTS_TAXONOMY,
            billing_provider=Provider(name="Cedar", npi=BILLING_NPI),
            rendering_provider=WITHOUT,
        ),
        says="The billing and rendering provider carry no taxonomy code",
    ),
    Row(
        "BH-004",
        CANNOT_TELL,
        lambda: case(rendering_provider=WITHOUT),
        says="requires_taxonomy",
    ),
    Row(
        "BH-095",
        FOUND,
        lambda: case(enrollments=[LATER]),
        says=f"NPI {NPI} delivered 90834 on 2026-03-02; the enrollment with the payer"
        " began later",
    ),
    Row(
        "BH-095",
        CLEAN,
        lambda: case(enrollments=[enrollment(effective_on=DAY, recorded_on=DAY)]),
    ),
    Row("BH-095", FOUND, lambda: case(enrollments=[ENDED]), says="had ended"),
    Row("BH-095", CLEAN, lambda: case(enrollments=[enrollment(ends_on=DAY)])),
    Row(
        "BH-095",
        FOUND,
        lambda: case(payer_type=MEDICARE, enrollments=[OF_ANOTHER]),
        says="no enrollment with the payer is on file",
    ),
    # BH-106 says it of commercial plans, BH-097 of Medicaid.
    Row("BH-095", CLEAN, lambda: case(enrollments=[OF_ANOTHER])),
    Row("BH-095", CLEAN, lambda: case(payer_type=MEDICAID, enrollments=[ENDED])),
    Row("BH-095", CANNOT_TELL, lambda: case(), says="enrollment with the payer"),
    # Nobody is named: the enrollments on file are of clinicians.
    Row(
        "BH-095",
        CANNOT_TELL,
        lambda: case(line("H0015"), rendering_provider=None, enrollments=[OF_ANOTHER]),
        says="the organization's own enrollment",
    ),
    Row(
        "BH-095",
        FOUND,
        lambda: case(
            line("H0015"),
            rendering_provider=None,
            enrollments=[changed(ENDED, clinician_npi=BILLING_NPI)],
        ),
        says="had ended",
    ),
    Row(
        "BH-096",
        FOUND,
        lambda: case(clinicians=[clinician(recredentialing_due_on=date(2026, 5, 1))]),
        says="is due on 2026-05-01",
        lines=(1,),
    ),
    Row(
        "BH-096",
        CLEAN,
        lambda: case(clinicians=[clinician(recredentialing_due_on=date(2026, 5, 2))]),
    ),
    Row(
        "BH-096",
        FOUND,
        lambda: case(clinicians=[clinician(recredentialing_due_on=date(2026, 3, 1))]),
        says="was due on 2026-03-01",
    ),
    Row("BH-096", CLEAN, lambda: case(line("H0015"), rendering_provider=None)),
    Row("BH-096", CANNOT_TELL, lambda: case(clinicians=[clinician()])),
    Row(
        "BH-097",
        FOUND,
        lambda: case(payer_type=MEDICAID, enrollments=[ENDED]),
        says="had ended",
    ),
    Row("BH-097", CLEAN, lambda: case(payer_type=MEDICAID, enrollments=[enrollment()])),
    Row(
        "BH-097",
        FOUND,
        lambda: case(payer_type=MEDICAID, enrollments=[OF_ANOTHER]),
        says="no enrollment",
    ),
    Row("BH-097", CANNOT_TELL, lambda: case(payer_type=MEDICAID)),
    # An agency's day rate names nobody.
    Row(
        "BH-097",
        CANNOT_TELL,
        lambda: case(
            line("H0015"),
            payer_type=MEDICAID,
            rendering_provider=None,
            enrollments=[OF_ANOTHER],
        ),
        says="the organization's own enrollment",
    ),
    Row(
        "BH-104",
        FOUND,
        lambda: case(
            payer_type=MEDICARE, clinicians=[clinician(excluded_on=date(2026, 3, 2))]
        ),
        says="exclusion list since 2026-03-02",
        severity=Severity.HOLD,
    ),
    Row(
        "BH-104",
        CLEAN,
        lambda: case(
            payer_type=MEDICARE, clinicians=[clinician(excluded_on=date(2026, 3, 3))]
        ),
    ),
    Row(
        "BH-104",
        FOUND,
        lambda: case(clinicians=[clinician(excluded_on=date(2020, 1, 1))]),
        severity=Severity.WARN,
    ),
    Row("BH-104", CLEAN, lambda: case(clinicians=[clinician()])),
    # The law reaches federal money: of a commercial claim less is left open.
    Row(
        "BH-104",
        CANNOT_TELL,
        lambda: case(),
        says="exclusion list",
        severity=Severity.WARN,
    ),
    Row(
        "BH-104",
        CANNOT_TELL,
        lambda: case(payer_type=MEDICARE),
        says="exclusion list",
        severity=Severity.HOLD,
    ),
    Row(
        "BH-105",
        FOUND,
        lambda: case(
            payer_type=MEDICARE, clinicians=[clinician(opted_out_on=date(2026, 3, 2))]
        ),
        says="out of Medicare since 2026-03-02",
        severity=Severity.HOLD,
    ),
    Row(
        "BH-105",
        CLEAN,
        lambda: case(
            payer_type=MEDICARE, clinicians=[clinician(opted_out_on=date(2026, 3, 3))]
        ),
    ),
    # Emergency care without a private contract.
    Row(
        "BH-105",
        CLEAN,
        lambda: case(
            line(modifiers=("GJ",)),
            payer_type=MEDICARE,
            clinicians=[clinician(opted_out_on=date(2020, 1, 1))],
        ),
    ),
    Row(
        "BH-105",
        CLEAN,
        lambda: case(clinicians=[clinician(opted_out_on=date(2020, 1, 1))]),
    ),
    Row("BH-105", CANNOT_TELL, lambda: case(payer_type=MEDICARE), says="opted out"),
    # Of another payer's claim nobody would have to look the clinician up.
    Row("BH-105", CANNOT_TELL, lambda: case(no_payer=True), says="the payer's type"),
    Row(
        "BH-106",
        FOUND,
        lambda: case(enrollments=[OF_ANOTHER]),
        says=f"No enrollment of NPI {NPI}",
        severity=Severity.WARN,
    ),
    Row("BH-106", CLEAN, lambda: case(enrollments=[enrollment()])),
    Row(
        "BH-106",
        CLEAN,
        lambda: case(line("H0015"), rendering_provider=None, enrollments=[OF_ANOTHER]),
    ),
    # That is no question of the network.
    Row("BH-106", CLEAN, lambda: case(enrollments=[ENDED])),
    Row(
        "BH-106",
        CANNOT_TELL,
        lambda: case(no_payer=True, enrollments=[OF_ANOTHER]),
        says="the payer's type",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
