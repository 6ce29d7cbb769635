"""One patient's records in the order that questions about a day need.

Built lazily: a patient nobody asks about costs an index entry. Nothing here decides
what may be known on a day except by the dates it is handed.
"""

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.claim import Claim, ServiceLine, is_possible_day, rendering_npi
from denialml.domain.coverage import (
    Authorization,
    EligibilityCheck,
    asked_about,
    speaks_of,
)
from denialml.domain.encounter import Encounter
from denialml.domain.facts import AnsweredLine, SentLine, SubmittedClaim
from denialml.modeling.knowledge.patient_timeline import (
    Answer,
    AnswerTrail,
    Plans,
    Visits,
)

_ONE_DAY = timedelta(days=1)
_NEVER = date.max
_ZERO = Decimal(0)
_ONE = Decimal(1)
_REPLACEMENTS = frozenset({"7", "8"})
# In days: more than any record spans, and what sets answers about a later span of
# coverage behind all others.
_NO_DISTANCE, _OF_A_LATER_SPAN = 10_000_000, 1_000_000
# An enum's member costs ten times a module's name, and every line asks.
_PAID = LineOutcome.PAID
_DENIED = LineOutcome.DENIED
_PARTIAL = LineOutcome.PARTIAL


class PatientFile:
    """All records of one patient, of any day.

    `encounters` by service date, `authorizations` by payer; the rest is asked.
    """

    def __init__(self) -> None:
        self.encounters: dict[date, list[Encounter]] = {}
        self.authorizations: dict[str, list[Authorization]] = {}
        self._checks: dict[str, tuple[list[date], list[EligibilityCheck]]] = {}
        self._sent_by_day: dict[date, list[SentLine]] = {}
        self._first_sent: list[SentLine] = []
        self._sent: list[SentLine] = []
        self._any_rejected = False
        self._visited: list[tuple[date, date]] = []
        self._planned: list[tuple[date, date]] = []
        self._visits = Visits()
        self._plans = Plans()
        self._answers: dict[str, AnswerTrail] = {}
        self._answered: list[AnsweredLine] = []
        self._used: dict[int, _Under] = {}

    def add_checks(self, checks: list[EligibilityCheck]) -> None:
        """File eligibility answers; several on one day: the last trace number wins."""
        for check in sorted(checks, key=lambda one: (one.checked_on, one.trace_number)):
            days, kept = self._checks.setdefault(check.payer_id, ([], []))
            days.append(check.checked_on)
            kept.append(check)

    def add_authorizations(self, authorizations: list[Authorization]) -> None:
        """File authorizations, oldest first."""
        for authorization in sorted(
            authorizations, key=lambda one: (one.issued_on, one.authorization_number)
        ):
            self.authorizations.setdefault(authorization.payer_id, []).append(
                authorization
            )

    def add_encounters(self, encounters: list[Encounter]) -> None:
        """File notes; only signed ones count as visits and treatment plans."""
        for encounter in sorted(encounters, key=lambda one: one.encounter_id):
            self.encounters.setdefault(encounter.service_date, []).append(encounter)
            if encounter.signed_on is None:
                continue
            self._visited.append((encounter.service_date, encounter.signed_on))
            if encounter.treatment_plan_on is not None:
                self._planned.append((encounter.signed_on, encounter.treatment_plan_on))

    def add_claims(
        self,
        submitted: list[SubmittedClaim],
        rejections: dict[str, list[date]],
    ) -> None:
        """File what was sent; `rejections` are 277CA days by control number."""
        seen: set[tuple[str, int]] = set()
        by_number: dict[str, list[date]] = {}
        for one in submitted:
            number = one.claim.patient_control_number
            by_number.setdefault(number, []).append(one.submitted_on)
        ordered = sorted(submitted, key=lambda one: (one.submitted_on, one.claim_id))
        for one in ordered:
            claim = one.claim
            number = claim.patient_control_number
            refused = rejections.get(number)
            rejected_on = (
                _rejected_on(one.submitted_on, by_number[number], refused)
                if refused
                else _NEVER
            )
            self._any_rejected |= rejected_on < _NEVER
            for line in claim.lines:
                sent = SentLine(
                    submitted_on=one.submitted_on,
                    rejected_on=rejected_on,
                    payer_id=claim.payer.payer_id,
                    patient_control_number=number,
                    line_number=line.line_number,
                    procedure_code=line.procedure_code,
                    units=line.units if line.unit_basis == "UN" else _ONE,
                    authorization_number=line.prior_authorization_number
                    or claim.prior_authorization_number,
                    service_date=line.service_date,
                    modifiers=line.modifiers,
                    clinician_npi=rendering_npi(claim, line),
                    charge=line.charge,
                    frequency_code=claim.frequency_code,
                )
                if is_possible_day(line.service_date):
                    self._sent.append(sent)
                if line.service_date is not None:
                    self._sent_by_day.setdefault(line.service_date, []).append(sent)
                    self._visited.append(
                        (line.service_date, one.submitted_on + _ONE_DAY)
                    )
                key = (number, line.line_number)
                if key not in seen:
                    seen.add(key)
                    self._first_sent.append(sent)

    def add_answers(
        self, answers: list[tuple[LineAdjudication, Claim, ServiceLine]]
    ) -> None:
        """File final answers; pending, reversed and unknown ones teach nothing."""
        for adjudication, claim, line in sorted(
            answers,
            key=lambda one: (one[0].received_on, one[0].claim_id, one[0].line_number),
        ):
            paid = adjudication.outcome is _PAID
            denied = adjudication.outcome in (_DENIED, _PARTIAL)
            if not (paid or denied):
                continue
            reasons = tuple([one.reason_code for one in adjudication.adjustments])
            self._answered.append(
                AnsweredLine(
                    received_on=adjudication.received_on,
                    payer_id=claim.payer.payer_id,
                    patient_control_number=claim.patient_control_number,
                    line_number=line.line_number,
                    procedure_code=line.procedure_code,
                    service_date=line.service_date,
                    outcome=adjudication.outcome,
                    payer_claim_control_number=adjudication.payer_claim_control_number,
                    payment_id=adjudication.payment_id,
                    reason_codes=reasons,
                    remark_codes=adjudication.remark_codes,
                )
            )
            if line.service_date is None:
                continue
            trail = self._answers.get(claim.payer.payer_id)
            if trail is None:
                trail = self._answers[claim.payer.payer_id] = AnswerTrail()
            trail.add(
                Answer(adjudication.received_on, line.service_date, denied, reasons)
            )

    def seal(self) -> None:
        """Order what the questions scan; call once after the last `add_`."""
        self._visits = Visits(self._visited)
        self._plans = Plans(self._planned)

    def eligibility_check(
        self, payer_id: str, *, as_of: date
    ) -> EligibilityCheck | None:
        """The last eligibility answer of this payer by `as_of`, that day included."""
        found = self._checks.get(payer_id)
        if found is None:
            return None
        position = bisect_right(found[0], as_of)
        return found[1][position - 1] if position else None

    def check_about(
        self, payer_id: str, day: date | None, *, as_of: date
    ) -> EligibilityCheck | None:
        """The answer of this payer, given by `as_of`, that tells most of `day`.

        That is the newest that speaks of the day (`speaks_of`), else the one asked
        about the nearest day; None: there is none.
        """
        found = self._checks.get(payer_id)
        if found is None:
            return None
        until = bisect_right(found[0], as_of)
        if until < 2 or day is None:
            return found[1][until - 1] if until else None
        nearest, least = None, _NO_DISTANCE
        for check in reversed(found[1][:until]):
            if speaks_of(check, day):
                return check
            distance = abs((day - asked_about(check)).days)
            if check.coverage_begin is not None and check.coverage_begin > day:
                distance += _OF_A_LATER_SPAN
            if distance < least:
                nearest, least = check, distance
        return nearest

    def checks_elsewhere(
        self, payer_id: str, day: date | None, *, as_of: date
    ) -> tuple[EligibilityCheck, ...]:
        """The answer by `as_of` of each other payer that tells most of `day`."""
        if len(self._checks) < 2:
            return ()
        found = (
            self.check_about(one, day, as_of=as_of)
            for one in self._checks
            if one != payer_id
        )
        return tuple([check for check in found if check is not None])

    def answered_before(self, as_of: date) -> tuple[AnsweredLine, ...]:
        """The final answers received before `as_of`, oldest first."""
        if not self._answered or self._answered[0].received_on >= as_of:
            return ()
        until = bisect_left(self._answered, as_of, key=_day_received)
        return tuple(self._answered[:until])

    def visits_before(self, day: date | None, *, as_of: date) -> tuple[int, int]:
        """Days of service before `day` on file: in its calendar year, and ever."""
        if day is None:
            return 0, 0
        ever = self._visits.before(day, as_of=as_of)
        if not ever:
            return 0, 0
        return ever - self._visits.before(date(day.year, 1, 1), as_of=as_of), ever

    def visits_remaining(
        self, payer_id: str, day: date | None, *, as_of: date
    ) -> int | None:
        """Visits left on `day` by the last answer of its year that counted them."""
        found = self._checks.get(payer_id)
        if found is None or day is None:
            return None
        days, checks = found
        for position in range(bisect_right(days, as_of) - 1, -1, -1):
            check = checks[position]
            if check.checked_on.year != day.year:
                break
            if check.visits_remaining is not None:
                visits = self._visits
                used = visits.before(day, as_of=as_of) - visits.before(
                    check.checked_on, as_of=as_of
                )
                return check.visits_remaining - max(0, used)
        return None

    def last_answers(
        self, payer_id: str, *, day: date, as_of: date
    ) -> tuple[int | None, int | None, tuple[str, ...]]:
        """Days from the last paid and the last denied service to `day`, and why.

        Counted between service dates, negative when the answered service is the
        later one; of the answers received before `as_of`, the latest service wins.
        """
        trail = self._answers.get(payer_id)
        if trail is None:
            return None, None, ()
        last = trail.before(as_of)
        return (
            (day - last.paid).days if last.paid is not None else None,
            (day - last.denied).days if last.denied is not None else None,
            last.reasons,
        )

    def treatment_plan_age(
        self, encounter: Encounter | None, day: date | None, *, as_of: date
    ) -> int | None:
        """Days from the treatment plan in force to the service; None: no plan."""
        if day is None:
            return None
        if encounter is not None:
            plan = encounter.treatment_plan_on
            return (day - plan).days if plan is not None else None
        latest = self._plans.latest(as_of)
        return (day - latest).days if latest is not None else None

    def same_day(
        self, claim: Claim, line: ServiceLine, *, as_of: date
    ) -> tuple[bool, tuple[str, ...]]:
        """Whether the same service went to the payer before and was not rejected, and
        the other codes of the same patient and day, on this claim or sent before.

        A corrected or void claim (CLM05-3 7, 8) repeats its original by design.
        """
        day, code = line.service_date, line.procedure_code
        codes = [
            other.procedure_code
            for other in claim.lines
            if other is not line and other.service_date == day
        ]
        already_sent = False
        if day is not None:
            payer_id = claim.payer.payer_id
            for sent in self._sent_on(day, claim, as_of):
                codes.append(sent.procedure_code)
                if sent.procedure_code == code and sent.payer_id == payer_id:
                    already_sent = claim.frequency_code not in _REPLACEMENTS
        if not codes:
            return already_sent, ()
        return already_sent, tuple(sorted(set(codes) - {code}))

    def _sent_on(self, day: date, claim: Claim, as_of: date) -> list[SentLine]:
        return [
            sent
            for sent in self._sent_by_day.get(day, ())
            if _stands(sent, claim, as_of=as_of)
        ]

    def sent_before(self, claim: Claim, *, as_of: date) -> tuple[SentLine, ...]:
        """Lines sent before `as_of` and not rejected by then, oldest first.

        Without the claim's own: one scored after it was sent is not its own history.
        """
        until = bisect_left(self._sent, as_of, key=_day_sent)
        before = self._sent[:until]
        own_day = claim.submitted_on
        if not self._any_rejected and (own_day is None or own_day >= as_of):
            return tuple(before)  # nothing of it can be out of place
        return tuple([sent for sent in before if _stands(sent, claim, as_of=as_of)])

    def units_used(
        self, authorization: Authorization, claim: Claim, *, as_of: date
    ) -> Decimal:
        """Units of lines sent before `as_of` that fall under the authorization.

        A line falls under it by payer, day and code, unless it names another number.
        The claim's own earlier submissions do not count against it.
        """
        key = id(authorization)
        found = self._used.get(key)
        if found is None:
            found = self._used[key] = self._lines_under(authorization)
        until = bisect_left(found.days, as_of)
        own = found.first.get(claim.patient_control_number, until)
        if own >= until:
            return found.up_to[until]
        used = _ZERO
        for position in range(until):
            if found.numbers[position] != claim.patient_control_number:
                used += found.units[position]
        return used

    def _lines_under(self, authorization: Authorization) -> "_Under":
        codes = authorization.procedure_codes
        begins = authorization.begins_on or date.min
        ends = authorization.ends_on or date.max
        payer_id = authorization.payer_id
        named = ("", authorization.authorization_number)
        return _Under(
            [
                sent
                for sent in self._first_sent
                if sent.payer_id == payer_id
                and sent.service_date is not None
                and begins <= sent.service_date <= ends
                and (not codes or sent.procedure_code in codes)
                and sent.authorization_number in named
            ]
        )


def _day_sent(sent: SentLine) -> date:
    return sent.submitted_on


def _day_received(answered: AnsweredLine) -> date:
    return answered.received_on


def _stands(sent: SentLine, claim: Claim, *, as_of: date) -> bool:
    return (
        sent.submitted_on < as_of
        and sent.rejected_on >= as_of
        # A claim scored after it was sent is not its own duplicate.
        and not (
            sent.submitted_on == claim.submitted_on
            and sent.patient_control_number == claim.patient_control_number
        )
    )


class _Under:
    """The lines that fall under an authorization, in the order sent.

    `up_to` are the units of the first so many of them, `first` where each control
    number stands first.
    """

    __slots__ = ("days", "first", "numbers", "units", "up_to")

    def __init__(self, sent: list[SentLine]) -> None:
        self.days = [one.submitted_on for one in sent]
        self.units = [one.units for one in sent]
        self.numbers = [one.patient_control_number for one in sent]
        self.up_to = list(accumulate(self.units, initial=_ZERO))
        self.first: dict[str, int] = {}
        for position, number in enumerate(self.numbers):
            self.first.setdefault(number, position)


def _rejected_on(
    submitted_on: date, submissions: list[date], rejections: list[date]
) -> date:
    """The day a 277CA rejected this submission: after it, before the next one."""
    later = [day for day in submissions if day > submitted_on]
    until = min(later) if later else _NEVER
    for day in sorted(rejections):
        if submitted_on <= day <= until:
            return day
    return _NEVER
