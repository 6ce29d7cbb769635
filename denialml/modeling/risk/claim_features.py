"""Features of what the claim itself says, and of what was sent before."""

from operator import not_

from denialml.modeling.knowledge.line_view import day_of_year
from denialml.modeling.risk.feature import (
    UNKNOWN,
    Feature,
    LineInput,
    flag,
    number,
    yes_no,
)
from denialml.modeling.risk.sources import (
    ACKNOWLEDGMENTS,
    CLAIM,
    CLAIMS_SENT,
    ENCOUNTERS,
    PAYER_SETTINGS,
    REMITTANCES,
)

# ICD-10-CM codes that name no specific disorder: Z63.0 (relationship), and those that
# end in "unspecified". Payers list them in their edits; the practice can be specific.
UNSPECIFIC = frozenset({"Z630", "F329", "F339", "F419", "F4320", "F439", "F99", "R69"})

# Plans, deductibles and visit counts start again on January 1.
_NEW_YEAR_DAYS = 45


def _charge(row: LineInput) -> float:
    return float(row.line.charge)


def _units(row: LineInput) -> float:
    return float(row.line.units)


def _days_into_year(row: LineInput) -> float:
    day = row.facts.service_date
    return UNKNOWN if day is None else float(day_of_year(day))


def _past_limit(row: LineInput) -> float:
    lag, limit = row.facts.filing_lag_days, row.facts.filing_limit_days
    return UNKNOWN if lag is None or limit is None else float(lag - limit)


def _past_learnt_limit(row: LineInput) -> float:
    lag = row.facts.filing_lag_days
    refused = row.history.filing.shortest_refused_days
    return UNKNOWN if lag is None or refused is None else float(lag - refused)


def _place_differs(row: LineInput) -> float:
    expected = row.facts.place_of_service_expected
    return UNKNOWN if not expected else float(row.view.place != expected)


def _modifier_differs(row: LineInput) -> float:
    expected = row.facts.telehealth_modifier_expected
    return UNKNOWN if not expected else float(expected not in row.line.modifiers)


def _unspecific(row: LineInput) -> float:
    return float(row.view.diagnosis in UNSPECIFIC)


CLAIM_FEATURES: tuple[Feature, ...] = (
    Feature(
        name="charge",
        topic="claim",
        unit="dollars",
        value=_charge,
        says="The line charges {value}.",
        missing="The line's charge is not known.",
        source="SV102",
        sources=(CLAIM,),
    ),
    Feature(
        name="units",
        topic="claim",
        unit="units",
        value=_units,
        says="The line bills {value}.",
        missing="The line's units are not known.",
        source="SV104",
        sources=(CLAIM,),
    ),
    Feature(
        name="line_count",
        topic="claim",
        unit="lines",
        value=lambda row: float(len(row.claim.lines)),
        says="The claim has {value}.",
        missing="The claim's lines are not known.",
        source="2400",
        sources=(CLAIM,),
    ),
    Feature(
        name="unspecific_diagnosis",
        topic="diagnosis",
        unit="yes_no",
        value=_unspecific,
        says="",
        levels=yes_no(
            "The first diagnosis is not on the list of unspecific ones.",
            "The first diagnosis {diagnosis} is unspecific.",
        ),
        missing="The diagnosis is not known.",
        source="HI, SV107",
        sources=(CLAIM,),
        remedy="If the record supports a more specific diagnosis, use that code.",
        remedy_when=bool,
    ),
    Feature(
        name="secondary_payer",
        topic="other payer",
        unit="yes_no",
        value=lambda row: float(
            row.claim.subscriber.payer_responsibility_code not in ("P", "")
        ),
        says="",
        levels=yes_no(
            "The payer is billed as primary.",
            "The payer is billed after another payer.",
        ),
        missing="The order of payers is not known.",
        source="SBR01",
        sources=(CLAIM,),
        concern=bool,
    ),
    Feature(
        name="day_of_year",
        topic="coverage",
        unit="days",
        value=_days_into_year,
        says="The service is {value} into the calendar year, which restarts plans.",
        missing="The service date is not known.",
        source="DTP*472",
        sources=(CLAIM,),
        concern=lambda days: days <= _NEW_YEAR_DAYS,
        circumstance=True,
    ),
    Feature(
        name="filing_lag",
        topic="filing",
        unit="days",
        value=lambda row: number(row.facts.filing_lag_days),
        says="The claim is filed {value} after the service.",
        missing="The days between service and filing are not known.",
        source="BHT04, DTP*472",
        sources=(CLAIM,),
        remedy="File soon: nothing else lowers the risk of late filing.",
        remedy_when=lambda days: days > 30,
        concern=lambda days: days > 60,
        circumstance=True,
    ),
    Feature(
        name="days_past_filing_limit",
        topic="filing",
        unit="days",
        value=_past_limit,
        says="The claim is {value} past the filing limit set up for the payer.",
        says_negative="The claim is within the payer's filing limit, with {value}"
        " to spare.",
        missing="No filing limit is set up for the payer.",
        source="payers.csv",
        sources=(PAYER_SETTINGS,),
        remedy="Attach proof of timely filing, or ask for an exception.",
        remedy_when=lambda days: days > 0,
    ),
    Feature(
        name="days_past_learnt_limit",
        topic="filing",
        unit="days",
        value=_past_learnt_limit,
        says="This payer has denied as late a claim filed {value} sooner"
        " than this one.",
        says_negative="The shortest delay this payer has denied as late is {value}"
        " longer than this claim's.",
        missing="The payer has not yet denied a claim as late.",
        source="835",
        sources=(REMITTANCES,),
        remedy="Attach proof of timely filing, or ask for an exception.",
        remedy_when=lambda days: days >= 0,
    ),
    Feature(
        name="place_differs",
        topic="session",
        unit="yes_no",
        value=_place_differs,
        says="",
        levels=yes_no(
            "The place of service is what is set up for this payer's telehealth.",
            "The place of service {place} is not what is set up for this payer's"
            " telehealth.",
        ),
        missing="No telehealth place of service is set up for the payer, or the"
        " session was not telehealth.",
        source="payers.csv",
        sources=(PAYER_SETTINGS, ENCOUNTERS),
        remedy="Use the payer's telehealth place of service.",
        remedy_when=bool,
    ),
    Feature(
        name="modifier_differs",
        topic="session",
        unit="yes_no",
        value=_modifier_differs,
        says="",
        levels=yes_no(
            "The line carries the modifier set up for this payer's telehealth.",
            "The line lacks the modifier set up for this payer's telehealth.",
        ),
        missing="No telehealth modifier is set up for the payer, or the session was"
        " not telehealth.",
        source="payers.csv",
        sources=(PAYER_SETTINGS, ENCOUNTERS),
        remedy="Add the payer's telehealth modifier.",
        remedy_when=bool,
    ),
    Feature(
        name="already_sent",
        topic="duplicate",
        unit="yes_no",
        value=lambda row: flag(row.facts.same_service_already_sent),
        says="",
        levels=yes_no(
            "The same service was not sent to this payer before.",
            "The same service of the same day was already sent to this payer.",
        ),
        missing="Whether the service was sent before is not known.",
        source="claims sent",
        sources=(CLAIMS_SENT, ACKNOWLEDGMENTS),
        remedy="Do not send it again: follow up on the first claim, or correct it.",
        remedy_when=bool,
    ),
    Feature(
        name="separate_service",
        topic="same day",
        unit="yes_no",
        value=lambda row: flag(row.view.separate_service),
        says="",
        levels=yes_no(
            "No line of the day carries a modifier for a separate service{beside}.",
            "A line of the day carries a modifier for a separate service.",
        ),
        missing="The modifiers are not known.",
        source="SV101-3 to 6",
        sources=(CLAIM,),
        concern=not_,
        concern_if=lambda row: bool(row.view.same_day_families),
    ),
    Feature(
        name="referral",
        topic="referral",
        unit="yes_no",
        value=lambda row: flag(row.view.referral),
        says="",
        levels=yes_no(
            "The claim carries no referral number.",
            "The claim carries a referral number.",
        ),
        missing="Whether the claim carries a referral number is not known.",
        source="REF*9F",
        sources=(CLAIM,),
        concern=not_,
    ),
)
