"""The smallest set: tried as a whole, smallest first, corrections before other work."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from denialml.domain.fix import FixBy, FixClass
from denialml.fixes.candidate import Candidate, FixKind
from denialml.fixes.search import Assessment, Chosen, Search, is_fit, is_lower

ACCEPTED = 0.15


class Claim:
    """A claim whose risk is a product: each fix leaves a share of it.

    `together` overrules that for some sets; `settles` are the holding rules that each
    fix settles. The model abstains on it with a fix of `hides`, and without that of
    `tells`. Counts how often each set was judged.
    """

    def __init__(
        self,
        risk: float,
        shares: Sequence[float],
        *,
        together: Mapping[Chosen, float] | None = None,
        holding: Sequence[str] = (),
        settles: Mapping[int, str] | None = None,
        raises: Mapping[int, str] | None = None,
        hides: Sequence[int] = (),
        tells: int | None = None,
    ) -> None:
        self.risk = risk
        self.shares = shares
        self.together = together or {}
        self.holding = frozenset(holding)
        self.settles = settles or {}
        self.raises = raises or {}
        self.hides = frozenset(hides)
        self.tells = tells
        self.judged: list[Chosen] = []

    def assess(self, sets: Sequence[Chosen]) -> list[Assessment]:
        self.judged += sets
        return [self.stands(chosen) for chosen in sets]

    def stands(self, chosen: Chosen) -> Assessment:
        risk = self.risk
        for one in chosen:
            risk *= self.shares[one]
        risk = self.together.get(chosen, risk)
        abstains = not self.hides.isdisjoint(chosen) or (
            self.tells is not None and self.tells not in chosen
        )
        held = self.holding - {self.settles.get(one, "") for one in chosen}
        grave = held | {self.raises[one] for one in chosen if one in self.raises}
        return Assessment(
            risk=None if abstains else risk, found=grave, holding=held, grave=grave
        )


def candidate(*, correction: bool = False, touches: str = "") -> Candidate:
    return Candidate(
        kind=FixKind.VERIFY_ELIGIBILITY,
        fix_class=FixClass.DATA_CORRECTION
        if correction
        else FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        statement="Do it.",
        touches=frozenset({touches} - {""}),
    )


def search(claim: Claim, candidates: Sequence[Candidate] | None = None) -> Search:
    return Search(
        candidates or [candidate() for _ in claim.shares],
        before=claim.stands(()),
        assess=claim.assess,
        accepted_risk=ACCEPTED,
    )


def test_one_that_is_enough_alone_is_taken_alone() -> None:
    claim = Claim(0.6, [0.5, 0.2, 0.6])
    found = search(claim).smallest(range(3))
    assert found is not None
    assert (found.chosen, found.reaches) == ((1,), True)
    assert found.after[-1].risk == pytest.approx(0.12)
    assert all(len(one) == 1 for one in claim.judged), "no larger set was tried"


def test_two_are_judged_together_not_added_up() -> None:
    claim = Claim(0.6, [0.5, 0.5, 0.4], together={(0, 1): 0.1, (0, 2): 0.3})
    found = search(claim).smallest(range(3))
    assert found is not None
    assert set(found.chosen) == {1, 2} or set(found.chosen) == {0, 1}
    assert found.after[-1].risk == pytest.approx(0.1)
    assert found.chosen == (0, 1)


def test_of_two_that_touch_the_same_one_is_taken() -> None:
    claim = Claim(0.6, [0.4, 0.4, 0.5])
    candidates = [candidate(touches="coverage")] * 2 + [candidate()]
    found = search(claim, candidates).smallest(range(3))
    assert found is not None
    assert found.reaches
    assert len(found.chosen) == 2
    assert not {0, 1} <= set(found.chosen)
    assert (0, 1) not in claim.judged


def test_a_correction_is_taken_before_work_that_lowers_the_risk_more() -> None:
    claim = Claim(0.5, [0.1, 0.2])
    candidates = [candidate(), candidate(correction=True)]
    found = search(claim, candidates).smallest(range(2))
    assert found is not None
    assert found.chosen == (1,)


def test_the_order_is_by_effect_and_every_step_says_its_risk() -> None:
    claim = Claim(0.9, [0.8, 0.3, 0.5])
    found = search(claim).smallest(range(3))
    assert found is not None
    assert found.reaches
    assert found.chosen == (1, 2)
    assert [one.risk for one in found.after] == pytest.approx([0.27, 0.135])


def test_what_is_not_enough_is_said_to_be_the_best() -> None:
    claim = Claim(0.9, [0.8, 0.7, 0.8, 0.85, 0.995])
    found = search(claim).smallest(range(5))
    assert found is not None
    assert not found.reaches
    assert set(found.chosen) == {0, 1, 2, 3}, "the last is not worth doing"


def test_nothing_is_chosen_where_nothing_is_worth_doing() -> None:
    claim = Claim(0.9, [0.95, 1.2])
    assert search(claim).smallest(range(2)) is None


def test_a_holding_finding_is_settled_even_where_the_risk_is_accepted() -> None:
    claim = Claim(0.05, [1.0, 0.5], holding=["BH-113"], settles={0: "BH-113"})
    found = search(claim).smallest(range(2))
    assert found is not None
    assert found.chosen == (0,)
    assert found.reaches


def test_a_fix_that_brings_a_graver_finding_helps_nobody() -> None:
    claim = Claim(0.6, [0.1, 0.3, 0.3], raises={0: "BH-026"})
    found = search(claim).smallest(range(3))
    assert found is not None
    assert 0 not in found.chosen


def test_no_set_is_judged_twice_and_the_work_is_bounded() -> None:
    claim = Claim(0.99, [0.89] * 12)
    search(claim).smallest(range(12))
    assert len(claim.judged) == len(set(claim.judged))
    assert len(claim.judged) < 12 + 21 + 35 + 30


def test_a_risk_that_cannot_be_told_keeps_nothing_back() -> None:
    unknown = Assessment(risk=None, found=frozenset(), holding=frozenset())
    assert is_fit(unknown, ACCEPTED)
    held = Assessment(risk=None, found=frozenset({"R"}), holding=frozenset({"R"}))
    assert not is_fit(held, ACCEPTED)
    assert not is_lower(unknown, unknown)


def test_that_the_model_has_no_word_any_more_is_not_enough() -> None:
    claim = Claim(0.6, [0.1, 0.5, 0.4], hides=[0])
    found = search(claim).smallest(range(3))
    assert found is not None
    assert found.reaches
    assert found.chosen == (2, 1)
    held = Claim(0.6, [0.1], hides=[0], holding=["R"], settles={0: "R"})
    alone = search(held).smallest(range(1))
    assert alone is not None
    assert not alone.reaches, "the risk was too high, and is not known to be lower"


def test_an_accepted_risk_that_is_not_told_any_more_keeps_nothing_back() -> None:
    claim = Claim(0.1, [1.0], hides=[0], holding=["R"], settles={0: "R"})
    found = search(claim).smallest(range(1))
    assert found is not None
    assert found.reaches
    assert [one.risk for one in found.after] == [None]


def test_what_lowers_a_risk_that_only_another_fix_lets_be_told_is_found() -> None:
    claim = Claim(0.4, [1.0, 0.3, 0.99], tells=0, holding=["R"], settles={0: "R"})
    found = search(claim).smallest(range(3))
    assert found is not None
    assert found.reaches
    assert found.chosen == (0, 1)
    assert [one.risk for one in found.after] == pytest.approx([0.4, 0.12])


@pytest.mark.parametrize(
    ("before", "after", "worth"),
    [(0.5, 0.45, True), (0.5, 0.46, False), (0.04, 0.03, True), (0.04, 0.035, False)],
)
def test_worth_doing_is_a_tenth_of_the_risk_and_a_point(
    before: float, after: float, worth: bool
) -> None:
    def stands(risk: float) -> Assessment:
        return Assessment(
            risk=risk,
            found=frozenset(),
            holding=frozenset(),
            expected_loss=Decimal(0),
        )

    assert is_lower(stands(after), stands(before)) is worth
