"""The rules of `families.other_coverage`."""

from decimal import Decimal

import pytest

from denialml.domain.claim import OtherPayer, Provider, Subscriber
from denialml.domain.coverage import PayerType
from denialml.domain.remittance import ClaimAdjustment
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import NPI, case, changed, check, line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

MEDICARE, MEDICAID = PayerType.MEDICARE, PayerType.MEDICAID
SECOND = Subscriber(member_id="M1", payer_responsibility_code="S")
THIRD = Subscriber(member_id="M1", payer_responsibility_code="T")
SECOND_UNANSWERED = OtherPayer(payer_id="P3", payer_responsibility_code="S")
UNORDERED = Subscriber(member_id="M1", payer_responsibility_code="U")
ANSWERED = OtherPayer(payer_id="P2", payer_responsibility_code="P", paid=Decimal(80))
UNANSWERED = OtherPayer(payer_id="P2", payer_responsibility_code="P")
PSYCHIATRIST = Provider(name="Quarrystone", npi=NPI, taxonomy_code="2084P0800X")
FAMILY_DOCTOR = Provider(name="Quarrystone", npi=NPI, taxonomy_code="207Q00000X")
CARVED_OUT = check(behavioral_payer_id="BH9")


def _balance(amount: str) -> tuple[OtherPayer, ...]:
    adjustment = ClaimAdjustment(
        group_code="CO", reason_code="45", amount=Decimal(amount)
    )
    return (OtherPayer(payer_id="P2", paid=Decimal(80), adjustments=(adjustment,)),)


# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()
SPEC = [
    Row(
        "BH-016",
        FOUND,
        lambda: case(checks=[CARVED_OUT]),
        says="is paid by BH9; the claim goes to P1",
        lines=(1,),
    ),
    Row("BH-016", CLEAN, lambda: case(checks=[check(behavioral_payer_id="P1")])),
    Row("BH-016", CLEAN, lambda: case(checks=[check()])),
    Row(
        "BH-016",
        FOUND,
        lambda: case(policy=PayerPolicy(behavioral_payer_id="BH9")),
        says="BH9",
    ),
    # Of the medical benefit (E28).
    Row("BH-016", CLEAN, lambda: case(line("96158"), checks=[CARVED_OUT])),
    Row(
        "BH-016",
        FOUND,
        lambda: case(
            line("99214"), checks=[CARVED_OUT], rendering_provider=PSYCHIATRIST
        ),
    ),
    Row(
        "BH-016",
        CLEAN,
        lambda: case(
            line("99214"), checks=[CARVED_OUT], rendering_provider=FAMILY_DOCTOR
        ),
    ),
    Row(
        "BH-016",
        CANNOT_TELL,
        lambda: case(line("99214"), checks=[CARVED_OUT], rendering_provider=None),
        says="specialty",
    ),
    Row(
        "BH-016",
        CLEAN,
        lambda: case(
            line("98005"), checks=[CARVED_OUT], rendering_provider=FAMILY_DOCTOR
        ),
    ),
    # A general nurse practitioner's taxonomy names no specialty.
    Row(
        "BH-016",
        CANNOT_TELL,
        lambda: case(
            line("99214"),
            checks=[CARVED_OUT],
            rendering_provider=Provider(
                name="Quarrystone", npi=NPI, taxonomy_code="363L00000X"
            ),
        ),
        says="specialty",
    ),
    # BH-014 says that no answer is on file.
    Row("BH-016", CLEAN, lambda: case()),
    Row(
        "BH-017",
        FOUND,
        lambda: case(subscriber=SECOND, other_payers=(UNANSWERED,)),
        says="SBR01 S",
    ),
    Row("BH-017", CLEAN, lambda: case(subscriber=SECOND, other_payers=(ANSWERED,))),
    Row(
        "BH-017",
        FOUND,
        lambda: case(checks=[check(other_payer_name="Sample Mutual")]),
        says="names another payer (Sample Mutual)",
    ),
    Row("BH-017", CLEAN, lambda: case(checks=[check()])),
    Row("BH-017", CLEAN, lambda: case(checks=[check(other_payer_id="P1")])),
    Row(
        "BH-017",
        FOUND,
        lambda: case(other_payers=(ANSWERED,)),
        says="two payers the first",
    ),
    # The practice has settled the order.
    Row(
        "BH-017",
        CLEAN,
        lambda: case(
            checks=[check(other_payer_id="P2")],
            other_payers=(OtherPayer(payer_id="P2", payer_responsibility_code="S"),),
        ),
    ),
    # Medicaid has a rule of its own.
    Row(
        "BH-017",
        CLEAN,
        lambda: case(payer_type=MEDICAID, checks=[check(other_payer_id="P2")]),
    ),
    Row("BH-017", CLEAN, lambda: case()),
    # They pay after this payer.
    Row(
        "BH-017", CLEAN, lambda: case(checks=[check(other_payer_name="Ohio Medicaid")])
    ),
    Row(
        "BH-017",
        CLEAN,
        lambda: case(
            payer_type=MEDICARE, checks=[check(other_payer_name="Sample Medigap")]
        ),
    ),
    # The third payer's claim carries the answers of both before it.
    Row(
        "BH-017",
        FOUND,
        lambda: case(subscriber=THIRD, other_payers=(ANSWERED, SECOND_UNANSWERED)),
        says="payer S comes before it",
    ),
    Row(
        "BH-017",
        CLEAN,
        lambda: case(
            subscriber=THIRD,
            other_payers=(ANSWERED, changed(SECOND_UNANSWERED, paid=Decimal(0))),
        ),
    ),
    Row(
        "BH-017",
        CLEAN,
        lambda: case(
            subscriber=SECOND,
            other_payers=(
                ANSWERED,
                OtherPayer(payer_id="P3", payer_responsibility_code="T"),
            ),
        ),
    ),
    Row("BH-017", CANNOT_TELL, lambda: case(subscriber=UNORDERED), says="SBR01"),
    Row(
        "BH-018",
        FOUND,
        lambda: case(other_payers=_balance("80")),
        says="come to $160.00; the charge is $150.00",
    ),
    Row("BH-018", CLEAN, lambda: case(other_payers=_balance("70"))),
    Row("BH-018", CLEAN, lambda: case(other_payers=(UNANSWERED,))),
    Row("BH-018", CANNOT_TELL, lambda: case(other_payers=_balance("10")), says="2430"),
    # All adjustments stand at the lines.
    Row("BH-018", CLEAN, lambda: case(subscriber=SECOND, other_payers=(ANSWERED,))),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
