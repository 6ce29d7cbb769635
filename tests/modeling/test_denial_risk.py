"""The scoring function: sums, identity however it is called, and the arrow of time."""

import math
from datetime import date, timedelta

import msgspec
import numpy as np
import pytest

from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.domain.risk import RiskScore
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.denial_risk import score_claims
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import Frame, build_frame
from tests.modeling.small_practice import make_claim

AS_OF = date(2024, 2, 9)


def outgoing() -> list[Claim]:
    return [
        make_claim(
            f"N{at}",
            day=AS_OF - timedelta(days=3),
            payer="P1" if at % 2 else "P2",
            patient=f"R{at}",
            codes=("90837", "90785") if at % 3 == 0 else ("90837",),
            place="10" if at % 4 == 0 else "11",
        )
        for at in range(24)
    ]


class Desk:
    """The records of a practice as they stood on `AS_OF`."""

    def __init__(self, records: PracticeRecords, bundle: Bundle) -> None:
        self.book, self.bundle = FactBook(records), bundle
        observed = observe_lines(
            records, self.book, answered_only=True, with_rules=True
        )
        self.history = History(answer_events(observed), with_rules=True)
        self.history.advance(AS_OF)

    def score(self, claims: list[Claim]) -> list[RiskScore]:
        return score_claims(
            claims,
            fact_book=self.book,
            history=self.history,
            bundle=self.bundle,
            as_of=AS_OF,
        )


@pytest.fixture(scope="module")
def desk(small_records: PracticeRecords, small_bundle: Bundle) -> Desk:
    return Desk(small_records, small_bundle)


@pytest.fixture(scope="module")
def scores(desk: Desk) -> list[RiskScore]:
    return desk.score(outgoing())


def test_contributions_and_base_add_up_to_the_raw_output(
    scores: list[RiskScore],
) -> None:
    for one in scores:
        for line in one.lines:
            total = line.base + sum(each.contribution for each in line.contributions)
            assert math.isclose(total, line.raw_output, rel_tol=1e-9, abs_tol=1e-12)
            assert len(line.contributions) == len(FEATURES)
            sizes = [abs(each.contribution) for each in line.contributions]
            assert sizes == sorted(sizes, reverse=True)


def test_the_same_claim_alone_in_a_batch_and_in_another_order(
    scores: list[RiskScore], desk: Desk
) -> None:
    claims = outgoing()
    for claim, together in zip(claims, scores, strict=True):
        [alone] = desk.score([claim])
        assert msgspec.json.encode(alone) == msgspec.json.encode(together)
    backward = desk.score(claims[::-1])
    assert backward[::-1] == scores


def test_a_stored_claim_scores_as_its_row_of_the_frame(
    small_records: PracticeRecords, small_frame: Frame, small_bundle: Bundle
) -> None:
    book = FactBook(small_records)
    history = History(
        answer_events(
            observe_lines(small_records, book, answered_only=True, with_rules=True)
        ),
        with_rules=True,
    )
    rows = range(3000, len(small_frame.lines), 97)
    raw = small_bundle.raw_output(small_frame.matrix)
    checked = 0
    for row in rows:
        one = small_frame.lines[row]
        history.advance(one.submitted_on)
        [found] = score_claims(
            [one.claim],
            fact_book=book,
            history=history,
            bundle=small_bundle,
            as_of=one.submitted_on,
        )
        [line] = [
            each for each in found.lines if each.line_number == one.line.line_number
        ]
        assert line.raw_output == raw[row], "bit for bit"
        checked += 1
    assert checked > 10


def test_adding_what_came_later_changes_no_score(
    scores: list[RiskScore], small_records: PracticeRecords, small_bundle: Bundle
) -> None:
    until = msgspec.structs.replace(
        small_records,
        submitted_claims=tuple(
            one for one in small_records.submitted_claims if one.submitted_on < AS_OF
        ),
        adjudications=tuple(
            one for one in small_records.adjudications if one.received_on < AS_OF
        ),
        encounters=tuple(
            one
            for one in small_records.encounters
            if one.signed_on is not None and one.signed_on <= AS_OF
        ),
    )
    assert len(until.adjudications) < len(small_records.adjudications)
    assert Desk(until, small_bundle).score(outgoing()) == scores


def test_claim_risk_lies_between_its_largest_line_and_independence(
    scores: list[RiskScore],
) -> None:
    several = [one for one in scores if len(one.lines) > 1]
    assert several
    for one in several:
        lines = [line.probability for line in one.lines]
        independent = 1 - math.prod(1 - each for each in lines)
        assert max(lines) <= one.probability <= independent + 1e-12
    for one in scores:
        if len(one.lines) == 1:
            assert one.probability == one.lines[0].probability


def test_the_risk_tells_the_two_rules_of_the_small_practice(
    small_records: PracticeRecords, desk: Desk
) -> None:
    authorized = {one.medical_record_number for one in small_records.authorizations}
    without = next(f"R{at}" for at in range(1, 60, 2) if f"R{at}" not in authorized)
    having = next(f"R{at}" for at in range(1, 60, 2) if f"R{at}" in authorized)
    day = AS_OF - timedelta(days=3)
    risky, safe = desk.score(
        [
            make_claim("A", day=day, patient=without),
            make_claim("B", day=day, patient=having),
        ]
    )
    assert risky.probability > 0.5 > 0.2 > safe.probability
    assert risky.reasons[0] == "No authorization is on file for 90837."
    assert not any("No authorization is on file" in each for each in safe.reasons)
    assert "authorization" in safe.speaks_for_payment[0]


def test_the_share_of_a_rate_and_its_words_agree(scores: list[RiskScore]) -> None:
    seen = set()
    for line in (line for one in scores for line in one.lines):
        for each in line.contributions:
            raises = each.sentence.endswith(", which raises the risk.")
            lowers = each.sentence.endswith(", which lowers the risk.")
            if each.feature.startswith("rate_") and each.value is not None:
                assert raises is (each.contribution > 0), each
                assert lowers is (each.contribution < 0), each
                seen.add((raises, lowers))
            else:
                assert not raises or each.feature == "patient_denied_share", each
    assert {(True, False), (False, True)} <= seen


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        pytest.param(
            date(2022, 6, 1),
            (
                "Scored with no history before 2022-06-01: no remittance answer was"
                " known by then, so the risk rests on what is on file and on general"
                " rates.",
                "The model has seen the future of 2022-06-01: it was trained on answers"
                " received before 2024-02-01. What it would have said on that day,"
                " a backtest tells.",
            ),
            id="before everything",
        ),
        pytest.param(
            date(2023, 2, 1),
            (
                "Scored with almost no history before 2023-02-01: only {known}"
                " remittance answers to claim lines were known by then.",
                "The model has seen the future of 2023-02-01: it was trained on answers"
                " received before 2024-02-01. What it would have said on that day,"
                " a backtest tells.",
            ),
            id="almost before everything",
        ),
        pytest.param(date(2024, 2, 1), (), id="the day the model was trained"),
        pytest.param(AS_OF, (), id="later"),
    ],
)
def test_a_score_says_what_it_cannot_be_trusted_for(
    small_records: PracticeRecords,
    small_bundle: Bundle,
    as_of: date,
    expected: tuple[str, ...],
) -> None:
    book = FactBook(small_records)
    history = History(
        answer_events(
            observe_lines(small_records, book, answered_only=True, with_rules=True)
        ),
        with_rules=True,
    )
    history.advance(as_of)
    [found] = score_claims(
        [make_claim("A", day=as_of - timedelta(days=3))],
        fact_book=book,
        history=history,
        bundle=small_bundle,
        as_of=as_of,
    )
    known = sum(one.received_on < as_of for one in small_records.adjudications)
    assert found.warnings == tuple(each.format(known=known) for each in expected)


def test_a_corrected_claim_is_scored_with_a_warning(desk: Desk) -> None:
    day = AS_OF - timedelta(days=3)
    original, corrected = desk.score(
        [
            make_claim("A", day=day, patient="R1"),
            make_claim("A", day=day, patient="R1", frequency_code="7"),
        ]
    )
    assert original.warnings == ()
    [warning] = corrected.warnings
    assert "corrected claim" in warning
    assert "original claims only" in warning


def test_history_of_another_day_is_refused(
    small_records: PracticeRecords, small_bundle: Bundle
) -> None:
    with pytest.raises(ValueError, match="history stands at"):
        score_claims(
            outgoing(),
            fact_book=FactBook(small_records),
            history=History(),
            bundle=small_bundle,
            as_of=AS_OF,
        )


def test_no_claims_give_no_scores(desk: Desk) -> None:
    assert desk.score([]) == []


def test_frames_of_part_of_the_days_equal_the_whole(
    small_records: PracticeRecords, small_frame: Frame
) -> None:
    first = date(2023, 10, 1)
    part = build_frame(small_records, from_day=first)
    later = small_frame.submitted_on >= first.toordinal()
    np.testing.assert_array_equal(part.matrix, small_frame.matrix[later])


def test_every_line_has_the_same_record_alone_as_in_a_long_batch(
    small_records: PracticeRecords, desk: Desk
) -> None:
    """Bit for bit: contributions, sentences, matters, causes, intervals, reasons."""
    claims = [one.claim for one in small_records.submitted_claims[-700:]]
    together = desk.score(claims)
    assert sum(len(one.lines) for one in together) > 600
    for at in range(0, len(claims), 23):
        assert desk.score(claims[at : at + 1]) == together[at : at + 1]
