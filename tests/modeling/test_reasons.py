"""Reasons lead with what is in the claim and its file; the numbers stay as they are."""

import math

import msgspec
import pytest

from denialml.modeling.knowledge.rate_tables import RATE_TABLES
from denialml.modeling.risk.explanation import contributions_of
from denialml.modeling.risk.feature import LineInput
from denialml.modeling.risk.features import FEATURES, line_features
from denialml.modeling.risk.reasons import Reasons, matter_weights, reasons_of
from tests.modeling.test_features import line_input

NAMES = [feature.name for feature in FEATURES]


def with_rates(row: LineInput, **rates: float) -> LineInput:
    """The line with these denial rates of 40 answers each; usual is 5% of all."""
    names = [table.name for table in RATE_TABLES]
    assert set(rates) <= set(names)
    history = msgspec.structs.replace(
        row.history,
        rates=tuple(rates.get(name, 0.05) for name in names),
        answers=(40,) * len(names),
        usual=(0.05,) * len(names),
    )
    return msgspec.structs.replace(row, history=history)


def reasons(row: LineInput, **effects: float) -> Reasons:
    """The reasons of a line whose features have these contributions, others none."""
    values = line_features(row).tolist()
    shares = [effects.pop(name, 0.0) for name in NAMES]
    assert not effects
    return reasons_of(row, values, contributions_of(row, values, shares))


def test_a_fact_leads_its_matter_though_the_rate_has_the_credit() -> None:
    row = with_rates(line_input(), authorization_denial=0.62)
    found = reasons(row, rate_authorization_denial=1.4, authorization_state=-0.05)
    assert [one.kind for one in found.raising] == ["fact", "history"]
    assert [one.sentence for one in found.raising] == [
        "No authorization is on file for 90837.",
        "Of Payer P1's answers on 90837 with no authorization on file, and no number on"
        " the claim, about 62% were denials for authorization (answers: 40, recent ones"
        " count more; usual: 5.0%), which raises the risk.",
    ]


def test_the_rates_put_together_count_with_the_matter_that_made_them_high() -> None:
    row = with_rates(line_input(), authorization_newest=0.7, payer=0.3)
    found = reasons(row, rate_by_cause=2.0, rate_payer=0.9)
    assert [(one.topic, one.kind) for one in found.raising] == [
        ("authorization", "fact"),
        ("payer", "general"),
    ]
    assert found.raising[0].weight == pytest.approx(2.0)


def test_general_rates_come_last_however_much_they_weigh() -> None:
    row = with_rates(line_input(), payer_code=0.5, diagnosis_denial=0.4)
    found = reasons(
        row,
        rate_payer_code=3.0,
        rate_diagnosis_denial=0.5,
        authorization_state=0.3,
    )
    assert [one.topic for one in found.raising] == [
        "authorization",
        "diagnosis",
        "payer",
    ]


def test_a_low_rate_is_no_reason_for_risk_and_a_high_one_none_for_payment() -> None:
    row = with_rates(line_input(), diagnosis_denial=0.002, session=0.4)
    found = reasons(row, rate_diagnosis_denial=0.8, rate_session=-0.8)
    assert found == Reasons((), ())


def test_good_news_is_no_reason_for_risk_however_the_trees_count_it() -> None:
    row = line_input()
    facts = msgspec.structs.replace(
        row.facts, place_of_service_expected="11", eligibility_age_days=2
    )
    found = reasons(
        msgspec.structs.replace(row, facts=facts),
        place_differs=0.6,
        eligibility_age=0.5,
        charge=0.9,
    )
    assert found == Reasons((), ())


def test_what_lowers_the_risk_speaks_for_payment() -> None:
    row = line_input()
    facts = msgspec.structs.replace(row.facts, eligibility_age_days=2)
    found = reasons(
        with_rates(msgspec.structs.replace(row, facts=facts), diagnosis_denial=0.001),
        eligibility_age=-0.5,
        rate_diagnosis_denial=-0.9,
        authorization_on_claim=-0.4,
    )
    assert found.raising == ()
    assert [one.sentence for one in found.lowering] == [
        "The last eligibility check was 2 days before the service.",
        "Of Payer P1's answers on diagnosis F411, about 0.1% were denials for the"
        " diagnosis (answers: 40, recent ones count more; usual: 5.0%), which lowers"
        " the risk.",
    ]


def test_a_known_problem_counts_with_its_own_matter() -> None:
    row = line_input()
    late = msgspec.structs.replace(row.facts, filing_limit_days=90, filing_lag_days=103)
    found = reasons(msgspec.structs.replace(row, facts=late), known_problems=2.5)
    [reason] = found.raising
    assert reason.topic == "filing"
    assert (
        reason.sentence
        == "The claim is 13 days past the filing limit set up for the payer."
    )


def test_the_number_of_a_bare_claim_is_asked_for_only_where_one_is_on_file() -> None:
    found = reasons(line_input(), authorization_on_claim=0.9)
    [reason] = found.raising
    assert reason.sentence == "No authorization is on file for 90837."


@pytest.mark.parametrize("by_cause", [0.7, -0.7])
def test_matters_add_up_to_the_contributions(by_cause: float) -> None:
    row = with_rates(line_input(), session_newest=0.3, necessity=0.01)
    values = line_features(row).tolist()
    shares = [0.01 * (at % 7 - 3) for at in range(len(NAMES))]
    shares[NAMES.index("rate_by_cause")] = by_cause
    told = contributions_of(row, values, shares)
    weights = matter_weights(row, told)
    assert math.isclose(sum(weights.values()), sum(shares), rel_tol=1e-9)
    assert [one.contribution for one in told] == shares
