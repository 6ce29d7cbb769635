"""The examples of `/docs` and docs/api.md: invented people, invented payers.

They are records of the domain, encoded by the same code that answers requests; a test
sends every request example to a running service.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from api.fixes_example import EXAMPLE_FIXES
from denialml.domain.appeal import AppealDraft, LetterBlock, MissingEvidence
from denialml.domain.chain import ClaimState
from denialml.domain.claim import (
    Address,
    Claim,
    ClaimPayer,
    Diagnosis,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.denial import (
    CauseProbability,
    Deadline,
    DeadlineBasis,
    Denial,
    RootCause,
    RootCauseFinding,
    Route,
    RouteFinding,
)
from denialml.domain.edit import ClaimDecision, Decision, EditFinding, Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord, PracticeGap
from denialml.domain.remittance import ClaimAdjustment
from denialml.domain.risk import Contribution, ExpectedLoss, LineRisk, RiskScore
from denialml.journeys.ingest import IngestReport
from denialml.journeys.worklist import CodeInWords, DenialView
from denialml.store.denials import StoredDenial

EXAMPLE_CLAIM = Claim(
    patient_control_number="EXAMPLE-0001",
    total_charge=Decimal("180.00"),
    payer=ClaimPayer(payer_id="NGHP1", name="Northgate Health Plan (invented)"),
    subscriber=Subscriber(
        member_id="EXM0000001",
        last_name="Example",
        first_name="Robin",
        birth_date=date(1990, 1, 1),
        gender="U",
        claim_filing_code="CI",
    ),
    billing_provider=Provider(
        name="Example Counseling Group",
        npi="1234567893",
        tax_id="000000000",
        address=Address(
            street="1 Example Way",
            city="Springfield",
            state="IL",
            postal_code="627010000",
        ),
    ),
    rendering_provider=Provider(
        name="Sample", first_name="Alex", npi="1234567893", taxonomy_code="101YM0800X"
    ),
    diagnoses=(Diagnosis(code="F411", qualifier="ABK"),),
    place_of_service="11",
    medical_record_number="EXAMPLE-MRN-1",
    lines=(
        ServiceLine(
            line_number=1,
            procedure_code="90837",
            charge=Decimal("180.00"),
            service_date=date(2026, 10, 5),
        ),
    ),
)

EXAMPLE_GAP = PracticeGap(
    missing_record=MissingRecord.ENROLLMENT,
    missing_field="",
    rule_ids=("BH-095",),
    facts=("the clinician's enrollment with the payer",),
    claims=1,
    statement="The practice has no enrollments on file: BH-095 cannot be decided.",
    advice="Send enrollments.csv (docs/formats.md).",
)
EXAMPLE_SCORE = RiskScore(
    patient_control_number="EXAMPLE-0001",
    as_of=date(2026, 10, 6),
    model_version="denial-risk-20261001",
    probability=0.41,
    lines=(
        LineRisk(
            line_number=1,
            procedure_code="90837",
            probability=0.41,
            raw_output=-0.25,
            base=-1.5,
            contributions=(
                Contribution(
                    feature="authorization_on_file",
                    value=0.0,
                    value_text="none",
                    contribution=1.25,
                    sentence="No authorization is on file for 90837.",
                    remedy="Obtain an authorization before sending the claim.",
                ),
            ),
            expected_loss=ExpectedLoss(
                amount=Decimal("44.75"),
                probability=Decimal("0.41"),
                usual_payment=Decimal("128.40"),
                unrecovered_share=Decimal("0.85"),
                payments=212,
                denials=40,
            ),
        ),
    ),
    reasons=("No authorization is on file for 90837.",),
    expected_loss=Decimal("44.75"),
    findings=(
        EditFinding(
            rule_id="BH-036",
            title="Psychotherapy minutes below the code's band",
            verdict="found",
            severity=Severity.DENY_LIKELY,
            line_numbers=(1,),
            statement="90837 takes 53 documented minutes; the note has 45.",
            missing="",
            fields=("2400 SV101-2", "encounter minutes"),
            reason_codes=("150", "152"),
            remark_codes=("N163", "N443", "M25"),
            root_cause=RootCause.CODING_TIME_UNITS,
            fix="Bill the code whose band holds the documented minutes.",
            fix_class=FixClass.NEEDS_DOCUMENTATION,
            fix_by=FixBy.BILLER,
            source="CPT midpoint rule, rulebook BH-036",
            support="verified",
            rests_on_default=False,
        ),
    ),
    decision=ClaimDecision(
        decision=Decision.WARN,
        reasons=("90837 takes 53 documented minutes; the note has 45.",),
    ),
    fixes=EXAMPLE_FIXES,
)
_FINDING = RootCauseFinding(
    root_cause=RootCause.AUTH_MISSING,
    probability=0.86,
    runner_up=RootCause.AUTH_MISMATCH,
    runner_up_probability=0.11,
    probabilities=(
        CauseProbability(root_cause=RootCause.AUTH_MISSING, probability=0.86),
        CauseProbability(root_cause=RootCause.AUTH_MISMATCH, probability=0.11),
    ),
    basis=("No authorization is on file for this patient and code.",),
)
_ROUTE = RouteFinding(
    route=Route.APPEAL,
    reason="The payer may grant an authorization after the fact.",
)
_DEADLINE = Deadline(
    status="configured",
    due_on=date(2027, 4, 18),
    bases=(
        DeadlineBasis(
            rule="payer_window",
            due_on=date(2027, 4, 18),
            counted_from=date(2026, 10, 20),
            length="180 days",
            support="set by the practice",
            source="payers.csv",
        ),
    ),
)
EXAMPLE_DENIAL = StoredDenial(
    denial=Denial(
        denial_id="den_example",
        claim_id="clm_example",
        payment_id="pay_example",
        line_number=1,
        patient_control_number="EXAMPLE-0001",
        payer_id="NGHP1",
        payer_name="Northgate Health Plan (invented)",
        payer_claim_control_number="NG000001",
        procedure_code="90837",
        modifiers=(),
        service_date=date(2026, 10, 5),
        denied_on=date(2026, 10, 20),
        charge=Decimal("180.00"),
        paid=Decimal("0.00"),
        denied_amount=Decimal("180.00"),
        adjustments=(
            ClaimAdjustment(
                group_code="CO", reason_code="197", amount=Decimal("180.00")
            ),
        ),
        remark_codes=(),
    ),
    status="open",
    found_at=datetime(2026, 10, 21, 9, 0, tzinfo=UTC),
    finding=_FINDING,
    route=_ROUTE,
    deadline=_DEADLINE,
)

EXAMPLE_DENIAL_VIEW = DenialView(
    stored=EXAMPLE_DENIAL,
    cause_label="Authorization missing",
    reasons=(CodeInWords(code="CO-197", label="Authorization or notification absent"),),
    remarks=(),
    days_left=180,
    filing_deadline=None,
    claim_state=ClaimState.DENIED,
    net_paid=Decimal("0.00"),
    candidates="Authorization missing; 90% of such sets hold the true cause (measured "
    "on simulated practices).",
)
EXAMPLE_INGEST_REPORT = IngestReport(
    file="remittance.835",
    file_id="fil_example",
    sha256="0" * 64,
    complete=True,
    transactions={"835": 1},
    records_read={"Remittance": 1, "ClaimPayment": 1},
    records_new={"Remittance": 1, "ClaimPayment": 1},
    records_replaced={},
    records_known={},
    payments_matched=1,
    payments_unmatched=0,
    lines_answered=1,
    services_unmatched=0,
    problems=(),
)

EXAMPLE_DRAFT = AppealDraft(
    draft_id="drf_example",
    denial_id="den_example",
    template="authorization_missing",
    template_version="1",
    status="draft",
    drafted_at=datetime(2026, 10, 22, 9, 0, tzinfo=UTC),
    subject="Appeal of claim EXAMPLE-0001",
    blocks=(
        LetterBlock(
            kind="paragraph",
            text="Payment of claim EXAMPLE-0001 is requested.",
            sources=("claim:CLM01",),
        ),
    ),
    exhibits=(),
    withheld=(),
    missing=(
        MissingEvidence(
            kind="authorization_letter",
            why="No authorization letter is on file.",
            supplied_by="the payer's portal",
        ),
    ),
    citations=(),
    finding=_FINDING,
    route=_ROUTE,
    deadline=_DEADLINE,
    denial_ids=("den_example",),
)


def as_json(record: object) -> Any:
    """A record as the JSON values that the API sends."""
    return msgspec.json.decode(msgspec.json.encode(record))


def example_837p() -> str:
    """The example claim as an X12 837P file, one segment per line."""
    segments = (
        "ISA*00*          *00*          *ZZ*EXAMPLE        *ZZ*NGHP1          "
        "*261006*0900*^*00501*000000001*0*T*:",
        "GS*HC*EXAMPLE*NGHP1*20261006*0900*1*X*005010X222A1",
        "ST*837*0001*005010X222A1",
        "BHT*0019*00*1*20261006*0900*CH",
        "NM1*41*2*EXAMPLE COUNSELING GROUP*****46*EXAMPLE",
        "PER*IC*BILLING*TE*5555550100",
        "NM1*40*2*NORTHGATE HEALTH PLAN*****46*NGHP1",
        "HL*1**20*1",
        "NM1*85*2*EXAMPLE COUNSELING GROUP*****XX*1234567893",
        "N3*1 EXAMPLE WAY",
        "N4*SPRINGFIELD*IL*627010000",
        "REF*EI*000000000",
        "HL*2*1*22*0",
        "SBR*P*18*******CI",
        "NM1*IL*1*EXAMPLE*ROBIN****MI*EXM0000001",
        "N3*2 EXAMPLE WAY",
        "N4*SPRINGFIELD*IL*62701",
        "DMG*D8*19900101*U",
        "NM1*PR*2*NORTHGATE HEALTH PLAN*****PI*NGHP1",
        "CLM*EXAMPLE-0001*180***11:B:1*Y*A*Y*Y",
        "REF*EA*EXAMPLE-MRN-1",
        "HI*ABK:F411",
        "NM1*82*1*SAMPLE*ALEX****XX*1234567893",
        "LX*1",
        "SV1*HC:90837*180*UN*1***1",
        "DTP*472*D8*20261005",
        "SE*25*0001",
        "GE*1*1",
        "IEA*1*000000001",
    )
    return "".join(f"{segment}~\n" for segment in segments)


def example_authorization() -> str:
    """The authorization that the example claim was sent without, as authorizations.csv.

    With it on file a corrected claim can be asked for from the record alone.
    """
    return (
        "authorization_number,payer_id,member_id,issued_on,decision,"
        "medical_record_number,procedure_codes,units,begins_on,ends_on\n"
        "NGAUTH0001,NGHP1,EXM0000001,2026-09-25,approved,EXAMPLE-MRN-1,90837,20,"
        "2026-10-01,2026-12-31\n"
    )


def example_835() -> str:
    """A remittance that denies the example claim for a missing authorization."""
    segments = (
        "ISA*00*          *00*          *ZZ*NGHP1          *ZZ*EXAMPLE        "
        "*261020*0900*^*00501*000000002*0*T*:",
        "GS*HP*NGHP1*EXAMPLE*20261020*0900*2*X*005010X221A1",
        "ST*835*0001",
        "BPR*H*0*C*NON************20261020",
        "TRN*1*EXAMPLE0001*1000000000",
        "DTM*405*20261020",
        "N1*PR*NORTHGATE HEALTH PLAN*XV*NGHP1",
        "N3*PO BOX 1",
        "N4*SPRINGFIELD*IL*62701",
        "PER*BL*PROVIDER SERVICES*TE*5555550101",
        "N1*PE*EXAMPLE COUNSELING GROUP*XX*1234567893",
        "LX*1",
        "CLP*EXAMPLE-0001*4*180*0*0*12*NG000001*11",
        "NM1*QC*1*EXAMPLE*ROBIN****MI*EXM0000001",
        "SVC*HC:90837*180*0**1",
        "DTM*472*20261005",
        "CAS*CO*197*180",
        "SE*16*0001",
        "GE*1*2",
        "IEA*1*000000002",
    )
    return "".join(f"{segment}~\n" for segment in segments)
