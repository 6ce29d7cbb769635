"""The fixes of one claim, tried on copies of it and told in their order."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from denialml.domain.edit import EditFinding, Severity
from denialml.domain.fix import ClaimFixes, Fix, FixClass, FixSet
from denialml.domain.risk import RiskScore
from denialml.fixes.candidate import Candidate, FixKind
from denialml.fixes.search import (
    Assessment,
    Chosen,
    FoundSet,
    Search,
    is_fit,
    is_lower,
)
from denialml.journeys.claim_judge import GRAVE, ClaimJudge
from denialml.modeling.knowledge.history import History
from denialml.rules.case import ClaimCase

_OF_A_NOTE = (FixKind.SIGN_NOTE, FixKind.FILE_NOTE, FixKind.DOCUMENT_TIME)
_NOTHING = Decimal(0)
_WORST_FIRST = {severity: place for place, severity in enumerate(Severity)}


class Trial:
    """One claim's candidates, tried on copies of it.

    `tried` are those to try, each of which is sent with the claim; `score` has the
    findings on the claim as it is.
    """

    def __init__(
        self,
        judge: ClaimJudge,
        case: ClaimCase,
        score: RiskScore,
        history: History,
        tried: Sequence[Candidate],
        *,
        accepted_risk: float,
    ) -> None:
        self._judge = judge
        self._accepted = accepted_risk
        self._case = case
        self._score = score
        self._history = history
        self._tried = list(tried)
        is_scored = not score.abstains
        self._before = judge.assessment(
            score.findings,
            risk=score.probability if is_scored else None,
            expected_loss=score.expected_loss if is_scored else None,
        )
        self._search = Search(
            self._tried,
            before=self._before,
            assess=self._assess,
            accepted_risk=accepted_risk,
        )

    def result(
        self, proposed: Sequence[Candidate], *, untried: Sequence[Candidate]
    ) -> ClaimFixes:
        """The fixes worth naming in their order, and the smallest sets.

        Of those `proposed`, the ones that are not sent with the claim are named as
        well; and the `untried`, of which no more is known.
        """
        found = [one for one in self._score.findings if one.verdict == "found"]
        places = range(len(self._tried))
        alone = self._search.alone(places)
        smallest = by_correction = None
        if not is_fit(self._before, self._accepted):
            smallest = self._search.smallest(places)
            corrections = [one for one in places if self._tried[one].is_correction]
            by_correction = self._search.smallest(corrections)
        chosen = smallest.chosen if smallest is not None else ()
        in_sets = {*chosen, *(by_correction.chosen if by_correction else ())}
        kept = [
            self._fix(self._tried[place], alone[place])
            for place in places
            if place in in_sets
            or self._is_worth_naming(self._tried[place], alone[place])
        ]
        held_back = [self._unsent(one) for one in filter(stops(found), proposed)]
        said = [self._unsent(one) for one in proposed if _is_advice(one)]
        said += [_described(one) for one in untried]
        fixes = [*held_back, *kept, *said]
        fixes += self._advice(found, fixes)
        first = {self._tried[place].fix_id: rank for rank, place in enumerate(chosen)}
        fixes.sort(key=lambda one: _order(one, first))
        fixes += [self._unsent(one) for one in _refused(proposed, fixes)]
        return ClaimFixes(
            accepted_risk=self._accepted,
            fixes=tuple(fixes),
            smallest=self._set(smallest),
            by_correction=self._set(
                by_correction if by_correction != smallest else None
            ),
        )

    def _assess(self, sets: Sequence[Chosen]) -> list[Assessment]:
        claims = [
            self._judge.supposed(self._case, [self._tried[one] for one in chosen])
            for chosen in sets
        ]
        return self._judge.assess(claims, self._history)

    def _is_worth_naming(self, candidate: Candidate, after: Assessment) -> bool:
        """It silences a rule, or lowers the risk; and brings no graver finding. What a
        record proves is named too where the model has no word on the risk."""
        before = self._before
        if not after.grave <= before.grave:
            return False
        if before.found - after.found:
            return True
        if after.risk is None or before.risk is None:
            return candidate.is_correction
        return is_lower(after, before)

    def _fix(self, candidate: Candidate, after: Assessment) -> Fix:
        before = self._before
        return msgspec.structs.replace(
            _described(candidate),
            resolves=tuple(sorted(before.found - after.found)),
            raises=tuple(sorted(after.found - before.found)),
            risk_after=after.risk,
            dollars_protected=self._protected(after),
        )

    def _unsent(self, candidate: Candidate) -> Fix:
        found = self._before.found & candidate.may_resolve
        return msgspec.structs.replace(
            _described(candidate), resolves=tuple(sorted(found))
        )

    def _advice(self, found: Sequence[EditFinding], fixes: Sequence[Fix]) -> list[Fix]:
        """The rule's own fix of each finding that no other fix settles, gravest first
        and then by how likely its cause is; of a claim that is not to be sent, only of
        what would hold it all the same."""
        settled = {rule for one in fixes for rule in one.resolves}
        stopped = any(one.stops for one in fixes)
        return [
            Fix(
                fix_id=_advice_id(one),
                kind=FixKind.FOLLOW_RULE,
                fix_class=one.fix_class,
                fix_by=one.fix_by,
                statement=one.fix,
                line_numbers=one.line_numbers,
                resolves=(one.rule_id,),
            )
            for one in sorted(found, key=self._urgency)
            if one.rule_id not in settled
            and one.fix
            and (not stopped or one.rule_id in self._before.holding)
        ]

    def _urgency(self, finding: EditFinding) -> tuple[int, float]:
        likely = [
            cause.probability
            for line in self._score.lines
            for cause in line.likely_causes
            if cause.root_cause is finding.root_cause
        ]
        return _WORST_FIRST[finding.severity], -max(likely, default=0.0)

    def _set(self, found: FoundSet | None) -> FixSet | None:
        if found is None:
            return None
        last = found.after[-1]
        return FixSet(
            fix_ids=tuple(self._tried[one].fix_id for one in found.chosen),
            risks_after=tuple(one.risk for one in found.after),
            dollars_protected=self._protected(last),
            reaches=found.reaches,
            still_found=tuple(sorted(last.holding)),
        )

    def _protected(self, after: Assessment) -> Decimal | None:
        before = self._before.expected_loss
        if before is None or after.expected_loss is None:
            return None
        return max(_NOTHING, before - after.expected_loss)


def stops(found: Sequence[EditFinding]) -> Callable[[Candidate], bool]:
    """Whether a candidate keeps the claim back, for one of the graver findings."""
    grave = {one.rule_id for one in found if one.severity in GRAVE}
    return lambda one: one.stops and not grave.isdisjoint(one.may_resolve)


def _described(candidate: Candidate) -> Fix:
    """The fix as it is proposed, without what trying it would tell."""
    return Fix(
        fix_id=candidate.fix_id,
        kind=candidate.kind,
        fix_class=candidate.fix_class,
        fix_by=candidate.fix_by,
        statement=candidate.statement,
        line_numbers=candidate.line_numbers,
        edits=candidate.edits,
        proofs=candidate.proofs,
        assumes=candidate.assumes,
        stops=candidate.stops,
    )


def _is_advice(candidate: Candidate) -> bool:
    return not (
        candidate.is_sent
        or candidate.stops
        or candidate.fix_class is FixClass.NEVER_SUGGESTED
    )


def _refused(proposed: Sequence[Candidate], fixes: Sequence[Fix]) -> list[Candidate]:
    """What is not suggested, where a fix of the same lines lets one think of it."""
    documented = {
        number for one in fixes if one.kind in _OF_A_NOTE for number in one.line_numbers
    }
    refused: dict[str, Candidate] = {}
    for one in proposed:
        if one.fix_class is not FixClass.NEVER_SUGGESTED:
            continue
        of_a_note = one.kind in (FixKind.CHANGE_CODE, FixKind.CHANGE_CLINICIAN)
        if of_a_note and one.line_numbers and documented.isdisjoint(one.line_numbers):
            continue
        refused.setdefault(one.fix_id, one)
    return list(refused.values())


def _advice_id(finding: EditFinding) -> str:
    lines = "+".join(map(str, finding.line_numbers))
    return f"{FixKind.FOLLOW_RULE}:{finding.rule_id}" + f":{lines}" * bool(lines)


def _order(fix: Fix, first: dict[str, int]) -> tuple[int, int, Decimal, float]:
    """Not to send it comes first, then the smallest set, then what protects most."""
    if fix.stops:
        return 0, 0, _NOTHING, 0.0
    if fix.fix_id in first:
        return 1, first[fix.fix_id], _NOTHING, 0.0
    if fix.risk_after is None:
        return 3, 0, _NOTHING, 0.0
    return 2, 0, -(fix.dollars_protected or _NOTHING), fix.risk_after
