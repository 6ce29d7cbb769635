"""Writes what claims and remittances share: CAS segments and procedure composites."""

from collections.abc import Sequence
from itertools import groupby

from denialml.domain.remittance import ClaimAdjustment
from denialml.errors import InputError
from denialml.formats.envelope_writing import code, composite, money
from denialml.formats.party_writing import Add
from denialml.formats.values import CAS_TRIPLETS

MOST_MODIFIERS = 4


def write_adjustments(add: Add, adjustments: Sequence[ClaimAdjustment]) -> None:
    """CAS segments of up to six triplets, in the order given."""
    for group_code, members in groupby(adjustments, key=lambda a: a.group_code):
        triplets = list(members)
        for start in range(0, len(triplets), CAS_TRIPLETS):
            elements = []
            for adjustment in triplets[start : start + CAS_TRIPLETS]:
                quantity = adjustment.quantity
                elements += [
                    code(adjustment.reason_code, "reason_code"),
                    money(adjustment.amount),
                    money(quantity) if quantity is not None else "",
                ]
            add("CAS", code(group_code, "group_code"), *elements)


def write_procedure(
    qualifier: str, procedure: str, modifiers: Sequence[str], description: str = ""
) -> str:
    """The composite of SV101, SVC01 and SVC06.

    Raises:
        InputError: there are more than four modifiers, which X12 has no room for.
    """
    if len(modifiers) > MOST_MODIFIERS:
        message = f"a service line has {len(modifiers)} modifiers; X12 holds 4"
        raise InputError(message)
    written = [code(modifier, "modifiers") for modifier in modifiers]
    written += [""] * (MOST_MODIFIERS - len(written))
    parts = [code(qualifier, "procedure_qualifier"), code(procedure, "procedure_code")]
    return composite([*parts, *written, description])
