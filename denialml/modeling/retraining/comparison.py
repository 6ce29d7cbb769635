"""Challenger against champion on the newest mature window that neither has seen."""

from datetime import date, timedelta

import msgspec
import numpy as np

from denialml.errors import NotEnoughHistory
from denialml.modeling.retraining.holdout import (
    Floats,
    Window,
    line_risk,
    newest_window,
    rate_before,
    stand_in,
    table_risk,
)
from denialml.modeling.retraining.measured import (
    Interval,
    Pseudonym,
    difference_interval,
)
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.evaluation import log_loss
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import TrainingSpecification


class Contestant(msgspec.Struct, frozen=True):
    """A model in a comparison. `bundle` None: only its specification is at hand, so
    that a stand-in is judged."""

    bundle: Bundle | None
    specification: TrainingSpecification

    @property
    def trained_as_of(self) -> date | None:
        """The day before which its answers were received."""
        if self.bundle is None:
            return None
        return date.fromisoformat(self.bundle.facts.training.trained_as_of)


class PayerComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One payer under its pseudonym: log-loss of both, and the paired difference."""

    payer: str
    lines: int
    log_loss: float
    opponent_log_loss: float
    difference: Interval


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What the gates decide on. Log-loss per answered line of the window.

    `judged` and `opponent` say which trees were judged: a model's own, or those of its
    stand-in (`holdout`) where it had already learnt from the window, and as of which
    day that was trained. Without a champion
    the opponent is the payer x code table. `constant_log_loss`: of always saying the
    denial rate that was known before the window. `difference`: the challenger's
    log-loss less the opponent's, with a paired interval over patients; below zero is
    better.
    """

    window_first: date
    window_last: date
    lines: int
    denied: int
    judged: str
    opponent: str
    log_loss: float
    opponent_log_loss: float
    table_log_loss: float
    constant_log_loss: float
    mean_risk: float
    opponent_mean_risk: float
    denial_rate: float
    difference: Interval
    payers: tuple[PayerComparison, ...]


def compare(
    frame: Frame,
    challenger: Contestant,
    champion: Contestant | None,
    *,
    known_by: date,
    pseudonym: Pseudonym,
    champion_frame: Frame | None = None,
) -> Comparison:
    """Judge both on the same lines.

    `champion_frame` holds the same rows where only one of them has claim rules among
    its features.

    A champion that has enough mature lines since its training day is judged with its
    own trees on those. Else both are judged by stand-ins on the whole window, that of
    the older model as much older than the other's as the model is.

    Raises
    ------
    NotEnoughHistory
        If the window, or what was answered before it, is too small.
    """
    specification = challenger.specification
    window, own = _window(frame, champion, specification, known_by)
    of_champion = champion_frame or frame
    behind = timedelta(0) if champion is None else _older_by(champion, challenger)
    risk, judged = _older_risk(frame, window, challenger, "challenger", behind)
    table = table_risk(frame, window)
    if champion is None:
        other, opponent = table, "payer x code table"
    elif own and champion.bundle is not None:
        other = line_risk(champion.bundle, of_champion, window)
        opponent = "champion, its own trees"
    else:
        older = _older_by(challenger, champion)
        other, opponent = _older_risk(of_champion, window, champion, "champion", older)
    return _measured(
        frame,
        window,
        Stated(risk, judged),
        Stated(other, opponent),
        table=table,
        specification=specification,
        pseudonym=pseudonym,
    )


class Stated(msgspec.Struct, frozen=True):
    """A risk of each line of the window, float64 (rows,), and whose it is."""

    risk: Floats
    said: str


def _measured(
    frame: Frame,
    window: Window,
    one: Stated,
    other: Stated,
    *,
    table: Floats,
    specification: TrainingSpecification,
    pseudonym: Pseudonym,
) -> Comparison:
    constant = np.full(len(table), rate_before(frame, window))
    return Comparison(
        window_first=window.first_day,
        window_last=window.last_day,
        lines=len(window.rows),
        denied=int(window.denied.sum()),
        judged=one.said,
        opponent=other.said,
        log_loss=log_loss(window.denied, one.risk),
        opponent_log_loss=log_loss(window.denied, other.risk),
        table_log_loss=log_loss(window.denied, table),
        constant_log_loss=log_loss(window.denied, constant),
        mean_risk=float(one.risk.mean()),
        opponent_mean_risk=float(other.risk.mean()),
        denial_rate=float(window.denied.mean()),
        difference=difference_interval(
            window.denied,
            one.risk,
            other.risk,
            window.patients,
            rounds=specification.evaluation.rounds,
            seed=specification.seed,
        ),
        payers=_payers(frame, window, one.risk, other.risk, specification, pseudonym),
    )


def _older_by(one: Contestant, other: Contestant) -> timedelta:
    """How much older the other's answers are than the one's; nothing if newer."""
    if one.trained_as_of is None or other.trained_as_of is None:
        return timedelta(0)
    return max(one.trained_as_of - other.trained_as_of, timedelta(0))


def _older_risk(
    frame: Frame, window: Window, contestant: Contestant, name: str, older: timedelta
) -> tuple[Floats, str]:
    """Its stand-in, as much older on the window's first day than the other as it is.

    So the difference is what training anew gains, not zero by construction. Where so
    early a day holds too few answers, the stand-in is trained on the window's first
    day, as the other's is.
    """
    if older:
        try:
            return _risk(frame, window, contestant, name, window.first_day - older)
        except NotEnoughHistory:
            pass
    return _risk(frame, window, contestant, name, window.first_day)


def _window(
    frame: Frame,
    champion: Contestant | None,
    specification: TrainingSpecification,
    known_by: date,
) -> tuple[Window, bool]:
    """The window, and whether the champion's own trees have not seen it."""
    trained = champion.trained_as_of if champion is not None else None
    if trained is not None:
        try:
            window = newest_window(
                frame,
                specification=specification,
                known_by=known_by,
                not_before=trained,
            )
        except NotEnoughHistory:
            pass
        else:
            return window, True
    window = newest_window(frame, specification=specification, known_by=known_by)
    return window, False


def _risk(
    frame: Frame, window: Window, contestant: Contestant, name: str, day: date
) -> tuple[Floats, str]:
    """Its own trees' risk where they have not seen the window; else its stand-in's,
    which knew the answers received before `day`."""
    trained = contestant.trained_as_of
    if contestant.bundle is not None and trained and trained <= window.first_day:
        return line_risk(contestant.bundle, frame, window), f"{name}, its own trees"
    made = stand_in(frame, specification=contestant.specification, known_by=day)
    said = f"{name}'s specification, trained as of {day}"
    return line_risk(made, frame, window), said


def _payers(
    frame: Frame,
    window: Window,
    risk: Floats,
    other: Floats,
    specification: TrainingSpecification,
    pseudonym: Pseudonym,
) -> tuple[PayerComparison, ...]:
    positions: dict[str, list[int]] = {}
    for at, row in enumerate(window.rows.tolist()):
        positions.setdefault(frame.lines[row].view.payer, []).append(at)
    found = []
    for payer, rows in positions.items():
        if len(rows) < specification.gates.payer_minimum_lines:
            continue
        denied = window.denied[rows]
        found.append(
            PayerComparison(
                payer=pseudonym(payer),
                lines=len(rows),
                log_loss=log_loss(denied, risk[rows]),
                opponent_log_loss=log_loss(denied, other[rows]),
                difference=difference_interval(
                    denied,
                    risk[rows],
                    other[rows],
                    window.patients[rows],
                    rounds=specification.evaluation.rounds,
                    seed=specification.seed,
                ),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.lines, one.payer)))
