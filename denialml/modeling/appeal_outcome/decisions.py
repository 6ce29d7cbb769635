"""Published decisions of independent medical reviews, as California publishes them.

The file is not part of denialml: the user downloads it (docs/root-causes.md says where)
and hands its path in. It holds categories only: no claim, no letter, no patient.
"""

import csv
from collections.abc import Iterable

from denialml.domain.problem import Problem, Reading
from denialml.domain.record import Judgment

COLUMNS = {
    "reference_id": "Reference ID",
    "year": "Report Year",
    "diagnosis": "Diagnosis Category",
    "diagnosis_detail": "Diagnosis Sub Category",
    "treatment": "Treatment Category",
    "treatment_detail": "Treatment Sub Category",
    "determination": "Determination",
    "review_type": "Type",
    "age_range": "Age Range",
    "gender": "Patient Gender",
}
"""The file's columns by the name of the field; spaces and case do not matter."""
_BEHAVIORAL_DIAGNOSES = frozenset(
    {"Mental", "Autism Spectrum", "Alcohol and Drug Addiction"}
)
_BEHAVIORAL_TREATMENTS = frozenset(
    {"Mental Health Treatment", "Autism Related Treatment"}
)
_FIRST_YEAR, _LAST_YEAR = 1990, 2100


class ReviewDecision(Judgment, frozen=True):
    """One decision of an outside reviewer. Grain: independent medical review.

    `overturned`: the reviewer reversed the health plan, in whole or in part. Categories
    are the publisher's own words, empty where it gives none.
    """

    reference_id: str
    year: int
    diagnosis: str
    diagnosis_detail: str
    treatment: str
    treatment_detail: str
    review_type: str
    age_range: str
    gender: str
    overturned: bool

    @property
    def is_behavioral(self) -> bool:
        """Mental health, autism or addiction, by diagnosis or by treatment."""
        return (
            self.diagnosis in _BEHAVIORAL_DIAGNOSES
            or self.treatment in _BEHAVIORAL_TREATMENTS
        )


def read_decisions(lines: Iterable[str], *, file: str) -> Reading[ReviewDecision]:
    """Read the published CSV.

    A row whose year or determination cannot be read, or which repeats a reference
    number, is left out and named as a problem; nothing is read of a file that lacks a
    column. `file` is the name that problems give.
    """
    rows = csv.reader(lines)
    header = {_plain(name): at for at, name in enumerate(next(rows, []))}
    missing = [name for name in COLUMNS.values() if _plain(name) not in header]
    if missing:
        return Reading((), (_missing(missing, file=file),), complete=False)
    places = {field: header[_plain(name)] for field, name in COLUMNS.items()}
    found: dict[str, ReviewDecision] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=2):
        if not any(row):
            continue
        told = {
            field: row[at].strip() if at < len(row) else ""
            for field, at in places.items()
        }
        decision, fault = _decision(told)
        if decision is not None and decision.reference_id in found:
            decision, fault = None, "reference_id"
        if decision is None:
            problems.append(_unread(fault, told[fault], row=number, file=file))
        else:
            found[decision.reference_id] = decision
    return Reading(tuple(found.values()), tuple(problems), complete=not problems)


def _plain(name: str) -> str:
    return name.replace(" ", "").replace("\ufeff", "").lower()


def _decision(told: dict[str, str]) -> tuple[ReviewDecision | None, str]:
    """The decision, or None and the field that could not be read."""
    if not told["reference_id"]:
        return None, "reference_id"
    year = told["year"]
    if not (year.isdecimal() and _FIRST_YEAR <= int(year) <= _LAST_YEAR):
        return None, "year"
    determination = told["determination"].lower()
    if not determination.startswith(("overturned", "upheld")):
        return None, "determination"
    words = {
        field: told[field]
        for field in COLUMNS
        if field not in ("year", "determination")
    }
    return (
        ReviewDecision(
            year=int(year), overturned=determination.startswith("over"), **words
        ),
        "",
    )


def _missing(names: list[str], *, file: str) -> Problem:
    return Problem(
        severity="error",
        code="missing-column",
        file=file,
        message=f"The file lacks {', '.join(names)}.",
        expected=f"a header with {', '.join(COLUMNS.values())}",
        fix="Download the decisions again as CSV, with its header row.",
        row=1,
    )


def _unread(field: str, value: str, *, row: int, file: str) -> Problem:
    expected = {
        "reference_id": "a reference number that no other row has",
        "year": "a year in four digits",
        "determination": "Overturned ... or Upheld ...",
    }[field]
    return Problem(
        severity="error",
        code="unreadable-decision",
        file=file,
        message=f"{COLUMNS[field]} of row {row} cannot be read; the row is left out.",
        expected=expected,
        fix="Check the row in the published file.",
        row=row,
        column=COLUMNS[field],
        value=value,
    )
