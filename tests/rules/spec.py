"""The form of the specification tables: what each rule must say of which claim.

A module `test_FAMILY.py` holds `SPEC`, a list of `Row`, and hands it to `check_rows`
in a parametrized test. Each rule has a row of each verdict, but no `CANNOT_TELL` where
it never says that a fact is missing (the module's `ALWAYS_TELL`).
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from denialml.domain.edit import EditFinding, Severity
from denialml.rules.case import ClaimCase
from denialml.rules.engine import Engine

FOUND: Literal["found"] = "found"
CLEAN: Literal["clean"] = "clean"
CANNOT_TELL: Literal["cannot_tell"] = "cannot_tell"
ENGINE = Engine()


class Row(NamedTuple):
    """One claim and what one rule must say of it.

    `says` must be part of the statement, or of what is missing. `lines` the line
    numbers, None: not looked at. `severity` None: the rule's own.
    """

    rule_id: str
    verdict: Literal["found", "clean", "cannot_tell"]
    case: Callable[[], ClaimCase]
    says: str = ""
    lines: tuple[int, ...] | None = None
    severity: Severity | None = None
    by_default: bool = False


def findings_of(case: ClaimCase, rule_id: str) -> list[EditFinding]:
    """What this rule says of the claim."""
    return [one for one in ENGINE.judge(case) if one.rule_id == rule_id]


def check_row(row: Row) -> None:
    """Fail unless the rule says just that of the claim."""
    found = findings_of(row.case(), row.rule_id)
    if row.verdict == CLEAN:
        assert found == []
        return
    assert [one.verdict for one in found] == [row.verdict] * len(found)
    assert found, f"{row.rule_id} says nothing"
    assert any(row.says in (one.missing or one.statement) for one in found), found
    if row.lines is not None:
        assert row.lines in [one.line_numbers for one in found]
    if row.severity is not None:
        assert found[0].severity is row.severity
    assert found[0].rests_on_default is row.by_default
    for one in found:
        assert one.statement[0].isupper() or one.statement[0].isdigit()
        assert one.statement.endswith(".")
        assert one.fix.endswith(".")
