"""Fixes that the session's note proves, or that need one first."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from denialml.domain.encounter import Encounter, Modality
from denialml.domain.facts import SentLine
from denialml.domain.fix import FixBy, FixClass, Proof
from denialml.fixes.candidate import Candidate, FixKind, correction, never
from denialml.fixes.elements import CHARGE, PROCEDURE_CODE, UNITS, edit_of
from denialml.fixes.proving_note import proves_minutes, proving_note, was_held
from denialml.fixes.telehealth import is_telehealth_place
from denialml.reference import procedure_codes
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.session_codes import WITHOUT_SESSION
from denialml.rules.words import listed, plain

_NOTE_RULES = frozenset({"BH-117", "BH-038"})
_TIME_RULES = frozenset({"BH-036", "BH-038", "BH-041", "BH-057"})
_PLAN_RULES = frozenset({"BH-118"})
_USUAL_PLAN_DAYS = 180
# Longest first: the same service, told apart by nothing but its minutes.
_BY_MINUTES = (("90837", "90834", "90832"), ("90838", "90836", "90833"))
_ITSELF_AND_SHORTER = {
    code: series[place:] for series in _BY_MINUTES for place, code in enumerate(series)
}
_QUARTER = 15


def note_fixes(case: ClaimCase) -> Iterator[Candidate]:
    """What the notes of the lines' own clinicians and days allow or lack."""
    for line in case.lines:
        if line.day is None or line.line.procedure_code in WITHOUT_SESSION:
            continue
        if line.records.note is None:
            yield from _without_note(line)
            continue
        if not was_held(line.records.note):
            continue
        yield from _of_minutes(line, line.records.note)
        yield from _of_plan(line, line.records.note)


def _without_note(line: LineCase) -> Iterator[Candidate]:
    records, number = line.records, line.line.line_number
    if records.draft is not None:
        yield _documentation(
            line,
            FixKind.SIGN_NOTE,
            records.draft,
            {"signed_on": line.facts.as_of},
            statement=f"Have the clinician sign the note of {line.day}; the signature"
            " keeps its own date.",
            assumes="the clinician signs the note as it stands",
            may_resolve=_NOTE_RULES,
        )
        return
    if records.note_of_another is not None:
        yield never(
            FixKind.CHANGE_CLINICIAN,
            "Billing the session under the clinician of another note of that day is not"
            " suggested: nothing on file proves who held it.",
            (number,),
        )
    yield _documentation(
        line,
        FixKind.FILE_NOTE,
        _note_to_come(line),
        {},
        statement=f"Put the signed note of {line.day} on file; without one the session"
        " is not billed.",
        assumes="the note was written for this session and supports the code",
        may_resolve=_NOTE_RULES,
    )
    if line.line.procedure_code in _ITSELF_AND_SHORTER:
        yield _no_other_code(line, "no signed note is on file")


def _note_to_come(line: LineCase) -> Encounter:
    """The note as it is hoped for: it documents the code's least minutes."""
    age = line.facts.treatment_plan_age_days
    assert line.day is not None
    return Encounter(
        encounter_id=f"TO COME {line.line.line_number}",
        service_date=line.day,
        clinician_npi=line.rendering_npi,
        medical_record_number=line.claim.medical_record_number,
        member_id=line.claim.subscriber.member_id,
        patient_control_number=line.claim.patient_control_number,
        procedure_code=line.line.procedure_code,
        minutes=line.facts.code_minutes_minimum,
        modality=(
            Modality.VIDEO if is_telehealth_place(line.place) else Modality.IN_PERSON
        ),
        signed_on=line.facts.as_of,
        treatment_plan_on=line.day - timedelta(days=age) if age is not None else None,
    )


def _of_minutes(line: LineCase, note: Encounter) -> Iterator[Candidate]:
    least, minutes = line.facts.code_minutes_minimum, line.facts.documented_minutes
    if least is None:
        return
    if minutes is None:
        code = procedure_codes().get(line.line.procedure_code)
        if code is None or code.time_basis != "minutes":
            return  # an office visit may be chosen by its decision making
        yield _documentation(
            line,
            FixKind.DOCUMENT_TIME,
            note,
            {"minutes": least},
            statement="Add the session's start and stop by a dated addendum, only where"
            " a record made at the time (schedule, telehealth log) shows them.",
            assumes=f"such a record shows at least {least} minutes",
            may_resolve=_TIME_RULES,
        )
        if line.line.procedure_code in _ITSELF_AND_SHORTER:
            yield _no_other_code(line, "its note documents no minutes")
    elif minutes < least:
        yield from _shorter(line, minutes)


def _shorter(line: LineCase, minutes: int) -> Iterator[Candidate]:
    """The documented minutes are fewer than the code's least."""
    code, note = line.line.procedure_code, proving_note(line)
    fitting = _code_of(code, minutes)
    if not fitting or note is None or line.line.units != 1:
        return
    if not proves_minutes(note, line):
        return
    if code not in _BY_MINUTES[0]:
        return
    sent = _last_sent(line, fitting)
    charge = sent.charge if sent is not None else None
    if charge is not None and charge > line.line.charge:
        return  # nothing that is suggested asks for more money
    if sent is None or charge is None:
        yield Candidate(
            kind=FixKind.FOLLOW_RULE,
            fix_class=FixClass.NEEDS_ANOTHER_STEP,
            fix_by=FixBy.BILLER,
            statement=f"The note's {minutes} minutes are those of {fitting}: bill it"
            " with the charge of the practice's fee list, which is not on file.",
            line_numbers=(line.line.line_number,),
            proofs=(_proof(note, f"documents {minutes} minutes"),),
            is_sent=False,
            may_resolve=_TIME_RULES,
        )
        return
    number = line.line.line_number
    claim = line.claim
    yield correction(
        FixKind.BILL_DOCUMENTED_CODE,
        statement=f"Bill {fitting}, whose band holds the {minutes} documented minutes,"
        f" in the place of {code}, with the practice's charge for it.",
        edits=(
            edit_of(claim, PROCEDURE_CODE, fitting, line_number=number),
            edit_of(claim, CHARGE, f"{charge:f}", line_number=number),
        ),
        proofs=(
            _proof(note, f"documents {minutes} minutes"),
            Proof(
                record_kind="sent_claim",
                record_id=sent.patient_control_number,
                says=f"The practice last charged this patient ${charge:,.2f} for"
                f" {fitting}, on {sent.submitted_on}.",
                known_on=sent.submitted_on,
            ),
        ),
        line_numbers=(number,),
        may_resolve=_TIME_RULES,
        # An authorization asked for would be of the code that is no longer billed.
        touches="authorization",
    )


def _code_of(code: str, minutes: int) -> str:
    """The shorter code of the same service whose band holds the minutes; or empty."""
    table = procedure_codes()
    for shorter in _ITSELF_AND_SHORTER.get(code, ())[1:]:
        entry = table.get(shorter)
        if entry is None or entry.minutes_minimum is None:
            continue
        if minutes >= entry.minutes_minimum:
            return shorter
    return ""


def _last_sent(line: LineCase, code: str) -> SentLine | None:
    """Where this patient was last charged for one unit of the code; None: never."""
    for sent in reversed(line.records.sent):
        if sent.procedure_code == code and sent.charge and sent.units == 1:
            return sent
    return None


def _of_plan(line: LineCase, note: Encounter) -> Iterator[Candidate]:
    age = line.facts.treatment_plan_age_days
    limit = line.policy.treatment_plan_days or _USUAL_PLAN_DAYS
    if age is not None and age <= limit:
        return
    yield _documentation(
        line,
        FixKind.FILE_TREATMENT_PLAN,
        note,
        {"treatment_plan_on": line.day},
        statement="Put the treatment plan that was in force on the day on file. If"
        " there was none, nothing mends this session: have the plan reviewed before"
        " the next one.",
        assumes="a plan made before the session was in force and is found",
        may_resolve=_PLAN_RULES,
    )


def unit_fixes(case: ClaimCase) -> Iterator[Candidate]:
    """Fewer units of 15-minute codes where the note's minutes make no more."""
    for line in case.lines:
        note, minutes = proving_note(line), line.facts.documented_minutes
        code = line.code
        alone = sum(
            one.line.procedure_code == line.line.procedure_code for one in case.lines
        )
        if (
            note is None
            or minutes is None
            or code is None
            or not proves_minutes(note, line)
            or code.unit_rule != "per 15"
            or code.minutes_minimum is None
            or code.is_add_on
            or alone > 1
            or line.line.unit_basis != "UN"
            or line.line.service_date_end not in (None, line.day)
        ):
            continue
        whole = line.policy.units_rounding == "whole"
        supported = Decimal(minutes // _QUARTER if whole else (minutes + 7) // _QUARTER)
        billed = line.line.units
        if not 0 < supported < billed:
            continue
        charge = (line.line.charge * supported / billed).quantize(Decimal("0.01"))
        if charge * billed != line.line.charge * supported:
            continue  # the charge is none of so many equal units
        number, claim = line.line.line_number, case.claim
        yield correction(
            FixKind.REDUCE_UNITS,
            statement=f"Bill {plain(supported)} units of {code.code}, which the"
            f" {minutes} documented minutes make, in the place of {plain(billed)}.",
            edits=(
                edit_of(claim, UNITS, plain(supported), line_number=number),
                edit_of(claim, CHARGE, f"{charge:f}", line_number=number),
            ),
            proofs=(_proof(note, f"documents {minutes} minutes"),),
            line_numbers=(number,),
            may_resolve=_TIME_RULES | {"BH-042"},
        )


def _documentation(
    line: LineCase,
    kind: FixKind,
    note: Encounter,
    change: Mapping[str, Any],
    *,
    statement: str,
    assumes: str,
    may_resolve: frozenset[str],
) -> Candidate:
    known = note.encounter_id if not note.encounter_id.startswith("TO COME") else ""
    return Candidate(
        kind=kind,
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.CLINICIAN,
        statement=statement,
        line_numbers=(line.line.line_number,),
        proofs=(_proof(note, "is on file"),) if known else (),
        assumes=assumes,
        note_changes=((note, change),),
        touches=frozenset({f"{kind} {note.encounter_id}"}),
        may_resolve=may_resolve,
    )


def _no_other_code(line: LineCase, why: str) -> Candidate:
    shorter = _ITSELF_AND_SHORTER[line.line.procedure_code][1:]
    said = f"Another code, such as {listed(shorter)}," if shorter else "Another code"
    return never(
        FixKind.CHANGE_CODE,
        f"{said} is not suggested for {line.line.procedure_code}: {why}.",
        (line.line.line_number,),
    )


def _proof(note: Encounter, says: str) -> Proof:
    return Proof(
        record_kind="encounter",
        record_id=note.encounter_id,
        says=f"The note of {note.service_date} {says}.",
        known_on=note.signed_on,
    )
