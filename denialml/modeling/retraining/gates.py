"""The written gates between a challenger and the claims it would score.

Each gate is a function of the evidence; a new one is a function added to `GATES` and a
row in docs/retraining.md. All are evaluated, so that one refusal names all that failed.
"""

from collections.abc import Callable, Iterator

import msgspec

from denialml.modeling.retraining.comparison import Comparison
from denialml.modeling.risk.specification import Gates


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """One gate: what was found, what is allowed at most, and the sentence."""

    gate: str
    found: float
    allowed: float
    passed: bool
    says: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the gates look at.

    `canary_auc`, `canary_allowed` and `leak_alarms` are the training run's leak report;
    `unanswered` the source attributes that the card leaves out.
    """

    comparison: Comparison
    canary_auc: float
    canary_allowed: float
    leak_alarms: int
    unanswered: tuple[str, ...]
    gates: Gates


def check_gates(evidence: Evidence) -> tuple[GateResult, ...]:
    """Every gate's result, in the order of `GATES`."""
    return tuple(result for gate in GATES for result in gate(evidence))


def refusals(results: tuple[GateResult, ...]) -> str:
    """The failed gates as one text with both numbers of each; empty when none."""
    return "; ".join(
        f"gate {one.gate}: {one.says}" for one in results if not one.passed
    )


def _at_most(gate: str, found: float, allowed: float, says: str) -> GateResult:
    return GateResult(
        gate=gate, found=found, allowed=allowed, passed=found <= allowed, says=says
    )


def _shuffled_outcomes(evidence: Evidence) -> Iterator[GateResult]:
    yield _at_most(
        "canary",
        abs(evidence.canary_auc - 0.5),
        evidence.canary_allowed,
        f"trees on shuffled outcomes reach AUC {evidence.canary_auc:.3f}, allowed 0.5"
        f" within {evidence.canary_allowed:.3f}",
    )


def _leak_alarms(evidence: Evidence) -> Iterator[GateResult]:
    yield _at_most(
        "leaks",
        evidence.leak_alarms,
        0,
        f"the leak report holds {evidence.leak_alarms} alarms, allowed 0",
    )


def _card_is_complete(evidence: Evidence) -> Iterator[GateResult]:
    missing = len(evidence.unanswered)
    named = f" ({', '.join(evidence.unanswered)})" if missing else ""
    yield _at_most(
        "model_card",
        missing,
        0,
        f"the model card leaves {missing} source attributes out{named}, allowed 0",
    )


def _better_than_constant(evidence: Evidence) -> Iterator[GateResult]:
    found, constant = (
        evidence.comparison.log_loss,
        evidence.comparison.constant_log_loss,
    )
    yield _at_most(
        "constant",
        found,
        constant,
        f"log-loss {found:.4f}, that of always saying the rate before {constant:.4f}",
    )


def _not_worse_than_table(evidence: Evidence) -> Iterator[GateResult]:
    compared = evidence.comparison
    allowed = compared.table_log_loss + evidence.gates.table_log_loss_tolerance
    yield _at_most(
        "table",
        compared.log_loss,
        allowed,
        f"log-loss {compared.log_loss:.4f}, that of the payer x code table"
        f" {compared.table_log_loss:.4f}, allowed {allowed:.4f}",
    )


def _not_worse_than_champion(evidence: Evidence) -> Iterator[GateResult]:
    compared = evidence.comparison
    allowed = compared.opponent_log_loss + evidence.gates.log_loss_tolerance
    yield _at_most(
        "log_loss",
        compared.log_loss,
        allowed,
        f"log-loss {compared.log_loss:.4f} against {compared.opponent_log_loss:.4f}"
        f" ({compared.opponent}), allowed {allowed:.4f}",
    )


def _no_payer_surely_worse(evidence: Evidence) -> Iterator[GateResult]:
    """Worse by more than the tolerance, and by more than chance for so few lines."""
    tolerance = evidence.gates.payer_log_loss_tolerance
    for each in evidence.comparison.payers:
        allowed = each.opponent_log_loss + tolerance
        surely = each.difference.low > 0
        yield GateResult(
            gate="payer_log_loss",
            found=each.log_loss,
            allowed=allowed,
            passed=each.log_loss <= allowed or not surely,
            says=f"{each.payer} ({each.lines} lines): log-loss {each.log_loss:.4f}"
            f" against {each.opponent_log_loss:.4f}, allowed {allowed:.4f}",
        )


def _calibrated_in_the_large(evidence: Evidence) -> Iterator[GateResult]:
    """A shift that nobody foresaw moves both: the challenger may not be farther off."""
    compared = evidence.comparison
    opponent = abs(compared.opponent_mean_risk - compared.denial_rate)
    allowed = opponent + evidence.gates.mean_risk_tolerance
    yield _at_most(
        "mean_risk",
        abs(compared.mean_risk - compared.denial_rate),
        allowed,
        f"mean risk {compared.mean_risk:.3f}, denied {compared.denial_rate:.3f},"
        f" allowed {allowed:.3f} apart (the opponent's {opponent:.3f} and a tolerance)",
    )


GATES: tuple[Callable[[Evidence], Iterator[GateResult]], ...] = (
    _shuffled_outcomes,
    _leak_alarms,
    _card_is_complete,
    _better_than_constant,
    _not_worse_than_table,
    _not_worse_than_champion,
    _no_payer_surely_worse,
    _calibrated_in_the_large,
)
