"""A risk beside the known truth of a simulated practice: is it too good to be true?

The true probability is the best that anyone can say from what was on file. A model
that looks better on outcomes than it is about that truth has seen outcomes. AUC alone
does not show it: the days until an answer leak the answer and stay below the truth's.
"""

import msgspec
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from denialml.modeling.risk.evaluation import Floats, divergence, skill

# A skill of 1 is the truth itself; an honest gap is within 0.03, leaks make 0.2.
_POSSIBLE_SKILL = 1.02
_HONEST_GAP = 0.03
_STANDARD_ERRORS = 3
_SMALLEST = 1e-6


class TruthCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How good a risk is by outcomes and by the truth, and what is impossible in it.

    `gap` is log-loss skill less skill_KL, `gap_standard_error` its error if the model
    knows no outcome. `auc_standard_error` is that of the difference between the two
    AUCs (DeLong). `alarms` are plain sentences, empty when nothing is wrong.
    """

    skill_kl: float
    skill_log_loss: float
    gap: float
    gap_standard_error: float
    auc: float
    auc_of_truth: float
    auc_standard_error: float
    alarms: tuple[str, ...]


def check_against_truth(
    denied: npt.NDArray[np.int8], risk: Floats, truth: Floats, *, base_rate: float
) -> TruthCheck:
    """Compare a risk by outcomes with the same risk by the truth; arrays (rows,).

    Chance is allowed for: an alarm takes more than three standard errors, and more
    than 1.02 of the truth's skill or a gap of 0.03.
    """
    base = np.full_like(truth, base_rate)
    skill_kl = skill(truth, risk, base_rate=base_rate)
    reached = _losses(denied, base) - _losses(denied, risk)
    reachable = _losses(denied, base) - _losses(denied, truth)
    skill_log_loss = float(reached.sum() / reachable.sum())
    # Of one row, (outcome - truth) x (log-odds said - log-odds true) has mean zero
    # for whoever does not know the outcome.
    advantage = (denied - truth) * (_log_odds(risk) - _log_odds(truth))
    error = float(
        advantage.std() / np.sqrt(len(denied)) / divergence(truth, base).mean()
    )
    auc, bound = float(roc_auc_score(denied, risk)), float(roc_auc_score(denied, truth))
    auc_error = auc_difference_error(denied, risk, truth)
    gap = skill_log_loss - skill_kl
    alarms = []
    if skill_log_loss > max(_POSSIBLE_SKILL, 1 + _STANDARD_ERRORS * error):
        alarms.append(
            f"Skill {skill_log_loss:.3f} on outcomes is above the truth's, 1."
        )
    if auc > bound + _STANDARD_ERRORS * auc_error:
        alarms.append(f"AUC {auc:.3f} is above the truth's, {bound:.3f}.")
    if gap > max(_HONEST_GAP, _STANDARD_ERRORS * error):
        alarms.append(
            f"Skill is {skill_log_loss:.3f} on outcomes and {skill_kl:.3f} by the"
            " truth: the model knows outcomes."
        )
    return TruthCheck(
        skill_kl=skill_kl,
        skill_log_loss=skill_log_loss,
        gap=gap,
        gap_standard_error=error,
        auc=auc,
        auc_of_truth=bound,
        auc_standard_error=auc_error,
        alarms=tuple(alarms),
    )


def auc_difference_error(
    denied: npt.NDArray[np.int8], first: Floats, second: Floats
) -> float:
    """Standard error of the difference of two AUCs on the same rows (DeLong, 1988)."""
    of_denied, of_paid = [], []
    for risk in (first, second):
        among_denied, among_paid = risk[denied > 0], risk[denied <= 0]
        of_denied.append(_share_below(among_denied, among_paid))
        of_paid.append(1.0 - _share_below(among_paid, among_denied))
    return float(
        np.sqrt(
            np.var(of_denied[0] - of_denied[1], ddof=1) / len(of_denied[0])
            + np.var(of_paid[0] - of_paid[1], ddof=1) / len(of_paid[0])
        )
    )


def _share_below(values: Floats, others: Floats) -> Floats:
    """For each value the share of others below it; an equal one counts half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    return np.asarray((below + upto) / (2 * len(ordered)), dtype=np.float64)


def _losses(denied: npt.NDArray[np.int8], risk: Floats) -> Floats:
    clipped = np.clip(risk, _SMALLEST, 1 - _SMALLEST)
    return -np.log(np.where(denied > 0, clipped, 1 - clipped))


def _log_odds(risk: Floats) -> Floats:
    clipped = np.clip(risk, _SMALLEST, 1 - _SMALLEST)
    return np.asarray(np.log(clipped / (1 - clipped)), dtype=np.float64)
