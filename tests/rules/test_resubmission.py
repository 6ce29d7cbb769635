"""The rules of `families.resubmission`."""

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from denialml.domain.adjudication import LineOutcome
from denialml.domain.claim import Claim, ClaimPayer, Provider
from denialml.domain.coverage import Payer, PayerType
from denialml.domain.facts import AnsweredLine
from denialml.domain.fix import FixClass
from denialml.rules.case import ClaimCase
from tests.rules.cases import DAY, case, changed, earlier_claim, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row, findings_of

REFUSES = Payer(
    payer_id="P1",
    name="Plan",
    payer_type=PayerType.COMMERCIAL,
    accepts_frequency_7=False,
)
BEFORE = date(2026, 3, 3)
PAID = LineOutcome.PAID
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


def replacing(
    *remarks: str,
    outcome: LineOutcome = LineOutcome.DENIED,
    number: str = "C1",
    payers_number: str = "ICN1",
    **fields: Any,
) -> ClaimCase:
    """A replacement of ICN1, after the payer's answer of 2026-02-20."""
    usual = {"frequency_code": "7", "original_payer_claim_control_number": "ICN1"}
    judged = case(**(usual | fields))
    answer = AnsweredLine(
        received_on=date(2026, 2, 20),
        payer_id="P1",
        patient_control_number=number,
        line_number=1,
        procedure_code="90834",
        service_date=DAY,
        outcome=outcome,
        payer_claim_control_number=payers_number,
        remark_codes=remarks,
    )
    for one in judged.lines:
        one.records = changed(one.records, answered=(answer,))
    return judged


def answered_again(judged: ClaimCase, **fields: Any) -> ClaimCase:
    """The same after a later answer that differs from the first in these."""
    for one in judged.lines:
        [first] = one.records.answered
        later = changed(first, **({"received_on": date(2026, 2, 27)} | fields))
        one.records = changed(one.records, answered=(first, later))
    return judged


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
    Row(
        "BH-114",
        FOUND,
        lambda: replacing("MA130"),
        says="the payer's answer of 2026-02-20 to the original says that it could not"
        " be processed (MA130)",
    ),
    Row("BH-114", FOUND, lambda: replacing("N142"), says="a new claim is wanted"),
    # The answer has no number of the payer's: ours says which claim it was.
    Row("BH-114", FOUND, lambda: replacing("MA130", payers_number="")),
    Row(
        "BH-114",
        CANNOT_TELL,
        lambda: replacing("MA130", payers_number="", number="C0"),
        says="the payer's answer to the claim that this one replaces",
    ),
    Row("BH-114", FOUND, lambda: replacing("MA130", number="C0")),
    Row(
        "BH-114",
        FOUND,
        lambda: replacing("MA130", original_payer_claim_control_number=""),
    ),
    Row("BH-114", CLEAN, lambda: replacing("MA130", frequency_code="1")),
    Row("BH-114", CLEAN, lambda: replacing("MA130", frequency_code="8")),
    Row("BH-114", CLEAN, lambda: replacing("N362", outcome=PAID)),
    Row("BH-114", CLEAN, lambda: replacing("MA130", outcome=LineOutcome.PARTIAL)),
    # It was sent anew and paid: what is replaced is that claim.
    Row("BH-114", CLEAN, lambda: answered_again(replacing("MA130"), outcome=PAID)),
    Row(
        "BH-114",
        FOUND,
        lambda: answered_again(replacing(), remark_codes=("MA130",)),
        says="answer of 2026-02-27",
    ),
    # Denied, but processed: whether the payer takes a replacement, BH-131 says.
    Row("BH-114", CLEAN, lambda: replacing("N362")),
    # Without an answer; and without the payer's number, which BH-113 asks for.
    Row(
        "BH-114",
        CANNOT_TELL,
        lambda: replacing("MA130", payers_number="ICN9"),
        says="the payer's answer to the claim that this one replaces",
    ),
    Row("BH-114", CLEAN, lambda: case(frequency_code="7")),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


def test_a_claim_to_send_anew_waits_for_no_document() -> None:
    (found,) = findings_of(replacing("MA130"), "BH-114")
    assert found.fix.startswith("Send it as a new claim")
    assert found.fix_class is FixClass.NEEDS_ANOTHER_STEP


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
