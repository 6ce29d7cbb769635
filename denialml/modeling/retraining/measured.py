"""How good a risk was on a window, with intervals: overall, per payer, per subgroup.

Groups are named by a word of ours or by a pseudonym, never by what a payer or patient
is called. A group of few patients is not reported at all.
"""

from collections.abc import Callable, Sequence
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.domain.claim import Claim, person
from denialml.modeling.retraining.holdout import Floats, Window
from denialml.modeling.retraining.weighing import (
    Weigher,
    patient_weights,
    row_log_loss,
)
from denialml.modeling.risk.evaluation import ranking_measures
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.specification import Evaluation

Pseudonym = Callable[[str], str]
_WITHOUT_INTERVAL = "calibration_error"
_BANDS = ((0, "0 to 17"), (18, "18 to 34"), (35, "35 to 49"), (50, "50 to 64"))
_OLDEST, _NOT_KNOWN = "65 and older", "not known"
_SEXES = {"F": "female", "M": "male"}
# SBR09 of the 837P, in our own words.
_PAYER_TYPES = {
    "MB": "Medicare",
    "MA": "Medicare",
    "16": "Medicare Advantage",
    "MC": "Medicaid",
    "BL": "Blue plan",
    "CH": "federal program",
    "OF": "federal program",
    "VA": "federal program",
    "CI": "commercial",
    "HM": "commercial",
    "12": "commercial",
    "13": "commercial",
    "14": "commercial",
    "15": "commercial",
    "17": "commercial",
}


class Interval(msgspec.Struct, frozen=True):
    """A difference with its paired 95% bootstrap interval over patients."""

    value: float
    low: float
    high: float


class Measured(msgspec.Struct, frozen=True):
    """A measure with its 95% bootstrap interval over patients.

    No interval (None) for the calibration error: gaps in absolute value grow with
    every draw, so that the interval would lie above the value.
    """

    value: float
    low: float | None = None
    high: float | None = None


class GroupMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """One group's measures. Lines are answered lines of the window."""

    group: str
    lines: int
    patients: int
    measures: dict[str, Measured]


class CalibrationBin(msgspec.Struct, frozen=True, kw_only=True):
    """A tenth of the window's lines, by risk: what was said and what came.

    `standard_error` is the binomial one of the denial rate; `low` and `high` are its
    95% bootstrap interval over patients, None where none was drawn.
    """

    lines: int
    mean_risk: float
    denial_rate: float
    standard_error: float
    low: float | None = None
    high: float | None = None


def measure_with_intervals(
    denied: npt.NDArray[np.int8],
    risk: Floats,
    patients: npt.NDArray[np.int64],
    *,
    rounds: int,
    seed: int,
) -> dict[str, Measured]:
    """log_loss, brier, calibration_error, mean_risk, denial_rate, auc and
    average_precision; the last two only where both outcomes occur."""
    values = ranking_measures(denied, risk)
    values.pop("rows")
    values["mean_risk"] = float(risk.mean())
    weigher = Weigher(denied, risk)
    drawn: dict[str, list[float]] = {name: [] for name in values}
    for weights in patient_weights(patients, rounds=rounds, seed=seed):
        for name, value in weigher.measures(weights).items():
            if name in drawn:
                drawn[name].append(value)
    found = {}
    for name, value in values.items():
        if name == _WITHOUT_INTERVAL:
            found[name] = Measured(value)
            continue
        low, high = np.percentile(drawn[name] or [value], [2.5, 97.5])
        found[name] = Measured(value, float(low), float(high))
    return found


def difference_interval(
    denied: npt.NDArray[np.int8],
    risk: Floats,
    other: Floats,
    patients: npt.NDArray[np.int64],
    *,
    rounds: int,
    seed: int,
) -> Interval:
    """Log-loss of `risk` less that of `other` on the same lines, drawn in pairs."""

    gaps = row_log_loss(denied, risk) - row_log_loss(denied, other)
    drawn = [
        float(np.average(gaps, weights=weights))
        for weights in patient_weights(patients, rounds=rounds, seed=seed)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(gaps.mean()), float(low), float(high))


def calibration_table(
    denied: npt.NDArray[np.int8],
    risk: Floats,
    *,
    patients: npt.NDArray[np.int64] | None = None,
    rounds: int = 200,
    seed: int = 0,
    bins: int = 10,
) -> tuple[CalibrationBin, ...]:
    """Equally filled bins of rising risk; intervals where `patients` are given."""
    order = np.argsort(risk, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    ranges: list[tuple[float | None, float | None]] = [(None, None)] * len(parts)
    if patients is not None:
        ranges = _rate_ranges(denied, parts, patients, rounds=rounds, seed=seed)
    found = []
    for part, (low, high) in zip(parts, ranges, strict=True):
        rate = float(denied[part].mean())
        found.append(
            CalibrationBin(
                lines=len(part),
                mean_risk=float(risk[part].mean()),
                denial_rate=rate,
                standard_error=float(np.sqrt(rate * (1 - rate) / len(part))),
                low=low,
                high=high,
            )
        )
    return tuple(found)


def _rate_ranges(
    denied: npt.NDArray[np.int8],
    parts: Sequence[npt.NDArray[np.intp]],
    patients: npt.NDArray[np.int64],
    *,
    rounds: int,
    seed: int,
) -> list[tuple[float | None, float | None]]:
    """95% bootstrap intervals of each part's denial rate, whole patients drawn."""
    drawn: list[list[float]] = [[] for _ in parts]
    for weights in patient_weights(patients, rounds=rounds, seed=seed):
        for rates, part in zip(drawn, parts, strict=True):
            weight = weights[part]
            if weight.sum() > 0:
                rates.append(float(np.average(denied[part], weights=weight)))
    found: list[tuple[float | None, float | None]] = []
    for rates in drawn:
        low, high = np.percentile(rates, [2.5, 97.5]) if rates else (np.nan, np.nan)
        found.append((float(low), float(high)) if rates else (None, None))
    return found


def per_payer(
    frame: Frame,
    window: Window,
    risk: Floats,
    *,
    pseudonym: Pseudonym,
    evaluation: Evaluation,
    seed: int,
) -> tuple[GroupMeasures, ...]:
    """Measures of each payer under its pseudonym, most lines first."""
    payers = [frame.lines[row].view.payer for row in window.rows.tolist()]
    names = {payer: pseudonym(payer) for payer in set(payers)}
    return _by_group([names[payer] for payer in payers], window, risk, evaluation, seed)


def per_subgroup(
    frame: Frame,
    window: Window,
    risk: Floats,
    *,
    evaluation: Evaluation,
    seed: int,
) -> dict[str, tuple[GroupMeasures, ...]]:
    """Measures by age band, sex and payer type.

    None of the three is a feature; they are read from the claim for this report only.
    """
    claims = [frame.lines[row].claim for row in window.rows.tolist()]
    days = [
        frame.lines[row].line.service_date or frame.lines[row].submitted_on
        for row in window.rows.tolist()
    ]
    words = {
        "age band": [
            age_band(claim, day) for claim, day in zip(claims, days, strict=True)
        ],
        "sex": [_SEXES.get(person(claim).gender, _NOT_KNOWN) for claim in claims],
        "payer type": [payer_type(claim) for claim in claims],
    }
    return {
        name: _by_group(each, window, risk, evaluation, seed)
        for name, each in words.items()
    }


def age_band(claim: Claim, day: date) -> str:
    """The patient's age on a day, in bands."""
    born = person(claim).birth_date
    if born is None:
        return _NOT_KNOWN
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    band = _OLDEST
    for (_, name), (upper, _) in zip(_BANDS, (*_BANDS[1:], (65, "")), strict=True):
        if age < upper:
            band = name
            break
    return band


def payer_type(claim: Claim) -> str:
    """What kind of payer the claim's filing code (SBR09) names."""
    return _PAYER_TYPES.get(claim.subscriber.claim_filing_code, "other or not known")


def _by_group(
    names: Sequence[str],
    window: Window,
    risk: Floats,
    evaluation: Evaluation,
    seed: int,
) -> tuple[GroupMeasures, ...]:
    positions: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        positions.setdefault(name, []).append(at)
    found = []
    for name, each in positions.items():
        rows = np.array(each, dtype=np.intp)
        patients = window.patients[rows]
        count = len(np.unique(patients))
        if count < evaluation.smallest_cell:
            continue
        found.append(
            GroupMeasures(
                group=name,
                lines=len(rows),
                patients=count,
                measures=measure_with_intervals(
                    window.denied[rows],
                    risk[rows],
                    patients,
                    rounds=evaluation.rounds,
                    seed=seed,
                ),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.lines, one.group)))
