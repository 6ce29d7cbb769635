"""The rules of `families.code_pairs`."""

from datetime import date

import pytest

from denialml.domain.claim import Provider
from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.rules.case import ClaimCase
from denialml.rules.engine import Engine
from denialml.rules.organization_rules import OrganizationRules, RuleSetting
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import BILLING_NPI, case, earlier_claim, line
from tests.rules.spec import (
    CANNOT_TELL,
    CLEAN,
    ENGINE,
    FOUND,
    Row,
    check_row,
)

ALWAYS_TELL: set[str] = set()
APPLIES = PayerPolicy(applies_ncci_pairs=True)
NOT_APPLIED = PayerPolicy(applies_ncci_pairs=False)
OTHER = Provider(name="Other", npi="1999020013")
NOBODY = Provider(name="Cedar and Sample", npi=BILLING_NPI)


def two(
    first: str,
    second: str,
    *,
    modifiers: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    day: date = date(2026, 3, 2),
    to: PayerType = PayerType.MEDICARE,
    **fields: object,
) -> ClaimCase:
    """A claim with these two codes for one day."""
    return case(
        line(first, modifiers=modifiers[0], service_date=day),
        line(second, 2, modifiers=modifiers[1], service_date=day),
        payer_type=to,
        **fields,  # type: ignore[arg-type]
    )


SPEC = [
    Row(
        "BH-065",
        FOUND,
        lambda: two("90834", "96116"),
        says="without a modifier that says they are distinct",
        lines=(1, 2),
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-065", CLEAN, lambda: two("90834", "96116", modifiers=(("59",), ()))),
    Row("BH-065", CLEAN, lambda: two("90834", "96116", modifiers=((), ("XE",)))),
    # Review E22: 25 on the visit opens what belongs to it.
    Row("BH-065", FOUND, lambda: two("99214", "G0444")),
    Row("BH-065", CLEAN, lambda: two("99214", "G0444", modifiers=(("25",), ()))),
    Row("BH-065", CLEAN, lambda: two("99214", "96127", modifiers=(("25",), ()))),
    Row("BH-065", CLEAN, lambda: two("99214", "99406", modifiers=(("25",), ()))),
    Row("BH-065", FOUND, lambda: two("90834", "96116", modifiers=((), ("95",)))),
    # Review E23: another clinician's service is no pair.
    Row(
        "BH-065",
        CLEAN,
        lambda: case(
            line("90834"),
            line("96116", 2, rendering_provider=OTHER),
            payer_type=PayerType.MEDICARE,
        ),
    ),
    Row(
        "BH-065",
        CANNOT_TELL,
        lambda: two("90834", "96116", rendering_provider=NOBODY),
        says="the clinician who delivered",
    ),
    Row(
        "BH-065",
        CLEAN,
        lambda: two(
            "90834",
            "96116",
            to=PayerType.COMMERCIAL,
            policy=NOT_APPLIED,
            rendering_provider=NOBODY,
        ),
    ),
    Row(
        "BH-065",
        CLEAN,
        lambda: case(
            line("90834"),
            line("96116", 2, service_date=date(2026, 3, 3)),
            payer_type=PayerType.MEDICARE,
        ),
    ),
    # A line sent before is one of the day's; what became of it is not known.
    Row(
        "BH-065",
        FOUND,
        lambda: case(
            line("96116"),
            payer_type=PayerType.MEDICARE,
            earlier=[earlier_claim(line("90834"), on=date(2026, 3, 3))],
        ),
        says="the claim sent on 2026-03-03",
        lines=(1,),
        severity=Severity.WARN,
    ),
    Row(
        "BH-065",
        CANNOT_TELL,
        lambda: two("90834", "96116", to=PayerType.COMMERCIAL),
        says="applies_ncci_pairs",
    ),
    Row(
        "BH-065",
        CLEAN,
        lambda: two("90834", "96116", to=PayerType.COMMERCIAL, policy=NOT_APPLIED),
    ),
    Row(
        "BH-065",
        FOUND,
        lambda: two("90834", "96116", to=PayerType.MEDICAID),
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-066",
        FOUND,
        lambda: two("90834", "96127", modifiers=((), ("59",))),
        says="whatever the modifier",
        lines=(1, 2),
        severity=Severity.DENY_LIKELY,
    ),
    Row("BH-066", FOUND, lambda: two("96127", "90834"), lines=(1, 2)),
    Row("BH-066", CLEAN, lambda: two("99214", "90833")),
    # A pair that has ended is one until its last day.
    Row("BH-066", FOUND, lambda: two("90804", "90801", day=date(2012, 12, 31))),
    Row("BH-066", CLEAN, lambda: two("90804", "90801", day=date(2013, 1, 1))),
    # Listed in the other order until 2014-09-30: column 2 is at fault either way.
    Row(
        "BH-066",
        FOUND,
        lambda: two("90870", "90791", day=date(2014, 9, 30)),
        says="90791 of 2014-09-30 is not paid beside 90870 (line 1)",
    ),
    Row(
        "BH-066",
        FOUND,
        lambda: two("90870", "90791", day=date(2014, 10, 1)),
        says="90870 of 2014-10-01 is not paid beside 90791 (line 2)",
    ),
    Row(
        "BH-066",
        FOUND,
        lambda: two("90834", "96127", to=PayerType.COMMERCIAL, policy=APPLIES),
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-066",
        CANNOT_TELL,
        lambda: two("90834", "96127", to=PayerType.COMMERCIAL),
        says="applies_ncci_pairs",
    ),
    Row(
        "BH-066",
        CANNOT_TELL,
        lambda: two("90834", "96127", no_payer=True),
        says="the payer's type",
    ),
    # A rule of its own speaks of the pair, or would if it knew who delivered it.
    Row("BH-065", CLEAN, lambda: two("90853", "90834")),
    Row("BH-066", CLEAN, lambda: two("90791", "90834")),
    Row("BH-066", CLEAN, lambda: two("90791", "90834", to=PayerType.COMMERCIAL)),
    Row("BH-066", CLEAN, lambda: two("90791", "90834", rendering_provider=NOBODY)),
    Row(
        "BH-066",
        CLEAN,
        lambda: case(
            line("90834"),
            payer_type=PayerType.MEDICARE,
            earlier=[earlier_claim(line("90791"), on=date(2026, 3, 3))],
        ),
    ),
    # Another pair of the same line is not covered by it.
    Row(
        "BH-066",
        FOUND,
        lambda: case(
            line("90791"),
            line("90834", 2),
            line("96127", 3),
            payer_type=PayerType.MEDICARE,
        ),
        says="96127 of 2026-03-02 is not paid beside 90791 (line 1) and 90834 (line 2)",
        lines=(1, 2, 3),
    ),
    # 90785 has its base, so that no other rule objects to the crisis beside it.
    Row(
        "BH-066",
        FOUND,
        lambda: case(
            line("90839"),
            line("90785", 2),
            line("90791", 3),
            payer_type=PayerType.MEDICARE,
        ),
        says="90785 of 2026-03-02 is not paid beside 90839 (line 1)",
        lines=(1, 2),
    ),
]
PAIRS_OF_OWN_RULES = {
    "BH-050": ("90833", "99283"),
    "BH-051": ("90834", "99214"),
    "BH-053": ("90791", "90837"),
    "BH-054": ("90792", "99214"),
    "BH-056": ("90839", "90847"),
    "BH-058": ("90785", "97153"),
    "BH-060": ("90847", "90846"),
    "BH-061": ("90846", "90832"),
    "BH-062": ("90853", "90837"),
    "BH-073": ("99484", "99492"),
}
NCCI_RULES = {"BH-065", "BH-066"}


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


@pytest.mark.parametrize(
    ("own_rule", "codes"), PAIRS_OF_OWN_RULES.items(), ids=PAIRS_OF_OWN_RULES
)
def test_a_pair_with_a_rule_of_its_own_is_told_once(
    own_rule: str, codes: tuple[str, str]
) -> None:
    """In either order, and no milder than Medicare's edit."""
    for first, second in (codes, codes[::-1]):
        found = ENGINE.judge(two(first, second))
        (told,) = [
            one for one in found if one.rule_id in NCCI_RULES | {*PAIRS_OF_OWN_RULES}
        ]
        assert told.rule_id == own_rule
        assert told.line_numbers == (1, 2)
        assert told.severity in (Severity.HOLD, Severity.DENY_LIKELY)


@pytest.mark.parametrize(
    ("own_rule", "codes"), PAIRS_OF_OWN_RULES.items(), ids=PAIRS_OF_OWN_RULES
)
def test_a_split_pair_is_told_once(own_rule: str, codes: tuple[str, str]) -> None:
    """Whichever of the two was sent before."""
    for now, before in (codes, codes[::-1]):
        judged = case(
            line(now),
            payer_type=PayerType.MEDICARE,
            earlier=[earlier_claim(line(before), on=date(2026, 3, 3))],
        )
        told = [
            one.rule_id
            for one in ENGINE.judge(judged)
            if one.rule_id in NCCI_RULES | {own_rule}
        ]
        assert len(told) == 1, (now, before)


@pytest.mark.parametrize(
    ("own_rule", "codes"), PAIRS_OF_OWN_RULES.items(), ids=PAIRS_OF_OWN_RULES
)
def test_a_pair_is_told_when_the_rule_of_its_own_is_switched_off(
    own_rule: str, codes: tuple[str, str]
) -> None:
    """As Medicare's edit, on either claim; the other rules' pairs stay theirs."""
    engine = Engine(OrganizationRules(rules={own_rule: RuleSetting(enabled=False)}))
    for first, second in (codes, codes[::-1]):
        (told,) = [
            one
            for one in engine.judge(two(first, second))
            if one.rule_id in NCCI_RULES | {*PAIRS_OF_OWN_RULES}
        ]
        assert told.rule_id in NCCI_RULES
        assert told.line_numbers == (1, 2)
        split = case(
            line(first),
            payer_type=PayerType.MEDICARE,
            earlier=[earlier_claim(line(second), on=date(2026, 3, 3))],
        )
        assert NCCI_RULES & {one.rule_id for one in engine.judge(split)}
    for other, pair in PAIRS_OF_OWN_RULES.items():
        found = {one.rule_id for one in engine.judge(two(*pair))}
        assert (other in found) is (other != own_rule)
        assert bool(NCCI_RULES & found) is (other == own_rule)


def test_a_severity_of_its_own_switches_nothing_off() -> None:
    milder = OrganizationRules(rules={"BH-053": RuleSetting(severity=Severity.WARN)})
    found = {one.rule_id for one in Engine(milder).judge(two("90791", "90837"))}
    assert "BH-053" in found
    assert not NCCI_RULES & found
