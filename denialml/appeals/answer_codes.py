"""What the codes of an answer ask for or say, beyond the cause of the denial."""

from collections.abc import Sequence

from denialml.appeals.case_file import CaseFile
from denialml.domain.denial import Denial, RootCause
from denialml.domain.remittance import ClaimAdjustment
from denialml.reference import adjustment_reasons, remark_codes

_RECORDS = RootCause.DOCUMENTATION_INSUFFICIENT.value
_CHANGED_CODE = "N22"
_LESSER_LEVEL = frozenset({"150", "151", "152"})


def grounds(denial: Denial) -> tuple[ClaimAdjustment, ...]:
    """The adjustments that deny, without reductions by contract and patient shares.

    All of them where nothing else is left.
    """
    denying = tuple(one for one in denial.adjustments if _denies(one))
    return denying or denial.adjustments


def _denies(adjustment: ClaimAdjustment) -> bool:
    entry = adjustment_reasons().get(adjustment.reason_code)
    if adjustment.group_code == "PR" and adjustment.reason_code in ("1", "2", "3"):
        return False
    return entry is None or entry.adjustment_class == "denial"


def requested_codes(cases: Sequence[CaseFile]) -> str:
    """The codes that ask for records, in words; empty where a line has none."""
    asked = [_asks_for_records(case.denial) for case in cases]
    if not all(asked):
        return ""
    return ", ".join(dict.fromkeys(code for of_line in asked for code in of_line))


def _asks_for_records(denial: Denial) -> list[str]:
    codes = []
    for adjustment in grounds(denial):
        entry = adjustment_reasons().get(adjustment.reason_code)
        if entry is not None and entry.root_cause == _RECORDS:
            codes.append(f"{adjustment.group_code}-{adjustment.reason_code}")
    for code in denial.remark_codes:
        remark = remark_codes().get(code)
        if remark is not None and remark.root_cause == _RECORDS:
            codes.append(code)
    return codes


def is_paid_as_less(denial: Denial) -> bool:
    """Whether the payer paid the line as a lesser service than the one billed."""
    reasons = {one.reason_code for one in denial.adjustments}
    changed = _CHANGED_CODE in denial.remark_codes or bool(reasons & _LESSER_LEVEL)
    return denial.paid > 0 and changed
