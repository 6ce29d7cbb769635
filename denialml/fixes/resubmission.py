"""Fixes of claims that repeat or replace what the payer has already seen."""

from collections.abc import Iterator

from denialml.domain.adjudication import LineOutcome
from denialml.domain.coverage import PayerType
from denialml.domain.facts import AnsweredLine
from denialml.domain.fix import FixBy, FixClass, Proof
from denialml.fixes.candidate import Candidate, FixKind, correction
from denialml.fixes.elements import FREQUENCY, ORIGINAL_CLAIM, edit_of
from denialml.rules.case import ClaimCase, LineCase

_ORIGINAL, _REPLACEMENT = "1", "7"
_REPLACING = frozenset({"7", "8"})
_REPEAT_RULES = frozenset({"BH-112", "BH-115", "BH-076"})
_TOUCHES = "frequency"


def resubmission_fixes(case: ClaimCase) -> Iterator[Candidate]:
    """What the payer's earlier answers allow for this claim."""
    claim = case.claim
    if claim.frequency_code in _REPLACING:
        answer = _answer_to(case)
        if not claim.original_payer_claim_control_number and answer is not None:
            yield _add_number(case, answer)
        return
    repeated = [
        line
        for line in case.lines
        if claim.frequency_code == _ORIGINAL and line.facts.same_service_already_sent
    ]
    if not repeated:
        return
    answer = _answer_to(case)
    if answer is None:
        yield _wait(repeated)
    elif answer.outcome is LineOutcome.PAID:
        yield _wait(repeated, answer)
    else:
        yield from _replace(case, answer)


def _answer_to(case: ClaimCase) -> AnsweredLine | None:
    """This payer's last answer to an earlier claim of the same number."""
    claim = case.claim
    for one in reversed(case.lines[0].records.answered if case.lines else ()):
        if (
            one.patient_control_number == claim.patient_control_number
            and one.payer_id == claim.payer.payer_id
            and one.payer_claim_control_number
        ):
            return one
    return None


def _add_number(case: ClaimCase, answer: AnsweredLine) -> Candidate:
    number = answer.payer_claim_control_number
    return correction(
        FixKind.ADD_ORIGINAL_CLAIM_NUMBER,
        statement=f"Add the payer's number of the original claim, {number} (REF*F8).",
        edits=(edit_of(case.claim, ORIGINAL_CLAIM, number),),
        proofs=(_proof(answer),),
        may_resolve=frozenset({"BH-113"}),
        touches=_TOUCHES,
    )


def _replace(case: ClaimCase, answer: AnsweredLine) -> Iterator[Candidate]:
    payer = case.payer
    if case.payer_type is PayerType.MEDICARE or payer is None:
        return
    if not payer.accepts_frequency_7:
        return
    number = answer.payer_claim_control_number
    yield correction(
        FixKind.SEND_AS_REPLACEMENT,
        statement="Send it as a replacement (frequency 7) of the claim that the payer"
        f" answered on {answer.received_on}, with that claim's number {number}.",
        edits=(
            edit_of(case.claim, FREQUENCY, _REPLACEMENT),
            edit_of(case.claim, ORIGINAL_CLAIM, number),
        ),
        proofs=(
            _proof(answer),
            Proof(
                record_kind="payer_setting",
                record_id=payer.payer_id,
                says="The payer is set up to take replacement claims.",
            ),
        ),
        may_resolve=_REPEAT_RULES,
        touches=_TOUCHES,
    )


def _wait(lines: list[LineCase], answer: AnsweredLine | None = None) -> Candidate:
    first = lines[0]
    sent = [
        one
        for one in first.records.sent
        if one.service_date == first.day
        and one.procedure_code == first.line.procedure_code
        and one.payer_id == first.claim.payer.payer_id
    ]
    on = f" on {sent[-1].submitted_on}" if sent else ""
    if answer is None:
        statement = (
            f"Do not send it again: the same service went to this payer{on}. Ask for"
            " the status of that claim and wait for its answer."
        )
    else:
        statement = (
            "Do not send it again: the payer answered the same service on"
            f" {answer.received_on} and paid."
        )
    return Candidate(
        kind=FixKind.WAIT_FOR_ANSWER,
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        statement=statement,
        line_numbers=(
            ()
            if len(lines) == len(first.claim.lines)
            else tuple(line.line.line_number for line in lines)
        ),
        proofs=tuple(
            Proof(
                record_kind="sent_claim",
                record_id=one.patient_control_number,
                says=f"{one.procedure_code} of {one.service_date} was sent on"
                f" {one.submitted_on}.",
                known_on=one.submitted_on,
            )
            for one in sent[-1:]
        ),
        touches=frozenset({_TOUCHES}),
        may_resolve=_REPEAT_RULES,
        is_sent=False,
        stops=True,
    )


def _proof(answer: AnsweredLine) -> Proof:
    return Proof(
        record_kind="remittance",
        record_id=answer.payment_id,
        says=f"The payer's answer of {answer.received_on} gives the claim number"
        f" {answer.payer_claim_control_number}.",
        known_on=answer.received_on,
    )
