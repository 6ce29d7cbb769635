"""Pass, warn or hold: the organization's policy over findings and risk."""

from collections.abc import Sequence

from denialml.domain.edit import ClaimDecision, Decision, EditFinding
from denialml.domain.risk import CutOff, RiskScore
from denialml.rules.organization_rules import DecisionPolicy


def decide(
    score: RiskScore,
    findings: Sequence[EditFinding],
    policy: DecisionPolicy,
    *,
    cut_off: CutOff | None,
) -> ClaimDecision:
    """The decision on one claim; `cut_off` was learnt for the policy's precision.

    What a rule cannot tell decides nothing. A risk that the model abstains on decides
    nothing either: the precision is not its own.
    """
    found = [one for one in findings if one.verdict == "found"]
    holds = [one for one in found if one.severity in policy.hold]
    reasons = [one.statement for one in holds]
    is_risky = cut_off is not None and not score.abstains
    if cut_off is not None and is_risky and score.probability >= cut_off.risk:
        reasons.append(
            f"The risk of {score.probability:.0%} is at or above {cut_off.risk:.0%},"
            f" from where on {cut_off.denied} of {cut_off.flagged} earlier claims were"
            " denied."
        )
    if reasons:
        return ClaimDecision(
            decision=Decision.HOLD, reasons=tuple(dict.fromkeys(reasons))
        )
    warned = [one.statement for one in found if one.severity in policy.warn]
    if warned:
        return ClaimDecision(
            decision=Decision.WARN, reasons=tuple(dict.fromkeys(warned))
        )
    return ClaimDecision(decision=Decision.PASSES, reasons=())
