"""Pass, warn or hold, by findings and risk."""

from datetime import date

import msgspec
import pytest

from api.examples import EXAMPLE_SCORE
from denialml.domain.edit import Decision, Severity
from denialml.domain.risk import CutOff
from denialml.rules.decision import decide
from denialml.rules.organization_rules import DecisionPolicy

POLICY = DecisionPolicy()
[FINDING] = EXAMPLE_SCORE.findings
CUT_OFF = CutOff(
    precision=0.9, risk=0.4, flagged=50, denied=46, low=0.8, high=0.97, recall=0.3
)


@pytest.mark.parametrize(
    ("severity", "decision"),
    [
        (Severity.REJECT, Decision.HOLD),
        (Severity.HOLD, Decision.HOLD),
        (Severity.DENY_LIKELY, Decision.WARN),
        (Severity.WARN, Decision.WARN),
    ],
)
def test_the_severity_decides_by_the_usual_policy(
    severity: Severity, decision: Decision
) -> None:
    found = msgspec.structs.replace(FINDING, severity=severity)
    decided = decide(EXAMPLE_SCORE, [found], POLICY, cut_off=None)
    assert decided.decision is decision
    assert decided.reasons == (FINDING.statement,)


def test_what_cannot_be_told_decides_nothing() -> None:
    unknown = msgspec.structs.replace(
        FINDING, verdict="cannot_tell", severity=Severity.HOLD
    )
    decided = decide(EXAMPLE_SCORE, [unknown], POLICY, cut_off=None)
    assert (decided.decision, decided.reasons) == (Decision.PASSES, ())


def test_a_risk_at_the_cut_off_holds_and_says_what_that_is_worth() -> None:
    decided = decide(EXAMPLE_SCORE, [], POLICY, cut_off=CUT_OFF)
    assert decided.decision is Decision.HOLD
    assert "46 of 50 earlier claims were denied" in decided.reasons[0]
    below = msgspec.structs.replace(EXAMPLE_SCORE, probability=0.39)
    assert decide(below, [], POLICY, cut_off=CUT_OFF).decision is Decision.PASSES
    unsure = msgspec.structs.replace(EXAMPLE_SCORE, abstains=True)
    assert decide(unsure, [], POLICY, cut_off=CUT_OFF).decision is Decision.PASSES


def test_an_organization_may_hold_what_others_warn_of() -> None:
    strict = DecisionPolicy(hold=(Severity.DENY_LIKELY,), warn=())
    decided = decide(EXAMPLE_SCORE, [FINDING], strict, cut_off=None)
    assert decided.decision is Decision.HOLD
    lenient = DecisionPolicy(hold=(), warn=())
    decided = decide(EXAMPLE_SCORE, [FINDING], lenient, cut_off=None)
    assert decided.decision is Decision.PASSES
    assert EXAMPLE_SCORE.as_of == date(2026, 10, 6)
