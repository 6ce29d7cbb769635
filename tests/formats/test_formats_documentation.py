"""docs/formats.md says what the code does: columns, examples, problems, functions."""

import ast
import re
from pathlib import Path

import pytest

from denialml import formats
from denialml.formats import read_bytes
from denialml.formats.csv_columns import TABLES, Table

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "formats.md").read_text("utf-8")
ENCODINGS = {"latin-1", "utf-8", "utf-8-sig"}
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+\Z")


def section(title: str) -> str:
    return re.split(r"\n##+ ", PAGE.split(f"\n### {title}\n", 1)[1], maxsplit=1)[0]


def codes_in_the_code() -> set[str]:
    """Every string constant of the package that has the form of a code."""
    nodes = [
        node.value
        for path in (ROOT / "denialml" / "formats").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {value for value in nodes if SLUG.match(value)} - ENCODINGS


def test_every_problem_code_is_documented_and_no_other() -> None:
    table = PAGE.split("\n## Problems\n", 1)[1]
    documented = re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.M)
    assert documented == sorted(documented)
    assert set(documented) == codes_in_the_code()


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.file_name)
def test_the_columns_of_each_csv_are_documented(table: Table) -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (yes|no) \| ([^|]+) \| [^|]+ \|$",
        section(table.file_name),
        re.M,
    )
    assert rows == [
        (column.name, "yes" if column.required else "no", column.accepts)
        for column in table.columns
    ]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.file_name)
def test_the_example_of_each_csv_is_read_without_a_problem(table: Table) -> None:
    [example] = re.findall(r"```csv\n(.*?)```", section(table.file_name), re.S)
    reading = read_bytes(example.encode(), file=table.file_name)
    assert reading.problems == ()
    assert [type(record) for record in reading.records] == [table.kind]


def test_every_public_function_is_named() -> None:
    assert formats.__all__ == sorted(formats.__all__)
    for name in formats.__all__:
        assert name == "RecordReader" or f"`{name}" in PAGE
