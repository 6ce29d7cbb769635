"""Services of one clinician on one day that exclude each other."""

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import (
    FAMILY_PSYCHOTHERAPY,
    INDIVIDUAL_PSYCHOTHERAPY,
    INTAKES,
    NURSE_VISIT,
    PSYCHOTHERAPY_WITH_VISIT,
    STAND_ALONE_PSYCHOTHERAPY,
    VISITS,
)
from denialml.rules.medicare_edits import binds_payer
from denialml.rules.other_services import (
    SEPARATE_SESSION_MODIFIERS,
    excluded_by,
    in_conflict,
    named,
    same_session,
    together,
)
from denialml.rules.rule import (
    COMMERCIAL,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.words import listed

_FIELDS = ("2400 SV101-2", "2400 DTP*472", "2310B/2420A NM109")
_WITH_MODIFIER_25 = PSYCHOTHERAPY_WITH_VISIT | {"96127"}
_NO_SETTING = CannotTell(
    "the payer's modifier 25 setting",
    MissingRecord.PAYER_SETTING,
    "requires_modifier_25",
)
_PATIENT_PRESENT, _PATIENT_ABSENT = frozenset({"90847"}), frozenset({"90846"})
_GROUP = frozenset({"90853"})


@line_rule(
    "BH-051",
    About(
        title="Visit with stand-alone psychotherapy",
        statement="Where one clinician bills a visit and psychotherapy of one day, the"
        " psychotherapy is an add-on to the visit: 90833, 90836 or 90838.",
        severity=Severity.DENY_LIKELY,
        fields=_FIELDS,
        reason_codes=("97", "236"),
        remark_codes=("N20",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Bill the add-on whose band holds the psychotherapy minutes, where the note"
        " keeps them apart from the visit; else keep the one service it supports.",
        source="CPT, texmed.org 30416, rulebook BH-051",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=STAND_ALONE_PSYCHOTHERAPY | VISITS,
        review=("E23", "E48"),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def visit_with_stand_alone_psychotherapy(line: LineCase) -> Verdict:
    others = in_conflict(line, STAND_ALONE_PSYCHOTHERAPY, VISITS)
    if not isinstance(others, list):
        return others
    visits = {line.line.procedure_code, *(one.code for one in others)} & VISITS
    if visits == {NURSE_VISIT}:
        return together(
            line,
            others,
            fix="Look whether each service has its own note; 99211 is not the visit of"
            " a psychotherapy add-on.",
        )
    return together(line, others)


@line_rule(
    "BH-052",
    About(
        title="Visit without modifier 25",
        statement="This payer wants modifier 25 on a visit of the same day as its"
        " psychotherapy add-on or 96127.",
        severity=Severity.WARN,
        fields=(*_FIELDS, "2400 SV101-3 to -6"),
        reason_codes=("4", "97"),
        remark_codes=("N822",),
        root_cause=RootCause.MODIFIER_POS_TELEHEALTH,
        fix="Append modifier 25 where the note documents separate work.",
        source="rulebook BH-052",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        payer_types=COMMERCIAL,
        codes=VISITS,
        review=("E23",),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def visit_without_modifier_25(line: LineCase) -> Verdict:
    if line.policy.requires_modifier_25 is False or "25" in line.line.modifiers:
        return None
    others = same_session(line, _WITH_MODIFIER_25)
    if not isinstance(others, list):
        return others
    if line.policy.requires_modifier_25 is None:
        return _NO_SETTING
    return Found(
        says=f"{line.line.procedure_code} of {line.day} stands with"
        f" {listed(named(others))} and lacks modifier 25, which the payer wants."
    )


@line_rule(
    "BH-053",
    About(
        title="Intake with psychotherapy on one day",
        statement="One clinician bills either the intake, 90791 or 90792, or"
        " psychotherapy for one day, not both.",
        severity=Severity.DENY_LIKELY,
        fields=_FIELDS,
        reason_codes=("97", "236"),
        remark_codes=("M80", "N20"),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Keep the one service that the note supports; no modifier opens this pair.",
        source="NCCI indicator 0, AAPC 143420, rulebook BH-053",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=INTAKES | INDIVIDUAL_PSYCHOTHERAPY,
        review=("E23",),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def intake_with_psychotherapy(line: LineCase) -> Verdict:
    # An intake on a day of crisis psychotherapy is BH-056.
    return excluded_by(line, INTAKES, INDIVIDUAL_PSYCHOTHERAPY)


@line_rule(
    "BH-054",
    About(
        title="Intake with a visit on one day",
        statement="One clinician bills either the intake, 90791 or 90792, or a visit"
        " for one day, not both.",
        severity=Severity.DENY_LIKELY,
        fields=_FIELDS,
        reason_codes=("97",),
        remark_codes=("M80",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Keep the one service that the note supports.",
        source="NGS 675774, rulebook BH-054",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=INTAKES | VISITS,
        review=("E23",),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def intake_with_visit(line: LineCase) -> Verdict:
    return excluded_by(line, INTAKES, VISITS)


@line_rule(
    "BH-060",
    About(
        title="Family psychotherapy with and without the patient on one day",
        statement="90846 and 90847 of one day by one clinician are usually paid once.",
        severity=Severity.DENY_LIKELY,
        fields=_FIELDS,
        reason_codes=("97",),
        remark_codes=("N20",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Keep 90847 where the note shows the patient present for most of the time,"
        " else 90846; two separate sessions need times of their own in the notes.",
        source="rulebook BH-060",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=FAMILY_PSYCHOTHERAPY,
        review=("E23",),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def family_with_and_without_patient(line: LineCase) -> Verdict:
    if line.policy.applies_ncci_pairs is False:
        return None
    others = in_conflict(line, _PATIENT_PRESENT, _PATIENT_ABSENT)
    if not isinstance(others, list):
        return others
    separate = not SEPARATE_SESSION_MODIFIERS.isdisjoint(line.line.modifiers) or all(
        other.is_separate for other in others
    )
    return together(line, others, severity=Severity.WARN if separate else None)


@line_rule(
    "BH-061",
    About(
        title="Family and individual psychotherapy on one day",
        statement="Family psychotherapy on a day of individual psychotherapy by the"
        " same clinician needs separate sessions and modifier 59 or XE.",
        severity=Severity.WARN,
        fields=(*_FIELDS, "2400 SV101-3 to -6"),
        reason_codes=("97", "236"),
        remark_codes=("N20",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Append modifier 59 or XE only where the notes give each session its own"
        " start and stop; else keep one.",
        source="BCBSIL policy, rulebook BH-061",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=FAMILY_PSYCHOTHERAPY | STAND_ALONE_PSYCHOTHERAPY,
        review=("E23",),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def family_with_individual(line: LineCase) -> Verdict:
    return _unmarked_pair(line, FAMILY_PSYCHOTHERAPY, STAND_ALONE_PSYCHOTHERAPY)


@line_rule(
    "BH-062",
    About(
        title="Group and individual psychotherapy on one day",
        statement="Group psychotherapy on a day of individual psychotherapy by the same"
        " clinician needs separate sessions and modifier 59 or XE.",
        severity=Severity.WARN,
        fields=(*_FIELDS, "2400 SV101-3 to -6"),
        reason_codes=("97", "236"),
        remark_codes=("N20",),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Append modifier 59 or XE only where the notes give each session its own"
        " start and stop; else keep one.",
        source="rulebook BH-062",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_GROUP | INDIVIDUAL_PSYCHOTHERAPY,
        review=("E23",),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def group_with_individual(line: LineCase) -> Verdict:
    return _unmarked_pair(line, _GROUP, INDIVIDUAL_PSYCHOTHERAPY)


def _unmarked_pair(
    line: LineCase, codes: frozenset[str], with_codes: frozenset[str]
) -> Verdict:
    """A pair of separate sessions without the modifier that says so.

    A warning, unless Medicare's edit, which denies it, binds the payer.
    """
    if line.policy.applies_ncci_pairs is False:
        return None
    others = in_conflict(line, codes, with_codes, unmarked=True)
    if not isinstance(others, list):
        return others
    return together(
        line,
        others,
        without="a modifier for separate sessions",
        severity=(
            Severity.DENY_LIKELY
            if binds_payer(line, line.policy.applies_ncci_pairs)
            else None
        ),
    )
