"""A hand-made practice with one rule per payer, for tests of training and scoring.

Not a simulation of anything: P1 denies 90837 without an authorization (197), P2
denies telehealth without modifier 95 (4), both deny one line in fifty at random.
"""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.claim import (
    Claim,
    ClaimPayer,
    Diagnosis,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.coverage import (
    Authorization,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
)
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.domain.remittance import ClaimAdjustment

FIRST_DAY = date(2023, 1, 2)


def make_claim(
    number: str,
    *,
    day: date,
    payer: str = "P1",
    patient: str = "R1",
    codes: tuple[str, ...] = ("90837",),
    place: str = "11",
    modifiers: tuple[str, ...] = (),
    submitted_on: date | None = None,
    frequency_code: str = "1",
) -> Claim:
    return Claim(
        patient_control_number=number,
        total_charge=Decimal(150) * len(codes),
        payer=ClaimPayer(payer_id=payer, name=f"Payer {payer}"),
        subscriber=Subscriber(member_id=f"M-{patient}", last_name="CANARYNAME"),
        billing_provider=Provider(name="Practice", npi="1999999984"),
        rendering_provider=Provider(npi="1888888885", taxonomy_code="1041C0700X"),
        medical_record_number=patient,
        diagnoses=(Diagnosis(code="F411", qualifier="ABK"),),
        place_of_service=place,
        submitted_on=submitted_on or day + timedelta(days=3),
        frequency_code=frequency_code,
        lines=tuple(
            ServiceLine(
                line_number=position,
                procedure_code=code,
                charge=Decimal(150),
                service_date=day,
                modifiers=modifiers,
            )
            for position, code in enumerate(codes, start=1)
        ),
    )


def answer(
    claim_id: str,
    *,
    received_on: date,
    line_number: int = 1,
    reason_code: str = "",
    outcome: LineOutcome | None = None,
) -> LineAdjudication:
    adjustments = (
        (
            ClaimAdjustment(
                group_code="CO", reason_code=reason_code, amount=Decimal(150)
            ),
        )
        if reason_code
        else ()
    )
    if outcome is None:
        outcome = LineOutcome.DENIED if reason_code else LineOutcome.PAID
    return LineAdjudication(
        claim_id=claim_id,
        line_number=line_number,
        payment_id=f"pay-{claim_id}-{line_number}",
        received_on=received_on,
        outcome=outcome,
        charge=Decimal(150),
        paid=Decimal(0) if reason_code else Decimal(100),
        allowed=None,
        adjustments=adjustments,
        remark_codes=(),
    )


def make_practice(
    *, patients: int = 60, weeks: int = 60, seed: int = 5
) -> PracticeRecords:
    random = Random(seed)
    submitted, answers, encounters, authorizations, checks = [], [], [], [], []
    for at in range(patients):
        patient, payer = f"R{at}", "P1" if at % 2 else "P2"
        authorized = random.random() < 0.6
        remote = random.random() < 0.5
        if authorized:
            authorizations.append(
                Authorization(
                    authorization_number=f"A{at}",
                    payer_id=payer,
                    member_id=f"M-{patient}",
                    medical_record_number=patient,
                    issued_on=FIRST_DAY,
                    begins_on=FIRST_DAY,
                    ends_on=FIRST_DAY + timedelta(days=7 * weeks),
                    procedure_codes=("90837",),
                )
            )
        checks.append(
            EligibilityCheck(
                checked_on=FIRST_DAY + timedelta(days=at % 30),
                payer_id=payer,
                member_id=f"M-{patient}",
                result=EligibilityResult.ACTIVE,
            )
        )
        for week in range(weeks):
            day = FIRST_DAY + timedelta(days=7 * week + at % 5)
            codes = ("90837", "90785") if random.random() < 0.2 else ("90837",)
            marked = random.random() < 0.7
            claim = make_claim(
                f"C{at}-{week}",
                day=day,
                payer=payer,
                patient=patient,
                codes=codes,
                place="10" if remote else "11",
                modifiers=("95",) if remote and marked else (),
            )
            claim_id = f"c{at:03}-{week:03}"
            assert claim.submitted_on is not None
            submitted.append(
                SubmittedClaim(
                    claim_id=claim_id, submitted_on=claim.submitted_on, claim=claim
                )
            )
            encounters.append(
                Encounter(
                    encounter_id=f"e{at}-{week}",
                    service_date=day,
                    clinician_npi="1888888885",
                    medical_record_number=patient,
                    minutes=55 + week % 5,
                    signed_on=day,
                )
            )
            received = claim.submitted_on + timedelta(days=random.randint(9, 25))
            for line in claim.lines:
                reason = ""
                if payer == "P1" and not authorized and line.line_number == 1:
                    reason = "197" if random.random() < 0.85 else ""
                if payer == "P2" and remote and not marked:
                    reason = "4" if random.random() < 0.8 else ""
                if random.random() < 0.02:
                    reason = "16"
                answers.append(
                    answer(
                        claim_id,
                        received_on=received,
                        line_number=line.line_number,
                        reason_code=reason,
                    )
                )
    return PracticeRecords(
        payers=(
            Payer(payer_id="P1", name="Payer P1", filing_limit_days=90),
            Payer(payer_id="P2", name="Payer P2"),
        ),
        enrollments=(
            Enrollment(
                clinician_npi="1888888885", payer_id="P1", effective_on=FIRST_DAY
            ),
        ),
        eligibility_checks=tuple(checks),
        authorizations=tuple(authorizations),
        encounters=tuple(encounters),
        submitted_claims=tuple(submitted),
        adjudications=tuple(answers),
    )
