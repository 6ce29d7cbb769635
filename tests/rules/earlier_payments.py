"""Claims of a patient for whom the payer has answered an earlier line."""

from datetime import date, timedelta
from decimal import Decimal

from denialml.domain.adjudication import LineOutcome
from denialml.domain.facts import AnsweredLine, SentLine
from denialml.rules.case import ClaimCase
from tests.rules.cases import DAY, changed


def answered_before(
    judged: ClaimCase,
    code: str = "90834",
    *,
    on: date = DAY - timedelta(35),
    outcome: LineOutcome = LineOutcome.PAID,
    payer_id: str = "P1",
    number: str = "C0",
    authorization_number: str = "",
    modifiers: tuple[str, ...] = (),
) -> ClaimCase:
    """The same claim, after one service of the day `on` was sent and answered."""
    answer = AnsweredLine(
        received_on=on + timedelta(20),
        payer_id=payer_id,
        patient_control_number=number,
        line_number=1,
        procedure_code=code,
        service_date=on,
        outcome=outcome,
    )
    sent = SentLine(
        submitted_on=on + timedelta(2),
        rejected_on=date.max,
        payer_id=payer_id,
        patient_control_number=number,
        line_number=1,
        procedure_code=code,
        units=Decimal(1),
        authorization_number=authorization_number,
        service_date=on,
        modifiers=modifiers,
    )
    for line in judged.lines:
        records = line.records
        line.records = changed(
            records, answered=(*records.answered, answer), sent=(sent, *records.sent)
        )
    return judged
