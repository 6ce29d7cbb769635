"""The declared context: every group and field that a letter template may print.

Each field is a `Value` (text with its sources), a tuple of such, or None where the
record is silent. docs/appeal-templates.md lists the same fields; a test compares.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from denialml.appeals.known_facts import FactsContext
from denialml.appeals.values import Value


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One group of names a template may print."""


class LetterContext(Context, frozen=True):
    """The letter itself: its date, subject and what kind of request it is.

    `processing` asks to take a corrected claim as a replacement or as a new claim.
    The totals are those of all lines that the letter covers. `parity_binds` only where
    parity law is cited, `requested_codes` only where the answer to every line asks for
    records, `lines_alike` only where one correction holds for several lines.
    """

    date: Value
    subject: Value
    request_type: Value
    processing: Value
    charge_total: Value
    denied_total: Value
    urgency: Value
    plan_type: Value | None
    parity_binds: Value | None
    requested_codes: Value | None
    lines_alike: Value | None


class PracticeContext(Context, frozen=True):
    """The billing provider, who writes."""

    name: Value | None
    address_lines: tuple[Value, ...]
    npi: Value | None
    tax_id: Value | None


class PayerContext(Context, frozen=True):
    """The payer, to whom the letter goes; the address as the practice set it up."""

    name: Value
    address_lines: tuple[Value, ...]
    fax: Value | None


class PatientContext(Context, frozen=True):
    """The patient; `subscriber_name` only where somebody else is insured.

    `member_id_first_sent` is the claim's wrong number, where the record proves another
    one; `member_id` is then that one.
    """

    name: Value | None
    member_id: Value | None
    member_id_first_sent: Value | None
    birth_date: Value | None
    subscriber_name: Value | None


class ClaimContext(Context, frozen=True):
    """The denied line and its claim as sent."""

    number: Value | None
    control_number: Value
    service_date: Value | None
    code: Value
    modifiers: tuple[Value, ...]
    code_label: Value | None
    units: Value
    charge: Value
    denied_amount: Value
    paid: Value
    place_of_service: Value | None
    authorization_number: Value | None
    diagnosis_codes: tuple[Value, ...]
    clinician_name: Value | None
    clinician_npi: Value | None
    submitted_on: Value | None


class ReasonContext(Context, frozen=True):
    """One adjustment: its code with our own short label, and the amount."""

    code: Value
    label: Value | None
    amount: Value


class RemarkContext(Context, frozen=True):
    """One remark code with our own short label."""

    code: Value
    label: Value | None


class DenialContext(Context, frozen=True):
    """What the payer answered and when.

    `grounds` are the reasons without contractual reductions and patient shares, where
    others remain. `ambiguous_codes` are the codes in words where they can stand for
    another cause than the one argued. `paid_as_less` only for a down-coded line.
    """

    denied_on: Value
    reasons: tuple[ReasonContext, ...]
    grounds: tuple[ReasonContext, ...]
    remarks: tuple[RemarkContext, ...]
    ambiguous_codes: Value | None
    paid_as_less: Value | None


class LineContext(NamedTuple):
    """One denied line of the letter, to be unpacked by a loop over `lines`.

    ``{% for claim, denial, facts, evidence in lines %}`` gives each of the names that
    a single line has; `evidence` holds the line's own exhibits.
    """

    claim: ClaimContext
    denial: DenialContext
    facts: FactsContext
    evidence: Mapping[str, tuple["ExhibitContext", ...]]


class ExhibitContext(Context, frozen=True):
    """One attached document: `reference` is how a sentence cites it (Exhibit A).

    `date` is the date of service it documents, else the day it was written.
    """

    reference: Value
    title: Value
    date: Value | None


class AuthorityContext(Context, frozen=True):
    """One authority that binds this plan, and what it says in our own words."""

    citation: Value
    statement: Value


GROUPS: Mapping[str, type[Context]] = MappingProxyType(
    {
        "letter": LetterContext,
        "practice": PracticeContext,
        "payer": PayerContext,
        "patient": PatientContext,
        "claim": ClaimContext,
        "denial": DenialContext,
    }
)
DECLARED_NAMES = frozenset(
    {
        *(*GROUPS, "lines", "facts", "exhibits", "evidence"),
        *("quotes", "authorities", "part_2"),
    }
)
