"""A training table in blocks of submission days, and the blocks put together."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import chain

import numpy as np

from denialml.domain.facts import PracticeRecords
from denialml.modeling.risk.frames import Frame

_ONE_DAY = timedelta(days=1)


def submission_blocks(
    records: PracticeRecords, *, count: int, to_day: date
) -> list[tuple[date, date]]:
    """At most `count` spans of days (both included), with about as many lines each.

    Together they hold every day up to `to_day`; no day is in two of them.
    """
    lines: Counter[date] = Counter()
    for one in records.submitted_claims:
        if one.submitted_on <= to_day:
            lines[one.submitted_on] += len(one.claim.lines)
    blocks: list[tuple[date, date]] = []
    first, done, share = date.min, 0, lines.total() / max(1, count)
    for day in sorted(lines):
        done += lines[day]
        if done >= share * (len(blocks) + 1) and len(blocks) < count - 1:
            blocks.append((first, day))
            first = day + _ONE_DAY
    if first <= to_day:
        blocks.append((first, to_day))
    return blocks


def joined(blocks: Sequence[Frame]) -> Frame:
    """One frame of blocks in the order of their days, as if built at once."""
    claim_counts = [int(one.claim.max(initial=-1)) + 1 for one in blocks]
    offsets = np.cumsum([0, *claim_counts[:-1]])
    return Frame(
        matrix=np.concatenate([one.matrix for one in blocks]),
        denied=np.concatenate([one.denied for one in blocks]),
        submitted_on=np.concatenate([one.submitted_on for one in blocks]),
        answered_on=np.concatenate([one.answered_on for one in blocks]),
        rejected_on=np.concatenate([one.rejected_on for one in blocks]),
        original=np.concatenate([one.original for one in blocks]),
        claim=np.concatenate(
            [
                (one.claim + offset).astype(np.int32)
                for one, offset in zip(blocks, offsets.tolist(), strict=True)
            ]
        ),
        lines=tuple(chain.from_iterable(one.lines for one in blocks)),
        with_rules=any(one.with_rules for one in blocks),
    )
