"""The rules of `families.authorizations`."""

from datetime import date

import pytest

from denialml.domain.adjudication import LineOutcome
from denialml.domain.coverage import (
    AuthorizationDecision,
    Payer,
    PayerType,
)
from denialml.domain.edit import Severity
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import authorization, case, line
from tests.rules.earlier_payments import answered_before
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

MEDICARE = PayerType.MEDICARE
LISTED = PayerPolicy(authorization_codes=("90834", "90837", "H0015"))
PENDED = AuthorizationDecision.PENDED


def _payer(wants_number: bool | None) -> Payer:
    return Payer(
        payer_id="P1",
        name="Plan",
        payer_type=PayerType.COMMERCIAL,
        requires_authorization_on_claim=wants_number,
    )


# These read nothing but the claim.
ALWAYS_TELL: set[str] = set()
# What the payer has paid before need not be asked of it.
SETTLED = [
    Row("BH-022", CLEAN, lambda: case(line("99214"), line("90833", 2))),
    Row("BH-022", CLEAN, lambda: case(line("96127"))),
    Row("BH-022", CANNOT_TELL, lambda: case(line("99214"), line("97153", 2))),
    Row("BH-022", CLEAN, lambda: answered_before(case())),
    Row(
        "BH-022", CANNOT_TELL, lambda: answered_before(case(), authorization_number="9")
    ),
    Row("BH-022", CANNOT_TELL, lambda: answered_before(case(), payer_id="P2")),
    Row("BH-022", CANNOT_TELL, lambda: answered_before(case(), number="C1")),
    Row(
        "BH-022",
        CANNOT_TELL,
        lambda: answered_before(case(), outcome=LineOutcome.DENIED),
    ),
    # Once it has listed its codes, that holds.
    Row("BH-022", FOUND, lambda: answered_before(case(policy=LISTED))),
    # The request that waits is for another code.
    Row(
        "BH-022",
        FOUND,
        lambda: case(
            policy=LISTED,
            authorizations=[authorization(decision=PENDED, procedure_codes=("96130",))],
        ),
        says="nothing is on file",
    ),
    # Nothing that was refused, for other dates, authorizes this day.
    Row(
        "BH-022",
        FOUND,
        lambda: case(
            policy=LISTED,
            authorizations=[
                authorization(
                    decision=AuthorizationDecision.DENIED, ends_on=date(2026, 1, 31)
                )
            ],
        ),
        says="nothing is on file",
    ),
    Row(
        "BH-023",
        CLEAN,
        lambda: case(
            prior_authorization_number="a-1", authorizations=[authorization()]
        ),
    ),
    Row(
        "BH-023",
        CLEAN,
        lambda: case(authorizations=[authorization(authorization_number="")]),
    ),
]
SPEC = [
    Row(
        "BH-022",
        FOUND,
        lambda: case(line(), line("96127", 2), policy=LISTED),
        says="wants 90834 authorized; nothing is on file",
        lines=(1,),
    ),
    Row(
        "BH-022",
        FOUND,
        lambda: case(policy=LISTED, authorizations=[authorization(decision=PENDED)]),
        says="still pending",
    ),
    Row("BH-022", CLEAN, lambda: case(policy=LISTED, authorizations=[authorization()])),
    Row("BH-022", CLEAN, lambda: case(policy=LISTED, prior_authorization_number="A1")),
    Row("BH-022", CLEAN, lambda: case(policy=PayerPolicy(authorization_codes=()))),
    # Original Medicare authorizes no outpatient sessions, crises need none (E37).
    Row("BH-022", CLEAN, lambda: case(policy=LISTED, payer_type=MEDICARE)),
    Row("BH-022", CLEAN, lambda: case(line("90839"), line("H2011", 2))),
    Row("BH-022", CANNOT_TELL, lambda: case(), says="authorization_codes"),
    Row(
        "BH-023",
        FOUND,
        lambda: case(payer=_payer(True), authorizations=[authorization()]),
        says="Authorization A1 for 90834 is on file",
        severity=Severity.DENY_LIKELY,
    ),
    Row(
        "BH-023",
        CLEAN,
        lambda: case(
            payer=_payer(True),
            authorizations=[authorization()],
            prior_authorization_number="A1",
        ),
    ),
    # Many payers find it themselves, some forbid the number (E36).
    Row(
        "BH-023",
        FOUND,
        lambda: case(authorizations=[authorization()]),
        severity=Severity.WARN,
        by_default=True,
    ),
    Row(
        "BH-023",
        CLEAN,
        lambda: case(payer=_payer(False), authorizations=[authorization()]),
    ),
    Row(
        "BH-023",
        FOUND,
        lambda: case(
            line(prior_authorization_number="A9"), authorizations=[authorization()]
        ),
        says="carries authorization A9",
        severity=Severity.WARN,
    ),
    Row(
        "BH-023",
        CANNOT_TELL,
        lambda: case(no_payer=True, authorizations=[authorization()]),
        says="wants the number",
    ),
    Row(
        "BH-026",
        FOUND,
        lambda: case(line("90837"), policy=LISTED, authorizations=[authorization()]),
        says="Authorization A1 is for 90834, not for 90837",
    ),
    Row(
        "BH-026",
        CLEAN,
        lambda: case(line("90834"), policy=LISTED, authorizations=[authorization()]),
    ),
    # The claim itself says that A1 is meant.
    Row(
        "BH-026",
        FOUND,
        lambda: case(
            line("90837"),
            prior_authorization_number="A1",
            authorizations=[authorization()],
        ),
    ),
    # The claim's number may be there for the other line.
    Row(
        "BH-026",
        CANNOT_TELL,
        lambda: case(
            line("90834"),
            line("96130", 2),
            prior_authorization_number="A1",
            authorizations=[authorization()],
        ),
    ),
    Row("BH-026", CLEAN, lambda: case(line("90839"), authorizations=[authorization()])),
    Row("BH-026", CLEAN, lambda: case(line("90785"), authorizations=[authorization()])),
    Row(
        "BH-026",
        CLEAN,
        lambda: case(line("99214"), policy=LISTED, authorizations=[authorization()]),
    ),
    # No authorization of any code covers the day: no level of care was approved.
    Row(
        "BH-026",
        FOUND,
        lambda: case(
            line("H0015"),
            policy=LISTED,
            authorizations=[authorization(ends_on=date(2026, 3, 1))],
        ),
    ),
    Row(
        "BH-026",
        CANNOT_TELL,
        lambda: case(line("90837"), authorizations=[authorization()]),
        says="whether the payer wants 90837 authorized",
    ),
    # Visits are seldom authorized; and this payer has paid 90837 without.
    Row("BH-026", CLEAN, lambda: case(line("99214"), authorizations=[authorization()])),
    Row(
        "BH-026",
        CLEAN,
        lambda: answered_before(
            case(line("90837"), authorizations=[authorization()]), "90837"
        ),
    ),
    # The number stands on every claim of the patient.
    Row(
        "BH-026",
        FOUND,
        lambda: case(
            line("99214"),
            prior_authorization_number="A1",
            authorizations=[authorization()],
        ),
        severity=Severity.WARN,
    ),
    # An old authorization for another code is none for this one.
    Row(
        "BH-026",
        FOUND,
        lambda: case(
            line("90837"),
            policy=LISTED,
            authorizations=[authorization(ends_on=date(2025, 3, 1))],
        ),
        says="No authorization on file is for 90837; authorization A1, of other dates,",
    ),
    *SETTLED,
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
