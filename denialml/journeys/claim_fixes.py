"""What can be done about a claim before it is sent: fixes tried on a copy of it."""

from collections.abc import Sequence

from denialml.domain.denial import RootCause
from denialml.domain.edit import EditFinding
from denialml.domain.fix import ClaimFixes
from denialml.domain.risk import RiskScore
from denialml.fixes.candidate import Candidate, FixKind
from denialml.fixes.catalog import candidates_of
from denialml.fixes.refusals import refusals
from denialml.journeys.claim_judge import GRAVE, ClaimJudge
from denialml.journeys.claim_trial import Trial, stops
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.risk.bundle import Bundle
from denialml.rules.case import ClaimCase
from denialml.rules.engine import Engine

# A claim is judged again in its whole length for each fix: with more lines than this
# only the rules' own fixes are told, and so many fixes at most are tried on one claim.
MOST_LINES_TRIED, MOST_TRIED_ALONE = 12, 16


class FixFinder:
    """Finds the fixes of one organization's claims, as of the day history stands at."""

    def __init__(
        self,
        fact_book: FactBook,
        engine: Engine,
        bundle: Bundle,
        *,
        accepted_risk: float,
    ) -> None:
        self._judge = ClaimJudge(fact_book, engine, bundle)
        self._accepted = accepted_risk

    def fixes_of(
        self, case: ClaimCase, score: RiskScore, history: History
    ) -> ClaimFixes:
        """All that can be done about the claim, and the smallest set that is enough.

        `score` has the case's findings. A claim within the accepted risk on which
        nothing was found has no fixes. Where the model abstains, what records prove is
        looked at all the same, and so is whether it abstains on the corrected claim.
        On one within the accepted risk, only what settles a finding is tried, and
        nothing on a claim of more than `MOST_LINES_TRIED` lines.
        """
        found = [one for one in score.findings if one.verdict == "found"]
        risky = score.abstains or score.probability > self._accepted
        if not risky and not found:
            return ClaimFixes(accepted_risk=self._accepted, fixes=())
        offered = [one for one in candidates_of(case) if _is_asked_for(one, score)]
        proposed = [*offered, *refusals(found)]
        in_question: list[Candidate] = []
        if not any(map(stops(found), proposed)) and len(case.lines) <= MOST_LINES_TRIED:
            in_question = _promising_first(
                proposed if risky else _settling(proposed, found), found
            )
        trial = Trial(
            self._judge,
            case,
            score,
            history,
            in_question[:MOST_TRIED_ALONE],
            accepted_risk=self._accepted,
        )
        return trial.result(proposed, untried=in_question[MOST_TRIED_ALONE:])


def _promising_first(
    candidates: Sequence[Candidate], found: Sequence[EditFinding]
) -> list[Candidate]:
    """Those that are sent with the claim: what records prove, then what may settle
    something that was found, then the rest."""
    rules = {one.rule_id for one in found}
    return sorted(
        (one for one in candidates if one.is_sent),
        key=lambda one: (not one.is_correction, rules.isdisjoint(one.may_resolve)),
    )


def _settling(
    proposed: Sequence[Candidate], found: Sequence[EditFinding]
) -> list[Candidate]:
    """What is tried on a claim whose risk is accepted: what records prove of anything
    that was found, and what settles more than a warning. A warning's own fix says the
    rest, and scoring it again would tell nobody anything."""
    rules = {one.rule_id for one in found}
    grave = {one.rule_id for one in found if one.severity in GRAVE}
    return [
        one
        for one in proposed
        if one.may_resolve & (rules if one.is_correction else grave)
    ]


def _is_asked_for(candidate: Candidate, score: RiskScore) -> bool:
    """A referral only where a rule finds it missing, or this payer has denied for it
    and may do so here: most payers ask for none."""
    if candidate.kind is not FixKind.OBTAIN_REFERRAL:
        return True
    rules = {one.rule_id for one in score.findings if one.verdict == "found"}
    return bool(candidate.may_resolve & rules) or any(
        cause.root_cause is RootCause.NETWORK_REFERRAL and cause.reason_code
        for line in score.lines
        for cause in line.likely_causes
    )
