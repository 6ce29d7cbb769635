"""Crisis psychotherapy and what its day excludes."""

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.rules.case import LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import CRISIS, NOT_WITH_CRISIS
from denialml.rules.other_services import excluded_by
from denialml.rules.rule import About, Verdict, line_rule


@line_rule(
    "BH-056",
    About(
        title="Crisis psychotherapy with another psychiatric service of the day",
        statement="On a day of 90839 or 90840 the same clinician bills no intake, no"
        " other psychotherapy and no 90785.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 DTP*472", "2310B/2420A NM109"),
        reason_codes=("97", "236"),
        remark_codes=("M80", "N20"),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Keep the crisis service where the note supports it and take the other line"
        " off.",
        source="AAPC 133604, BCBSIL policy, rulebook BH-056",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=CRISIS | NOT_WITH_CRISIS,
        review=("E23",),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def crisis_with_other_service(line: LineCase) -> Verdict:
    # 90785 under a crisis code is BH-058. 90840 speaks only where its base is not here.
    if line.line.procedure_code == "90840" and any(
        other.line.procedure_code == "90839" for other in line.same_session_lines
    ):
        return None
    return excluded_by(line, CRISIS, NOT_WITH_CRISIS)
