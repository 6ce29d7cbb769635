"""The written gates: each refuses on its own, with both numbers."""

from datetime import date

import msgspec
import pytest

from denialml.modeling.retraining.comparison import Comparison, PayerComparison
from denialml.modeling.retraining.gates import (
    Evidence,
    check_gates,
    refusals,
)
from denialml.modeling.retraining.measured import Interval
from denialml.modeling.risk.specification import Gates

GOOD = Evidence(
    comparison=Comparison(
        window_first=date(2024, 1, 1),
        window_last=date(2024, 3, 1),
        lines=5000,
        denied=800,
        judged="challenger, its own trees",
        opponent="champion, its own trees",
        log_loss=0.3000,
        opponent_log_loss=0.3010,
        table_log_loss=0.3900,
        constant_log_loss=0.4400,
        mean_risk=0.162,
        opponent_mean_risk=0.158,
        denial_rate=0.160,
        difference=Interval(-0.001, -0.003, 0.001),
        payers=(
            PayerComparison(
                payer="payer-1a",
                lines=900,
                log_loss=0.31,
                opponent_log_loss=0.30,
                difference=Interval(0.01, -0.002, 0.02),
            ),
        ),
    ),
    canary_auc=0.503,
    canary_allowed=0.02,
    leak_alarms=0,
    unanswered=(),
    gates=Gates(),
)


def _with(**changes: object) -> Evidence:
    of_comparison = {
        name: value
        for name, value in changes.items()
        if name in Comparison.__struct_fields__
    }
    rest = {name: value for name, value in changes.items() if name not in of_comparison}
    comparison = msgspec.structs.replace(GOOD.comparison, **of_comparison)
    return msgspec.structs.replace(GOOD, comparison=comparison, **rest)


def test_a_better_challenger_passes_every_gate() -> None:
    assert refusals(check_gates(GOOD)) == ""


def _payer(log_loss: float, *, low: float) -> tuple[PayerComparison, ...]:
    (one,) = GOOD.comparison.payers
    gap = log_loss - one.opponent_log_loss
    return (
        msgspec.structs.replace(
            one, log_loss=log_loss, difference=Interval(gap, low, gap + 0.05)
        ),
    )


@pytest.mark.parametrize(
    ("evidence", "gate", "numbers"),
    [
        pytest.param(
            _with(canary_auc=0.45), "canary", ("0.450", "0.020"), id="canary below"
        ),
        pytest.param(_with(canary_auc=0.53), "canary", ("0.530",), id="canary above"),
        pytest.param(_with(leak_alarms=1), "leaks", ("1 alarms", "0"), id="leaks"),
        pytest.param(
            _with(unanswered=("6.ii",)), "model_card", ("1", "6.ii"), id="card"
        ),
        pytest.param(
            _with(constant_log_loss=0.2999),
            "constant",
            ("0.3000", "0.2999"),
            id="no better than a constant",
        ),
        pytest.param(
            _with(table_log_loss=0.2999),
            "table",
            ("0.3000", "0.2999"),
            id="worse than the table",
        ),
        pytest.param(
            _with(opponent_log_loss=0.2970),
            "log_loss",
            ("0.3000", "0.2970", "0.2990"),
            id="worse than the champion",
        ),
        pytest.param(
            _with(payers=_payer(0.33, low=0.01)),
            "payer_log_loss",
            ("payer-1a", "0.3300", "0.3000", "0.3200"),
            id="one payer surely worse",
        ),
        pytest.param(
            _with(mean_risk=0.25),
            "mean_risk",
            ("0.250", "0.160", "0.052"),
            id="far from the denial rate",
        ),
    ],
)
def test_one_gate_refuses_alone_and_names_both_numbers(
    evidence: Evidence, gate: str, numbers: tuple[str, ...]
) -> None:
    results = check_gates(evidence)
    assert [one.gate for one in results if not one.passed] == [gate]
    said = refusals(results)
    assert said.startswith(f"gate {gate}: ")
    for number in numbers:
        assert number in said


UNJUDGED = msgspec.structs.replace(
    GOOD, comparison=None, canary_auc=None, not_judged="12 answered lines"
)


def test_rates_alone_may_serve_unjudged_and_say_so() -> None:
    evidence = msgspec.structs.replace(UNJUDGED, rates_alone=True)
    results = check_gates(evidence)
    assert refusals(results) == ""
    assert [one.gate for one in results] == ["judged", "canary", "leaks", "model_card"]
    assert "not assessed, too few answers: 12 answered lines" in results[0].says
    assert "serve unjudged" in results[0].says


@pytest.mark.parametrize(
    ("evidence", "failed", "reason"),
    [
        pytest.param(UNJUDGED, ["judged", "canary"], "trees were fitted", id="trees"),
        pytest.param(
            msgspec.structs.replace(UNJUDGED, rates_alone=True, replaces_judged=True),
            ["judged"],
            "what serves was judged",
            id="rates in place of a judged model",
        ),
        pytest.param(
            msgspec.structs.replace(UNJUDGED, rates_alone=True, leak_alarms=1),
            ["leaks"],
            "1 alarms",
            id="an alarm",
        ),
    ],
)
def test_nothing_else_serves_unjudged(
    evidence: Evidence, failed: list[str], reason: str
) -> None:
    results = check_gates(evidence)
    assert [one.gate for one in results if not one.passed] == failed
    assert reason in refusals(results)


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(_with(log_loss=0.3029), id="within the tolerance"),
        pytest.param(
            _with(payers=_payer(0.36, low=-0.001)), id="a payer perhaps worse"
        ),
        pytest.param(
            _with(payers=_payer(0.319, low=0.001)), id="a payer a little worse"
        ),
        pytest.param(
            _with(mean_risk=0.24, opponent_mean_risk=0.24),
            id="a shift that nobody foresaw",
        ),
    ],
)
def test_what_the_tolerances_let_pass(evidence: Evidence) -> None:
    assert refusals(check_gates(evidence)) == ""


def test_an_older_challenger_is_refused_with_both_days_unless_asked_for() -> None:
    days = {
        "trained_as_of": date(2024, 3, 1),
        "replaces_trained_as_of": date(2024, 3, 31),
    }
    said = refusals(check_gates(_with(**days)))
    assert said.startswith("gate older_than_what_serves: trained as of 2024-03-01,")
    assert "what serves as of 2024-03-31" in said
    assert "--older" in said
    assert not refusals(check_gates(_with(**days, older_allowed=True)))
    newer = dict(zip(days, reversed(days.values()), strict=True))
    assert not refusals(check_gates(_with(**newer)))


def test_every_failed_gate_is_named_at_once() -> None:
    said = refusals(check_gates(_with(leak_alarms=3, table_log_loss=0.1)))
    assert "gate leaks" in said
    assert "gate table" in said
