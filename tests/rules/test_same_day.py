"""The rules of `families.same_day`."""

from datetime import date

import pytest

from denialml.domain.claim import ClaimPayer, Provider
from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import DAY, NPI, case, earlier_claim, line
from tests.rules.other_clinicians import nobody_named, others_line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

ALWAYS_TELL: set[str] = set()
_SENT = date(2026, 3, 3)
_ANY_PAIR = PayerPolicy(applies_ncci_pairs=False)
_WANTS_25 = PayerPolicy(requires_modifier_25=True)


def _pair(rule_id: str, code: str, other: str, says: str) -> list[Row]:
    """What holds of every pair: one clinician, one day."""
    return [
        Row(
            rule_id,
            FOUND,
            lambda: case(line(code), line(other, 2)),
            says=says,
            lines=(1, 2),
        ),
        # Review E23: each of them by a clinician of their own is clean.
        Row(rule_id, CLEAN, lambda: case(line(code), others_line(other))),
        Row(
            rule_id,
            CLEAN,
            lambda: case(line(code), line(other, 2, service_date=date(2026, 3, 1))),
        ),
        Row(
            rule_id,
            CANNOT_TELL,
            lambda: nobody_named(line(code), line(other, 2)),
            says="rendering NPI",
        ),
        Row(
            rule_id,
            CANNOT_TELL,
            lambda: case(line(code, service_date=None), line(other, 2)),
            says="date of service",
        ),
        # A split claim: what became of the other line is not known.
        Row(
            rule_id,
            FOUND,
            lambda: case(line(code), earlier=[earlier_claim(line(other), on=_SENT)]),
            says="the claim sent on 2026-03-03",
            lines=(1,),
            severity=Severity.WARN,
        ),
        Row(
            rule_id,
            CLEAN,
            lambda: case(
                line(code), earlier=[earlier_claim(others_line(other), on=_SENT)]
            ),
        ),
        # Split the other way round.
        Row(
            rule_id,
            FOUND,
            lambda: case(line(other), earlier=[earlier_claim(line(code), on=_SENT)]),
            says=f"{code} (the claim sent on 2026-03-03)",
            lines=(1,),
            severity=Severity.WARN,
        ),
        Row(
            rule_id,
            CLEAN,
            lambda: case(
                line(other), earlier=[earlier_claim(others_line(code), on=_SENT)]
            ),
        ),
    ]


SPEC = [
    *_pair("BH-051", "90837", "99214", "90837 and 99214 (line 2) of 2026-03-02"),
    *_pair("BH-053", "90791", "90837", "90791 and 90837 (line 2) of 2026-03-02"),
    *_pair("BH-054", "90792", "99213", "90792 and 99213 (line 2) of 2026-03-02"),
    *_pair("BH-060", "90847", "90846", "90847 and 90846 (line 2) of 2026-03-02"),
    *_pair("BH-061", "90847", "90834", "without a modifier for separate sessions"),
    *_pair("BH-062", "90853", "90833", "without a modifier for separate sessions"),
    Row("BH-051", CLEAN, lambda: case(line("99214"), line("90838", 2))),
    # All that stand beside it are named.
    Row(
        "BH-051",
        FOUND,
        lambda: case(line("90834"), line("99211", 2), line("99214", 3)),
        says="90834, 99211 (line 2) and 99214 (line 3) of 2026-03-02",
        lines=(1, 2, 3),
    ),
    Row(
        "BH-051",
        FOUND,
        lambda: case(line("90834"), line("98006", 2)),
        says="90834 and 98006",
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-051",
        FOUND,
        lambda: case(line("90834"), line("99211", 2)),
        severity=Severity.DENY_LIKELY,
    ),
    # One person who bills under her own name delivered both lines.
    Row(
        "BH-051",
        FOUND,
        lambda: nobody_named(
            line("90834"),
            line("99213", 2),
            billing_provider=Provider(name="Quarrystone", first_name="Lin", npi=NPI),
        ),
    ),
    # The claim's own first submission, one to another payer, one that was voided, and
    # one sent again since with another code.
    Row(
        "BH-051",
        CLEAN,
        lambda: case(
            line("90837"),
            earlier=[
                earlier_claim(line("99214"), on=_SENT, patient_control_number="C1")
            ],
        ),
    ),
    Row(
        "BH-051",
        CLEAN,
        lambda: case(
            line("90837"),
            earlier=[
                earlier_claim(line("99214"), on=_SENT, payer=ClaimPayer(payer_id="P2"))
            ],
        ),
    ),
    Row(
        "BH-051",
        CLEAN,
        lambda: case(
            line("90837"),
            earlier=[
                earlier_claim(line("99214"), on=_SENT),
                earlier_claim(line("99214"), on=date(2026, 3, 4), frequency_code="8"),
            ],
        ),
    ),
    Row(
        "BH-051",
        CLEAN,
        lambda: case(
            line("90837"),
            earlier=[
                earlier_claim(line("99214"), on=_SENT),
                earlier_claim(line("96127"), on=date(2026, 3, 4), frequency_code="7"),
            ],
        ),
    ),
    # A replacement: which claim it replaces is not known.
    Row(
        "BH-051",
        CLEAN,
        lambda: case(
            line("90837"),
            frequency_code="7",
            earlier=[earlier_claim(line("99214"), on=_SENT)],
        ),
    ),
    Row(
        "BH-052",
        FOUND,
        lambda: case(line("99214"), line("90833", 2), policy=_WANTS_25),
        says="99214 of 2026-03-02 stands with 90833 (line 2) and lacks modifier 25",
        lines=(1,),
    ),
    Row(
        "BH-052",
        FOUND,
        lambda: case(line("99214"), line("96127", 2), policy=_WANTS_25),
        says="96127",
    ),
    Row(
        "BH-052",
        CLEAN,
        lambda: case(
            line("99214", modifiers=("25",)), line("90833", 2), policy=_WANTS_25
        ),
    ),
    Row("BH-052", CLEAN, lambda: case(line("99214"), policy=_WANTS_25)),
    Row(
        "BH-052",
        CLEAN,
        lambda: case(line("99214"), others_line("90833"), policy=_WANTS_25),
    ),
    Row(
        "BH-052",
        CLEAN,
        lambda: case(
            line("99214"),
            line("90833", 2),
            policy=PayerPolicy(requires_modifier_25=False),
        ),
    ),
    Row(
        "BH-052",
        CLEAN,
        lambda: case(
            line("99214"),
            line("90833", 2),
            policy=_WANTS_25,
            payer_type=PayerType.MEDICARE,
        ),
    ),
    Row(
        "BH-052",
        CANNOT_TELL,
        lambda: case(line("99214"), line("90833", 2)),
        says="modifier 25 setting",
    ),
    Row("BH-053", CLEAN, lambda: case(line("90791"), line("90839", 2))),
    Row(
        "BH-060",
        FOUND,
        lambda: case(line("90847", modifiers=("59",)), line("90846", 2)),
        severity=Severity.WARN,
    ),
    Row(
        "BH-060",
        CLEAN,
        lambda: case(line("90847"), line("90846", 2), policy=_ANY_PAIR),
    ),
    Row(
        "BH-061",
        CLEAN,
        lambda: case(line("90847", modifiers=("XE",)), line("90834", 2)),
    ),
    Row(
        "BH-061",
        CLEAN,
        lambda: case(line("90847"), line("90834", 2), policy=_ANY_PAIR),
    ),
    Row(
        "BH-061",
        FOUND,
        lambda: case(line("90846"), line("90832", 2)),
        severity=Severity.WARN,
    ),
    # Medicare's own edit denies what nothing marks; so do payers that use it.
    Row(
        "BH-061",
        FOUND,
        lambda: case(line("90846"), line("90832", 2), payer_type=PayerType.MEDICARE),
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-062",
        FOUND,
        lambda: case(
            line("90853"),
            line("90837", 2),
            policy=PayerPolicy(applies_ncci_pairs=True),
        ),
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-062",
        FOUND,
        lambda: case(line("90853"), line("90837", 2), payer_type=PayerType.MEDICAID),
        severity=Severity.WARN,
    ),
    # One of two is marked: the other is meant.
    Row(
        "BH-062",
        FOUND,
        lambda: case(
            line("90853"), line("90837", 2, modifiers=("59",)), line("90834", 3)
        ),
        says="90853 and 90834 (line 3)",
        lines=(1, 3),
    ),
    Row(
        "BH-062",
        CLEAN,
        lambda: case(line("90853"), line("90837", 2, modifiers=("59",))),
    ),
    Row(
        "BH-062",
        CLEAN,
        lambda: case(line("90853"), line("90837", 2), policy=_ANY_PAIR),
    ),
    Row("BH-062", CLEAN, lambda: case(line("90853", service_date=DAY))),
    # Whose they are does not matter where one is marked.
    *(
        Row(
            "BH-062",
            CLEAN,
            lambda marks=marks: nobody_named(
                line("90853", modifiers=marks[0]), line("90834", 2, modifiers=marks[1])
            ),
        )
        for marks in ((("59",), ()), ((), ("XE",)))
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
