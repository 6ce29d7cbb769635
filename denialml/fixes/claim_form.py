"""Fixes that the claim proves by itself, and numbers that someone has to ask for."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from denialml.domain.claim import Claim
from denialml.domain.fix import FixBy, FixClass, Proof
from denialml.fixes.candidate import Candidate, FixKind, correction
from denialml.fixes.elements import TOTAL_CHARGE, edit_of
from denialml.rules.case import ClaimCase
from denialml.rules.words import dollars

_TO_COME = "TO COME"


def form_fixes(case: ClaimCase) -> Iterator[Candidate]:
    """The claim's total, and a referral where it carries none."""
    claim = case.claim
    total = sum((line.line.charge for line in case.lines), Decimal(0))
    if case.lines and total != claim.total_charge:
        yield correction(
            FixKind.CORRECT_TOTAL_CHARGE,
            statement=f"Set the claim's total (CLM02) to {dollars(total)}, what its"
            " lines add up to.",
            edits=(edit_of(claim, TOTAL_CHARGE, f"{total:f}"),),
            proofs=(
                Proof(
                    record_kind="claim",
                    record_id=claim.patient_control_number,
                    says=f"The lines' charges add up to {dollars(total)}.",
                ),
            ),
            may_resolve=frozenset({"BH-107"}),
        )
    if not claim.referral_number:
        yield Candidate(
            kind=FixKind.OBTAIN_REFERRAL,
            fix_class=FixClass.NEEDS_ANOTHER_STEP,
            fix_by=FixBy.FRONT_DESK,
            statement="Get the referral from the plan's primary care provider and put"
            " its number (REF*9F) on the claim.",
            assumes="the plan accepts a referral for the day of service",
            suppose_claim=_with_referral,
            touches=frozenset({"referral"}),
            may_resolve=frozenset({"BH-030"}),
        )


def _with_referral(claim: Claim) -> Claim:
    return msgspec.structs.replace(claim, referral_number=_TO_COME)
