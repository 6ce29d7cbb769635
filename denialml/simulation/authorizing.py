"""Asking for authorizations, and which one fits a line on a day.

The fit is what a practice can tell from its own records: approved, for the code,
covering the day, with units left after the lines already sent.
"""

from decimal import Decimal
from random import Random

import msgspec

from denialml.domain.coverage import Authorization, AuthorizationDecision
from denialml.simulation.billing import BilledLine
from denialml.simulation.parameters import SERVICES
from denialml.simulation.timeline import Timeline

_FAMILIES: dict[str, tuple[str, ...]] = {
    "psychotherapy": ("90832", "90834", "90837"),
    "family": ("90846", "90847"),
    "iop": ("H0015",),
    "aba": ("97153", "97155"),
    "testing": ("96130", "96131", "96136", "96137"),
}
_UNITS: dict[str, tuple[int, ...]] = {
    "psychotherapy": (8, 10, 12, 16, 20),
    "family": (6, 8, 12),
    "iop": (12, 16, 24),
    "aba": (160, 240, 320),
    "testing": (6, 8, 10),
}
_RANK = {
    "valid": 6,
    "exhausted": 5,
    "expired": 4,
    "not_yet": 3,
    "wrong_code": 2,
    "none": 0,
}


class Grant(msgspec.Struct):
    """One authorization and the units of lines sent under it, by session number."""

    number: str
    codes: tuple[str, ...]
    approved: bool
    issued: int
    begins: int
    ends: int
    units: int
    used: int = 0
    sessions: dict[int, int] = msgspec.field(default_factory=dict)


class Fit(msgspec.Struct, frozen=True):
    """The best authorization for a line. `state` as in `_RANK`."""

    state: str
    grant: Grant | None


_NONE = Fit("none", None)


def fit(
    grants: list[Grant],
    line: BilledLine,
    *,
    as_of: int,
    session: int,
) -> Fit:
    """The best fit on file by `as_of`; the session's own units do not count."""
    best = _NONE
    best_rank = (0, -1)
    for grant in grants:
        if grant.issued > as_of or not grant.approved:
            continue
        left = 0
        if line.code not in grant.codes:
            state = "wrong_code"
        elif line.day < grant.begins:
            state = "not_yet"
        elif line.day > grant.ends:
            state = "expired"
        else:
            left = grant.units - grant.used + grant.sessions.get(session, 0)
            state = "valid" if left >= line.units else "exhausted"
        rank = (_RANK[state], left)
        if rank > best_rank:
            best, best_rank = Fit(state, grant), rank
    return best


def needs_request(grants: list[Grant], code: str, *, day: int, units: int) -> bool:
    """Whether the practice should ask now: nothing valid, or it is running out."""
    for grant in grants:
        if (
            grant.approved
            and code in grant.codes
            and grant.ends >= day + 14
            and grant.units - grant.used > 2 * units
        ):
            return False
        if grant.issued > day:
            return False
    return True


def request(random: Random, *, number: str, code: str, day: int) -> Grant:
    """The payer's answer to a request made on `day`."""
    group = SERVICES[code].group
    issued = day + random.choice((0, 0, 1, 2, 3, 5))
    codes = _FAMILIES[group]
    if group == "psychotherapy" and random.random() < 0.2:
        codes = ("90832", "90834")
    return Grant(
        number=number,
        codes=codes,
        approved=random.random() >= 0.04,
        issued=issued,
        begins=min(issued, day + 1),
        ends=day + random.choice((60, 90, 120, 180)),
        units=random.choice(_UNITS[group]),
    )


def authorization_record(
    grant: Grant,
    *,
    payer_id: str,
    member_id: str,
    medical_record_number: str,
    timeline: Timeline,
) -> Authorization:
    """The grant as the practice's records hold it."""
    return Authorization(
        authorization_number=grant.number,
        payer_id=payer_id,
        member_id=member_id,
        medical_record_number=medical_record_number,
        issued_on=timeline.date(grant.issued),
        decision=(
            AuthorizationDecision.APPROVED
            if grant.approved
            else AuthorizationDecision.DENIED
        ),
        procedure_codes=grant.codes,
        units=Decimal(grant.units),
        begins_on=timeline.date(grant.begins),
        ends_on=timeline.date(grant.ends),
    )
