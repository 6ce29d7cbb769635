"""Is the cause sure enough to argue from? A wrong reason loses an appeal level."""

from denialml.domain.denial import Denial, RootCauseFinding
from denialml.reference import adjustment_reasons, remark_codes

DOUBTFUL_PROBABILITY = 0.6
# Reasons that only point to the remark beside them.
_SEE_REMARK = frozenset({"16", "A1"})
_NO_CAUSE = frozenset({""})
_ASK_FOR_THE_REASON = (
    "The payer's codes do not say why; ask for the reason in writing, then draft again."
)


def unsupported_cause(denial: Denial, finding: RootCauseFinding) -> str:
    """Why no letter may argue this cause, or an empty text.

    A doubtful cause (probability below 0.6) is argued only where a reason or remark
    code of the answer points to it, as its first cause or as an alternative.
    """
    cause = finding.root_cause
    if cause is None or finding.probability >= DOUBTFUL_PROBABILITY:
        return ""
    return "" if cause.value in _causes_of(denial) else _ASK_FOR_THE_REASON


def names_cause(denial: Denial, finding: RootCauseFinding) -> bool:
    """Whether codes of the answer stand for this cause first, and for no other."""
    remarks = {
        entry.root_cause
        for code in denial.remark_codes
        if (entry := remark_codes().get(code)) is not None
    }
    reasons = {
        reason.root_cause
        for one in denial.adjustments
        if (reason := adjustment_reasons().get(one.reason_code)) is not None
        and not (one.reason_code in _SEE_REMARK and remarks - _NO_CAUSE)
    }
    named = (remarks | reasons) - _NO_CAUSE
    return finding.root_cause is not None and named == {finding.root_cause.value}


def _causes_of(denial: Denial) -> frozenset[str]:
    """Every cause that the codes of the answer may mean."""
    causes: set[str] = set()
    for adjustment in denial.adjustments:
        reason = adjustment_reasons().get(adjustment.reason_code)
        if reason is not None:
            causes |= {reason.root_cause, *(other for other, _ in reason.alternatives)}
    for code in denial.remark_codes:
        remark = remark_codes().get(code)
        if remark is not None:
            causes.add(remark.root_cause)
    return frozenset(causes - {""})
