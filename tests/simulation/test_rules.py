"""Hidden rules: when each can fire, as a table."""

from datetime import date
from random import Random
from typing import Any

import msgspec
import pytest

from denialml.simulation.authorizing import Grant, fit, needs_request
from denialml.simulation.billing import BilledLine
from denialml.simulation.parameters import DIFFICULTIES
from denialml.simulation.payers import Policy, draw_policies
from denialml.simulation.policy_changes import PolicyChange, apply_change, draw_changes
from denialml.simulation.rules import (
    ClaimContext,
    LineContext,
    Rule,
    claim_chances,
    left_over,
    line_chances,
)
from denialml.simulation.timeline import Timeline

TIMELINE = Timeline(date(2023, 1, 1), date(2025, 12, 31))
QUIET = LineContext(
    submitted=900,
    code="90834",
    credential="LCSW",
    diagnosis="F411",
    visit_number=5,
    visits_this_year=5,
    visit_limit=0,
    authorization="none",
    number_on_claim=False,
    referral_on_claim=True,
    telehealth=False,
    audio=False,
    place="11",
    modifiers=(),
    minutes=45,
    plan_age=30,
    bundled=False,
)


@pytest.fixture
def policy() -> Policy:
    """A payer with every rule at a known strength."""
    drawn = draw_policies(
        Random(1), timeline=TIMELINE, settings=DIFFICULTIES["medium"]
    )[0]
    return msgspec.structs.replace(
        drawn,
        filing_limit=90,
        timely=0.95,
        duplicate=0.9,
        data=0.01,
        authorization_from={"psychotherapy": 8},
        authorization_missing=0.8,
        authorization_mismatch=0.7,
        needs_number=0.6,
        excluded_codes={"90846": 0.5},
        excluded_credentials={"LPC": (0.9, 365)},
        referral=0.4,
        visit_limit=0.8,
        diagnoses={"Z630": 0.3},
        telehealth_place="10",
        telehealth_modifier="95",
        place_strength=0.5,
        modifier_strength=0.6,
        bundling=0.7,
        time_strength=0.4,
        necessity=0.01,
        records=0.01,
        error=0.005,
    )


@pytest.mark.parametrize(
    ("changed", "rule", "chance"),
    [
        ({"code": "90846"}, Rule.EXCLUDED_CODE, 0.5),
        ({"credential": "LPC", "submitted": 364}, Rule.EXCLUDED_CREDENTIAL, 0.9),
        ({"credential": "LPC", "submitted": 365}, Rule.EXCLUDED_CREDENTIAL, None),
        ({"referral_on_claim": False}, Rule.REFERRAL, 0.4),
        ({"visit_number": 8}, Rule.AUTHORIZATION_MISSING, None),
        ({"visit_number": 9}, Rule.AUTHORIZATION_MISSING, 0.8),
        (
            {"visit_number": 9, "authorization": "expired"},
            Rule.AUTHORIZATION_MISMATCH,
            0.7,
        ),
        (
            {"visit_number": 9, "authorization": "valid"},
            Rule.AUTHORIZATION_MISMATCH,
            0.6,
        ),
        (
            {"visit_number": 9, "authorization": "valid", "number_on_claim": True},
            Rule.AUTHORIZATION_MISMATCH,
            None,
        ),
        ({"visit_limit": 20, "visits_this_year": 20}, Rule.VISIT_LIMIT, 0.4),
        ({"visit_limit": 20, "visits_this_year": 5}, Rule.VISIT_LIMIT, None),
        ({"diagnosis": "Z630"}, Rule.DIAGNOSIS, 0.3),
        ({"telehealth": True, "place": "10"}, Rule.TELEHEALTH, 0.6),
        ({"telehealth": True, "modifiers": ("95",)}, Rule.TELEHEALTH, 0.5),
        ({"telehealth": True}, Rule.TELEHEALTH, 0.8),
        (
            {"telehealth": True, "place": "10", "modifiers": ("95",)},
            Rule.TELEHEALTH,
            None,
        ),
        (
            {"telehealth": True, "audio": True, "place": "10", "modifiers": ("93",)},
            Rule.TELEHEALTH,
            None,
        ),
        ({"place": "10"}, Rule.TELEHEALTH, None),
        ({"bundled": True}, Rule.BUNDLING, 0.7),
        ({}, Rule.TIME, 0.4 * 0.04),
        ({"minutes": 37}, Rule.TIME, 0.4 * 0.75),
        ({"minutes": None}, Rule.TIME, 0.4 * 0.30),
        ({"plan_age": 181}, Rule.NECESSITY, 0.02),
        ({"plan_age": None, "visit_number": 46}, Rule.NECESSITY, 0.06),
        ({"code": "90837", "minutes": None}, Rule.RECORDS, 0.01 * 1.5 * 2.5),
        ({}, Rule.PAYER_ERROR, 0.005),
    ],
)
def test_line_rules(
    policy: Policy, changed: dict[str, Any], rule: Rule, chance: float | None
) -> None:
    context = msgspec.structs.replace(QUIET, **changed)
    found = dict(line_chances(policy, context)).get(rule)
    assert found == (None if chance is None else pytest.approx(chance))


@pytest.mark.parametrize(
    ("changed", "rule", "chance"),
    [
        ({}, Rule.DATA, 0.01),
        ({"intake": True}, Rule.DATA, 0.03),
        ({"new_coverage": True}, Rule.DATA, 0.025),
        ({"migrating": True, "data_factor": 2.0}, Rule.DATA, 0.08),
        ({}, Rule.DUPLICATE, None),
        ({"already_sent": True}, Rule.DUPLICATE, 0.9),
        ({"lag": 90}, Rule.TIMELY, None),
        ({"lag": 91}, Rule.TIMELY, 0.95),
    ],
)
def test_claim_rules(
    policy: Policy, changed: dict[str, Any], rule: Rule, chance: float | None
) -> None:
    quiet = ClaimContext(
        submitted=900,
        lag=5,
        intake=False,
        new_coverage=False,
        already_sent=False,
        data_factor=1.0,
        migrating=False,
    )
    context = msgspec.structs.replace(quiet, **changed)
    found = dict(claim_chances(policy, context)).get(rule)
    assert found == (None if chance is None else pytest.approx(chance))


def test_rules_are_given_in_the_order_in_which_they_apply(policy: Policy) -> None:
    context = msgspec.structs.replace(
        QUIET, visit_number=9, diagnosis="Z630", telehealth=True, bundled=True
    )
    order = [rule for rule, _ in line_chances(policy, context)]
    assert order == sorted(order)


def test_a_line_passes_when_no_rule_fires() -> None:
    assert left_over([(Rule.DATA, 0.5), (Rule.TIMELY, 0.2)]) == pytest.approx(0.4)


def grant(**changed: Any) -> Grant:
    base = Grant(
        number="A1",
        codes=("90834",),
        approved=True,
        issued=10,
        begins=10,
        ends=100,
        units=3,
    )
    return msgspec.structs.replace(base, **changed)


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "valid"),
        ({"used": 3}, "exhausted"),
        ({"used": 3, "sessions": {7: 1}}, "valid"),  # its own units do not count
        ({"ends": 49}, "expired"),
        ({"begins": 51}, "not_yet"),
        ({"codes": ("90847",)}, "wrong_code"),
        ({"issued": 61}, "none"),
        ({"approved": False}, "none"),
    ],
)
def test_fit_of_an_authorization(changed: dict[str, Any], state: str) -> None:
    line = BilledLine("90834", 1, 50)
    assert fit([grant(**changed)], line, as_of=60, session=7).state == state


@pytest.mark.parametrize(
    ("grants", "asks"),
    [
        ([], True),
        ([grant(units=20)], False),
        ([grant(units=20, used=18)], True),
        ([grant(units=20, ends=60)], True),
        ([grant(units=20, ends=60), grant(issued=55)], False),  # already asked
    ],
    ids=["nothing", "enough", "running out", "ending", "asked"],
)
def test_when_the_practice_asks(grants: list[Grant], asks: bool) -> None:
    assert needs_request(grants, "90834", day=50, units=1) == asks


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("scrutiny_90837", "scrutiny"),
        ("authorization_new", "authorization_from"),
        ("authorization_dropped", "authorization_from"),
        ("telehealth_place", "telehealth_place"),
        ("filing_limit", "filing_limit"),
        ("records", "records"),
        ("diagnosis", "diagnoses"),
        ("necessity", "necessity"),
        ("glitch", "glitch"),
    ],
)
def test_a_change_changes_its_rule(policy: Policy, kind: str, field: str) -> None:
    policy.filing_limit = 180
    before = msgspec.structs.asdict(policy)[field]
    before = dict(before) if isinstance(before, dict) else before
    apply_change(policy, PolicyChange(day=100, policy=0, kind=kind, value=0.5))
    assert getattr(policy, field) != before


@pytest.mark.parametrize(("difficulty", "count"), [("easy", 0), ("medium", 6)])
def test_changes_are_spread_over_the_span(difficulty: str, count: int) -> None:
    settings = DIFFICULTIES[difficulty]  # type: ignore[index]
    changes = draw_changes(
        Random(1), timeline=TIMELINE, count=settings.policy_changes, payers=10
    )
    assert len(changes) == count
    split = TIMELINE.last * 2 // 3
    assert sum(change.day < split for change in changes) == count // 2
