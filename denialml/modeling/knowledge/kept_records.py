"""Which kinds of record a practice keeps at all, and since when.

A rule that misses a fact means one thing where the practice keeps such records and this
one is not there, and another where it keeps none: that is no word on any claim.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from denialml.domain.facts import PracticeRecords
from denialml.domain.missing import MissingRecord
from denialml.domain.record import Fact

# One fact, written in either way: a session's minutes may be its start and stop.
_SAME_FACT = {"minutes": ("minutes", "started_at")}
# What an export writes where nothing is known, enums in their own word.
_EMPTY = (None, "", (), "unknown")
# From when each is known. Payers and clinicians say no day: what is on file now is held
# to have been there always.
_KNOWN_ON: Mapping[MissingRecord, Callable[[Any], date]] = {
    MissingRecord.PAYER: lambda _: date.min,
    MissingRecord.CLINICIAN: lambda _: date.min,
    MissingRecord.ENROLLMENT: lambda one: one.recorded_on or one.effective_on,
    MissingRecord.ELIGIBILITY_CHECK: lambda one: one.checked_on,
    MissingRecord.AUTHORIZATION: lambda one: one.issued_on,
    # A note that nobody has signed yet is a record that the practice keeps.
    MissingRecord.ENCOUNTER: lambda one: one.signed_on or one.service_date,
}


class KeptRecords:
    """Whether a practice had records of a kind, or a field of them filled, by a day.

    Parameters
    ----------
    records : PracticeRecords
        Unordered; may reach past any as-of day that is asked about.
    """

    def __init__(self, records: PracticeRecords) -> None:
        self._records: dict[MissingRecord, Sequence[Fact]] = {
            MissingRecord.PAYER: records.payers,
            MissingRecord.CLINICIAN: records.clinicians,
            MissingRecord.ENROLLMENT: records.enrollments,
            MissingRecord.ELIGIBILITY_CHECK: records.eligibility_checks,
            MissingRecord.AUTHORIZATION: records.authorizations,
            MissingRecord.ENCOUNTER: records.encounters,
        }
        self._since: dict[tuple[MissingRecord, str], date | None] = {}

    def keeps(self, record: MissingRecord, field: str, *, as_of: date) -> bool:
        """Whether one was on file by the day with `field` filled; empty: any at all.

        Claims, the one at hand and those sent before, every practice keeps.
        """
        if record not in self._records:
            return True
        key = (record, field)
        if key not in self._since:
            self._since[key] = self._first_known(record, field)
        since = self._since[key]
        return since is not None and since <= as_of

    def _first_known(self, record: MissingRecord, field: str) -> date | None:
        known_on = _KNOWN_ON[record]
        days = (known_on(one) for one in self._records[record] if _has(one, field))
        return min(days, default=None)


def _has(record: Fact, field: str) -> bool:
    if not field:
        return True
    names = _SAME_FACT.get(field, (field,))
    return any(getattr(record, name) not in _EMPTY for name in names)
