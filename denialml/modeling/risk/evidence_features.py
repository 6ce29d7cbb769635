"""Features of what answers proved of this patient, clinician, plan and payer."""

from denialml.modeling.risk.evidence_reading import (
    age_of,
    coordination_clean,
    coordination_open,
    coverage_lapse_chance,
    coverage_open,
    coverage_proved,
    denied_share,
    known_problems,
    new_year_since_coordination,
    new_year_since_proof,
    other_payer_chance,
    past_learnt_visits,
    past_paid_visits,
    refused_after_proof,
)
from denialml.modeling.risk.feature import UNKNOWN, Feature, number
from denialml.modeling.risk.sources import (
    ACKNOWLEDGMENTS,
    CLAIMS_SENT,
    ELIGIBILITY_CHECKS,
    ENCOUNTERS,
    PAYER_SETTINGS,
    REMITTANCES,
)

_SOURCE = "835"
# From this chance on, asking again is worth the minute it takes.
_WORTH_A_CHECK = 0.05

_YES_NO_COVERAGE = (
    (0.0, "What is known of this patient's coverage on such a day found it in force."),
    (1.0, "The last answer or check on this patient's coverage found none in force."),
)
_YES_NO_COORDINATION = (
    (0.0, "What is known of this patient on such a day names no other coverage."),
    (1.0, "The last answer or check on other coverage of this patient named some."),
)
_YES_NO_CLINICIAN = (
    (0.0, "The payer's last answers on this clinician raised no enrollment problem."),
    (
        1.0,
        "The payer's last answer that speaks of this clinician's enrollment refused"
        " the claim for it.",
    ),
)
_YES_NO_NEW_YEAR = (
    (0.0, "No January 1 lies between the last proof of coverage and the service."),
    (1.0, "January 1 lies between the last proof of coverage and the service."),
)

EVIDENCE_FEATURES: tuple[Feature, ...] = (
    Feature(
        name="coverage_proof_age",
        topic="coverage",
        unit="days",
        value=age_of(coverage_proved),
        says="Coverage was last proved, by an answer or a check, for a"
        " day {value} before the service.",
        says_negative="Coverage was proved, by an answer or a check, for a day"
        " {value} after the service.",
        missing="Coverage with this payer was never proved for this patient.",
        source="835, 271, eligibility.csv",
        sources=(REMITTANCES, ELIGIBILITY_CHECKS),
        remedy="Check eligibility before sending.",
        remedy_when=lambda days: days > 30,
    ),
    Feature(
        name="new_year_since_proof",
        topic="coverage",
        unit="yes_no",
        value=new_year_since_proof,
        says="",
        levels=_YES_NO_NEW_YEAR,
        missing="Coverage with this payer was never proved for this patient.",
        source="835, 271, eligibility.csv",
        sources=(REMITTANCES, ELIGIBILITY_CHECKS),
        remedy="Check eligibility again: plans change on January 1.",
        remedy_when=bool,
    ),
    Feature(
        name="coverage_refused",
        topic="coverage",
        unit="yes_no",
        value=refused_after_proof(coverage_open, coverage_proved),
        says="",
        levels=_YES_NO_COVERAGE,
        missing="No answer and no check speaks of this patient's coverage.",
        source="835, 271, eligibility.csv",
        sources=(REMITTANCES, ELIGIBILITY_CHECKS),
        remedy="Find the patient's coverage in force before sending.",
        remedy_when=bool,
    ),
    Feature(
        name="coverage_refusal_age",
        topic="coverage",
        unit="days",
        value=age_of(lambda row: row.history.coverage.coverage_refused),
        says="The payer last refused this patient's coverage for a day"
        " {value} before the service.",
        says_negative="The payer has refused this patient's coverage for a day"
        " {value} after the service.",
        missing="The payer never refused this patient's coverage.",
        source=_SOURCE,
        sources=(REMITTANCES,),
    ),
    Feature(
        name="new_year_since_coordination",
        topic="other payer",
        unit="yes_no",
        value=new_year_since_coordination,
        says="",
        levels=(
            (
                0.0,
                "No January 1 lies between the payer's last answer as the right"
                " payer and the service.",
            ),
            (
                1.0,
                "January 1 lies between the payer's last answer as the right payer"
                " and the service.",
            ),
        ),
        missing="The payer has not yet answered as the right payer.",
        source=_SOURCE,
        sources=(REMITTANCES,),
        concern=bool,
    ),
    Feature(
        name="coordination_refused",
        topic="other payer",
        unit="yes_no",
        value=refused_after_proof(coordination_open, coordination_clean),
        says="",
        levels=_YES_NO_COORDINATION,
        missing="No answer speaks of other coverage of this patient.",
        source=_SOURCE,
        sources=(REMITTANCES, ELIGIBILITY_CHECKS),
        remedy="Settle which payer is primary before sending.",
        remedy_when=bool,
    ),
    Feature(
        name="coordination_refusal_age",
        topic="other payer",
        unit="days",
        value=age_of(coordination_open),
        says="Another payer was last known of for a day {value} before the service.",
        says_negative="Another payer was last known of for a day {value} after the"
        " service.",
        missing="No other payer has been known of.",
        source="835, 271, eligibility.csv",
        sources=(REMITTANCES, ELIGIBILITY_CHECKS),
    ),
    Feature(
        name="coordination_clean_age",
        topic="other payer",
        unit="days",
        value=age_of(coordination_clean),
        says="An answer or a check last showed no other payer for a day"
        " {value} before the service.",
        says_negative="An answer or a check showed no other payer for a day"
        " {value} after the service.",
        missing="No answer and no check has shown whether there is another payer.",
        source="835, 271, eligibility.csv",
        sources=(REMITTANCES, ELIGIBILITY_CHECKS),
        remedy="Ask the patient about other coverage.",
        remedy_when=lambda days: days > 60,
        concern_missing=True,
    ),
    Feature(
        name="clinician_proof_age",
        topic="enrollment",
        unit="days",
        value=age_of(lambda row: row.history.clinician.proved),
        says="The payer last paid this clinician for a day {value} before the service.",
        says_negative="The payer has paid this clinician for a day {value} after"
        " the service.",
        missing="The payer has not yet paid this clinician.",
        source=_SOURCE,
        sources=(REMITTANCES,),
        remedy="Confirm the clinician's enrollment with the payer.",
        remedy_when=lambda days: days > 60,
        concern_missing=True,
    ),
    Feature(
        name="clinician_refused",
        topic="enrollment",
        unit="yes_no",
        value=refused_after_proof(
            lambda row: row.history.clinician.refused,
            lambda row: row.history.clinician.proved,
        ),
        says="",
        levels=_YES_NO_CLINICIAN,
        missing="No answer speaks of this clinician.",
        source=_SOURCE,
        sources=(REMITTANCES,),
        remedy="Confirm the clinician's enrollment with the payer.",
        remedy_when=bool,
    ),
    Feature(
        name="clinician_refusal_age",
        topic="enrollment",
        unit="days",
        value=age_of(lambda row: row.history.clinician.refused),
        says="The payer last refused this clinician for a day {value}"
        " before the service.",
        says_negative="The payer has refused this clinician for a day {value}"
        " after the service.",
        missing="The payer never refused this clinician.",
        source=_SOURCE,
        sources=(REMITTANCES,),
    ),
    Feature(
        name="clinician_answers",
        topic="enrollment",
        unit="answers",
        value=lambda row: float(row.history.clinician.answers),
        says="The payer has given {value} on this clinician's services so far.",
        missing="No answers are on file.",
        source=_SOURCE,
        sources=(REMITTANCES,),
    ),
    Feature(
        name="coverage_lapse_chance",
        topic="coverage",
        unit="rate",
        value=coverage_lapse_chance,
        says="Going by how often {payer}'s patients lose coverage, about {value} have"
        " lost it this long after it was last proved.",
        missing="Coverage was never proved, or was last found not in force.",
        source="835, 271, eligibility.csv",
        sources=(REMITTANCES, ELIGIBILITY_CHECKS),
        remedy="Check eligibility before sending.",
        remedy_when=lambda chance: chance > _WORTH_A_CHECK,
        concern=lambda chance: chance > _WORTH_A_CHECK,
        circumstance=True,
    ),
    Feature(
        name="other_payer_chance",
        topic="other payer",
        unit="rate",
        value=other_payer_chance,
        says="Going by how often another payer comes first for {payer}'s patients,"
        " about {value} have one this long after none was known of.",
        missing="It was never settled which payer comes first, or another one does.",
        source="835, 271, eligibility.csv",
        sources=(REMITTANCES, ELIGIBILITY_CHECKS),
        remedy="Ask the patient about other coverage.",
        remedy_when=lambda chance: chance > _WORTH_A_CHECK,
        concern=lambda chance: chance > _WORTH_A_CHECK,
        circumstance=True,
    ),
    Feature(
        name="patient_answers",
        topic="patient",
        unit="answers",
        value=lambda row: float(row.history.coverage.answers),
        says="The payer has given {value} on this patient's services so far.",
        missing="No answers are on file.",
        source=_SOURCE,
        sources=(REMITTANCES,),
    ),
    Feature(
        name="patient_denied_share",
        topic="patient",
        unit="rate",
        value=denied_share,
        says="{patient_record} (with few answers drawn towards 15%: {value}; usual for"
        " any line: {usual})",
        missing="No answers are on file.",
        source=_SOURCE,
        sources=(REMITTANCES,),
        evidence=lambda history: (history.coverage.answers, history.usual[0]),
    ),
    Feature(
        name="patient_paid_age",
        topic="patient",
        unit="days",
        value=lambda row: number(row.facts.days_since_patient_paid),
        says="The payer last paid this patient's service for a day"
        " {value} before this one.",
        says_negative="The payer has paid this patient's service for a day {value}"
        " after this one.",
        missing="The payer has not yet paid for this patient.",
        source=_SOURCE,
        sources=(REMITTANCES,),
        concern=lambda days: days > 90,
        concern_missing=True,
        circumstance=True,
    ),
    Feature(
        name="known_problems",
        topic="visible problem",
        unit="codes",
        value=known_problems,
        says="Problems that can be seen before sending: {problems}.",
        missing="What can be seen before sending is not known.",
        source="835, 271, claims sent, payers.csv",
        sources=(
            REMITTANCES,
            ELIGIBILITY_CHECKS,
            CLAIMS_SENT,
            ACKNOWLEDGMENTS,
            PAYER_SETTINGS,
        ),
        remedy="Settle these problems before sending.",
        remedy_when=bool,
    ),
    Feature(
        name="visits_past_learnt_limit",
        topic="benefit",
        unit="visits",
        value=past_learnt_visits,
        says="The year's visits are {value} past where this plan has"
        " denied for its limit.",
        says_negative="The year's visits are {value} below where this plan has"
        " denied for its limit.",
        missing="The plan has not yet denied for a visit limit.",
        source=_SOURCE,
        sources=(REMITTANCES, CLAIMS_SENT, ENCOUNTERS),
        remedy="Ask the plan for an exception to its visit limit.",
        remedy_when=lambda visits: visits >= 0,
    ),
    Feature(
        name="visits_past_most_paid",
        topic="benefit",
        unit="visits",
        value=past_paid_visits,
        says="The year's visits are {value} past the most that this plan has paid.",
        says_negative="The year's visits are {value} below the most that this plan"
        " has paid.",
        missing="The plan has paid nothing yet.",
        source=_SOURCE,
        sources=(REMITTANCES, CLAIMS_SENT, ENCOUNTERS),
        concern=lambda visits: visits > 0,
    ),
    Feature(
        name="payer_answer_days",
        topic="payer",
        unit="days",
        value=lambda row: number(row.history.filing.answer_days),
        says="This payer takes about {value} to answer.",
        missing="The payer has not answered yet.",
        source=_SOURCE,
        sources=(REMITTANCES,),
    ),
    Feature(
        name="days_past_longest_paid",
        topic="filing",
        unit="days",
        value=lambda row: (
            UNKNOWN
            if row.facts.filing_lag_days is None
            or row.history.filing.longest_paid_days is None
            else float(row.facts.filing_lag_days - row.history.filing.longest_paid_days)
        ),
        says="The claim is filed {value} later than any this payer has paid.",
        says_negative="The claim is filed {value} sooner than the latest this"
        " payer has paid.",
        missing="The payer has paid nothing yet.",
        source=_SOURCE,
        sources=(REMITTANCES,),
        concern=lambda days: days > 0,
    ),
)
