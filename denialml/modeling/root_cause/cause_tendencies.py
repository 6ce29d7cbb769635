"""For what a practice's payers tend to deny, learnt from its own denials.

Nobody labels root causes, so this learns from doubt: codes and signs give every denied
line shares over the 17 causes; where lines that are alike (one payer and code, one
payer and place of service, ...) together lean further towards a cause than their signs
alone explain, that tendency is added to each of them. A line with a code that says
nothing is then judged by what its likes with telling codes were denied for. It is the
expectation-maximization of a log-linear model, stopped early and shrunk hard, so that
a handful of lines changes little.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from denialml.domain.claim import line_place_of_service, rendering_npi
from denialml.domain.denial import RootCause
from denialml.domain.record import Judgment
from denialml.modeling.root_cause.note_words import word_scores, word_table
from denialml.modeling.root_cause.sign import SignContext

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

CAUSES = tuple(RootCause)
FOLDS = 5
# Lines of doubt added to each group: what few lines share changes little.
SHRINKAGE_LINES = 150.0
# The last two ways of being alike are narrow or plain, and doubted less: what came of
# the claim's other lines, and one clinician at one payer in about two months.
CLOSE_SHRINKAGE_LINES = (20.0, 40.0)
CLINICIAN_SPAN_DAYS = 60
# Lines of doubt added to what is learnt about which codes are printed for a cause.
PRINTED_SHRINKAGE_LINES = 100.0
# A list of denials about this long holds most combinations of codes.
SHORT_LIST_LINES = 200.0
STEP = 0.5
ROUNDS = 3
LARGEST_TENDENCY = 3.0


class LineEvidence(Judgment, frozen=True):
    """What one denied line shows. Grain: denied line.

    `codes` is the log-likelihood of the answer's codes under each cause and `signs` the
    log-odds of what is on file, both in the order of `RootCause`. `printed` names the
    combination of codes. `groups` are the keys of the lines it is alike to, one for
    each way of being alike, always in the same order; empty where nothing is on file.
    `words` are numbers of the words in the payer's letter about the line, empty without
    one. `features` are what a learnt model reads (`learnt_causes`), None where nothing
    is on file, and `fold` which of its trees must not have seen the claim.
    """

    codes: tuple[float, ...]
    signs: tuple[float, ...]
    printed: str
    groups: tuple[str, ...]
    words: tuple[int, ...] = ()
    features: tuple[float, ...] | None = None
    fold: int = 0


class Tendencies(NamedTuple):
    """What other denials add to each line's log-odds. Shapes (n_lines, 17).

    `likeness` is what lines that are alike lean to, `printing` what the practice's
    payers print for which cause (less the tables' own), `letters` what the words of the
    payer's letter say.
    """

    likeness: FloatArray
    printing: FloatArray
    letters: FloatArray

    @property
    def total(self) -> FloatArray:
        """The sum of the three."""
        return self.likeness + self.printing + self.letters


def learn_tendencies(evidence: Sequence[LineEvidence]) -> FloatArray:
    """Log-odds to add to each line's causes: the total of `tendency_parts`.

    Returns
    -------
    ndarray of shape (n_lines, 17)
        In the order given; zeros where there is nothing to learn from.
    """
    return tendency_parts(evidence).total


def tendency_parts(evidence: Sequence[LineEvidence]) -> Tendencies:
    """What the practice's denials teach about each of them, apart by kind.

    Parameters
    ----------
    evidence : sequence of LineEvidence
        Denied lines of one practice, in any order; all with groups or none.
    """
    nothing = np.zeros((len(evidence), len(CAUSES)))
    if not evidence or not evidence[0].groups:
        return Tendencies(nothing, nothing, nothing)
    codes = np.array([line.codes for line in evidence])
    signs = np.array([line.signs for line in evidence])
    ways = len(evidence[0].groups)
    groups = [
        _numbered([line.groups[place] for line in evidence]) for place in range(ways)
    ]
    doubts = [SHRINKAGE_LINES] * (ways - len(CLOSE_SHRINKAGE_LINES))
    doubts += CLOSE_SHRINKAGE_LINES
    printed = _numbered([line.printed for line in evidence])
    usual = _usual_printing(codes, printed)
    words = word_table([line.words for line in evidence])
    # The ways of being alike overlap, so a short list would count itself many times.
    pace = STEP * len(evidence) / (len(evidence) + SHORT_LIST_LINES)
    tendency, letters, printing = np.zeros_like(signs), np.zeros_like(signs), codes
    for _ in range(ROUNDS):
        # A letter is judged by what speaks without it, or it would confirm itself.
        letters = word_scores(words, shares_of(signs + tendency + printing))
        shares = shares_of(signs + tendency + printing + letters)
        for group, doubt in zip(groups, doubts, strict=True):
            told = _sums(group, shares)
            explained = _sums(group, shares_of(signs + tendency))
            even = doubt / len(CAUSES)
            step = pace * np.log((told + even) / (explained + even))
            tendency = np.clip(
                tendency + step[group], -LARGEST_TENDENCY, LARGEST_TENDENCY
            )
        printing = _printing(printed, shares, usual)
    return Tendencies(tendency, printing - codes, letters)


def line_groups(context: SignContext, *, paid_beside: bool) -> tuple[str, ...]:
    """The keys of the lines this one is alike to; see `LineEvidence.groups`.

    `paid_beside`: the same answer paid another line of the claim.
    """
    facts, line = context.facts, context.line
    payer, code = context.claim.payer.payer_id, line.procedure_code
    place = line_place_of_service(context.claim, line)
    diagnosis = facts.diagnosis_codes[0] if facts.diagnosis_codes else ""
    authorization = (
        f"{facts.authorization_state.value} {facts.authorization_number_on_claim}"
    )
    minutes = _minutes_state(facts.documented_minutes, context)
    episode = _band(facts.visit_number, (2, 5, 9, 13, 21, 41))
    year = _band(facts.visits_this_year, (8, 12, 18, 24, 30, 40))
    checked = _band(facts.eligibility_age_days, (3, 8, 16, 31, 61, 121))
    paid = _band(facts.days_since_patient_paid, (8, 15, 31, 61))
    plan = _band(facts.treatment_plan_age_days, (0, 90, 150, 180, 210))
    filed = _band(facts.filing_lag_days, (30, 60, 85, 100, 130, 190, 370))
    span = facts.as_of.toordinal() // CLINICIAN_SPAN_DAYS
    ways = (
        (),
        (payer,),
        (payer, code),
        (code,),
        (payer, authorization, str(facts.visit_number > 4)),
        (payer, code, authorization),
        (payer, place, *line.modifiers[:1]),
        (payer, diagnosis),
        (diagnosis,),
        (payer, minutes),
        (code, minutes),
        (payer, year),
        (checked,),
        (checked, paid),
        (episode,),
        (payer, filed),
        (payer, str(bool(context.claim.referral_number)), code),
        (plan,),
        (code, plan),
        (payer, episode, code),
        (str(paid_beside), str(len(context.claim.lines) > 1)),
        (payer, rendering_npi(context.claim, line), str(span)),
    )
    return tuple("\x1f".join(way) for way in ways)


def _minutes_state(minutes: int | None, context: SignContext) -> str:
    low = context.facts.code_minutes_minimum
    high = context.facts.code_minutes_maximum
    if low is None and high is None:
        return "untimed"
    if minutes is None:
        return "missing"
    if low is not None and minutes < low:
        return "below"
    return "above" if high is not None and minutes > high else "within"


def _band(value: int | None, edges: tuple[int, ...]) -> str:
    if value is None:
        return "none"
    return str(sum(value >= edge for edge in edges))


def _numbered(keys: list[str]) -> IntArray:
    _, numbers = np.unique(np.array(keys), return_inverse=True)
    return numbers.ravel()


def shares_of(scores: FloatArray) -> FloatArray:
    """Softmax over the causes: shape as given, rows add up to 1."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: FloatArray = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _sums(group: IntArray, shares: FloatArray) -> FloatArray:
    """Shares summed by group: shape (n_groups, 17)."""
    count = int(group.max()) + 1
    sums: FloatArray = np.stack(
        [
            np.bincount(group, weights=shares[:, cause], minlength=count)
            for cause in range(shares.shape[1])
        ],
        axis=1,
    )
    return sums


def _usual_printing(codes: FloatArray, printed: IntArray) -> FloatArray:
    """How often each combination is printed for each cause, by the tables alone.

    Shape (n_combinations, 17). In a long list columns add up to 1; in a short one,
    which lacks most combinations, they are left in the proportion of the tables.
    """
    likelihood = np.zeros((int(printed.max()) + 1, codes.shape[1]))
    likelihood[printed] = shares_of(codes)
    frequency = np.bincount(printed)[:, np.newaxis] / len(printed)
    joint = frequency * likelihood
    count, even = len(printed), 1.0 / codes.shape[1]
    seen = joint.sum(axis=0, keepdims=True)
    whole = (count * seen + SHORT_LIST_LINES * even) / (count + SHORT_LIST_LINES)
    usual: FloatArray = joint / whole
    return usual


def _printing(printed: IntArray, shares: FloatArray, usual: FloatArray) -> FloatArray:
    """Log-likelihood of each line's codes, learnt and shrunk to the tables' own."""
    told = _sums(printed, shares)
    doubt = PRINTED_SHRINKAGE_LINES
    learnt = (told + doubt * usual) / (told.sum(axis=0) + doubt)
    likelihood: FloatArray = np.log(np.maximum(learnt, 1e-12))[printed]
    return likelihood
