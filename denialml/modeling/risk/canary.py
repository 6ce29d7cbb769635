"""A test that every training run takes: with shuffled outcomes nothing can be learnt.

The outcomes of all answers are dealt out anew before features are computed, so that
history, features, cut and trees all see the shuffled ones. If the trees then rank
better than chance, a row's own outcome reaches its features or crosses the cut.
"""

import math
from datetime import date

import msgspec
import numpy as np

from denialml.domain.adjudication import LineOutcome
from denialml.domain.facts import PracticeRecords
from denialml.modeling.risk.evaluation import ranking_measures
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.slicing import cut_slices
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.tree_fitting import fit_trees

_TREES = 60
_DECIDED = frozenset({LineOutcome.PAID, LineOutcome.DENIED, LineOutcome.PARTIAL})


class Canary(msgspec.Struct, frozen=True):
    """AUC of trees on shuffled outcomes, and its standard error under chance."""

    auc: float
    standard_error: float


def shuffle_outcomes(records: PracticeRecords, *, seed: int) -> PracticeRecords:
    """The same answers on the same days, with what they said dealt out anew."""
    decided = [one for one in records.adjudications if one.outcome in _DECIDED]
    others = [one for one in records.adjudications if one.outcome not in _DECIDED]
    order = np.random.default_rng(seed).permutation(len(decided))
    said = [decided[position] for position in order]
    dealt = [
        msgspec.structs.replace(
            one,
            outcome=other.outcome,
            paid=other.paid,
            allowed=other.allowed,
            adjustments=other.adjustments,
            remark_codes=other.remark_codes,
        )
        for one, other in zip(decided, said, strict=True)
    ]
    return msgspec.structs.replace(records, adjudications=(*dealt, *others))


def measure_canary(
    records: PracticeRecords,
    *,
    specification: TrainingSpecification,
    known_by: date,
) -> Canary:
    """Train on shuffled outcomes and measure on the calibration slice.

    Raises
    ------
    NotEnoughHistory
        As `train_bundle` does.
    """
    shuffled = shuffle_outcomes(records, seed=specification.seed)
    frame = build_frame(shuffled, known_by=known_by)
    labels = frame.labels(known_by=known_by)
    slices = cut_slices(frame, labels, specification=specification, known_by=known_by)
    early = np.concatenate([slices.trees, slices.stopping])
    model = fit_trees(frame, labels, early, specification, trees=_TREES)
    rows = slices.calibration
    raw = np.asarray(model.predict(frame.matrix[rows], raw_score=True))
    measures = ranking_measures(labels[rows], 1.0 / (1.0 + np.exp(-raw)))
    denied = int(labels[rows].sum())
    return Canary(
        measures.get("auc", 0.5), chance_error(denied, paid=len(rows) - denied)
    )


def chance_error(denied: int, *, paid: int) -> float:
    """Standard error of an AUC of 0.5 with so many rows of each kind (Mann-Whitney)."""
    if not denied or not paid:
        return 0.5
    return math.sqrt((denied + paid + 1) / (12 * denied * paid))
