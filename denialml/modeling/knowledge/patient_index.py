"""Finds a patient's records among the practice's.

A record belongs to a claim's patient when it carries the same medical record number;
records that carry none (271, 278) are linked by member number. A claim without a
medical record number is linked by member number alone.
"""

from collections.abc import Iterable
from copy import copy
from datetime import date
from typing import Generic, TypeVar

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import Authorization, EligibilityCheck
from denialml.domain.encounter import Encounter
from denialml.domain.facts import PracticeRecords, SubmittedClaim
from denialml.modeling.knowledge.patient_file import PatientFile

T = TypeVar("T")


class _Index(Generic[T]):
    """Records of one kind by medical record number and by member number."""

    def __init__(self) -> None:
        self._by_record: dict[str, list[T]] = {}
        self._by_member: dict[str, list[T]] = {}
        self._without_record: dict[str, list[T]] = {}

    def add(self, record_number: str, member_id: str, item: T) -> None:
        if record_number:
            self._by_record.setdefault(record_number, []).append(item)
        elif member_id:
            self._without_record.setdefault(member_id, []).append(item)
        if member_id:
            self._by_member.setdefault(member_id, []).append(item)

    def of(self, record_number: str, member_id: str) -> list[T]:
        if not record_number:
            return self._by_member.get(member_id, [])
        found = self._by_record.get(record_number, [])
        return [*found, *self._without_record.get(member_id, ())]


class PatientFiles:
    """The files of all patients, each put together when first asked for."""

    def __init__(self, records: PracticeRecords) -> None:
        self._checks: _Index[EligibilityCheck] = _Index()
        self._authorizations: _Index[Authorization] = _Index()
        self._encounters: _Index[Encounter] = _Index()
        self._claims: _Index[SubmittedClaim] = _Index()
        self._answers: dict[str, list[LineAdjudication]] = {}
        self._rejections: dict[str, list[date]] = {}
        self._files: dict[tuple[str, str], PatientFile] = {}
        self._supposed = PracticeRecords()
        for check in records.eligibility_checks:
            self._checks.add(check.medical_record_number, check.member_id, check)
        for authorization in records.authorizations:
            self._authorizations.add(
                authorization.medical_record_number,
                authorization.member_id,
                authorization,
            )
        for encounter in records.encounters:
            self._encounters.add(
                encounter.medical_record_number, encounter.member_id, encounter
            )
        for submitted in records.submitted_claims:
            claim = submitted.claim
            self._claims.add(
                claim.medical_record_number, claim.subscriber.member_id, submitted
            )
        for adjudication in records.adjudications:
            self._answers.setdefault(adjudication.claim_id, []).append(adjudication)
        for acknowledgment in records.acknowledgments:
            day = acknowledgment.received_on
            if acknowledgment.accepted is False and day is not None:
                number = acknowledgment.patient_control_number
                self._rejections.setdefault(number, []).append(day)

    def supposing(self, supposed: PracticeRecords) -> "PatientFiles":
        """The same files with more in those of the one patient asked about next."""
        other = copy(self)
        other._files, other._supposed = {}, supposed
        return other

    def of(self, claim: Claim) -> PatientFile:
        """The file of the claim's patient; empty when nothing is on file."""
        key = (claim.medical_record_number, claim.subscriber.member_id)
        found = self._files.get(key)
        if found is None:
            found = self._files[key] = self._put_together(*key)
        return found

    def _put_together(self, record_number: str, member_id: str) -> PatientFile:
        file = PatientFile()
        more = self._supposed
        checks = self._checks.of(record_number, member_id)
        file.add_checks([*checks, *more.eligibility_checks])
        authorizations = self._authorizations.of(record_number, member_id)
        file.add_authorizations([*authorizations, *more.authorizations])
        written = {one.encounter_id for one in more.encounters}
        encounters = self._encounters.of(record_number, member_id)
        file.add_encounters(
            [
                *(one for one in encounters if one.encounter_id not in written),
                *more.encounters,
            ]
            if written
            else encounters
        )
        submitted = self._claims.of(record_number, member_id)
        file.add_claims(submitted, self._rejections)
        file.add_answers(list(self._answered(submitted)))
        file.seal()
        return file

    def _answered(
        self, submitted: Iterable[SubmittedClaim]
    ) -> Iterable[tuple[LineAdjudication, Claim, ServiceLine]]:
        for one in submitted:
            answers = self._answers.get(one.claim_id)
            if not answers:
                continue
            claim = one.claim
            for adjudication in answers:
                for line in reversed(claim.lines):
                    if line.line_number == adjudication.line_number:
                        yield adjudication, claim, line
                        break
