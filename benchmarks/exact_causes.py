"""The exact posterior of a simulated denial's cause: the best that any model can do.

Given what was on file when the claim was sent, the simulator knows the probability that
the line is denied for each cause; its payers print codes, and letters, by a known law.
Bayes' rule gives the posterior after seeing them. Eligibility answers that came later
and the claim's other lines are not in it, so that a model which reads them may do
better on a cause or two. Everything here is simulated and secret from the product.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.denial import RootCause
from denialml.simulation import emission
from denialml.simulation.denial_letters import MISLEADING_SHARE, SENTENCES
from denialml.simulation.practice import TruthRow
from denialml.simulation.rules import RULE_CAUSES, Rule

CAUSES = tuple(RootCause)
RULES = {
    cause: [rule for rule, told in RULE_CAUSES.items() if told is cause]
    for cause in CAUSES
}
RECODED_REMARK = "N22"
Codes = tuple[str, str, str]


class ExactCauses:
    """Posteriors over the causes of one world's denials.

    Parameters
    ----------
    rows : sequence of TruthRow
        The truth of denied lines, in the order of `answers`.
    answers : sequence of LineAdjudication
        Their first answers: how often each payer prints codes that say nothing, and
        the cause its errors bear, are counted from both.
    """

    def __init__(
        self, rows: Sequence[TruthRow], answers: Sequence[LineAdjudication]
    ) -> None:
        self._error_cause = {
            row.payer_id: row.root_cause for row in rows if row.payer_error
        }
        by_payer = defaultdict(list)
        for row, answer in zip(rows, answers, strict=True):
            rules = RULES[row.root_cause] if row.root_cause else []
            if not set(rules) & emission._TELLING:
                by_payer[row.payer_id].append((rules, printed_codes(answer)))
        self._opacity = {
            payer: _opacity(printed) for payer, printed in by_payer.items()
        }

    def posterior(
        self, row: TruthRow, answer: LineAdjudication, *, letter: str
    ) -> NDArray[np.float64]:
        """Probabilities of the causes of one line: shape (17,)."""
        if RECODED_REMARK in answer.remark_codes:
            return np.eye(len(CAUSES))[CAUSES.index(RootCause.CODING_TIME_UNITS)]
        codes = printed_codes(answer)
        opacity = self._opacity.get(row.payer_id, 0.0)
        chances = np.array(row.cause_probabilities[: len(CAUSES)])
        error = self._error_cause.get(row.payer_id)
        if error is not None:
            chances[CAUSES.index(error)] += row.cause_probabilities[len(CAUSES)]
        likelihood = np.array(
            [
                np.mean([_likelihood(rule, codes, opacity) for rule in RULES[cause]])
                if RULES[cause]
                else 0.0
                for cause in CAUSES
            ]
        )
        joint = chances * likelihood * _letter_likelihood(letter)
        total = joint.sum()
        return joint / total if total > 0 else np.full(len(CAUSES), 1 / len(CAUSES))


def printed_codes(answer: LineAdjudication) -> Codes:
    """Group, reason and remark of the denial: the largest but the write-down."""
    denying = [one for one in answer.adjustments if one.reason_code != "45"]
    largest = max(denying or answer.adjustments, key=lambda one: abs(one.amount))
    remark = answer.remark_codes[0] if answer.remark_codes else ""
    return (str(largest.group_code), largest.reason_code, remark)


def _likelihood(rule: Rule, codes: Codes, opacity: float) -> float:
    own = sum(row[3] for row in emission._TABLE[rule] if row[:3] == codes)
    if rule in emission._TELLING:
        return own
    blank = emission._OPAQUE.count(codes) / len(emission._OPAQUE)
    return (1.0 - opacity) * own + opacity * blank


def _opacity(printed: Sequence[tuple[list[Rule], Codes]]) -> float:
    """The payer's share of codes that say nothing, by maximum likelihood."""
    share = 0.2
    for _ in range(30):
        blank = []
        for rules, codes in printed:
            said_nothing = share * _mean_likelihood(rules, codes, 1.0)
            said = (1.0 - share) * _mean_likelihood(rules, codes, 0.0)
            if said_nothing + said > 0:
                blank.append(said_nothing / (said_nothing + said))
        share = float(np.mean(blank)) if blank else 0.0
    return share


def _mean_likelihood(rules: list[Rule], codes: Codes, opacity: float) -> float:
    return float(np.mean([_likelihood(rule, codes, opacity) for rule in rules]))


def _letter_likelihood(letter: str) -> NDArray[np.float64]:
    stated = _stated_cause(letter) if letter else None
    if stated is None:
        return np.ones(len(CAUSES))
    return np.array(
        [
            1.0 - MISLEADING_SHARE
            if cause is stated
            else MISLEADING_SHARE / (len(CAUSES) - 1)
            for cause in CAUSES
        ]
    )


def _stated_cause(letter: str) -> RootCause | None:
    return next(
        (
            cause
            for cause, told in SENTENCES.items()
            if any(sentence in letter for sentence in told)
        ),
        None,
    )
