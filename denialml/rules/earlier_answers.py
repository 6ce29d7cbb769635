"""What a payer has answered for a patient before: a fact where no setting is on file.

A payer that has paid the same service of the patient before has settled by that what a
rule would else have to ask of it. No answer settles nothing.
"""

from collections.abc import Iterator
from datetime import date

from denialml.domain.adjudication import LineOutcome
from denialml.domain.facts import AnsweredLine, SentLine
from denialml.rules.case import LineCase

# An enum's member costs ten times a module's name, and every line asks.
_PAID = LineOutcome.PAID


def paid_lines(line: LineCase) -> Iterator[AnsweredLine]:
    """The patient's earlier lines that the line's payer has paid, newest answer first.

    Without those of the claim itself, which may be sent again.
    """
    payer_id = line.claim.payer.payer_id
    number = line.claim.patient_control_number
    for one in reversed(line.records.answered):
        if (
            one.outcome is _PAID
            and one.payer_id == payer_id
            and one.patient_control_number != number
        ):
            yield one


def answers_to_replaced(line: LineCase) -> list[AnsweredLine]:
    """What the payer answered to the claim that this one replaces, oldest first.

    By the payer's own number where the claim and the answer have it, else by ours.
    """
    claim = line.claim
    original = claim.original_payer_claim_control_number
    return [
        one
        for one in line.records.answered
        if one.payer_id == claim.payer.payer_id
        and (
            one.payer_claim_control_number == original
            if original and one.payer_claim_control_number
            else one.patient_control_number == claim.patient_control_number
        )
    ]


def times_paid(line: LineCase, *, after: date) -> int:
    """How often the payer has paid the line's code for this patient, for services
    later than that day."""
    return sum(
        one.procedure_code == line.line.procedure_code
        and one.service_date is not None
        and one.service_date > after
        for one in paid_lines(line)
    )


def has_paid_code(line: LineCase) -> bool:
    """Whether the payer has paid the line's code for this patient."""
    code = line.line.procedure_code
    return any(one.procedure_code == code for one in paid_lines(line))


def has_paid_code_unauthorized(line: LineCase) -> bool:
    """Whether the payer has paid the line's code for this patient on a claim that
    carried no authorization."""
    return any(not one.authorization_number for one in _sent_and_paid(line))


def has_paid_code_with(line: LineCase, modifiers: frozenset[str]) -> bool:
    """Whether the payer has paid the line's code for this patient with one of these
    modifiers."""
    return any(not modifiers.isdisjoint(one.modifiers) for one in _sent_and_paid(line))


def has_paid_code_without(line: LineCase, modifiers: frozenset[str]) -> bool:
    """Whether the payer has paid the line's code for this patient with none of these
    modifiers."""
    return any(modifiers.isdisjoint(one.modifiers) for one in _sent_and_paid(line))


def _sent_and_paid(line: LineCase) -> Iterator[SentLine]:
    """The lines of the line's code, as they were sent, that the payer has paid."""
    code, claim = line.line.procedure_code, line.claim
    payer_id, number = claim.payer.payer_id, claim.patient_control_number
    paid = {
        (one.patient_control_number, one.line_number)
        for one in line.records.answered
        if one.procedure_code == code
        and one.outcome is _PAID
        and one.payer_id == payer_id
        and one.patient_control_number != number
    }
    if paid:
        for sent in reversed(line.records.sent):
            if (sent.patient_control_number, sent.line_number) in paid:
                yield sent


def has_paid_in_year(line: LineCase, *, without: frozenset[str] = frozenset()) -> bool:
    """Whether the payer has paid a service of the patient in the line's calendar year,
    other than of the codes `without`."""
    day = line.day
    return day is not None and any(
        one.service_date is not None
        and one.service_date.year == day.year
        and one.procedure_code not in without
        for one in paid_lines(line)
    )
