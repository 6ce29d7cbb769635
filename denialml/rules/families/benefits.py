"""What the plan pays for: how many visits, and which services not at all."""

from denialml.domain.coverage import EligibilityCheck
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.facts import AuthorizationState
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.earlier_answers import has_paid_code
from denialml.rules.families.coverage import check_of
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)

_VISITS = frozenset(
    {
        *("90791", "90792", "90832", "90834", "90837", "90839", "90845", "90846"),
        *("90847", "90849", "90853", "90880", "99202", "99203", "99204", "99205"),
        *("99211", "99212", "99213", "99214", "99215", "H0004", "H0005", "H0015"),
        *("H0031", "H0035", "H2012", "H2036", "S0201", "S9480"),
    }
)
# What plans exclude most often: marital and court-ordered services, tests for school,
# hypnosis, biofeedback, behavior analysis (rulebook BH-032).
_OFTEN_EXCLUDED = frozenset(
    {
        *("90845", "90849", "90875", "90876", "90880", "90882", "90885", "90887"),
        *("90889", "90899", "97151", "97152", "97153", "97154", "97155", "97156"),
        *("97157", "97158", "0362T", "0373T"),
    }
)
_OFTEN_EXCLUDED_DIAGNOSES = ("Z02", "Z04", "Z55", "Z63", "Z65")
_EXCLUDED_CODES = CannotTell(
    "the payer's excluded_codes setting", MissingRecord.PAYER_SETTING, "excluded_codes"
)
_EXCLUDED_DIAGNOSES = CannotTell(
    "the payer's excluded_diagnoses setting",
    MissingRecord.PAYER_SETTING,
    "excluded_diagnoses",
)
_AUTHORIZED = AuthorizationState.VALID
# The practice says itself that Medicare will deny the line (rule BH-126).
_DENIAL_EXPECTED = frozenset({"GA", "GX", "GY", "GZ"})
# A corrected or void claim repeats visits that the payer has counted.
_REPEATED = frozenset({"7", "8"})


@line_rule(
    "BH-031",
    About(
        title="Visit or day limit of the benefit reached",
        statement="The plan has a visit left for the date of service.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 DTP*472", "271 EB*F", "visits on file since the answer"),
        reason_codes=("119", "B1"),
        remark_codes=("N362", "N640"),
        root_cause=RootCause.BENEFIT_LIMIT,
        fix="Ask the payer how many visits are left, and whether parity law (MHPAEA)"
        " allows the limit, before the patient is billed.",
        source="rulebook BH-031",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        codes=_VISITS,
    ),
)
def visits_used_up(line: LineCase) -> Verdict:
    left = line.facts.visits_remaining_now
    if line.claim.frequency_code in _REPEATED:
        return None
    check = check_of(line)
    if check is None:
        return None
    if left is None:
        if line.facts.visits_remaining is not None:
            return CannotTell(
                "visits left in the year of the date of service",
                MissingRecord.ELIGIBILITY_CHECK,
                "visits_remaining",
            )
        # A payer that counts visits says so: an answer without a count has no limit.
        return None
    left -= _uncounted_visits(line, check)
    if left > 0:
        return None
    return Found(
        says=f"The plan has no visit left for {line.line.procedure_code} on {line.day},"
        " by its last count and the visits since."
    )


def _uncounted_visits(line: LineCase, check: EligibilityCheck) -> int:
    """Earlier days of visits on the claim itself that nothing else on file counts."""
    day = line.day
    if day is None:
        return 0
    sent = {one.service_date for one in line.records.sent}
    return len(
        {
            other.day
            for other in line.of_claim.lines
            if other.day is not None
            and check.checked_on <= other.day < day
            and other.line.procedure_code in _VISITS
            and other.records.note is None
            and other.records.note_of_another is None
            and other.day not in sent
        }
    )


@line_rule(
    "BH-032",
    About(
        title="Service excluded by the plan",
        statement="Neither the procedure code nor a diagnosis that its line points to"
        " is excluded by the plan.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 SV107", "payer settings"),
        reason_codes=("204", "96"),
        remark_codes=("N130", "N216", "N425"),
        root_cause=RootCause.BENEFIT_COVERAGE,
        fix="Ask the payer in writing whether the patient's plan excludes the service;"
        " where parity law or a State's mandate requires it, say so in an appeal.",
        source="rulebook BH-032",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
    ),
)
def service_excluded(line: LineCase) -> Verdict:
    code, policy = line.line.procedure_code, line.policy
    if not code or not _DENIAL_EXPECTED.isdisjoint(line.line.modifiers):
        return None
    if policy.excluded_codes is not None and code in policy.excluded_codes:
        return Found(says=f"The plan excludes {code}.")
    diagnoses = line.facts.diagnosis_codes
    if policy.excluded_diagnoses is not None:
        excluded = {one.replace(".", "") for one in policy.excluded_diagnoses}
        for place, diagnosis in enumerate(diagnoses):
            if diagnosis in excluded:
                return Found(
                    says=f"The plan excludes {code} for {diagnosis}.",
                    # Payers judge by the first diagnosis that the line points to.
                    severity=Severity.WARN if place else None,
                )
    missing: CannotTell | None = None
    first = diagnoses[0] if diagnoses else ""
    if policy.excluded_codes is None and code in _OFTEN_EXCLUDED:
        missing = _EXCLUDED_CODES
    elif policy.excluded_diagnoses is None and first.startswith(
        _OFTEN_EXCLUDED_DIAGNOSES
    ):
        missing = _EXCLUDED_DIAGNOSES
    # A payer that has authorized the service, or paid it, does not exclude it.
    if missing is None or line.facts.authorization_state is _AUTHORIZED:
        return None
    return None if has_paid_code(line) else missing
