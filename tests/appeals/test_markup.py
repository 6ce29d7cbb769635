"""The letter markup, read into blocks."""

from datetime import time
from decimal import Decimal

import pytest

from denialml.appeals.markup import TemplateFault, block_texts, parse_blocks
from denialml.appeals.values import Value, clock_text, dollars_text, number_text
from denialml.domain.appeal import LetterBlock


def test_sentences_collect_the_sources_of_the_values_in_them():
    markup = (
        "<h1>Title</h1>\n<p>Seen on <data value='claim:DTP*472'>March 2</data> by "
        "<data value='claim:NM1'>M. Okafor</data>.</p>"
    )
    assert parse_blocks(markup) == (
        LetterBlock(kind="heading", text="Title"),
        LetterBlock(
            kind="paragraph",
            text="Seen on March 2 by M. Okafor.",
            sources=("claim:DTP*472", "claim:NM1"),
        ),
    )


def test_tables_give_one_block_a_row_with_the_columns_repeated():
    markup = (
        "<table><tr><th>Exhibit</th><th>Document</th></tr>"
        "<tr data-sources='document:d1'><td>A</td><td>Note</td></tr>"
        "<tr data-sources='document:d2'><td>B</td><td>Plan</td></tr></table>"
    )
    assert parse_blocks(markup) == (
        LetterBlock(
            kind="table",
            items=("Exhibit", "Document"),
            rows=(("A", "Note"),),
            sources=("document:d1",),
        ),
        LetterBlock(
            kind="table",
            items=("Exhibit", "Document"),
            rows=(("B", "Plan"),),
            sources=("document:d2",),
        ),
    )


def test_lists_addresses_and_notices():
    markup = (
        "<ul><li data-role='request'>Pay.</li></ul>"
        "<address data-sources='payer:name'>Plan<br>Box 1<br></address>"
        "<aside data-role='form'>Confidential.</aside>"
    )
    assert [(b.kind, b.items or b.text, b.sources) for b in parse_blocks(markup)] == [
        ("list", ("Pay.",), ("request",)),
        ("address", ("Plan", "Box 1"), ("payer:name",)),
        ("notice", "Confidential.", ("form",)),
    ]


FAULTS = {
    "no source": "<p>It was late.</p>",
    "row without a source": "<table><tr><td>a</td></tr></table>",
    "unknown role": "<p data-role='fact'>x</p>",
    "unknown attribute": "<p class='x'>x</p>",
    "event handler": "<p onclick='x()' data-role='form'>x</p>",
    "unknown tag": "<b>x</b>",
    "nested": "<p data-role='form'><p data-role='form'>x</p></p>",
    "unclosed": "<p data-role='form'>x",
    "closes nothing": "</p>",
    "loose text": "x",
    "comment": "<!-- x -->",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_anything_else_is_refused(fault):
    with pytest.raises(TemplateFault):
        parse_blocks(FAULTS[fault])


def test_a_value_is_escaped_and_carries_its_sources():
    value = Value('<b> & "x"\n\x00', "claim:NM1", "note:1")
    assert value.__html__() == (
        '<data value="claim:NM1 note:1">&lt;b&gt; &amp; &#34;x&#34;</data>'
    )
    assert "<b>" not in repr(value)
    (block,) = parse_blocks(f"<p>{value.__html__()}</p>")
    assert (block.text, block.sources) == ('<b> & "x"', ("claim:NM1", "note:1"))


def test_every_text_of_a_block_is_listed():
    block = LetterBlock(kind="table", items=("a",), rows=(("b", ""), ("c",)))
    assert block_texts(block) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (dollars_text(Decimal("1234.5")), "$1,234.50"),
        (dollars_text(Decimal(-20)), "-$20.00"),
        (number_text(Decimal("4.0")), "4"),
        (number_text(Decimal("1.50")), "1.5"),
        (number_text(Decimal(100)), "100"),
        (clock_text(time(0, 5)), "12:05 a.m."),
        (clock_text(time(12, 0)), "12:00 p.m."),
        (clock_text(time(23, 59)), "11:59 p.m."),
    ],
)
def test_figures_read_as_in_an_american_letter(shown, expected):
    assert shown == expected
