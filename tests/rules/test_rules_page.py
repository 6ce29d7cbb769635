"""docs/rules.md is what the rules say, and a new rule takes one file."""

import re
from datetime import date
from pathlib import Path

import pytest

from denialml.rules import families
from denialml.rules.engine import Engine
from denialml.rules.organization_rules import load_organization_rules
from denialml.rules.page import rules_page
from denialml.rules.registry import all_rules
from tests.rules.cases import case, line

NEW_RULE = '''"""A family of one rule."""

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.rules.case import LineCase
from denialml.rules.rule import About, Found, Verdict, line_rule


@line_rule(
    "BH-900",
    About(
        title="A code of the drill",
        statement="90899 is never billed.",
        severity=Severity.WARN,
        fields=("2400 SV101-2",),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill what was done.",
        source="the drill",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=frozenset({"90899"}),
    ),
)
def drill(line: LineCase) -> Verdict:
    return Found(says="90899 is billed.")
'''


def test_the_page_is_what_the_rules_say(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "rules.md").read_text(encoding="utf-8")
    assert page == rules_page(), "run `denialml rules --page > docs/rules.md`"


@pytest.fixture
def one_file_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules are families too, for one test."""
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(tmp_path)])
    all_rules.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    all_rules.cache_clear()


def test_a_rule_that_is_added_takes_one_file(one_file_more: Path) -> None:
    """It is judged, can be switched, and stands on the page, with nothing else done."""
    (one_file_more / "drill.py").write_text(NEW_RULE, encoding="utf-8")
    assert "BH-900" in all_rules()
    judged = Engine().judge(case(line("90899", service_date=date(2026, 3, 2))))
    assert "BH-900" in {one.rule_id for one in judged}
    assert "### BH-900 A code of the drill" in rules_page()


def test_two_rules_of_one_id_are_refused(one_file_more: Path) -> None:
    again = NEW_RULE.replace("BH-900", "BH-036")
    (one_file_more / "again.py").write_text(again, encoding="utf-8")
    with pytest.raises(ValueError, match="two rules are called BH-036"):
        all_rules()


def test_the_pages_example_is_read_without_a_fault(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", rules_page(), re.S)
    path = tmp_path / "example.toml"
    path.write_text(example, encoding="utf-8")
    found = load_organization_rules(path, known=frozenset(all_rules()))
    assert found.payer_rules[0].id == "ORG-001"
    assert not found.rules["BH-108"].enabled
