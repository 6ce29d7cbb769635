"""What an organization has written down about one payer's rules.

None or empty always means that nobody wrote it down: a rule that needs it cannot tell,
or says that it rests on a default.
"""

from typing import Literal

import msgspec


class PayerPolicy(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """One payer's settings, `[payers.PAYER_ID]` of an organization's rules file.

    Lists of procedure codes are codes exactly as billed. Days are calendar days.
    `units_rounding`: how minutes become 15-minute units; ``midpoint`` counts from 8
    minutes on, ``whole`` counts whole quarters of an hour only. `program_day_minutes`:
    attended minutes that a day of H0015 or S9480 takes.
    `behavior_analysis_diagnoses` are beginnings of ICD-10-CM codes. `degree_modifiers`
    are by credential, empty text for one that takes none; `state_modifiers` and
    `program_modifiers` are by procedure code. `supervised_modifier` empty: none wanted.
    """

    requires_taxonomy: bool | None = None
    institutional_codes: tuple[str, ...] | None = None
    behavioral_payer_id: str | None = None
    authorization_codes: tuple[str, ...] | None = None
    referral_required: bool | None = None
    excluded_codes: tuple[str, ...] | None = None
    excluded_diagnoses: tuple[str, ...] | None = None
    accepts_h_codes: bool | None = None
    requires_modifier_25: bool | None = None
    units_rounding: Literal["midpoint", "whole"] | None = None
    applies_medicare_unit_limits: bool | None = None
    applies_ncci_pairs: bool | None = None
    allows_concurrent_supervision: bool | None = None
    group_size_maximum: int | None = None
    telehealth_codes: tuple[str, ...] | None = None
    primary_z_diagnoses: tuple[str, ...] | None = None
    degree_modifiers: dict[str, str] | None = None
    state_modifiers: dict[str, str] | None = None
    program_modifiers: dict[str, str] | None = None
    supervised_modifier: str | None = None
    signature_limit_days: int | None = None
    treatment_plan_days: int | None = None
    eligibility_check_days: int | None = None
    measurement_days: int | None = None
    requires_service_facility: bool | None = None
    accepts_zero_charge: bool | None = None
    fee_schedule: dict[str, float] | None = None
    splits_per_diem_months: bool | None = None
    behavior_analysis_diagnoses: tuple[str, ...] | None = None
    program_day_minutes: int | None = None
    requires_telehealth_consent: bool | None = None


NOT_CONFIGURED = PayerPolicy()
"""Nothing was written down about the payer."""
