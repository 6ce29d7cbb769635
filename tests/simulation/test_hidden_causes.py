"""What payers saw is kept in memory where it is asked for, and changes nothing."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from denialml.journeys.simulate import write_practice
from denialml.simulation import TRUTH_CAUSES, SimulatedPractice, simulate_practice
from denialml.simulation.rules import (
    RULE_CAUSES,
    Chance,
    Rule,
    claim_chances,
    left_over,
    line_chances,
)

STATES = frozenset({"eligibility_coverage", "cob_wrong_payer", "provider_eligibility"})


def practice_of(*, keep_causes: bool) -> SimulatedPractice:
    return simulate_practice(
        seed=6,
        claims=1500,
        starts_on=date(2024, 1, 1),
        ends_on=date(2025, 6, 30),
        keep_causes=keep_causes,
    )


@pytest.fixture(scope="module")
def kept() -> SimulatedPractice:
    return practice_of(keep_causes=True)


def chances_by_cause(chances: list[Chance]) -> dict[str, float]:
    """The chance that one of a cause's rules fires."""
    rules: dict[str, list[Chance]] = {}
    for rule, chance in chances:
        cause = RULE_CAUSES[rule].value if rule in RULE_CAUSES else "payer_error"
        rules.setdefault(cause, []).append((rule, chance))
    return {cause: 1.0 - left_over(some) for cause, some in rules.items()}


def test_keeping_causes_changes_nothing_else(
    kept: SimulatedPractice, tmp_path: Path
) -> None:
    plain = practice_of(keep_causes=False)
    assert plain.hidden == {}
    assert msgspec.structs.replace(kept, hidden={}) == plain
    for name, practice in (("kept", kept), ("plain", plain)):
        write_practice(practice, tmp_path / name)
    files = {
        path.relative_to(tmp_path / "kept"): path.read_bytes()
        for path in (tmp_path / "kept").rglob("*")
        if path.is_file()
    }
    assert files
    for path, content in files.items():
        assert (tmp_path / "plain" / path).read_bytes() == content


def test_every_adjudicated_submission_has_the_rule_that_fired(
    kept: SimulatedPractice,
) -> None:
    adjudicated = [row for row in kept.truth if row.denied is not None]
    keys = {(row.patient_control_number, row.submitted_on) for row in adjudicated}
    assert keys == set(kept.hidden)
    for row in adjudicated:
        found = kept.hidden[row.patient_control_number, row.submitted_on]
        assert len(found.fired) == len(found.line_contexts)
        rule = found.fired[row.line_number - 1]
        assert (rule is not None) is row.denied
        assert (rule is Rule.PAYER_ERROR) is row.payer_error
        if rule is not None and rule is not Rule.PAYER_ERROR:
            assert row.root_cause == RULE_CAUSES[rule]


def test_rules_are_those_of_the_day(kept: SimulatedPractice) -> None:
    """The kept rules and what they read give the truth's chances, to the last digit.

    Payers change their rules within the span: a copy of their last ones would not.
    """
    policies: dict[str, list[object]] = {}
    for row in kept.truth:
        found = kept.hidden.get((row.patient_control_number, row.submitted_on))
        if found is None:
            continue
        seen = policies.setdefault(row.payer_id, [])
        if not any(found.policy is one for one in seen):
            seen.append(found.policy)
        chances = chances_by_cause(
            [
                *claim_chances(found.policy, found.claim_context),
                *line_chances(found.policy, found.line_contexts[row.line_number - 1]),
            ]
        )
        for cause, chance in zip(TRUTH_CAUSES, row.cause_chances, strict=True):
            if cause not in STATES:
                assert chances.get(cause, 0.0) == pytest.approx(chance, abs=1e-12)
    assert max(map(len, policies.values())) > 1


def test_an_answer_of_the_day_may_not_know_yet_that_coverage_ended(
    kept: SimulatedPractice,
) -> None:
    denied = [one for one in kept.hidden.values() if Rule.ELIGIBILITY in one.fired]
    late = [one for one in denied if one.check_shows_coverage]
    assert denied
    assert 0.0 < len(late) / len(denied) < 0.35


def test_minutes_are_kept_whoever_wrote_them_down(kept: SimulatedPractice) -> None:
    for one in kept.hidden.values():
        assert one.held_minutes >= 10
        assert one.documented_minutes in (None, one.held_minutes)
    assert any(one.documented_minutes is None for one in kept.hidden.values())
