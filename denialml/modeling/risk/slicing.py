"""Which rows a model is trained on, cut in time, and what each of them counts.

A line without an answer is neither paid nor denied. Of the newest lines only the
quick answers are there, and payments are quicker than denials: each answered line of
the weeks that are still open therefore stands for those like it that were not yet
answered, by the inverse of the probability of having been answered by now.
"""

from datetime import date, timedelta

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.errors import NotEnoughHistory
from denialml.modeling.risk.answer_time import (
    LONGEST_DAYS,
    PACE_DAYS,
    AnswerTimes,
)
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import TrainingSpecification

_WEEK = 7
_LONG_PAST_DAYS = 120


class Slices(msgspec.Struct, frozen=True):
    """Row positions of one training run, in time order: each later than the last.

    `weight` is float64 of every row of the frame: how many lines like it an answered
    one stands for, 1 where all have been answered.
    """

    trees: npt.NDArray[np.intp]
    stopping: npt.NDArray[np.intp]
    calibration: npt.NDArray[np.intp]
    weight: npt.NDArray[np.float64]

    @property
    def everything(self) -> npt.NDArray[np.intp]:
        """All three, in time order."""
        return np.concatenate([self.trees, self.stopping, self.calibration])

    @property
    def held_out(self) -> npt.NDArray[np.intp]:
        """What trees of the first slice have not seen."""
        return np.concatenate([self.stopping, self.calibration])


class Usable(msgspec.Struct, frozen=True):
    """Rows that may be trained on, in time order, and the weight of every row."""

    rows: npt.NDArray[np.intp]
    weight: npt.NDArray[np.float64]


def usable_rows(
    frame: Frame,
    labels: npt.NDArray[np.int8],
    *,
    specification: TrainingSpecification,
    known_by: date,
) -> Usable:
    """Answered lines of original claims after the warm-up, with their weights.

    A line counts where its payer had answered at least `least_answered` of its paid and
    of its denied lines at this age, by the inverse of the share of its own outcome.
    Both are asked, since a line's outcome must not decide whether it takes part:
    payments of an age whose denials are mostly missing would teach that all is paid.
    """
    cut = specification.slices
    last = last_mature_day(frame, mature_share=cut.mature_share, known_by=known_by)
    first = int(frame.submitted_on.min(initial=last)) + cut.warm_up_days
    answered = (labels >= 0) & frame.original & (frame.submitted_on >= first)
    weight = np.ones(len(labels))
    if cut.least_answered >= 1.0:
        return Usable(np.flatnonzero(answered & (frame.submitted_on <= last)), weight)
    open_since = known_by.toordinal() - 1 - LONGEST_DAYS
    rows = np.flatnonzero(answered & (frame.submitted_on > open_since))
    paid, denied = _shares_answered(frame, labels, rows, known_by=known_by)
    share = np.where(labels[rows] == 1, denied, paid)
    weight[rows] = 1.0 / np.maximum(share, cut.least_answered)
    answered[rows] = np.minimum(paid, denied) >= cut.least_answered
    return Usable(np.flatnonzero(answered), weight)


def _shares_answered(
    frame: Frame,
    labels: npt.NDArray[np.int8],
    rows: npt.NDArray[np.intp],
    *,
    known_by: date,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Of lines like these rows, if paid and if denied: the share answered by now."""
    times = pace_of(frame, labels, known_by=known_by)
    payer = [frame.lines[row].view.payer for row in rows.tolist()]
    age = (known_by.toordinal() - 1 - frame.submitted_on[rows]).astype(np.int32)
    every = np.ones(len(rows), dtype=np.bool_)
    return (
        times.shares_answered(payer, age, denied=~every),
        times.shares_answered(payer, age, denied=every),
    )


def pace_of(
    frame: Frame, labels: npt.NDArray[np.int8], *, known_by: date
) -> AnswerTimes:
    """How long payers take, by the answers received before `known_by`."""
    recent = frame.submitted_on >= (known_by - timedelta(days=PACE_DAYS)).toordinal()
    rows = np.flatnonzero((labels >= 0) & frame.original & recent)
    return AnswerTimes(
        [frame.lines[row].view.payer for row in rows.tolist()],
        denied=labels[rows] == 1,
        delay_days=frame.answered_on[rows] - frame.submitted_on[rows],
        age_days=(known_by.toordinal() - frame.submitted_on[rows]).astype(np.int32),
    )


def cut_slices(
    frame: Frame,
    labels: npt.NDArray[np.int8],
    *,
    specification: TrainingSpecification,
    known_by: date,
) -> Slices:
    """Rows for trees, for choosing their number and for calibration, by whole days.

    Raises
    ------
    NotEnoughHistory
        If too few lines were answered or denied, or on too few days.
    """
    usable = usable_rows(frame, labels, specification=specification, known_by=known_by)
    rows = usable.rows
    denied = int(labels[rows].astype(np.int64).sum())
    least = specification.minimum
    if len(rows) < least.answered_lines or denied < least.denied_lines:
        raise NotEnoughHistory(
            f"{len(rows)} answered lines with {denied} denials before {known_by};"
            f" trees take {least.answered_lines} with {least.denied_lines}"
        )
    cut = specification.slices
    days = frame.submitted_on[rows]
    kept = 1.0 - cut.stopping_share - cut.calibration_share
    stop_day = days[int(len(rows) * kept)]
    calibration_day = days[int(len(rows) * (kept + cut.stopping_share))]
    slices = Slices(
        rows[days < stop_day],
        rows[(days >= stop_day) & (days < calibration_day)],
        rows[days >= calibration_day],
        usable.weight,
    )
    for each in (slices.trees, slices.stopping, slices.calibration):
        if not 0 < labels[each].astype(np.int64).sum() < len(each):
            raise NotEnoughHistory(
                f"the {len(rows)} answered lines before {known_by} do not spread over"
                " enough days to train, stop and calibrate on both outcomes each"
            )
    return slices


def last_mature_day(frame: Frame, *, mature_share: float, known_by: date) -> int:
    """The last submission day (ordinal) whose week has been answered almost fully.

    Answers come late and denials later than payments: among claims sent lately, those
    answered are too often paid. Submissions that a 277CA rejected are not waited for.
    """
    asked = frame.original & (frame.rejected_on > known_by.toordinal())
    asked &= frame.submitted_on < known_by.toordinal()
    weeks = (known_by.toordinal() - 1 - frame.submitted_on[asked]) // _WEEK
    if not len(weeks):
        return known_by.toordinal()
    answered = frame.answered_on[asked] < known_by.toordinal()
    asked_count = np.bincount(weeks)
    answered_count = np.bincount(weeks, weights=answered)
    long_past = slice(_LONG_PAST_DAYS // _WEEK, None)
    asked_long_past = asked_count[long_past].sum()
    plateau = (
        answered_count[long_past].sum() / asked_long_past if asked_long_past else 1
    )
    for week, (count, known) in enumerate(
        zip(asked_count, answered_count, strict=True)
    ):
        if count and known / count >= mature_share * plateau:
            return known_by.toordinal() - 1 - week * _WEEK
    return int(frame.submitted_on.min()) - 1
