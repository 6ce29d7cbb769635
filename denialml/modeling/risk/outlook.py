"""What a denial of the line would be for, by which code it comes, what it costs.

All of it follows from the probability, the line's contributions and what history holds;
nothing here changes the risk.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from denialml.domain.risk import ExpectedLoss, LikelyCause, Matter
from denialml.modeling.knowledge.outcomes import OutcomeBook
from denialml.modeling.risk.cause_chances import cause_chances
from denialml.modeling.risk.feature import LineInput

CAUSES_SHOWN = 3
# Causes below this share of the line's risk say nothing.
_LEAST_SHARE = 0.05
_CENT, _SHARE = Decimal("0.01"), Decimal("0.0001")


def likely_causes(
    row: LineInput,
    effects: Mapping[str, float],
    outcomes: OutcomeBook,
    *,
    probability: float,
) -> tuple[LikelyCause, ...]:
    """The most probable causes, first the most probable; of `matter_effects`."""
    chances = cause_chances(row, effects, probability=probability)
    ranked = sorted(chances, key=lambda cause: (-chances[cause], cause.value))
    return tuple(
        LikelyCause(
            root_cause=cause,
            probability=chances[cause],
            reason_code=outcomes.reason_code(row.view.payer, cause.value),
        )
        for cause in ranked[:CAUSES_SHOWN]
        if chances[cause] >= _LEAST_SHARE * probability
    )


def expected_loss(
    row: LineInput, outcomes: OutcomeBook, *, probability: float
) -> ExpectedLoss | None:
    """Probability x usual payment x share not recovered; None without a payment.

    The usual payment is never more than the line charges.
    """
    usual = outcomes.usual_payment(row.view.payer, row.view.code)
    if usual is None:
        return None
    payment = _rounded(min(usual.mean, row.line.charge), _CENT)
    unrecovered = outcomes.unrecovered(row.view.payer)
    chance = _rounded(Decimal(probability), _SHARE)
    share = _rounded(unrecovered.share, _SHARE)
    return ExpectedLoss(
        amount=_rounded(chance * payment * share, _CENT),
        probability=chance,
        usual_payment=payment,
        unrecovered_share=share,
        payments=usual.payments,
        denials=unrecovered.denials,
    )


def matters_of(effects: Mapping[str, float]) -> tuple[Matter, ...]:
    """The contributions added up by matter, largest first; of `matter_effects`."""
    return tuple(
        Matter(name=name, contribution=effects[name])
        for name in sorted(effects, key=lambda name: -abs(effects[name]))
    )


def _rounded(value: Decimal, to: Decimal) -> Decimal:
    return value.quantize(to, rounding=ROUND_HALF_UP)
