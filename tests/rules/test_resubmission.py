"""The rules of `families.resubmission`."""

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from denialml.domain.claim import Claim, ClaimPayer, Provider
from denialml.domain.coverage import Payer, PayerType
from denialml.rules.case import ClaimCase
from tests.rules.cases import case, earlier_claim, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row, findings_of

REFUSES = Payer(
    payer_id="P1",
    name="Plan",
    payer_type=PayerType.COMMERCIAL,
    accepts_frequency_7=False,
)
BEFORE = date(2026, 3, 3)
NOBODY: dict[str, Any] = {
    "billing_provider": Provider(name="Cedar"),
    "rendering_provider": None,
}


def before(**fields: Any) -> Claim:
    """The claim sent two days earlier, under the same number unless said."""
    return earlier_claim(
        fields.pop("line", line()),
        on=fields.pop("on", BEFORE),
        **({"patient_control_number": "C1"} | fields),
    )


def again(*lines: Any, earlier: tuple[Claim, ...] = (), **fields: Any) -> ClaimCase:
    """The claim with what was sent before."""
    return case(*lines, earlier=earlier or (before(),), **fields)


# These read nothing but the claim.
ALWAYS_TELL = {"BH-113"}
SPEC = [
    Row(
        "BH-112",
        FOUND,
        again,
        says="90834 of 2026-03-02 was sent to this payer on 2026-03-03",
        lines=(1,),
    ),
    Row("BH-112", FOUND, lambda: case(earlier=[earlier_claim(line(), on=BEFORE)])),
    Row("BH-112", CLEAN, case),
    Row("BH-112", CLEAN, lambda: again(line(charge=Decimal("151.00")))),
    Row("BH-112", CLEAN, lambda: again(line(modifiers=("59",)))),
    Row("BH-112", CLEAN, lambda: again(line(units=Decimal(2)))),
    Row("BH-112", CLEAN, lambda: again(line("90837"))),
    Row("BH-112", CLEAN, lambda: again(line(service_date=date(2026, 3, 1)))),
    Row("BH-112", CLEAN, lambda: again(frequency_code="7")),
    Row(
        "BH-112",
        CLEAN,
        lambda: again(earlier=(before(payer=ClaimPayer(payer_id="P9")),)),
    ),
    Row(
        "BH-112",
        CLEAN,
        lambda: again(
            rendering_provider=Provider(name="Marsh", first_name="A", npi="1999010022")
        ),
    ),
    # What was voided may be sent again; what stands beside the void may not.
    Row(
        "BH-112",
        CLEAN,
        lambda: again(
            earlier=(before(), before(on=date(2026, 3, 4), frequency_code="8"))
        ),
    ),
    Row(
        "BH-112",
        FOUND,
        lambda: again(
            earlier=(
                before(patient_control_number="C0"),
                before(on=date(2026, 3, 4), frequency_code="8"),
            )
        ),
    ),
    Row(
        "BH-112",
        CANNOT_TELL,
        lambda: again(earlier=(before(**NOBODY),)),
        says="the clinician of the line sent before",
    ),
    Row(
        "BH-113",
        FOUND,
        lambda: case(frequency_code="7"),
        says="frequency 7 and no payer claim control number",
    ),
    Row("BH-113", FOUND, lambda: case(frequency_code="8")),
    Row(
        "BH-113",
        CLEAN,
        lambda: case(frequency_code="7", original_payer_claim_control_number="ICN1"),
    ),
    Row("BH-113", CLEAN, case),
    # E03: a number would not help at Medicare Part B; BH-131 says what does.
    Row(
        "BH-113",
        CLEAN,
        lambda: case(frequency_code="7", payer_type=PayerType.MEDICARE),
    ),
    Row("BH-113", CLEAN, lambda: case(frequency_code="7", payer=REFUSES)),
    Row(
        "BH-113",
        FOUND,
        lambda: case(frequency_code="7", payer_type=PayerType.MEDICARE_ADVANTAGE),
    ),
    Row(
        "BH-115",
        FOUND,
        lambda: again(line(charge=Decimal("151.00"))),
        says="sent under the same claim number on 2026-03-03",
    ),
    Row("BH-115", FOUND, lambda: again(line(modifiers=("95",)))),
    Row("BH-115", CLEAN, again),
    Row(
        "BH-115",
        CLEAN,
        lambda: again(line(charge=Decimal("151.00")), frequency_code="7"),
    ),
    Row(
        "BH-115",
        CLEAN,
        lambda: again(
            line(charge=Decimal("151.00")),
            earlier=(before(patient_control_number="C0"),),
        ),
    ),
    Row(
        "BH-115",
        CANNOT_TELL,
        lambda: again(line(charge=Decimal("151.00")), earlier=(before(**NOBODY),)),
        says="the clinician of the line sent before",
    ),
    Row(
        "BH-076",
        FOUND,
        lambda: case(line(), line(number=2)),
        says="Lines 1 and 2 bill 90834 of 2026-03-02",
        lines=(2,),
    ),
    # Said once of many lines.
    Row(
        "BH-076",
        FOUND,
        lambda: case(*(line("97153", number) for number in range(1, 11))),
        says="Lines 1, 2, 3, 4, 5, 6 and 4 more bill 97153",
        lines=(2, 3, 4, 5, 6, 7, 8, 9, 10),
    ),
    Row("BH-076", CLEAN, lambda: case(line(), line(number=2, modifiers=("59",)))),
    Row("BH-076", CLEAN, lambda: case(line(), line(number=2, modifiers=("XE",)))),
    Row("BH-076", CLEAN, lambda: case(line(), line("90837", 2))),
    # Group and single sessions of one code are two services.
    Row(
        "BH-076",
        CLEAN,
        lambda: case(line("H2019"), line("H2019", 2, modifiers=("HQ",))),
    ),
    Row(
        "BH-076",
        CLEAN,
        lambda: case(line(), line(number=2, service_date=date(2026, 3, 3))),
    ),
    # E79: a session past midnight counts on the day it began, the next is another.
    Row(
        "BH-076",
        CLEAN,
        lambda: case(
            line(),
            line(number=2, service_date=date(2026, 3, 3)),
            notes=[
                note(started_at=time(23, 30), stopped_at=time(0, 15)),
                note(encounter_id="E2", service_date=date(2026, 3, 3)),
            ],
        ),
    ),
    Row(
        "BH-076",
        FOUND,
        lambda: again(
            line(charge=Decimal("151.00")),
            earlier=(before(patient_control_number="C0"),),
        ),
        says="under another claim number",
    ),
    Row(
        "BH-076",
        CLEAN,
        lambda: again(
            line(modifiers=("76",)), earlier=(before(patient_control_number="C0"),)
        ),
    ),
    # BH-112 says it already.
    Row(
        "BH-076",
        CLEAN,
        lambda: again(earlier=(before(patient_control_number="C0"),)),
    ),
    Row(
        "BH-076",
        CANNOT_TELL,
        lambda: case(line(), line(number=2), **NOBODY),
        says="who delivered each",
    ),
    Row(
        "BH-076",
        CANNOT_TELL,
        lambda: again(
            line(charge=Decimal("151.00")),
            earlier=(before(patient_control_number="C0", **NOBODY),),
        ),
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


def test_medicare_is_never_told_to_replace() -> None:
    """E03: Part B takes originals only; a change goes through a reopening."""
    charged = line(charge=Decimal("151.00"))
    (medicare,) = findings_of(again(charged, payer_type=PayerType.MEDICARE), "BH-115")
    (other,) = findings_of(again(charged), "BH-115")
    (refusing,) = findings_of(again(charged, payer=REFUSES), "BH-115")
    assert "takes no replacements" in refusing.fix
    assert "reopening" in medicare.fix
    assert "replacement with" not in medicare.fix
    assert "replacement" in other.fix
