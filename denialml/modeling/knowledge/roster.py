"""A practice's clinicians as they stood with a payer and the licensing board."""

from collections.abc import Iterable
from copy import copy
from datetime import date

from denialml.domain.coverage import Clinician, Enrollment
from denialml.domain.facts import EnrollmentState

# An enum's member costs ten times a module's name, and every line asks.
_ENROLLED = EnrollmentState.ENROLLED
_NOT_ENROLLED = EnrollmentState.NONE
_NO_RECORDS = EnrollmentState.NO_RECORDS


class Roster:
    """Clinicians and their enrollments; may reach past any day that is asked about."""

    def __init__(
        self, clinicians: Iterable[Clinician], enrollments: Iterable[Enrollment]
    ) -> None:
        self._clinicians = {one.npi: one for one in clinicians}
        self._enrollments: dict[tuple[str, str], list[Enrollment]] = {}
        self._first_known: date | None = None
        self._add(enrollments)

    def supposing(self, enrollments: Iterable[Enrollment]) -> "Roster":
        """The same clinicians with some more enrollments."""
        other = copy(self)
        other._enrollments = dict(self._enrollments)
        other._add(enrollments)
        return other

    def clinician(self, npi: str) -> Clinician | None:
        """The practice's own record; None: not one of its clinicians."""
        return self._clinicians.get(npi)

    def enrollments(
        self, npi: str, payer_id: str, *, as_of: date
    ) -> tuple[Enrollment, ...]:
        """Those of a clinician with a payer that were known by the day `as_of`."""
        return tuple(
            one
            for one in self._enrollments.get((npi, payer_id), ())
            if (one.recorded_on or one.effective_on) <= as_of
        )

    def enrollment(
        self, npi: str, payer_id: str, *, day: date, as_of: date
    ) -> tuple[EnrollmentState, int | None]:
        """Whether they were enrolled on a day, and how long before it that began, in
        days: negative where it begins later, None where none is on file."""
        first = self._first_known
        if first is None or first > as_of:
            return _NO_RECORDS, None
        known = self.enrollments(npi, payer_id, as_of=as_of)
        if not known:
            return _NOT_ENROLLED, None
        for span in known:
            if span.effective_on <= day and (
                span.ends_on is None or day <= span.ends_on
            ):
                return _ENROLLED, (day - span.effective_on).days
        latest = max(known, key=lambda span: (span.effective_on, span.ends_on or day))
        age = (day - latest.effective_on).days
        return (EnrollmentState.NOT_YET if age < 0 else EnrollmentState.ENDED), age

    def license_valid(self, npi: str, day: date | None, *, as_of: date) -> bool | None:
        """Whether the license covered the service; None where the file cannot tell.

        clinicians.csv holds the license of today. One that begins after `as_of` was
        not yet on file then: it has replaced another, of which nothing is known.
        """
        clinician = self._clinicians.get(npi)
        if clinician is None or day is None or not clinician.license_number:
            return None
        begins, ends = clinician.license_begins_on, clinician.license_ends_on
        if begins is not None and begins > as_of:
            return None
        if begins is not None and day < begins:
            return False
        return ends is None or day <= ends

    def _add(self, enrollments: Iterable[Enrollment]) -> None:
        for one in enrollments:
            key = (one.clinician_npi, one.payer_id)
            # A new list: that of the book it was copied from is left as it is.
            self._enrollments[key] = [*self._enrollments.get(key, ()), one]
            known = one.recorded_on or one.effective_on
            self._first_known = min(known, self._first_known or known)
