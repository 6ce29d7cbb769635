"""Scoring by a stored history, on a small simulated practice."""

from datetime import date, timedelta

import msgspec
import pytest

from denialml.errors import InputError
from denialml.journeys.score import (
    Scorer,
    open_scorer,
    score_claims,
    without_voids,
)
from denialml.modeling.risk.bundle import load_bundle
from denialml.rules.organization_rules import (
    OrganizationRules,
    PracticeRules,
    RuleSetting,
)
from denialml.store.database import open_session
from denialml.store.organizations import records_changed
from tests.journeys.simulated_store import (  # noqa: F401 (fixture)
    SimulatedStore,
    simulated_store,
)


@pytest.fixture(scope="module")
def scorer(simulated_store: SimulatedStore) -> Scorer:  # noqa: F811
    with open_session(simulated_store.engine) as session:
        return open_scorer(
            session,
            simulated_store.organization_id,
            bundle=load_bundle(simulated_store.serving, seal=simulated_store.seal),
        )


def test_outgoing_claims_get_risks_in_their_order(
    simulated_store: SimulatedStore,  # noqa: F811
    scorer: Scorer,
) -> None:
    claims = simulated_store.outgoing
    scores = scorer.score(claims)
    assert [one.patient_control_number for one in scores] == [
        one.patient_control_number for one in claims
    ]
    for claim, score in zip(claims, scores, strict=True):
        assert score.as_of == claim.submitted_on
        assert 0.0 < score.probability < 1.0
        assert score.model_version == simulated_store.training.version
        assert len(score.lines) == len(claim.lines)


def test_alone_together_and_after_other_days_a_claim_scores_the_same(
    simulated_store: SimulatedStore,  # noqa: F811
    scorer: Scorer,
) -> None:
    claims = simulated_store.outgoing
    together = scorer.score(claims)
    with open_session(simulated_store.engine) as session:
        alone = score_claims(
            session,
            simulated_store.organization_id,
            claims[:1],
            bundle=load_bundle(simulated_store.serving, seal=simulated_store.seal),
        )
    assert msgspec.json.encode(alone[0]) == msgspec.json.encode(together[0])
    late = scorer.score(claims[:1], as_of=date(2024, 7, 1))
    assert late[0].as_of == date(2024, 7, 1)
    assert scorer.score(claims[:1]) == together[:1], "history stands where it must"


def test_a_new_record_makes_the_scorer_stale(
    simulated_store: SimulatedStore,  # noqa: F811
    scorer: Scorer,
) -> None:
    organization_id = simulated_store.organization_id
    with open_session(simulated_store.engine) as session:
        assert scorer.is_current(session, organization_id)
        records_changed(session, organization_id)
        assert not scorer.is_current(session, organization_id)
        session.rollback()


def test_a_claim_without_lines_or_day_is_refused_by_name(scorer: Scorer) -> None:
    with pytest.raises(InputError, match="'X1' has no service line"):
        scorer.score([_bare("X1")])


def test_a_claim_without_a_submission_day_needs_one(
    simulated_store: SimulatedStore,  # noqa: F811
    scorer: Scorer,
) -> None:
    claim = msgspec.structs.replace(simulated_store.outgoing[0], submitted_on=None)
    with pytest.raises(InputError, match="states no submission day"):
        scorer.score([claim])
    day = date(2024, 3, 31) + timedelta(days=2)
    assert scorer.score([claim], as_of=day)[0].as_of == day


def test_a_void_is_never_given_a_risk(
    simulated_store: SimulatedStore,  # noqa: F811
    scorer: Scorer,
) -> None:
    billed = simulated_store.outgoing[:3]
    void = msgspec.structs.replace(billed[1], frequency_code="8")
    with pytest.raises(InputError, match="is a void"):
        scorer.score([void])
    kept, problems = without_voids([billed[0], void, billed[2]], file="out.edi")
    assert kept == [billed[0], billed[2]]
    [problem] = problems
    assert (problem.severity, problem.element) == ("warning", "CLM05-3")
    assert void.patient_control_number in problem.message


def test_a_day_before_all_history_says_so_in_every_score(
    simulated_store: SimulatedStore,  # noqa: F811
    scorer: Scorer,
) -> None:
    claims = simulated_store.outgoing[:2]
    assert [one.warnings for one in scorer.score(claims)] == [(), ()]
    for score in scorer.score(claims, as_of=date(2001, 1, 1)):
        first, second = score.warnings
        assert "no history before 2001-01-01" in first
        assert "seen the future of 2001-01-01" in second


def _bare(number: str):
    from tests.modeling.small_practice import make_claim

    claim = make_claim(number, day=date(2024, 3, 1))
    return msgspec.structs.replace(claim, lines=())


def test_an_organizations_own_rules_move_findings_and_never_the_risk(
    simulated_store: SimulatedStore,  # noqa: F811
    scorer: Scorer,
) -> None:
    claims = simulated_store.outgoing
    plain = scorer.score(claims)
    assert scorer.bundle.with_rules
    found = {one.rule_id for score in plain for one in score.findings}
    off = {rule_id: RuleSetting(enabled=False) for rule_id in found}
    with open_session(simulated_store.engine) as session:
        other = open_scorer(
            session,
            simulated_store.organization_id,
            bundle=scorer.bundle,
            rules=PracticeRules(written=OrganizationRules(rules=off)),
        )
    silent = other.score(claims)
    assert found
    assert not any(one.findings for one in silent)
    assert [one.lines for one in silent] == [one.lines for one in plain]
    assert any(
        share.feature == "rate_by_rules" and share.value is not None
        for score in silent
        for line in score.lines
        for share in line.contributions
    )
