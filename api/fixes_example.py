"""The fixes of the example claim in the API's description, checked by a test."""

from datetime import date
from decimal import Decimal

from denialml.domain.fix import ClaimFixes, Edit, Fix, FixBy, FixClass, FixSet, Proof

_BILLED_CODE = Fix(
    fix_id="bill_documented_code:1",
    kind="bill_documented_code",
    fix_class=FixClass.DATA_CORRECTION,
    fix_by=FixBy.BILLER,
    statement="Bill 90834, whose band holds the 45 documented minutes, in the place of"
    " 90837, with the practice's charge for it.",
    line_numbers=(1,),
    edits=(
        Edit(field="2400 SV101-2", line_number=1, before="90837", after="90834"),
        Edit(field="2400 SV102", line_number=1, before="180.00", after="140.00"),
    ),
    proofs=(
        Proof(
            record_kind="encounter",
            record_id="EXAMPLE-NOTE-1",
            says="The note of 2026-10-05 documents 45 minutes.",
            known_on=date(2026, 10, 5),
        ),
        Proof(
            record_kind="sent_claim",
            record_id="",
            says="The practice last charged $140.00 for 90834.",
        ),
    ),
    resolves=("BH-036",),
    risk_after=0.31,
    dollars_protected=Decimal("19.45"),
)
_AUTHORIZATION_ASKED = Fix(
    fix_id="request_authorization",
    kind="request_authorization",
    fix_class=FixClass.NEEDS_ANOTHER_STEP,
    fix_by=FixBy.AUTHORIZATIONS,
    statement="Ask the payer for a retroactive authorization of 90837, and get one"
    " before the next visit.",
    assumes="the payer authorizes the service, and its number is on the claim",
    risk_after=0.22,
    dollars_protected=Decimal("20.74"),
)
EXAMPLE_FIXES = ClaimFixes(
    accepted_risk=0.15,
    fixes=(_AUTHORIZATION_ASKED, _BILLED_CODE),
    smallest=FixSet(
        fix_ids=("request_authorization", "bill_documented_code:1"),
        risks_after=(0.22, 0.11),
        dollars_protected=Decimal("35.77"),
        reaches=True,
    ),
    by_correction=FixSet(
        fix_ids=("bill_documented_code:1",),
        risks_after=(0.31,),
        dollars_protected=Decimal("19.45"),
        reaches=False,
    ),
)
