"""Time-based codes against the minutes that the note documents."""

from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.rules.case import LineCase
from denialml.rules.rule import About, CannotTell, Found, Verdict, line_rule
from denialml.rules.words import plain

_NO_MINUTES = CannotTell("documented minutes")
_PSYCHOTHERAPY = frozenset({"90832", "90833", "90834", "90836", "90837", "90838"})
# The next code's line covers what goes beyond these (review E24).
_CONTINUED_BY = {
    "90839": "90840",
    "G0017": "G0018",
    "99492": "99494",
    "99493": "99494",
}

# The first hour of crisis psychotherapy takes 30 minutes. Each further half hour counts
# from its midpoint on: the first from 75 minutes.
_LEAST_OF_FIRST_HOUR = 30
_FIRST_HOUR_OF = {"90840": "90839", "G0018": "G0017"}
_CRISIS = frozenset(_FIRST_HOUR_OF) | frozenset(_FIRST_HOUR_OF.values())


@line_rule(
    "BH-036",
    About(
        title="Psychotherapy minutes below the code's band",
        statement="The documented psychotherapy minutes reach the code's least:"
        " 16 for 90832 and 90833, 38 for 90834 and 90836, 53 for 90837 and 90838.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "encounter minutes"),
        reason_codes=("150", "152"),
        remark_codes=("N163", "N443", "M25"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the code whose band holds the documented minutes; under 16 minutes"
        " no psychotherapy code fits.",
        source="CPT midpoint rule, rulebook BH-036",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_PSYCHOTHERAPY,
    ),
)
def minutes_below_band(line: LineCase) -> Verdict:
    least = line.facts.code_minutes_minimum
    minutes = line.facts.documented_minutes
    if least is None:
        return None
    if minutes is None:
        return _NO_MINUTES
    if minutes >= least:
        return None
    return Found(
        says=f"{line.line.procedure_code} takes {least} documented minutes; the note"
        f" has {minutes}."
    )


@line_rule(
    "BH-040",
    About(
        title="More than one unit of a psychotherapy code on one line",
        statement="Psychotherapy codes are billed with one unit a line; a second"
        " session of the day goes on a line of its own.",
        severity=Severity.HOLD,
        fields=("2400 SV101-2", "2400 SV104"),
        reason_codes=("151", "16"),
        remark_codes=("M53", "N362"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill one unit. A second session with its own times goes on its own line"
        " with modifier 59 or 76.",
        source="rulebook BH-040",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_PSYCHOTHERAPY,
        review=("E49",),
    ),
)
def several_units(line: LineCase) -> Verdict:
    if line.line.units <= 1:
        return None
    return Found(
        says=f"{line.line.procedure_code} is billed with {plain(line.line.units)}"
        " units; it takes one."
    )


@line_rule(
    "BH-037",
    About(
        title="Minutes above the code's band",
        statement="The documented minutes stay within the code's band.",
        severity=Severity.WARN,
        fields=("2400 SV101-2", "encounter minutes"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="If the note supports it, bill the code whose band holds the minutes.",
        source="CPT midpoint rule, rulebook BH-037",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        review=("E24",),
    ),
)
def minutes_above_band(line: LineCase) -> Verdict:
    code = line.code
    if code is None or code.minutes_maximum is None or code.time_basis != "minutes":
        return None
    minutes = line.facts.documented_minutes
    if minutes is None:
        return _NO_MINUTES
    if minutes <= code.minutes_maximum:
        return None
    if _CONTINUED_BY.get(code.code) in line.of_claim.codes:
        return None
    return Found(
        says=f"{code.code} covers up to {code.minutes_maximum} minutes; the note has"
        f" {minutes}: it may be billed too low."
    )


@line_rule(
    "BH-057",
    About(
        title="Crisis minutes below the code's least",
        statement="The first hour of crisis psychotherapy takes 30 documented minutes,"
        " the first further half hour 75 in all, each one after it 30 more.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 SV104", "encounter minutes"),
        reason_codes=("150",),
        remark_codes=("N163",),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill no more than the documented minutes support.",
        source="BCBSIL psychotherapy policy, CPT midpoint rule, rulebook BH-057",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=_CRISIS,
        review=("E25",),
    ),
)
def crisis_minutes_below_least(line: LineCase) -> Verdict:
    code = line.line.procedure_code
    first_hour = _FIRST_HOUR_OF.get(code)
    minutes = line.facts.documented_minutes
    if minutes is None:
        return _NO_MINUTES
    if first_hour is None:
        if minutes >= _LEAST_OF_FIRST_HOUR:
            return None
        return Found(
            says=f"{code} takes {_LEAST_OF_FIRST_HOUR} documented minutes; the note has"
            f" {minutes}.",
            fix=_fix_of_short_crisis(minutes),
        )
    lines = [line.line.line_number]
    units = line.line.units
    for other in line.same_session_lines:
        if other.line.procedure_code == code:
            units += other.line.units
            lines.append(other.line.line_number)
    needed = 45 + 30 * int(units)
    if minutes >= needed or min(lines) != lines[0]:
        return None
    return Found(
        says=f"{plain(units)} of {code} take {needed} documented minutes"
        f" together with {first_hour}; the note has {minutes}.",
        fix=f"Take off the units of {code} that the documented minutes do not reach.",
        lines=tuple(lines),
    )


def _fix_of_short_crisis(minutes: int) -> str:
    if minutes < 16:
        return "Take the line off: under 16 minutes no psychotherapy code fits."
    return (
        "If the note supports psychotherapy, its minutes are those of 90832, or of"
        " 90833 beside a visit; 90834 takes 38."
    )
