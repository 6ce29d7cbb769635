"""The authorities a letter may rely on: a closed list, each with its status.

A letter cites an authority only where it is in force, on the day of the service and
on the day of the letter, for a plan of this type in this state. Where the plan type
is not confirmed, nothing specific to a plan type is cited: a letter that quotes the
wrong law to the wrong plan costs more than a letter that quotes none.
"""

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from denialml.domain.appeal import Citation
from denialml.domain.coverage import PayerType
from denialml.domain.record import Judgment

Status = Literal["in_force", "not_enforced", "reversed_in_part"]
UNCONFIRMED = frozenset({PayerType.UNKNOWN, PayerType.COMMERCIAL})


class Authority(Judgment, frozen=True):
    """One statute or rule, in our own words. Grain: authority.

    `topics` are what a template may cite it for. `payer_types` are the plans it
    binds; `states` limits it further (empty: every state). `in_force_to` None: open.
    `support` and `source` say how well the entry is supported and by what.
    """

    authority_id: str
    citation: str
    statement: str
    topics: tuple[str, ...]
    payer_types: tuple[PayerType, ...]
    status: Status
    in_force_from: date
    support: Literal["verified", "partly-verified", "expertise"]
    source: str
    jurisdiction: str = "federal"
    states: tuple[str, ...] = ()
    in_force_to: date | None = None
    note: str = ""


@cache
def authorities() -> tuple[Authority, ...]:
    """The packaged library, in the order in which letters cite."""
    text = files("denialml.appeals").joinpath("authorities.toml").read_text("utf-8")
    entries = tomllib.loads(text)["authority"]
    return tuple(msgspec.convert(entry, Authority) for entry in entries)


def select_authorities(
    topics: Sequence[str],
    *,
    payer_type: PayerType,
    state: str,
    service_date: date | None,
    on: date,
) -> tuple[Citation, ...]:
    """The citations that are true for this plan, in the library's order.

    `state` is where the plan is issued (empty: not known, then no state law).
    `service_date` None: the service cannot be placed in time, nothing is cited.
    """
    if payer_type in UNCONFIRMED or service_date is None:
        return ()
    return tuple(
        Citation(
            authority_id=authority.authority_id,
            citation=authority.citation,
            statement=authority.statement,
            support=authority.support,
        )
        for authority in authorities()
        if set(topics) & set(authority.topics)
        and payer_type in authority.payer_types
        and (not authority.states or state in authority.states)
        and in_force(authority, on=service_date)
        and in_force(authority, on=on)
    )


def in_force(authority: Authority, *, on: date) -> bool:
    """Whether the authority may be relied on that day."""
    if authority.status != "in_force" or on < authority.in_force_from:
        return False
    return authority.in_force_to is None or on <= authority.in_force_to
