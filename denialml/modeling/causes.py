"""What an answer's codes say about why, as shares of the root causes.

The shares are the specialist's prior of `denialml.reference`, not a diagnosis: the
root-cause model weighs them with the record. History needs only how much of a denial
to count towards, say, authorization.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from denialml.domain.remittance import ClaimAdjustment
from denialml.reference import adjustment_reasons, remark_codes

_NOTHING: Mapping[str, float] = MappingProxyType({})


def cause_shares(
    adjustments: Iterable[ClaimAdjustment], remarks: Iterable[str]
) -> Mapping[str, float]:
    """Share of each root cause in one answer; the shares add up to 1, or to nothing.

    A remark that names a cause (role ``label``) decides under a reason code that
    allows it or allows anything; several reasons share by the charge they took.
    """
    reasons = adjustment_reasons()
    weights: dict[str, float] = {}
    for adjustment in adjustments:
        reason = reasons.get(adjustment.reason_code)
        if reason is None or reason.adjustment_class != "denial":
            continue
        amount = abs(float(adjustment.amount)) or 0.01
        weights[reason.root_cause] = (
            weights.get(reason.root_cause, 0.0) + amount * reason.root_cause_probability
        )
        for cause, probability in reason.alternatives:
            weights[cause] = weights.get(cause, 0.0) + amount * probability
    known = remark_codes()
    for remark in remarks:
        entry = known.get(remark)
        if entry is None or entry.role != "label" or entry.root_cause not in weights:
            continue
        weights[entry.root_cause] += 4.0 * sum(weights.values())
    total = sum(weights.values())
    if not total:
        return _NOTHING
    return {cause: weight / total for cause, weight in weights.items()}
