"""The rules of `families.authorization_reviews`."""

from datetime import date
from decimal import Decimal

import pytest

from denialml.domain.claim import Provider, Subscriber
from denialml.domain.coverage import AuthorizationDecision, PayerType
from denialml.domain.edit import Severity
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import BILLING_NPI, NPI, authorization, case, clinician, line
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

DENIED, PENDED = AuthorizationDecision.DENIED, AuthorizationDecision.PENDED
REFERRING = Provider(name="Larkspur", npi="1999010030")
OTHER_NPI = "1999010022"
VETERANS = PayerType.VETERANS
WANTS_REFERRAL = PayerPolicy(referral_required=True)
HMO = Subscriber(member_id="M1", claim_filing_code="HM")
NOBODY = Provider(name="Quarrystone")

# Where it cannot tell, other rules say what is missing.
ALWAYS_TELL = {"BH-132"}
SPEC = [
    Row(
        "BH-027",
        FOUND,
        lambda: case(authorizations=[authorization(clinician_npi=OTHER_NPI)]),
        says=f"names NPI {OTHER_NPI}; the line is by {NPI}",
    ),
    Row(
        "BH-027", CLEAN, lambda: case(authorizations=[authorization(clinician_npi=NPI)])
    ),
    Row(
        "BH-027",
        CLEAN,
        lambda: case(authorizations=[authorization(clinician_npi=BILLING_NPI)]),
    ),
    Row("BH-027", CLEAN, lambda: case(authorizations=[authorization()])),
    # A second authorization covers the line.
    Row(
        "BH-027",
        CLEAN,
        lambda: case(
            authorizations=[
                authorization(clinician_npi=OTHER_NPI),
                authorization(
                    authorization_number="A2", clinician_npi=NPI, units=Decimal(3)
                ),
            ]
        ),
    ),
    Row(
        "BH-027",
        CANNOT_TELL,
        lambda: case(
            authorizations=[authorization(clinician_npi=OTHER_NPI)],
            rendering_provider=NOBODY,
            billing_provider=NOBODY,
        ),
        says="rendering clinician's NPI",
    ),
    # Issued to the supervisor, the practice's site, or the technician's analyst.
    Row(
        "BH-027",
        FOUND,
        lambda: case(
            authorizations=[authorization(clinician_npi=OTHER_NPI)],
            supervising_provider=Provider(name="Fernhollow", npi=OTHER_NPI),
        ),
        severity=Severity.WARN,
    ),
    Row(
        "BH-027",
        CLEAN,
        lambda: case(
            authorizations=[authorization(clinician_npi=OTHER_NPI)],
            service_facility=Provider(name="Fernhollow", npi=OTHER_NPI),
        ),
    ),
    Row(
        "BH-027",
        CLEAN,
        lambda: case(
            line("97153"),
            authorizations=[
                authorization(clinician_npi=OTHER_NPI, procedure_codes=("97153",))
            ],
            clinicians=[clinician(supervisor_npi=OTHER_NPI)],
        ),
    ),
    Row(
        "BH-028",
        FOUND,
        lambda: case(
            line("H0035"), authorizations=[authorization(procedure_codes=("H0015",))]
        ),
        says="H0035 is partial hospitalization; authorization A1 approved H0015",
    ),
    Row(
        "BH-028",
        CLEAN,
        lambda: case(
            line("S9480"), authorizations=[authorization(procedure_codes=("H0015",))]
        ),
    ),
    Row("BH-028", CLEAN, lambda: case(line("H0015"))),
    Row(
        "BH-028",
        CANNOT_TELL,
        lambda: case(line("H0015"), authorizations=[authorization(procedure_codes=())]),
        says="that authorization A1 approved",
    ),
    # One of the two says the level.
    Row(
        "BH-028",
        CLEAN,
        lambda: case(
            line("H0015"),
            authorizations=[
                authorization(procedure_codes=()),
                authorization(authorization_number="A2", procedure_codes=("H0015",)),
            ],
        ),
    ),
    # The request that waits is of a code that the payer lists: BH-022 says so.
    Row(
        "BH-029",
        CLEAN,
        lambda: case(
            policy=PayerPolicy(authorization_codes=("90834",)),
            authorizations=[authorization(decision=PENDED)],
        ),
    ),
    # Refused for other dates, or paid since.
    Row(
        "BH-029",
        CLEAN,
        lambda: case(
            authorizations=[authorization(decision=DENIED, ends_on=date(2026, 1, 31))]
        ),
    ),
    Row(
        "BH-029",
        CLEAN,
        lambda: answered_before(case(authorizations=[authorization(decision=DENIED)])),
    ),
    # Another code was approved, this one was not.
    Row(
        "BH-029",
        FOUND,
        lambda: case(
            line("90837"),
            authorizations=[
                authorization(),
                authorization(
                    authorization_number="A2",
                    procedure_codes=("90837",),
                    decision=DENIED,
                ),
            ],
        ),
        says="refused authorization A2 for 90837",
    ),
    Row(
        "BH-029",
        CANNOT_TELL,
        lambda: case(
            authorizations=[authorization(decision=DENIED, procedure_codes=())]
        ),
        says="for what the payer refused authorization A1",
    ),
    # Payers give no number to what they refuse.
    Row(
        "BH-029",
        FOUND,
        lambda: case(
            authorizations=[authorization(decision=DENIED, authorization_number="")]
        ),
        says="refused an authorization without a number for 90834",
    ),
    Row(
        "BH-029",
        FOUND,
        lambda: case(authorizations=[authorization(decision=DENIED)]),
        says="refused authorization A1 for 90834",
    ),
    # Refused once, approved after all.
    Row(
        "BH-029",
        CLEAN,
        lambda: case(
            authorizations=[
                authorization(decision=DENIED),
                authorization(authorization_number="A2"),
            ]
        ),
    ),
    Row(
        "BH-029",
        CLEAN,
        lambda: case(line("90853"), authorizations=[authorization(decision=DENIED)]),
    ),
    Row(
        "BH-029",
        CANNOT_TELL,
        lambda: case(authorizations=[authorization(decision=PENDED)]),
        says="decision on authorization A1",
    ),
    Row(
        "BH-030",
        FOUND,
        lambda: case(policy=WANTS_REFERRAL),
        says="no referral number (REF*9F) and no referring provider (2310A)",
    ),
    Row(
        "BH-030",
        FOUND,
        lambda: case(policy=WANTS_REFERRAL, referral_number="R1"),
        says="has no referring provider",
    ),
    Row(
        "BH-030",
        CLEAN,
        lambda: case(
            policy=WANTS_REFERRAL, referral_number="R1", referring_provider=REFERRING
        ),
    ),
    Row("BH-030", CLEAN, lambda: case(policy=PayerPolicy(referral_required=False))),
    Row("BH-030", CLEAN, lambda: case()),
    Row("BH-030", CANNOT_TELL, lambda: case(subscriber=HMO), says="referral_required"),
    Row("BH-030", CANNOT_TELL, lambda: case(payer_type=VETERANS)),
    # The plan has paid for the patient this year.
    Row("BH-030", CLEAN, lambda: answered_before(case(subscriber=HMO))),
    Row(
        "BH-030",
        CANNOT_TELL,
        lambda: answered_before(case(subscriber=HMO), on=date(2025, 12, 1)),
    ),
    # Veterans' referrals go by number alone, in either place.
    Row("BH-030", CLEAN, lambda: case(payer_type=VETERANS, referral_number="VA1")),
    Row(
        "BH-030",
        CLEAN,
        lambda: case(
            payer_type=VETERANS,
            policy=WANTS_REFERRAL,
            prior_authorization_number="VA1",
        ),
    ),
    # Medicaid plans mostly want none for behavioral health.
    Row("BH-030", CLEAN, lambda: case(payer_type=PayerType.MEDICAID)),
    Row(
        "BH-132",
        FOUND,
        lambda: case(authorizations=[authorization(units=Decimal(3))]),
        says="has 2 of 3 units left after this claim",
    ),
    Row(
        "BH-132", CLEAN, lambda: case(authorizations=[authorization(units=Decimal(4))])
    ),
    Row(
        "BH-132",
        FOUND,
        lambda: case(
            line(units=Decimal(16)),
            authorizations=[authorization(units=Decimal(20))],
        ),
        says="has 4 of 20 units left",
    ),
    Row(
        "BH-132",
        CLEAN,
        lambda: case(
            line(units=Decimal(15)),
            authorizations=[authorization(units=Decimal(20))],
        ),
    ),
    Row(
        "BH-132",
        FOUND,
        lambda: case(authorizations=[authorization(ends_on=date(2026, 3, 19))]),
        says="ends on 2026-03-19",
    ),
    Row(
        "BH-132",
        CLEAN,
        lambda: case(authorizations=[authorization(ends_on=date(2026, 3, 20))]),
    ),
    # The next one is on file already.
    Row(
        "BH-132",
        CLEAN,
        lambda: case(
            authorizations=[
                authorization(ends_on=date(2026, 3, 19)),
                authorization(
                    authorization_number="A2",
                    begins_on=date(2026, 3, 20),
                    ends_on=date(2026, 9, 19),
                ),
            ]
        ),
    ),
    # Too late to be of use.
    Row(
        "BH-132",
        CLEAN,
        lambda: case(authorizations=[authorization(ends_on=date(2026, 3, 4))]),
    ),
    # Rules BH-024 and BH-025 say what the authorization leaves open.
    Row(
        "BH-132",
        CLEAN,
        lambda: case(authorizations=[authorization(units=None, ends_on=None)]),
    ),
    # A battery of tests uses its authorization up.
    Row(
        "BH-132",
        CLEAN,
        lambda: case(
            line("96130"),
            authorizations=[
                authorization(procedure_codes=("96130", "96131"), units=Decimal(1))
            ],
        ),
    ),
    # The visit beside the session uses up none of its units.
    Row(
        "BH-132",
        CLEAN,
        lambda: case(
            line("99214"),
            line(number=2),
            authorizations=[authorization(units=Decimal(4))],
        ),
    ),
    Row(
        "BH-132",
        CLEAN,
        lambda: case(
            frequency_code="8", authorizations=[authorization(units=Decimal(3))]
        ),
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
