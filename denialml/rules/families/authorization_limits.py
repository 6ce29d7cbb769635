"""The days and units that an authorization holds, against what is billed."""

from datetime import date
from decimal import Decimal

from denialml.domain.coverage import Authorization
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.facts import AuthorizationState
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.earlier_answers import times_paid
from denialml.rules.families.authorizations import (
    VALID,
    best_on_file,
    called,
    covers,
    is_certified,
    needs_none,
    units_of,
    uses_up,
)
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.words import plain

# An enum's member costs ten times a module's name, and every line asks.
_EXHAUSTED = AuthorizationState.EXHAUSTED
_EXPIRED = AuthorizationState.EXPIRED
_NOT_YET = AuthorizationState.NOT_YET
_ZERO = Decimal(0)
_REPLACEMENT, _VOID = "7", "8"
# A payer that has paid so many sessions after an authorization wants none any more.
_SETTLED = 3


@line_rule(
    "BH-024",
    About(
        title="Date of service outside the authorization",
        statement="All dates of service of a line lie within the authorization's"
        " dates.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 DTP*472", "authorizations on file"),
        reason_codes=("302", "197"),
        remark_codes=("N351", "N54"),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Ask the payer to extend the authorization or to date it back; the date of"
        " service stays as it is.",
        source="rulebook BH-024",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.AUTHORIZATIONS,
        only_where=frozenset({Circumstance.AUTHORIZATIONS}),
    ),
)
def outside_dates(line: LineCase) -> Verdict:
    state = line.facts.authorization_state
    if state is VALID or state is _EXHAUSTED:
        return None if needs_none(line) else _last_day(line)
    if (state is not _EXPIRED and state is not _NOT_YET) or needs_none(line):
        return None
    if line.day is None:
        return CannotTell("date of service", MissingRecord.CLAIM)
    authorization = best_on_file(line)
    if authorization is None:
        return None
    paid = _times_paid_without(line, authorization)
    if paid >= _SETTLED:
        return None
    edge = (
        f"ended on {authorization.ends_on}"
        if state is _EXPIRED
        else f"begins on {authorization.begins_on}"
    )
    return Found(
        says=f"{called(authorization, first=True)} {edge};"
        f" {line.line.procedure_code} is of {line.day}.",
        # One that names no codes may be for something else.
        severity=None if authorization.procedure_codes and not paid else Severity.WARN,
    )


def _last_day(line: LineCase) -> Verdict:
    """Of a line whose first day the authorization holds."""
    authorization = best_on_file(line)
    if authorization is None:
        return None
    ends, last = authorization.ends_on, line.line.service_date_end
    if ends is None:
        return CannotTell(
            "the last day of the authorization", MissingRecord.AUTHORIZATION, "ends_on"
        )
    if last is None or last <= ends or _holds(line, last):
        return None
    return Found(
        says=f"{called(authorization, first=True)} ended on {ends};"
        f" {line.line.procedure_code} goes on to {last}."
    )


def _holds(line: LineCase, day: date) -> bool:
    """Whether another one on file for the line's code holds that day."""
    code = line.line.procedure_code
    return any(
        is_certified(one)
        and (not one.procedure_codes or code in one.procedure_codes)
        and (one.begins_on is None or one.begins_on <= day)
        and (one.ends_on is None or day <= one.ends_on)
        for one in line.records.authorizations
    )


def _times_paid_without(line: LineCase, authorization: Authorization) -> int:
    """How many later sessions the payer has paid, where it has listed no codes."""
    ended = authorization.ends_on
    if line.policy.authorization_codes is not None or ended is None:
        return 0
    if line.facts.authorization_state is not _EXPIRED:
        return 0
    return times_paid(line, after=ended)


@line_rule(
    "BH-025",
    About(
        title="Authorized units used up",
        statement="The units billed, with all sent before, stay within the units"
        " approved.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV104", "authorizations on file", "claims sent before"),
        reason_codes=("198",),
        remark_codes=("N54", "N435"),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Ask for more units by concurrent review; hold what goes beyond until the"
        " payer answers.",
        source="rulebook BH-025",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.AUTHORIZATIONS,
        only_where=frozenset({Circumstance.AUTHORIZATIONS}),
    ),
)
def units_used_up(line: LineCase) -> Verdict:
    facts = line.facts
    state = facts.authorization_state
    if (state is not VALID and state is not _EXHAUSTED) or needs_none(line):
        return None
    if line.claim.frequency_code == _VOID:
        return None
    left = facts.authorization_units_left
    if left is None:
        if facts.authorization_days_left is not None:
            # Approved by dates alone.
            return None
        return CannotTell("the units approved", MissingRecord.AUTHORIZATION, "units")
    number = facts.authorization_number
    left += _replaced_units(line, number)
    needed = units_of(line)
    fits_alone = needed <= left
    for other in line.of_claim.lines:
        if other is line:
            break
        if uses_up(other, number):
            left -= units_of(other)
    if needed <= left:
        return None
    if fits_alone:
        for one in line.records.authorizations:
            if one.authorization_number != number and covers(one, line):
                # What is left of it is not counted for a second authorization.
                return CannotTell(
                    f"the units left under {called(one)}", MissingRecord.ELSEWHERE
                )
    return Found(
        says=f"{line.line.procedure_code} takes {plain(needed)}"
        f" {'unit' if needed == 1 else 'units'}; {called(number)} has"
        f" {plain(max(left, Decimal(0)))} left."
    )


def _replaced_units(line: LineCase, number: str) -> Decimal:
    """Units of the claim that this one replaces, which were counted as used.

    A practice that gives a corrected claim a number of its own sends the same service
    under both.
    """
    claim = line.claim
    if claim.frequency_code != _REPLACEMENT:
        return _ZERO
    billed = {
        (other.line.procedure_code, other.day)
        for other in line.of_claim.lines
        if uses_up(other, number)
    }
    replaced = {
        (one.patient_control_number, one.line_number): one.units
        for one in line.records.sent
        if (one.procedure_code, one.service_date) in billed
        and one.payer_id == claim.payer.payer_id
        and one.patient_control_number != claim.patient_control_number
        and one.authorization_number in ("", number)
    }
    return sum(replaced.values(), _ZERO)
