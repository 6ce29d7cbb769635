"""What holds for every rule: it is tried, documented, and judged by its own day."""

import importlib
import pkgutil
from datetime import date
from functools import cache
from typing import Any

import pytest

import tests.rules
from denialml.domain.coverage import PayerType
from denialml.errors import InputError
from denialml.reference import adjustment_reasons, remark_codes
from denialml.rules.case import ClaimCase
from denialml.rules.circumstances import (
    bits_of,
    claim_circumstances,
    line_circumstances,
)
from denialml.rules.engine import Engine
from denialml.rules.not_decided import NOT_DECIDED
from denialml.rules.organization_rules import OrganizationRules, RuleSetting
from denialml.rules.registry import all_rules
from denialml.rules.rule import Rule
from tests.rules.cases import case, line, note
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row

RULES = list(all_rules().values())


def _rows() -> list[Row]:
    found: list[Row] = []
    for module in pkgutil.iter_modules(tests.rules.__path__):
        loaded = importlib.import_module(f"tests.rules.{module.name}")
        found += getattr(loaded, "SPEC", [])
    return found


def _always_tell() -> set[str]:
    found: set[str] = set()
    for module in pkgutil.iter_modules(tests.rules.__path__):
        loaded = importlib.import_module(f"tests.rules.{module.name}")
        found |= set(getattr(loaded, "ALWAYS_TELL", {}))
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_is_tried_on_a_claim_of_each_verdict(rule: Rule) -> None:
    """One that breaks it, one that just does not, one where it cannot tell.

    Those in their test module's `ALWAYS_TELL` never say that a fact is missing: most
    read nothing but the claim, some read records too and pass where there are none.
    """
    tried = {row.verdict for row in _rows() if row.rule_id == rule.id}
    needed = {FOUND, CLEAN, CANNOT_TELL}
    if rule.id in _always_tell():
        assert CANNOT_TELL not in tried, (
            "it can be unable to tell: take it off the list"
        )
        needed -= {CANNOT_TELL}
    assert tried >= needed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_says_all_there_is_to_say(rule: Rule) -> None:
    for sentence in (rule.statement, rule.fix):
        assert sentence.endswith(".")
        assert sentence[0].isupper() or sentence[0].isdigit()
    assert rule.title[0].isupper() or rule.title[0].isdigit()
    assert not rule.title.endswith(".")
    assert rule.fields
    assert rule.source
    unknown = set(rule.reason_codes) - set(adjustment_reasons())
    assert not unknown, f"reason codes that no table knows: {unknown}"
    assert not set(rule.remark_codes) - set(remark_codes())
    if rule.valid_from is not None and rule.valid_to is not None:
        assert rule.valid_from < rule.valid_to


def test_a_rule_of_another_payer_type_cannot_tell_where_the_type_is_unknown() -> None:
    scoped = [rule for rule in RULES if rule.payer_types]
    for row in _rows():
        rule = all_rules()[row.rule_id]
        if rule not in scoped or row.verdict != FOUND:
            continue
        judged = row.case()
        assert judged.payer_type in rule.payer_types or (
            judged.payer_type is PayerType.UNKNOWN
        )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_has_nothing_to_say_where_it_is_not_asked(rule: Rule) -> None:
    """`only_where` and `only_for` save time and silence nothing: on every claim that
    any rule is tried on, each is asked in person where the engine passes it over."""
    for judged in _tried_cases():
        said = [rule.judge(one) for one in _passed_over(rule, judged)]
        assert said == [None] * len(said)


@cache
def _tried_cases() -> tuple[ClaimCase, ...]:
    cases = (row.case() for row in _rows())
    return tuple(one for one in cases if one.can_be_counted)


def _passed_over(rule: Rule, judged: ClaimCase) -> list[Any]:
    """The lines, or the claim, that only the circumstances keep from the rule."""
    wanted = bits_of(rule.only_where)
    if rule.grain == "claim":
        is_asked = not wanted or wanted & claim_circumstances(judged)
        return [] if is_asked else [judged]
    return [
        line
        for line in judged.lines
        if (not rule.codes or line.line.procedure_code in rule.codes)
        and (
            (wanted and not wanted & line_circumstances(line))
            or (rule.only_for and not rule.only_for(line.line.procedure_code))
        )
    ]


def test_unknown_rules_cannot_be_switched() -> None:
    with pytest.raises(InputError, match="there is no rule BH-999"):
        Engine(OrganizationRules(rules={"BH-999": RuleSetting(enabled=False)}))


def test_a_rule_that_is_switched_off_says_nothing() -> None:
    judged = case(line("90837"), notes=[note(minutes=52)])
    assert "BH-036" in {one.rule_id for one in Engine().judge(judged)}
    quiet = Engine(OrganizationRules(rules={"BH-036": RuleSetting(enabled=False)}))
    assert "BH-036" not in {one.rule_id for one in quiet.judge(judged)}


def test_findings_come_worst_first_and_unknowns_last() -> None:
    judged = case(line("90837", service_date=date(2026, 3, 2)), line("90834", 2))
    found = Engine().judge(judged)
    verdicts = [one.verdict for one in found]
    assert verdicts == sorted(verdicts, key=lambda verdict: verdict == "cannot_tell")


def test_the_rulebooks_rules_are_all_written_or_say_what_is_missing() -> None:
    """130 rules of the rulebook; all but seven are decided."""
    rulebook = {f"BH-{number:03}" for number in range(1, 131)}
    written = rulebook & set(all_rules())
    assert written | set(NOT_DECIDED) == rulebook
    assert not written & set(NOT_DECIDED)
    assert len(NOT_DECIDED) == 7
