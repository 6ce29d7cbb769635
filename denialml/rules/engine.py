"""Judges a claim by every rule that applies to it."""

from collections.abc import Callable
from functools import partial

import msgspec

from denialml.domain.coverage import PayerType
from denialml.domain.edit import EditFinding, Measured, Severity
from denialml.domain.missing import MissingRecord
from denialml.errors import InputError
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.circumstances import (
    bits_of,
    claim_circumstances,
    line_circumstances,
)
from denialml.rules.measured import NOTHING_MEASURED, RuleMeasures
from denialml.rules.organization_rules import AS_THEY_COME, OrganizationRules
from denialml.rules.payer_rules import as_rule
from denialml.rules.registry import all_rules
from denialml.rules.rule import CannotTell, Found, Rule, Verdict

_WORST_FIRST = {severity: place for place, severity in enumerate(Severity)}
_PAYER_TYPE = CannotTell(
    "the payer's type (Medicare, Medicaid, commercial)",
    MissingRecord.PAYER,
    "payer_type",
)
_SETTING = MissingRecord.PAYER_SETTING
_NO_RECORD_OF_PRACTICE = MissingRecord.ELSEWHERE
# The rule that counts nothing from a date of service.
IMPOSSIBLE_DATE = "BH-009"
_UNKNOWN = PayerType.UNKNOWN
# What is kept by codes and facts that come from outside must stay bounded.
_KEPT_CODES = 20_000
_KEPT_UNTOLD = 20_000
# The rule, its function, and whether it has first or last dates of service.
_Asked = tuple[Rule, Callable[..., Verdict], bool]
# Rule, lines, severity, what is missing and where, whether the practice keeps it.
_Untold = tuple[str, tuple[int, ...], Severity, str, MissingRecord, str, bool | None]


class Engine:
    """Every rule that is switched on, looked up by code and payer type.

    Safe to share between threads.

    Raises
    ------
    InputError
        If the organization's settings name a rule that there is none of.
    """

    def __init__(
        self,
        settings: OrganizationRules = AS_THEY_COME,
        *,
        measures: RuleMeasures = NOTHING_MEASURED,
    ) -> None:
        rules = all_rules()
        self._measures = measures
        for rule_id in settings.rules:
            if rule_id not in rules:
                raise InputError(f"there is no rule {rule_id}")
        self.settings = settings
        self._written = settings.written_of_any_payer()
        self._severities = {
            rule_id: setting.severity
            for rule_id, setting in settings.rules.items()
            if setting.severity is not None
        }
        self._off = frozenset(
            rule_id
            for rule_id, setting in settings.rules.items()
            if not setting.enabled
        )
        on = [
            *(rule for rule in rules.values() if rule.id not in self._off),
            *map(as_rule, settings.payer_rules),
        ]
        self._of_lines = [rule for rule in on if rule.grain == "line"]
        self._of_claims = [rule for rule in on if rule.grain == "claim"]
        self._ways = {rule.id: _asked(rule, self._off) for rule in on}
        self._asked: dict[tuple[str, PayerType, int], tuple[_Asked, ...]] = {}
        self._asked_of_claims: dict[tuple[PayerType, int], tuple[_Asked, ...]] = {}
        self._untold: dict[_Untold, EditFinding] = {}

    @property
    def as_they_come(self) -> bool:
        """Whether it finds what it would without any organization's word."""
        told = self.settings
        return self._measures == NOTHING_MEASURED and not (
            told.rules or told.payers or told.payer_rules
        )

    def judge(self, case: ClaimCase) -> tuple[EditFinding, ...]:
        """What was found and what cannot be told: worst first, then by rule and line.

        Last comes what this practice keeps no record of, whatever the claim.
        A line is judged by the rules in force on its own date of service. What a rule
        says of several lines in the same words is one finding. A claim with a day of
        the year 1 or 9999 is judged for its dates alone: nothing counts from it.
        """
        if not case.can_be_counted:
            return self._dates_alone(case)
        found: list[EditFinding] = []
        for line in case.lines:
            number = (line.line.line_number,)
            for rule, judge, is_dated in self._rules_for(line):
                if is_dated and not rule.is_of_day(line.day):
                    continue
                verdict = judge(line)
                if verdict is not None:
                    found.append(self._finding(rule, verdict, number, case))
        for rule, judge, is_dated in self._claim_rules_for(case):
            if is_dated and not rule.is_of_day(case.first_day):
                continue
            if rule.codes and not rule.codes & case.codes:
                continue
            verdict = judge(case)
            if verdict is not None:
                found.append(self._finding(rule, verdict, (), case))
        merged = _merged(found) if len(case.lines) > 1 else found
        return tuple(sorted(merged, key=_order))

    def _dates_alone(self, case: ClaimCase) -> tuple[EditFinding, ...]:
        found = [
            self._finding(rule, verdict, (line.line.line_number,), case)
            for rule in self._of_lines
            if rule.id == IMPOSSIBLE_DATE
            for line in case.lines
            if (verdict := rule.judge(line)) is not None
        ]
        return tuple(sorted(_merged(found), key=_order))

    def _rules_for(self, line: LineCase) -> tuple[_Asked, ...]:
        """Those that may say something of such a line."""
        code, payer_type = line.line.procedure_code, line.of_claim.payer_type
        circumstances = line_circumstances(line)
        key = (code, payer_type, circumstances)
        asked = self._asked.get(key)
        if asked is None:
            asked = tuple(
                self._ways[rule.id]
                for rule in self._of_lines
                if _concerns(rule, payer_type, circumstances)
                and (not rule.codes or code in rule.codes)
                and (rule.only_for is None or rule.only_for(code))
            )
            if len(self._asked) < _KEPT_CODES:
                self._asked[key] = asked
        return asked

    def _claim_rules_for(self, case: ClaimCase) -> tuple[_Asked, ...]:
        circumstances = claim_circumstances(case)
        key = (case.payer_type, circumstances)
        asked = self._asked_of_claims.get(key)
        if asked is None:
            asked = self._asked_of_claims[key] = tuple(
                self._ways[rule.id]
                for rule in self._of_claims
                if _concerns(rule, case.payer_type, circumstances)
            )
        return asked

    def _finding(
        self,
        rule: Rule,
        verdict: Found | CannotTell,
        lines: tuple[int, ...],
        case: ClaimCase,
    ) -> EditFinding:
        """The verdict with all that is said about the rule."""
        usual = self._severity(rule, verdict.severity)
        # Whether the rule is of this payer at all comes before what else it asks.
        of_type = bool(rule.payer_types) and case.payer_type is _UNKNOWN
        if isinstance(verdict, CannotTell):
            unknown = _PAYER_TYPE if of_type else verdict
            return self._unknown(rule, lines, usual, unknown, case)
        lines = verdict.lines or lines
        if of_type:
            return self._unknown(rule, lines, usual, _PAYER_TYPE, case)
        severity, measured = self._measures.lowered(
            usual, rule.id, case.claim.payer.payer_id, self.settings.measured
        )
        return _told(
            rule,
            lines,
            severity,
            found=verdict,
            measured=measured,
            usual_severity=usual if severity is not usual else None,
        )

    def _unknown(
        self,
        rule: Rule,
        lines: tuple[int, ...],
        severity: Severity,
        verdict: CannotTell,
        case: ClaimCase,
    ) -> EditFinding:
        """What is missing, and whether the practice keeps such records at all."""
        record, field = verdict.record, verdict.field
        keeps: bool | None = None
        if record is _SETTING:
            keeps = field in self._written
        elif record is not _NO_RECORD_OF_PRACTICE and case.keeps is not None:
            keeps = case.keeps(record, field)
            if not keeps and field and not case.keeps(record, ""):
                field = ""
        # Much the same is missing from claim to claim: it is put into words once.
        key = (rule.id, lines, severity, verdict.missing, record, field, keeps)
        told = self._untold.get(key)
        if told is None:
            told = _told(
                rule,
                lines,
                severity,
                missing=verdict.missing,
                missing_record=record,
                missing_field=field,
                practice_keeps=keeps,
            )
            if len(self._untold) < _KEPT_UNTOLD:
                self._untold[key] = told
        return told

    def _severity(self, rule: Rule, of_case: Severity | None = None) -> Severity:
        """The organization's own word, else the case's, else the rule's."""
        return self._severities.get(rule.id) or of_case or rule.severity


def _told(
    rule: Rule,
    lines: tuple[int, ...],
    severity: Severity,
    *,
    found: Found | None = None,
    missing: str = "",
    measured: Measured | None = None,
    usual_severity: Severity | None = None,
    missing_record: MissingRecord | None = None,
    missing_field: str = "",
    practice_keeps: bool | None = None,
) -> EditFinding:
    return EditFinding(
        rule_id=rule.id,
        title=rule.title,
        verdict="cannot_tell" if found is None else "found",
        severity=severity,
        line_numbers=lines,
        statement=rule.statement if found is None else found.says,
        missing=missing,
        fields=rule.fields,
        reason_codes=rule.reason_codes,
        remark_codes=rule.remark_codes,
        root_cause=rule.root_cause,
        fix=rule.fix if found is None else found.fix or rule.fix,
        fix_class=rule.fix_class,
        fix_by=rule.fix_by,
        source=rule.source,
        support=rule.support,
        rests_on_default=found is not None and found.by_default,
        measured=measured,
        usual_severity=usual_severity,
        missing_record=missing_record,
        missing_field=missing_field,
        practice_keeps=practice_keeps,
    )


def _merged(found: list[EditFinding]) -> list[EditFinding]:
    """The same said of several lines becomes one finding with their numbers."""
    alike: dict[tuple[object, ...], list[EditFinding]] = {}
    for one in found:
        key = (one.rule_id, one.severity, one.statement, one.missing, one.fix)
        alike.setdefault(key, []).append(one)
    return [_of_all_lines(some) for some in alike.values()]


def _of_all_lines(alike: list[EditFinding]) -> EditFinding:
    if len(alike) == 1:
        return alike[0]
    numbers = sorted({number for one in alike for number in one.line_numbers})
    return msgspec.structs.replace(alike[0], line_numbers=tuple(numbers))


def _asked(rule: Rule, off: frozenset[str]) -> _Asked:
    is_dated = rule.valid_from is not None or rule.valid_to is not None
    silent = rule.yields_to & off
    judge = partial(rule.judge, off=silent) if silent else rule.judge
    return rule, judge, is_dated


def _concerns(rule: Rule, payer_type: PayerType, circumstances: int) -> bool:
    """A payer of unknown type may be of the rule's: then the rule cannot tell."""
    if rule.only_where and not bits_of(rule.only_where) & circumstances:
        return False
    return (
        not rule.payer_types or payer_type in rule.payer_types or payer_type is _UNKNOWN
    )


def _order(finding: EditFinding) -> tuple[bool, bool, int, str, tuple[int, ...]]:
    return (
        finding.verdict == "cannot_tell",
        finding.practice_keeps is False,
        _WORST_FIRST[finding.severity],
        finding.rule_id,
        finding.line_numbers,
    )
