"""The one scoring function: CLI, API, batch and backtest all come through here."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec
import numpy as np
import numpy.typing as npt

from denialml.domain.claim import Claim, patient_key
from denialml.domain.risk import Contribution, ExpectedLoss, LineRisk, RiskScore
from denialml.modeling.knowledge.evidence import ClinicianEvidence
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.line_view import view_line
from denialml.modeling.knowledge.rule_outcomes import Broken, broken_rules
from denialml.modeling.risk.answer_time import AnswerTimes, answer_times
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.cause_chances import cause_chances, matter_effects
from denialml.modeling.risk.cautions import cautions_about, claim_cautions
from denialml.modeling.risk.explanation import contributions_of_lines
from denialml.modeling.risk.feature import LineInput
from denialml.modeling.risk.features import line_features
from denialml.modeling.risk.outlook import expected_loss, likely_causes, matters_of
from denialml.modeling.risk.reasons import COMFORTS_SHOWN, REASONS_SHOWN, reasons_of
from denialml.modeling.risk.support import reason_to_abstain

_NOTHING = Decimal(0)


def score_claims(
    claims: Sequence[Claim],
    *,
    fact_book: FactBook,
    history: History,
    bundle: Bundle,
    as_of: date,
    broken: Sequence[Mapping[int, Broken]] | None = None,
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
    broken : sequence of mappings
        The rules that each claim's lines break, by line number, where they were judged
        before (`rule_outcomes`). None: they are judged here if the model asks.

    Raises
    ------
    ValueError
        If history stands at another day, or was made without the claim rules that the
        model asks for (or with them).
    """
    _check_standing(history, bundle, as_of)
    rows = [
        row
        for at, claim in enumerate(claims)
        for row in line_inputs(
            claim,
            fact_book=fact_book,
            history=history,
            as_of=as_of,
            broken=None if broken is None else broken[at],
        )
    ]
    if not rows:
        return []
    matrix = np.vstack([line_features(row) for row in rows])
    return explained_scores(claims, rows, matrix, history=history, bundle=bundle)


class SupposedClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as it might be sent, with what would then be on file.

    `clinician_confirmed`: the payer has said that it has the clinician loaded, which
    counts as much as an answer that proved it. `broken` are the rules that each line
    breaks, by its number, where they were judged before.
    """

    claim: Claim
    fact_book: FactBook
    clinician_confirmed: bool = False
    broken: Mapping[int, Broken] | None = None


class PlainRisk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A claim's risk and expected loss without their reasons; see `RiskScore`.

    `abstains`: too little is known of such a claim, and the number is no estimate.
    """

    probability: float
    expected_loss: Decimal | None
    abstains: bool


def supposed_risks(
    supposed: Sequence[SupposedClaim],
    *,
    history: History,
    bundle: Bundle,
    as_of: date,
) -> list[PlainRisk]:
    """Risks of claims as they might be sent: those that `score_claims` would give.

    Raises
    ------
    ValueError
        As `score_claims`.
    """
    _check_standing(history, bundle, as_of)
    rows = [_supposed_rows(one, history=history, as_of=as_of) for one in supposed]
    every = [row for some in rows for row in some]
    if not every:
        return []
    calibration = bundle.facts.calibration
    raw = bundle.raw_output(np.vstack([line_features(row) for row in every]))
    chances = calibration.line_probability(raw).tolist()
    found = []
    start = 0
    for some in rows:
        own = chances[start : start + len(some)]
        start += len(some)
        losses = [
            expected_loss(row, history.outcomes, probability=chance)
            for row, chance in zip(some, own, strict=True)
        ]
        found.append(
            PlainRisk(
                probability=calibration.claim_probability(own),
                expected_loss=_added_up(losses),
                abstains=any(map(reason_to_abstain, some)),
            )
        )
    return found


def _supposed_rows(
    supposed: SupposedClaim, *, history: History, as_of: date
) -> list[LineInput]:
    rows = line_inputs(
        supposed.claim,
        fact_book=supposed.fact_book,
        history=history,
        as_of=as_of,
        broken=supposed.broken,
    )
    if not supposed.clinician_confirmed:
        return rows
    return [_with_clinician_proved(row, as_of=as_of) for row in rows]


def _with_clinician_proved(row: LineInput, *, as_of: date) -> LineInput:
    known = row.history.clinician
    day = row.facts.service_date or as_of
    proved = ClinicianEvidence(
        proved=max(day, known.proved or day), answers=known.answers + 1
    )
    about = msgspec.structs.replace(row.history, clinician=proved)
    return msgspec.structs.replace(row, history=about)


def explained_scores(
    claims: Sequence[Claim],
    rows: Sequence[LineInput],
    matrix: npt.NDArray[np.float64],
    *,
    history: History,
    bundle: Bundle,
) -> list[RiskScore]:
    """The scores of claims whose features are worked out already.

    `rows` and `matrix` (lines, features) have the claims' lines in their order.
    """
    lines = _told_lines(rows, matrix, history=history, bundle=bundle)
    cautions = cautions_about(history, bundle.facts, as_of=history.as_of)
    times = answer_times(history)
    scores = []
    start = 0
    for claim in claims:
        end = start + len(claim.lines)
        scores.append(
            _risk_score(claim, lines[start:end], bundle, history.as_of, cautions, times)
        )
        start = end
    return scores


def _check_standing(history: History, bundle: Bundle, as_of: date) -> None:
    if history.as_of != as_of:
        raise ValueError(f"history stands at {history.as_of}, claims are of {as_of}")
    if history.with_rules != bundle.with_rules:
        raise ValueError(
            "history was made"
            f" {'with' if history.with_rules else 'without'} claim rules, the model"
            f" {'with' if bundle.with_rules else 'without'} them"
        )


def line_inputs(
    claim: Claim,
    *,
    fact_book: FactBook,
    history: History,
    as_of: date,
    broken: Mapping[int, Broken] | None = None,
) -> list[LineInput]:
    """What the features of each of the claim's lines look at.

    `broken` by line number; None: the rules are asked here, if history has learnt of
    them.
    """
    patient = patient_key(claim)
    if broken is None:
        broken = (
            broken_rules(claim, fact_book, as_of=as_of) if history.with_rules else {}
        )
    rows = []
    for line in claim.lines:
        facts = fact_book.line_facts(claim, line, as_of=as_of)
        view = view_line(claim, line, facts)
        found = broken.get(line.line_number, ())
        about = history.about(view, patient=patient, broken=found)
        rows.append(LineInput(claim, line, facts, view, about))
    return rows


class _ToldLine(msgspec.Struct, frozen=True):
    """A line's risk and what its reasons are chosen from, in the order of features."""

    risk: LineRisk
    row: LineInput
    values: list[float]
    contributions: tuple[Contribution, ...]
    effects: list[float]
    chances: list[float]


def _told_lines(
    rows: Sequence[LineInput],
    matrix: npt.NDArray[np.float64],
    *,
    history: History,
    bundle: Bundle,
) -> list[_ToldLine]:
    """Each line's risk; what numpy can do is done for all lines at once."""
    shares = bundle.contributions(matrix)
    raw = bundle.raw_output(matrix)
    effects = matter_effects(shares[:, :-1])
    # A stable sort of the negated sizes: ties stay in the order of `FEATURES`.
    order = np.argsort(-np.abs(shares[:, :-1]), axis=1, kind="stable")
    probabilities = bundle.facts.calibration.line_probability(raw)
    told = contributions_of_lines(rows, matrix.T.tolist(), shares[:, :-1].T.tolist())
    return [
        _told(*each, history=history, bundle=bundle)
        for each in zip(
            rows,
            matrix.tolist(),
            told,
            shares[:, -1].tolist(),
            effects.tolist(),
            order.tolist(),
            raw.tolist(),
            probabilities.tolist(),
            strict=True,
        )
    ]


def _told(
    row: LineInput,
    values: list[float],
    contributions: tuple[Contribution, ...],
    base: float,
    effects: list[float],
    order: list[int],
    raw: float,
    probability: float,
    *,
    history: History,
    bundle: Bundle,
) -> _ToldLine:
    outcomes = history.outcomes
    chances = cause_chances(row, effects, probability=probability)
    risk = LineRisk(
        line_number=row.line.line_number,
        procedure_code=row.line.procedure_code,
        probability=probability,
        raw_output=raw,
        base=base,
        contributions=tuple([contributions[at] for at in order]),
        interval=bundle.facts.calibration.interval(raw),
        likely_causes=likely_causes(row, chances, outcomes),
        expected_loss=expected_loss(row, outcomes, probability=probability),
        matters=matters_of(effects),
    )
    return _ToldLine(risk, row, values, contributions, effects, chances)


def _risk_score(
    claim: Claim,
    told: Sequence[_ToldLine],
    bundle: Bundle,
    as_of: date,
    cautions: tuple[str, ...],
    times: AnswerTimes | None,
) -> RiskScore:
    riskiest = max(told, key=lambda line: line.risk.probability)
    calibration = bundle.facts.calibration
    intervals = [line.risk.interval for line in told if line.risk.interval is not None]
    reasons = reasons_of(
        riskiest.row,
        riskiest.values,
        riskiest.contributions,
        effects=riskiest.effects,
        chances=riskiest.chances,
    )
    probability = calibration.claim_probability(
        [line.risk.probability for line in told]
    )
    unlike = next(filter(None, (reason_to_abstain(line.row) for line in told)), "")
    return RiskScore(
        patient_control_number=claim.patient_control_number,
        as_of=as_of,
        model_version=bundle.version,
        probability=probability,
        lines=tuple(line.risk for line in told),
        reasons=tuple(one.sentence for one in reasons.raising[:REASONS_SHOWN]),
        speaks_for_payment=tuple(
            one.sentence for one in reasons.lowering[:COMFORTS_SHOWN]
        ),
        warnings=(*cautions, *claim_cautions(claim)),
        interval=(
            (
                calibration.claim_probability([low for low, _ in intervals]),
                calibration.claim_probability([high for _, high in intervals]),
            )
            if len(intervals) == len(told)
            else None
        ),
        expected_loss=_added_up([line.risk.expected_loss for line in told]),
        expected_answer_days=(
            times.expected(claim.payer.payer_id, denial_risk=probability)
            if times is not None
            else None
        ),
        abstains=bool(unlike),
        abstention_reason=unlike,
    )


def _added_up(losses: Sequence[ExpectedLoss | None]) -> Decimal | None:
    """The lines' losses together; None where one is not known."""
    known = [loss.amount for loss in losses if loss is not None]
    return sum(known, _NOTHING) if len(known) == len(losses) else None
