"""Judges a claim by every rule that applies to it."""

from denialml.domain.coverage import PayerType
from denialml.domain.edit import EditFinding, Severity
from denialml.errors import InputError
from denialml.rules.case import ClaimCase
from denialml.rules.organization_rules import AS_THEY_COME, OrganizationRules
from denialml.rules.payer_rules import as_rule
from denialml.rules.registry import all_rules
from denialml.rules.rule import CannotTell, Found, Rule, Verdict

_WORST_FIRST = {severity: place for place, severity in enumerate(Severity)}
_PAYER_TYPE = "the payer's type (Medicare, Medicaid, commercial)"


class Engine:
    """Every rule that is switched on, looked up by code and payer type.

    Safe to share between threads.

    Raises
    ------
    InputError
        If the organization's settings name a rule that there is none of.
    """

    def __init__(self, settings: OrganizationRules = AS_THEY_COME) -> None:
        rules = all_rules()
        for rule_id in settings.rules:
            if rule_id not in rules:
                raise InputError(f"there is no rule {rule_id}")
        self.settings = settings
        self._severities = {
            rule_id: setting.severity
            for rule_id, setting in settings.rules.items()
            if setting.severity is not None
        }
        on = [
            *(
                rule
                for rule in rules.values()
                if rule.id not in settings.rules or settings.rules[rule.id].enabled
            ),
            *map(as_rule, settings.payer_rules),
        ]
        self._of_lines = [rule for rule in on if rule.grain == "line"]
        self._of_claims = [rule for rule in on if rule.grain == "claim"]
        self._asked: dict[tuple[str, PayerType], tuple[Rule, ...]] = {}

    def judge(self, case: ClaimCase) -> tuple[EditFinding, ...]:
        """What was found and what cannot be told: worst first, then by rule and line.

        A line is judged by the rules in force on its own date of service.
        """
        payer_type = case.payer_type
        found: list[EditFinding] = []
        for line in case.lines:
            number = (line.line.line_number,)
            for rule in self._rules_for(line.line.procedure_code, payer_type):
                if rule.is_of_day(line.day):
                    verdict = rule.judge(line)
                    if verdict is not None:
                        found.append(self._finding(rule, verdict, number, payer_type))
        first_day = min(
            (line.day for line in case.lines if line.day is not None), default=None
        )
        for rule in self._of_claims:
            if _concerns(rule, payer_type) and rule.is_of_day(first_day):
                if rule.codes and not rule.codes & case.codes:
                    continue
                verdict = rule.judge(case)
                if verdict is not None:
                    found.append(self._finding(rule, verdict, (), payer_type))
        found.sort(key=_order)
        return tuple(found)

    def _rules_for(self, code: str, payer_type: PayerType) -> tuple[Rule, ...]:
        key = (code, payer_type)
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = tuple(
                rule
                for rule in self._of_lines
                if _concerns(rule, payer_type)
                and (not rule.codes or code in rule.codes)
            )
        return asked

    def _finding(
        self,
        rule: Rule,
        verdict: Verdict,
        lines: tuple[int, ...],
        payer_type: PayerType,
    ) -> EditFinding:
        severity = self._severities.get(rule.id)
        if isinstance(verdict, Found):
            says, missing = verdict.says, ""
            if rule.payer_types and payer_type is PayerType.UNKNOWN:
                says, missing = rule.statement, _PAYER_TYPE
            lines = verdict.lines or lines
            severity = severity or verdict.severity
            fix, by_default = verdict.fix or rule.fix, verdict.by_default
        else:
            assert isinstance(verdict, CannotTell)
            says, missing = rule.statement, verdict.missing
            fix, by_default = rule.fix, False
        return EditFinding(
            rule_id=rule.id,
            title=rule.title,
            verdict="cannot_tell" if missing else "found",
            severity=severity or rule.severity,
            line_numbers=lines,
            statement=says,
            missing=missing,
            fields=rule.fields,
            reason_codes=rule.reason_codes,
            remark_codes=rule.remark_codes,
            root_cause=rule.root_cause,
            fix=fix,
            source=rule.source,
            support=rule.support,
            rests_on_default=by_default,
        )


def _concerns(rule: Rule, payer_type: PayerType) -> bool:
    """A payer of unknown type may be of the rule's: then the rule cannot tell."""
    return (
        not rule.payer_types
        or payer_type in rule.payer_types
        or payer_type is PayerType.UNKNOWN
    )


def _order(finding: EditFinding) -> tuple[bool, int, str, tuple[int, ...]]:
    return (
        finding.verdict == "cannot_tell",
        _WORST_FIRST[finding.severity],
        finding.rule_id,
        finding.line_numbers,
    )
