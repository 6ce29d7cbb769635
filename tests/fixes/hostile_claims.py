"""Claims with hostile and half-empty records around them, drawn from a seed.

Values come from small pools, so that notes, authorizations and answers of other
patients, days, clinicians and payers keep coming near to the claim's own.
"""

from collections.abc import Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple, TypeVar

import msgspec

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.claim import (
    Claim,
    ClaimPayer,
    Diagnosis,
    Patient,
    Provider,
    ServiceLine,
    Subscriber,
    person,
)
from denialml.domain.coverage import (
    Authorization,
    AuthorizationDecision,
    Clinician,
    EligibilityCheck,
    EligibilityResult,
    Enrollment,
    Payer,
    PayerType,
)
from denialml.domain.encounter import Encounter, Modality
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.rules.payer_policy import PayerPolicy

T = TypeVar("T")
AS_OF = date(2026, 3, 16)
BILLING, FIRST, SECOND, THIRD = "1999000015", "1999010014", "1999020013", "1999030012"
_CLINICIANS = (FIRST, SECOND, THIRD)
_PATIENTS = (("MRN1", "M1"), ("MRN1", "M2"), ("MRN2", "M2"), ("", "M1"), ("MRN1", ""))
_CODES = (
    *("90837", "90837", "90834", "90834", "90832", "90838", "90836", "90833"),
    *("97153", "97153", "97155", "H2014", "T1017", "90791", "90847", "99214"),
    *("90785", "90853", "H0015", "96130", "99484", "ZZZZZ", ""),
)
_MINUTES = (
    *(0, 1, 7, 8, 15, 16, 17, 22, 23, 30, 37, 38, 39, 45, 52, 53, 54, 60, 61, 90),
    *(115, 240, 1440),
)
_UNITS = ("1", "1", "1", "2", "3", "4", "8", "8", "12", "0", "1.5", "-1")
_NUMBERS = ("A1", "A2", "A-1", "0A1", "a1", "A3")
_PLACES = ("02", "10", "11", "11", "12", "22", "53", "")
_MODIFIERS = ("95", "93", "GT", "25", "59", "HO", "AJ", "XE", "FQ", "U1")
_LOCATIONS = ("home", "clinic", "office", "school", "", "Home", "car")
_NAMES = (
    *(("Cragbottom", "Juniper"), ("Cragbottom", "Rowan"), ("Fernly", "Moss")),
    *(("Fernly", "Juniper"), ("Fernly", "Rowan")),
)
_BIRTHS = (date(1980, 5, 1), date(2012, 5, 1), date(1980, 1, 5), None)
_CREDENTIALS = ("LCSW", "LMFT", "PHD", "MD", "Intern", "")
# What the records of a claim are drawn around: most are drawn around nothing, and then
# a correction that needs several records at once is offered too seldom to be judged.
_RESENT, _SHORT_NOTE, _FEW_MINUTES = "resent", "short note", "few minutes"
_DEPENDENT = "dependent"
_SITUATIONS = (
    *("", "", "", "", "", "", "", _RESENT, _RESENT, _RESENT),
    *(_SHORT_NOTE, _SHORT_NOTE, _SHORT_NOTE, _FEW_MINUTES, _DEPENDENT, _DEPENDENT),
)
_STRANGE_DAYS = (None, date(1, 1, 1), date(9999, 12, 31), date(1899, 12, 31))


class Hostile(NamedTuple):
    """One claim to be sent on `as_of`, and all that is on file of the practice."""

    seed: int
    claim: Claim
    as_of: date
    records: PracticeRecords
    policy: PayerPolicy


def hostile(seed: int) -> Hostile:
    """The claim of a seed; the same seed gives the same claim."""
    return _Draw(seed).all()


class _Draw:
    def __init__(self, seed: int) -> None:
        self._random = Random(f"hostile {seed}")
        self._seed = seed
        self._situation = self._pick(_SITUATIONS)
        self._day = AS_OF - timedelta(
            days=self._pick((0, 1, 3, 3, 10, 10, 45, 200, 400, -2))
        )

    def all(self) -> Hostile:
        claim = self._claim()
        if self._is_about_minutes:
            claim = self._with_one_session(claim)
        payers = tuple(self._payer(number) for number in ("P1", "P2") if self._is(0.8))
        earlier, answers, refusals = self._earlier(claim)
        return Hostile(
            seed=self._seed,
            claim=claim,
            as_of=AS_OF,
            policy=self._policy(),
            records=PracticeRecords(
                payers=payers,
                clinicians=tuple(
                    self._clinician(npi) for npi in _CLINICIANS if self._is(0.7)
                ),
                enrollments=tuple(
                    self._enrollment() for _ in range(self._pick((0, 1, 3)))
                ),
                eligibility_checks=tuple(
                    self._check(place, claim)
                    for place in range(self._pick((0, 1, 2, 4)))
                ),
                authorizations=tuple(
                    self._authorization() for _ in range(self._pick((0, 1, 2, 4)))
                ),
                encounters=self._notes(claim),
                submitted_claims=earlier,
                adjudications=answers,
                acknowledgments=refusals,
            ),
        )

    @property
    def _is_about_minutes(self) -> bool:
        return self._situation in (_SHORT_NOTE, _FEW_MINUTES)

    def _is(self, chance: float) -> bool:
        return self._random.random() < chance

    def _pick(self, pool: Sequence[T]) -> T:
        return self._random.choice(pool)

    def _near(self, *, spread: int = 1) -> date:
        """A day of service, or one beside it."""
        if self._is(0.7):
            return self._day
        return self._day + timedelta(days=self._random.randint(-spread, spread))

    def _known(self) -> date:
        """A day from which something is known: mostly before the claim is sent."""
        return AS_OF - timedelta(days=self._pick((-5, -1, 0, 0, 1, 2, 3, 12, 60, 300)))

    def _patient(self) -> tuple[str, str]:
        return ("MRN1", "M1") if self._is(0.7) else self._pick(_PATIENTS)

    def _payer_id(self) -> str:
        return "P1" if self._is(0.75) else self._pick(("P2", "P3"))

    def _provider(self, npi: str) -> Provider:
        return Provider(
            name="Quarrystone",
            first_name="Linden",
            npi=npi,
            taxonomy_code=self._pick(("1041C0700X", "106H00000X", "")),
        )

    def _claim(self) -> Claim:
        record_number, member_id = self._patient()
        lines = tuple(self._line(number) for number in range(1, self._size() + 1))
        if self._is(0.04):
            lines = tuple(msgspec.structs.replace(one, line_number=1) for one in lines)
        total = sum((line.charge for line in lines), Decimal(0))
        if self._is(0.1):
            total += self._pick((Decimal(1), Decimal("-0.01"), Decimal(100)))
        last, first = _NAMES[0] if self._is(0.75) else self._pick((*_NAMES, ("", "")))
        born, gender = self._pick(_BIRTHS), self._pick(("F", "M", "U", ""))
        frequency = self._pick(("1", "1", "1", "1", "7", "8", "6"))
        numbered = self._is(0.3)
        return Claim(
            patient_control_number=self._pick(("C1", "C1", "C2")),
            total_charge=total,
            payer=ClaimPayer(payer_id=self._payer_id(), name="Sample Plan"),
            subscriber=Subscriber(
                member_id=member_id,
                last_name=last,
                first_name=first,
                birth_date=born,
                gender=gender,
            ),
            patient=(
                Patient(
                    last_name=last,
                    first_name="Rowan",
                    birth_date=_BIRTHS[1],
                    gender=gender,
                )
                if self._is(0.9 if self._situation == _DEPENDENT else 0.1)
                else None
            ),
            billing_provider=Provider(name="Cedar and Sample", npi=BILLING),
            rendering_provider=(
                self._provider(FIRST if self._is(0.8) else self._pick(_CLINICIANS))
                if self._is(0.9)
                else None
            ),
            supervising_provider=self._provider(THIRD) if self._is(0.1) else None,
            lines=lines,
            diagnoses=(Diagnosis(code="F411", qualifier="ABK"), Diagnosis(code="Z630")),
            submitted_on=AS_OF,
            frequency_code=frequency,
            place_of_service=self._pick(_PLACES),
            prior_authorization_number=self._pick(_NUMBERS) if self._is(0.3) else "",
            original_payer_claim_control_number="PCN9" if numbered else "",
            medical_record_number=record_number,
        )

    def _with_one_session(self, claim: Claim) -> Claim:
        """A claim of one long session; only its note and history may be wrong."""
        units = Decimal(1)
        code = self._pick(("90837", "90834"))
        if self._situation == _FEW_MINUTES:
            units = Decimal(self._pick((4, 8, 12)))
            code = self._pick(("97153", "97155", "H2014", "T1017"))
        line = msgspec.structs.replace(
            claim.lines[0],
            procedure_code=code,
            units=units,
            unit_basis="UN",
            charge=Decimal("210") * units,
            service_date=self._day,
            service_date_end=None,
        )
        return msgspec.structs.replace(
            claim, lines=(line,), total_charge=line.charge, frequency_code="1"
        )

    def _size(self) -> int:
        return self._pick((1, 1, 1, 2, 2, 3, 4, 6))

    def _line(self, number: int) -> ServiceLine:
        day: date | None = self._near()
        if self._is(0.02):
            day = self._pick(_STRANGE_DAYS)
        units = Decimal(self._pick(_UNITS))
        ends = None
        if day is not None and self._is(0.05) and day.year not in (1, 9999):
            ends = day + timedelta(days=self._pick((0, 1, 30)))
        return ServiceLine(
            line_number=number,
            procedure_code=self._pick(_CODES),
            charge=self._pick((Decimal("150.00"), Decimal("210"), Decimal("0")))
            * max(Decimal(1), units),
            service_date=day,
            service_date_end=ends,
            units=units,
            unit_basis="MJ" if self._is(0.05) else "UN",
            modifiers=tuple(
                self._random.sample(_MODIFIERS, self._pick((0, 0, 1, 1, 2, 4)))
            ),
            place_of_service=self._pick(_PLACES) if self._is(0.2) else "",
            diagnosis_pointers=self._pick(((1,), (1, 2), (2,), (9,))),
            prior_authorization_number=self._pick(_NUMBERS) if self._is(0.1) else "",
            rendering_provider=(
                self._provider(self._pick((*_CLINICIANS, "")))
                if self._is(0.1)
                else None
            ),
        )

    def _usual_line(self) -> ServiceLine:
        """A line of an earlier claim, often with a charge for one session."""
        line = self._line(1)
        if self._is(0.2):
            return line
        return msgspec.structs.replace(
            line,
            procedure_code=self._pick(
                ("90832", "90834")
                if self._situation == _SHORT_NOTE
                else ("90832", "90834", "90833", "90836")
            ),
            units=Decimal(1),
            charge=self._pick((Decimal("115.00"), Decimal("150.00"), Decimal("300"))),
        )

    def _notes(self, claim: Claim) -> tuple[Encounter, ...]:
        own = claim.rendering_provider
        if self._is_about_minutes and own is not None and self._is(0.8):
            others = self._pick((0, 0, 0, 0, 0, 1))
            return (
                self._plain_note(0, claim, own),
                *(self._note(place, claim) for place in range(1, 1 + others)),
            )
        count = self._pick((0, 1, 1, 2, 3, 5))
        return tuple(self._note(place, claim) for place in range(count))

    def _note(self, place: int, claim: Claim) -> Encounter:
        record_number, member_id = self._patient()
        signed = None if self._is(0.15) else self._known()
        start = stop = None
        if self._is(0.4):
            start = time(self._pick((9, 23)), self._pick((0, 30, 45)))
            length = self._pick(_MINUTES) % 1440
            ends = (start.hour * 60 + start.minute + length) % 1440
            stop = time(ends // 60, ends % 60) if self._is(0.9) else None
        own = claim.rendering_provider
        day = claim.lines[0].service_date
        if self._is(0.4) and day is not None:
            record_number = claim.medical_record_number
            member_id = claim.subscriber.member_id
        else:
            day = self._near()
        if own is not None and self._is(0.4):
            return self._plain_note(place, claim, own)
        return Encounter(
            encounter_id=f"E{place}",
            service_date=day,
            clinician_npi=(
                own.npi
                if own is not None and self._is(0.7)
                else self._pick((*_CLINICIANS, ""))
            ),
            medical_record_number=record_number,
            member_id=member_id if self._is(0.5) else "",
            patient_control_number=self._pick(("", "", "C1", "C2")),
            procedure_code=self._pick((*_CODES[:6], "")),
            started_at=start,
            stopped_at=stop,
            minutes=None if self._is(0.3) else self._pick(_MINUTES),
            modality=self._pick(tuple(Modality)),
            patient_location=self._pick(_LOCATIONS),
            signed_on=signed,
            treatment_plan_on=(
                self._day - timedelta(days=self._pick((0, 30, 170, 200, -3)))
                if self._is(0.5)
                else None
            ),
            attendance=self._pick(("", "", "", "held", "no_show", "cancelled")),
            evaluation_minutes=self._pick((None, None, None, 15)),
        )

    def _plain_note(self, place: int, claim: Claim, clinician: Provider) -> Encounter:
        """The first line's own note without a flaw; only its minutes may be few."""
        first = claim.lines[0]
        return Encounter(
            encounter_id=f"E{place}",
            service_date=first.service_date or self._day,
            clinician_npi=clinician.npi,
            medical_record_number=claim.medical_record_number,
            member_id=claim.subscriber.member_id,
            procedure_code=self._pick(("", first.procedure_code)),
            minutes=self._pick((*_MINUTES, *(17, 22, 30, 37, 40, 45) * 4)),
            modality=self._pick(tuple(Modality)),
            patient_location=self._pick(_LOCATIONS),
            signed_on=AS_OF,
        )

    def _authorization(self) -> Authorization:
        record_number, member_id = self._patient()
        begins = self._day - timedelta(days=self._pick((0, 1, 30, -1)))
        return Authorization(
            authorization_number=self._pick(_NUMBERS),
            payer_id=self._payer_id(),
            member_id=member_id,
            medical_record_number=record_number,
            issued_on=self._known(),
            decision=(
                AuthorizationDecision.APPROVED
                if self._is(0.7)
                else self._pick(tuple(AuthorizationDecision))
            ),
            procedure_codes=(
                tuple(self._random.sample(_CODES[:-2], 3)) if self._is(0.7) else ()
            ),
            units=self._pick((None, Decimal(1), Decimal(4), Decimal(20))),
            begins_on=begins if self._is(0.7) else None,
            ends_on=begins + timedelta(days=self._pick((0, 30, 365))),
            clinician_npi=self._pick(_CLINICIANS) if self._is(0.3) else "",
        )

    def _check(self, place: int, claim: Claim) -> EligibilityCheck:
        check = self._any_check(place)
        if not self._is(0.9 if self._situation == _DEPENDENT else 0.3):
            return check
        # The claim's own person, but for one particular or none.
        own: dict[str, Any] = {
            name: getattr(person(claim), name)
            for name in ("last_name", "first_name", "birth_date", "gender")
        }
        own.pop(self._pick((*own, "")), None)
        if self._is(0.6):
            own["result"], own["checked_on"] = EligibilityResult.ACTIVE, AS_OF
            own["payer_id"] = claim.payer.payer_id
            # About the day itself, or the next span of coverage speaks for it no less.
            if self._situation == _DEPENDENT:
                own["service_date"] = claim.lines[0].service_date
            own["medical_record_number"] = claim.medical_record_number
        return msgspec.structs.replace(check, **own)

    def _any_check(self, place: int) -> EligibilityCheck:
        record_number, member_id = self._patient()
        last, first = _NAMES[0] if self._is(0.5) else self._pick((*_NAMES, ("", "")))
        result = self._pick(
            (EligibilityResult.ACTIVE, EligibilityResult.ACTIVE, *EligibilityResult)
        )
        begins = self._day - timedelta(days=self._pick((0, 100, -5)))
        return EligibilityCheck(
            checked_on=self._known(),
            payer_id=self._payer_id(),
            member_id=member_id if self._is(0.8) else self._pick(("M9", "M-1", "")),
            result=result,
            medical_record_number=record_number,
            service_date=self._near(),
            plan_name=self._pick(("", "Sample Plan Basic")),
            coverage_begin=begins if self._is(0.5) else None,
            coverage_end=begins + timedelta(days=50) if self._is(0.3) else None,
            mental_health_active=self._pick((None, True, False)),
            other_payer_id="P7" if self._is(0.15) else "",
            trace_number=f"T{place}",
            last_name=last,
            first_name=first,
            birth_date=self._pick(_BIRTHS),
            gender=self._pick(("F", "M", "U", "", "X", "female")),
        )

    def _earlier(
        self, claim: Claim
    ) -> tuple[
        tuple[SubmittedClaim, ...],
        tuple[LineAdjudication, ...],
        tuple[ClaimAcknowledgment, ...],
    ]:
        """Claims sent before, or on later days: of this patient or of others."""
        submitted, answers, refusals = [], [], []
        if self._situation == _RESENT:
            before, answered = self._sent_before(claim)
            submitted.append(before)
            answers += answered
        short = self._situation == _SHORT_NOTE
        for place in range(self._pick((1, 2, 4) if short else (0, 1, 2, 4))):
            record_number, member_id = self._patient()
            lines = claim.lines if self._is(0.2) else (self._usual_line(),)
            changes: dict[str, Any] = {
                "patient_control_number": self._pick(("C1", "C2", "C3")),
                "payer": ClaimPayer(payer_id=self._payer_id()),
                "medical_record_number": record_number,
                "subscriber": msgspec.structs.replace(
                    claim.subscriber, member_id=member_id
                ),
                **(self._identity(claim) if self._is(0.9 if short else 0.5) else {}),
                "submitted_on": self._known(),
                "frequency_code": self._pick(("1", "1", "7")),
                "lines": lines,
            }
            one = msgspec.structs.replace(claim, **changes)
            sent_on = one.submitted_on or AS_OF
            claim_id = f"earlier-{place}"
            submitted.append(
                SubmittedClaim(claim_id=claim_id, submitted_on=sent_on, claim=one)
            )
            if self._is(0.2):
                refusals.append(self._refusal(one, sent_on))
            elif self._is(0.7):
                received = sent_on + timedelta(days=self._pick((1, 10, 30)))
                answers += [
                    self._answer(claim_id, line, place, received) for line in lines
                ]
        return tuple(submitted), tuple(answers), tuple(refusals)

    def _sent_before(
        self, claim: Claim
    ) -> tuple[SubmittedClaim, list[LineAdjudication]]:
        """The claim as it went out once before, and the payer's answer to all of it,
        mostly a denial."""
        sent_on = AS_OF - timedelta(days=self._pick((2, 12, 60)))
        received = sent_on + timedelta(days=self._pick((1, 10, 50)))
        changes: dict[str, Any] = {
            "frequency_code": "1",
            "submitted_on": sent_on,
            "original_payer_claim_control_number": "",
        }
        number = self._pick(("PCN1", "PCN2", "PCN9", ""))
        outcome = (
            LineOutcome.DENIED if self._is(0.7) else self._pick(tuple(LineOutcome))
        )
        before = SubmittedClaim(
            claim_id="before",
            submitted_on=sent_on,
            claim=msgspec.structs.replace(claim, **changes),
        )
        return before, [
            msgspec.structs.replace(
                self._answer("before", line, 9, received),
                outcome=outcome,
                payer_claim_control_number=number,
            )
            for line in claim.lines
        ]

    def _identity(self, claim: Claim) -> dict[str, Any]:
        """What makes an earlier claim one of the same number, patient and payer."""
        return {
            "patient_control_number": claim.patient_control_number,
            "payer": claim.payer,
            "medical_record_number": claim.medical_record_number,
            "subscriber": claim.subscriber,
        }

    def _answer(
        self, claim_id: str, line: ServiceLine, place: int, received: date
    ) -> LineAdjudication:
        return LineAdjudication(
            claim_id=claim_id,
            line_number=line.line_number,
            payment_id=f"payment-{place}",
            received_on=received,
            outcome=self._pick(tuple(LineOutcome)),
            charge=line.charge,
            paid=Decimal(0),
            allowed=None,
            adjustments=(),
            remark_codes=(),
            payer_claim_control_number=self._pick(("PCN1", "PCN2", "PCN9", "")),
        )

    def _refusal(self, claim: Claim, sent_on: date) -> ClaimAcknowledgment:
        return ClaimAcknowledgment(
            patient_control_number=claim.patient_control_number,
            accepted=False,
            statuses=(),
            status_date=sent_on,
            action_code="U",
            charge=claim.total_charge,
            payer_claim_control_number="",
            payer_id=claim.payer.payer_id,
            payer_name="",
            service_date=None,
            received_on=sent_on + timedelta(days=1),
        )

    def _payer(self, payer_id: str) -> Payer:
        return Payer(
            payer_id=payer_id,
            name="Sample Plan",
            payer_type=(
                PayerType.COMMERCIAL if self._is(0.6) else self._pick(tuple(PayerType))
            ),
            telehealth_place_of_service=self._pick(("", "10", "02", "11")),
            telehealth_modifier=self._pick(("", "95", "GT")),
            audio_only_modifier=self._pick(("", "93", "FQ")),
            accepts_frequency_7=self._pick((None, True, True, False)),
            corrected_claim_limit_days=self._pick((None, 30, 365, 365)),
        )

    def _clinician(self, npi: str) -> Clinician:
        return Clinician(
            npi=npi,
            last_name=self._pick(("Quarrystone", "")),
            first_name="Linden",
            credential=self._pick(_CREDENTIALS),
            taxonomy_code=self._pick(("1041C0700X", "103TC0700X", "")),
            supervisor_npi=self._pick(("", THIRD, SECOND, "1999099999")),
            is_supervised=self._pick((None, True, False)),
            works_in_hospital=self._pick((None, True, False)),
        )

    def _enrollment(self) -> Enrollment:
        begins = self._day - timedelta(days=self._pick((0, 300, -10)))
        return Enrollment(
            clinician_npi=self._pick(_CLINICIANS),
            payer_id=self._payer_id(),
            effective_on=begins,
            ends_on=begins + timedelta(days=100) if self._is(0.3) else None,
            recorded_on=self._known() if self._is(0.5) else None,
        )

    def _policy(self) -> PayerPolicy:
        degrees = {"LCSW": "AJ", "LMFT": "HO", "PHD": "AH", "MD": ""}
        return PayerPolicy(
            units_rounding=self._pick((None, "midpoint", "whole")),
            degree_modifiers=degrees if self._is(0.3) else None,
            authorization_codes=("90837", "97153") if self._is(0.2) else None,
            treatment_plan_days=self._pick((None, 90)),
        )
