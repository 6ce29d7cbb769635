"""Every active behavioral pair and unit limit of CMS's tables is judged right.

Reads the tables in ../shared/data/ncci_pfs, not the packaged ones, and asks the rules
themselves about a Medicare claim of each kind.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest

from denialml.domain.claim import ServiceLine
from denialml.domain.coverage import PayerType
from denialml.domain.edit import Severity
from denialml.reference import procedure_codes, unit_limits
from denialml.rules.case import ClaimCase
from denialml.rules.families.code_pairs import (
    OWN_RULES,
    pair_never_paid,
    pair_without_modifier,
)
from denialml.rules.families.testing import testing_hours_counted_twice
from denialml.rules.families.unit_limits import units_over_limit
from denialml.rules.rule import Found
from tests.rules.cases import case, changed, line

TABLES = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "ncci_pfs"
pytestmark = pytest.mark.skipif(
    not TABLES.is_dir(), reason="../shared/data/ncci_pfs (CMS's tables) is not here"
)
# The first day after the newest deletions, of 2024-06-30.
DAY = date(2024, 7, 1)
STILL_IN_FORCE = "9999-12-31"
RULE_OF_INDICATOR = {"0": pair_never_paid, "1": pair_without_modifier}
# Active pairs that a rule of its own tells, each in both orders.
PAIRS_OF_OWN_RULES = {
    "BH-050": 30,
    "BH-051": 306,
    "BH-053": 24,
    "BH-054": 204,
    "BH-056": 52,
    "BH-058": 20,
    "BH-060": 2,
    "BH-061": 12,
    "BH-062": 12,
    "BH-073": 6,
}
TEMPLATE = case(
    line("90834", service_date=DAY),
    line("90834", 2, service_date=DAY),
    payer_type=PayerType.MEDICARE,
)


def rows(name: str) -> Iterator[dict[str, str]]:
    with (TABLES / name).open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def billed(*lines: ServiceLine) -> ClaimCase:
    """A claim with these lines. The facts that a pair rests on are the claim's own."""
    about = []
    for one in lines:
        same_day = {
            other.procedure_code
            for other in lines
            if other is not one and other.service_date == one.service_date
        }
        facts = changed(
            TEMPLATE.lines[0].facts,
            other_codes_same_day=tuple(sorted(same_day - {one.procedure_code})),
        )
        about.append((facts, TEMPLATE.lines[0].records))
    return ClaimCase(
        changed(TEMPLATE.claim, lines=lines),
        as_of=TEMPLATE.as_of,
        payer=TEMPLATE.payer,
        about_lines=about,
    )


def two(first: str, second: str, *, modifier_on: int = 0, day: date = DAY) -> ClaimCase:
    """A claim with two codes for one day, 59 on the line `modifier_on` (0: on none)."""
    return billed(
        *(
            line(
                code,
                number,
                service_date=day,
                modifiers=("59",) if number == modifier_on else (),
            )
            for number, code in ((1, first), (2, second))
        )
    )


def found_by_pairs(judged: ClaimCase) -> set[tuple[str, str]]:
    """Modifier indicator and code of each line that a rule of pairs objects to."""
    return {
        (indicator, one.line.procedure_code)
        for indicator, rule in RULE_OF_INDICATOR.items()
        for one in judged.lines
        if isinstance(rule.judge(one), Found)
    }


def found_by_own_rules(judged: ClaimCase) -> list[tuple[str, Severity]]:
    """The rules that object to the two services in a pair's place, and how hard."""
    return [
        (own.rule.id, verdict.severity or own.rule.severity)
        for own in OWN_RULES
        for one in judged.lines
        if one.line.procedure_code in own.rule.codes
        and isinstance(verdict := own.rule.judge(one), Found)
        and verdict.lines == (1, 2)
    ]


def test_every_active_pair_is_told_once_by_its_indicator() -> None:
    """By the rules of pairs, or no milder by the one rule that knows more of it."""
    active = [
        row
        for row in rows("ptp_practitioner_both_bh.csv")
        if row["deleted"] == STILL_IN_FORCE
    ]
    assert len(active) == 6700
    assert {row["modifier_indicator"] for row in active} == {"0", "1"}
    by_own_rules: Counter[str] = Counter()
    for row in active:
        column_1, column_2 = row["column1"], row["column2"]
        indicator = row["modifier_indicator"]
        at_fault = {(indicator, column_2)}
        for order in ((column_1, column_2), (column_2, column_1)):
            own = found_by_own_rules(two(*order))
            assert found_by_pairs(two(*order)) == (set() if own else at_fault), order
            assert len(own) <= 1, order
            for rule_id, severity in own:
                assert severity in (Severity.HOLD, Severity.DENY_LIKELY), order
                by_own_rules[rule_id] += 1
            for number in (1, 2):
                marked = two(*order, modifier_on=number)
                own = found_by_own_rules(marked)
                if indicator == "0":
                    expected = set() if own else at_fault
                    assert len(own) <= 1
                else:
                    # What separate sessions may open is at most looked at.
                    expected = set()
                    assert {severity for _, severity in own} <= {Severity.WARN}
                assert found_by_pairs(marked) == expected, order
    assert by_own_rules == PAIRS_OF_OWN_RULES


def test_every_other_two_codes_of_the_table_are_clean() -> None:
    """Pairs of indicator 9 were never in force, deleted ones are none any more."""
    listed = list(rows("ptp_practitioner_both_bh.csv"))
    in_force = {
        frozenset((row["column1"], row["column2"]))
        for row in listed
        if row["modifier_indicator"] != "9" and row["deleted"] >= DAY.isoformat()
    }
    codes = sorted({row[column] for row in listed for column in ("column1", "column2")})
    others = [
        pair for pair in combinations(codes, 2) if frozenset(pair) not in in_force
    ]
    taken_back = {
        tuple(sorted((row["column1"], row["column2"])))
        for row in listed
        if row["modifier_indicator"] == "9"
    }
    assert taken_back & set(others)
    for pair in others:
        assert found_by_pairs(two(*pair)) == set(), pair


def test_deleted_pairs_hold_until_their_last_day() -> None:
    spells: dict[frozenset[str], list[dict[str, str]]] = {}
    for row in rows("ptp_practitioner_both_bh.csv"):
        if row["modifier_indicator"] != "9":
            codes = frozenset((row["column1"], row["column2"]))
            spells.setdefault(codes, []).append(row)
    for of_pair in spells.values():
        of_pair.sort(key=lambda row: row["deleted"])
        for row, later in zip(of_pair, [*of_pair[1:], None], strict=True):
            if row["deleted"] == STILL_IN_FORCE:
                continue
            last = date.fromisoformat(row["deleted"])
            codes = (row["column1"], row["column2"])
            at_fault = {(row["modifier_indicator"], row["column2"])}
            on_last = two(*codes, day=last)
            after = two(*codes, day=last + timedelta(days=1))
            if found_by_own_rules(on_last):
                # A rule of its own asks for no table: it holds after that, too.
                assert found_by_own_rules(after), row
                continue
            assert found_by_pairs(on_last) >= at_fault, row
            assert bool(found_by_pairs(after)) is (later is not None), row


def test_every_unit_limit_is_judged_by_how_it_counts() -> None:
    limits = list(rows("mue_practitioner_bh.csv"))
    assert len(limits) == 202
    assert {row["mue_mai"] for row in limits} == {"1", "2", "3"}

    def over(code: str, *units: int) -> list[tuple[int, ...]]:
        judged = billed(
            *(
                line(code, number, units=Decimal(n), service_date=DAY)
                for number, n in enumerate(units, start=1)
            )
        )
        verdicts = [units_over_limit.judge(one) for one in judged.lines]
        if code in testing_hours_counted_twice.codes:
            # A rule of its own speaks of these units, and only that.
            assert not any(isinstance(verdict, Found) for verdict in verdicts)
            verdicts = [testing_hours_counted_twice.judge(one) for one in judged.lines]
        return [verdict.lines for verdict in verdicts if isinstance(verdict, Found)]

    for row in limits:
        code, most = row["hcpcs_code"], int(row["mue_units"])
        if most:
            assert over(code, most) == [], code
        assert over(code, most + 1) == [(1,)], code
        if not most:
            continue
        # One more unit on a line of its own.
        by_day = row["mue_mai"] != "1"
        assert over(code, most, 1) == ([(1, 2)] if by_day else []), code


def test_the_packaged_limits_are_those_of_the_code_table() -> None:
    for code, limit in unit_limits().items():
        known = procedure_codes().get(code)
        if known is not None and known.units_maximum_medicare is not None:
            assert known.units_maximum_medicare == limit.units, code


def test_each_packaged_add_on_has_the_bases_that_cms_lists() -> None:
    """Of the kind whose bases CMS lists in full; the table may know further ones."""
    bases: dict[str, set[str]] = {}
    for row in rows("addon_codes_bh.csv"):
        if row["aoc_edit_type"] == "1":
            bases.setdefault(row["add_on_code"], set()).add(row["primary_code"])
    compared = bases.keys() & procedure_codes().keys()
    assert compared >= {"90785", "90833", "90836", "90838", "90840", "99494"}
    for code in compared:
        assert bases[code] <= set(procedure_codes()[code].primary_codes), code
