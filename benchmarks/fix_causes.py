"""Whether a denial's true cause has a legal fix on file, and whether fixes remove it.

Read from the records and from the payer's hidden rules, without the code that finds
fixes: nothing here imports `denialml.fixes`. The cause is the rule that fired, not the
code that the payer printed.

Two tiers, by what was on file on the day the claim was sent (claims and answers: before
that day):

*correction on file*: a record proves a correction that takes the cause away. A valid
authorization of this patient and payer for code and day, whose number is not on the
claim. A place or modifier that differs from the payer's settings and the signed note
(without a setting: a session at the patient's home has place 10), where theirs is what
the payer asks for. Documented minutes below the code's least that are enough for a
shorter code of the same service. A service sent to this payer before.

*legal fix named by facts on file*: the above, or a step that the records call for. No
authorization, or one that is refused, over, used up or for other codes. No eligibility
answer on or after the day of service, or one that shows no coverage on it. An answer
that names another payer, or none asked since. A timed code whose note is missing,
unsigned or without minutes. A clinician whose enrollment is not on file, begins later,
or whom this payer has never paid. No referral number where an earlier answer of the
payer asked for one (CARC 288 or 243).

Outside of both: what nothing on file shows (necessity, records, exclusions, visit
limits, diagnoses, bundling, lateness, errors in claim data and of the payer; also a
lapse that the payer's own answer of that day did not know).

A fix removes the cause where the true rule's chance falls to zero, or to its base rate
where minutes are reviewed at random. A step does with what it would have found out or
obtained in truth: an eligibility inquiry of a payer whose files learn late would have
found nothing, and helps nothing. A rule's own advice counts as the step that it tells
someone to take.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
)
from denialml.domain.encounter import Encounter, Modality, documented_minutes
from denialml.domain.facts import PracticeRecords
from denialml.domain.fix import Fix
from denialml.simulation.hidden import HiddenSubmission
from denialml.simulation.parameters import SERVICES
from denialml.simulation.rules import LineContext, Rule, line_chances, stricter

CORRECTION, STEP = "correction on file", "step named by facts on file"
_SHORTER = {
    "90837": ("90834", "90832"),
    "90834": ("90832",),
    "90838": ("90836", "90833"),
    "90836": ("90833",),
}
_REFERRAL_ASKED = frozenset({"288", "243"})
_TELEHEALTH_MODIFIERS = frozenset({"95", "93", "GT"})
_TELEHEALTH_PLACES = frozenset({"02", "10"})
_CERTIFIED = (AuthorizationDecision.APPROVED, AuthorizationDecision.MODIFIED)
# What a rule's own fix, in its words, tells someone to do.
_ADVICE = {
    "BH-014": "find_coverage",
    "BH-015": "verify_eligibility",
    "BH-017": "settle_other_payer",
    "BH-019": "settle_other_payer",
    "BH-022": "request_authorization",
    "BH-023": "attach_authorization",
    "BH-024": "extend_authorization",
    "BH-025": "extend_authorization",
    "BH-026": "extend_authorization",
    "BH-030": "obtain_referral",
    "BH-036": "bill_documented_code",
    "BH-038": "document_time",
    "BH-095": "finish_enrollment",
    "BH-097": "finish_enrollment",
    "BH-112": "wait_for_answer",
    "BH-117": "sign_note",
}
_REVIEWED_AT_RANDOM = 0.04
_NO_CHANCE = 1e-9


class DeniedLine(NamedTuple):
    """One denied line: its claim, the day it was sent, and what the payer saw."""

    claim: Claim
    day: date
    position: int
    hidden: HiddenSubmission

    @property
    def line(self) -> ServiceLine:
        return self.claim.lines[self.position]

    @property
    def context(self) -> LineContext:
        return self.hidden.line_contexts[self.position]

    @property
    def rule(self) -> Rule:
        """The rule that denied the line."""
        fired = self.hidden.fired[self.position]
        assert fired is not None
        return fired

    @property
    def first_day(self) -> date:
        return min(one.service_date for one in self.claim.lines if one.service_date)

    @property
    def clinician(self) -> str:
        assert self.claim.rendering_provider is not None
        return self.claim.rendering_provider.npi


class OnFile:
    """A practice's records, found by patient and payer."""

    def __init__(self, records: PracticeRecords) -> None:
        self.payers: dict[str, Payer] = {one.payer_id: one for one in records.payers}
        self._checks: dict[tuple[str, str], list[EligibilityCheck]] = defaultdict(list)
        self._authorizations: dict[tuple[str, str], list[Authorization]] = defaultdict(
            list
        )
        self._notes: dict[tuple[str, date], list[Encounter]] = defaultdict(list)
        self._enrollments: dict[tuple[str, str], list[Enrollment]] = defaultdict(list)
        self._sent: dict[tuple[str, str], list[tuple[date, Claim]]] = defaultdict(list)
        self._first_paid: dict[tuple[str, str], date] = {}
        self._referral_asked: dict[str, date] = {}
        for check in records.eligibility_checks:
            self._checks[check.medical_record_number, check.payer_id].append(check)
        for one in records.authorizations:
            self._authorizations[one.medical_record_number, one.payer_id].append(one)
        for note in records.encounters:
            self._notes[note.medical_record_number, note.service_date].append(note)
        for span in records.enrollments:
            self._enrollments[span.clinician_npi, span.payer_id].append(span)
        self._file_claims(records)

    def _file_claims(self, records: PracticeRecords) -> None:
        claims = {}
        for one in records.submitted_claims:
            claim = claims[one.claim_id] = one.claim
            key = (claim.medical_record_number, claim.payer.payer_id)
            self._sent[key].append((one.submitted_on, claim))
        for answer in records.adjudications:
            claim, received = claims[answer.claim_id], answer.received_on
            payer_id = claim.payer.payer_id
            if answer.paid > 0 and claim.rendering_provider is not None:
                who = (claim.rendering_provider.npi, payer_id)
                held = self._first_paid.get(who, received)
                self._first_paid[who] = min(held, received)
            if any(one.reason_code in _REFERRAL_ASKED for one in answer.adjustments):
                asked = self._referral_asked.get(payer_id, received)
                self._referral_asked[payer_id] = min(asked, received)

    def check(self, denied: DeniedLine) -> EligibilityCheck | None:
        """The payer's last answer about the patient by the day."""
        found = self._checks.get(_patient_and_payer(denied), ())
        known = [one for one in found if one.checked_on <= denied.day]
        return max(
            known, key=lambda one: (one.checked_on, one.trace_number), default=None
        )

    def covering(self, denied: DeniedLine, *, code: str) -> Authorization | None:
        """An approved authorization for a code on the line's day, units aside."""
        day = denied.line.service_date
        assert day is not None
        for one in self._authorizations.get(_patient_and_payer(denied), ()):
            if (
                one.issued_on <= denied.day
                and one.decision in _CERTIFIED
                and code in one.procedure_codes
                and (one.begins_on is None or one.begins_on <= day)
                and (one.ends_on is None or day <= one.ends_on)
            ):
                return one
        return None

    def signed_note(self, denied: DeniedLine) -> Encounter | None:
        """The clinician's note of the line's day, signed by the day it was sent."""
        day = denied.line.service_date
        assert day is not None
        for note in self._notes.get((denied.claim.medical_record_number, day), ()):
            signed = note.signed_on is not None and note.signed_on <= denied.day
            if signed and note.clinician_npi == denied.clinician:
                return note
        return None

    def is_enrolled(self, denied: DeniedLine) -> bool:
        """Whether a span known by the day holds the day of service."""
        payer_id, day = denied.claim.payer.payer_id, denied.first_day
        return any(
            (one.recorded_on or one.effective_on) <= denied.day
            and one.effective_on <= day
            and (one.ends_on is None or day <= one.ends_on)
            for one in self._enrollments.get((denied.clinician, payer_id), ())
        )

    def was_paid(self, denied: DeniedLine) -> bool:
        """Whether this payer had paid this clinician before the day."""
        who = (denied.clinician, denied.claim.payer.payer_id)
        return self._first_paid.get(who, date.max) < denied.day

    def asked_for_referral(self, denied: DeniedLine) -> bool:
        asked = self._referral_asked.get(denied.claim.payer.payer_id, date.max)
        return asked < denied.day

    def was_sent(self, denied: DeniedLine) -> bool:
        """Whether the same service of the patient went to this payer before."""
        return any(
            sent_on < denied.day
            and any(
                one.procedure_code == denied.line.procedure_code
                and one.service_date == denied.line.service_date
                for one in claim.lines
            )
            for sent_on, claim in self._sent.get(_patient_and_payer(denied), ())
        )


def _patient_and_payer(denied: DeniedLine) -> tuple[str, str]:
    return denied.claim.medical_record_number, denied.claim.payer.payer_id


def tier_of(denied: DeniedLine, on_file: OnFile) -> str | None:
    """`CORRECTION`, `STEP`, or None where nothing on file shows a legal fix."""
    match denied.rule:
        case Rule.ELIGIBILITY:
            return STEP if not _shows_coverage(denied, on_file) else None
        case Rule.OTHER_PAYER:
            check = on_file.check(denied)
            asked = check is not None and check.checked_on >= denied.first_day
            named = check is not None and bool(check.other_payer_id)
            return STEP if named or not asked else None
        case Rule.LOADING:
            proved = on_file.is_enrolled(denied) and on_file.was_paid(denied)
            return STEP if not proved else None
        case Rule.DUPLICATE:
            return CORRECTION if on_file.was_sent(denied) else None
        case Rule.REFERRAL:
            return STEP if on_file.asked_for_referral(denied) else None
        case Rule.AUTHORIZATION_MISSING:
            return STEP
        case Rule.AUTHORIZATION_MISMATCH:
            is_valid = denied.context.authorization == "valid"
            on_claim = denied.context.number_on_claim
            covering = on_file.covering(denied, code=denied.line.procedure_code)
            proved = is_valid and not on_claim and covering is not None
            return CORRECTION if proved else STEP
        case Rule.TELEHEALTH:
            right = _as_documented(denied, on_file)
            return CORRECTION if right is not None and _is_gone(denied, right) else None
        case Rule.TIME:
            return _tier_of_minutes(denied, on_file)
        case _:
            return None


def _shows_coverage(denied: DeniedLine, on_file: OnFile) -> bool:
    check, day = on_file.check(denied), denied.first_day
    return (
        check is not None
        and check.checked_on >= day
        and check.result is EligibilityResult.ACTIVE
        and (check.coverage_begin is None or check.coverage_begin <= day)
        and (check.coverage_end is None or day <= check.coverage_end)
    )


def _tier_of_minutes(denied: DeniedLine, on_file: OnFile) -> str | None:
    note = on_file.signed_note(denied)
    minutes = documented_minutes(note) if note is not None else None
    if minutes is None:
        return STEP
    floor = SERVICES[denied.context.code].floor
    fits = minutes < floor and bool(_shorter_code(denied.context.code, minutes))
    return CORRECTION if fits else None


def _shorter_code(code: str, minutes: int) -> str:
    for shorter in _SHORTER.get(code, ()):
        if minutes >= SERVICES[shorter].floor:
            return shorter
    return ""


def _as_documented(denied: DeniedLine, on_file: OnFile) -> LineContext | None:
    """The line with the place and modifier that note and payer's settings prove."""
    note = on_file.signed_note(denied)
    payer = on_file.payers.get(denied.claim.payer.payer_id)
    if note is None or payer is None or note.modality is Modality.UNKNOWN:
        return None
    place = payer.telehealth_place_of_service
    at_home = note.patient_location == "home"
    if not place:
        guessed = at_home and denied.context.place in _TELEHEALTH_PLACES
        place = "10" if guessed else denied.context.place
    modifier = (
        payer.audio_only_modifier
        if note.modality is Modality.AUDIO
        else payer.telehealth_modifier
    )
    modifiers = denied.context.modifiers
    if modifier:
        kept = [one for one in modifiers if one not in _TELEHEALTH_MODIFIERS]
        modifiers = (*kept, modifier)
    return msgspec.structs.replace(denied.context, place=place, modifiers=modifiers)


def _is_gone(denied: DeniedLine, changed: LineContext) -> bool:
    """Whether the rule that fired has lost what chance it had beyond a base rate."""
    policy, rule = denied.hidden.policy, denied.rule
    base = _NO_CHANCE
    if rule is Rule.TIME:
        base += stricter(policy.time_strength * _REVIEWED_AT_RANDOM, policy.strictness)
    before = dict(line_chances(policy, denied.context)).get(rule, 0.0)
    after = dict(line_chances(policy, changed)).get(rule, 0.0)
    return after <= base < before


def removes(
    fixes: Sequence[Fix], denied: DeniedLine, fixed: Claim, on_file: OnFile
) -> bool:
    """Whether these fixes take the true cause away. `fixed` is the claim with their
    corrections."""
    kinds = _steps(fixes, denied.line.line_number)
    match denied.rule:
        case Rule.ELIGIBILITY:
            asked = kinds & {"verify_eligibility", "settle_other_payer"}
            told = bool(asked) and not denied.hidden.check_shows_coverage
            return told or not kinds.isdisjoint({"bill_payer_on_file", "find_coverage"})
        case Rule.OTHER_PAYER:
            return not kinds.isdisjoint(
                {"verify_eligibility", "settle_other_payer", "bill_payer_on_file"}
            )
        case Rule.LOADING:
            return not kinds.isdisjoint({"confirm_enrollment", "finish_enrollment"})
        case Rule.DUPLICATE:
            return not kinds.isdisjoint({"wait_for_answer", "send_as_replacement"})
        case Rule.DATA | Rule.TIMELY | Rule.PAYER_ERROR:
            return False
        case _:
            changed = _with_fixes(denied, fixed, kinds)
            is_another_code = changed.code != denied.context.code
            if is_another_code and on_file.covering(denied, code=changed.code):
                changed.authorization = "valid"
            return _is_gone(denied, changed)


def _steps(fixes: Iterable[Fix], number: int) -> set[str]:
    """What these fixes have someone do about a line; advice as the step it names."""
    kinds: set[str] = set()
    for one in fixes:
        if one.line_numbers and number not in one.line_numbers:
            continue
        kinds.add(str(one.kind))
        if one.kind == "follow_rule":
            kinds |= {_ADVICE[rule] for rule in one.resolves if rule in _ADVICE}
            if any(proof.record_kind == "encounter" for proof in one.proofs):
                # The note's minutes make a shorter code, whose charge is not on file.
                kinds.add("bill_documented_code")
    return kinds


def _with_fixes(denied: DeniedLine, fixed: Claim, kinds: set[str]) -> LineContext:
    """What the payer would have read on the line of the fixed claim."""
    line = fixed.lines[denied.position]
    is_attached = "attach_authorization" in kinds
    context = msgspec.structs.replace(
        denied.context,
        code=line.procedure_code,
        place=line.place_of_service or fixed.place_of_service,
        modifiers=line.modifiers,
        number_on_claim=is_attached
        or bool(line.prior_authorization_number or fixed.prior_authorization_number),
        referral_on_claim=bool(fixed.referral_number) or "obtain_referral" in kinds,
    )
    if not kinds.isdisjoint({"request_authorization", "extend_authorization"}):
        context.authorization, context.number_on_claim = "valid", True
    if not kinds.isdisjoint({"document_time", "file_note"}):
        context.minutes = denied.hidden.held_minutes
    elif "sign_note" in kinds:
        context.minutes = denied.hidden.documented_minutes
    if "bill_documented_code" in kinds and context.minutes is not None:
        is_short = context.minutes < SERVICES[context.code].floor
        shorter = _shorter_code(context.code, context.minutes) if is_short else ""
        context.code = shorter or context.code
    return context
