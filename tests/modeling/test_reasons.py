"""Reasons lead with what is in the claim and its file; the numbers stay as they are."""

import math
from datetime import date

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
    """The reasons of a line whose features have these contributions, others none.

    Without facts that are only told because a cause is likely (`reviewed`).
    """
    values = line_features(row).tolist()
    shares = [effects.pop(name, 0.0) for name in NAMES]
    assert not effects
    found = reasons_of(row, values, contributions_of(row, values, shares))
    raising = tuple(one for one in found.raising if one.weight)
    return msgspec.structs.replace(found, raising=raising)


def reviewed(row: LineInput) -> dict[str, str]:
    """The sentence for each rare matter of a line that no contribution raises."""
    values = line_features(row).tolist()
    told = contributions_of(row, values, [0.0] * len(NAMES))
    return {one.topic: one.sentence for one in reasons_of(row, values, told).raising}


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


def changed(row: LineInput, **facts: object) -> LineInput:
    """The line with these facts on file."""
    return msgspec.structs.replace(
        row, facts=msgspec.structs.replace(row.facts, **facts)
    )


COMPLETE = {"treatment_plan_age_days": 20, "note_signed": True}


@pytest.mark.parametrize(
    ("facts", "topic", "sentence"),
    [
        pytest.param(
            {"treatment_plan_age_days": 200},
            "necessity",
            "The treatment plan was 200 days old on the service date.",
            id="old plan",
        ),
        pytest.param(
            {"visit_number": 52},
            "necessity",
            "With this one the patient has had 52 visits: have the record show why"
            " treatment of this length is still needed.",
            id="long treatment",
        ),
        pytest.param(
            {"visits_this_year": 40, "service_date": date(2024, 4, 9)},
            "necessity",
            "The patient had 40 visits earlier in the calendar year, 2.8 a week: have"
            " the record show why so many are needed.",
            id="many visits a week",
        ),
        pytest.param(
            {
                "documented_minutes": 54,
                "code_minutes_minimum": 53,
            },
            "time",
            "The note documents 54 minutes, and 90837 takes at least 53: start and stop"
            " times will be asked for.",
            id="barely long enough",
        ),
        pytest.param(
            {"visit_number": 1},
            "claim",
            "The claim lacks a date of birth (DMG02).",
            id="elements left out",
        ),
    ],
)
def test_what_payers_review_by_is_told_of_rare_causes(
    facts: dict[str, object], topic: str, sentence: str
) -> None:
    row = with_rates(changed(line_input(), **{**COMPLETE, **facts}))
    if "documented_minutes" in facts:
        fit = msgspec.structs.replace(row.view, minutes_fit="fit")
        row = msgspec.structs.replace(row, view=fit)
    assert reviewed(row)[topic] == sentence


def test_a_rare_cause_that_is_not_likely_is_not_spoken_of() -> None:
    row = changed(line_input(), **COMPLETE, visit_number=52)
    rates = {table.name: 0.3 for table in RATE_TABLES} | {"necessity": 0.001}
    assert "necessity" not in reviewed(with_rates(row, **rates))
    assert "necessity" in reviewed(with_rates(row, **rates | {"necessity": 0.3}))


def test_a_rate_of_few_answers_never_leads_and_says_so() -> None:
    row = with_rates(line_input(), diagnosis_denial=0.5, session_denial=0.2)
    answers = list(row.history.answers)
    answers[[table.name for table in RATE_TABLES].index("diagnosis_denial")] = 3
    few = msgspec.structs.replace(row.history, answers=tuple(answers))
    found = reasons(
        msgspec.structs.replace(row, history=few),
        rate_diagnosis_denial=1.5,
        rate_session_denial=0.2,
    )
    assert [one.topic for one in found.raising] == ["session", "diagnosis"]
    assert found.raising[1].sentence == (
        "Too few answers to say (3): of Payer P1's answers on diagnosis F411, about 50%"
        " denials for the diagnosis are assumed, partly from wider answers (usual:"
        " 5.0%), which raises the risk."
    )


def test_a_low_rate_of_few_answers_does_not_speak_for_payment() -> None:
    row = with_rates(line_input(), diagnosis_denial=0.001)
    few = msgspec.structs.replace(row.history, answers=(3,) * len(RATE_TABLES))
    row = msgspec.structs.replace(row, history=few)
    assert reasons(row, rate_diagnosis_denial=-0.9) == Reasons((), ())
