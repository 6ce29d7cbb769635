"""Payers' letters: linked to their claim, dated on receipt, some of them misleading."""

from collections import defaultdict
from random import Random

import pytest

from denialml.domain.denial import RootCause
from denialml.domain.document import Document
from denialml.simulation import SimulatedPractice
from denialml.simulation.denial_letters import SENTENCES, draw_letter


def letters(practice: SimulatedPractice) -> list[Document]:
    return [
        one
        for one in practice.documents
        if one.kind == "um_denial_letter" and "NOTICE OF CLAIM DENIAL" in one.text
    ]


@pytest.mark.parametrize("cause", list(RootCause), ids=lambda cause: cause.value)
def test_every_cause_is_said_in_several_ways(cause: RootCause) -> None:
    assert len(set(SENTENCES[cause])) >= 3


def test_no_sentence_serves_two_causes() -> None:
    sentences = [one for ways in SENTENCES.values() for one in ways]
    assert len(sentences) == len(set(sentences))


def test_shares_of_letters() -> None:
    cause = RootCause.TIMELY_FILING
    drawn = [draw_letter(Random(number), cause) for number in range(4000)]
    sent = [one for one in drawn if one is not None]
    assert len(sent) / len(drawn) == pytest.approx(0.30, abs=0.03)
    misleading = [one for one in sent if one.misleads(cause)]
    assert len(misleading) / len(sent) == pytest.approx(0.10, abs=0.03)
    assert all(one.sentence in SENTENCES[one.stated] for one in sent)


def test_letters_go_back_to_the_beginning(two_years: SimulatedPractice) -> None:
    denied = sum(
        1 for row in two_years.truth if row.denied and row.status == "answered"
    )
    found = letters(two_years)
    assert 0.22 < len(found) / denied < 0.38
    days = [one.authored_on for one in found if one.authored_on is not None]
    assert len(days) == len(found)
    assert (min(days) - two_years.starts_on).days < 60


def test_letters_are_linked_and_dated_on_receipt(
    two_years: SimulatedPractice,
) -> None:
    received = defaultdict(set)
    for advice in (*two_years.remittances, *two_years.newest):
        for payment in advice.payments:
            received[payment.patient_control_number].add(advice.remittance.received_on)
    for letter in letters(two_years):
        assert letter.authored_on in received[letter.patient_control_number]


def test_misleading_letters_are_labeled(two_years: SimulatedPractice) -> None:
    """A labeled letter states no cause of its claim, an unlabeled one does."""
    causes = defaultdict(set)
    for row in two_years.truth:
        if row.root_cause is not None:
            causes[row.patient_control_number].add(row.root_cause)
    labeled = {
        row.document_id
        for row in two_years.document_truth
        if row.trap == "misleading_letter"
    }
    stated_by = {one: cause for cause, ways in SENTENCES.items() for one in ways}
    for letter in letters(two_years):
        stated = {cause for one, cause in stated_by.items() if one in letter.text}
        assert len(stated) == 1
        if letter.document_id not in labeled:
            assert stated <= causes[letter.patient_control_number]
    assert labeled
