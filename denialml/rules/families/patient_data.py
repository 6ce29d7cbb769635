"""Whom the claim is for: the patient's data against the payer's."""

import unicodedata

from denialml.domain.claim import person
from denialml.domain.coverage import EligibilityResult
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase
from denialml.rules.families.coverage import claim_check
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
)
from denialml.rules.words import listed

_NO_ANSWER = CannotTell(
    "an eligibility answer of this payer (271) for the patient",
    MissingRecord.ELIGIBILITY_CHECK,
)
_NO_NAME = CannotTell(
    "the last name in the payer's eligibility answer (271)",
    MissingRecord.ELIGIBILITY_CHECK,
    "last_name",
)
_NO_BIRTH_DATE = CannotTell(
    "the birth date in the payer's eligibility answer (271)",
    MissingRecord.ELIGIBILITY_CHECK,
    "birth_date",
)
_NO_GENDER = CannotTell(
    "the gender in the payer's eligibility answer (271)",
    MissingRecord.ELIGIBILITY_CHECK,
    "gender",
)
_UNKNOWN = EligibilityResult.UNKNOWN
# AAA03 of a 271: birth date, number or name is missing, not found or not the payer's.
_NOT_FOUND = frozenset({"58", "64", "65", "67", "71", "72", "73", "75"})
_GENDERS = frozenset({"F", "M", "U"})
_NAME_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})


@claim_rule(
    "BH-007",
    About(
        title="Member number, name or birth date differs from the payer's",
        statement="The member number and the patient's last name and birth date are"
        " those of the payer's eligibility answer.",
        severity=Severity.REJECT,
        fields=(
            "2010BA NM109",
            "2010BA or 2010CA NM103",
            "2010BA or 2010CA DMG02",
            "271 AAA03",
        ),
        reason_codes=("31", "140", "16"),
        remark_codes=("N382", "N329"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Compare with the member's card and the payer's answer, correct what was"
        " typed wrongly and send the claim as an original.",
        source="X12 005010X222 loops 2010BA and 2010CA, X279 AAA03; rulebook BH-007",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
        review=("E70",),
    ),
)
def demographics_differ(case: ClaimCase) -> Verdict:
    claim = case.claim
    patient = person(claim)
    member = claim.subscriber.member_id
    if not (member and patient.last_name and patient.birth_date):
        absent = [
            *(() if member else ("member number",)),
            *(() if patient.last_name else ("last name",)),
            *(() if patient.birth_date else ("birth date",)),
        ]
        return Found(says=f"The claim has no {listed(absent)} of the patient.")
    if not claim.subscriber.last_name:
        return Found(says="The claim has no last name of the subscriber.")
    check = claim_check(case)
    if check is None:
        return _NO_ANSWER
    if check.reject_reason_code and check.result is _UNKNOWN:
        # A refused inquiry repeats what was asked: nothing in it is the payer's.
        if check.reject_reason_code not in _NOT_FOUND or not _same_number(
            member, check.member_id
        ):
            return _NO_ANSWER
        return Found(
            says="The payer did not find the patient under this member number on"
            f" {check.checked_on} (271 AAA {check.reject_reason_code})."
        )
    differing = []
    if check.member_id and not _same_number(member, check.member_id):
        differing.append("member number")
    if check.last_name and not _same_name(patient.last_name, check.last_name):
        differing.append("last name")
    if check.birth_date is not None and check.birth_date != patient.birth_date:
        differing.append("birth date")
    if differing:
        return Found(
            says=f"The {listed(differing)} on the claim"
            f" {'differs' if len(differing) == 1 else 'differ'} from the payer's answer"
            f" of {check.checked_on}."
        )
    if check.first_name and not _same_first(patient.first_name, check.first_name):
        return Found(
            says="The first name on the claim differs from the payer's answer of"
            f" {check.checked_on}.",
            severity=Severity.WARN,
        )
    if check.last_name and check.birth_date is not None:
        return None
    return _NO_NAME if check.birth_date is not None else _NO_BIRTH_DATE


@claim_rule(
    "BH-008",
    About(
        title="Gender code missing or not the payer's",
        statement="The gender code is F, M or U and the one in the payer's file.",
        severity=Severity.WARN,
        fields=("2010BA or 2010CA DMG03",),
        reason_codes=("16", "7"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Ask for an eligibility answer and send the gender code of the payer's"
        " record, whatever the patient's identity.",
        source="X12 005010X222 DMG03; rulebook BH-008",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.FRONT_DESK,
    ),
)
def gender_differs(case: ClaimCase) -> Verdict:
    gender = person(case.claim).gender
    if gender not in _GENDERS:
        # X222 asks for DMG03: without it the front end sends the claim back.
        return Found(
            says="The claim has no gender code of F, M or U.", severity=Severity.REJECT
        )
    check = claim_check(case)
    if check is None or check.reject_reason_code:
        # Rule BH-007 says it.
        return None
    held = check.gender.strip()[:1].upper()
    if not held:
        # Of an answer without any of the patient's data rule BH-007 says it.
        is_bare = not check.last_name and check.birth_date is None
        return None if is_bare else _NO_GENDER
    # The claim has no other code for what a payer holds beside F and M.
    if gender == (held if held in _GENDERS else "U"):
        return None
    return Found(
        says=f"The claim says {gender}, the payer's answer of {check.checked_on} says"
        f" {held}."
    )


def _same_number(one: str, other: str) -> bool:
    """Whether two member numbers are one; a person's suffix (01) does not count."""
    if one == other:
        return True
    one, other = _only(one), _only(other)
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    suffix = longer[len(shorter) :]
    return longer.startswith(shorter) and len(suffix) == 2 and suffix.isdigit()


def _same_name(one: str, other: str) -> bool:
    return one.upper() == other.upper() or _name(one) == _name(other)


def _same_first(one: str, other: str) -> bool:
    """Payers cut first names short and drop middle ones: a beginning is enough."""
    if one.upper() == other.upper():
        return True
    one, other = _name(one), _name(other)
    return one.startswith(other) or other.startswith(one)


def _name(name: str) -> str:
    """Without case, accents, hyphens, spaces and suffixes such as Jr."""
    words = name.casefold().replace(".", " ").replace(",", " ").split()
    kept = [word for word in words if word not in _NAME_SUFFIXES] or words
    return _only(unicodedata.normalize("NFKD", "".join(kept)))


def _only(text: str) -> str:
    return "".join([sign for sign in text.upper() if sign.isalnum()])
