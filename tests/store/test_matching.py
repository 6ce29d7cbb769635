"""Which submission and which line an answer is about, as tables."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from denialml.domain.adjudication import LineOutcome
from denialml.domain.facts import SubmittedClaim
from denialml.store.line_matching import match_services, normal_control_number
from denialml.store.matching import Answer, in_order, match_group
from tests.store.samples import claim, line, payment, remittance, service

FIRST_DAY = date(2026, 3, 3)


def sent(claim_id: str, day: int = 0, *, accepted: bool | None = None, **fields):
    on = FIRST_DAY + timedelta(days=day)
    lines = fields.pop("lines", ())
    return SubmittedClaim(
        claim_id=claim_id,
        submitted_on=on,
        claim=claim("A1", *lines, submitted_on=on, **fields),
        accepted=accepted,
    )


def answer(payment_id: str, day: int, *services, **fields) -> Answer:
    on = FIRST_DAY + timedelta(days=day)
    services = services or (service(paid="110", cas="CO-45 40"),)
    fields.setdefault("remittance", remittance(f"T{day}", on))
    return Answer(payment_id, on, payment("A1", *services, **fields))


REVERSED = service(charge="-150", paid="-110", cas="CO-45 -40")
SHORTER = (line(charge="100"),)
OTHER_DAY = date(2026, 4, 20)

SUBMISSIONS = [
    ("the only one", [sent("A")], [answer("p", 9)], "p:A"),
    ("one each, in the order of sending", [sent("A"), sent("B", 3)],
     [answer("p", 9), answer("q", 12)], "p:A q:B"),
    ("one that was sent by then", [sent("A"), sent("B", 30)], [answer("p", 9)], "p:A"),
    ("even one that was sent later", [sent("A", 30)], [answer("p", 9)], "p:A"),
    ("not one that was rejected", [sent("A", accepted=False), sent("B", 3)],
     [answer("p", 9)], "p:B"),
    ("the one of that charge", [sent("A"), sent("B", 3, lines=SHORTER)],
     [answer("p", 9, service(charge="100", paid="100"))], "p:B"),
    ("the one of that day of service",
     [sent("A"), sent("B", 1, lines=(line(service_date=OTHER_DAY),))],
     [answer("p", 60, service(service_date=OTHER_DAY, paid="150"))], "p:B"),
    ("the frequency that the payer repeats",
     [sent("A"), sent("B", 3, frequency_code="7")],
     [answer("p", 9, frequency_code="7")], "p:B"),
    ("the one received last by the payer's word", [sent("A"), sent("B", 3)],
     [answer("p", 9, received_by_payer_on=FIRST_DAY + timedelta(days=4))], "p:B"),
    ("a duplicate's denial is about the later one", [sent("A"), sent("B", 3)],
     [answer("p", 9, service(cas="CO-18 150")), answer("q", 12)], "p:B q:A"),
    ("a reversal is about the answered one",
     [sent("A"), sent("B", 20, frequency_code="7")],
     [answer("p", 9), answer("q", 30, REVERSED, status="22"), answer("r", 30)],
     "p:A q:A r:B"),
    ("a reversal by its payer control number", [sent("A"), sent("B", 3)],
     [answer("p", 9, payer_claim_control_number="I1"),
      answer("q", 12, payer_claim_control_number="I2"),
      answer("r", 40, REVERSED, status="22", payer_claim_control_number="I1")],
     "p:A q:B r:A"),
    ("answered anew under the same number", [sent("A"), sent("B", 3)],
     [answer("p", 9, payer_claim_control_number="I1"),
      answer("q", 12, payer_claim_control_number="I2"),
      answer("r", 40, payer_claim_control_number="I1")],
     "p:A q:B r:A"),
    ("never a void while there is a claim",
     [sent("A"), sent("B", 3, frequency_code="8")],
     [answer("p", 9), answer("q", 12)], "p:A q:A"),
    ("the payer it was sent to",
     [sent("A"), sent("B", 0, payer=claim().payer.__class__(payer_id="X", name="Y"))],
     [answer("p", 9, remittance=remittance("T", FIRST_DAY, payer_id="X"))], "p:B"),
    ("none on file", [], [answer("p", 9)], ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("submissions", "answers", "expected"),
    [case[1:] for case in SUBMISSIONS],
    ids=[case[0] for case in SUBMISSIONS],
)
def test_which_submission_is_answered(
    submissions: list[SubmittedClaim], answers: list[Answer], expected: str
) -> None:
    for order in (answers, answers[::-1]):
        found = match_group(submissions, order).claim_ids
        assert " ".join(f"{key}:{found[key]}" for key in sorted(found)) == expected


TWO = (line(1), line(2, "90785", "20"))
SAME_CODE = (
    line(1, "97153", "60", service_date=date(2026, 3, 2)),
    line(2, "97153", "60", service_date=date(2026, 3, 4)),
)
NUMBERED = (
    line(1, line_control_number="L7"),
    line(2, line_control_number="L8"),
)

# what decides, lines of the claim, SVC received, line number:position of its SVC, left
LINES = [
    ("by code", TWO, [service("90785", "20"), service("90837")], "1:1 2:0", 0),
    ("by line control number", NUMBERED,
     [service(line_control_number="l8 ", charge="1"),
      service(line_control_number="L7")], "1:1 2:0", 0),
    ("by LX where no line number was sent", TWO,
     [service("99999", "20", line_control_number="2"), service("90837")],
     "1:1 2:0", 0),
    ("by day", SAME_CODE,
     [service("97153", "60", service_date=date(2026, 3, 4)),
      service("97153", "60", service_date=date(2026, 3, 2))], "1:1 2:0", 0),
    ("by the code that was submitted", TWO,
     [service("90834", "150", submitted_procedure_code="90837")], "1:0", 0),
    ("by modifiers", (line(1, modifiers=("95",)), line(2, modifiers=("93",))),
     [service(modifiers=("93",)), service(modifiers=("95",))], "1:1 2:0", 0),
    ("by charge where the payer changed the code", TWO,
     [service("H0004", "20"), service("H2019", "150")], "1:1 2:0", 0),
    ("by order as the last resort", TWO,
     [service("H2019", "1", service_date=date(2026, 1, 1)),
      service("H0004", "2", service_date=date(2026, 1, 1))], "1:0 2:1", 0),
    ("an answer that fits no line", TWO,
     [service("90837"), service("90785", "20"),
      service("J1234", "5", service_date=date(2026, 1, 1))], "1:0 2:1", 1),
    ("part of the lines", TWO, [service("90785", "20")], "2:0", 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "services", "expected", "left"),
    [case[1:] for case in LINES],
    ids=[case[0] for case in LINES],
)
def test_which_line_is_answered(lines, services, expected: str, left: int) -> None:
    pairs, unmatched = match_services(claim("A1", *lines), payment("A1", *services))
    told = [f"{each.line_number}:{services.index(found)}" for each, found in pairs]
    assert (" ".join(told), unmatched) == (expected, left)


def test_a_split_line_is_one_answer() -> None:
    parts = [
        service(charge="100", paid="60", cas="CO-45 40", remark_codes=("N1", "M2")),
        service(charge="50", cas="CO-151 50", remark_codes=("N1",), allowed=Decimal(9)),
    ]
    match = match_group([sent("A")], [answer("p", 9, *parts)])
    (only,) = match.adjudications
    assert (only.charge, only.paid, only.allowed) == (150, 60, 9)
    assert [each.reason_code for each in only.adjustments] == ["45", "151"]
    assert only.remark_codes == ("N1", "M2")
    assert only.outcome is LineOutcome.PARTIAL


def test_a_claim_answered_as_a_whole_answers_every_line_in_proportion() -> None:
    three = (line(1, charge="100"), line(2, charge="100"), line(3, charge="100"))
    whole = answer("p", 9, cas="CO-45 200")
    whole = Answer(
        "p",
        whole.received_on,
        payment("A1", cas="CO-45 200", charge="300", paid="100"),
    )
    match = match_group([sent("A", lines=three)], [whole])
    assert [each.paid for each in match.adjudications] == [
        Decimal("33.33"),
        Decimal("33.33"),
        Decimal("33.34"),
    ]
    assert {each.outcome for each in match.adjudications} == {LineOutcome.PAID}


def test_answers_to_a_line_are_numbered_in_the_order_of_receipt() -> None:
    answers = [
        answer("r", 40, REVERSED, status="22"),
        answer("a", 40, service(cas="CO-197 150")),
        answer("z", 9),
    ]
    match = match_group([sent("A")], answers)
    told = sorted((each.sequence, each.payment_id) for each in match.adjudications)
    assert told == [(0, "z"), (1, "r"), (2, "a")]


def test_an_answer_taken_back_on_its_own_day_came_before_the_reversal() -> None:
    wrong = answer("z", 9)
    taken_back = answer("m", 9, REVERSED, status="22")
    right = answer("a", 9, service(paid="100", cas="CO-45 50"))
    ordered = in_order([taken_back, right, wrong])
    assert [each.payment_id for each in ordered] == ["z", "m", "a"]


@pytest.mark.parametrize(
    ("number", "normal"),
    [("A1", "A1"), (" a1 ", "A1"), ("a 1", "A1"), ("", ""), ("00A1", "00A1")],
)
def test_control_numbers_are_compared_without_case_and_blanks(
    number: str, normal: str
) -> None:
    assert normal_control_number(number) == normal
