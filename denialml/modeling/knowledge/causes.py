"""What an answer's codes say about why, as shares of the root causes.

The shares are the specialist's prior of `denialml.reference`, not a diagnosis: the
root-cause model weighs them with the record. History needs only how much of a denial
to count towards, say, authorization.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from denialml.domain.remittance import ClaimAdjustment
from denialml.reference import adjustment_reasons, remark_codes

# Reason codes that state no cause of their own: the remark does.
_GENERIC_REASONS = frozenset({"16", "96", "125", "226", "252", "A1"})
# How much a remark adds, against all that the reason codes said together.
_NAMED = 6.0
_HINTED = 0.7

_NOTHING: Mapping[str, float] = MappingProxyType({})


def cause_shares(
    adjustments: Iterable[ClaimAdjustment], remarks: Iterable[str]
) -> Mapping[str, float]:
    """Share of each root cause in one answer; the shares add up to 1, or to nothing.

    A remark that names a cause (role ``label``) decides under a generic reason code
    (16, 96, 252, A1 and the like); several reasons share by the charge they took.
    """
    reasons = adjustment_reasons()
    weights: dict[str, float] = {}
    generic = False
    for adjustment in adjustments:
        reason = reasons.get(adjustment.reason_code)
        if reason is None or reason.adjustment_class != "denial":
            continue
        generic = generic or adjustment.reason_code in _GENERIC_REASONS
        amount = abs(float(adjustment.amount)) or 0.01
        weights[reason.root_cause] = (
            weights.get(reason.root_cause, 0.0) + amount * reason.root_cause_probability
        )
        for cause, probability in reason.alternatives:
            weights[cause] = weights.get(cause, 0.0) + amount * probability
    known = remark_codes()
    for remark in remarks:
        entry = known.get(remark)
        if entry is None or not entry.root_cause or not weights:
            continue
        if entry.role == "label":
            share = _NAMED if entry.root_cause in weights or generic else _HINTED
        else:
            share = _HINTED
        added = share * sum(weights.values())
        weights[entry.root_cause] = weights.get(entry.root_cause, 0.0) + added
    total = sum(weights.values())
    if not total:
        return _NOTHING
    return {cause: weight / total for cause, weight in weights.items()}
