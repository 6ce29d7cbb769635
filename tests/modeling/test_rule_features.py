"""Claim rules among the features: where they take part, and that nothing else moves."""

from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest

from benchmarks.simulated_records import records_of
from denialml.domain.denial import RootCause
from denialml.domain.facts import PracticeRecords
from denialml.errors import BundleRejected
from denialml.modeling.knowledge import observation, rule_outcomes
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.knowledge.rule_book import RuleRates
from denialml.modeling.risk import bundle as bundle_module
from denialml.modeling.risk import frames
from denialml.modeling.risk.bundle import Bundle, load_bundle, write_bundle
from denialml.modeling.risk.cause_chances import CAUSES, cause_rates
from denialml.modeling.risk.denial_risk import score_claims
from denialml.modeling.risk.explanation import contributions_of
from denialml.modeling.risk.features import FEATURES, line_features
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.reasons import matter_weights, reasons_of
from denialml.modeling.risk.replay import replay
from denialml.modeling.risk.seal import SigningSeal
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.modeling.risk.tree_fitting import fit_trees
from denialml.rules.registry import all_rules
from denialml.simulation import simulate_practice
from tests.modeling.conftest import FULL, TRAINED_AS_OF
from tests.modeling.test_features import line_input

NAMES = [feature.name for feature in FEATURES]
BY_CAUSE, BY_RULES = NAMES.index("rate_by_cause"), NAMES.index("rate_by_rules")
CUT = date(2024, 9, 1)
SEAL = SigningSeal("organization", private_key=b"k" * 32)


@pytest.fixture(scope="module")
def simulated() -> PracticeRecords:
    practice = simulate_practice(
        seed=103, claims=2500, starts_on=date(2023, 1, 1), ends_on=date(2024, 12, 31)
    )
    return records_of(practice)


@pytest.fixture(scope="module")
def judged(simulated: PracticeRecords) -> Frame:
    return build_frame(simulated)


@pytest.fixture(scope="module")
def plain(simulated: PracticeRecords) -> Frame:
    return build_frame(simulated, with_rules=False)


def test_a_thin_history_is_judged_and_only_lines_that_break_a_rule_move(
    judged: Frame, plain: Frame
) -> None:
    assert judged.with_rules
    breaks = np.array([bool(one.broken) for one in judged.lines])
    assert 200 < breaks.sum() < len(breaks) - 200
    rules = judged.matrix[:, BY_RULES]
    assert np.array_equal(~np.isnan(rules), breaks)
    before, after = plain.matrix[:, BY_CAUSE], judged.matrix[:, BY_CAUSE]
    assert np.array_equal(after[~breaks], before[~breaks])
    joined = 1.0 - (1.0 - before[breaks]) * (1.0 - rules[breaks])
    assert np.array_equal(after[breaks], joined)
    others = [at for at in range(len(FEATURES)) if at not in (BY_CAUSE, BY_RULES)]
    assert plain.matrix[:, others].tobytes() == judged.matrix[:, others].tobytes()


def test_from_so_many_answers_on_nothing_is_judged(
    simulated: PracticeRecords,
    plain: Frame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = len({(one.claim_id, one.line_number) for one in simulated.adjudications})
    monkeypatch.setattr(frames, "RULES_BELOW_ANSWERS", answered)
    monkeypatch.setattr(observation, "broken_rules", _judges_nothing)
    large = build_frame(simulated)
    assert not large.with_rules
    assert np.isnan(large.matrix[:, BY_RULES]).all()
    assert large.matrix.tobytes() == plain.matrix.tobytes()
    # The answers known then decide: one fewer, and the practice is thin.
    monkeypatch.undo()
    monkeypatch.setattr(frames, "RULES_BELOW_ANSWERS", answered + 1)
    assert build_frame(simulated).with_rules


def _judges_nothing(*_: object, **__: object) -> dict[int, rule_outcomes.Broken]:
    raise AssertionError("a line of a large practice was judged")


@pytest.mark.parametrize("thin", [True, False], ids=["thin", "full"])
def test_a_large_practices_model_is_the_one_it_was_without_the_column(
    plain: Frame, *, thin: bool
) -> None:
    """The same trees, and the same scores, to the last bit."""
    narrow = msgspec.structs.replace(plain, matrix=plain.matrix[:, :BY_RULES].copy())
    assert len(FEATURES) - 1 == BY_RULES
    specification = TrainingSpecification() if thin else FULL
    labels = plain.labels(known_by=CUT)
    rows = np.flatnonzero((labels >= 0) & plain.original)
    start = np.log(plain.matrix[:, BY_CAUSE]) if thin else None
    said = [
        fit_trees(one, labels, rows, specification, start=start, trees=60).predict(
            one.matrix, raw_score=True
        )
        for one in (plain, narrow)
    ]
    assert np.asarray(said[0]).tobytes() == np.asarray(said[1]).tobytes()


def test_trees_never_split_on_what_is_only_told(judged: Frame) -> None:
    bundle = train_bundle(judged, specification=FULL, known_by=CUT)
    used = bundle.booster.feature_importance()
    assert used[BY_RULES] == 0
    assert used[BY_CAUSE] > 0
    assert bundle.with_rules


def test_rows_with_rules_replay_bit_for_bit(
    simulated: PracticeRecords, judged: Frame
) -> None:
    found = replay(simulated, judged)
    assert found.rows >= 20
    assert found.changed == ()


def test_judging_by_what_came_later_is_seen_by_the_replay(
    simulated: PracticeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_rules = observation.broken_rules

    def by_the_file_of_today(claim, fact_book, *, as_of):  # type: ignore[no-untyped-def]
        return plain_rules(claim, fact_book, as_of=date(2025, 6, 1))

    monkeypatch.setattr(observation, "broken_rules", by_the_file_of_today)
    changed = dict(replay(simulated, build_frame(simulated)).changed)
    assert changed.keys() >= {"rate_by_rules", "rate_by_cause"}


def test_a_history_without_rules_is_not_taken_for_one_with_them(
    small_records: PracticeRecords, small_bundle: Bundle
) -> None:
    book = FactBook(small_records)
    history = History(answer_events(observe_lines(small_records, book)))
    history.advance(TRAINED_AS_OF)
    with pytest.raises(ValueError, match="made without claim rules, the model with"):
        score_claims(
            [small_records.submitted_claims[-1].claim],
            fact_book=book,
            history=history,
            bundle=small_bundle,
            as_of=TRAINED_AS_OF,
        )


def test_a_bundle_of_other_rules_is_refused(
    small_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(small_bundle, tmp_path / "one", seal=SEAL, status="promoted")
    assert load_bundle(tmp_path / "one", seal=SEAL).with_rules
    monkeypatch.setattr(bundle_module, "rule_set_hash", lambda: "0123456789abcdef")
    with pytest.raises(BundleRejected, match="learnt from other claim rules"):
        load_bundle(tmp_path / "one", seal=SEAL)
    # A model that reads no rules does not mind.
    facts = msgspec.structs.replace(small_bundle.facts, rules="")
    unmoved = Bundle(small_bundle.booster, facts)
    write_bundle(unmoved, tmp_path / "two", seal=SEAL, status="promoted")
    assert not load_bundle(tmp_path / "two", seal=SEAL).with_rules


def test_the_hash_of_the_rules_changes_with_any_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = rule_outcomes.rule_set_hash.__wrapped__()
    assert before == rule_outcomes.rule_set_hash()
    rules = dict(all_rules())
    first = next(iter(rules))
    for change in (
        {"severity": "hold" if rules[first].severity != "hold" else "warn"},
        {"root_cause": RootCause.TIMELY_FILING},
        {"id": "BH-000"},
    ):
        other = {**rules, first: msgspec.structs.replace(rules[first], **change)}
        monkeypatch.setattr(rule_outcomes, "all_rules", lambda: other)  # noqa: B023
        assert rule_outcomes.rule_set_hash.__wrapped__() != before


def test_a_broken_rule_is_a_reason_with_its_answers_and_the_usual_rate() -> None:
    row = line_input()
    rates = RuleRates(
        rate=0.62, answers=45, usual=0.03, causes=(("timely_filing", 0.62, 0.03),)
    )
    about = msgspec.structs.replace(row.history, rule_rates=rates)
    row = msgspec.structs.replace(row, history=about)
    values = line_features(row).tolist()
    shares = [0.0] * len(FEATURES)
    shares[BY_CAUSE] = 1.5
    told = reasons_of(row, values, contributions_of(row, values, shares))
    [reason] = [one for one in told.raising if one.topic == "claim rules"]
    assert reason.sentence == (
        "Of Payer P1's answers on lines that break the same claim rules, about 62% were"
        " denials for what the rules name (answers: 45, recent ones count more; usual:"
        " 3.0%)."
    )
    assert reason.weight > 1.0
    # The risk it adds counts with the matter of the rule's cause.
    weights = matter_weights(row, contributions_of(row, values, shares))
    assert weights["filing"] == pytest.approx(reason.weight)
    assert sum(weights.values()) == pytest.approx(1.5)
    contributions = contributions_of(row, values, shares)
    assert "most for what claim rules find on this line, 62% by 45 answers" in (
        contributions[BY_CAUSE].sentence
    )
    # The rule's cause is the likely one.
    found = cause_rates(row)
    assert CAUSES[found.index(max(found))] is RootCause.TIMELY_FILING
