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
from denialml.domain.coverage import Payer
from denialml.domain.denial import CauseProbability, RootCause, RootCauseFinding
from denialml.domain.facts import LineFacts
from denialml.domain.record import Judgment
from denialml.domain.remittance import ClaimAdjustment
from denialml.modeling.root_cause.cause_codes import (
    GENERIC_REASONS,
    code_scores,
    denial_reasons,
    general_shares,
    is_original_medicare,
    known_remarks,
)
from denialml.modeling.root_cause.cause_sets import CauseSets
from denialml.modeling.root_cause.cause_signs import find_signs
from denialml.modeling.root_cause.cause_tendencies import (
    CAUSES,
    FOLDS,
    LineEvidence,
    line_groups,
)
from denialml.modeling.root_cause.line_features import (
    line_features,
    word_number,
)
from denialml.modeling.root_cause.note_words import letter_words
from denialml.modeling.root_cause.sign import Sign, SignContext
from denialml.reference import (
    AdjustmentReason,
    RemarkCode,
    cause_signs,
    root_causes,
)

# A reason code that all but defines its cause (29: past the filing limit) outweighs
# records that say otherwise: the payer gave that reason, rightly or not.
DEFINITE_SHARE = 0.9
DEFINITE_FLOOR = -1.0
UPHELD = "193"
# Without a known code a finding needs signs at least this strong (log-odds).
ABSTENTION_WEIGHT = 2.0
SHOWN_PROBABILITY = 0.01
BASIS_SENTENCES = 6
# What other denials must add to the cause's probability to be told of.
TOLD_GAIN = 0.1
TOO_FEW = (
    "Few denials are on file yet: the payer's codes and this claim's own records speak"
    " alone."
)
ALIKE = "Denials of this practice that are alike lean to this cause."
# Log-odds from which a letter's words are said to point somewhere.
TELLING_LETTER = 0.7


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
    later: LineFacts | None = None,
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
    later : LineFacts, optional
        What is on file about the line now; eligibility answers since then count.
    first_finding : RootCauseFinding, optional
        Finding of the first denial of the same line; an answer that only upholds it
        (193) inherits it.

    Returns
    -------
    RootCauseFinding
        `root_cause` None where it abstains.
    """
    weighed = weigh_line(
        adjudicated, claim=claim, line=line, payer=payer, facts=facts, later=later
    )
    return conclude(weighed, first_finding=first_finding)


def weigh_line(
    adjudicated: LineAdjudication,
    *,
    claim: Claim,
    line: ServiceLine,
    payer: Payer | None,
    facts: LineFacts | None,
    later: LineFacts | None = None,
    letter: str = "",
    paid_beside: bool = False,
) -> WeighedLine:
    """Everything that speaks for a cause of one denied line.

    `letter` is the text of the payer's letter about it, empty without one;
    `paid_beside` whether the same answer paid another line of the claim.
    """
    reasons = denial_reasons(
        adjudicated.adjustments,
        original_medicare=is_original_medicare(payer, claim),
    )
    remarks = known_remarks(adjudicated.remark_codes)
    context = (
        SignContext(claim=claim, line=line, payer=payer, facts=facts, later=later)
        if facts is not None
        else None
    )
    signs = find_signs(context) if context is not None else ()
    known = bool(reasons) or any(row.root_cause for row in remarks)
    evidence = None
    if known or _points_somewhere(signs):
        evidence = LineEvidence(
            codes=code_scores(reasons, remarks, facts),
            signs=_sign_scores(signs, reasons),
            printed=" ".join(
                [row.code for row in reasons] + [row.code for row in remarks]
            ),
            groups=(
                line_groups(context, paid_beside=paid_beside)
                if context is not None
                else ()
            ),
            words=letter_words(letter) if context is not None else (),
            features=(
                line_features(context, paid_beside=paid_beside)
                if context is not None
                else None
            ),
            fold=word_number(claim.patient_control_number) % FOLDS,
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
    sets: CauseSets | None = None,
    thin: bool = False,
    by_letter: Sequence[float] = (),
) -> RootCauseFinding:
    """The finding of a weighed line.

    `tendency` is what the practice's other denials add, in log-odds by cause
    (`practice_learning`); `by_letter` the part of it that the words of the payer's
    letter make, empty without one. `sets` gives the causes that hold the true one as
    often as stated; None: no set is given. `thin`: too few denials to learn from, which
    the basis then says.
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
    return _finding(
        scores, weighed, added, sets=sets, thin=thin, by_letter=tuple(by_letter)
    )


def dictionary_cause(adjustments: Iterable[ClaimAdjustment]) -> RootCause | None:
    """The most likely class of the reason codes by the table alone: the baseline."""
    reasons = denial_reasons(tuple(adjustments), original_medicare=False)
    return RootCause(reasons[0].root_cause) if reasons else None


def _sign_scores(
    signs: tuple[Sign, ...], reasons: tuple[AdjustmentReason, ...]
) -> tuple[float, ...]:
    """Log-odds of each cause before any code: its general share and the signs."""
    told = dict.fromkeys(CAUSES, 0.0)
    for sign in signs:
        for row in cause_signs()[sign.id]:
            told[RootCause(row.root_cause)] += row.weight
    anchor = reasons[0] if reasons else None
    if anchor is not None and anchor.root_cause_probability >= DEFINITE_SHARE:
        cause = RootCause(anchor.root_cause)
        told[cause] = max(told[cause], DEFINITE_FLOOR)
    shares = general_shares()
    return tuple(log(shares[cause]) + told[cause] for cause in CAUSES)


def _points_somewhere(signs: tuple[Sign, ...]) -> bool:
    return any(
        row.weight >= ABSTENTION_WEIGHT
        for sign in signs
        for row in cause_signs()[sign.id]
    )


def _finding(
    scores: Mapping[RootCause, float],
    weighed: WeighedLine,
    added: Sequence[float],
    *,
    sets: CauseSets | None,
    thin: bool,
    by_letter: tuple[float, ...],
) -> RootCauseFinding:
    shares = _shares(scores)
    alone = _shares(
        {one: scores[one] - more for one, more in zip(CAUSES, added, strict=True)}
    )
    ranked = sorted(shares.items(), key=lambda pair: (-pair[1], CAUSES.index(pair[0])))
    (cause, probability), (runner_up, runner_up_probability) = ranked[:2]
    more = _letter_sentences(cause, by_letter)
    if probability - alone[cause] >= TOLD_GAIN:
        more.append(ALIKE)
    if thin:
        more.append(TOO_FEW)
    basis = (*_basis(cause, weighed)[: BASIS_SENTENCES - len(more)], *more)
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
        candidates=sets.candidates(tuple(shares.values())) if sets else (),
        candidates_coverage=sets.coverage if sets else None,
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


def _letter_sentences(cause: RootCause, by_letter: tuple[float, ...]) -> list[str]:
    """Where the payer's letter points, if its words point anywhere."""
    if not by_letter or max(by_letter) < TELLING_LETTER:
        return []
    stated = CAUSES[by_letter.index(max(by_letter))]
    if stated is cause:
        return ["The words of the payer's letter point to it."]
    name = root_causes()[stated.value].label
    return [
        f"The words of the payer's letter rather point to: {name}; what else is known"
        " outweighed them."
    ]


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
        candidates=first.candidates,
        candidates_coverage=first.candidates_coverage,
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
