"""What a denial of the line would be for, by which code it comes, what it costs.

All of it follows from the probability, the line's contributions and what history holds;
nothing here changes the risk.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from denialml.domain.risk import ExpectedLoss, LikelyCause, Matter
from denialml.modeling.knowledge.outcomes import OutcomeBook
from denialml.modeling.risk.cause_chances import CAUSES, LIKELY_SHARE, MATTERS
from denialml.modeling.risk.feature import LineInput

CAUSES_SHOWN = 3
_EVERY_CAUSE, _EVERY_MATTER = range(len(CAUSES)), range(len(MATTERS))
_CENT, _SHARE = Decimal("0.01"), Decimal("0.0001")


def likely_causes(
    row: LineInput, chances: Sequence[float], outcomes: OutcomeBook
) -> tuple[LikelyCause, ...]:
    """The most probable causes, first the most probable; of `cause_chances`."""
    least = LIKELY_SHARE * sum(chances)
    ranked = sorted(_EVERY_CAUSE, key=chances.__getitem__, reverse=True)
    return tuple(
        LikelyCause(
            root_cause=CAUSES[at],
            probability=chances[at],
            reason_code=outcomes.reason_code(row.view.payer, CAUSES[at].value),
        )
        for at in ranked[:CAUSES_SHOWN]
        if chances[at] >= least
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


def matters_of(effects: Sequence[float]) -> tuple[Matter, ...]:
    """The contributions added up by matter, largest first; of `matter_effects`."""
    sizes = [abs(effect) for effect in effects]
    return tuple(
        Matter(name=MATTERS[at], contribution=effects[at])
        for at in sorted(_EVERY_MATTER, key=sizes.__getitem__, reverse=True)
    )


def _rounded(value: Decimal, to: Decimal) -> Decimal:
    return value.quantize(to, rounding=ROUND_HALF_UP)
