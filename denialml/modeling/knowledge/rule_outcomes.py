"""What the claim rules find on a practice's claims, for the answer and for the risk.

The risk model learns from findings with the rules as they come, whatever an
organization has switched or measured: a changed setting must not silently move scores.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, partial

import msgspec

from denialml.domain.claim import Claim
from denialml.domain.coverage import Payer
from denialml.domain.denial import RootCause
from denialml.domain.edit import EditFinding, Severity
from denialml.modeling.knowledge.facts import FactBook
from denialml.rules.case import ClaimCase
from denialml.rules.engine import Engine
from denialml.rules.registry import all_rules


class BrokenRule(msgspec.Struct, frozen=True, gc=False):
    """One rule that a line breaks, as gravely as it does. Grain: line x rule x
    severity."""

    rule_id: str
    severity: Severity
    root_cause: RootCause


Broken = tuple[BrokenRule, ...]
"""The rules that one line breaks, by id and severity; empty: none."""


def findings_of(
    claim: Claim, fact_book: FactBook, engine: Engine, *, as_of: date
) -> tuple[EditFinding, ...]:
    """What the rules say of a claim, by what was on file on the day `as_of`."""
    return engine.judge(case_of(claim, fact_book, engine, as_of=as_of))


def case_of(
    claim: Claim, fact_book: FactBook, engine: Engine, *, as_of: date
) -> ClaimCase:
    """The claim with what was on file on the day `as_of`: what rules and fixes read."""
    payers: Mapping[str, Payer] = fact_book.payers
    payer_id = claim.payer.payer_id
    return ClaimCase(
        claim,
        as_of=as_of,
        payer=payers.get(payer_id),
        about_lines=[
            (
                fact_book.line_facts(claim, line, as_of=as_of, own_note_only=True),
                fact_book.line_records(claim, line, as_of=as_of),
            )
            for line in claim.lines
        ],
        policy=engine.settings.policy_of(payer_id),
        keeps=partial(fact_book.kept.keeps, as_of=as_of),
    )


def broken_rules(
    claim: Claim, fact_book: FactBook, *, as_of: date
) -> dict[int, Broken]:
    """What each line, by its number, breaks of the rules as they come."""
    found = findings_of(claim, fact_book, rules_as_they_come(), as_of=as_of)
    return broken_by_line(claim, found)


def broken_in_case(
    case: ClaimCase, findings: Iterable[EditFinding], engine: Engine
) -> dict[int, Broken]:
    """The same of a case that an organization's engine has judged; only where that
    finds otherwise than the rules as they come is it judged again."""
    if engine.as_they_come:
        return broken_by_line(case.claim, findings)
    plain = ClaimCase(
        case.claim,
        as_of=case.as_of,
        payer=case.payer,
        about_lines=[(line.facts, line.records) for line in case.lines],
        keeps=case.keeps,
    )
    return broken_by_line(case.claim, rules_as_they_come().judge(plain))


def broken_by_line(claim: Claim, findings: Iterable[EditFinding]) -> dict[int, Broken]:
    """What was found, by line number; what the rules cannot tell is left out.

    A finding that names no line is of every line.
    """
    numbers = [line.line_number for line in claim.lines]
    broken: dict[int, dict[BrokenRule, None]] = {number: {} for number in numbers}
    for one in findings:
        if one.verdict == "found":
            rule = BrokenRule(one.rule_id, one.severity, one.root_cause)
            for number in one.line_numbers or numbers:
                broken[number][rule] = None
    return {
        number: tuple(sorted(rules, key=_order)) for number, rules in broken.items()
    }


def _order(rule: BrokenRule) -> tuple[str, str]:
    return rule.rule_id, rule.severity


@cache
def rules_as_they_come() -> Engine:
    """Every rule with its own severity and no payer's settings."""
    return Engine()


@cache
def rule_set_hash() -> str:
    """SHA-256 of the rules' ids, severities and root causes, 16 hex digits.

    What a model learnt of one rule set says nothing of another.
    """
    digest = hashlib.sha256()
    for rule in all_rules().values():
        digest.update(f"{rule.id}/{rule.severity}/{rule.root_cause}\n".encode())
    return digest.hexdigest()[:16]
