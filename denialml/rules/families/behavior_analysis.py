"""Adaptive behavior services (ABA): times against each other, and the diagnosis."""

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import BEHAVIOR_ANALYSIS, SEVERE_BEHAVIOR
from denialml.rules.rule import About, CannotTell, Found, Verdict, line_rule
from denialml.rules.session_notes import clock_span
from denialml.rules.words import listed

_ALL = BEHAVIOR_ANALYSIS | SEVERE_BEHAVIOR
_SUPERVISION = "97155"
_SUPERVISED = frozenset({"97153", "97154"})
# The patient takes part in these; not in caregiver training, nor in all of 97151.
_WITH_PATIENT = (
    frozenset({"97152", "97153", "97154", "97155", "97158"}) | SEVERE_BEHAVIOR
)
_DIAGNOSES = ("F84",)
_NO_TIMES = CannotTell(
    "start and stop of each session of the day (notes)",
    MissingRecord.ENCOUNTER,
    "started_at",
)
_NO_SETTING = CannotTell(
    "the payer's setting on 97155 during 97153",
    MissingRecord.PAYER_SETTING,
    "allows_concurrent_supervision",
)
_NO_DIAGNOSIS = CannotTell("a diagnosis on the claim", MissingRecord.CLAIM)


@line_rule(
    "BH-043",
    About(
        title="Behavior analysis sessions that overlap",
        statement="Two behavior analysis sessions with the patient do not overlap, but"
        " for 97155 during 97153 where the payer allows it; nor do two of one"
        " clinician.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 DTP*472", "encounter start and stop"),
        reason_codes=("97", "236"),
        remark_codes=("N20", "M80"),
        root_cause=RootCause.BUNDLING_SAME_DAY,
        fix="Have the clinicians look at the times in their notes; bill what the notes"
        " and session logs prove.",
        source="rulebook BH-043",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=_ALL,
        review=("E16",),
        only_where=frozenset({Circumstance.OTHER_SERVICES}),
    ),
)
def overlapping_sessions(line: LineCase) -> Verdict:
    lines = line.of_claim.lines
    if len(lines) == 1 or line.day is None:
        return None
    unknown: Verdict = None
    for other in lines:
        # Of two lines the later one speaks.
        if other is line:
            break
        if other.day != line.day or other.line.procedure_code not in _ALL:
            continue
        verdict = _overlap(other, line)
        if isinstance(verdict, Found):
            return verdict
        unknown = unknown or verdict
    return unknown


@line_rule(
    "BH-064",
    About(
        title="Behavior analysis without an autism diagnosis",
        statement="Payers cover 97151 to 97158 for a diagnosis of F84, or for those"
        " that they name.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2300 HI"),
        reason_codes=("11", "167"),
        remark_codes=("M76",),
        root_cause=RootCause.DIAGNOSIS_CODING,
        fix="Ask the diagnosing clinician whether the record holds a covered diagnosis"
        " that the claim lacks; bill only what it holds.",
        source="rulebook BH-064",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=BEHAVIOR_ANALYSIS,
    ),
)
def without_autism_diagnosis(line: LineCase) -> Verdict:
    configured = line.policy.behavior_analysis_diagnoses
    covered = tuple(one.replace(".", "") for one in configured or _DIAGNOSES)
    diagnoses = line.claim.diagnoses
    if any(one.code.replace(".", "").startswith(covered) for one in diagnoses):
        return None
    if not diagnoses:
        return _NO_DIAGNOSIS
    return Found(
        says=f"{line.line.procedure_code} stands with"
        f" {listed(one.code for one in diagnoses)}; covered are diagnoses that begin"
        f" with {' or '.join(covered)}.",
        severity=None if configured else Severity.WARN,
        by_default=not configured,
    )


def _overlap(earlier: LineCase, later: LineCase) -> Verdict:
    """What two lines of one day come to; `earlier` stands before on the claim."""
    codes = {earlier.line.procedure_code, later.line.procedure_code}
    supervised = _SUPERVISION in codes and not codes.isdisjoint(_SUPERVISED)
    allowed = later.policy.allows_concurrent_supervision
    if supervised and allowed:
        return None
    with_patient = codes <= _WITH_PATIENT
    if not with_patient and earlier.rendering_npi != later.rendering_npi:
        return None
    first, second = _own_note(earlier), _own_note(later)
    if first is None or second is None or first.encounter_id == second.encounter_id:
        return _NO_TIMES
    one, two = clock_span(first), clock_span(second)
    if one is None or two is None:
        return _NO_TIMES
    if one[1] <= two[0] or two[1] <= one[0]:
        return None
    if not (with_patient or first.clinician_npi == second.clinician_npi):
        return None
    if supervised and allowed is None:
        return _NO_SETTING
    return Found(
        says=f"{earlier.line.procedure_code} ({_clock(first)}) and"
        f" {later.line.procedure_code} ({_clock(second)}) of {later.day} overlap.",
        lines=(earlier.line.line_number, later.line.line_number),
    )


def _own_note(line: LineCase) -> Encounter | None:
    """The line's note, unless it names another code: then it is another session's."""
    note = line.records.note
    if note is None or note.procedure_code not in ("", line.line.procedure_code):
        return None
    return note


def _clock(note: Encounter) -> str:
    return f"{note.started_at:%H:%M}-{note.stopped_at:%H:%M}"
