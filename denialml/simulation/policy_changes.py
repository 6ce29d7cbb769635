"""Payers change their rules: what changes, when, and putting it into force."""

from random import Random

import msgspec

from denialml.simulation.payers import Policy
from denialml.simulation.timeline import Timeline


class PolicyChange(msgspec.Struct, frozen=True):
    """One change of one payer's rules, in force from `day`."""

    day: int
    policy: int
    kind: str
    value: float


_CHANGES = (
    "scrutiny_90837",
    "authorization_new",
    "authorization_dropped",
    "telehealth_place",
    "filing_limit",
    "records",
    "diagnosis",
    "necessity",
    "glitch",
)


def draw_changes(
    random: Random, *, timeline: Timeline, count: int, payers: int
) -> list[PolicyChange]:
    """Half of the changes in the first two thirds of the span, half after."""
    split = timeline.last * 2 // 3
    changes = []
    for number in range(count):
        first_half = number < (count + 1) // 2
        low, high = (60, split) if first_half else (split, timeline.last - 40)
        changes.append(
            PolicyChange(
                day=random.randint(min(low, high), max(low, high)),
                policy=random.randrange(payers),
                kind=random.choice(_CHANGES),
                value=random.random(),
            )
        )
    return sorted(changes, key=lambda change: change.day)


def apply_change(policy: Policy, change: PolicyChange) -> None:
    """Put one change into force."""
    match change.kind:
        case "scrutiny_90837":
            policy.scrutiny["90837"] = 0.03 + 0.07 * change.value
        case "authorization_new":
            policy.authorization_from["psychotherapy"] = (8, 12, 20)[
                int(change.value * 3)
            ]
            policy.knows_authorization["psychotherapy"] = False
        case "authorization_dropped":
            policy.authorization_from.pop("psychotherapy", None)
        case "telehealth_place":
            policy.telehealth_place = "02" if policy.telehealth_place == "10" else "10"
        case "filing_limit":
            policy.filing_limit = 90
        case "records":
            policy.records *= 3
        case "diagnosis":
            policy.diagnoses["F419"] = 0.2 + 0.3 * change.value
        case "necessity":
            policy.necessity *= 2.2
        case "glitch":
            policy.glitch = (change.day, change.day + 24)
        case _:
            raise ValueError(change.kind)
