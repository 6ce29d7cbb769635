"""A sign of a root cause, and what signs are read from."""

import msgspec

from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import Payer
from denialml.domain.facts import LineFacts
from denialml.reference import procedure_codes

INTENSIVE_FAMILIES = frozenset(
    {"ABA", "IOP", "PHP", "PHP/IOP", "testing", "TMS", "ECT", "residential"}
    | {"SUD residential", "Spravato", "day treatment"}
)


class Sign(msgspec.Struct, frozen=True, gc=False):
    """One sign: its id in `cause_signs.csv` and the fact in billing words."""

    id: str
    sentence: str


class SignContext(msgspec.Struct, frozen=True, gc=False):
    """What signs are read from.

    `facts` are of the day the claim was sent, `later` of a day after the answer: what
    the practice has learnt about the service since. None: nothing is known.
    """

    claim: Claim
    line: ServiceLine
    payer: Payer | None
    facts: LineFacts
    later: LineFacts | None = None


def family_of(code: str) -> str:
    """Family of a procedure code, empty for one the table does not know."""
    row = procedure_codes().get(code)
    return row.family if row is not None else ""
