"""A fix before it was tried: what it changes, and in what it trusts."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec

from denialml.domain.claim import Claim
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords
from denialml.domain.fix import Edit, FixBy, FixClass, Proof
from denialml.fixes.elements import makes_change

NOTHING_SUPPOSED = PracticeRecords()
Proven = Literal["clinician"]
"""What the payer confirms: that it has the clinician loaded."""


class FixKind(StrEnum):
    """The closed catalogue. docs/fixes.md says what each does and what proves it."""

    ATTACH_AUTHORIZATION = "attach_authorization"
    CORRECT_AUTHORIZATION_NUMBER = "correct_authorization_number"
    CORRECT_PLACE_OF_SERVICE = "correct_place_of_service"
    CORRECT_TELEHEALTH_MODIFIER = "correct_telehealth_modifier"
    ADD_DEGREE_MODIFIER = "add_degree_modifier"
    CORRECT_MEMBER_NUMBER = "correct_member_number"
    CORRECT_DEMOGRAPHICS = "correct_demographics"
    CORRECT_TAXONOMY_CODE = "correct_taxonomy_code"
    ADD_SUPERVISOR = "add_supervisor"
    ADD_ORIGINAL_CLAIM_NUMBER = "add_original_claim_number"
    SEND_AS_REPLACEMENT = "send_as_replacement"
    CORRECT_TOTAL_CHARGE = "correct_total_charge"
    REDUCE_UNITS = "reduce_units"
    BILL_DOCUMENTED_CODE = "bill_documented_code"
    SIGN_NOTE = "sign_note"
    FILE_NOTE = "file_note"
    DOCUMENT_TIME = "document_time"
    FILE_TREATMENT_PLAN = "file_treatment_plan"
    VERIFY_ELIGIBILITY = "verify_eligibility"
    BILL_PAYER_ON_FILE = "bill_payer_on_file"
    SETTLE_OTHER_PAYER = "settle_other_payer"
    REQUEST_AUTHORIZATION = "request_authorization"
    EXTEND_AUTHORIZATION = "extend_authorization"
    FINISH_ENROLLMENT = "finish_enrollment"
    CONFIRM_ENROLLMENT = "confirm_enrollment"
    OBTAIN_REFERRAL = "obtain_referral"
    FIND_COVERAGE = "find_coverage"
    WAIT_FOR_ANSWER = "wait_for_answer"
    FOLLOW_RULE = "follow_rule"
    CHANGE_CODE = "change_code"
    CHANGE_CLINICIAN = "change_clinician"
    CHANGE_DIAGNOSIS = "change_diagnosis"
    CHANGE_DATE = "change_date"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One fix of the catalogue that the records on file allow for this claim.

    A data correction has `edits`. The others say what they suppose: `supposed` are
    records that would be on file, `note_changes` what notes would say (each note, and
    its fields), `suppose_claim` what the claim would carry, such as a number that is
    yet to come, `proves` what the payer would have confirmed. `touches` names what is
    changed: of two that touch the same, at most one is taken. `may_resolve` are rules
    that it may silence. `is_sent`: the claim goes out with it, so that its risk can be
    told. `stops`: it must not go out to this payer as it is.
    """

    kind: FixKind
    fix_class: FixClass
    fix_by: FixBy
    statement: str
    line_numbers: tuple[int, ...] = ()
    edits: tuple[Edit, ...] = ()
    proofs: tuple[Proof, ...] = ()
    assumes: str = ""
    supposed: PracticeRecords = NOTHING_SUPPOSED
    note_changes: tuple[tuple[Encounter, Mapping[str, Any]], ...] = ()
    suppose_claim: Callable[[Claim], Claim] | None = None
    proves: frozenset[Proven] = frozenset()
    touches: frozenset[str] = frozenset()
    may_resolve: frozenset[str] = frozenset()
    is_sent: bool = True
    stops: bool = False

    @property
    def fix_id(self) -> str:
        """The kind, and the lines where it is not the whole claim."""
        if not self.line_numbers:
            return self.kind.value
        return f"{self.kind.value}:{'+'.join(map(str, self.line_numbers))}"

    @property
    def is_correction(self) -> bool:
        """Whether a record on file proves it, so that a draft can be written."""
        return self.fix_class is FixClass.DATA_CORRECTION


def correction(
    kind: FixKind,
    *,
    edits: tuple[Edit, ...],
    proofs: tuple[Proof, ...],
    statement: str,
    may_resolve: frozenset[str],
    line_numbers: tuple[int, ...] = (),
    fix_by: FixBy = FixBy.BILLER,
    touches: str = "",
) -> Candidate:
    """A data correction; it touches the elements that it edits, and `touches`.

    Edits that would change nothing are left out; one at least must change something.
    """
    edits = tuple(edit for edit in edits if makes_change(edit))
    return Candidate(
        kind=kind,
        fix_class=FixClass.DATA_CORRECTION,
        fix_by=fix_by,
        statement=statement,
        line_numbers=line_numbers,
        edits=edits,
        proofs=proofs,
        touches=frozenset(
            {*(f"{edit.field} {edit.line_number}" for edit in edits), touches} - {""}
        ),
        may_resolve=may_resolve,
    )


def never(kind: FixKind, statement: str, lines: tuple[int, ...] = ()) -> Candidate:
    """What is not suggested, said so with what is missing."""
    return Candidate(
        kind=kind,
        fix_class=FixClass.NEVER_SUGGESTED,
        fix_by=FixBy.COMPLIANCE,
        statement=statement,
        line_numbers=lines,
        is_sent=False,
    )
