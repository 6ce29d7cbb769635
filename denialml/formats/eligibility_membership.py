"""What a 271 says of membership in a program: Medicare Advantage, QMB.

Each benefit that speaks of one has days of its own; an answer lists past and present
ones beside each other.
"""

from datetime import date

from denialml.formats.eligibility_codes import (
    ACTIVE_CODES,
    ADVANTAGE_PLANS,
    BEGINS,
    ENDS,
    GENERAL_TYPES,
    MEDICARE_RISK_PLAN,
    NOT_COVERED,
    OTHER_PAYER,
    QUALIFIED_BENEFICIARY,
    SPANS,
)

# Of a membership also: coordination of benefits, benefit.
_SPANS_OF_MEMBERSHIP = (*SPANS, "290", "292")


class _Membership:
    """One EB that says whether the person is in a program; open where days are None."""

    def __init__(self, insurance_type: str, *, is_member: bool) -> None:
        self.insurance_type = insurance_type
        self.is_member = is_member
        self.begins_on: date | None = None
        self.ends_on: date | None = None

    def holds_on(self, day: date | None) -> bool:
        """Whether it speaks of the day; None: it is taken to."""
        if day is None:
            return True
        begun = self.begins_on is None or self.begins_on <= day
        return begun and (self.ends_on is None or day <= self.ends_on)


class Memberships:
    """The memberships of one person, benefit by benefit."""

    def __init__(self) -> None:
        self._said: list[_Membership] = []
        self._current: _Membership | None = None

    def read_benefit(
        self, benefit: list[str], types: set[str], *, from_cms: bool
    ) -> None:
        """One EB with its service types; `from_cms`: Medicare itself says so."""
        self._current = _membership_of(benefit, types, from_cms=from_cms)
        if self._current is not None:
            self._said.append(self._current)

    def read_day(self, qualifier: str, first: date | None, last: date | None) -> None:
        """A day or span (DTP) of the benefit read last."""
        current = self._current
        if current is None:
            return
        if qualifier in BEGINS:
            current.begins_on = first
        elif qualifier in ENDS:
            current.ends_on = first
        elif qualifier in _SPANS_OF_MEMBERSHIP:
            current.begins_on, current.ends_on = first, last

    def holds(self, insurance_type: str, day: date | None) -> bool | None:
        """Whether the person is in the program on a day; None: nothing is said."""
        said = {
            one.is_member
            for one in self._said
            if one.insurance_type == insurance_type and one.holds_on(day)
        }
        return any(said) if said else None


def _membership_of(
    benefit: list[str], types: set[str], *, from_cms: bool
) -> _Membership | None:
    """What the benefit says of Medicare Advantage or QMB; None: nothing."""
    code, insurance_type = benefit[1], benefit[4]
    if (
        insurance_type in ADVANTAGE_PLANS
        and code == OTHER_PAYER
        and from_cms
        and types & GENERAL_TYPES
    ):
        insurance_type = MEDICARE_RISK_PLAN
    if insurance_type not in (MEDICARE_RISK_PLAN, QUALIFIED_BENEFICIARY):
        return None
    if code in ACTIVE_CODES or code == OTHER_PAYER:
        return _Membership(insurance_type, is_member=True)
    if code == NOT_COVERED:
        return _Membership(insurance_type, is_member=False)
    return None
