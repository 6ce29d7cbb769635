"""Every kind of the catalogue: where it is named, where it just is not, and where the
record that would prove it is missing."""

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.claim import Patient, Provider
from denialml.domain.coverage import (
    AuthorizationDecision,
    EligibilityResult,
    Payer,
    PayerType,
)
from denialml.domain.encounter import Encounter, Modality
from denialml.domain.fix import FixClass
from denialml.domain.remittance import ClaimAdjustment
from denialml.fixes.candidate import Candidate, FixKind
from denialml.fixes.catalog import candidates_of
from denialml.fixes.elements import EDITABLE, corrected
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import (
    DAY,
    NPI,
    SENT_ON,
    authorization,
    case,
    changed,
    check,
    claim,
    clinician,
    earlier_claim,
    enrollment,
    line,
    note,
)

OTHER_NPI = "1999010022"
Edits = dict[tuple[str, int | None], tuple[str, str]]
NEXT_SPAN = check(checked_on=date(2026, 4, 20), coverage_begin=date(2026, 4, 1))


class Named(NamedTuple):
    """A fix that is named: what it edits, and a part of what it says."""

    kind: FixKind
    case: Callable[[], ClaimCase]
    edits: Edits
    says: str = ""
    assumes: str = ""


class Silent(NamedTuple):
    """A kind that is not named, with the reason."""

    kind: FixKind
    why: str
    case: Callable[[], ClaimCase]


def video(**fields: Any) -> Encounter:
    usual: dict[str, Any] = {
        "modality": Modality.VIDEO,
        "patient_location": "home",
    }
    return note(**(usual | fields))


def telehealth_payer(**fields: Any) -> Payer:
    usual: dict[str, Any] = {
        "payer_id": "P1",
        "name": "Plan",
        "payer_type": PayerType.COMMERCIAL,
        "telehealth_place_of_service": "10",
        "telehealth_modifier": "95",
        "audio_only_modifier": "93",
    }
    return Payer(**(usual | fields))


def answer(**fields: Any) -> LineAdjudication:
    usual: dict[str, Any] = {
        "claim_id": "earlier-0",
        "line_number": 1,
        "payment_id": "pay_1",
        "received_on": date(2026, 3, 4),
        "outcome": LineOutcome.DENIED,
        "charge": Decimal(150),
        "paid": Decimal(0),
        "allowed": None,
        "adjustments": (),
        "remark_codes": (),
        "payer_claim_control_number": "PCN77",
    }
    return LineAdjudication(**(usual | fields))


def resent(**fields: Any) -> ClaimCase:
    """The claim C1, which went to the payer in the same form on March 3rd."""
    usual: dict[str, Any] = {
        "earlier": [earlier_claim(on=date(2026, 3, 3), patient_control_number="C1")],
    }
    return case(**(usual | fields))


def two_states() -> ClaimCase:
    """Two lines: an authorization that ended, and one that begins later."""
    return case(
        line("90834"),
        line("90837", number=2),
        authorizations=[
            authorization(ends_on=date(2026, 2, 1)),
            authorization(
                authorization_number="A2",
                procedure_codes=("90837",),
                begins_on=date(2026, 3, 9),
            ),
        ],
    )


TAKES_SEVEN = Payer(
    payer_id="P1",
    name="Plan",
    payer_type=PayerType.COMMERCIAL,
    accepts_frequency_7=True,
    corrected_claim_limit_days=180,
)
SUPERVISED = clinician(is_supervised=True, supervisor_npi=OTHER_NPI)
SUPERVISOR = clinician(npi=OTHER_NPI, last_name="Larkbrook", first_name="Wren")

NAMED = [
    Named(
        FixKind.ATTACH_AUTHORIZATION,
        lambda: case(authorizations=[authorization()]),
        {("2300 REF*G1", None): ("", "A1")},
        says="A1",
    ),
    Named(
        FixKind.ATTACH_AUTHORIZATION,
        lambda: case(
            line("90834"),
            line("90847", number=2, prior_authorization_number="A9"),
            authorizations=[authorization()],
        ),
        {("2400 REF*G1", 1): ("", "A1")},
    ),
    Named(
        FixKind.CORRECT_AUTHORIZATION_NUMBER,
        lambda: case(
            prior_authorization_number="A0",
            authorizations=[
                authorization(authorization_number="A0", ends_on=date(2026, 2, 1)),
                authorization(),
            ],
        ),
        {("2300 REF*G1", None): ("A0", "A1")},
    ),
    Named(
        FixKind.CORRECT_AUTHORIZATION_NUMBER,
        lambda: case(
            line(prior_authorization_number="a-1"),
            line(number=2, service_date=date(2026, 3, 3)),
            authorizations=[authorization()],
        ),
        {("2400 REF*G1", 1): ("a-1", "A1")},
    ),
    Named(
        FixKind.REQUEST_AUTHORIZATION,
        case,
        {},
        says="retroactive authorization of 90834",
        assumes="the payer authorizes",
    ),
    Named(
        FixKind.EXTEND_AUTHORIZATION,
        lambda: case(authorizations=[authorization(ends_on=date(2026, 3, 1))]),
        {},
        says="ended before the service",
    ),
    Named(
        FixKind.EXTEND_AUTHORIZATION,
        lambda: case(authorizations=[authorization(units=Decimal(0))]),
        {},
        says="too few units left",
    ),
    Named(
        FixKind.EXTEND_AUTHORIZATION,
        lambda: case(authorizations=[authorization(procedure_codes=("90847",))]),
        {},
        says="other codes",
    ),
    Named(
        FixKind.EXTEND_AUTHORIZATION,
        lambda: case(
            authorizations=[authorization(decision=AuthorizationDecision.DENIED)]
        ),
        {},
        says="was refused",
    ),
    Named(
        FixKind.EXTEND_AUTHORIZATION,
        lambda: case(authorizations=[authorization(begins_on=date(2026, 3, 9))]),
        {},
        says="begins after the service",
    ),
    Named(
        FixKind.EXTEND_AUTHORIZATION,
        lambda: case(
            authorizations=[
                authorization(
                    authorization_number="", decision=AuthorizationDecision.DENIED
                )
            ]
        ),
        {},
        says="An authorization without a number was refused: appeal",
    ),
    Named(
        FixKind.EXTEND_AUTHORIZATION,
        lambda: two_states(),
        {},
        says="For 90834, authorization A1 ended before the service: ask the payer to"
        " extend it, or to date an extension back. For 90837, authorization A2 begins"
        " after the service: ask the payer to date it back. Hold the claim until the"
        " payer answers; the date of service stays as it is.",
    ),
    Named(
        FixKind.EXTEND_AUTHORIZATION,
        lambda: case(
            line("90834"),
            line("90837", number=2),
            authorizations=[authorization(decision=AuthorizationDecision.DENIED)],
        ),
        {},
        says="For 90834, authorization A1 was refused: appeal that decision or ask for"
        " a new one. Ask the payer for a retroactive authorization of 90837, and get"
        " one before the next visit. Hold the claim",
    ),
    Named(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        lambda: case(
            line(place_of_service=""),
            payer=telehealth_payer(),
            notes=[video()],
        ),
        {("2300 CLM05-1", None): ("11", "10")},
    ),
    Named(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        lambda: case(
            line(place_of_service="11", modifiers=("95",)),
            payer=telehealth_payer(telehealth_place_of_service="02"),
            notes=[video()],
        ),
        {("2400 SV105", 1): ("11", "02")},
    ),
    Named(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        lambda: case(
            line(place_of_service="10"),
            notes=[note(patient_location="office")],
        ),
        {("2400 SV105", 1): ("10", "11")},
        says="11",
    ),
    Named(
        FixKind.CORRECT_TELEHEALTH_MODIFIER,
        lambda: case(
            line(place_of_service="10"), payer=telehealth_payer(), notes=[video()]
        ),
        {("2400 SV101-3 to SV101-6", 1): ("", "95")},
        says="Add modifier 95",
    ),
    Named(
        FixKind.CORRECT_TELEHEALTH_MODIFIER,
        lambda: case(
            line(place_of_service="10", modifiers=("HO", "95")),
            payer=telehealth_payer(),
            notes=[video(modality=Modality.AUDIO)],
        ),
        {("2400 SV101-3 to SV101-6", 1): ("HO 95", "HO 93")},
        says="Add modifier 93 and take off 95",
    ),
    Named(
        FixKind.CORRECT_TELEHEALTH_MODIFIER,
        lambda: case(
            line(modifiers=("95",)), payer=telehealth_payer(), notes=[note()]
        ),
        {("2400 SV101-3 to SV101-6", 1): ("95", "")},
        says="Take off 95",
    ),
    Named(
        FixKind.ADD_DEGREE_MODIFIER,
        lambda: case(
            policy=PayerPolicy(degree_modifiers={"LCSW": "AJ"}),
            clinicians=[clinician()],
        ),
        {("2400 SV101-3 to SV101-6", 1): ("", "AJ")},
    ),
    Named(
        FixKind.ADD_DEGREE_MODIFIER,
        lambda: case(
            line(modifiers=("HO", "95")),
            policy=PayerPolicy(degree_modifiers={"LCSW": "AJ"}),
            clinicians=[clinician()],
        ),
        {("2400 SV101-3 to SV101-6", 1): ("HO 95", "95 AJ")},
    ),
    Named(
        FixKind.CORRECT_MEMBER_NUMBER,
        lambda: case(checks=[check(member_id="M2", checked_on=DAY)]),
        {("2010BA NM109", None): ("M1", "M2")},
    ),
    Named(
        FixKind.CORRECT_DEMOGRAPHICS,
        lambda: case(
            checks=[
                check(
                    checked_on=DAY,
                    last_name="Crag Bottom-Lee",
                    first_name="Juniper",
                    birth_date=date(1980, 5, 1),
                )
            ]
        ),
        {("2010BA NM103", None): ("Cragbottom", "Crag Bottom-Lee")},
    ),
    Named(
        FixKind.CORRECT_DEMOGRAPHICS,
        lambda: case(
            checks=[
                check(
                    service_date=DAY,
                    last_name="CRAGBOTTOM",
                    first_name="JUNIPER A",
                    birth_date=date(1980, 1, 5),
                    gender="M",
                )
            ]
        ),
        {("2010BA DMG02", None): ("1980-05-01", "1980-01-05")},
    ),
    Named(
        FixKind.CORRECT_DEMOGRAPHICS,
        lambda: case(
            checks=[
                check(
                    service_date=DAY,
                    last_name="CRAGBOTTOM",
                    first_name="JUNIPER",
                    birth_date=date(1980, 5, 1),
                    gender="Male",
                )
            ]
        ),
        {("2010BA DMG03", None): ("F", "M")},
    ),
    Named(
        FixKind.CORRECT_DEMOGRAPHICS,
        lambda: case(
            patient=Patient(
                last_name="Cragbottom", first_name="Ash", birth_date=date(2015, 2, 2)
            ),
            checks=[
                check(
                    checked_on=DAY,
                    last_name="Cragbottom",
                    first_name="Ash",
                    birth_date=date(2015, 2, 3),
                )
            ],
        ),
        {("2010CA DMG02", None): ("2015-02-02", "2015-02-03")},
    ),
    Named(
        FixKind.CORRECT_TAXONOMY_CODE,
        lambda: case(
            rendering_provider=Provider(npi=NPI),
            clinicians=[clinician()],
        ),
        {("2310B PRV03", None): ("", "1041C0700X")},
    ),
    Named(
        FixKind.CORRECT_TAXONOMY_CODE,
        lambda: case(
            line(rendering_provider=Provider(npi=OTHER_NPI, taxonomy_code="X")),
            clinicians=[clinician(npi=OTHER_NPI, taxonomy_code="103T00000X")],
        ),
        {("2420A PRV03", 1): ("X", "103T00000X")},
    ),
    Named(
        FixKind.ADD_SUPERVISOR,
        lambda: case(clinicians=[SUPERVISED, SUPERVISOR]),
        {
            ("2310D NM103", None): ("", "Larkbrook"),
            ("2310D NM104", None): ("", "Wren"),
            ("2310D NM109", None): ("", OTHER_NPI),
        },
    ),
    Named(
        FixKind.ADD_ORIGINAL_CLAIM_NUMBER,
        lambda: resent(frequency_code="7", answers=[answer()]),
        {("2300 REF*F8", None): ("", "PCN77")},
    ),
    Named(
        FixKind.ADD_ORIGINAL_CLAIM_NUMBER,
        lambda: resent(
            frequency_code="7",
            answers=[
                answer(),
                answer(
                    received_on=date(2026, 3, 4),
                    sequence=1,
                    payment_id="pay_2",
                    payer_claim_control_number="PCN78",
                ),
            ],
        ),
        {("2300 REF*F8", None): ("", "PCN78")},
    ),
    Named(
        FixKind.SEND_AS_REPLACEMENT,
        lambda: resent(payer=TAKES_SEVEN, answers=[answer()]),
        {
            ("2300 CLM05-3", None): ("1", "7"),
            ("2300 REF*F8", None): ("", "PCN77"),
        },
    ),
    Named(
        FixKind.WAIT_FOR_ANSWER, resent, {}, says="wait for its answer"
    ),
    Named(
        FixKind.WAIT_FOR_ANSWER,
        lambda: resent(answers=[answer(outcome=LineOutcome.PAID)]),
        {},
        says="and paid",
    ),
    Named(
        FixKind.CORRECT_TOTAL_CHARGE,
        lambda: case(line(), line(number=2), total_charge=Decimal("250.00")),
        {("2300 CLM02", None): ("250.00", "300.00")},
    ),
    Named(
        FixKind.REDUCE_UNITS,
        lambda: case(
            line("97153", units=Decimal(8), charge=Decimal(160)),
            notes=[note(minutes=90)],
        ),
        {
            ("2400 SV104", 1): ("8", "6"),
            ("2400 SV102", 1): ("160", "120.00"),
        },
        says="6 units of 97153",
    ),
    Named(
        FixKind.REDUCE_UNITS,
        lambda: case(
            line("97153", units=Decimal(8), charge=Decimal(160)),
            notes=[note(minutes=104)],
            policy=PayerPolicy(units_rounding="whole"),
        ),
        {
            ("2400 SV104", 1): ("8", "6"),
            ("2400 SV102", 1): ("160", "120.00"),
        },
    ),
    Named(
        FixKind.BILL_DOCUMENTED_CODE,
        lambda: case(
            line("90837"),
            notes=[note(minutes=45)],
            earlier=[earlier_claim(line(charge=Decimal(120)), on=date(2026, 2, 1))],
        ),
        {
            ("2400 SV101-2", 1): ("90837", "90834"),
            ("2400 SV102", 1): ("150.00", "120"),
        },
        says="45 documented minutes",
    ),
    Named(
        FixKind.BILL_DOCUMENTED_CODE,
        lambda: case(
            line("90837"),
            notes=[note(started_at=time(9), stopped_at=time(9, 16), minutes=None)],
            earlier=[
                earlier_claim(line("90832", charge=Decimal(70)), on=date(2026, 2, 1))
            ],
        ),
        {
            ("2400 SV101-2", 1): ("90837", "90832"),
            ("2400 SV102", 1): ("150.00", "70"),
        },
    ),
    Named(
        FixKind.FOLLOW_RULE,
        lambda: case(line("90837"), notes=[note(minutes=45)]),
        {},
        says="which is not on file",
    ),
    Named(
        FixKind.SIGN_NOTE,
        lambda: case(notes=[note(signed_on=None)]),
        {},
        assumes="signs the note",
    ),
    Named(
        FixKind.FILE_NOTE, case, {}, assumes="was written for this session"
    ),
    Named(
        FixKind.VERIFY_ELIGIBILITY,
        lambda: case(
            checks=[NEXT_SPAN],
            as_of=date(2026, 5, 1),
        ),
        {},
        says="its nearest answer is of 2026-04-20",
    ),
    Named(
        FixKind.EXTEND_AUTHORIZATION,
        lambda: case(
            authorizations=[
                authorization(
                    procedure_codes=("90847",),
                    begins_on=date(2026, 1, 1),
                    ends_on=date(2026, 2, 1),
                )
            ]
        ),
        {},
        says="is for other codes and other dates: ask the payer to authorize the code",
    ),
    Named(
        FixKind.DOCUMENT_TIME,
        lambda: case(notes=[note(minutes=None)]),
        {},
        assumes="at least 38 minutes",
    ),
    Named(
        FixKind.FILE_TREATMENT_PLAN,
        lambda: case(notes=[note(treatment_plan_on=None)]),
        {},
        says="If there was none",
    ),
    Named(
        FixKind.FILE_TREATMENT_PLAN,
        lambda: case(
            notes=[note()], policy=PayerPolicy(treatment_plan_days=28)
        ),
        {},
    ),
    Named(
        FixKind.VERIFY_ELIGIBILITY,
        case,
        {},
        says="no answer of this payer is on file",
        assumes="coverage was active",
    ),
    Named(
        FixKind.VERIFY_ELIGIBILITY,
        lambda: case(checks=[check()]),
        {},
        says="its nearest answer is of 2026-03-01",
    ),
    Named(
        FixKind.VERIFY_ELIGIBILITY,
        lambda: case(
            checks=[check(checked_on=SENT_ON, result=EligibilityResult.UNKNOWN)]
        ),
        {},
        says="does not tell",
    ),
    Named(
        FixKind.FIND_COVERAGE,
        lambda: case(
            checks=[check(checked_on=SENT_ON, result=EligibilityResult.INACTIVE)]
        ),
        {},
        says="shows no coverage on 2026-03-02",
    ),
    Named(
        FixKind.FIND_COVERAGE,
        lambda: case(checks=[check(coverage_end=date(2026, 3, 1))]),
        {},
        says="coverage granted back",
    ),
    Named(
        FixKind.BILL_PAYER_ON_FILE,
        lambda: case(
            checks=[
                check(result=EligibilityResult.INACTIVE),
                check(payer_id="P2", plan_name="Other Plan", member_id="X9"),
            ]
        ),
        {},
        says="Other Plan (P2)",
    ),
    Named(
        FixKind.SETTLE_OTHER_PAYER,
        lambda: case(checks=[check(other_payer_name="Elsewhere Casualty")]),
        {},
        says="Elsewhere Casualty",
    ),
    Named(
        FixKind.FINISH_ENROLLMENT,
        lambda: case(enrollments=[enrollment(effective_on=date(2026, 3, 3))]),
        {},
        says="begins after the service",
    ),
    Named(
        FixKind.FINISH_ENROLLMENT,
        lambda: case(enrollments=[enrollment(payer_id="P2")]),
        {},
        says="is not on file",
    ),
    Named(
        FixKind.CONFIRM_ENROLLMENT,
        lambda: case(enrollments=[enrollment()]),
        {},
        says="loaded for the date of service",
    ),
    Named(
        FixKind.OBTAIN_REFERRAL, case, {}, assumes="accepts a referral"
    ),
    Named(
        FixKind.CHANGE_CODE,
        lambda: case(line("90837")),
        {},
        says="90834 and 90832, is not suggested for 90837: no signed note is on file",
    ),
    Named(
        FixKind.CHANGE_CODE,
        lambda: case(line("90837"), notes=[note(minutes=None)]),
        {},
        says="documents no minutes",
    ),
    Named(
        FixKind.CHANGE_CLINICIAN,
        lambda: case(notes=[note(clinician_npi=OTHER_NPI)]),
        {},
        says="nothing on file proves who held it",
    ),
]  # fmt: skip

SILENT = [
    Silent(
        FixKind.ATTACH_AUTHORIZATION,
        "its number is on the claim",
        lambda: case(prior_authorization_number="A1", authorizations=[authorization()]),
    ),
    Silent(
        FixKind.ATTACH_AUTHORIZATION,
        "it was issued after the claim is sent",
        lambda: case(authorizations=[authorization(issued_on=date(2026, 3, 6))]),
    ),
    Silent(
        FixKind.ATTACH_AUTHORIZATION,
        "it is another clinician's",
        lambda: case(authorizations=[authorization(clinician_npi=OTHER_NPI)]),
    ),
    Silent(
        FixKind.ATTACH_AUTHORIZATION,
        "original Medicare authorizes none",
        lambda: case(payer_type=PayerType.MEDICARE, authorizations=[authorization()]),
    ),
    Silent(
        FixKind.ATTACH_AUTHORIZATION,
        "the payer has not decided",
        lambda: case(
            authorizations=[authorization(decision=AuthorizationDecision.PENDED)]
        ),
    ),
    Silent(
        FixKind.ATTACH_AUTHORIZATION,
        "the first unit after the last one",
        lambda: case(
            line(units=Decimal(2)), authorizations=[authorization(units=Decimal(1))]
        ),
    ),
    Silent(
        FixKind.ATTACH_AUTHORIZATION,
        "the payer has given it no number",
        lambda: case(authorizations=[authorization(authorization_number="")]),
    ),
    Silent(
        FixKind.CORRECT_AUTHORIZATION_NUMBER,
        "the one that covers the service has no number",
        lambda: case(
            prior_authorization_number="A0",
            authorizations=[
                authorization(authorization_number="A0", ends_on=date(2026, 2, 1)),
                authorization(authorization_number=""),
            ],
        ),
    ),
    Silent(
        FixKind.CORRECT_AUTHORIZATION_NUMBER,
        "a number that is not on file may be newer than the records",
        lambda: case(prior_authorization_number="B7", authorizations=[authorization()]),
    ),
    Silent(
        FixKind.REQUEST_AUTHORIZATION,
        "the practice has written down that the code needs none",
        lambda: case(policy=PayerPolicy(authorization_codes=("97153",))),
    ),
    Silent(
        FixKind.EXTEND_AUTHORIZATION,
        "its last day is the day of service",
        lambda: case(authorizations=[authorization(ends_on=DAY)]),
    ),
    Silent(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        "the note is not signed",
        lambda: case(payer=telehealth_payer(), notes=[video(signed_on=None)]),
    ),
    Silent(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        "the note is another clinician's",
        lambda: case(payer=telehealth_payer(), notes=[video(clinician_npi=OTHER_NPI)]),
    ),
    Silent(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        "the note does not say where the patient was",
        lambda: case(payer=telehealth_payer(), notes=[video(patient_location="")]),
    ),
    Silent(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        "the payer's own place is not written down",
        lambda: case(notes=[video()]),
    ),
    Silent(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        "a hospital has rules of its own",
        lambda: case(
            line(place_of_service="22"),
            payer=telehealth_payer(),
            notes=[video()],
        ),
    ),
    Silent(
        FixKind.CORRECT_PLACE_OF_SERVICE,
        "the note does not say that the session was in the office",
        lambda: case(
            line(place_of_service="10"), notes=[note(patient_location="school")]
        ),
    ),
    Silent(
        FixKind.CORRECT_TELEHEALTH_MODIFIER,
        "the payer's modifier is not written down",
        lambda: case(line(place_of_service="10"), notes=[video()]),
    ),
    Silent(
        FixKind.CORRECT_TELEHEALTH_MODIFIER,
        "the note does not say how the session was held",
        lambda: case(
            line(place_of_service="10"),
            payer=telehealth_payer(),
            notes=[video(modality=Modality.UNKNOWN)],
        ),
    ),
    Silent(
        FixKind.CORRECT_TELEHEALTH_MODIFIER,
        "the claim has room for four modifiers",
        lambda: case(
            line(place_of_service="10", modifiers=("HO", "U1", "U2", "U3")),
            payer=telehealth_payer(),
            notes=[video()],
        ),
    ),
    Silent(
        FixKind.CORRECT_TELEHEALTH_MODIFIER,
        "whether the clinician works in a hospital is not on file",
        lambda: case(
            line(place_of_service="10", modifiers=("95",)),
            payer_type=PayerType.MEDICARE,
            notes=[video()],
            clinicians=[clinician()],
        ),
    ),
    Silent(
        FixKind.ADD_DEGREE_MODIFIER,
        "the clinician's credential is not on file",
        lambda: case(
            policy=PayerPolicy(degree_modifiers={"LCSW": "AJ"}),
            clinicians=[clinician(credential="")],
        ),
    ),
    Silent(
        FixKind.CORRECT_MEMBER_NUMBER,
        "the answer says that coverage was not active",
        lambda: case(checks=[check(member_id="M2", result=EligibilityResult.INACTIVE)]),
    ),
    Silent(
        FixKind.CORRECT_MEMBER_NUMBER,
        "coverage began after the service",
        lambda: case(checks=[check(member_id="M2", coverage_begin=date(2026, 3, 3))]),
    ),
    Silent(
        FixKind.CORRECT_MEMBER_NUMBER,
        "only its writing differs",
        lambda: case(checks=[check(member_id="m-1")]),
    ),
    Silent(
        FixKind.CORRECT_DEMOGRAPHICS,
        "neither name nor birth date agrees: the answer may be about another person",
        lambda: case(
            checks=[check(last_name="Stoneford", birth_date=date(1990, 1, 1))]
        ),
    ),
    Silent(
        FixKind.CORRECT_DEMOGRAPHICS,
        "that neither of both names anybody is no agreement in name",
        lambda: case(
            subscriber=changed(
                claim().subscriber, last_name="", first_name="", gender="F"
            ),
            checks=[check(checked_on=DAY, birth_date=date(1980, 5, 1), gender="M")],
        ),
    ),
    Silent(
        FixKind.CORRECT_DEMOGRAPHICS,
        "the birth date alone does not say which of a family it is",
        lambda: case(
            subscriber=changed(claim().subscriber, last_name="", first_name=""),
            checks=[
                check(
                    checked_on=DAY,
                    last_name="Cragbottom",
                    birth_date=date(1980, 5, 1),
                    gender="M",
                )
            ],
        ),
    ),
    Silent(
        FixKind.CORRECT_MEMBER_NUMBER,
        "the answer's number has neither letters nor digits",
        lambda: case(checks=[check(member_id="-", checked_on=DAY)]),
    ),
    Silent(
        FixKind.CORRECT_TAXONOMY_CODE,
        "the clinician is not among the practice's",
        lambda: case(rendering_provider=Provider(npi=NPI)),
    ),
    Silent(
        FixKind.ADD_SUPERVISOR,
        "the supervisor is not among the practice's clinicians",
        lambda: case(clinicians=[SUPERVISED]),
    ),
    Silent(
        FixKind.ADD_SUPERVISOR,
        "the claim names one",
        lambda: case(
            clinicians=[SUPERVISED, SUPERVISOR],
            supervising_provider=Provider(npi="1999010030"),
        ),
    ),
    Silent(
        FixKind.ADD_ORIGINAL_CLAIM_NUMBER,
        "the answer came on the day the claim is sent",
        lambda: resent(frequency_code="7", answers=[answer(received_on=SENT_ON)]),
    ),
    Silent(
        FixKind.ADD_ORIGINAL_CLAIM_NUMBER,
        "the answer is on another claim number",
        lambda: case(
            frequency_code="7",
            earlier=[earlier_claim(on=date(2026, 3, 3))],
            answers=[answer()],
        ),
    ),
    Silent(
        FixKind.SEND_AS_REPLACEMENT,
        "whether the payer takes replacements is not on file",
        lambda: resent(answers=[answer()]),
    ),
    Silent(
        FixKind.SEND_AS_REPLACEMENT,
        "original Medicare takes none",
        lambda: resent(
            payer=changed(TAKES_SEVEN, payer_type=PayerType.MEDICARE),
            answers=[answer()],
        ),
    ),
    Silent(
        FixKind.SEND_AS_REPLACEMENT,
        "the member was not found: a new claim is sent (E55)",
        lambda: resent(
            payer=TAKES_SEVEN,
            answers=[
                answer(
                    adjustments=(
                        ClaimAdjustment(
                            group_code="CO", reason_code="31", amount=Decimal(150)
                        ),
                    )
                )
            ],
        ),
    ),
    Silent(
        FixKind.SEND_AS_REPLACEMENT,
        "the payer's limit for corrections is not on file",
        lambda: resent(
            payer=changed(TAKES_SEVEN, corrected_claim_limit_days=None),
            answers=[answer()],
        ),
    ),
    Silent(
        FixKind.SEND_AS_REPLACEMENT,
        "the answer is about another day under the same number",
        lambda: case(
            line(),
            payer=TAKES_SEVEN,
            earlier=[
                earlier_claim(on=date(2026, 3, 3), patient_control_number="C1"),
                earlier_claim(
                    line(service_date=date(2026, 2, 2)),
                    on=date(2026, 2, 3),
                    patient_control_number="C1",
                ),
            ],
            answers=[answer(claim_id="earlier-1")],
        ),
    ),
    Silent(
        FixKind.WAIT_FOR_ANSWER,
        "one of its lines was denied, the other paid",
        lambda: case(
            line(),
            line("90785", number=2),
            earlier=[
                earlier_claim(
                    line(),
                    line("90785", number=2),
                    on=date(2026, 3, 3),
                    patient_control_number="C1",
                )
            ],
            answers=[
                answer(),
                answer(line_number=2, outcome=LineOutcome.PAID),
            ],
        ),
    ),
    Silent(
        FixKind.WAIT_FOR_ANSWER,
        "the payer denied it: it is corrected or appealed",
        lambda: resent(answers=[answer()]),
    ),
    Silent(
        FixKind.CORRECT_TOTAL_CHARGE, "it adds up", lambda: case(line(), line(number=2))
    ),
    Silent(
        FixKind.REDUCE_UNITS,
        "the minutes make the units",
        lambda: case(line("97153", units=Decimal(8)), notes=[note(minutes=113)]),
    ),
    Silent(
        FixKind.REDUCE_UNITS,
        "the minutes make more units: nothing is ever raised",
        lambda: case(line("97153", units=Decimal(2)), notes=[note(minutes=90)]),
    ),
    Silent(
        FixKind.REDUCE_UNITS,
        "another line rests on the same minutes",
        lambda: case(
            line("97153", units=Decimal(8)),
            line("97153", number=2, units=Decimal(8)),
            notes=[note(minutes=90)],
        ),
    ),
    Silent(
        FixKind.REDUCE_UNITS,
        "two notes of the day may be the line's",
        lambda: case(
            line("97153", units=Decimal(8), charge=Decimal(160)),
            notes=[note(minutes=90), note(encounter_id="E2", minutes=15)],
        ),
    ),
    Silent(
        FixKind.REDUCE_UNITS,
        "the note counts an evaluation's minutes too",
        lambda: case(
            line("97153", units=Decimal(8), charge=Decimal(160)),
            notes=[note(minutes=90, evaluation_minutes=15)],
        ),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "the note counts an evaluation's minutes too",
        lambda: case(
            line("90837"),
            notes=[note(minutes=45, evaluation_minutes=15)],
            earlier=[earlier_claim(line(charge=Decimal(120)), on=date(2026, 2, 1))],
        ),
    ),
    Silent(
        FixKind.REDUCE_UNITS,
        "the note is not signed",
        lambda: case(
            line("97153", units=Decimal(8)), notes=[note(minutes=90, signed_on=None)]
        ),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "the minutes reach the code's least",
        lambda: case(line("90837"), notes=[note(minutes=53)]),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "the minutes would carry a longer code: nothing is ever raised",
        lambda: case(
            line("90834"),
            notes=[note(minutes=60)],
            earlier=[earlier_claim(line("90837"), on=date(2026, 2, 1))],
        ),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "another timed service of the session rests on the same minutes",
        lambda: case(
            line("90837"),
            line("H2014", number=2, units=Decimal(8)),
            notes=[note(minutes=45)],
            earlier=[earlier_claim(on=date(2026, 2, 1))],
        ),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "beside a visit the minutes are not the psychotherapy's alone",
        lambda: case(
            line("90838"),
            notes=[note(minutes=45)],
            earlier=[earlier_claim(line("90836"), on=date(2026, 2, 1))],
        ),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "two lines have one number: which of them is meant cannot be told",
        lambda: case(
            line("90785"),
            line("90837"),
            notes=[note(minutes=45)],
            earlier=[earlier_claim(on=date(2026, 2, 1))],
        ),
    ),
    Silent(
        FixKind.DOCUMENT_TIME,
        "the session was not held",
        lambda: case(notes=[note(minutes=None, attendance="no_show")]),
    ),
    Silent(
        FixKind.CORRECT_MEMBER_NUMBER,
        "the answer is older than the service and asked about another day",
        lambda: case(checks=[check(member_id="M2")]),
    ),
    Silent(
        FixKind.CORRECT_DEMOGRAPHICS,
        "a twin has the same birth date and last name",
        lambda: case(
            checks=[
                check(
                    checked_on=DAY,
                    last_name="Cragbottom",
                    first_name="Jasper",
                    birth_date=date(1980, 5, 1),
                    gender="M",
                )
            ]
        ),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "under sixteen minutes no code fits",
        lambda: case(
            line("90837"),
            notes=[note(minutes=15)],
            earlier=[earlier_claim(line("90832"), on=date(2026, 2, 1))],
        ),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "the note is of another clinician",
        lambda: case(
            line("90837"),
            notes=[note(minutes=45, clinician_npi=OTHER_NPI)],
            earlier=[earlier_claim(on=date(2026, 2, 1))],
        ),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "two notes of the day may be the line's",
        lambda: case(
            line("90837"),
            notes=[note(minutes=60), note(encounter_id="E2", minutes=45)],
            earlier=[earlier_claim(line(charge=Decimal(120)), on=date(2026, 2, 1))],
        ),
    ),
    Silent(
        FixKind.BILL_DOCUMENTED_CODE,
        "the practice's charge for it is not on file",
        lambda: case(line("90837"), notes=[note(minutes=45)]),
    ),
    Silent(FixKind.SIGN_NOTE, "it is signed", lambda: case(notes=[note()])),
    Silent(FixKind.FILE_NOTE, "it is on file", lambda: case(notes=[note()])),
    Silent(
        FixKind.DOCUMENT_TIME,
        "the code takes no minutes",
        lambda: case(line("90791"), notes=[note(minutes=None)]),
    ),
    Silent(
        FixKind.DOCUMENT_TIME,
        "an office visit may be chosen by its decision making",
        lambda: case(line("99214"), notes=[note(minutes=None)]),
    ),
    Silent(
        FixKind.FIND_COVERAGE,
        "what begins in an answer of a later month may be the next plan year",
        lambda: case(
            checks=[
                check(checked_on=date(2026, 4, 20), coverage_begin=date(2026, 4, 1))
            ],
            as_of=date(2026, 5, 1),
        ),
    ),
    Silent(
        FixKind.FIND_COVERAGE,
        "the payer said of the day itself that coverage was active",
        lambda: case(
            checks=[
                check(checked_on=DAY),
                NEXT_SPAN,
            ],
            as_of=date(2026, 5, 1),
        ),
    ),
    Silent(
        FixKind.FILE_TREATMENT_PLAN,
        "the plan is of the last half year",
        lambda: case(notes=[note()]),
    ),
    Silent(
        FixKind.VERIFY_ELIGIBILITY,
        "the payer was asked on the day of service",
        lambda: case(checks=[check(checked_on=DAY)]),
    ),
    Silent(
        FixKind.FIND_COVERAGE,
        "another payer's answer shows coverage",
        lambda: case(
            checks=[
                check(result=EligibilityResult.INACTIVE),
                check(payer_id="P2", member_id="X9"),
            ]
        ),
    ),
    Silent(
        FixKind.FIND_COVERAGE,
        "coverage ended on the day of service",
        lambda: case(checks=[check(coverage_end=DAY)]),
    ),
    Silent(
        FixKind.BILL_PAYER_ON_FILE,
        "the other payer's coverage ended before the service",
        lambda: case(
            checks=[
                check(result=EligibilityResult.INACTIVE),
                check(payer_id="P2", coverage_end=date(2026, 3, 1)),
            ]
        ),
    ),
    Silent(
        FixKind.FINISH_ENROLLMENT,
        "the practice keeps no enrollments",
        case,
    ),
    Silent(
        FixKind.OBTAIN_REFERRAL,
        "the claim carries one",
        lambda: case(referral_number="R1"),
    ),
    Silent(
        FixKind.CHANGE_CODE, "the note documents minutes", lambda: case(notes=[note()])
    ),
]


def named(judged: ClaimCase, kind: FixKind) -> list[Candidate]:
    return [one for one in candidates_of(judged) if one.kind is kind]


@pytest.mark.parametrize("row", NAMED, ids=lambda row: row.kind)
def test_a_fix_is_named_with_what_it_changes_and_what_proves_it(row: Named) -> None:
    judged = row.case()
    [found] = named(judged, row.kind)
    edits = {
        (one.field, one.line_number): (one.before, one.after) for one in found.edits
    }
    assert edits == row.edits
    assert row.says in found.statement
    assert row.assumes in found.assumes
    assert found.statement.endswith(".")
    if found.edits:
        assert found.fix_class is FixClass.DATA_CORRECTION
        assert found.proofs
        assert all(
            one.known_on is None or one.known_on <= SENT_ON for one in found.proofs
        )
        assert {one.field for one in found.edits} <= EDITABLE
        assert corrected(judged.claim, found.edits) != judged.claim
    else:
        assert found.fix_class is not FixClass.DATA_CORRECTION


@pytest.mark.parametrize("row", SILENT, ids=lambda row: f"{row.kind}: {row.why}")
def test_a_fix_is_not_named_without_its_record(row: Silent) -> None:
    assert named(row.case(), row.kind) == []


def test_every_kind_is_tried_in_both_directions() -> None:
    of_findings = {FixKind.CHANGE_DIAGNOSIS, FixKind.CHANGE_DATE}
    assert {row.kind for row in NAMED} | of_findings == set(FixKind)
    corrections = {row.kind for row in NAMED if row.edits}
    assert corrections <= {row.kind for row in SILENT}


def test_what_is_asked_of_an_authorization_touches_no_line_beside_it() -> None:
    judged = case(
        line("90834", prior_authorization_number="A1"),
        line("90847", number=2, prior_authorization_number="B7"),
        prior_authorization_number="A9",
        authorizations=[
            authorization(),
            authorization(
                authorization_number="A2",
                procedure_codes=("90847",),
                ends_on=date(2026, 2, 1),
            ),
        ],
    )
    [found] = named(judged, FixKind.EXTEND_AUTHORIZATION)
    assert found.suppose_claim is not None
    after = found.suppose_claim(judged.claim)
    assert found.line_numbers == (2,)
    assert after.prior_authorization_number == "A9"
    assert [one.prior_authorization_number for one in after.lines] == ["A1", "A2"]


def test_each_line_is_supposed_to_get_the_authorization_asked_for_it() -> None:
    judged = two_states()
    [found] = named(judged, FixKind.EXTEND_AUTHORIZATION)
    assert found.suppose_claim is not None
    after = found.suppose_claim(judged.claim)
    numbers = [one.prior_authorization_number for one in after.lines]
    assert numbers == ["A1", "A2"]
    granted = {
        one.authorization_number: one.procedure_codes
        for one in found.supposed.authorizations
    }
    assert granted == {"A1": ("90834",), "A2": ("90837",)}


def test_an_authorization_is_proved_by_the_line_that_counts_its_units() -> None:
    judged = case(
        line("90834"),
        line("90791", number=2),
        authorizations=[authorization(units=Decimal(0))],
    )
    [found] = named(judged, FixKind.EXTEND_AUTHORIZATION)
    [proof] = found.proofs
    assert "of which none are left" in proof.says


def test_the_other_payer_is_not_sent_this_ones_authorizations() -> None:
    judged = case(
        line(prior_authorization_number="A1"),
        prior_authorization_number="A2",
        checks=[
            check(result=EligibilityResult.INACTIVE),
            check(payer_id="P2", plan_name="Other Plan", member_id="X9"),
        ],
    )
    [found] = named(judged, FixKind.BILL_PAYER_ON_FILE)
    assert found.suppose_claim is not None
    after = found.suppose_claim(judged.claim)
    assert after.prior_authorization_number == ""
    assert [one.prior_authorization_number for one in after.lines] == [""]
