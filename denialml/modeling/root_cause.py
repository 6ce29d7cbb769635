"""Why a line was denied: codes give the prior, what is on file the evidence.

No practice has true labels of root causes, so nothing here is fitted to any. The
answer's reason codes give a prior over the 17 classes (a reason code anchors, remark
codes refine it, and only under a generic reason code may they override it). Signs on
file (`cause_signs`) multiply it by weights that stand, with their reasons, in a
packaged table. The result is normalized, and says what spoke for it. It abstains when
no code is known and nothing on file points anywhere.
"""

from collections.abc import Iterable, Mapping
from math import exp, log

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import Payer, PayerType
from denialml.domain.denial import CauseProbability, RootCause, RootCauseFinding
from denialml.domain.facts import LineFacts
from denialml.domain.remittance import ClaimAdjustment
from denialml.modeling.cause_signs import find_signs
from denialml.modeling.sign import Sign, SignContext
from denialml.reference import (
    AdjustmentReason,
    RemarkCode,
    adjustment_reasons,
    cause_signs,
    remark_codes,
    root_causes,
)

# Reason codes that name no cause by themselves: only under these may a remark code
# override, and only these stand for any cause at all (corrections E06).
GENERIC_REASONS = frozenset(
    {"16", "96", "204", "252", "A1", "226", "272", "256", "109", "273", "125"}
)
# How much of the prior is the general share of the classes rather than the code's
# own table row: payers send generic codes for anything, specific ones seldom.
GENERIC_DOUBT = 0.5
SPECIFIC_DOUBT = 0.04
# Log-odds a remark code adds to its cause, by role and by the anchor it stands under.
REMARK_WEIGHTS = {
    ("label", True): 2.0,
    ("refine", True): 0.8,
    ("label", False): 0.7,
    ("refine", False): 0.5,
}
# Many payers send a remark with every such reason (252 with M127, 96 with N130): one
# that repeats the reason's own first meaning adds little to it.
REPEATED_REMARK = 0.3
PAIRED_WEIGHT = 2.0
# Remark codes whose cause depends on the reason code beside them (E06, E51).
PAIRED_REMARKS = {
    ("119", "N362"): "benefit_limit",
    ("B1", "N362"): "benefit_limit",
    ("151", "N362"): "coding_time_units",
    ("222", "N362"): "coding_time_units",
    ("146", "M84"): "diagnosis_coding",
    ("50", "N130"): "medical_necessity",
    ("50", "M25"): "medical_necessity",
    ("18", "M86"): "duplicate_resubmission",
    ("97", "N130"): "bundling_same_day",
}
UPHELD = "193"
# Without a known code a finding needs signs at least this strong (log-odds).
ABSTENTION_WEIGHT = 2.0
SHOWN_PROBABILITY = 0.01
BASIS_SENTENCES = 6

_CAUSES = tuple(RootCause)


def find_root_cause(
    adjudicated: LineAdjudication,
    *,
    claim: Claim,
    line: ServiceLine,
    payer: Payer | None = None,
    facts: LineFacts | None = None,
    first_finding: RootCauseFinding | None = None,
    tendencies: Mapping[RootCause, float] | None = None,
) -> RootCauseFinding:
    """The probable causes of one denied line.

    Parameters
    ----------
    adjudicated : LineAdjudication
        The denying answer; its adjustments and remark codes are read.
    claim, line : Claim, ServiceLine
        What was sent.
    payer : Payer, optional
        As the practice set it up.
    facts : LineFacts, optional
        What was on file on the day the claim was sent. None: only codes speak.
    first_finding : RootCauseFinding, optional
        Finding of the first denial of the same line; an answer that only upholds it
        (193) inherits it.
    tendencies : mapping of RootCause to float, optional
        Shares of the classes among the practice's earlier denials by this payer for
        this service, adding up to 1; None: the general shares of the table.

    Returns
    -------
    RootCauseFinding
        `root_cause` None where it abstains.
    """
    reasons = _denial_reasons(adjudicated.adjustments, payer)
    if first_finding is not None and any(row.code == UPHELD for row in reasons):
        return _inherited(first_finding)
    remarks = _remarks(adjudicated.remark_codes)
    scores = _code_scores(reasons, remarks, tendencies)
    signs = (
        find_signs(SignContext(claim=claim, line=line, payer=payer, facts=facts))
        if facts is not None
        else ()
    )
    known = bool(reasons) or any(row.root_cause for row in remarks)
    if not known and not _points_somewhere(signs):
        return _abstention(adjudicated)
    for sign in signs:
        for row in cause_signs()[sign.id]:
            scores[RootCause(row.root_cause)] += row.weight
    return _finding(scores, reasons, remarks, signs)


def dictionary_cause(adjustments: Iterable[ClaimAdjustment]) -> RootCause | None:
    """The most likely class of the reason codes by the table alone: the baseline."""
    reasons = _denial_reasons(tuple(adjustments), None)
    return RootCause(reasons[0].root_cause) if reasons else None


def _denial_reasons(
    adjustments: tuple[ClaimAdjustment, ...], payer: Payer | None
) -> tuple[AdjustmentReason, ...]:
    """Rows of the known denial reasons, largest amount first."""
    medicare = payer is not None and payer.payer_type is PayerType.MEDICARE
    ordered = sorted(adjustments, key=lambda one: -abs(one.amount))
    rows = (adjustment_reasons().get(one.reason_code) for one in ordered)
    denials = [
        row
        for row in rows
        if row is not None
        and row.root_cause
        and row.class_for(original_medicare=medicare) == "denial"
    ]
    return tuple(dict.fromkeys(denials))


def _remarks(codes: Iterable[str]) -> tuple[RemarkCode, ...]:
    rows = (remark_codes().get(code) for code in codes)
    return tuple(row for row in rows if row is not None)


def _code_scores(
    reasons: tuple[AdjustmentReason, ...],
    remarks: tuple[RemarkCode, ...],
    tendencies: Mapping[RootCause, float] | None,
) -> dict[RootCause, float]:
    """Log prior of each class from the codes of the answer."""
    shares = _general_shares()
    if tendencies is not None:
        shares = {cause: tendencies.get(cause, 0.0) + 1e-4 for cause in _CAUSES}
    scores = {cause: log(shares[cause]) for cause in _CAUSES}
    for place, row in enumerate(reasons):
        # Further reasons of one line repeat the first more than they add to it.
        weight = 1.0 if place == 0 else 0.5
        own = _own_shares(row)
        doubt = GENERIC_DOUBT if row.code in GENERIC_REASONS else SPECIFIC_DOUBT
        for cause in _CAUSES:
            mixed = (1.0 - doubt) * own.get(cause, 0.0) + doubt * shares[cause]
            scores[cause] += weight * (log(mixed) - log(shares[cause]))
    for remark in remarks:
        cause_id, weight = _remark_weight(remark, reasons[0] if reasons else None)
        if cause_id:
            scores[RootCause(cause_id)] += weight
    return scores


def _remark_weight(
    remark: RemarkCode, anchor: AdjustmentReason | None
) -> tuple[str, float]:
    """The cause a remark speaks for under the anchoring reason, and how strongly."""
    if anchor is not None and (anchor.code, remark.code) in PAIRED_REMARKS:
        return PAIRED_REMARKS[anchor.code, remark.code], PAIRED_WEIGHT
    if not remark.root_cause:
        return "", 0.0
    generic = anchor is None or anchor.code in GENERIC_REASONS
    weight = REMARK_WEIGHTS[remark.role, generic]
    if anchor is not None and anchor.root_cause == remark.root_cause:
        weight *= REPEATED_REMARK
    return remark.root_cause, weight


def _own_shares(row: AdjustmentReason) -> dict[RootCause, float]:
    shares = {RootCause(row.root_cause): row.root_cause_probability}
    for cause, share in row.alternatives:
        shares[RootCause(cause)] = share
    return shares


def _general_shares() -> dict[RootCause, float]:
    return {RootCause(row.id): row.base_share for row in root_causes().values()}


def _points_somewhere(signs: tuple[Sign, ...]) -> bool:
    return any(
        row.weight >= ABSTENTION_WEIGHT
        for sign in signs
        for row in cause_signs()[sign.id]
    )


def _finding(
    scores: dict[RootCause, float],
    reasons: tuple[AdjustmentReason, ...],
    remarks: tuple[RemarkCode, ...],
    signs: tuple[Sign, ...],
) -> RootCauseFinding:
    highest = max(scores.values())
    raw = {cause: exp(score - highest) for cause, score in scores.items()}
    total = sum(raw.values())
    ranked = sorted(
        ((cause, value / total) for cause, value in raw.items()),
        key=lambda pair: (-pair[1], _CAUSES.index(pair[0])),
    )
    (cause, probability), (runner_up, runner_up_probability) = ranked[:2]
    return RootCauseFinding(
        root_cause=cause,
        probability=probability,
        runner_up=runner_up,
        runner_up_probability=runner_up_probability,
        probabilities=tuple(
            CauseProbability(root_cause=one, probability=share)
            for one, share in ranked
            if share > SHOWN_PROBABILITY
        ),
        basis=_basis(cause, reasons, remarks, signs),
    )


def _basis(
    cause: RootCause,
    reasons: tuple[AdjustmentReason, ...],
    remarks: tuple[RemarkCode, ...],
    signs: tuple[Sign, ...],
) -> tuple[str, ...]:
    """What spoke for the cause: the payer's codes, then the strongest signs."""
    name = root_causes()[cause.value].label
    sentences = [_reason_sentence(row, cause, name) for row in reasons]
    sentences += [
        f"Remark {row.code} ({row.label}) points to it."
        for row in remarks
        if row.root_cause == cause.value
    ]
    weighed = [
        (row.weight, sign.sentence)
        for sign in signs
        for row in cause_signs()[sign.id]
        if row.root_cause == cause.value and row.weight > 0
    ]
    weighed.sort(key=lambda pair: -pair[0])
    sentences += [sentence for _, sentence in weighed]
    return tuple(sentences[:BASIS_SENTENCES])


def _reason_sentence(row: AdjustmentReason, cause: RootCause, name: str) -> str:
    told = f"The payer's reason {row.code} ({row.label})"
    if row.code in GENERIC_REASONS:
        return f"{told} is general and names no cause by itself."
    if row.root_cause == cause.value:
        return f"{told} mostly means: {name}."
    if any(other == cause.value for other, _ in row.alternatives):
        return f"{told} can mean: {name}."
    return f"{told} seldom means: {name}; what is on file outweighed it."


def _inherited(first: RootCauseFinding) -> RootCauseFinding:
    told = "The payer upheld its first decision, whose cause applies."
    return RootCauseFinding(
        root_cause=first.root_cause,
        probability=first.probability,
        runner_up=first.runner_up,
        runner_up_probability=first.runner_up_probability,
        probabilities=first.probabilities,
        basis=(told, *first.basis)[:BASIS_SENTENCES],
    )


def _abstention(adjudicated: LineAdjudication) -> RootCauseFinding:
    codes = sorted(
        {f"{one.group_code}-{one.reason_code}" for one in adjudicated.adjustments}
        | set(adjudicated.remark_codes)
    )
    told = ", ".join(codes) if codes else "no code at all"
    return RootCauseFinding(
        root_cause=None,
        probability=0.0,
        runner_up=None,
        runner_up_probability=0.0,
        probabilities=(),
        basis=(
            f"The answer gave {told}, which the tables do not know as a reason of"
            " denial, and nothing on file points to a cause.",
        ),
    )
