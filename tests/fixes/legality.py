"""What makes a data correction legal, worked out from the records alone.

Written without the helpers of `denialml.fixes`, so that a fault there is not repeated
here: who the patient is, which note counts, which minutes make which code, are said a
second time. `EDITABLE` and `corrected` are what is put to the test.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from denialml.domain.adjudication import LineOutcome
from denialml.domain.claim import (
    Claim,
    Patient,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Payer,
    PayerType,
)
from denialml.domain.encounter import Encounter, Modality
from denialml.domain.facts import PracticeRecords
from denialml.domain.fix import Edit, Proof
from denialml.fixes.elements import EDITABLE, corrected
from denialml.rules.payer_policy import PayerPolicy

# The claim's own names of the elements that may change; `*` is the line.
PLACES: dict[str, str] = {
    "2400 SV101-3 to SV101-6": "lines.*.modifiers",
    "2400 SV101-2": "lines.*.procedure_code",
    "2400 SV102": "lines.*.charge",
    "2400 SV104": "lines.*.units",
    "2400 SV105": "lines.*.place_of_service",
    "2400 REF*G1": "lines.*.prior_authorization_number",
    "2420A PRV03": "lines.*.rendering_provider.taxonomy_code",
    "2300 CLM02": "total_charge",
    "2300 CLM05-1": "place_of_service",
    "2300 CLM05-3": "frequency_code",
    "2300 REF*G1": "prior_authorization_number",
    "2300 REF*F8": "original_payer_claim_control_number",
    "2010BA NM109": "subscriber.member_id",
    "2010BA NM103": "subscriber.last_name",
    "2010BA DMG02": "subscriber.birth_date",
    "2010BA DMG03": "subscriber.gender",
    "2010CA NM103": "patient.last_name",
    "2010CA DMG02": "patient.birth_date",
    "2010CA DMG03": "patient.gender",
    "2310B PRV03": "rendering_provider.taxonomy_code",
    "2310D NM103": "supervising_provider.name",
    "2310D NM104": "supervising_provider.first_name",
    "2310D NM109": "supervising_provider.npi",
}
# Least and most minutes (CPT time rules); shorter codes of the same service first.
_BANDS = {
    "90832": (16, 37),
    "90834": (38, 52),
    "90837": (53, 10_000),
    "90833": (16, 37),
    "90836": (38, 52),
    "90838": (53, 10_000),
}
_SERIES = (("90832", "90834", "90837"), ("90833", "90836", "90838"))
_QUARTER_HOURS = frozenset({"97153", "97155", "H2014", "T1017", "H0004", "97151"})
_TIMED = _QUARTER_HOURS | _BANDS.keys()
_TELEHEALTH = frozenset({"95", "93", "GT", "GQ", "FQ"})
_DEGREES = frozenset({"HM", "HN", "HO", "HP", "AH", "AJ", "HL"})
_FINAL = (LineOutcome.PAID, LineOutcome.DENIED, LineOutcome.PARTIAL)


def differences(one: Any, other: Any, at: str = "") -> dict[str, Any]:
    """Where two records differ, and what stands there in the second."""
    if isinstance(one, dict) and isinstance(other, dict):
        found: dict[str, Any] = {}
        for key in one.keys() | other.keys():
            found |= differences(one.get(key), other.get(key), f"{at}.{key}".strip("."))
        return found
    is_list = isinstance(one, list) and isinstance(other, list)
    if is_list and len(one) == len(other) and not at.endswith("modifiers"):
        found = {}
        for number, pair in enumerate(zip(one, other, strict=True)):
            found |= differences(*pair, f"{at}.{number}")
        return found
    return {} if one == other else {at: other}


def plain(claim: Claim) -> dict[str, Any]:
    """The claim as plain values; one whom nobody supervises has an empty supervisor."""
    if claim.supervising_provider is None:
        claim = msgspec.structs.replace(claim, supervising_provider=Provider())
    found: dict[str, Any] = _plain(claim)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = value.__struct_fields__
        return {name: _plain(getattr(value, name)) for name in fields}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


class Legality:
    """Judges corrections of one claim by what was on file on the day it is sent."""

    def __init__(
        self,
        claim: Claim,
        *,
        as_of: date,
        records: PracticeRecords,
        policy: PayerPolicy,
    ) -> None:
        self._claim = claim
        self._as_of = as_of
        self._records = records
        self._policy = policy
        payer_id = claim.payer.payer_id
        self._payer: Payer | None = next(
            (one for one in records.payers if one.payer_id == payer_id), None
        )
        self._clinicians: dict[str, Clinician] = {
            one.npi: one for one in records.clinicians
        }

    def faults(self, edits: Sequence[Edit], proofs: Sequence[Proof]) -> Iterator[str]:
        """Everything that makes the correction illegal; nothing where it is legal."""
        if not edits:
            yield "a correction without an edit"
        if not proofs:
            yield "a correction without a proof"
        for proof in proofs:
            if not self._is_on_file(proof):
                yield f"no such record was on file: {proof}"
        for edit in edits:
            if edit.field not in EDITABLE or edit.field not in PLACES:
                yield f"{edit.field} is no element that may change"
            if _is_same(edit.before, edit.after):
                yield f"{edit.field} changes nothing"
        yield from self._changes_only(edits)
        for edit in edits:
            lines = self._lines(edit)
            if not any(self._proves(edit, lines, edits)):
                yield f"nothing on file proves {edit}"
            yield from self._upward(edit, lines)

    def _lines(self, edit: Edit) -> list[ServiceLine]:
        """The lines that the edit is about."""
        number = edit.line_number
        return [one for one in self._claim.lines if number in (None, one.line_number)]

    def _changes_only(self, edits: Sequence[Edit]) -> Iterator[str]:
        """The corrected claim differs in the elements named, and in its total where a
        charge does; so no diagnosis, day or clinician is among them."""
        fixed = corrected(self._claim, tuple(edits))
        found = differences(plain(self._claim), plain(fixed))
        expected: dict[str, str] = {}
        for edit in edits:
            place = PLACES[edit.field]
            if "*" in place:
                position = next(
                    at
                    for at, line in enumerate(self._claim.lines)
                    if line.line_number == edit.line_number
                )
                place = place.replace("*", str(position))
            if not _is_same(edit.before, edit.after):
                expected[place] = edit.after
        change = sum(one.charge for one in fixed.lines) - sum(
            one.charge for one in self._claim.lines
        )
        if change:
            expected.setdefault(
                "total_charge", f"{self._claim.total_charge + change:f}"
            )
        if found.keys() != expected.keys():
            yield f"changes {sorted(found)} and names {sorted(expected)}"
        for place, after in expected.items():
            held = found.get(place)
            said = " ".join(held) if isinstance(held, list) else held
            if not _is_same("" if said is None else str(said), after):
                yield f"{place} becomes {said!r}, not {after!r}"

    def _upward(self, edit: Edit, lines: Sequence[ServiceLine]) -> Iterator[str]:
        if edit.field == "2400 SV104" and Decimal(edit.after) >= Decimal(edit.before):
            yield f"more units: {edit}"
        if edit.field == "2400 SV102" and Decimal(edit.after) > Decimal(edit.before):
            yield f"a higher charge: {edit}"
        if edit.field == "2400 SV101-2" and not any(
            series.index(edit.after) < series.index(edit.before)
            for series in _SERIES
            if edit.after in series and edit.before in series
        ):
            yield f"no shorter code of the same service: {edit}"

    def _proves(
        self, edit: Edit, lines: Sequence[ServiceLine], edits: Sequence[Edit]
    ) -> Iterator[bool]:
        """Whether a record of this patient, known by the day, carries what is set."""
        after, claim = edit.after, self._claim
        match edit.field:
            case "2400 SV101-2":
                yield self._minutes_make_code(edit, lines[0])
            case "2400 SV104":
                yield self._minutes_make_units(edit, lines[0])
            case "2400 SV102":
                yield self._is_charge(edit, lines[0], edits)
            case "2300 REF*G1" | "2400 REF*G1":
                yield any(
                    one.authorization_number == after and self._covers(one, line)
                    for one in self._records.authorizations
                    for line in lines
                )
            case "2010BA NM109":
                yield any(
                    check.member_id == after
                    and self._is_about(check, people=self._people(edit.field))
                    for check in self._records.eligibility_checks
                )
            case "2300 REF*F8":
                yield after in self._numbers_of_payer()
            case "2300 CLM05-3":
                takes = self._payer is not None and (
                    self._payer.accepts_frequency_7 is True
                    and self._payer.payer_type is not PayerType.MEDICARE
                )
                yield after == "7" and edit.before == "1" and takes
            case "2300 CLM05-1" | "2400 SV105":
                yield all(self._is_place(after, line) for line in lines)
            case "2400 SV101-3 to SV101-6":
                yield self._are_modifiers(edit, lines[0])
            case "2310B PRV03" | "2420A PRV03":
                yield any(
                    one.taxonomy_code == after
                    for line in lines
                    if (one := self._clinicians.get(self._npi(line))) is not None
                )
            case "2310D NM103" | "2310D NM104" | "2310D NM109":
                yield any(self._supervises(line, edits) for line in lines)
            case "2300 CLM02":
                yield Decimal(after) == sum(one.charge for one in claim.lines)
            case _:
                yield any(
                    after == _particular(check, edit.field)
                    and self._is_about(check, people=self._people(edit.field))
                    and all(
                        _agrees_beside(edit.field, check, one)
                        for one in self._people(edit.field)
                    )
                    for check in self._records.eligibility_checks
                )

    # Whose record it is, and from when it was known.

    def _is_patients(self, record_number: str, member_id: str) -> bool:
        own = self._claim.medical_record_number
        if own and record_number:
            return own == record_number
        return bool(member_id) and member_id == self._claim.subscriber.member_id

    def _npi(self, line: ServiceLine) -> str:
        claim = self._claim
        for one in (line.rendering_provider, claim.rendering_provider):
            if one is not None and one.npi:
                return one.npi
        return claim.billing_provider.npi

    def _own_notes(self, line: ServiceLine) -> list[Encounter]:
        """Notes of the line's very day, patient and clinician, of a session that was
        held and signed by the day the claim is sent, not before it was held. Where the
        claim names nobody but the practice, whoever of it wrote the note."""
        npi = self._npi(line)
        return [
            note
            for note in self._records.encounters
            if note.service_date == line.service_date
            and self._is_patients(note.medical_record_number, note.member_id)
            and (note.clinician_npi == npi or npi == self._claim.billing_provider.npi)
            and note.signed_on is not None
            and note.service_date <= note.signed_on <= self._as_of
            and note.attendance in ("", "held")
        ]

    def _is_about(
        self, check: EligibilityCheck, *, people: Sequence[Subscriber | Patient]
    ) -> bool:
        """This payer's answer about one of these, active, by the day the claim is sent.

        An answer with another name and another birth date is about someone else.
        """
        day = min(one.service_date for one in self._claim.lines if one.service_date)
        return (
            check.payer_id == self._claim.payer.payer_id
            and check.checked_on <= self._as_of
            and self._is_patients(check.medical_record_number, check.member_id)
            and check.result is EligibilityResult.ACTIVE
            and (check.coverage_begin is None or check.coverage_begin <= day)
            and (check.coverage_end is None or day <= check.coverage_end)
            and (check.checked_on >= day or check.service_date == day)
            and any(_is_same_person(check, one) for one in people)
        )

    def _people(self, field: str) -> list[Subscriber | Patient]:
        """Whom an element is about; a member number is the family's."""
        claim = self._claim
        if field.endswith("NM109"):
            return [one for one in (claim.subscriber, claim.patient) if one is not None]
        found = claim.patient if field.startswith("2010CA") else claim.subscriber
        return [found] if found is not None else []

    def _covers(self, one: Authorization, line: ServiceLine) -> bool:
        day = line.service_date
        return (
            one.payer_id == self._claim.payer.payer_id
            and self._is_patients(one.medical_record_number, one.member_id)
            and one.issued_on <= self._as_of
            and one.decision
            in (AuthorizationDecision.APPROVED, AuthorizationDecision.MODIFIED)
            and (not one.procedure_codes or line.procedure_code in one.procedure_codes)
            and day is not None
            and (one.begins_on is None or one.begins_on <= day)
            and (one.ends_on is None or day <= one.ends_on)
            and one.clinician_npi in ("", self._npi(line))
        )

    # What each element needs.

    def _minutes_make_code(self, edit: Edit, line: ServiceLine) -> bool:
        """The note's minutes are in the new code's band and below the old one's; and no
        other note that may be of this claim supports what is billed."""
        if edit.after not in _BANDS or edit.before not in _BANDS:
            return False
        low, high = _BANDS[edit.after]
        least = _BANDS[edit.before][0]
        minutes = self._documented(line)
        return any(low <= one <= high for one in minutes) and max(minutes) < least

    def _minutes_make_units(self, edit: Edit, line: ServiceLine) -> bool:
        minutes = self._documented(line)
        if line.procedure_code not in _QUARTER_HOURS or not minutes:
            return False
        whole = self._policy.units_rounding == "whole"
        units = [one // 15 if whole else (one + 7) // 15 for one in minutes]
        return Decimal(edit.after) in units and max(units) < Decimal(edit.before)

    def _documented(self, line: ServiceLine) -> list[int]:
        """Minutes of the day's notes, without those that name another claim where one
        names this claim."""
        if self._is_shared(line):
            return []
        notes = [one for one in self._own_notes(line) if one.evaluation_minutes is None]
        number = self._claim.patient_control_number
        named = [one for one in notes if one.patient_control_number == number]
        return [minutes for one in named or notes if (minutes := _minutes(one))]

    def _is_shared(self, line: ServiceLine) -> bool:
        """Whether another timed service of the session could have taken the minutes."""
        return any(
            other is not line
            and other.service_date == line.service_date
            and self._npi(other) == self._npi(line)
            and (
                other.procedure_code in _BANDS or other.procedure_code in _QUARTER_HOURS
            )
            for other in self._claim.lines
        )

    def _is_charge(self, edit: Edit, line: ServiceLine, edits: Sequence[Edit]) -> bool:
        """Of so many equal units, or what the practice has charged for the new code."""
        after = Decimal(edit.after)
        for other in edits:
            if other.line_number != edit.line_number:
                continue
            if other.field == "2400 SV104":
                return after * Decimal(other.before) == line.charge * Decimal(
                    other.after
                )
            if other.field == "2400 SV101-2":
                return any(
                    one.procedure_code == other.after
                    and one.charge == after
                    and one.units == line.units
                    for sent in self._records.submitted_claims
                    if sent.submitted_on < self._as_of
                    for one in sent.claim.lines
                )
        return False

    def _numbers_of_payer(self) -> set[str]:
        """The payer's numbers of this very claim, from answers before the day.

        Some practices send every claim of a patient under one number: an answer about
        other days is of another claim.
        """
        claim = self._claim
        days = {line.service_date for line in claim.lines}
        sent = {
            one.claim_id
            for one in self._records.submitted_claims
            if one.claim.patient_control_number == claim.patient_control_number
            and one.claim.payer.payer_id == claim.payer.payer_id
            and self._is_patients(
                one.claim.medical_record_number, one.claim.subscriber.member_id
            )
            and any(line.service_date in days for line in one.claim.lines)
        }
        return {
            one.payer_claim_control_number
            for one in self._records.adjudications
            if one.claim_id in sent
            and one.received_on < self._as_of
            and one.outcome in _FINAL
        } - {""}

    def _is_place(self, after: str, line: ServiceLine) -> bool:
        """A note of the session says so, or the payer for a session like that."""
        asked = self._payer.telehealth_place_of_service if self._payer else ""
        for note in self._own_notes(line):
            place = note.patient_location.lower()
            remote = note.modality in (Modality.VIDEO, Modality.AUDIO)
            if remote and after == asked:
                return True
            if remote and after == "10" and place == "home":
                return True
            if remote and after == "02" and place not in ("", "home"):
                return True
            in_person = note.modality is Modality.IN_PERSON
            if in_person and after == "11" and place in ("clinic", "office"):
                return True
        return False

    def _are_modifiers(self, edit: Edit, line: ServiceLine) -> bool:
        before, after = edit.before.split(), edit.after.split()
        added, taken = set(after) - set(before), set(before) - set(after)
        degree = (self._policy.degree_modifiers or {}).values()
        who = self._clinicians.get(self._npi(line))
        held = (self._policy.degree_modifiers or {}).get(who.credential if who else "")
        if added and added <= set(degree):
            return len(after) <= 4 and added == {held} and taken <= _DEGREES
        notes = self._own_notes(line)
        asked = {"93"}
        if self._payer is not None:
            asked |= {self._payer.telehealth_modifier, self._payer.audio_only_modifier}
        remote = any(
            note.modality in (Modality.VIDEO, Modality.AUDIO) for note in notes
        )
        return (
            bool(notes)
            and len(after) <= 4
            and taken <= _TELEHEALTH
            and added <= asked
            and (remote or not added)
        )

    def _supervises(self, line: ServiceLine, edits: Sequence[Edit]) -> bool:
        who = self._clinicians.get(self._npi(line))
        named = {edit.field: edit.after for edit in edits}
        npi = named.get("2310D NM109", "")
        return (
            who is not None
            and who.is_supervised is True
            and who.supervisor_npi == npi
            and npi in self._clinicians
            and self._clinicians[npi].last_name == named.get("2310D NM103")
        )

    def _is_on_file(self, proof: Proof) -> bool:
        """Whether the record exists, is of this patient and was known on the day."""
        if proof.known_on is not None and proof.known_on > self._as_of:
            return False
        number, records, day = proof.record_id, self._records, self._as_of
        match proof.record_kind:
            case "authorization":
                return any(
                    one.authorization_number == number
                    and one.issued_on == proof.known_on
                    and self._is_patients(one.medical_record_number, one.member_id)
                    for one in records.authorizations
                )
            case "eligibility_check":
                return any(
                    one.trace_number == number
                    and one.checked_on == proof.known_on
                    and self._is_patients(one.medical_record_number, one.member_id)
                    for one in records.eligibility_checks
                )
            case "encounter":
                return any(
                    one.encounter_id == number
                    and one.signed_on == proof.known_on
                    and self._is_patients(one.medical_record_number, one.member_id)
                    for one in records.encounters
                )
            case "clinician":
                return number in self._clinicians
            case "enrollment":
                return any(
                    one.clinician_npi == number
                    and (one.recorded_on or one.effective_on) <= day
                    for one in records.enrollments
                )
            case "remittance":
                return any(
                    one.payment_id == number and one.received_on < day
                    for one in records.adjudications
                )
            case "sent_claim":
                return any(
                    one.claim.patient_control_number == number
                    and one.submitted_on < day
                    for one in records.submitted_claims
                )
            case "payer_setting":
                return number == self._claim.payer.payer_id
            case "claim":
                return number == self._claim.patient_control_number
            case _:
                return False


def _is_same_person(check: EligibilityCheck, one: Subscriber | Patient) -> bool:
    """Whether given name or birth date agree, or the answer has neither."""
    first, born = check.first_name, check.birth_date
    other_name = bool(first) and first.upper() != one.first_name.upper()
    other_birth = born is not None and born != one.birth_date
    return not (other_name and (other_birth or born is None))


def _agrees_beside(
    field: str, check: EligibilityCheck, one: Subscriber | Patient
) -> bool:
    """Whether all else that tells people apart is named by both and the same."""
    pairs = {
        "NM103": (check.last_name.upper(), one.last_name.upper()),
        "NM104": (check.first_name.upper(), one.first_name.upper()),
        "DMG02": (check.birth_date, one.birth_date),
    }
    pairs.pop(field.split()[-1], None)
    return all(held and held == sent for held, sent in pairs.values())


def _minutes(note: Encounter) -> int | None:
    """Stop less start, through midnight; else the total."""
    start, stop = note.started_at, note.stopped_at
    if start is None or stop is None:
        return note.minutes
    length = (stop.hour * 60 + stop.minute) - (start.hour * 60 + start.minute)
    return length if length > 0 else length + 1440


def _particular(check: EligibilityCheck, field: str) -> str:
    """What the payer's answer has in the place of an element."""
    match field.split()[-1]:
        case "NM103":
            return check.last_name
        case "NM104":
            return check.first_name
        case "DMG02":
            return check.birth_date.isoformat() if check.birth_date else ""
        case "DMG03":
            return check.gender[:1].upper()
        case _:
            return ""


def _is_same(one: str, other: str) -> bool:
    """Whether two texts are the same, or the same amount."""
    if one == other:
        return True
    try:
        return Decimal(one) == Decimal(other)
    except ArithmeticError:
        return False
