"""Which denial rates the practice's own remittances teach, and by which words.

One `RateTable` per question, such as "how often did this payer deny this code with
the authorization in this state?". Adding a table adds one row here; its features are
made in `features`.
"""

from collections.abc import Callable

import msgspec

from denialml.domain.denial import RootCause
from denialml.modeling.line_view import LineView

Key = tuple[str | int | bool, ...]


class RateTable(msgspec.Struct, frozen=True, kw_only=True):
    """One family of decayed, shrunken rates.

    `key` gives the words it is kept by, None where the question does not arise.
    `parent` names the table whose rate it is drawn towards while evidence is thin,
    empty: the practice's overall rate. `half_life_days`: an answer that old counts
    half; `half_life_answers`, where set, instead: after that many more answers it
    counts half, which follows a changed rule quickly. `prior_weight`: how many answers
    the parent's rate counts for. `causes`: only denials of these root causes count (by
    the share that the codes give them), all denials where empty.
    """

    name: str
    words: str
    key: Callable[[LineView], Key | None]
    parent: str = ""
    half_life_days: int = 270
    half_life_answers: int = 0
    prior_weight: float = 8.0
    causes: frozenset[str] = frozenset()


_AUTHORIZATION = frozenset({RootCause.AUTH_MISSING, RootCause.AUTH_MISMATCH})
_COVERAGE = frozenset({RootCause.ELIGIBILITY_COVERAGE})
_COORDINATION = frozenset({RootCause.COB_WRONG_PAYER})
_PROVIDER = frozenset({RootCause.PROVIDER_ELIGIBILITY, RootCause.NETWORK_REFERRAL})
_SESSION = frozenset({RootCause.MODIFIER_POS_TELEHEALTH})
_DIAGNOSIS = frozenset({RootCause.DIAGNOSIS_CODING})
_TIME = frozenset({RootCause.CODING_TIME_UNITS, RootCause.DOCUMENTATION_INSUFFICIENT})
_BENEFIT = frozenset({RootCause.BENEFIT_COVERAGE, RootCause.BENEFIT_LIMIT})
_NECESSITY = frozenset({RootCause.MEDICAL_NECESSITY})
_SAME_DAY = frozenset({RootCause.BUNDLING_SAME_DAY})
_DATA = frozenset({RootCause.CLAIM_DATA_ERROR})

RATE_TABLES: tuple[RateTable, ...] = (
    RateTable(
        name="payer",
        words="{payer}'s answers on any service",
        key=lambda view: (view.payer,),
        half_life_days=365,
    ),
    RateTable(
        name="payer_lately",
        words="{payer}'s answers on any service in the last weeks",
        key=lambda view: (view.payer,),
        parent="payer",
        half_life_days=21,
        prior_weight=15.0,
    ),
    RateTable(
        name="payer_code",
        words="{payer}'s answers on {code}",
        key=lambda view: (view.payer, view.code),
        parent="payer",
    ),
    RateTable(
        name="payer_code_lately",
        words="{payer}'s answers on {code} in the last weeks",
        key=lambda view: (view.payer, view.code),
        parent="payer_code",
        half_life_days=30,
        prior_weight=12.0,
    ),
    RateTable(
        name="authorization",
        words="{payer}'s answers on {code} with the authorization"
        " {authorization}{authorization_sent}",
        key=lambda view: (
            view.payer,
            view.code,
            view.authorization,
            view.authorization_sent,
        ),
        parent="payer_code",
    ),
    RateTable(
        name="authorization_visit",
        words="{payer}'s answers on {code} at this visit number with the"
        " authorization {authorization}{authorization_sent}",
        key=lambda view: (
            view.payer,
            view.code,
            view.authorization,
            view.authorization_sent,
            view.visit_bucket,
        ),
        parent="authorization",
        prior_weight=6.0,
    ),
    RateTable(
        name="authorization_denial",
        words="{payer}'s answers on {code} with the authorization"
        " {authorization}{authorization_sent}, counting denials for authorization",
        key=lambda view: (
            view.payer,
            view.code,
            view.authorization,
            view.authorization_sent,
        ),
        causes=_AUTHORIZATION,
    ),
    RateTable(
        name="authorization_visit_denial",
        words="{payer}'s answers on {family} at this visit number with the"
        " authorization {authorization}{authorization_sent}, counting denials for"
        " authorization",
        key=lambda view: (
            view.payer,
            view.family,
            view.authorization,
            view.authorization_sent,
            view.visit_bucket,
        ),
        parent="authorization_denial",
        prior_weight=6.0,
        causes=_AUTHORIZATION,
    ),
    RateTable(
        name="minutes",
        words="{payer}'s answers on {code} where the documented minutes are"
        " {minutes_fit}",
        key=lambda view: (view.payer, view.code, view.minutes_fit),
        parent="payer_code",
    ),
    RateTable(
        name="minutes_denial",
        words="{payer}'s answers on {code} where the documented minutes are"
        " {minutes_fit}, counting denials for time or records",
        key=lambda view: (view.payer, view.code, view.minutes_fit),
        causes=_TIME,
    ),
    RateTable(
        name="session",
        words="{payer}'s answers on sessions sent with place of service and modifiers"
        " {session}",
        key=lambda view: (view.payer, view.session, view.modality),
        parent="payer",
        half_life_days=150,
    ),
    RateTable(
        name="session_denial",
        words="{payer}'s answers on sessions sent with place of service and modifiers"
        " {session}, counting denials for place or modifier",
        key=lambda view: (view.payer, view.session, view.modality),
        half_life_days=150,
        causes=_SESSION,
    ),
    RateTable(
        name="diagnosis",
        words="{payer}'s answers on diagnosis {diagnosis}",
        key=lambda view: (view.payer, view.diagnosis),
        parent="payer",
    ),
    RateTable(
        name="diagnosis_denial",
        words="{payer}'s answers on diagnosis {diagnosis}, counting denials for the"
        " diagnosis",
        key=lambda view: (view.payer, view.diagnosis),
        causes=_DIAGNOSIS,
    ),
    RateTable(
        name="diagnosis_code",
        words="{payer}'s answers on {code} with diagnosis {diagnosis}",
        key=lambda view: (view.payer, view.code, view.diagnosis),
        parent="payer_code",
    ),
    RateTable(
        name="same_day",
        words="{payer}'s answers on {code} beside such services on the same day"
        " {separate_service}",
        key=lambda view: (
            (view.payer, view.code, view.same_day_families, view.separate_service)
            if view.same_day
            else None
        ),
        parent="payer_code",
        prior_weight=5.0,
    ),
    RateTable(
        name="same_day_denial",
        words="{payer}'s answers on {code} beside such services on the same day"
        " {separate_service}, counting denials for bundling",
        key=lambda view: (
            (view.payer, view.code, view.same_day_families, view.separate_service)
            if view.same_day
            else None
        ),
        causes=_SAME_DAY,
        prior_weight=5.0,
    ),
    RateTable(
        name="clinician",
        words="{payer}'s answers on this clinician's services",
        key=lambda view: (view.payer, view.clinician),
        parent="payer",
        half_life_days=60,
    ),
    RateTable(
        name="clinician_denial",
        words="{payer}'s answers on this clinician's services, counting denials for"
        " enrollment or network",
        key=lambda view: (view.payer, view.clinician),
        half_life_days=45,
        prior_weight=4.0,
        causes=_PROVIDER,
    ),
    RateTable(
        name="clinician_any_payer",
        words="all payers' answers on this clinician's services",
        key=lambda view: (view.clinician,),
        half_life_days=120,
    ),
    RateTable(
        name="taxonomy",
        words="{payer}'s answers on {code} by clinicians of this specialty",
        key=lambda view: (view.payer, view.taxonomy, view.code),
        parent="payer_code",
    ),
    RateTable(
        name="taxonomy_denial",
        words="{payer}'s answers on clinicians of this specialty, counting denials for"
        " benefit, enrollment or network",
        key=lambda view: (view.payer, view.taxonomy),
        causes=_PROVIDER | _BENEFIT,
    ),
    RateTable(
        name="site",
        words="all payers' answers on claims of this site",
        key=lambda view: (view.site,),
        half_life_days=120,
        prior_weight=20.0,
    ),
    RateTable(
        name="site_data",
        words="all payers' answers on claims of this site in the last weeks, counting"
        " denials for claim data",
        key=lambda view: (view.site,),
        half_life_days=25,
        prior_weight=15.0,
        causes=_DATA,
    ),
    RateTable(
        name="first_visit_data",
        words="{payer}'s answers at this visit number, counting denials for claim data",
        key=lambda view: (view.payer, min(view.visit_bucket, 3)),
        causes=_DATA,
    ),
    RateTable(
        name="plan_visits",
        words="{payer}'s answers at this many visits in the year under this plan",
        key=lambda view: (view.payer, view.plan, view.year_bucket),
        parent="payer",
        prior_weight=5.0,
    ),
    RateTable(
        name="plan_visits_denial",
        words="{payer}'s answers at this many visits in the year under this plan,"
        " counting denials for benefits",
        key=lambda view: (view.payer, view.plan, view.year_bucket),
        causes=_BENEFIT,
        prior_weight=5.0,
    ),
    RateTable(
        name="plan_code_denial",
        words="{payer}'s answers on {code} under this plan, counting denials for"
        " benefits",
        key=lambda view: (view.payer, view.plan, view.code),
        causes=_BENEFIT,
    ),
    RateTable(
        name="filing_lag",
        words="{payer}'s answers on claims filed this many days after the service",
        key=lambda view: (view.payer, view.lag_bucket),
        parent="payer",
        prior_weight=4.0,
        half_life_days=540,
    ),
    RateTable(
        name="coverage_check",
        words="{payer}'s answers this long after an eligibility check, counting"
        " denials for coverage",
        key=lambda view: (view.payer, view.check_bucket, view.new_year_since_check),
        causes=_COVERAGE,
        half_life_days=400,
    ),
    RateTable(
        name="coordination",
        words="{payer}'s answers, counting denials for other coverage",
        key=lambda view: (view.payer,),
        causes=_COORDINATION,
    ),
    RateTable(
        name="referral",
        words="{payer}'s answers on claims {referral}, counting denials for network"
        " or referral",
        key=lambda view: (view.payer, view.referral),
        causes=frozenset({RootCause.NETWORK_REFERRAL}),
    ),
    RateTable(
        name="necessity",
        words="{payer}'s answers on {family} at this treatment plan age, counting"
        " denials for medical necessity",
        key=lambda view: (view.payer, view.family, view.plan_age_bucket),
        causes=_NECESSITY,
    ),
    RateTable(
        name="records",
        words="{payer}'s answers on {code}, counting requests for records",
        key=lambda view: (view.payer, view.code),
        causes=frozenset({RootCause.DOCUMENTATION_INSUFFICIENT}),
        half_life_days=120,
    ),
    RateTable(
        name="authorization_newest",
        words="{payer}'s newest answers on {family} at this visit number with the"
        " authorization {authorization}, counting denials for authorization",
        key=lambda view: (
            view.payer,
            view.family,
            view.authorization,
            view.authorization_sent,
            view.visit_bucket,
        ),
        parent="authorization_visit_denial",
        half_life_answers=3,
        prior_weight=1.0,
        causes=_AUTHORIZATION,
    ),
    RateTable(
        name="authorization_state_newest",
        words="{payer}'s newest answers on {family} with the authorization"
        " {authorization}, counting denials for authorization",
        key=lambda view: (
            view.payer,
            view.family,
            view.authorization,
            view.authorization_sent,
        ),
        parent="authorization_denial",
        half_life_answers=5,
        prior_weight=1.0,
        causes=_AUTHORIZATION,
    ),
    RateTable(
        name="session_newest",
        words="{payer}'s newest answers on sessions sent with place of service and"
        " modifiers {session}, counting denials for place or modifier",
        key=lambda view: (view.payer, view.session, view.modality),
        parent="session_denial",
        half_life_answers=5,
        prior_weight=1.0,
        causes=_SESSION,
    ),
    RateTable(
        name="minutes_newest",
        words="{payer}'s newest answers on {code} where the documented minutes are"
        " {minutes_fit}, counting denials for time or records",
        key=lambda view: (view.payer, view.code, view.minutes_fit),
        parent="minutes_denial",
        half_life_answers=8,
        prior_weight=2.0,
        causes=_TIME,
    ),
    RateTable(
        name="diagnosis_newest",
        words="{payer}'s newest answers on diagnosis {diagnosis}, counting denials for"
        " the diagnosis",
        key=lambda view: (view.payer, view.diagnosis),
        parent="diagnosis_denial",
        half_life_answers=6,
        prior_weight=1.0,
        causes=_DIAGNOSIS,
    ),
    RateTable(
        name="clinician_newest",
        words="{payer}'s newest answers on this clinician's services, counting denials"
        " for enrollment or network",
        key=lambda view: (view.payer, view.clinician),
        parent="clinician_denial",
        half_life_answers=2,
        prior_weight=1.0,
        causes=_PROVIDER,
    ),
    RateTable(
        name="payer_code_newest",
        words="{payer}'s newest answers on {code}",
        key=lambda view: (view.payer, view.code),
        parent="payer_code",
        half_life_answers=10,
        prior_weight=3.0,
    ),
    RateTable(
        name="duplicate_denial",
        words="{payer}'s answers on services {already_sent}, counting denials as"
        " duplicates",
        key=lambda view: (view.payer, view.already_sent),
        parent="",
        causes=frozenset({RootCause.DUPLICATE_RESUBMISSION}),
        prior_weight=3.0,
        half_life_days=540,
    ),
    RateTable(
        name="late_denial",
        words="{payer}'s answers on claims filed this many days after the service,"
        " counting denials for late filing",
        key=lambda view: (view.payer, view.lag_bucket),
        causes=frozenset({RootCause.TIMELY_FILING}),
        prior_weight=2.0,
        half_life_days=365,
    ),
)

CAUSE_TABLES: tuple[str, ...] = (
    "authorization_newest",
    "session_newest",
    "minutes_newest",
    "diagnosis_newest",
    "same_day_denial",
    "clinician_newest",
    "taxonomy_denial",
    "plan_code_denial",
    "plan_visits_denial",
    "referral",
    "necessity",
    "coverage_check",
    "coordination",
    "site_data",
    "duplicate_denial",
    "late_denial",
)
"""One table per cause; together they give the rate of any denial (noisy-or)."""
