"""Why a payer did what it did, kept in memory for benchmarks and tests alone.

With the rules as they stood and what they read, a benchmark can ask what the payer
would have done with another claim. Nothing here is ever written to a file, and nothing
that learns or scores reads it.
"""

from copy import deepcopy

import msgspec

from denialml.simulation.payers import Policy
from denialml.simulation.rules import ClaimContext, LineContext, Rule


class HiddenSubmission(msgspec.Struct, frozen=True, gc=False):
    """One adjudicated frequency-1 submission as its payer saw it.

    `policy` are the payer's rules of that day, never changed afterwards; submissions
    of the same days share it. `line_contexts` and `fired`, the rule that denied a line
    or None, are in the order of the claim's lines. `check_shows_coverage`: an
    eligibility answer of that day would still have said that coverage is active.
    `documented_minutes` is what the note says, signed or not; `held_minutes` how long
    the session took, whoever wrote it down.
    """

    policy: Policy
    claim_context: ClaimContext
    line_contexts: tuple[LineContext, ...]
    fired: tuple[Rule | None, ...]
    check_shows_coverage: bool
    documented_minutes: int | None
    held_minutes: int


def policy_of_today(policy: Policy, *, copies: dict[int, Policy]) -> Policy:
    """A copy of the rules as they stand; that in `copies` while they are the same."""
    held = copies.get(policy.index)
    if held is None or held != policy:
        held = copies[policy.index] = deepcopy(policy)
    return held
