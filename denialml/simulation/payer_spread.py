"""How far apart payers are: the share of lines that each denies on the whole.

In every world one payer denies about one line in twenty and another about one in
three, and the practice as a whole 15 to 19% (KFF's marketplace issuers ranged from 1
to 54% in 2023). The payers' rules are drawn first and then made stricter or milder.
"""

from collections.abc import Sequence
from random import Random

LADDER = (0.042, 0.085, 0.105, 0.125, 0.145, 0.165, 0.185, 0.215, 0.255, 0.335)
WHOLE_PRACTICE = (0.154, 0.170)
_SELDOM_MILD = frozenset({"medicaid", "marketplace"})
"""Where coverage ends so often that hardly any payer denies less than a tenth."""


def draw_targets(
    random: Random, *, kinds: Sequence[str], shares: Sequence[float]
) -> list[float]:
    """One denial rate per payer, such that the practice's lies in its range.

    `kinds` are the payers' lines of business and `shares` of the patients, in the same
    order; there must be as many as `LADDER` has rungs.
    """
    ladder = [rung * random.uniform(0.96, 1.04) for rung in LADDER]
    while True:
        random.shuffle(ladder)
        whole = sum(
            rung * share for rung, share in zip(ladder, shares, strict=True)
        ) / sum(shares)
        mild = sorted(ladder)[2]
        plausible = all(
            (rung > mild or kind not in _SELDOM_MILD)
            and (rung < 0.16 or kind != "medicare")
            for rung, kind in zip(ladder, kinds, strict=True)
        )
        if plausible and WHOLE_PRACTICE[0] <= whole <= WHOLE_PRACTICE[1]:
            return ladder
