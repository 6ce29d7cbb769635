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
_DENIED = (LineOutcome.DENIED, LineOutcome.PARTIAL)
# The member was not found or the claim could not be processed: it was never in the
# payer's system, and a new claim is sent (review E55). What came too late stays late.
_NOT_REPLACED = frozenset({"29", "31", "MA130"})


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
    answers = [_answer_about(line) for line in repeated]
    if not repeated:
        return
    if not any(answers):
        yield _wait(repeated)
    elif all(one is not None and one.outcome is LineOutcome.PAID for one in answers):
        yield _wait(repeated, answers[0])
    elif all(one is not None and one.outcome in _DENIED for one in answers):
        answer = _answer_to(case)
        if answer is not None and len(repeated) == len(case.lines):
            yield from _replace(case, answer)


def _answer_about(line: LineCase) -> AnsweredLine | None:
    """This payer's last answer about the same service of the same day."""
    for one in reversed(line.records.answered):
        if (
            one.payer_id == line.claim.payer.payer_id
            and one.service_date == line.day
            and one.procedure_code == line.line.procedure_code
        ):
            return one
    return None


def _answer_to(case: ClaimCase) -> AnsweredLine | None:
    """This payer's last answer to an earlier claim of the same number and days.

    Some practices use one number for all claims of a patient: the answer must be about
    a day of this claim, and all of its payer claim number's answers too.
    """
    claim = case.claim
    days = {line.day for line in case.lines}
    answered = [
        one
        for one in (case.lines[0].records.answered if case.lines else ())
        if one.patient_control_number == claim.patient_control_number
        and one.payer_id == claim.payer.payer_id
        and one.payer_claim_control_number
    ]
    for one in reversed(answered):
        number = one.payer_claim_control_number
        of_number = [it for it in answered if it.payer_claim_control_number == number]
        if all(it.service_date in days for it in of_number):
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
    limit = payer.corrected_claim_limit_days
    if not payer.accepts_frequency_7 or limit is None:
        return
    if (case.as_of - answer.received_on).days > limit:
        return
    if not _NOT_REPLACED.isdisjoint((*answer.reason_codes, *answer.remark_codes)):
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
                says="The payer is set up to take replacement claims within"
                f" {limit} days of its answer.",
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
