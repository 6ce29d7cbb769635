"""What the practice's own remittances say of a rule, and what that lowers."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.edit import Measured, Severity
from denialml.rules.engine import Engine
from denialml.rules.measured import MeasuringPolicy, RuleMeasures
from denialml.rules.organization_rules import OrganizationRules
from tests.rules.cases import case, line, note


def measures(**payers: tuple[int, int, float]) -> RuleMeasures:
    return RuleMeasures(
        as_of=date(2026, 3, 1),
        since=date(2025, 3, 1),
        by_payer={
            "BH-036 deny-likely": {
                payer: Measured(found=a, denied=b, denied_for_cause=c)
                for payer, (a, b, c) in payers.items()
            }
        },
    )


def finding(found: RuleMeasures, **policy: object) -> object:
    settings = OrganizationRules(measured=MeasuringPolicy(**policy))
    judged = Engine(settings, measures=found).judge(
        case(line("90837"), notes=[note(minutes=52)])
    )
    return next(one for one in judged if one.rule_id == "BH-036")


@pytest.mark.parametrize(
    ("counts", "severity"),
    [
        ({"P1": (40, 36, 34.0)}, Severity.DENY_LIKELY),
        ({"P1": (40, 6, 2.0)}, Severity.WARN),
        # Too few at this payer: what all payers did decides.
        ({"P1": (3, 3, 3.0), "P2": (100, 5, 1.0)}, Severity.WARN),
        ({"P1": (3, 0, 0.0), "P2": (100, 95, 90.0)}, Severity.DENY_LIKELY),
        # Too few anywhere: the rule's own severity.
        ({"P1": (3, 0, 0.0)}, Severity.DENY_LIKELY),
        ({}, Severity.DENY_LIKELY),
    ],
)
def test_a_rule_that_payers_mostly_paid_becomes_a_warning(
    counts: dict[str, tuple[int, int, float]], severity: Severity
) -> None:
    found = finding(measures(**counts))
    assert found.severity is severity
    assert (found.usual_severity is Severity.DENY_LIKELY) is (severity is Severity.WARN)


def test_the_count_is_shown_and_says_whose_it_is() -> None:
    own = finding(measures(P1=(40, 36, 34.0)))
    assert own.measured.precision == 36 / 40
    assert own.measured == Measured(found=40, denied=36, denied_for_cause=34.0)
    pooled = finding(measures(P1=(3, 0, 0.0), P2=(100, 95, 90.0)))
    assert pooled.measured == Measured(
        found=103, denied=95, denied_for_cause=90.0, of_payer=False
    )
    assert finding(measures(P1=(3, 0, 0.0))).measured is None


def test_an_organization_decides_what_lowers() -> None:
    paid = measures(P1=(40, 6, 2.0))
    assert finding(paid, lowers=False).severity is Severity.DENY_LIKELY
    assert finding(paid, precision=0.05).severity is Severity.DENY_LIKELY
    assert finding(paid, least_found=41).severity is Severity.DENY_LIKELY


def test_what_holds_or_rejects_is_never_lowered() -> None:
    found = RuleMeasures(
        as_of=date(2026, 3, 1),
        since=date(2025, 3, 1),
        by_payer={
            "BH-040 hold": {"P1": Measured(found=90, denied=0, denied_for_cause=0.0)}
        },
    )
    judged = Engine(measures=found).judge(case(line("90834", units=Decimal(2))))
    [own] = [one for one in judged if one.rule_id == "BH-040"]
    assert own.severity is Severity.HOLD
    assert own.measured is not None
