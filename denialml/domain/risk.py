"""Denial risk of one claim, with the reasons."""

from datetime import date

from denialml.domain.record import Judgment


class Contribution(Judgment, frozen=True):
    """One feature's share of a line's risk.

    `contribution` is in log-odds of the uncalibrated model (SHAP); all
    contributions plus the base add up to the raw output. `value` is the feature's
    value as a number (None: missing), `value_text` the same in words with its unit.
    `sentence` says it in billing words; `remedy` what lowers it, empty where nothing
    legal does.
    """

    feature: str
    value: float | None
    value_text: str
    contribution: float
    sentence: str
    remedy: str = ""


class LineRisk(Judgment, frozen=True):
    """Denial risk of one service line.

    `probability` is calibrated; `raw_output` and `base` are log-odds before
    calibration; `contributions` are sorted by absolute size, all of them, so that
    base + sum(contribution) = raw_output.
    """

    line_number: int
    procedure_code: str
    probability: float
    raw_output: float
    base: float
    contributions: tuple[Contribution, ...]


class AnswerDays(Judgment, frozen=True):
    """When the payer's answer can be expected, in days from submission.

    `median`: half of such claims are answered by then; `low` and `high`: 80% of the
    answers lie between them. Learnt from the answers received so far.
    """

    median: int
    low: int
    high: int


class RiskScore(Judgment, frozen=True):
    """Denial risk of one claim: the probability that at least one line is denied.

    `as_of` is the submission day: nothing known later took part. `model_version`
    names the bundle. `reasons` say what raises the riskiest line's risk: facts of the
    claim and its file first, then what was answered to claims like it, then how the
    payer answers in general. `speaks_for_payment` says what lowers it. `warnings` say
    what the number cannot be trusted for (`denialml.modeling.risk.cautions`).

    `abstains`: the claim is too unlike what the payers have answered so far, so that
    the number is no estimate of its risk; `abstention_reason` says why in a plain
    sentence, empty otherwise. `expected_answer_days` is None where no payer has
    answered yet.
    """

    patient_control_number: str
    as_of: date
    model_version: str
    probability: float
    lines: tuple[LineRisk, ...]
    reasons: tuple[str, ...]
    speaks_for_payment: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    expected_answer_days: AnswerDays | None = None
    abstains: bool = False
    abstention_reason: str = ""
