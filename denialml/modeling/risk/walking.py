"""Walks forward through a frame: each row scored by the last model fitted before it."""

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.refitting import refit_bundle
from denialml.modeling.risk.specification import TrainingSpecification
from denialml.modeling.risk.training import train_bundle
from denialml.modeling.risk.tree_fitting import Grow, grow_here

Refit = Literal["never", "quarterly", "monthly"]
_MONTHS: dict[Refit, int] = {"quarterly": 3, "monthly": 1}


class Stretch(msgspec.Struct, frozen=True):
    """The rows that one model scored. Arrays are (rows,), in frame order.

    `trained_as_of`: the model used only answers received before this day. A row's
    `claim_risk` is that of its claim.
    """

    trained_as_of: date
    rows: npt.NDArray[np.intp]
    line_risk: npt.NDArray[np.float64]
    claim_risk: npt.NDArray[np.float64]


def refit_days(from_day: date, to_day: date, refit: Refit) -> list[date]:
    """Days a model is fitted: the first, then the first of each quarter or month."""
    days = [from_day]
    step = _MONTHS.get(refit)
    if step is None:
        return days
    day = from_day.replace(day=1)
    while True:
        for _ in range(step - (day.month - 1) % step):
            day = day + timedelta(days=monthrange(day.year, day.month)[1])
        if day > to_day:
            return days
        days.append(day)


def walk_forward(
    frame: Frame,
    *,
    from_day: date,
    to_day: date,
    refit: Refit,
    specification: TrainingSpecification,
    progress: Callable[[str], None] | None = None,
    grow: Grow = grow_here,
) -> Iterator[Stretch]:
    """Score every submission of these days (both included) as it would have been.

    The first model, and one each half year, is trained in full; between them the trees
    are refitted (`refitting`).

    Raises
    ------
    NotEnoughHistory
        If the answers before `from_day` do not suffice for a first model.
    """
    days = refit_days(from_day, to_day, refit)
    trained: Bundle | None = None
    for position, day in enumerate(days):
        end = days[position + 1] if position + 1 < len(days) else to_day + _ONE_DAY
        if progress is not None:
            progress(f"fitting on what was answered before {day}")
        if trained is None:
            bundle = train_bundle(
                frame, specification=specification, known_by=day, grow=grow
            )
        else:
            bundle = refit_bundle(
                frame, trained, specification=specification, known_by=day, grow=grow
            )
        if bundle.facts.training.trained_as_of == day.isoformat():
            trained = bundle
        chosen = (frame.submitted_on >= day.toordinal()) & (
            frame.submitted_on < end.toordinal()
        )
        rows = np.flatnonzero(chosen)
        calibration = bundle.facts.calibration
        line_risk = (
            calibration.line_probability(
                bundle.raw_output(
                    frame.matrix[rows], threads=specification.trees.threads
                )
            )
            if len(rows)
            else np.empty(0)
        )
        yield Stretch(
            day,
            rows,
            line_risk,
            calibration.claim_probabilities(line_risk, frame.claim[rows]),
        )


_ONE_DAY = timedelta(days=1)
