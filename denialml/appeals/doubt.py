"""Is the cause sure enough to argue from? A wrong reason loses an appeal level."""

from denialml.domain.denial import Denial, RootCauseFinding
from denialml.reference import adjustment_reasons, remark_codes

DOUBTFUL_PROBABILITY = 0.6
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
    """Whether a code of the answer stands for this cause first of all."""
    named = {
        entry.root_cause
        for entry in (
            *(adjustment_reasons().get(a.reason_code) for a in denial.adjustments),
            *(remark_codes().get(code) for code in denial.remark_codes),
        )
        if entry is not None
    }
    return finding.root_cause is not None and finding.root_cause.value in named


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
