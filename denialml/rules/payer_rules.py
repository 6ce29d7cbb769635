"""An organization's payer rules as rules: what a line must have or must not have."""

from collections.abc import Callable
from functools import partial

from denialml.domain.edit import Severity
from denialml.domain.encounter import documented_minutes
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.organization_rules import PayerRule
from denialml.rules.rule import CannotTell, Found, Rule, Verdict
from denialml.rules.session_notes import minutes_of_day, not_told_apart, which_note
from denialml.rules.words import listed, plain

_NO_MINUTES = CannotTell("documented minutes", MissingRecord.ENCOUNTER, "minutes")


def as_rule(written: PayerRule) -> Rule:
    """The payer rule as the engine asks it."""
    return Rule(
        id=written.id,
        title=written.title,
        statement=written.statement,
        severity=Severity(written.severity),
        grain="line",
        family="payer_rules",
        fields=("2400 SV1",),
        reason_codes=written.reason_codes,
        remark_codes=written.remark_codes,
        root_cause=written.root_cause,
        fix=written.fix,
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        source=written.source or "the organization's own rule",
        support="expertise",
        judge=partial(_judged, written),
        codes=frozenset(written.codes),
        valid_from=written.valid_from,
        valid_to=written.valid_to,
    )


def _judged(rule: PayerRule, line: LineCase) -> Verdict:
    if rule.payers and line.claim.payer.payer_id not in rule.payers:
        return None
    unknown: Verdict = None
    for condition in _CONDITIONS:
        verdict = condition(rule, line)
        if isinstance(verdict, CannotTell):
            unknown = verdict
        elif verdict is not None:
            return Found(says=f"{verdict} {rule.statement}")
    return unknown


def _modifiers(rule: PayerRule, line: LineCase) -> str | None:
    carried = line.line.modifiers
    missing = [one for one in rule.requires_modifiers if one not in carried]
    if missing:
        return f"{line.line.procedure_code} lacks modifier {listed(missing)}."
    wrong = [one for one in rule.forbids_modifiers if one in carried]
    if wrong:
        return f"{line.line.procedure_code} carries modifier {listed(wrong)}."
    return None


def _place(rule: PayerRule, line: LineCase) -> str | None:
    if not rule.places or line.place in rule.places:
        return None
    return f"The place of service is {line.place or 'missing'}."


def _units(rule: PayerRule, line: LineCase) -> str | None:
    if rule.units_maximum is None or line.line.units <= rule.units_maximum:
        return None
    return (
        f"{line.line.procedure_code} has {plain(line.line.units)} units, more than"
        f" {rule.units_maximum}."
    )


def _minutes(rule: PayerRule, line: LineCase) -> str | CannotTell | None:
    least, minutes = rule.minutes_minimum, line.facts.documented_minutes
    if least is None:
        return None
    if len(line.records.notes) > 1:
        return _minutes_of_notes(least, line)
    if minutes is None:
        return _NO_MINUTES
    return None if minutes >= least else f"The note has {minutes} minutes."


def _minutes_of_notes(least: int, line: LineCase) -> str | CannotTell | None:
    """Of several notes of the day: whether the payer means a session or the day's
    whole, the rule does not say. What holds either way is told."""
    told = [documented_minutes(note) for note in line.records.notes]
    own = line.facts.documented_minutes
    if all(minutes is not None and minutes >= least for minutes in told):
        return None
    if own is not None and own >= least and which_note(line) is None:
        return None
    whole, is_all = minutes_of_day(line)
    if whole is None or (whole < least and not is_all):
        return _NO_MINUTES
    if whole < least:
        return f"The notes of the day have {whole} minutes."
    return not_told_apart(line)


def _authorization(rule: PayerRule, line: LineCase) -> str | None:
    if not rule.requires_authorization or line.facts.authorization_number_on_claim:
        return None
    return "The claim carries no authorization number."


def _diagnoses(rule: PayerRule, line: LineCase) -> str | None:
    if not rule.diagnoses:
        return None
    codes = line.facts.diagnosis_codes
    if any(code.startswith(rule.diagnoses) for code in codes):
        return None
    return "None of the line's diagnoses is one of the payer's."


_CONDITIONS: tuple[Callable[[PayerRule, LineCase], str | CannotTell | None], ...] = (
    _modifiers,
    _place,
    _units,
    _minutes,
    _authorization,
    _diagnoses,
)
