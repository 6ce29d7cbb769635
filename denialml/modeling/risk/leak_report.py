"""The leak report of a training run: the canary and the as-of replay, together."""

from datetime import date

import msgspec

from denialml.domain.facts import PracticeRecords
from denialml.errors import NotEnoughHistory
from denialml.modeling.risk.canary import Canary, measure_canary
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.replay import Replay, replay
from denialml.modeling.risk.specification import TrainingSpecification

# Trees on shuffled outcomes must not rank: further from 0.5 than this, and further
# than so many standard errors of chance, an outcome leaks into the features or across
# the cut.
CANARY_TOLERANCE = 0.02
CANARY_STANDARD_ERRORS = 4


class LeakReport(msgspec.Struct, frozen=True, kw_only=True):
    """Whether anything known later reached the model.

    `alarms` are plain sentences, empty when nothing was found. `features_checked` is
    how many features were held to their declared sources while rows were built; a
    breach never gets this far, it raises `LeakRefused`. `canary` is None where too few
    answers are there to train on; `canary_not_assessed` then says so.
    """

    canary: Canary | None
    canary_allowed: float
    replay: Replay
    features_checked: int
    alarms: tuple[str, ...]
    canary_not_assessed: str = ""


def leak_report(
    records: PracticeRecords,
    frame: Frame,
    *,
    specification: TrainingSpecification,
    known_by: date,
) -> LeakReport:
    """Run the shuffled-outcome canary and the as-of replay of a training run.

    Parameters
    ----------
    frame : Frame
        `build_frame(records, known_by=known_by)`, which the model was trained on.
    """
    canary, why = None, ""
    try:
        canary = measure_canary(records, specification=specification, known_by=known_by)
    except NotEnoughHistory as error:
        why = f"not assessed, too few answers: {error}"
    replayed = replay(records, frame, seed=specification.seed)
    allowed = canary_allowance(canary.standard_error) if canary else CANARY_TOLERANCE
    alarms = []
    if canary and abs(canary.auc - 0.5) > allowed:
        alarms.append(
            f"Trees on shuffled outcomes reach AUC {canary.auc:.3f}, allowed 0.5"
            f" within {allowed:.3f}: an outcome reaches its own features."
        )
    if replayed.changed:
        name, rows = replayed.changed[0]
        alarms.append(
            f"{len(replayed.changed)} columns change when records after the submission"
            f" day are taken away, `{name}` in {rows} of {replayed.rows} rows."
        )
    return LeakReport(
        canary=canary,
        canary_allowed=allowed,
        replay=replayed,
        features_checked=frame.matrix.shape[1],
        alarms=tuple(alarms),
        canary_not_assessed=why,
    )


def canary_allowance(standard_error: float) -> float:
    """How far from 0.5 the canary's AUC may lie by chance."""
    return max(CANARY_TOLERANCE, CANARY_STANDARD_ERRORS * standard_error)
