"""The newest lines that a model is judged on, by a model that had not seen them.

The model that ships learns from every mature line, so nothing is left to judge it on.
Its stand-in is trained by the same specification on what had been answered before the
window's first day, and is judged in its place: that is what the practice would have
been shown during the window.
"""

from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.domain.claim import patient_key
from denialml.errors import NotEnoughHistory
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.slicing import last_mature_day
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Answered lines of original claims, in frame order.

    `rows` are positions in the frame. `denied` int8 (rows,), 0 or 1. `patients` int64
    (rows,) numbers the patients: lines of one are not independent. Days are included.
    """

    rows: Rows
    denied: npt.NDArray[np.int8]
    patients: npt.NDArray[np.int64]
    first_day: date
    last_day: date


def newest_window(
    frame: Frame,
    *,
    specification: TrainingSpecification,
    known_by: date,
    not_before: date | None = None,
) -> Window:
    """The newest mature lines: `evaluation.window_share` of all, by whole days.

    Where that is less than `gates` ask for, the window reaches further back, to half
    of all mature lines at most.

    Parameters
    ----------
    not_before : date or None
        The window begins on this day or later.

    Raises
    ------
    NotEnoughHistory
        If it holds too few lines or denials for `gates`.
    """
    labels = frame.labels(known_by=known_by)
    last = last_mature_day(
        frame, mature_share=specification.slices.mature_share, known_by=known_by
    )
    mature = (labels >= 0) & frame.original & (frame.submitted_on <= last)
    rows = np.flatnonzero(mature)
    least = specification.gates
    if len(rows):
        first = int(
            frame.submitted_on[rows[_first_position(labels[rows], specification)]]
        )
        if not_before is not None:
            first = max(first, not_before.toordinal())
        rows = rows[frame.submitted_on[rows] >= first]
    denied = labels[rows]
    if len(rows) < least.minimum_lines or denied.sum() < least.minimum_denied:
        raise NotEnoughHistory(
            f"the newest mature window holds {len(rows)} answered lines with"
            f" {int(denied.sum())} denials; judging a model takes"
            f" {least.minimum_lines} with {least.minimum_denied}"
        )
    days = frame.submitted_on[rows]
    return Window(
        rows=rows,
        denied=denied,
        patients=_patients(frame, rows),
        first_day=date.fromordinal(int(days.min())),
        last_day=date.fromordinal(int(days.max())),
    )


def _first_position(
    denied: npt.NDArray[np.int8], specification: TrainingSpecification
) -> int:
    """Where among the mature lines, oldest first, the window begins."""
    least, count = specification.gates, len(denied)
    share = int(count * (1.0 - specification.evaluation.window_share))
    denials_from = np.cumsum(denied[::-1])[::-1]
    enough = np.flatnonzero(
        (denials_from >= least.minimum_denied)
        & (count - np.arange(count) >= least.minimum_lines)
    )
    latest = int(enough[-1]) if len(enough) else 0
    return max(min(share, latest, count - 1), count // 2)


def stand_in(
    frame: Frame, *, specification: TrainingSpecification, known_by: date
) -> Bundle:
    """A model of this specification that knew only answers from before `known_by`, the
    window's first day or earlier.

    Half of the answered lines that `minimum` asks for suffice: it does not serve.

    Raises
    ------
    NotEnoughHistory
        If there are fewer.
    """
    least = specification.minimum
    halved = msgspec.structs.replace(
        specification,
        minimum=msgspec.structs.replace(
            least,
            answered_lines=least.answered_lines // 2,
            denied_lines=least.denied_lines // 2,
        ),
    )
    return train_bundle(frame, specification=halved, known_by=known_by)


def line_risk(bundle: Bundle, frame: Frame, window: Window) -> Floats:
    """The bundle's risk of each line of the window, float64 (rows,)."""
    raw = bundle.raw_output(frame.matrix[window.rows])
    return bundle.facts.calibration.line_probability(raw)


_PRIOR_LINES = 20.0


def rate_before(frame: Frame, window: Window) -> float:
    """The denial rate of the lines answered before the window."""
    labels = frame.labels(known_by=window.first_day)
    known = labels[(labels >= 0) & frame.original]
    return (float(known.sum()) + 0.5) / (len(known) + 1.0)


def table_risk(frame: Frame, window: Window) -> Floats:
    """What a payer x procedure code table says of each line, float64 (rows,).

    Denial rates of the lines answered before the window, drawn towards the common
    rate by 20 lines: what any model must beat to be worth its upkeep.
    """
    labels = frame.labels(known_by=window.first_day)
    known = np.flatnonzero((labels >= 0) & frame.original)
    counts: dict[tuple[str, str], list[float]] = {}
    for row in known.tolist():
        view = frame.lines[row].view
        cell = counts.setdefault((view.payer, view.code), [0.0, 0.0])
        cell[0] += 1.0
        cell[1] += float(labels[row])
    common = rate_before(frame, window)
    found = np.empty(len(window.rows))
    for at, row in enumerate(window.rows.tolist()):
        view = frame.lines[row].view
        lines, denied = counts.get((view.payer, view.code), (0.0, 0.0))
        found[at] = (denied + _PRIOR_LINES * common) / (lines + _PRIOR_LINES)
    return found


def _patients(frame: Frame, rows: Rows) -> npt.NDArray[np.int64]:
    numbers: dict[str, int] = {}
    keys = (patient_key(frame.lines[row].claim) for row in rows.tolist())
    return np.array(
        [numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64
    )
