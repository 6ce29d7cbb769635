"""The payer's answers as the radar reads them: one row per answered line.

Initial determinations of original submissions only (docs/architecture.md, "Grain"):
pended, reversed and corrected lines say nothing about the payer's rules, and a line
that was allowed and charged to the patient (January's deductible) is not a denial.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

import msgspec

from denialml.domain.adjudication import (
    LineAdjudication,
    LineOutcome,
    initial_determination,
)
from denialml.domain.claim import line_place_of_service, patient_key, rendering_npi
from denialml.domain.facts import PracticeRecords
from denialml.reference import adjustment_reasons

_REPLACEMENTS = frozenset({"7", "8"})
_DENIED = frozenset({LineOutcome.DENIED, LineOutcome.PARTIAL})
_DECIDED = _DENIED | {LineOutcome.PAID}
_DIAGNOSIS_CATEGORY = 3
# A line sent so many days after the service is late: something was the matter.
_LATE_DAYS = 14
# Of a patient's answers so many are looked through for those before a submission.
_NEWEST = 40
# A denial whose codes name no denial reason that we know.
UNNAMED = "?"


class LineAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The first decision on one line of an original claim. Grain: claim line.

    Days are proleptic ordinals. `session` is what the payer sees of how the session
    was held: place of service and modifiers (``02/95``). `diagnosis` is the category
    (F41) of the line's first diagnosis. `reason` is group and reason code of the
    largest denial adjustment (``CO-4``), `UNNAMED` where no known one is there, and
    empty where the line was paid.
    """

    received_on: int
    submitted_on: int
    served_on: int
    payer: str
    code: str
    session: str
    diagnosis: str
    clinician: str
    patient: str
    reason: str

    @property
    def denied(self) -> bool:
        return bool(self.reason)


def line_answers(records: PracticeRecords, *, known_by: date) -> list[LineAnswer]:
    """Answers received before `known_by`, by day received, submission and line."""
    by_line: dict[tuple[str, int], list[LineAdjudication]] = defaultdict(list)
    for adjudication in records.adjudications:
        if adjudication.received_on < known_by:
            key = (adjudication.claim_id, adjudication.line_number)
            by_line[key].append(adjudication)
    found: list[tuple[int, int, str, int, LineAnswer]] = []
    for submitted in records.submitted_claims:
        claim = submitted.claim
        if claim.frequency_code in _REPLACEMENTS:
            continue
        for line in claim.lines:
            first = initial_determination(
                by_line.get((submitted.claim_id, line.line_number), ())
            )
            if first is None or first.outcome not in _DECIDED:
                continue
            denied = first.outcome in _DENIED
            served = line.service_date or submitted.submitted_on
            pointer = line.diagnosis_pointers[0] if line.diagnosis_pointers else 0
            diagnosis = ""
            if 0 < pointer <= len(claim.diagnoses):
                diagnosis = claim.diagnoses[pointer - 1].code[:_DIAGNOSIS_CATEGORY]
            place = line_place_of_service(claim, line)
            answer = LineAnswer(
                received_on=first.received_on.toordinal(),
                submitted_on=submitted.submitted_on.toordinal(),
                served_on=served.toordinal(),
                payer=claim.payer.payer_id,
                code=line.procedure_code,
                session=f"{place}/{'+'.join(sorted(line.modifiers))}",
                diagnosis=diagnosis,
                clinician=rendering_npi(claim, line),
                patient=patient_key(claim),
                reason=denial_reason(first) if denied else "",
            )
            found.append(
                (
                    answer.received_on,
                    answer.submitted_on,
                    submitted.claim_id,
                    line.line_number,
                    answer,
                )
            )
    found.sort(key=lambda one: one[:4])
    return [one[4] for one in found]


def denial_reason(adjudication: LineAdjudication) -> str:
    """Group and reason code of the largest denial adjustment; `UNNAMED` without one."""
    reasons = adjustment_reasons()
    named = [
        each
        for each in adjudication.adjustments
        if (known := reasons.get(each.reason_code)) is not None
        and known.adjustment_class == "denial"
    ]
    if not named:
        return UNNAMED
    largest = max(named, key=lambda each: (each.amount, each.reason_code))
    return f"{largest.group_code}-{largest.reason_code}"


def without_repeats(answers: Iterable[LineAnswer], *, days: int) -> list[bool]:
    """Which answers are trials: False right after a denial of the same patient.

    A patient whose coverage has lapsed is denied visit after visit: the run is one
    event, not one event a visit. After a denial a patient's answers from that payer do
    not count until one is paid or `days` have gone by. Answers are in order received.
    """
    last: dict[tuple[str, str], tuple[int, bool]] = {}
    trials = []
    for answer in answers:
        key = (answer.payer, answer.patient)
        known = last.get(key)
        trials.append(
            known is None or not known[1] or answer.received_on - known[0] > days
        )
        last[key] = (answer.received_on, answer.denied)
    return trials


def circumstances(answers: Iterable[LineAnswer]) -> list[str]:
    """What was known of each line when it was sent, apart from its codes.

    Whether the same service had been answered already, how late it was sent, and how
    the payer's newest answer on the patient had been. All of it changes how often a
    payer denies without any change of its rules. Answers are in order received; each
    is judged by those before it.
    """
    heard: dict[tuple[str, str], list[tuple[int, bool]]] = defaultdict(list)
    services: set[tuple[str, str, str, int]] = set()
    found = []
    for answer in answers:
        service = (answer.payer, answer.patient, answer.code, answer.served_on)
        known = heard[answer.payer, answer.patient]
        before = [
            denied for day, denied in known[-_NEWEST:] if day < answer.submitted_on
        ]
        found.append(
            "again"
            if service in services
            else (
                "late " if answer.submitted_on - answer.served_on >= _LATE_DAYS else ""
            )
            + (("denied" if before[-1] else "paid") if before else "unheard")
        )
        services.add(service)
        known.append((answer.received_on, answer.denied))
    return found
