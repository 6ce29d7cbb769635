"""docs/appeal-templates.md and the code name the same fields."""

import re
from pathlib import Path

import pytest

from denialml.appeals.catalog import TemplateSpecification, packaged_catalog
from denialml.appeals.declared_context import DECLARED_NAMES, GROUPS
from denialml.appeals.known_facts import FACTS, FactsContext
from denialml.appeals.markup import TAGS
from denialml.domain.coverage import PayerType
from denialml.reference import document_kinds

PAGE = (Path(__file__).parents[2] / "docs/appeal-templates.md").read_text("utf-8")


def documented(heading):
    """Names in the first column of the table below a heading."""
    section = re.split(r"\n#{2,3} ", PAGE)
    body = next(one for one in section if one.startswith(heading + "\n"))
    rows = re.findall(r"^\| ([^|]+) \|", body, re.MULTILINE)
    return {name for row in rows[1:] for name in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_is_documented_field_by_field(group):
    assert documented(group) == set(GROUPS[group].__struct_fields__)


def test_facts_are_documented_field_by_field():
    assert documented("facts") == set(FactsContext.__struct_fields__)


def test_every_declared_name_has_its_heading():
    rest = documented("exhibits, evidence, quotes, authorities, part_2")
    assert rest | {"facts", *GROUPS} == DECLARED_NAMES


def test_the_specification_is_documented_field_by_field():
    assert documented("template.toml") == set(TemplateSpecification.__struct_fields__)


def test_the_markup_is_documented_tag_by_tag():
    assert documented("Block markup") == TAGS


@pytest.mark.parametrize(
    "specification", packaged_catalog().specifications, ids=lambda s: s.id
)
def test_a_template_asks_only_for_what_exists(specification):
    kinds = set(specification.evidence.kinds)
    assert kinds <= set(document_kinds())
    stand_ins = {f for group in specification.evidence.groups for f in group.facts}
    needed = {*specification.facts.essential, *specification.facts.wanted, *stand_ins}
    assert needed <= set(FACTS)
    assert set(FACTS) <= set(FactsContext.__struct_fields__)
    assert set(specification.payer_types) <= set(PayerType)
    never = {k for k, kind in document_kinds().items() if kind.never_attached}
    assert not kinds & never
