"""The rules of `families.behavior_analysis`."""

from datetime import date, time
from typing import Any

import pytest

from denialml.domain.claim import Diagnosis
from denialml.domain.edit import Severity
from denialml.domain.encounter import Encounter
from denialml.rules.case import ClaimCase
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import NPI, case, line, note
from tests.rules.other_clinicians import OTHER_NPI, others_line
from tests.rules.spec import (
    CANNOT_TELL,
    CLEAN,
    FOUND,
    Row,
    check_row,
    findings_of,
)

ALWAYS_TELL: set[str] = set()
_ALLOWS = PayerPolicy(allows_concurrent_supervision=True)
_FORBIDS = PayerPolicy(allows_concurrent_supervision=False)
_AUTISM = (Diagnosis(code="F840", qualifier="ABK"),)


def _session(
    code: str, begins: time | None, ends: time | None, npi: str = NPI
) -> Encounter:
    return note(
        encounter_id=f"E-{code}",
        procedure_code=code,
        clinician_npi=npi,
        started_at=begins,
        stopped_at=ends,
    )


def _two(first: str, second: str, second_begins: time, **fields: Any) -> ClaimCase:
    """09:00 to 11:00 by one clinician, an hour by another."""
    ends = second_begins.replace(hour=second_begins.hour + 1)
    return case(
        line(first),
        others_line(second),
        notes=[
            _session(first, time(9), time(11)),
            _session(second, second_begins, ends, OTHER_NPI),
        ],
        **fields,
    )


SPEC = [
    Row(
        "BH-043",
        FOUND,
        lambda: _two("97153", "97155", time(10, 59), policy=_FORBIDS),
        says="97153 (09:00-11:00) and 97155 (10:59-11:59) of 2026-03-02 overlap",
        lines=(1, 2),
    ),
    Row("BH-043", CLEAN, lambda: _two("97153", "97155", time(11), policy=_FORBIDS)),
    Row("BH-043", CLEAN, lambda: _two("97153", "97155", time(10), policy=_ALLOWS)),
    Row(
        "BH-043",
        CANNOT_TELL,
        lambda: _two("97153", "97155", time(10)),
        says="setting on 97155",
    ),
    # The second line is the earlier session.
    Row("BH-043", CLEAN, lambda: _two("97153", "97155", time(8), policy=_FORBIDS)),
    # The payer's setting speaks of 97155 only.
    Row("BH-043", FOUND, lambda: _two("97153", "97158", time(10), policy=_ALLOWS)),
    # Caregivers are trained while the patient is treated by somebody else.
    Row("BH-043", CLEAN, lambda: _two("97153", "97156", time(10))),
    Row(
        "BH-043",
        FOUND,
        lambda: case(
            line("97153"),
            line("97156", 2),
            notes=[
                _session("97153", time(9), time(11)),
                _session("97156", time(10), time(12)),
            ],
        ),
    ),
    # Past midnight.
    Row(
        "BH-043",
        FOUND,
        lambda: case(
            line("97153"),
            line("97152", 2),
            notes=[
                _session("97153", time(22), time(1)),
                _session("97152", time(23), time(23, 30)),
            ],
        ),
    ),
    Row("BH-043", CLEAN, lambda: case(line("97153"))),
    Row(
        "BH-043",
        CLEAN,
        lambda: case(line("97153"), line("97155", 2, service_date=date(2026, 3, 3))),
    ),
    Row(
        "BH-043",
        CANNOT_TELL,
        lambda: case(line("97153"), line("97152", 2)),
        says="start and stop",
    ),
    # One note for two lines does not tell which session it is.
    Row(
        "BH-043",
        CANNOT_TELL,
        lambda: case(
            line("97153"),
            line("97153", 2),
            notes=[_session("97153", time(9), time(11))],
        ),
    ),
    Row(
        "BH-043",
        CANNOT_TELL,
        lambda: case(
            line("97153"),
            line("97152", 2),
            notes=[
                _session("97153", None, None),
                _session("97152", time(9), time(11)),
            ],
        ),
    ),
    Row(
        "BH-064",
        FOUND,
        lambda: case(line("97153")),
        says="97153 stands with F411; covered are diagnoses that begin with F84",
        lines=(1,),
        severity=Severity.WARN,
        by_default=True,
    ),
    Row("BH-064", CLEAN, lambda: case(line("97153"), diagnoses=_AUTISM)),
    Row(
        "BH-064",
        CLEAN,
        lambda: case(
            line("97153"),
            policy=PayerPolicy(behavior_analysis_diagnoses=("F84", "F41")),
        ),
    ),
    Row(
        "BH-064",
        FOUND,
        lambda: case(
            line("97153"), policy=PayerPolicy(behavior_analysis_diagnoses=("F84",))
        ),
        severity=Severity.DENY_LIKELY,
    ),
    # A setting may be written with the dot.
    Row(
        "BH-064",
        CLEAN,
        lambda: case(
            line("97153"),
            diagnoses=_AUTISM,
            policy=PayerPolicy(behavior_analysis_diagnoses=("F84.0", "F90")),
        ),
    ),
    Row("BH-064", CANNOT_TELL, lambda: case(line("97151"), diagnoses=())),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)


def test_it_is_said_once_of_a_pair() -> None:
    judged = _two("97153", "97155", time(10), policy=_FORBIDS)
    assert [one.line_numbers for one in findings_of(judged, "BH-043")] == [(1, 2)]
