"""Facts of a claim by which payers review, for causes too rare to move its risk much.

Denials for medical necessity, for records and for claim data strike one claim in a
hundred or fewer, and hardly any claim's risk rests on them alone. What can be seen of
them before sending is told all the same, after what weighs more (`reasons`), where the
payer's answers make the cause a likely one of a denial. Every fact is on file at
submission; each function gives its sentence, empty where there is none.
"""

from collections.abc import Callable

import msgspec

from denialml.domain.claim import rendering_npi
from denialml.domain.denial import RootCause
from denialml.modeling.knowledge.line_view import VISIT_STEPS
from denialml.modeling.risk.feature import LineInput

# The last step of the treatment's length that rates are kept by.
LONG_TREATMENT = VISIT_STEPS[-1]
# More visits a week than outpatient treatment usually has, over at least two months.
VISITS_A_WEEK, _FEWEST_VISITS = 2.0, 16
# A session whose documented minutes clear the code's least by so few.
MINUTES_TO_SPARE = 2
# Services of many hours a week, which payers authorize and review by the week.
INTENSIVE_FAMILIES = frozenset(
    {"ABA", "IOP", "PHP", "PHP/IOP", "SUD residential", "day treatment", "residential"}
    | {"testing"}
)


class ReviewFact(msgspec.Struct, frozen=True):
    """One kind of fact, told where a denial for `cause` is likely enough.

    `topic` is that of the features it stands beside.
    """

    topic: str
    cause: RootCause
    name: str
    tells: Callable[[LineInput], str]


def _long_treatment(row: LineInput) -> str:
    number = row.facts.visit_number
    if number < LONG_TREATMENT:
        return ""
    return (
        f"With this one the patient has had {number:,} visits: have the record show why"
        " treatment of this length is still needed."
    )


def _frequent_visits(row: LineInput) -> str:
    visits, day = row.facts.visits_this_year, row.facts.service_date
    if day is None or visits < _FEWEST_VISITS:
        return ""
    pace = 7 * visits / day.timetuple().tm_yday
    if pace < VISITS_A_WEEK:
        return ""
    return (
        f"The patient had {visits:,} visits earlier in the calendar year,"
        f" {pace:.1f} a week: have the record show why so many are needed."
    )


def _intensive(row: LineInput) -> str:
    if row.view.family not in INTENSIVE_FAMILIES:
        return ""
    return (
        f"{row.view.code} is an intensive service ({row.view.family}): have the record"
        " show why a lower level of care would not do."
    )


def _barely_long_enough(row: LineInput) -> str:
    minutes, least = row.facts.documented_minutes, row.facts.code_minutes_minimum
    if minutes is None or least is None:
        return ""
    if not 0 <= minutes - least <= MINUTES_TO_SPARE:
        return ""
    return (
        f"The note documents {minutes} minutes, and {row.view.code} takes at least"
        f" {least}: start and stop times will be asked for."
    )


def _missing_element(row: LineInput) -> str:
    """What payers ask for by 005010X222, where the claim leaves it out."""
    claim = row.claim
    missing = [
        words
        for words, is_missing in (
            ("the subscriber's member number (NM109)", not claim.subscriber.member_id),
            ("a date of birth (DMG02)", _no_birth_date(row)),
            ("a diagnosis (HI)", not row.facts.diagnosis_codes),
            (
                "the rendering provider's NPI (NM109)",
                not rendering_npi(claim, row.line),
            ),
            ("a taxonomy code (PRV03)", not row.view.taxonomy),
            ("the place of service (CLM05-1)", not row.view.place),
        )
        if is_missing
    ]
    return f"The claim lacks {' and '.join(missing)}." if missing else ""


def _no_birth_date(row: LineInput) -> bool:
    patient = row.claim.patient
    born = row.claim.subscriber.birth_date if patient is None else patient.birth_date
    return born is None


def _untried_data(row: LineInput) -> str:
    """Names and numbers that no answer has confirmed yet."""
    if row.history.coverage.answers:
        return ""
    if row.facts.visit_number <= 1:
        return (
            "This is the patient's first visit: no answer has confirmed the name, birth"
            " date and member number yet."
        )
    return (
        "The payer has not answered under this member number yet: no answer has"
        " confirmed the name, birth date and member number."
    )


REVIEW_FACTS: tuple[ReviewFact, ...] = (
    ReviewFact(
        "necessity", RootCause.MEDICAL_NECESSITY, "intensive_service", _intensive
    ),
    ReviewFact(
        "necessity", RootCause.MEDICAL_NECESSITY, "long_treatment", _long_treatment
    ),
    ReviewFact(
        "necessity", RootCause.MEDICAL_NECESSITY, "frequent_visits", _frequent_visits
    ),
    ReviewFact(
        "time",
        RootCause.DOCUMENTATION_INSUFFICIENT,
        "barely_long_enough",
        _barely_long_enough,
    ),
    ReviewFact(
        "claim", RootCause.CLAIM_DATA_ERROR, "missing_element", _missing_element
    ),
    ReviewFact("claim", RootCause.CLAIM_DATA_ERROR, "untried_data", _untried_data),
)
"""Of one topic the first that has a sentence is told."""
