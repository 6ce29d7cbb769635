"""The example of a corrected draft in the API's description, checked by a test."""

from datetime import date

from api.examples import EXAMPLE_CLAIM
from denialml.domain.fix import Fix, FixBy, FixClass, Proof
from denialml.fixes.candidate import FixKind
from denialml.fixes.elements import AUTHORIZATION, corrected, edit_of
from denialml.journeys.corrected_drafts import CorrectedDraft

_NUMBER = "A000481"
_FIX = Fix(
    fix_id=FixKind.ATTACH_AUTHORIZATION,
    kind=FixKind.ATTACH_AUTHORIZATION,
    fix_class=FixClass.DATA_CORRECTION,
    fix_by=FixBy.BILLER,
    statement=f"Put authorization {_NUMBER}, which is on file, on the claim (REF*G1).",
    edits=(edit_of(EXAMPLE_CLAIM, AUTHORIZATION, _NUMBER),),
    proofs=(
        Proof(
            record_kind="authorization",
            record_id=_NUMBER,
            says=f"Authorization {_NUMBER}: 90837, 2026-01-01 to 2026-06-30, 20 units"
            " of which 14 are left.",
            known_on=date(2025, 12, 28),
        ),
    ),
    resolves=("BH-023",),
    risk_after=0.08,
)
EXAMPLE_CORRECTED_DRAFT = CorrectedDraft(
    patient_control_number=EXAMPLE_CLAIM.patient_control_number,
    fixes=(_FIX,),
    risk_before=0.41,
    risk_after=0.08,
    keeps_segments=False,
    claim=corrected(EXAMPLE_CLAIM, _FIX.edits),
)
