"""What the note must hold for certain services: group, tests, crisis, observation."""

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.rule import About, CannotTell, Found, Verdict, line_rule

_INSTRUMENTS = CannotTell(
    "the number of test instruments given", MissingRecord.ENCOUNTER, "instruments"
)
_COMPLICATION = CannotTell(
    "what made communication complex", MissingRecord.ENCOUNTER, "complexity_factor"
)
_GROUP_SIZE = CannotTell(
    "the number of patients in the group", MissingRecord.ENCOUNTER, "group_size"
)
_DISPOSITION = CannotTell(
    "whether the note has the plan and the disposition",
    MissingRecord.ENCOUNTER,
    "disposition_documented",
)
_OBSERVATION = CannotTell(
    "the minutes of observation", MissingRecord.ENCOUNTER, "observation_minutes"
)
_SAFETY_PROGRAM = CannotTell(
    "whether the patient is in the drug's safety program",
    MissingRecord.ENCOUNTER,
    "safety_program_enrolled",
)

_GROUP_LEAST = 2
# 12 is the largest that payers commonly allow; groups of behavior analysis hold 8.
_GROUP_MOST = {"90853": 12, "H0005": 12, "97154": 8, "97158": 8}
_OBSERVATION_LEAST = 120
_INSTRUMENTS_LEAST = 2
_MORE_TESTING = frozenset({"96137", "96139"})
_INTERPRETING = "T1013"
_INTERPRETERS = frozenset(
    {"interpreter", "interpretation", "translator", "translation"}
)


@line_rule(
    "BH-046",
    About(
        title="Test administration with fewer than two instruments",
        statement="96136 and 96138 take at least two test instruments.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "encounter instruments"),
        reason_codes=("150",),
        remark_codes=("N163",),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Bill the code of what the test record shows (a brief scored scale, a"
        " single automated test), or leave the line off.",
        source="rulebook BH-046",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=frozenset({"96136", "96138"}),
    ),
)
def fewer_than_two_instruments(line: LineCase) -> Verdict:
    note = line.records.note
    if note is None:
        return None
    if note.instruments is None:
        # More than the first half hour is hardly one scale.
        longer = _MORE_TESTING & {
            *line.of_claim.codes,
            *line.facts.other_codes_same_day,
        }
        return None if longer or line.line.units > 1 else _INSTRUMENTS
    if note.instruments >= _INSTRUMENTS_LEAST:
        return None
    return Found(
        says=f"{line.line.procedure_code} takes two instruments; the note has"
        f" {note.instruments}."
    )


@line_rule(
    "BH-059",
    About(
        title="Complexity add-on for an interpreter alone",
        statement="An interpreter alone does not support 90785.",
        severity=Severity.WARN,
        fields=("2400 SV101-2", "encounter complexity_factor"),
        reason_codes=("150",),
        remark_codes=("N163",),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Leave 90785 off, unless the note itself documents another of its factors.",
        source="payer policy, rulebook BH-059",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=frozenset({"90785"}),
    ),
)
def interpreter_alone(line: LineCase) -> Verdict:
    note = line.records.note
    if note is None:
        return None
    factor = note.complexity_factor.lower().removesuffix(" only").strip()
    if not factor:
        # Asked only where an interpreter was there.
        present = {*line.of_claim.codes, *line.facts.other_codes_same_day}
        return _COMPLICATION if _INTERPRETING in present else None
    if factor not in _INTERPRETERS:
        return None
    return Found(says="90785 rests on an interpreter alone.")


@line_rule(
    "BH-063",
    About(
        title="Group too small or too large",
        statement="A group has at least two patients and no more than the payer"
        " allows.",
        severity=Severity.WARN,
        fields=("2400 SV101-2", "encounter group_size", "payer group_size_maximum"),
        reason_codes=("150", "B12"),
        remark_codes=("N163",),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Compare the day's roster with the notes; a session of one patient is"
        " billed as what its note documents.",
        source="rulebook BH-063",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=frozenset(_GROUP_MOST),
    ),
)
def group_size(line: LineCase) -> Verdict:
    note = line.records.note
    if note is None:
        return None
    size, code = note.group_size, line.line.procedure_code
    if size is None:
        # Asked only of a payer that has a limit.
        return _GROUP_SIZE if line.policy.group_size_maximum is not None else None
    if size < _GROUP_LEAST:
        return Found(says=f"{code} is a group; the note counts {size} in it.")
    most = line.policy.group_size_maximum
    if size <= (_GROUP_MOST[code] if most is None else most):
        return None
    if most is None:
        return Found(
            says=f"The note counts {size} patients in the group of {code}; payers"
            f" commonly allow {_GROUP_MOST[code]}.",
            by_default=True,
        )
    return Found(
        says=f"The note counts {size} patients in the group of {code}; this payer"
        f" allows {most}."
    )


@line_rule(
    "BH-069",
    About(
        title="Esketamine without its safety program or observation",
        statement="Esketamine is given to a patient in its safety program, who is then"
        " observed for 120 minutes.",
        severity=Severity.DENY_LIKELY,
        fields=(
            "2400 SV101-2",
            "encounter safety_program_enrolled",
            "encounter observation_minutes",
        ),
        reason_codes=("272", "150"),
        remark_codes=("N163",),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Put the program's form and the monitoring log of the day with the claim's"
        " records; without them do not send the line.",
        source="the drug's safety program (REMS), rulebook BH-069",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=frozenset({"G2082", "G2083", "J0013", "S0013"}),
        review=("E73",),
    ),
)
def esketamine_observation(line: LineCase) -> Verdict:
    note = line.records.note
    if note is None:
        return _OBSERVATION
    code, minutes = line.line.procedure_code, note.observation_minutes
    if note.safety_program_enrolled is False:
        return Found(says=f"{code} is for a patient who is not in the safety program.")
    if minutes is not None and minutes < _OBSERVATION_LEAST:
        return Found(
            says=f"{code} takes {_OBSERVATION_LEAST} minutes of observation; the note"
            f" has {minutes}."
        )
    if minutes is None:
        return _OBSERVATION
    return None if note.safety_program_enrolled else _SAFETY_PROGRAM


@line_rule(
    "BH-130",
    About(
        title="Crisis or safety plan without its disposition",
        statement="The note of a crisis session or a safety plan has the plan and what"
        " was decided at its end.",
        severity=Severity.WARN,
        fields=("2400 SV101-2", "encounter disposition_documented"),
        reason_codes=("150", "252"),
        remark_codes=("N163",),
        root_cause=RootCause.DOCUMENTATION_INSUFFICIENT,
        fix="Ask the clinician for a dated addendum from what was recorded at the"
        " time.",
        source="rulebook BH-130",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        codes=frozenset({"90839", "G0560"}),
    ),
)
def crisis_without_disposition(line: LineCase) -> Verdict:
    note = line.records.note
    if note is None or note.disposition_documented:
        return None
    if note.disposition_documented is None:
        return _DISPOSITION
    return Found(
        says=f"The note behind {line.line.procedure_code} lacks the plan or the"
        " disposition."
    )
