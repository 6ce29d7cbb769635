"""Fixes that find the coverage in force, and say whose member the patient is."""

from collections.abc import Iterator
from datetime import date

import msgspec

from denialml.domain.claim import Claim, ClaimPayer, Patient, Subscriber, person
from denialml.domain.coverage import (
    EligibilityCheck,
    EligibilityResult,
    asked_about,
    speaks_of,
)
from denialml.domain.facts import PracticeRecords
from denialml.domain.fix import Edit, FixBy, FixClass, Proof
from denialml.fixes.candidate import Candidate, FixKind, correction
from denialml.fixes.elements import (
    MEMBER_NUMBER,
    PATIENT_BIRTH_DATE,
    PATIENT_GENDER,
    PATIENT_LAST_NAME,
    SUBSCRIBER_BIRTH_DATE,
    SUBSCRIBER_GENDER,
    SUBSCRIBER_LAST_NAME,
    edit_of,
)
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.families.coverage import same_month

_TOUCHES, _IDENTITY = "coverage", "identity"
_ACTIVE, _UNKNOWN = EligibilityResult.ACTIVE, EligibilityResult.UNKNOWN
_COVERAGE_RULES = frozenset({"BH-014", "BH-015"})
_OTHER_PAYER_RULES = frozenset({"BH-016", "BH-017", "BH-019", "BH-020"})
_IDENTITY_RULES = frozenset({"BH-007", "BH-008"})
# What a payer does not know of a patient corrects nothing.
_GENDERS = {"F": "F", "FEMALE": "F", "M": "M", "MALE": "M"}
_SUBSCRIBER = (SUBSCRIBER_LAST_NAME, SUBSCRIBER_BIRTH_DATE, SUBSCRIBER_GENDER)
_PATIENT = (PATIENT_LAST_NAME, PATIENT_BIRTH_DATE, PATIENT_GENDER)


def coverage_fixes(case: ClaimCase) -> Iterator[Candidate]:
    """What the payers' eligibility answers allow for this claim."""
    day = case.first_day
    if day is None:
        return
    check = _first_line(case).records.check
    yield from _identity(case, check, day)
    others = list(_on_file(case, check, day))
    yield from others
    if check is not None and (check.other_payer_id or check.other_payer_name):
        yield _settle(case, check, day)
    elif check is not None and _shows_none(check, day):
        if not others:
            yield _find(check, day)
    elif check is None or check.checked_on < day or not _active(check, day):
        yield _verify(case, check, day)


def _first_line(case: ClaimCase) -> LineCase:
    """The line of the first day of service, about which coverage is asked."""
    return next(line for line in case.lines if line.day == case.first_day)


def _shows_none(check: EligibilityCheck, day: date) -> bool:
    """Whether the payer's answer says that there was no coverage on the day. What
    begins in an answer of a later month may be the next plan year."""
    if check.result is _UNKNOWN or _active(check, day):
        return False
    asked = asked_about(check)
    return speaks_of(check, day) or asked <= day or same_month(asked, day)


def _active(check: EligibilityCheck, day: date) -> bool:
    """Whether the answer says that coverage was active on the day of service."""
    if check.result is not _ACTIVE:
        return False
    begun = check.coverage_begin is None or check.coverage_begin <= day
    return begun and (check.coverage_end is None or day <= check.coverage_end)


def _verify(case: ClaimCase, check: EligibilityCheck | None, day: date) -> Candidate:
    if check is None:
        said = "no answer of this payer is on file"
    elif check.result is _UNKNOWN:
        said = f"its answer of {check.checked_on} does not tell"
    else:
        said = f"its nearest answer is of {check.checked_on}"
    return Candidate(
        kind=FixKind.VERIFY_ELIGIBILITY,
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
        statement=f"Check eligibility for {day} with the payer today: {said}. If it is"
        " not active, ask the patient which coverage was.",
        proofs=_proof(check, "The last eligibility answer on file"),
        assumes="the payer answers that behavioral health coverage was active on that"
        " day, and names no other payer",
        supposed=PracticeRecords(eligibility_checks=(_answer(case, check, day),)),
        touches=frozenset({_TOUCHES}),
        may_resolve=_COVERAGE_RULES,
    )


def _find(check: EligibilityCheck, day: date) -> Candidate:
    return Candidate(
        kind=FixKind.FIND_COVERAGE,
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
        statement=f"Do not send it to this payer yet: its answer of {check.checked_on}"
        f" shows no coverage on {day}. Ask the patient which coverage was in force and"
        " bill that payer; ask this payer about coverage granted back.",
        proofs=_proof(check, "The payer's answer shows no coverage on the day"),
        touches=frozenset({_TOUCHES}),
        may_resolve=_COVERAGE_RULES,
        is_sent=False,
        stops=True,
    )


def _settle(case: ClaimCase, check: EligibilityCheck, day: date) -> Candidate:
    other = check.other_payer_name or check.other_payer_id
    return Candidate(
        kind=FixKind.SETTLE_OTHER_PAYER,
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
        statement=f"Have the patient tell both payers which one comes first; if it is"
        f" {other}, bill that one first and this one with its remittance.",
        proofs=_proof(check, f"The payer's answer names other coverage with {other}"),
        assumes="this payer comes first for the day of service, and says so",
        supposed=PracticeRecords(eligibility_checks=(_answer(case, check, day),)),
        touches=frozenset({_TOUCHES}),
        may_resolve=_COVERAGE_RULES | _OTHER_PAYER_RULES,
    )


def _answer(
    case: ClaimCase, check: EligibilityCheck | None, day: date
) -> EligibilityCheck:
    """The payer's answer of today as it is hoped for."""
    claim = case.claim
    return EligibilityCheck(
        checked_on=case.as_of,
        payer_id=claim.payer.payer_id,
        member_id=claim.subscriber.member_id,
        medical_record_number=claim.medical_record_number,
        result=_ACTIVE,
        service_date=day,
        plan_name=check.plan_name if check is not None else "",
        mental_health_active=True,
        # Sorts after every answer of the day: it is the newest.
        trace_number="\x7f",
    )


def _on_file(
    case: ClaimCase, check: EligibilityCheck | None, day: date
) -> Iterator[Candidate]:
    """Another payer's answer shows coverage where this payer's shows none."""
    if check is None or not _shows_none(check, day):
        return
    others = [
        one
        for one in _first_line(case).records.checks_elsewhere
        if _active(one, day) and one.member_id
    ]
    if not others:
        return
    found = max(others, key=lambda one: one.checked_on)
    name = found.plan_name or found.payer_id

    def change(claim: Claim) -> Claim:
        return msgspec.structs.replace(
            claim,
            payer=ClaimPayer(payer_id=found.payer_id, name=found.plan_name),
            subscriber=msgspec.structs.replace(
                claim.subscriber, member_id=found.member_id
            ),
            # What this payer authorized, the other one does not know.
            prior_authorization_number="",
            lines=tuple(
                msgspec.structs.replace(line, prior_authorization_number="")
                for line in claim.lines
            ),
        )

    yield Candidate(
        kind=FixKind.BILL_PAYER_ON_FILE,
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
        statement=f"Confirm the coverage with {name} ({found.payer_id}) and bill it:"
        f" its answer of {found.checked_on} shows coverage on {day}, this payer's of"
        f" {check.checked_on} does not.",
        proofs=_proof(found, "Coverage was active on the day of service"),
        assumes=f"{name} covers the patient on that day and takes the claim",
        suppose_claim=change,
        touches=frozenset({_TOUCHES, _IDENTITY, "authorization"}),
        may_resolve=_COVERAGE_RULES | _OTHER_PAYER_RULES,
    )


def _identity(
    case: ClaimCase, check: EligibilityCheck | None, day: date
) -> Iterator[Candidate]:
    """The member's number and particulars as the payer's own answer has them."""
    if check is None or not _active(check, day):
        return
    claim = case.claim
    proofs = _proof(check, "The payer's answer about this member")
    if not _is_of_day(check, day) or not _may_be_this_person(claim, check):
        return
    sent = claim.subscriber.member_id
    if _letters(check.member_id) and not _same(check.member_id, sent):
        yield correction(
            FixKind.CORRECT_MEMBER_NUMBER,
            statement="Set the member number (NM109) to the one in the payer's answer"
            f" of {check.checked_on}.",
            edits=(edit_of(claim, MEMBER_NUMBER, check.member_id),),
            proofs=proofs,
            may_resolve=_IDENTITY_RULES,
            touches=_IDENTITY,
        )
    edits = _particulars(claim, check)
    if edits:
        yield correction(
            FixKind.CORRECT_DEMOGRAPHICS,
            statement="Set the patient's particulars to those in the payer's answer of"
            f" {check.checked_on}, after a look at the member's card.",
            edits=edits,
            proofs=proofs,
            may_resolve=_IDENTITY_RULES,
        )


def _is_of_day(check: EligibilityCheck, day: date) -> bool:
    """Whether the answer speaks of the day of service: asked about it or after it.

    An older one may be of a policy that has been replaced since.
    """
    return check.checked_on >= day or check.service_date == day


def _may_be_this_person(claim: Claim, check: EligibilityCheck) -> bool:
    """Not where the answer names somebody who is told apart by name and birth date.

    A member number may be a family's, and a practice's record number may be mistaken.
    """
    patient: Subscriber | Patient = person(claim)
    names = [
        _same(held.split(" ")[0], sent.split(" ")[0])
        for held, sent in (
            (check.last_name, patient.last_name),
            (check.first_name, patient.first_name),
        )
        if held
    ]
    if check.birth_date is None:
        return all(names)
    return check.birth_date == patient.birth_date or (bool(names) and all(names))


def _particulars(claim: Claim, check: EligibilityCheck) -> tuple[Edit, ...]:
    """Edits for what the answer has otherwise; only where the answer is plainly about
    this very person, who otherwise agrees with the claim in name or birth date."""
    patient: Subscriber | Patient = person(claim)
    last, born, gender = _PATIENT if claim.patient is not None else _SUBSCRIBER
    same_first = _same(_given(check.first_name), _given(patient.first_name))
    same_last = _same(check.last_name, patient.last_name)
    same_birth = check.birth_date is not None and check.birth_date == patient.birth_date
    edits = []
    # A first name is left alone: with the same birth date it may be a twin's.
    if same_birth and same_first and _letters(check.last_name) and not same_last:
        edits.append(edit_of(claim, last, check.last_name))
    if same_last and same_first and check.birth_date is not None and not same_birth:
        edits.append(edit_of(claim, born, check.birth_date.isoformat()))
    held_gender = _GENDERS.get(check.gender.strip().upper(), "")
    same_person = same_last and same_first and same_birth
    if same_person and held_gender not in ("", patient.gender):
        edits.append(edit_of(claim, gender, held_gender))
    return tuple(edits)


def _given(name: str) -> str:
    """A first name without a second one, which payers often leave out."""
    return name.split(" ")[0]


def _same(one: str, other: str) -> bool:
    """Whether both say the same; two that say nothing do not."""
    return bool(_letters(one)) and _letters(one) == _letters(other)


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum()).upper()


def _proof(check: EligibilityCheck | None, says: str) -> tuple[Proof, ...]:
    if check is None:
        return ()
    return (
        Proof(
            record_kind="eligibility_check",
            record_id=check.trace_number,
            says=f"{says} ({check.checked_on}).",
            known_on=check.checked_on,
        ),
    )
