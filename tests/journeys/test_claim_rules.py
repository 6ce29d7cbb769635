"""Claim rules beside the risk, by a stored history, on a small simulated practice."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from denialml.domain.edit import Decision, Severity
from denialml.journeys.score import Scorer, open_scorer
from denialml.modeling.risk.bundle import load_bundle
from denialml.rules.organization_rules import (
    NO_RULES_OF_ITS_OWN,
    DecisionPolicy,
    OrganizationRules,
    PracticeRules,
    RuleSetting,
)
from denialml.store.database import open_session
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    SimulatedStore,
    simulated_store,
)


def scorer_with(store: SimulatedStore, rules: PracticeRules) -> Scorer:
    with open_session(store.engine) as session:
        return open_scorer(
            session,
            store.organization_id,
            bundle=load_bundle(store.serving, seal=store.seal),
            rules=rules,
        )


@pytest.fixture(scope="module")
def as_they_come(simulated_store: SimulatedStore) -> Scorer:  # noqa: F811
    return scorer_with(simulated_store, NO_RULES_OF_ITS_OWN)


def test_every_score_has_a_decision_that_follows_from_its_findings(
    simulated_store: SimulatedStore,  # noqa: F811
    as_they_come: Scorer,
) -> None:
    for score in as_they_come.score(simulated_store.outgoing):
        found = [one for one in score.findings if one.verdict == "found"]
        assert score.decision is not None
        holds = [
            one.statement
            for one in found
            if one.severity in (Severity.REJECT, Severity.HOLD)
        ]
        if holds:
            assert score.decision.decision is Decision.HOLD
            assert score.decision.reasons == tuple(holds)
        elif found:
            assert score.decision.decision is Decision.WARN
        else:
            assert score.decision.decision is Decision.PASSES


def test_the_rules_change_no_risk_and_are_the_same_alone_and_together(
    simulated_store: SimulatedStore,  # noqa: F811
    as_they_come: Scorer,
) -> None:
    claims = simulated_store.outgoing
    off = PracticeRules(
        written=OrganizationRules(rules={"BH-036": RuleSetting(enabled=False)})
    )
    others = scorer_with(simulated_store, off).score(claims)
    for one, other in zip(as_they_come.score(claims), others, strict=True):
        assert msgspec.structs.replace(
            one, findings=(), decision=None, fixes=None
        ) == msgspec.structs.replace(other, findings=(), decision=None, fixes=None)
        assert "BH-036" not in {found.rule_id for found in other.findings}
    together = as_they_come.score(claims)
    assert as_they_come.score(claims[3:4]) == together[3:4]


def test_a_broken_claim_is_found_out_with_its_line(
    simulated_store: SimulatedStore,  # noqa: F811
    as_they_come: Scorer,
) -> None:
    claim = next(
        one
        for one in simulated_store.outgoing
        if one.lines[0].procedure_code in ("90834", "90837")
    )
    first = msgspec.structs.replace(claim.lines[0], units=Decimal(2))
    broken = msgspec.structs.replace(claim, lines=(first, *claim.lines[1:]))
    [score] = as_they_come.score([broken])
    [found] = [one for one in score.findings if one.rule_id == "BH-040"]
    assert found.line_numbers == (first.line_number,)
    assert score.decision is not None
    assert found.statement in score.decision.reasons


def test_a_policy_on_risk_holds_the_riskiest(
    simulated_store: SimulatedStore,  # noqa: F811
) -> None:
    policy = DecisionPolicy(hold=(), warn=(), precision=0.2)
    scorer = scorer_with(
        simulated_store, PracticeRules(written=OrganizationRules(decision=policy))
    )
    cut_offs = scorer.bundle.facts.calibration.cut_offs
    assert cut_offs, "the small model has learnt no cut-off: raise its claims"
    for score in scorer.score(simulated_store.outgoing):
        assert score.decision is not None
        is_held = score.probability >= cut_offs[0].risk and not score.abstains
        assert (score.decision.decision is Decision.HOLD) is is_held


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
def test_days_that_no_calendar_can_count_with_are_found_and_harm_nothing(
    simulated_store: SimulatedStore,  # noqa: F811
    as_they_come: Scorer,
    day: date,
) -> None:
    claim = simulated_store.outgoing[0]
    for code in ("99494", "96131", "96130", "90791", "90837", "97153"):
        first = msgspec.structs.replace(
            claim.lines[0], service_date=day, procedure_code=code
        )
        odd = msgspec.structs.replace(claim, lines=(first,))
        [score] = as_they_come.score([odd], as_of=claim.submitted_on)
        [found] = score.findings
        assert found.rule_id == "BH-009"
        assert str(day) in found.statement
        assert score.decision is not None
        assert score.decision.decision is Decision.HOLD
