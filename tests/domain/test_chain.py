"""A claim's life as tables: what happened, in order, and how it stands."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.chain import (
    ChainEventKind,
    ClaimChain,
    ClaimState,
    front_end_verdicts,
    resolve_chain,
)
from denialml.domain.facts import SubmittedClaim
from tests.store.samples import acknowledgment, adjustments, claim, line

FIRST_DAY = date(2026, 3, 1)


def life(text: str, *, lines: int = 1) -> ClaimChain:
    """A chain from lines of ``day what [outcome of each line]``.

    ``sent``, ``sent 7`` and ``sent 8`` are submissions A, B, C ...; ``accept`` and
    ``reject`` acknowledgments; ``A: denied paid`` an answer to submission A.
    """
    submissions: list[SubmittedClaim] = []
    acknowledgments: list[ClaimAcknowledgment] = []
    answers: list[LineAdjudication] = []
    for row in filter(None, (row.strip() for row in text.splitlines())):
        day, _, what = row.partition(" ")
        on = FIRST_DAY + timedelta(days=int(day))
        if what.startswith("sent"):
            submissions.append(_sent(on, what, len(submissions), lines))
        elif what in ("accept", "reject"):
            acknowledgments.append(
                acknowledgment("A1", accepted=what == "accept", received=on)
            )
        else:
            answers += _answers(on, what, len(answers))
    return resolve_chain(submissions, acknowledgments, answers)


def _sent(on: date, what: str, number: int, lines: int) -> SubmittedClaim:
    frequency = what.removeprefix("sent").strip() or "1"
    codes = ["90837", "90785", "90839"]
    return SubmittedClaim(
        claim_id="ABCDEFG"[number],
        submitted_on=on,
        claim=claim(
            "A1",
            *(line(n + 1, codes[n]) for n in range(lines)),
            frequency_code=frequency,
            submitted_on=on,
        ),
    )


def _answers(on: date, what: str, count: int) -> list[LineAdjudication]:
    claim_id, _, outcomes = what.partition(": ")
    found = []
    for number, word in enumerate(outcomes.split(), start=1):
        if word == "-":
            continue
        outcome = LineOutcome("denied" if word == "duplicate" else word)
        paid = {"paid": "100", "partial": "60", "reversed": "-100"}.get(word, "0")
        cas = {"duplicate": "CO-18 150", "denied": "CO-197 150"}.get(word, "")
        found.append(
            LineAdjudication(
                claim_id=claim_id,
                line_number=number,
                payment_id=f"pay_{on.isoformat()}_{claim_id}_{count}",
                received_on=on,
                outcome=outcome,
                charge=Decimal(150),
                paid=Decimal(paid),
                allowed=None,
                adjustments=adjustments(cas),
                remark_codes=(),
                sequence=count + number,
            )
        )
    return found


# name, what happened, state, deciding submission, net paid, open denied lines
CASES = [
    ("sent", "0 sent", "submitted", "A", "0", ""),
    ("accepted", "0 sent\n1 accept", "submitted", "A", "0", ""),
    ("rejected", "0 sent\n1 reject", "rejected", "A", "0", ""),
    ("rejected and sent again", "0 sent\n1 reject\n3 sent", "submitted", "B", "0", ""),
    ("accepted by the clearinghouse, rejected by the payer",
     "0 sent\n1 accept\n2 reject", "rejected", "A", "0", ""),
    ("accepted and rejected on one day", "0 sent\n1 accept\n1 reject",
     "rejected", "A", "0", ""),
    ("answered although rejected", "0 sent\n1 reject\n20 A: paid",
     "paid", "A", "100", ""),
    ("paid", "0 sent\n20 A: paid", "paid", "A", "100", ""),
    ("denied", "0 sent\n20 A: denied", "denied", "A", "0", "A1"),
    ("down-coded", "0 sent\n20 A: partial", "partly_denied", "A", "60", "A1"),
    ("pended", "0 sent\n20 A: pending", "pending", "A", "0", ""),
    ("pended, then denied", "0 sent\n9 A: pending\n20 A: denied",
     "denied", "A", "0", "A1"),
    ("not told whether denied", "0 sent\n20 A: unknown", "undetermined", "A", "0", ""),
    ("reversed", "0 sent\n20 A: paid\n40 A: reversed", "reversed", "A", "0", ""),
    ("reversed and answered anew on one day",
     "0 sent\n20 A: paid\n40 A: reversed\n40 A: paid", "paid", "A", "100", ""),
    ("paid, taken back and denied", "0 sent\n20 A: paid\n90 A: reversed\n90 A: denied",
     "denied", "A", "0", "A1"),
    ("denied, overturned on appeal", "0 sent\n20 A: denied\n60 A: paid",
     "paid", "A", "100", ""),
    ("denied, correction under way", "0 sent\n20 A: denied\n30 sent 7",
     "corrected", "B", "0", "A1"),
    ("denied, correction rejected", "0 sent\n20 A: denied\n30 sent 7\n31 reject",
     "denied", "A", "0", "A1"),
    ("denied, correction pending", "0 sent\n20 A: denied\n30 sent 7\n40 B: pending",
     "pending", "B", "0", "A1"),
    ("denied, corrected, paid", "0 sent\n20 A: denied\n30 sent 7\n50 B: paid",
     "paid", "B", "100", ""),
    ("denied, corrected, denied again", "0 sent\n20 A: denied\n30 sent 7\n50 B: denied",
     "denied", "B", "0", "B1"),
    ("denied, new claim, paid", "0 sent\n20 A: denied\n30 sent\n50 B: paid",
     "paid", "B", "100", ""),
    ("paid, and its duplicate denied", "0 sent\n5 sent\n20 A: paid\n25 B: duplicate",
     "paid", "A", "100", ""),
    ("denied, and its duplicate denied",
     "0 sent\n5 sent\n20 A: denied\n25 B: duplicate", "denied", "B", "0", "A1"),
    ("a duplicate sent before the denial is no correction",
     "0 sent\n5 sent\n20 A: denied", "denied", "A", "0", "A1"),
    ("original to paid, the whole way",
     "0 sent\n1 reject\n3 sent\n4 accept\n20 B: denied\n30 sent 7\n50 B: reversed"
     "\n50 C: paid", "paid", "C", "0", ""),
    ("voided before an answer", "0 sent\n3 sent 8", "voided", "B", "0", ""),
    ("void rejected", "0 sent\n20 A: denied\n30 sent 8\n31 reject",
     "denied", "A", "0", "A1"),
    ("voided and taken back", "0 sent\n20 A: paid\n30 sent 8\n50 A: reversed",
     "voided", "B", "0", ""),
    ("void under way leaves the payment", "0 sent\n20 A: paid\n30 sent 8",
     "paid", "A", "100", ""),
    ("denied and withdrawn", "0 sent\n20 A: denied\n30 sent 8\n31 accept",
     "voided", "B", "0", ""),
    ("only a void on file", "0 sent 8", "voided", "A", "0", ""),
]  # fmt: skip

TWO_LINES = [
    ("one line denied", "0 sent\n20 A: paid denied", "partly_denied", "A", "100", "A2"),
    ("both denied", "0 sent\n20 A: denied denied", "denied", "A", "0", "A1 A2"),
    ("one line answered so far", "0 sent\n20 A: paid -", "paid", "A", "100", ""),
    ("one denied, one not told", "0 sent\n20 A: denied unknown",
     "denied", "A", "0", "A1"),
    ("one line denied, then overturned", "0 sent\n20 A: paid denied\n60 A: - paid",
     "paid", "A", "200", ""),
    ("corrected after a denied line",
     "0 sent\n20 A: paid denied\n30 sent 7\n50 A: reversed reversed\n50 B: paid paid",
     "paid", "B", "100", ""),
    ("one line taken back", "0 sent\n20 A: paid paid\n60 A: - reversed",
     "paid", "A", "100", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "state", "current", "net_paid", "open_lines", "lines"),
    [(*case[1:], 1) for case in CASES] + [(*case[1:], 2) for case in TWO_LINES],
    ids=[case[0] for case in CASES + TWO_LINES],
)
def test_how_a_claim_stands(
    text: str, state: str, current: str, net_paid: str, open_lines: str, lines: int
) -> None:
    chain = life(text, lines=lines)
    assert chain.state is ClaimState(state)
    assert chain.current_claim_id == current
    assert chain.net_paid == Decimal(net_paid)
    found = [f"{each.claim_id}{each.line_number}" for each in chain.open_denials]
    assert " ".join(found) == open_lines


def test_events_are_told_in_the_order_of_happening() -> None:
    chain = life(
        "0 sent\n1 reject\n3 sent\n3 accept\n20 B: denied\n30 sent 7\n"
        "50 B: reversed\n50 C: pending\n60 C: paid\n70 sent 8"
    )
    kind = ChainEventKind
    assert [(each.claim_id, each.kind) for each in chain.events] == [
        ("A", kind.SUBMITTED),
        ("A", kind.REJECTED),
        ("B", kind.RESENT),
        ("B", kind.ACCEPTED),
        ("B", kind.DENIED),
        ("C", kind.CORRECTED),
        ("B", kind.REVERSED),
        ("C", kind.PENDED),
        ("C", kind.PAID),
        ("D", kind.VOID_SENT),
    ]
    assert [each.on for each in chain.events] == sorted(
        each.on for each in chain.events
    )
    paid = {each.kind: each.paid for each in chain.events}
    assert paid[kind.PAID] == Decimal(100)
    assert paid[kind.REVERSED] == Decimal(-100)
    assert paid[kind.SUBMITTED] is None


def test_a_new_claim_for_one_line_settles_that_line_only() -> None:
    original = SubmittedClaim(
        claim_id="A",
        submitted_on=FIRST_DAY,
        claim=claim("A1", line(1), line(2, "90785")),
    )
    later = FIRST_DAY + timedelta(days=30)
    again = SubmittedClaim(
        claim_id="B", submitted_on=later, claim=claim("A1", line(1, "90785"))
    )
    answers = [
        *_answers(FIRST_DAY + timedelta(days=20), "A: denied denied", 0),
        *_answers(later + timedelta(days=20), "B: paid", 2),
    ]
    chain = resolve_chain([original, again], [], answers)
    assert [(each.claim_id, each.line_number) for each in chain.open_denials] == [
        ("A", 1)
    ]


def test_the_order_in_which_records_are_handed_in_does_not_matter() -> None:
    submissions = [
        _sent(FIRST_DAY + timedelta(days=day), what, number, 1)
        for number, (day, what) in enumerate([(0, "sent"), (3, "sent"), (30, "sent 7")])
    ]
    answers = [
        *_answers(FIRST_DAY + timedelta(days=20), "B: denied", 0),
        *_answers(FIRST_DAY + timedelta(days=50), "B: reversed", 1),
        *_answers(FIRST_DAY + timedelta(days=50), "C: paid", 2),
    ]
    verdicts = [
        acknowledgment("A1", accepted=False, received=FIRST_DAY + timedelta(days=1))
    ]
    expected = resolve_chain(submissions, verdicts, answers)
    for order in permutations(range(3)):
        assert expected == resolve_chain(
            [submissions[n] for n in order], verdicts, [answers[n] for n in order]
        )


def test_a_verdict_that_came_with_the_submission_counts() -> None:
    sent = SubmittedClaim(
        claim_id="A", submitted_on=FIRST_DAY, claim=claim(), accepted=False
    )
    assert resolve_chain([sent], [], []).state is ClaimState.REJECTED


def test_a_chain_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one submission"):
        resolve_chain([], [], [])


def test_a_verdict_is_about_the_latest_submission_sent_by_then() -> None:
    day = [FIRST_DAY + timedelta(days=number) for number in range(9)]
    sent = [("A", day[1]), ("B", day[4])]
    assert front_end_verdicts(sent, [(day[0], True)]) == {"A": None, "B": None}
    assert front_end_verdicts(sent, [(day[3], False), (day[4], True)]) == {
        "A": False,
        "B": True,
    }
    assert front_end_verdicts(sent, [(day[5], None)]) == {"A": None, "B": None}
