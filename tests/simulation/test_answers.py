"""Codes that payers print: ambiguous, known to the reference, never misleading."""

from random import Random

import pytest

from denialml.reference import adjustment_reasons, remark_codes
from denialml.simulation.emission import (
    draw_codes,
    may_be_coverage,
    printable_codes,
    shared_pairs,
)
from denialml.simulation.rules import RULE_CAUSES, Rule


@pytest.mark.parametrize("rule", list(RULE_CAUSES), ids=lambda rule: rule.name)
def test_every_code_is_a_denial_reason_of_the_reference(rule: Rule) -> None:
    for group, carc, rarc in printable_codes(rule):
        assert group in ("CO", "PR", "OA", "PI")
        assert adjustment_reasons()[carc].adjustment_class == "denial", carc
        assert not rarc or rarc in remark_codes(), rarc


@pytest.mark.parametrize("rule", [Rule.OTHER_PAYER, Rule.LOADING])
def test_hidden_states_are_told_by_pairs_of_their_own(rule: Rule) -> None:
    """Otherwise the practice could not learn the state from the answer."""
    for pair, rules in shared_pairs().items():
        assert rule not in rules or rules == (rule,), pair


def test_what_may_be_coverage_makes_the_practice_ask_again() -> None:
    """Every pair that an eligibility denial may carry triggers a check."""
    for codes in printable_codes(Rule.ELIGIBILITY):
        assert may_be_coverage(codes)
    assert not may_be_coverage(("CO", "B7", ""))


def test_one_reason_code_serves_many_causes() -> None:
    causes: dict[str, set[Rule]] = {}
    for (carc, _), rules in shared_pairs().items():
        causes.setdefault(carc, set()).update(rules)
    assert len(causes["16"]) > 8
    assert len(causes["197"]) == 3
    assert len(causes["4"]) == 2


def test_opaque_payers_hide_the_cause() -> None:
    clear = {draw_codes(Random(n), Rule.TIMELY, opacity=0.0)[1] for n in range(200)}
    opaque = {draw_codes(Random(n), Rule.TIMELY, opacity=1.0)[1] for n in range(200)}
    assert clear == {"29"}
    assert opaque == {"16", "96", "252", "A1"}
