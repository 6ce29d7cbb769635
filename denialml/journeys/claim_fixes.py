"""What can be done about a claim before it is sent: fixes tried on a copy of it."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from denialml.domain.denial import RootCause
from denialml.domain.edit import EditFinding, Severity
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords
from denialml.domain.fix import ClaimFixes, Fix, FixClass, FixSet
from denialml.domain.risk import RiskScore
from denialml.fixes.candidate import Candidate, FixKind
from denialml.fixes.catalog import candidates_of
from denialml.fixes.elements import corrected
from denialml.fixes.refusals import refusals
from denialml.fixes.search import (
    Assessment,
    Chosen,
    FoundSet,
    Search,
    is_fit,
    is_lower,
)
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.rule_outcomes import broken_in_case, case_of
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.denial_risk import SupposedClaim, supposed_risks
from denialml.rules.case import ClaimCase
from denialml.rules.engine import Engine

_GRAVE = (Severity.REJECT, Severity.HOLD, Severity.DENY_LIKELY)
_OF_A_NOTE = (FixKind.SIGN_NOTE, FixKind.FILE_NOTE, FixKind.DOCUMENT_TIME)
_NOTHING = Decimal(0)
# A claim is judged again in its whole length for each fix: with more lines than this
# only the rules' own fixes are told, and so many fixes at most are tried on one claim.
MOST_LINES_TRIED, MOST_TRIED_ALONE = 12, 16
_WORST_FIRST = {severity: place for place, severity in enumerate(Severity)}


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
        self._facts = fact_book
        self._engine = engine
        self._bundle = bundle
        self._accepted = accepted_risk

    def fixes_of(
        self, case: ClaimCase, score: RiskScore, history: History
    ) -> ClaimFixes:
        """All that can be done about the claim, and the smallest set that is enough.

        `score` has the case's findings. A claim within the accepted risk on which
        nothing was found has no fixes; a risk that the model abstains on takes no part.
        On one within it, only what settles a finding is tried, and nothing on a claim
        of more than `MOST_LINES_TRIED` lines.
        """
        found = [one for one in score.findings if one.verdict == "found"]
        # Where the model abstains, what records prove is looked at all the same.
        risky = score.abstains or score.probability > self._accepted
        if not risky and not found:
            return ClaimFixes(accepted_risk=self._accepted, fixes=())
        offered = [one for one in candidates_of(case) if _is_asked_for(one, score)]
        proposed = [*offered, *refusals(found)]
        tried: list[Candidate] = []
        stopped = any(map(_stops(found), proposed))
        if not stopped and len(case.lines) <= MOST_LINES_TRIED:
            tried = _first(proposed if risky else _settling(proposed, found))
        return _Trial(self, case, score, history, tried).result(proposed, found)

    def assess(
        self,
        claims: Sequence[SupposedClaim],
        history: History,
        *,
        is_scored: bool,
    ) -> list[Assessment]:
        """Each claim judged again by the rules and, unless abstained on, the model."""
        day = history.as_of
        cases = [
            case_of(one.claim, one.fact_book, self._engine, as_of=day) for one in claims
        ]
        judged = [self._engine.judge(case) for case in cases]
        if self._bundle.with_rules:
            claims = [
                msgspec.structs.replace(
                    one, broken=broken_in_case(case, found, self._engine)
                )
                for one, case, found in zip(claims, cases, judged, strict=True)
            ]
        risks = (
            supposed_risks(claims, history=history, bundle=self._bundle, as_of=day)
            if is_scored
            else [None] * len(claims)
        )
        return [
            self.assessment(
                found,
                risk=risk.probability if risk is not None else None,
                expected_loss=risk.expected_loss if risk is not None else None,
            )
            for found, risk in zip(judged, risks, strict=True)
        ]

    def assessment(
        self,
        findings: Sequence[EditFinding],
        *,
        risk: float | None,
        expected_loss: Decimal | None,
    ) -> Assessment:
        """What was found, by rule, beside the risk."""
        found = [one for one in findings if one.verdict == "found"]
        hold = self._engine.settings.decision.hold
        return Assessment(
            risk=risk,
            found=frozenset(one.rule_id for one in found),
            holding=frozenset(one.rule_id for one in found if one.severity in hold),
            grave=frozenset(one.rule_id for one in found if one.severity in _GRAVE),
            expected_loss=expected_loss,
        )

    def supposed(
        self, case: ClaimCase, candidates: Sequence[Candidate]
    ) -> SupposedClaim:
        """The claim with these candidates, and the records that they suppose."""
        edits = [edit for one in candidates for edit in one.edits]
        claim = corrected(case.claim, edits)
        for one in candidates:
            if one.suppose_claim is not None:
                claim = one.suppose_claim(claim)
        more = _records(candidates)
        return SupposedClaim(
            claim=claim,
            fact_book=self._facts if more is None else self._facts.supposing(more),
            clinician_confirmed=any("clinician" in one.proves for one in candidates),
        )

    @property
    def accepted_risk(self) -> float:
        """At or below it, a claim without a holding finding is fit to send."""
        return self._accepted


class _Trial:
    """One claim's candidates, tried."""

    def __init__(
        self,
        finder: FixFinder,
        case: ClaimCase,
        score: RiskScore,
        history: History,
        proposed: Sequence[Candidate],
    ) -> None:
        self._finder = finder
        self._case = case
        self._score = score
        self._history = history
        self._tried = [one for one in proposed if one.is_sent]
        is_scored = not score.abstains
        self._before = finder.assessment(
            score.findings,
            risk=score.probability if is_scored else None,
            expected_loss=score.expected_loss if is_scored else None,
        )
        self._search = Search(
            self._tried,
            before=self._before,
            assess=self._assess,
            accepted_risk=finder.accepted_risk,
        )

    def result(
        self, proposed: Sequence[Candidate], found: Sequence[EditFinding]
    ) -> ClaimFixes:
        """The fixes worth naming in their order, and the smallest sets."""
        places = range(len(self._tried))
        alone = self._search.alone(places)
        smallest = by_correction = None
        if not is_fit(self._before, self._finder.accepted_risk):
            smallest = self._search.smallest(places)
            corrections = [one for one in places if self._tried[one].is_correction]
            by_correction = self._search.smallest(corrections)
        chosen = smallest.chosen if smallest is not None else ()
        kept = [
            self._fix(self._tried[place], alone[place])
            for place in places
            if place in chosen
            or self._is_worth_naming(self._tried[place], alone[place])
        ]
        stops = [self._unsent(one) for one in filter(_stops(found), proposed)]
        said = [self._unsent(one) for one in proposed if _is_advice(one)]
        fixes = [*stops, *kept, *said]
        fixes += self._advice(found, fixes)
        first = {self._tried[place].fix_id: rank for rank, place in enumerate(chosen)}
        fixes.sort(key=lambda one: _order(one, first))
        fixes += [self._unsent(one) for one in _refused(proposed, fixes)]
        return ClaimFixes(
            accepted_risk=self._finder.accepted_risk,
            fixes=tuple(fixes),
            smallest=self._set(smallest),
            by_correction=self._set(
                by_correction if by_correction != smallest else None
            ),
        )

    def _assess(self, sets: Sequence[Chosen]) -> list[Assessment]:
        claims = [
            self._finder.supposed(self._case, [self._tried[one] for one in chosen])
            for chosen in sets
        ]
        return self._finder.assess(
            claims, self._history, is_scored=not self._score.abstains
        )

    def _is_worth_naming(self, candidate: Candidate, after: Assessment) -> bool:
        """It silences a rule, or lowers the risk; and brings no graver finding. What a
        record proves is named too where the model has no word on the risk."""
        before = self._before
        if not after.grave <= before.grave:
            return False
        if before.found - after.found:
            return True
        if after.risk is None:
            return candidate.is_correction
        return is_lower(after, before)

    def _fix(self, candidate: Candidate, after: Assessment) -> Fix:
        before = self._before
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
            resolves=tuple(sorted(before.found - after.found)),
            raises=tuple(sorted(after.found - before.found)),
            risk_after=after.risk,
            dollars_protected=self._protected(after),
        )

    def _unsent(self, candidate: Candidate) -> Fix:
        found = self._before.found & candidate.may_resolve
        return Fix(
            fix_id=candidate.fix_id,
            kind=candidate.kind,
            fix_class=candidate.fix_class,
            fix_by=candidate.fix_by,
            statement=candidate.statement,
            line_numbers=candidate.line_numbers,
            proofs=candidate.proofs,
            resolves=tuple(sorted(found)),
            stops=candidate.stops,
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


def _settling(
    proposed: Sequence[Candidate], found: Sequence[EditFinding]
) -> list[Candidate]:
    """What is tried on a claim whose risk is accepted: what records prove of anything
    that was found, and what settles more than a warning. A warning's own fix says the
    rest, and scoring it again would tell nobody anything."""
    rules = {one.rule_id for one in found}
    grave = {one.rule_id for one in found if one.severity in _GRAVE}
    return [
        one
        for one in proposed
        if one.may_resolve & (rules if one.is_correction else grave)
    ]


def _records(candidates: Sequence[Candidate]) -> PracticeRecords | None:
    """What the candidates suppose to be on file; None: nothing."""
    notes: dict[str, Encounter] = {}
    for one in candidates:
        for note, change in one.note_changes:
            held = notes.get(note.encounter_id, note)
            notes[note.encounter_id] = msgspec.structs.replace(held, **change)
    checks = [it for one in candidates for it in one.supposed.eligibility_checks]
    granted = [it for one in candidates for it in one.supposed.authorizations]
    enrolled = [it for one in candidates for it in one.supposed.enrollments]
    if not (notes or checks or granted or enrolled):
        return None
    return PracticeRecords(
        encounters=tuple(notes.values()),
        eligibility_checks=tuple(checks),
        authorizations=tuple(granted),
        enrollments=tuple(enrolled),
    )


def _first(candidates: Sequence[Candidate]) -> list[Candidate]:
    """As many as are tried on one claim, what records prove before the rest."""
    ordered = sorted(candidates, key=lambda one: not one.is_correction)
    return [one for one in ordered if one.is_sent][:MOST_TRIED_ALONE]


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


def _stops(found: Sequence[EditFinding]) -> Callable[[Candidate], bool]:
    """Whether a candidate keeps the claim back, for one of the graver findings."""
    grave = {one.rule_id for one in found if one.severity in _GRAVE}
    return lambda one: one.stops and not grave.isdisjoint(one.may_resolve)


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
