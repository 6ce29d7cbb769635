"""The one scoring function: CLI, API, batch and backtest all come through here."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from denialml.domain.claim import Claim, patient_key
from denialml.domain.risk import LineRisk, RiskScore
from denialml.modeling.bundle import Bundle
from denialml.modeling.explanation import contributions_of, reasons_of
from denialml.modeling.facts import FactBook
from denialml.modeling.feature import LineInput
from denialml.modeling.features import line_features
from denialml.modeling.history import History
from denialml.modeling.line_view import view_line


def score_claims(
    claims: Sequence[Claim],
    *,
    fact_book: FactBook,
    history: History,
    bundle: Bundle,
    as_of: date,
) -> list[RiskScore]:
    """Denial risk of each claim with its reasons, in the order given.

    Parameters
    ----------
    claims : sequence of Claim
        Each with at least one line; they need not be stored, and do not influence
        each other.
    fact_book : FactBook
        The practice's records; nothing of them from `as_of` on takes part beyond
        what the practice has in hand when it sends the claim.
    history : History
        Must stand at `as_of`; is not changed.
    as_of : date
        The submission day.

    Raises
    ------
    ValueError
        If history stands at another day.
    """
    if history.as_of != as_of:
        raise ValueError(f"history stands at {history.as_of}, claims are of {as_of}")
    rows = [
        row
        for claim in claims
        for row in line_inputs(claim, fact_book=fact_book, history=history, as_of=as_of)
    ]
    if not rows:
        return []
    matrix = np.vstack([line_features(row) for row in rows])
    raw = bundle.raw_output(matrix)
    contributions = bundle.contributions(matrix)
    probabilities = bundle.facts.calibration.line_probability(raw)
    scores = []
    start = 0
    for claim in claims:
        end = start + len(claim.lines)
        lines = tuple(
            _line_risk(
                rows[at], matrix[at], contributions[at], raw[at], probabilities[at]
            )
            for at in range(start, end)
        )
        scores.append(_risk_score(claim, lines, bundle, as_of))
        start = end
    return scores


def line_inputs(
    claim: Claim, *, fact_book: FactBook, history: History, as_of: date
) -> list[LineInput]:
    """What the features of each of the claim's lines look at."""
    patient = patient_key(claim)
    rows = []
    for line in claim.lines:
        facts = fact_book.line_facts(claim, line, as_of=as_of)
        view = view_line(claim, line, facts)
        about = history.about(view, patient=patient)
        rows.append(LineInput(claim, line, facts, view, about))
    return rows


def _line_risk(
    row: LineInput,
    values: npt.NDArray[np.float64],
    shares: npt.NDArray[np.float64],
    raw: float,
    probability: float,
) -> LineRisk:
    *told, base = shares.tolist()
    return LineRisk(
        line_number=row.line.line_number,
        procedure_code=row.line.procedure_code,
        probability=float(probability),
        raw_output=float(raw),
        base=base,
        contributions=contributions_of(row, values.tolist(), told),
    )


def _risk_score(
    claim: Claim, lines: tuple[LineRisk, ...], bundle: Bundle, as_of: date
) -> RiskScore:
    riskiest = max(lines, key=lambda line: line.probability)
    return RiskScore(
        patient_control_number=claim.patient_control_number,
        as_of=as_of,
        model_version=bundle.version,
        probability=bundle.facts.calibration.claim_probability(
            [line.probability for line in lines]
        ),
        lines=lines,
        reasons=reasons_of(riskiest.contributions),
    )
