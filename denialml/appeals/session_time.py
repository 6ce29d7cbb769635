"""Do the documented minutes support the billed code?"""

from denialml.appeals.case_file import CaseFile
from denialml.domain.claim import rendering_npi
from denialml.domain.encounter import Encounter, documented_minutes
from denialml.reference import procedure_codes


def minutes_band(case: CaseFile) -> tuple[int | None, int | None]:
    """Least and most minutes that one unit of the billed code stands for.

    None where the code is open that way, is not chosen by time alone, or is unknown.
    An add-on has no most: its note also counts the service that it is added to.
    """
    code = procedure_codes().get(case.line.procedure_code)
    if code is None or code.time_basis != "minutes":
        return None, None
    return code.minutes_minimum, None if code.is_add_on else code.minutes_maximum


def minutes_contradiction(minutes: int | None, case: CaseFile) -> str | None:
    """Why these minutes refute the billed code, or None.

    None as well where no minutes are stated: silence refutes nothing. More minutes
    than the code's band count only where no add-on code of the same date continues
    it (90839 with 90840).
    """
    least, most = minutes_band(case)
    code = case.line.procedure_code
    if minutes is None:
        return None
    if least is not None and minutes < least:
        return (
            f"The note states {minutes} minutes and {code} needs at least {least}: it "
            "refutes the claim. Correct the code with a corrected claim; do not appeal."
        )
    if most is not None and minutes > most and not _continued(case):
        return (
            f"The note states {minutes} minutes and {code} ends at {most}: the billed "
            "code does not match the note. Have a coder review it; do not appeal."
        )
    return None


def _continued(case: CaseFile) -> bool:
    codes = procedure_codes()
    for line in case.claim.lines:
        reference = codes.get(line.procedure_code)
        if (
            line.service_date == case.line.service_date
            and reference is not None
            and case.line.procedure_code in reference.primary_codes
        ):
            return True
    return False


def signed_encounter(case: CaseFile) -> Encounter | None:
    """The signed session of this line: same date, same code where it names one."""
    matching = [
        encounter
        for encounter in case.encounters
        if encounter.service_date == case.line.service_date
        and encounter.signed_on is not None
        and encounter.procedure_code in ("", case.line.procedure_code)
    ]
    npi = rendering_npi(case.claim, case.line)
    matching.sort(
        key=lambda e: (e.clinician_npi != npi, not e.procedure_code, e.encounter_id)
    )
    return matching[0] if matching else None


def supported_minutes(case: CaseFile) -> int | None:
    """Minutes of the signed session of this line; None where none are documented."""
    encounter = signed_encounter(case)
    return documented_minutes(encounter) if encounter is not None else None
