"""docs/fixes.md describes the whole catalogue of fixes, and nothing beside it."""

import re
from pathlib import Path

import pytest

from denialml.domain.fix import FixBy, FixClass
from denialml.fixes.candidate import FixKind
from denialml.fixes.elements import EDITABLE

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "fixes.md").read_text()
ROWS = re.findall(r"^\| `(\w+)` \|.*\|$", PAGE, re.M)


def test_every_kind_and_every_class_has_one_row_and_nothing_else_has() -> None:
    described = [*ROWS, "follow_rule"]
    assert sorted(described) == sorted([*FixKind, *FixClass])
    assert "`follow_rule` is the [claim rule]" in PAGE


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("Corrections from your records", r"attach_.*|correct_.*|add_.*|send_.*"),
        ("Never suggested", r"change_.*"),
    ],
)
def test_a_kind_stands_under_its_class(heading: str, kinds: str) -> None:
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    under = set(re.findall(r"^\| `(\w+)` \|", section, re.M))
    assert {kind for kind in FixKind if re.fullmatch(kinds, kind)} <= under


def test_every_desk_is_named() -> None:
    assert [one for one in FixBy if f"`{one}`" not in PAGE] == []


def test_every_element_that_can_be_corrected_is_named_and_no_other() -> None:
    named = set(re.findall(r"`(2\d{3}\w* [A-Z]+[^`]*)`", PAGE))
    assert named == EDITABLE
