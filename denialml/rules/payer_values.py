"""What a payer's settings can be: counts within bounds, codes as claims carry them.

A code that no table knows passes: payers have codes of their own. One that could stand
on no claim does not, for a rule would then look for it in vain and say nothing.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from denialml.rules.payer_policy import PayerPolicy

PROCEDURE_CODE = (re.compile(r"[A-Z0-9]{5}\Z"), "five capitals or digits")
MODIFIER = (re.compile(r"[A-Z0-9]{2}\Z"), "two capitals or digits")
_MODIFIER_OR_NONE = (re.compile(r"([A-Z0-9]{2})?\Z"), f"{MODIFIER[1]}, or empty text")
_DIAGNOSIS = (
    re.compile(r"[A-Z][A-Z0-9.]{0,7}\Z"),
    "an ICD-10-CM code or its beginning",
)
_PAYER_ID = (re.compile(r"\S(.*\S)?\Z"), "a payer id")
_CREDENTIAL = (re.compile(r"\S(.*\S)?\Z"), "a credential")
# By setting: the form of each value of a list or text.
_LISTS = {
    **dict.fromkeys(
        (
            *("institutional_codes", "authorization_codes", "excluded_codes"),
            "telehealth_codes",
        ),
        PROCEDURE_CODE,
    ),
    **dict.fromkeys(
        (
            *("excluded_diagnoses", "primary_z_diagnoses"),
            "behavior_analysis_diagnoses",
        ),
        _DIAGNOSIS,
    ),
}
_TEXTS = {"behavioral_payer_id": _PAYER_ID, "supervised_modifier": _MODIFIER_OR_NONE}
# By setting: the forms of a table's keys and of its values.
_TABLES = {
    "degree_modifiers": (_CREDENTIAL, _MODIFIER_OR_NONE),
    "state_modifiers": (PROCEDURE_CODE, _MODIFIER_OR_NONE),
    "program_modifiers": (PROCEDURE_CODE, _MODIFIER_OR_NONE),
    "fee_schedule": (PROCEDURE_CODE, None),
}
_TEN_YEARS_DAYS, _DAY_MINUTES = 3660, 1440
_COUNTS = {
    "signature_limit_days": (0, _TEN_YEARS_DAYS),
    "treatment_plan_days": (1, _TEN_YEARS_DAYS),
    "eligibility_check_days": (0, _TEN_YEARS_DAYS),
    "measurement_days": (1, _TEN_YEARS_DAYS),
    "group_size_maximum": (2, 100),
    "program_day_minutes": (1, _DAY_MINUTES),
}
_LARGEST_FEE = 1e7


class ValueFault(NamedTuple):
    """One value that cannot be right: the keys to it, what it is and what may be."""

    keys: tuple[str, ...]
    message: str
    allowed: str


def faults_of_policy(policy: PayerPolicy) -> Iterator[ValueFault]:
    """Every value of one payer's settings that cannot be right."""
    for key, (pattern, allowed) in _LISTS.items():
        for value in getattr(policy, key) or ():
            if not pattern.match(value):
                yield ValueFault((key,), f"{key} holds {value!r}", allowed)
    for key, (pattern, allowed) in _TEXTS.items():
        value = getattr(policy, key)
        if value is not None and not pattern.match(value):
            yield ValueFault((key,), f"{key} is {value!r}", allowed)
    for key, (lowest, highest) in _COUNTS.items():
        count = getattr(policy, key)
        if count is not None and not lowest <= count <= highest:
            yield ValueFault((key,), f"{key} is {count}", f"{lowest} to {highest:,}")
    yield from _faults_of_tables(policy)


def _faults_of_tables(policy: PayerPolicy) -> Iterator[ValueFault]:
    for table, ((key_form, key_allowed), value_form) in _TABLES.items():
        for name, value in (getattr(policy, table) or {}).items():
            if not key_form.match(name):
                yield ValueFault(
                    (table, name), f"{table} has the key {name!r}", key_allowed
                )
            if value_form is not None and not value_form[0].match(value):
                message = f"{table} of {name} is {value!r}"
                yield ValueFault((table, name), message, value_form[1])
    for code, fee in (policy.fee_schedule or {}).items():
        if not 0.0 <= fee < _LARGEST_FEE:
            keys = ("fee_schedule", code)
            yield ValueFault(keys, f"fee {fee:g}", "dollars from 0 on")
