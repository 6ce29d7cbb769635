"""What the clinician documented of one session."""

from datetime import date, time
from decimal import Decimal
from enum import StrEnum

from denialml.domain.record import Fact, Source


class Modality(StrEnum):
    """How the session was held."""

    IN_PERSON = "in_person"
    VIDEO = "video"
    AUDIO = "audio"
    UNKNOWN = "unknown"


class Encounter(Fact, frozen=True):
    """One documented session. Grain: patient x clinician x service date x session.

    Minutes may be documented as `started_at` and `stopped_at`, as `minutes`, or not
    at all (a real state: nothing supports a time-based code then). Known from
    `signed_on`; an unsigned note (None) supports nothing. `treatment_plan_on` is the
    date of the plan in force on the service date, None where there was none.
    `patient_location` is ``home``, ``clinic`` or another short word, for telehealth,
    `patient_state` the postal code of the State the patient was in.

    What only some services need, None or empty where the note does not say:
    `evaluation_minutes` of a visit whose level rests on time, `group_size` with this
    patient, `instruments` administered, `complexity_factor` (``interpreter`` or another
    short word), `plan_goal_linked`, `disposition_documented` (crisis, safety plan),
    `telehealth_consent`, `is_new_patient`, `dose_milligrams`, `observation_minutes` and
    `safety_program_enrolled` (Spravato), `repeated_text_share` (0 to 1, like the
    patient's note before), `measured_on` (last PHQ-9, GAD-7 or the like).
    `attendance` is ``held``, ``no_show`` or ``cancelled``.
    """

    encounter_id: str
    service_date: date
    clinician_npi: str
    medical_record_number: str = ""
    member_id: str = ""
    patient_control_number: str = ""
    procedure_code: str = ""
    started_at: time | None = None
    stopped_at: time | None = None
    minutes: int | None = None
    modality: Modality = Modality.UNKNOWN
    patient_location: str = ""
    signed_on: date | None = None
    treatment_plan_on: date | None = None
    patient_state: str = ""
    attendance: str = ""
    evaluation_minutes: int | None = None
    group_size: int | None = None
    instruments: int | None = None
    complexity_factor: str = ""
    plan_goal_linked: bool | None = None
    disposition_documented: bool | None = None
    telehealth_consent: bool | None = None
    is_new_patient: bool | None = None
    dose_milligrams: int | None = None
    observation_minutes: int | None = None
    safety_program_enrolled: bool | None = None
    repeated_text_share: Decimal | None = None
    measured_on: date | None = None
    source: Source | None = None


def documented_minutes(encounter: Encounter) -> int | None:
    """Minutes that the note supports: stop minus start, else the total, else None.

    A session past midnight counts through it (the claim's date is the start's).
    """
    start, stop = encounter.started_at, encounter.stopped_at
    if start is not None and stop is not None:
        minutes = (stop.hour - start.hour) * 60 + stop.minute - start.minute
        return minutes if minutes > 0 else minutes + 24 * 60
    return encounter.minutes
