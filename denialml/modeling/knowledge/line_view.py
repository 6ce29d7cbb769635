"""A claim line seen the way payers' rules see it: the words that history is kept by.

The words are business words (payer, code, authorization state, bucket of days) and
the member number, which tells coverages apart. None of them ever enters a model file:
they key the rates and evidence of `history`, which are kept in memory only.
"""

from bisect import bisect_right
from datetime import date
from functools import cache

import msgspec

from denialml.domain.claim import (
    Claim,
    ServiceLine,
    line_place_of_service,
    rendering_npi,
)
from denialml.domain.encounter import Modality
from denialml.domain.facts import AuthorizationState, LineFacts
from denialml.reference import procedure_codes

VISIT_STEPS = (1, 2, 5, 9, 13, 17, 21, 25, 31, 46)
YEAR_STEPS = (13, 18, 21, 24, 27, 31, 36, 46)
LAG_STEPS = (15, 31, 61, 91, 96, 121, 181, 366)
SEPARATE_SERVICE_MODIFIERS = frozenset({"25", "59", "XE", "XP", "XS", "XU"})
AGE_STEPS = (0, 8, 15, 31, 46, 61, 91, 121, 181)
_MODALITIES = {one: one.value for one in Modality}
_AUTHORIZATIONS = {one: one.value for one in AuthorizationState}


class LineView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line in words and buckets. Grain: claim line x as-of day.

    Buckets are positions in the `*_STEPS` tables above, -1 where not known.
    `minutes_fit`: untimed, no_note, missing, under, fit or over. `session` is what
    the payer sees of how the session was held: place of service and modifiers.
    `separate_service`: a line of the same day carries modifier 25, 59 or an X one.
    `authorization_sent`, `referral`: the claim carries such a number.
    """

    payer: str
    code: str
    family: str
    place: str
    session: str
    modality: str
    diagnosis: str
    clinician: str
    taxonomy: str
    site: str
    plan: str
    authorization: str
    authorization_sent: bool
    minutes_fit: str
    same_day_families: str
    separate_service: bool
    referral: bool
    already_sent: bool
    member: str
    visits_this_year: int
    visit_bucket: int
    year_bucket: int
    lag_bucket: int
    check_bucket: int
    plan_age_bucket: int
    new_year_since_check: bool


def view_line(claim: Claim, line: ServiceLine, facts: LineFacts) -> LineView:
    """Describe a line by what was known of it; `facts` are those of the same day."""
    code = procedure_codes().get(line.procedure_code)
    modifiers = "+".join(sorted(line.modifiers))
    place = line_place_of_service(claim, line)
    return LineView(
        payer=claim.payer.payer_id,
        code=line.procedure_code,
        family=code.family if code is not None else "",
        place=place,
        session=f"{place}/{modifiers}",
        modality=_MODALITIES[facts.modality],
        diagnosis=facts.diagnosis_codes[0] if facts.diagnosis_codes else "",
        clinician=rendering_npi(claim, line),
        taxonomy=_taxonomy(claim, line),
        site=_site(claim),
        plan=claim.subscriber.plan_name or claim.subscriber.group_number,
        authorization=_AUTHORIZATIONS[facts.authorization_state],
        authorization_sent=facts.authorization_number_on_claim,
        minutes_fit=minutes_fit(facts),
        same_day_families=_families(facts.other_codes_same_day),
        separate_service=_is_separate(claim, line),
        referral=bool(claim.referral_number),
        already_sent=facts.same_service_already_sent,
        member=claim.subscriber.member_id,
        visits_this_year=facts.visits_this_year,
        visit_bucket=bucket(facts.visit_number, VISIT_STEPS),
        year_bucket=bucket(facts.visits_this_year + 1, YEAR_STEPS),
        lag_bucket=bucket(facts.filing_lag_days, LAG_STEPS),
        check_bucket=bucket(facts.eligibility_age_days, AGE_STEPS),
        plan_age_bucket=bucket(facts.treatment_plan_age_days, AGE_STEPS),
        new_year_since_check=new_year_between(
            facts.service_date, facts.eligibility_age_days
        ),
    )


def bucket(value: int | None, steps: tuple[int, ...]) -> int:
    """How many steps the value has reached; -1 where there is no value."""
    return -1 if value is None else bisect_right(steps, value)


def minutes_fit(facts: LineFacts) -> str:
    """Whether the documented minutes support a time-based code."""
    minimum, maximum = facts.code_minutes_minimum, facts.code_minutes_maximum
    if minimum is None and maximum is None:
        return "untimed"
    if not facts.encounter_on_file:
        return "no_note"
    minutes = facts.documented_minutes
    if minutes is None:
        return "missing"
    if minimum is not None and minutes < minimum:
        return "under"
    if maximum is not None and minutes > maximum:
        return "over"
    return "fit"


def new_year_between(day: date | None, age_days: int | None) -> bool:
    """Whether January 1 lies between an event `age_days` before `day` and `day`.

    Plans, deductibles and networks change on January 1.
    """
    if day is None or age_days is None or age_days <= 0:
        return False
    return age_days >= day_of_year(day)


def day_of_year(day: date) -> int:
    """1 on January 1."""
    return day.toordinal() - _last_new_years_eve(day.year)


@cache
def _last_new_years_eve(year: int) -> int:
    return date(year, 1, 1).toordinal() - 1


def _is_separate(claim: Claim, line: ServiceLine) -> bool:
    for each in claim.lines:
        if (
            each.modifiers
            and each.service_date == line.service_date
            and not SEPARATE_SERVICE_MODIFIERS.isdisjoint(each.modifiers)
        ):
            return True
    return False


def _families(codes: tuple[str, ...]) -> str:
    if not codes:
        return ""
    known = procedure_codes()
    families = {known[code].family if code in known else code for code in codes}
    return "+".join(sorted(families))


def _taxonomy(claim: Claim, line: ServiceLine) -> str:
    for provider in (line.rendering_provider, claim.rendering_provider):
        if provider is not None and provider.taxonomy_code:
            return provider.taxonomy_code
    return claim.billing_provider.taxonomy_code


def _site(claim: Claim) -> str:
    """Where the practice works: the service facility, else the billing address."""
    facility = claim.service_facility
    if facility is not None:
        address = facility.address
        return facility.npi or facility.name or (address.street if address else "")
    address = claim.billing_provider.address
    street = address.street if address is not None else ""
    return f"{claim.billing_provider.npi}/{street}"
