"""The written gates between a challenger and the claims it would score.

Each gate is a function of the evidence or of the comparison; a new one is a function
added to `GATES` or `COMPARISON_GATES` and a row in docs/retraining.md. All are
evaluated, so that one refusal names all that failed.
"""

from collections.abc import Callable, Iterator
from datetime import date

import msgspec

from denialml.modeling.retraining.comparison import Comparison
from denialml.modeling.risk.specification import Gates

OLDER_THAN_WHAT_SERVES = "older_than_what_serves"
"""The gate whose number is the days between the two trainings."""


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """One gate: what was found, what is allowed at most, and the sentence."""

    gate: str
    found: float
    allowed: float
    passed: bool
    says: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the gates look at.

    `comparison` is None where too few answers are there to judge on: `not_judged`
    then says so, and the gates on it are left out. `canary_auc`, `canary_allowed` and
    `leak_alarms` are the training run's leak report (`canary_auc` None: too few
    answers); `unanswered` the source attributes that the card leaves out.
    `rates_alone`: the challenger serves the rates by cause, nothing was fitted to its
    answers. `replaces_judged`: what serves is more than that. `trained_as_of` and
    `replaces_trained_as_of`: the days of the challenger and of what serves, None where
    not known. `older_allowed`: an older one was asked for.
    """

    comparison: Comparison | None
    canary_auc: float | None
    canary_allowed: float
    leak_alarms: int
    unanswered: tuple[str, ...]
    gates: Gates
    not_judged: str = ""
    rates_alone: bool = False
    replaces_judged: bool = False
    trained_as_of: date | None = None
    replaces_trained_as_of: date | None = None
    older_allowed: bool = False


def check_gates(evidence: Evidence) -> tuple[GateResult, ...]:
    """Every gate's result: `GATES`, then `COMPARISON_GATES` where there is one."""
    found = [result for gate in GATES for result in gate(evidence)]
    if evidence.comparison is not None:
        for gate in COMPARISON_GATES:
            found += gate(evidence.comparison, evidence.gates)
    return tuple(found)


def refusals(results: tuple[GateResult, ...]) -> str:
    """The failed gates as one text with both numbers of each; empty when none."""
    return "; ".join(
        f"gate {one.gate}: {one.says}" for one in results if not one.passed
    )


def _at_most(gate: str, found: float, allowed: float, says: str) -> GateResult:
    return GateResult(
        gate=gate, found=found, allowed=allowed, passed=found <= allowed, says=says
    )


def _is_judged(evidence: Evidence) -> Iterator[GateResult]:
    """Rates alone may serve unjudged, but never in place of what was judged."""
    if evidence.comparison is not None:
        says = f"judged on {evidence.comparison.lines} answered lines"
        yield _at_most("judged", 0, 0, says)
        return
    why = f"not assessed, too few answers: {evidence.not_judged}"
    if evidence.rates_alone and not evidence.replaces_judged:
        says = (
            f"{why}. The rates by cause serve unjudged: no trees and no calibration"
            " were fitted that could be worse than they are"
        )
        yield _at_most("judged", 0, 0, says)
        return
    kept = "what serves was judged" if evidence.replaces_judged else "trees were fitted"
    yield _at_most("judged", 1, 0, f"{why}; {kept}, so it takes a comparison")


def _shuffled_outcomes(evidence: Evidence) -> Iterator[GateResult]:
    if evidence.canary_auc is None:
        yield _at_most(
            "canary",
            0 if evidence.rates_alone else 1,
            0,
            "the canary was not assessed, too few answers; only the rates by cause,"
            " which no outcome was fitted to, may serve without",
        )
        return
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


def _not_older_than_champion(evidence: Evidence) -> Iterator[GateResult]:
    """A stand-in of an earlier day says little of the newer answers that it lacks."""
    day, serves = evidence.trained_as_of, evidence.replaces_trained_as_of
    if day is None or serves is None:
        return
    behind = max((serves - day).days, 0)
    hint = " Take --older if that is meant" if behind else ""
    says = f"trained as of {day}, what serves as of {serves}.{hint}"
    allowed = behind if evidence.older_allowed else 0
    yield _at_most(OLDER_THAN_WHAT_SERVES, behind, allowed, says)


def _better_than_constant(compared: Comparison, _: Gates) -> Iterator[GateResult]:
    found, constant = compared.log_loss, compared.constant_log_loss
    yield _at_most(
        "constant",
        found,
        constant,
        f"log-loss {found:.4f}, that of always saying the rate before {constant:.4f}",
    )


def _not_worse_than_table(compared: Comparison, gates: Gates) -> Iterator[GateResult]:
    allowed = compared.table_log_loss + gates.table_log_loss_tolerance
    yield _at_most(
        "table",
        compared.log_loss,
        allowed,
        f"log-loss {compared.log_loss:.4f}, that of the payer x code table"
        f" {compared.table_log_loss:.4f}, allowed {allowed:.4f}",
    )


def _not_worse_than_champion(
    compared: Comparison, gates: Gates
) -> Iterator[GateResult]:
    allowed = compared.opponent_log_loss + gates.log_loss_tolerance
    yield _at_most(
        "log_loss",
        compared.log_loss,
        allowed,
        f"log-loss {compared.log_loss:.4f} against {compared.opponent_log_loss:.4f}"
        f" ({compared.opponent}), allowed {allowed:.4f}",
    )


def _no_payer_surely_worse(compared: Comparison, gates: Gates) -> Iterator[GateResult]:
    """Worse by more than the tolerance, and by more than chance for so few lines."""
    tolerance = gates.payer_log_loss_tolerance
    for each in compared.payers:
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


def _calibrated_in_the_large(
    compared: Comparison, gates: Gates
) -> Iterator[GateResult]:
    """A shift that nobody foresaw moves both: the challenger may not be farther off."""
    opponent = abs(compared.opponent_mean_risk - compared.denial_rate)
    allowed = opponent + gates.mean_risk_tolerance
    yield _at_most(
        "mean_risk",
        abs(compared.mean_risk - compared.denial_rate),
        allowed,
        f"mean risk {compared.mean_risk:.3f}, denied {compared.denial_rate:.3f},"
        f" allowed {allowed:.3f} apart (the opponent's {opponent:.3f} and a tolerance)",
    )


GATES: tuple[Callable[[Evidence], Iterator[GateResult]], ...] = (
    _is_judged,
    _shuffled_outcomes,
    _leak_alarms,
    _card_is_complete,
    _not_older_than_champion,
)
COMPARISON_GATES: tuple[Callable[[Comparison, Gates], Iterator[GateResult]], ...] = (
    _better_than_constant,
    _not_worse_than_table,
    _not_worse_than_champion,
    _no_payer_surely_worse,
    _calibrated_in_the_large,
)
