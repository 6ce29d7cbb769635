"""Denial risk of one claim, with the reasons."""

from datetime import date
from decimal import Decimal

from denialml.domain.denial import RootCause
from denialml.domain.edit import ClaimDecision, EditFinding
from denialml.domain.fix import ClaimFixes
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


class LikelyCause(Judgment, frozen=True):
    """One cause for which the line may be denied.

    `probability` is that of a denial for this cause; those of all causes add up to the
    line's. `reason_code` is the CARC that this payer has printed most often for it,
    empty while it has printed none.
    """

    root_cause: RootCause
    probability: float
    reason_code: str = ""


class ExpectedLoss(Judgment, frozen=True):
    """What a line is expected to lose, in dollars: the product of its three parts.

    `probability` of a denial, `usual_payment` of the payer for such a line when it
    pays, and `unrecovered_share` of denials that it has not paid later. `payments` and
    `denials` are how many answers the two rest on.
    """

    amount: Decimal
    probability: Decimal
    usual_payment: Decimal
    unrecovered_share: Decimal
    payments: int
    denials: int


class Matter(Judgment, frozen=True):
    """What all features of one matter (authorization, coverage, ...) add together.

    `contribution` is in log-odds of the uncalibrated model; those of all matters plus
    the base add up to the raw output.
    """

    name: str
    contribution: float


class CutOff(Judgment, frozen=True):
    """From which risk on so many flagged claims are truly denied.

    Learnt on claims that the measured trees had not seen: of the `flagged` ones at or
    above `risk`, `denied` were denied, so a share of `denied / flagged`, between `low`
    and `high` with 95% confidence. `recall` is the share of all denied claims that were
    among them.
    """

    precision: float
    risk: float
    flagged: int
    denied: int
    low: float
    high: float
    recall: float


class LineRisk(Judgment, frozen=True):
    """Denial risk of one service line.

    `probability` is calibrated; `raw_output` and `base` are log-odds before
    calibration; `contributions` are sorted by absolute size, all of them, so that
    base + sum(contribution) = raw_output. `matters` are the same, grouped, largest
    first. `interval` holds the true probability in eight of ten cases by what training
    on other parts of the history would have given; None where the model does not say.
    `likely_causes` are the most probable first.
    """

    line_number: int
    procedure_code: str
    probability: float
    raw_output: float
    base: float
    contributions: tuple[Contribution, ...]
    interval: tuple[float, float] | None = None
    likely_causes: tuple[LikelyCause, ...] = ()
    expected_loss: ExpectedLoss | None = None
    matters: tuple[Matter, ...] = ()


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
    answered yet. `interval` is that of the claim's probability. `expected_loss` adds up
    the lines'; None where a payer has paid nothing yet that tells what is at stake.
    `findings`, `decision` and `fixes` are what the claim rules find, what follows from
    both, and what can be done about it; None or empty where only the risk was asked.
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
    interval: tuple[float, float] | None = None
    expected_loss: Decimal | None = None
    findings: tuple[EditFinding, ...] = ()
    decision: ClaimDecision | None = None
    fixes: ClaimFixes | None = None
