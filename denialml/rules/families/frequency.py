"""Services that come again sooner than payers expect."""

from datetime import date, timedelta

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.rules.case import LineCase
from denialml.rules.code_sets import INTAKES
from denialml.rules.other_services import (
    OtherService,
    of_same_clinician,
    services_between,
)
from denialml.rules.rule import About, Found, Verdict, line_rule

_HALF_YEAR = timedelta(days=180)
_ONE_DAY = timedelta(days=1)
_LONG_SESSION = frozenset({"90837"})
_WEEK = timedelta(days=6)
_FIELDS = ("2400 SV101-2", "2400 DTP*472", "claims sent before")


@line_rule(
    "BH-055",
    About(
        title="Second intake within half a year",
        statement="One clinician bills an intake again only after about six months or"
        " for a new episode.",
        severity=Severity.WARN,
        fields=_FIELDS,
        reason_codes=("119", "151"),
        remark_codes=("M86", "N113"),
        root_cause=RootCause.BENEFIT_LIMIT,
        fix="See in the signed note whether there was a new episode, a marked change or"
        " another informant; bill the intake only if it shows one, else the service it"
        " documents.",
        source="BCBSIL policy, rulebook BH-055",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=INTAKES,
        review=("E69",),
    ),
)
def second_intake(line: LineCase) -> Verdict:
    day = line.day
    if day is None:
        return None
    other = _before(line, INTAKES, day - _HALF_YEAR, day - _ONE_DAY)
    if not isinstance(other, OtherService):
        return other
    return Found(
        says=f"{line.line.procedure_code} of {day} follows {other.code} of {other.day}"
        f" ({other.where}) by the same clinician."
    )


@line_rule(
    "BH-075",
    About(
        title="Second 53-minute session within seven days",
        statement="Payers look at clinicians who bill 90837 for one patient more than"
        " once a week.",
        severity=Severity.WARN,
        fields=_FIELDS,
        reason_codes=("151", "50"),
        remark_codes=("N435",),
        root_cause=RootCause.MEDICAL_NECESSITY,
        fix="Check that the signed note says why 53 minutes or more were needed again"
        " in the week; whatever is added to it now is dated today.",
        source="rulebook BH-075",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=_LONG_SESSION,
    ),
)
def second_long_session(line: LineCase) -> Verdict:
    day = line.day
    if day is None:
        return None
    other = _before(line, _LONG_SESSION, day - _WEEK, day - _ONE_DAY)
    if not isinstance(other, OtherService):
        return other
    return Found(
        says=f"90837 of {day} follows 90837 of {other.day} ({other.where}) by the same"
        " clinician within seven days.",
        by_default=True,
    )


def _before(
    line: LineCase, codes: frozenset[str], first: date, last: date
) -> Verdict | OtherService:
    return of_same_clinician(line, services_between(line, codes, first, last))
