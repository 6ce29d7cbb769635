"""A claim too unlike the history gets a reason instead of a confident number."""

from datetime import timedelta

import pytest

from denialml.domain.facts import PracticeRecords
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.support import FEW_PAYER_ANSWERS
from tests.modeling.small_practice import make_claim
from tests.modeling.test_denial_risk import AS_OF, Desk

DAY = AS_OF - timedelta(days=3)


@pytest.fixture(scope="module")
def support_desk(small_records: PracticeRecords, small_bundle: Bundle) -> Desk:
    return Desk(small_records, small_bundle)


def test_a_claim_like_those_answered_gets_its_number(support_desk: Desk) -> None:
    [score] = support_desk.score([make_claim("S1", day=DAY, payer="P1")])
    assert (score.abstains, score.abstention_reason) == (False, "")


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        pytest.param(
            {"payer": "P9"},
            "Too little history: Payer P9 has not answered any claim line yet.",
            id="new payer",
        ),
        pytest.param(
            {"payer": "P1", "codes": ("96130",)},
            "Too little history: Payer P1 has not answered on 96130 yet.",
            id="code new to the payer",
        ),
        pytest.param(
            {"payer": "P1", "place": "12", "modifiers": ("GT",)},
            "Too little history: Payer P1 has not answered on a service sent with place"
            " of service and modifiers 12 GT yet.",
            id="sent in a new way",
        ),
        pytest.param(
            {"payer": "P1", "codes": ("90837", "96130")},
            "Too little history: Payer P1 has not answered on 96130 yet.",
            id="one line of two",
        ),
    ],
)
def test_a_claim_unlike_them_says_why(
    support_desk: Desk, claim: dict[str, object], reason: str
) -> None:
    [score] = support_desk.score(
        [make_claim("S1", day=DAY, **claim)]  # type: ignore[arg-type]
    )
    assert score.abstains
    assert score.abstention_reason == reason


def test_few_answers_of_a_payer_are_counted(
    small_records: PracticeRecords, small_bundle: Bundle
) -> None:
    first = min(one.received_on for one in small_records.adjudications)
    desk = Desk(small_records, small_bundle)
    early = type(desk.history)(desk.history.events, with_rules=True)
    early.advance(first + timedelta(days=2))
    known = early.answers_known
    assert 0 < known < FEW_PAYER_ANSWERS
    from denialml.modeling.risk.denial_risk import score_claims

    scores = score_claims(
        [
            make_claim("S1", day=early.as_of - timedelta(days=2), payer=payer)
            for payer in ("P1", "P2")
        ],
        fact_book=desk.book,
        history=early,
        bundle=small_bundle,
        as_of=early.as_of,
    )
    assert all(one.abstains for one in scores)
    assert any("has answered only" in one.abstention_reason for one in scores)


def test_the_expected_answer_is_told_in_days(support_desk: Desk) -> None:
    [score] = support_desk.score([make_claim("S1", day=DAY, payer="P1")])
    expected = score.expected_answer_days
    assert expected is not None
    # Answers of the small practice take 9 to 25 days, evenly.
    assert 9 <= expected.low <= 12
    assert 15 <= expected.median <= 19
    assert 22 <= expected.high <= 25
