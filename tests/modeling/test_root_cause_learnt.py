"""A learnt model: what confirmations teach, and what it may not hold."""

import json
from datetime import date

import numpy as np
import pytest

from benchmarks.root_cause import _denied_lines
from benchmarks.simulated_records import records_of
from denialml.domain.denial import RootCause
from denialml.modeling.root_cause.cause_tendencies import (
    CAUSES,
    FOLDS,
    LineEvidence,
    learn_tendencies,
)
from denialml.modeling.root_cause.learnt_causes import (
    FEWEST_LINES,
    dump_learnt,
    learn_root_causes,
    load_learnt,
)
from denialml.modeling.root_cause.line_features import CATEGORIES, FEATURES
from denialml.modeling.root_cause.practice_learning import (
    THIN_LINES,
    cause_shares,
    learn_cause_model,
    learn_from,
    tells_worse,
)
from denialml.modeling.root_cause.root_cause_book import RootCauseBook
from denialml.simulation import simulate_practice

LIMIT, NETWORK = RootCause.BENEFIT_LIMIT, RootCause.NETWORK_REFERRAL


def line(number: int, *, visits: float) -> LineEvidence:
    """A line of which codes and signs say nothing; `visits` is all that differs."""
    features = [float(number % 7)] * len(FEATURES)
    features[FEATURES.index("visits_this_year")] = visits
    return LineEvidence(
        codes=(0.0,) * 17,
        signs=(0.0,) * 17,
        printed="16",
        groups=("all",) * 4,
        features=tuple(features),
        fold=number % FOLDS,
    )


LINES = [line(at, visits=40.0 if at % 2 else 3.0) for at in range(FEWEST_LINES)]
CONFIRMED = {at: LIMIT if at % 2 else NETWORK for at in range(0, FEWEST_LINES, 3)}


def test_what_people_confirmed_is_learnt_for_lines_they_did_not_look_at():
    learnt = learn_root_causes(LINES, confirmed=CONFIRMED)
    assert learnt is not None
    assert (learnt.lines, learnt.confirmed) == (FEWEST_LINES, len(CONFIRMED))
    shares = cause_shares(LINES, learn_from(LINES, learnt=learnt).added)
    rest = [at for at in range(FEWEST_LINES) if at not in CONFIRMED]
    found = [CAUSES[int(shares[at].argmax())] for at in rest]
    assert found == [LIMIT if at % 2 else NETWORK for at in rest]


def test_a_model_is_refuted_by_causes_confirmed_since_and_not_by_a_few():
    model = learn_cause_model(LINES, confirmed=CONFIRMED, checked={})
    assert model is not None
    assert model.is_better
    other = {at: NETWORK if at % 2 else LIMIT for at in CONFIRMED}
    assert tells_worse(model, LINES, confirmed=other)
    assert not tells_worse(model, LINES, confirmed=CONFIRMED)
    assert not tells_worse(model, LINES, confirmed=dict(list(other.items())[:19]))


def test_few_lines_or_no_facts_are_left_to_codes_and_signs():
    assert learn_root_causes(LINES[:-1], confirmed=CONFIRMED) is None
    bare = LineEvidence(codes=(0.0,) * 17, signs=(0.0,) * 17, printed="16", groups=())
    learnt = learn_root_causes(LINES, confirmed=CONFIRMED)
    assert learnt is not None
    assert not learnt.log_odds([bare]).any()


def test_a_model_comes_back_from_its_file_the_same():
    learnt = learn_root_causes(LINES, confirmed=CONFIRMED)
    assert learnt is not None
    again = load_learnt(dump_learnt(learnt))
    assert np.array_equal(again.log_odds(LINES), learnt.log_odds(LINES))


def test_a_model_of_another_release_is_refused():
    learnt = learn_root_causes(LINES, confirmed=CONFIRMED)
    assert learnt is not None
    told = json.loads(dump_learnt(learnt))
    told["features"] = told["features"][1:]
    with pytest.raises(ValueError, match="relearn"):
        load_learnt(json.dumps(told).encode())


def test_few_denials_teach_nothing_and_sets_are_not_made():
    taught = learn_from(LINES[: THIN_LINES - 1])
    assert taught.thin
    assert taught.sets is None
    assert not taught.added.any()
    assert not learn_from(LINES[:THIN_LINES]).thin


@pytest.mark.slow
def test_a_practices_model_is_cross_fitted_and_names_nobody():
    practice = simulate_practice(
        seed=105, claims=5000, starts_on=date(2023, 1, 1), ends_on=date(2024, 12, 31)
    )
    records = records_of(practice)
    book = RootCauseBook(records)
    denied = _denied_lines(records)
    weighed = [book.weigh(one) for one in denied]
    evidence = [one.evidence for one in weighed if one.evidence is not None]
    learnt = learn_root_causes(evidence)
    assert learnt is not None
    assert len(learnt.boosters) == FOLDS
    assert len(learnt.categories) == len(CATEGORIES)
    content = dump_learnt(learnt).decode()
    for one in denied:
        claim = one.claim
        words = {claim.subscriber.member_id, claim.subscriber.last_name}
        words |= {claim.medical_record_number, claim.patient_control_number}
        assert not any(word and word in content for word in words)
    # It moves some lines, and contradicts what codes and tendencies say of few.
    before = cause_shares(evidence, learn_tendencies(evidence)).argmax(axis=1)
    after = cause_shares(evidence, learn_from(evidence, learnt=learnt).added)
    changed = (after.argmax(axis=1) != before).mean()
    assert 0.0 < changed < 0.15
