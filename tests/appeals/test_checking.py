"""The checker against letters that were tampered with after they were written."""

import re

import msgspec
import pytest

from denialml.appeals.catalog import packaged_catalog
from denialml.appeals.checking import check_letter
from denialml.appeals.drafting import draft_letter
from denialml.appeals.evidence import gather_evidence
from denialml.appeals.template_needs import EvidenceNeeds
from denialml.domain.appeal import LetterBlock
from denialml.domain.denial import RootCause
from tests.appeals.cases import DRAFTED, NOTE, case, note, plan

RECORD = case(RootCause.MEDICAL_NECESSITY, reason="50")
DRAFT = draft_letter(RECORD, drafted_at=DRAFTED)


def faults(blocks, *, record=RECORD):
    specification = packaged_catalog().named("medical_necessity")
    evidence = gather_evidence(record, specification.evidence, on=DRAFTED.date())
    return check_letter(
        blocks,
        (record,),
        evidence=evidence,
        citations=DRAFT.citations,
        literals=packaged_catalog().literals,
        on=DRAFTED.date(),
    )


def changed(old, new):
    """The letter with one text replaced wherever it stands."""

    def swap(text):
        return text.replace(old, new)

    return tuple(
        msgspec.structs.replace(
            block,
            text=swap(block.text),
            items=tuple(map(swap, block.items)),
            rows=tuple(tuple(map(swap, row)) for row in block.rows),
        )
        for block in DRAFT.blocks
    )


def test_the_untouched_letter_passes():
    assert faults(DRAFT.blocks) == ()


MUTATIONS = {
    "service date": ("March 2, 2026", "March 3, 2025", "date"),
    "denial date": ("April 6, 2026", "April 7, 2026", "date"),
    "amount": ("$185.00", "$285.00", "amount"),
    "member id": ("W884201937", "W884201938", "number or code"),
    "claim number": ("E26096X4471", "E26096X4472", "number or code"),
    "procedure code": ("90837", "90838", "number or code"),
    "reason code": ("CO-50", "CO-51", "number or code"),
    "minutes": ("56 minutes", "58 minutes", "number or code"),
    "clock": ("10:56", "10:58", "number or code"),
    "NPI": ("1982604417", "1982604418", "number or code"),
    "citation": ("29 CFR 2560.503-1", "29 CFR 2560.503-2", "number or code"),
    "quotation": ("drive to work", "leave the house", "quotes words"),
    "exhibit": ("Exhibit B", "Exhibit C", "not attached"),
    "blank": ("Dana Whitfield", "____", "blank"),
    "None": ("Dana Whitfield", "None", "blank"),
    "marker": ("Dana Whitfield", "{{ patient.name }}", "blank"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_one_changed_fact_is_caught(mutation):
    old, new, said = MUTATIONS[mutation]
    found = faults(changed(old, new))
    assert any(said in fault for fault in found), found
    assert not any(new in fault for fault in found if new != "None")


def test_every_figure_of_the_letter_is_guarded():
    """Each number of each block, one digit changed: the checker must see it."""
    missed = []
    for place, block in enumerate(DRAFT.blocks):
        texts = (*block.items, block.text, *(c for row in block.rows for c in row))
        for figure in {f for text in texts for f in re.findall(r"\d{3,}", text)}:
            broken = figure[:-1] + str((int(figure[-1]) + 5) % 10)
            tampered = list(DRAFT.blocks)
            tampered[place] = changed(figure, broken)[place]
            if not faults(tampered):
                missed.append((place, figure))
    assert missed == []


def test_a_statement_without_source_is_a_fault():
    bare = LetterBlock(kind="paragraph", text="The plan always pays this.")
    assert any("without a source" in f for f in faults((*DRAFT.blocks, bare)))


def test_an_exhibit_that_turned_out_to_be_protected_is_a_fault():
    protected = note(text="Psychotherapy note\n" + NOTE)
    evidence = gather_evidence(
        RECORD, EvidenceNeeds(optional=("progress_note",)), on=DRAFTED.date()
    )
    swapped = case(RootCause.MEDICAL_NECESSITY, documents=(protected, plan()))
    found = check_letter(
        DRAFT.blocks,
        (swapped,),
        evidence=evidence,
        citations=DRAFT.citations,
        literals=packaged_catalog().literals,
        on=DRAFTED.date(),
    )
    assert "Exhibit A may not leave the practice." in found


def test_a_letter_without_text_is_a_fault():
    assert faults(()) == ("The letter has no text.",)
