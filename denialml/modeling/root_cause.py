"""Why a line was denied: codes give the prior, what is on file the evidence.

No practice has true labels of root causes, so nothing here is fitted to any. The
answer's reason codes give a prior over the 17 classes (a reason code anchors, remark
codes refine it, and only under a generic reason code may they override it). Signs on
file (`cause_signs`) multiply it by weights that stand, with their reasons, in a
packaged table. The result is normalized, and says what spoke for it. It abstains when
no code is known and nothing on file points anywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import Payer, PayerType
from denialml.domain.denial import CauseProbability, RootCause, RootCauseFinding
from denialml.domain.facts import AuthorizationState, LineFacts
from denialml.domain.record import Judgment
from denialml.domain.remittance import ClaimAdjustment
from denialml.modeling.cause_signs import find_signs
from denialml.modeling.cause_tendencies import CAUSES, LineEvidence, line_groups
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
# How much of the prior is the general share of the classes rather than the code's own
# table row: payers send the four broadest codes for anything, specific ones seldom.
BROADEST_REASONS = frozenset({"16", "96", "252", "A1"})
BROADEST_DOUBT = 0.7
GENERIC_DOUBT = 0.3
SPECIFIC_DOUBT = 0.04
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
    ("50", "N130"): "medical_necessity",
    ("50", "M25"): "medical_necessity",
    ("18", "M86"): "duplicate_resubmission",
    ("97", "N130"): "bundling_same_day",
}
UPHELD = "193"
# "Authorization number missing": with none on file there was none to send (E06).
AUTHORIZATION_NUMBER_REMARK = "M62"
# Without a known code a finding needs signs at least this strong (log-odds).
ABSTENTION_WEIGHT = 2.0
SHOWN_PROBABILITY = 0.01
BASIS_SENTENCES = 6
# What other denials must add to the cause's probability to be told of.
TOLD_GAIN = 0.1
ALIKE = "Denials of this practice that are alike lean to this cause."


class WeighedLine(Judgment, frozen=True):
    """One denied line with everything that speaks for a cause, not yet concluded.

    `evidence` is None where nothing is known: the finding will abstain.
    """

    adjudicated: LineAdjudication
    reasons: tuple[AdjustmentReason, ...]
    remarks: tuple[RemarkCode, ...]
    signs: tuple[Sign, ...]
    evidence: LineEvidence | None


def find_root_cause(
    adjudicated: LineAdjudication,
    *,
    claim: Claim,
    line: ServiceLine,
    payer: Payer | None = None,
    facts: LineFacts | None = None,
    first_finding: RootCauseFinding | None = None,
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

    Returns
    -------
    RootCauseFinding
        `root_cause` None where it abstains.
    """
    weighed = weigh_line(adjudicated, claim=claim, line=line, payer=payer, facts=facts)
    return conclude(weighed, first_finding=first_finding)


def weigh_line(
    adjudicated: LineAdjudication,
    *,
    claim: Claim,
    line: ServiceLine,
    payer: Payer | None,
    facts: LineFacts | None,
) -> WeighedLine:
    """Everything that speaks for a cause of one denied line."""
    reasons = _denial_reasons(adjudicated.adjustments, payer)
    remarks = _remarks(adjudicated.remark_codes)
    context = (
        SignContext(claim=claim, line=line, payer=payer, facts=facts)
        if facts is not None
        else None
    )
    signs = find_signs(context) if context is not None else ()
    known = bool(reasons) or any(row.root_cause for row in remarks)
    evidence = None
    if known or _points_somewhere(signs):
        evidence = LineEvidence(
            codes=_code_scores(reasons, remarks, facts),
            signs=_sign_scores(signs),
            printed=" ".join(
                [row.code for row in reasons] + [row.code for row in remarks]
            ),
            groups=line_groups(context) if context is not None else (),
        )
    return WeighedLine(
        adjudicated=adjudicated,
        reasons=reasons,
        remarks=remarks,
        signs=signs,
        evidence=evidence,
    )


def conclude(
    weighed: WeighedLine,
    *,
    tendency: Sequence[float] | None = None,
    first_finding: RootCauseFinding | None = None,
) -> RootCauseFinding:
    """The finding of a weighed line.

    `tendency` is what the practice's other denials add, in log-odds by cause
    (`cause_tendencies`).
    """
    if first_finding is not None and any(row.code == UPHELD for row in weighed.reasons):
        return _inherited(first_finding)
    evidence = weighed.evidence
    if evidence is None:
        return _abstention(weighed.adjudicated)
    added = tendency if tendency is not None else (0.0,) * len(CAUSES)
    scores = {
        cause: by_codes + by_signs + by_others
        for cause, by_codes, by_signs, by_others in zip(
            CAUSES, evidence.codes, evidence.signs, added, strict=True
        )
    }
    return _finding(scores, weighed, added)


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
    facts: LineFacts | None,
) -> tuple[float, ...]:
    """Log-likelihood of the answer's codes under each cause."""
    shares = _general_shares()
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


def _sign_scores(signs: tuple[Sign, ...]) -> tuple[float, ...]:
    """Log-odds of each cause before any code: its general share and the signs."""
    scores = {cause: log(share) for cause, share in _general_shares().items()}
    for sign in signs:
        for row in cause_signs()[sign.id]:
            scores[RootCause(row.root_cause)] += row.weight
    return tuple(scores[cause] for cause in CAUSES)


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


def _general_shares() -> dict[RootCause, float]:
    return {RootCause(row.id): row.base_share for row in root_causes().values()}


def _points_somewhere(signs: tuple[Sign, ...]) -> bool:
    return any(
        row.weight >= ABSTENTION_WEIGHT
        for sign in signs
        for row in cause_signs()[sign.id]
    )


def _finding(
    scores: Mapping[RootCause, float], weighed: WeighedLine, added: Sequence[float]
) -> RootCauseFinding:
    shares = _shares(scores)
    alone = _shares(
        {one: scores[one] - more for one, more in zip(CAUSES, added, strict=True)}
    )
    ranked = sorted(shares.items(), key=lambda pair: (-pair[1], CAUSES.index(pair[0])))
    (cause, probability), (runner_up, runner_up_probability) = ranked[:2]
    basis = _basis(cause, weighed)
    if probability - alone[cause] >= TOLD_GAIN:
        basis = (*basis[: BASIS_SENTENCES - 1], ALIKE)
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
        basis=basis,
    )


def _shares(scores: Mapping[RootCause, float]) -> dict[RootCause, float]:
    highest = max(scores.values())
    raised = {cause: exp(score - highest) for cause, score in scores.items()}
    total = sum(raised.values())
    return {cause: value / total for cause, value in raised.items()}


def _basis(cause: RootCause, weighed: WeighedLine) -> tuple[str, ...]:
    """What spoke for the cause: the payer's codes, then the strongest signs."""
    name = root_causes()[cause.value].label
    sentences = [_reason_sentence(row, cause, name) for row in weighed.reasons]
    sentences += [
        f"Remark {row.code} ({row.label}) points to it."
        for row in weighed.remarks
        if row.root_cause == cause.value
    ]
    ranked = [
        (row.weight, sign.sentence)
        for sign in weighed.signs
        for row in cause_signs()[sign.id]
        if row.root_cause == cause.value and row.weight > 0
    ]
    ranked.sort(key=lambda pair: -pair[0])
    sentences += [sentence for _, sentence in ranked]
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
