"""What the codes of an answer say about the root cause, before anything on file.

The reason code anchors. Part of its weight goes back to all causes: much for the codes
payers send for anything, little for specific ones. A remark code decides only under a
general reason code and else nudges (review E06); some pairs mean more than their parts.
"""

from collections.abc import Iterable
from math import log

from denialml.domain.claim import Claim
from denialml.domain.coverage import Payer, PayerType
from denialml.domain.denial import RootCause
from denialml.domain.facts import AuthorizationState, LineFacts
from denialml.domain.remittance import ClaimAdjustment
from denialml.modeling.root_cause.cause_tendencies import CAUSES
from denialml.reference import (
    AdjustmentReason,
    RemarkCode,
    adjustment_reasons,
    remark_codes,
    root_causes,
)

# Reason codes that name no cause by themselves: only under these may a remark code
# override, and only these stand for any cause at all (corrections E06).
GENERIC_REASONS = frozenset(
    {"16", "96", "204", "252", "A1", "226", "272", "256", "109", "273", "125"}
)
# How much of the prior is the general share of the classes rather than the code's own
# table row: payers send the four broadest codes for anything, specific ones seldom.
BROADEST_REASONS = frozenset({"16", "96", "252", "A1"})
BROADEST_DOUBT = 0.7
GENERIC_DOUBT = 0.3
SPECIFIC_DOUBT = 0.01
# Log-odds a remark code adds to its cause, by role and by the anchor it stands under.
REMARK_WEIGHTS = {
    ("label", True): 3.5,
    ("refine", True): 0.8,
    ("label", False): 0.7,
    ("refine", False): 0.5,
}
# Many payers send a remark with every such reason (252 with M127, 96 with N130): one
# that only repeats the reason's own first meaning adds little to it.
REPEATED_REMARK = 0.15
PAIRED_WEIGHT = 3.0
# Remark codes whose cause depends on the reason code beside them (E06, E51).
PAIRED_REMARKS = {
    ("119", "N362"): "benefit_limit",
    ("B1", "N362"): "benefit_limit",
    ("151", "N362"): "coding_time_units",
    ("222", "N362"): "coding_time_units",
    ("146", "M84"): "diagnosis_coding",
    # The record asked for is the session's time, which decides the code.
    ("150", "N443"): "coding_time_units",
    ("152", "N443"): "coding_time_units",
    ("252", "N443"): "coding_time_units",
    # The payer paid a lower code than was billed: it recoded for time or level (E07:
    # the remark alone names no cause, under a reason of level or units it does).
    ("150", "N22"): "coding_time_units",
    ("151", "N22"): "coding_time_units",
    ("152", "N22"): "coding_time_units",
    ("50", "N130"): "medical_necessity",
    ("50", "M25"): "medical_necessity",
    ("18", "M86"): "duplicate_resubmission",
    ("97", "N130"): "bundling_same_day",
}
# "Authorization number missing": with none on file there was none to send (E06).
AUTHORIZATION_NUMBER_REMARK = "M62"
ORIGINAL_MEDICARE_FILING_CODES = frozenset({"MA", "MB"})


def denial_reasons(
    adjustments: tuple[ClaimAdjustment, ...], *, original_medicare: bool
) -> tuple[AdjustmentReason, ...]:
    """Rows of the known denial reasons, largest amount first."""
    ordered = sorted(adjustments, key=lambda one: -abs(one.amount))
    rows = (adjustment_reasons().get(one.reason_code) for one in ordered)
    denials = [
        row
        for row in rows
        if row is not None
        and row.root_cause
        and row.class_for(original_medicare=original_medicare) == "denial"
    ]
    return tuple(dict.fromkeys(denials))


def is_original_medicare(payer: Payer | None, claim: Claim) -> bool:
    """As the payer is set up, else by the claim's filing code (SBR09)."""
    if payer is not None and payer.payer_type is not PayerType.UNKNOWN:
        return payer.payer_type is PayerType.MEDICARE
    return claim.subscriber.claim_filing_code in ORIGINAL_MEDICARE_FILING_CODES


def known_remarks(codes: Iterable[str]) -> tuple[RemarkCode, ...]:
    """Rows of the known remark codes, in the order sent."""
    rows = (remark_codes().get(code) for code in codes)
    return tuple(row for row in rows if row is not None)


def code_scores(
    reasons: tuple[AdjustmentReason, ...],
    remarks: tuple[RemarkCode, ...],
    facts: LineFacts | None,
) -> tuple[float, ...]:
    """Log-likelihood of the answer's codes under each cause."""
    shares = general_shares()
    scores = dict.fromkeys(CAUSES, 0.0)
    for place, row in enumerate(reasons):
        # Further reasons of one line repeat the first more than they add to it.
        weight = 1.0 if place == 0 else 0.5
        own, doubt = _own_shares(row), _doubt(row.code)
        for cause in CAUSES:
            mixed = (1.0 - doubt) * own.get(cause, 0.0) + doubt * shares[cause]
            scores[cause] += weight * log(mixed / shares[cause])
    anchor = reasons[0] if reasons else None
    for remark in remarks:
        cause_id, weight = _remark_weight(remark, anchor, facts)
        if cause_id:
            scores[RootCause(cause_id)] += weight
    return tuple(scores.values())


def _doubt(reason_code: str) -> float:
    if reason_code in BROADEST_REASONS:
        return BROADEST_DOUBT
    return GENERIC_DOUBT if reason_code in GENERIC_REASONS else SPECIFIC_DOUBT


def _remark_weight(
    remark: RemarkCode, anchor: AdjustmentReason | None, facts: LineFacts | None
) -> tuple[str, float]:
    """The cause a remark speaks for under the anchoring reason, and how strongly."""
    if anchor is not None and (anchor.code, remark.code) in PAIRED_REMARKS:
        return PAIRED_REMARKS[anchor.code, remark.code], PAIRED_WEIGHT
    if not remark.root_cause:
        return "", 0.0
    generic = anchor is None or anchor.code in GENERIC_REASONS
    weight = REMARK_WEIGHTS[remark.role, generic]
    repeats = anchor is not None and anchor.root_cause == remark.root_cause
    if repeats and remark.role == "refine":
        weight *= REPEATED_REMARK
    if remark.code == AUTHORIZATION_NUMBER_REMARK and _has_no_authorization(facts):
        return RootCause.AUTH_MISSING.value, weight
    return remark.root_cause, weight


def _has_no_authorization(facts: LineFacts | None) -> bool:
    return facts is not None and facts.authorization_state is AuthorizationState.NONE


def _own_shares(row: AdjustmentReason) -> dict[RootCause, float]:
    shares = {RootCause(row.root_cause): row.root_cause_probability}
    for cause, share in row.alternatives:
        shares[RootCause(cause)] = share
    return shares


def general_shares() -> dict[RootCause, float]:
    """The table's share of each cause among all denials."""
    return {RootCause(row.id): row.base_share for row in root_causes().values()}
