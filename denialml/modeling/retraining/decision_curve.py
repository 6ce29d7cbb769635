"""Dollars against review capacity: what reviewing the riskiest claims would have found.

Found dollars are observed: denied lines among the reviewed claims, at what the payer
usually pays for them. Saved dollars rest on two assumptions of the specification, the
share of found denials that a review prevents and what a review costs, and are named so.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.domain.adjudication import LineOutcome
from denialml.modeling.retraining.holdout import Floats, Window
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import Evaluation

CAPACITIES = (0.01, 0.02, 0.05, 0.10, 0.20, 0.30, 0.50)
_FEW_ANSWERS = 10


class DecisionPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One capacity: the share of claims reviewed, highest expected loss first.

    Dollars are of denied lines at their usual payment. `best_dollars`: had the denials
    been known. `table_dollars`: ranked by the payer x code table. `random_dollars`:
    expected from as many claims chosen by chance. `saved_dollars`: found x
    `preventable_share` less `review_dollars` a claim. Whole dollars: cents would be
    those of single charges.
    """

    capacity: float
    claims: int
    found_dollars: float
    best_dollars: float
    table_dollars: float
    random_dollars: float
    saved_dollars: float


def decision_curve(
    frame: Frame,
    window: Window,
    risk: Floats,
    *,
    table: Floats,
    evaluation: Evaluation,
) -> tuple[DecisionPoint, ...]:
    """The curve over the window's claims.

    A capacity at which one of the orders reviews fewer than `smallest_cell` patients is
    left out: its dollars would be those of single claims.
    """
    worth = usual_payments(frame, window)
    firsts, claims = np.unique(
        frame.claim[window.rows], return_index=True, return_inverse=True
    )[1:]
    patients = window.patients[firsts]
    count = int(claims.max()) + 1
    lost = np.bincount(claims, weights=worth * window.denied, minlength=count)
    orders = {
        name: np.argsort(-score, kind="stable")
        for name, score in (
            ("model", np.bincount(claims, weights=worth * risk, minlength=count)),
            ("table", np.bincount(claims, weights=worth * table, minlength=count)),
            ("best", lost),
        )
    }
    points = []
    for capacity in CAPACITIES:
        reviewed = max(1, round(capacity * count))
        tops = {name: order[:reviewed] for name, order in orders.items()}
        fewest = min(len(np.unique(patients[top])) for top in tops.values())
        if fewest < evaluation.smallest_cell:
            continue
        found = {name: float(lost[top].sum()) for name, top in tops.items()}
        saved = evaluation.preventable_share * found["model"]
        points.append(
            DecisionPoint(
                capacity=capacity,
                claims=reviewed,
                found_dollars=float(round(found["model"])),
                best_dollars=float(round(found["best"])),
                table_dollars=float(round(found["table"])),
                random_dollars=float(round(float(lost.sum()) * reviewed / count)),
                saved_dollars=float(
                    round(saved - evaluation.review_dollars * reviewed)
                ),
            )
        )
    return tuple(points)


def usual_payments(frame: Frame, window: Window) -> npt.NDArray[np.float64]:
    """What each line of the window would usually be paid, dollars (rows,).

    Its charge x the share of charges that the payer paid on the code, from lines paid
    before the window; of the payer, or of all, where fewer than ten were.
    """
    sums: dict[tuple[str, ...], list[float]] = {}
    before = window.first_day
    for one in frame.lines:
        answer = one.answer
        if (
            answer is None
            or answer.received_on >= before
            or answer.outcome is not LineOutcome.PAID
        ):
            continue
        for key in ((), (one.view.payer,), (one.view.payer, one.view.code)):
            cell = sums.setdefault(key, [0.0, 0.0, 0.0])
            cell[0] += 1.0
            cell[1] += float(answer.charge)
            cell[2] += float(answer.paid)
    worth = np.empty(len(window.rows))
    for at, row in enumerate(window.rows.tolist()):
        one = frame.lines[row]
        worth[at] = float(one.line.charge) * _share(sums, one.view.payer, one.view.code)
    return worth


def _share(sums: dict[tuple[str, ...], list[float]], payer: str, code: str) -> float:
    for key in ((payer, code), (payer,), ()):
        lines, charged, paid = sums.get(key, (0.0, 0.0, 0.0))
        if lines >= _FEW_ANSWERS and charged > 0:
            return paid / charged
    return 1.0
