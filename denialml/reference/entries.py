"""The types of the packaged reference tables: one frozen record per row.

Codes are strings exactly as sent. Labels are denialml's own short words, never the
text of X12, the AMA or CMS. `support` says how sure a row is: ``verified`` (read in
public material), ``partly-verified``, ``expertise`` (a specialist's knowledge without
a page) or ``conflict`` (sources disagree). `source` names it; see SOURCES.md.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

AdjustmentClass = Literal[
    "denial", "contractual", "patient_responsibility", "pend", "informational"
]
Support = Literal["verified", "partly-verified", "expertise", "conflict"]
RemarkRole = Literal["label", "refine", "route", "none"]
LengthUnit = Literal["days", "business_days", "months", "years"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of a reference table."""


class AdjustmentReason(Entry, frozen=True):
    """One claim adjustment reason code (CARC). Grain: code.

    `root_cause` is empty where the code never says why a line was denied (pends,
    contractual, patient share). `root_cause_probability` and `alternatives` add up
    to 1: a specialist's prior, not a measured rate. `original_medicare_class` is the
    class where the payer is original Medicare, empty where it is the same (24 means
    Medicare Advantage there and capitation elsewhere). `appealable`: yes, no,
    sometimes. `preventable`: yes, no, partly. `hard_or_soft`: hard, soft or empty.
    """

    code: str
    label: str
    adjustment_class: AdjustmentClass
    original_medicare_class: AdjustmentClass | Literal[""]
    root_cause: str
    root_cause_probability: float
    alternatives: tuple[tuple[str, float], ...]
    route: str
    appealable: Literal["yes", "no", "sometimes"]
    preventable: Literal["yes", "no", "partly"]
    hard_or_soft: Literal["hard", "soft", ""]
    note: str
    support: Support
    source: str

    def class_for(self, *, original_medicare: bool) -> AdjustmentClass:
        """The adjustment class, given whether the payer is original Medicare."""
        if original_medicare and self.original_medicare_class:
            return self.original_medicare_class
        return self.adjustment_class


class RemarkCode(Entry, frozen=True):
    """One remittance advice remark code (RARC). Grain: code.

    `role`: ``label`` names a cause that decides under a generic reason code,
    ``refine`` shifts between causes the reason code allows, ``route`` decides only
    what to do next, ``none`` says nothing (alerts and pointers). `root_cause` is
    empty for the last two.
    """

    code: str
    label: str
    is_alert: bool
    role: RemarkRole
    root_cause: str
    route: str
    note: str
    support: Support
    source: str


class ProcedureCode(Entry, frozen=True):
    """One procedure code of behavioral health. Grain: code.

    `minutes_minimum` and `minutes_maximum` bound the documented minutes that support
    one unit; None: no limit that way. For an add-on they count the whole session
    (75 minutes for the first unit beyond the first hour of crisis). `time_basis`:
    ``minutes`` (the code is chosen by time), ``decision_or_time`` (an evaluation
    visit may be chosen by medical decision instead, so minutes alone prove nothing),
    ``none``. `units_maximum_medicare` is Medicare's unit edit, None where unknown;
    other payers set their own. `telehealth_medicare` None: not known.
    """

    code: str
    label: str
    family: str
    minutes_minimum: int | None
    minutes_maximum: int | None
    time_basis: Literal["minutes", "decision_or_time", "none"]
    unit_rule: str
    is_add_on: bool
    primary_codes: tuple[str, ...]
    needs_evaluation_and_management: bool
    units_maximum_medicare: Decimal | None
    telehealth_medicare: bool | None
    valid_from: date | None
    valid_to: date | None
    note: str
    support: Support
    source: str

    def is_valid_on(self, day: date) -> bool:
        """Whether the code existed on a date of service."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class UnitLimit(Entry, frozen=True):
    """Medicare's limit of units of one code (MUE, practitioner). Grain: code.

    `adjudication_indicator`: ``1`` counts each line, ``2`` the day and no appeal lifts
    it, ``3`` the day and records may lift it; empty: not known. `units` 0: Medicare
    never pays the code. Medicaid's own limits differ.
    """

    code: str
    units: Decimal
    adjudication_indicator: Literal["1", "2", "3", ""]
    valid_from: date | None
    valid_to: date | None
    support: Support
    source: str

    def is_valid_on(self, day: date) -> bool:
        """Whether the limit was in force on a date of service, as far as known."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


class CodePairs(Entry, frozen=True):
    """Pairs of codes of which Medicare pays only the first (NCCI, practitioner).

    Grain: column 1 x modifier indicator x last day. `column_2` are the codes not paid
    beside `column_1`. `modifier_indicator`: ``0`` no modifier opens the pair, ``1``
    one of the NCCI-associated modifiers does. `valid_to` None: still in force; first
    days are not known.
    """

    column_1: str
    column_2: frozenset[str]
    modifier_indicator: Literal["0", "1"]
    valid_to: date | None


class PlaceOfService(Entry, frozen=True):
    """One place-of-service code. Grain: code."""

    code: str
    label: str
    is_telehealth: bool


class RootCauseClass(Entry, frozen=True):
    """One of the 17 root causes. Grain: class.

    `routes` are the usual next steps, most usual first; `letter_template` the
    letter that argues it; `evidence_documents` are document kinds. `base_share` is a
    specialist's share of the class among behavioral-health denials, adding up to 1;
    it was never measured and serves only where codes say little.
    """

    id: str
    base_share: float
    label: str
    definition: str
    sub_classes: tuple[str, ...]
    routes: tuple[str, ...]
    letter_template: str
    evidence_documents: tuple[str, ...]
    support: Support


class DocumentKind(Entry, frozen=True):
    """One kind of document on file. Grain: kind.

    `proves` are root causes it can speak to. `minimum_necessary` says what part may
    leave (45 CFR 164.502(b)). `extract_only`: such files normally name other
    patients, so that only this claim's part may leave and the raw file never.
    `never_attached`: must not leave at all.
    """

    id: str
    label: str
    proves: tuple[str, ...]
    required_fields: tuple[str, ...]
    sensitivity: str
    minimum_necessary: str
    extract_only: bool
    never_attached: bool
    note: str
    support: Support
    source: str


class DeadlineRule(Entry, frozen=True):
    """One window of one programme or payer. Grain: rule.

    `payer_names` are lower-case parts of a payer's name the rule is limited to,
    empty: every payer of `payer_types`. `counted_from`: service_date, notice,
    remittance, primary_remittance or a later event of the same dispute.
    `presumed_receipt_days` are added before counting (a notice is presumed received
    five days after its date). `rolls_to_business_day`: by law a last day on a
    weekend or federal holiday moves to the next business day.
    `missing_day_moves_forward`: a month without the day ends on the first of the next
    (else on its own last day). `review` names rows of the review that corrected it.
    """

    rule_id: str
    payer_names: tuple[str, ...]
    payer_types: tuple[str, ...]
    appellant: str
    kind: str
    level: str
    length: int
    unit: LengthUnit
    counted_from: str
    presumed_receipt_days: int
    rolls_to_business_day: bool
    missing_day_moves_forward: bool
    note: str
    support: Support
    source: str
    review: str


class AllowedProvider(Entry, frozen=True):
    """One type of provider whom a group of payers pays for some codes. Grain: row.

    `payer_group`: ``medicare`` (Medicare Advantage follows it) or ``any``, which holds
    where the payer's own group has no row for the code. Who has no row for a code that
    the table knows is not paid for it; of any other code the table says nothing.
    """

    payer_group: Literal["medicare", "any"]
    provider_type: str
    codes: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    support: Support
    source: str


class CauseSign(Entry, frozen=True):
    """What one sign on file says about one root cause. Grain: sign x root cause.

    `weight` is in log-odds, a specialist's judgement with its `reason`: 2.3 makes
    the cause ten times as likely against the others, -2.3 a tenth.
    """

    sign: str
    root_cause: str
    weight: float
    reason: str
