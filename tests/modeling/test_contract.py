"""Leaks as a careless colleague would write them: each is refused, or seen.

Declared as what it is, none can be registered. Passed off as something else, the
code of the feature gives it away, or the guard while rows are built, or the replay
of a row from the records of its own day.
"""

from collections.abc import Callable
from datetime import date

import msgspec
import numpy as np
import pytest

from benchmarks.planted_leaks import LEAKS, leaking_builder, with_leak
from denialml.domain.facts import LineFacts, PracticeRecords
from denialml.errors import LeakRefused
from denialml.modeling.knowledge import facts as facts_module
from denialml.modeling.knowledge.authorization_fit import fit_authorization
from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.risk.contract import Handing, register
from denialml.modeling.risk.feature import Feature, LineInput
from denialml.modeling.risk.features import (
    FEATURES,
    guarded_values,
    line_features,
)
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.modeling.risk.leak_report import leak_report
from denialml.modeling.risk.replay import replay
from denialml.modeling.risk.sources import (
    ADMITTED,
    AUTHORIZATIONS,
    CLAIM,
    ELIGIBILITY_CHECKS,
    FACT_KINDS,
    REMITTANCES,
    VIEW_KINDS,
    Known,
    RecordKind,
    Source,
)
from denialml.modeling.risk.specification import TrainingSpecification
from tests.modeling.conftest import TRAINED_AS_OF
from tests.modeling.test_features import line_input


def feature(
    value: Callable[[LineInput], float], *sources: Source, name: str = "planted"
) -> Feature:
    return Feature(
        name=name,
        topic="claim",
        unit="dollars",
        value=value,
        says="{value}.",
        missing="Not known.",
        source="a test",
        sources=sources,
    )


def charge(row: LineInput) -> float:
    return float(row.line.charge)


@pytest.mark.parametrize("kind", [kind for kind in RecordKind if kind not in ADMITTED])
def test_what_is_known_after_submission_cannot_be_declared(kind: RecordKind) -> None:
    with pytest.raises(LeakRefused, match=f"planted declares {kind}, which is known"):
        register([feature(charge, Source(kind, Known.AFTER))])


def test_remittances_of_the_day_itself_cannot_be_declared() -> None:
    same_day = Source(RecordKind.REMITTANCES, Known.BY_THE_DAY)
    with pytest.raises(LeakRefused, match="they count before the submission day"):
        register([feature(charge, same_day)])


def test_a_feature_without_a_source_is_refused() -> None:
    with pytest.raises(LeakRefused, match="planted declares no source"):
        register([feature(charge)])


def test_a_table_of_answers_in_a_closure_is_refused(
    small_records: PracticeRecords,
) -> None:
    """Paid amount, answer delay and lifetime rates are mostly planted like this."""
    paid = {one.claim_id: float(one.paid) for one in small_records.adjudications}

    def paid_amount(row: LineInput) -> float:
        return paid[row.claim.patient_control_number]

    with pytest.raises(LeakRefused, match=r"planted reads `paid` \(dict\)"):
        register([feature(paid_amount, REMITTANCES)])


def test_records_as_a_default_argument_are_refused(
    small_records: PracticeRecords,
) -> None:
    def corrected(row: LineInput, records: PracticeRecords = small_records) -> float:
        number = row.claim.patient_control_number
        return float(
            any(
                one.claim.patient_control_number == number
                and one.claim.frequency_code == "7"
                for one in records.submitted_claims
            )
        )

    with pytest.raises(LeakRefused, match=r"`default 0` \(PracticeRecords\)"):
        register([feature(corrected, CLAIM)])


@pytest.mark.parametrize(
    ("value", "sources", "message"),
    [
        pytest.param(
            lambda row: float(row.facts.authorization_units_left or 0),
            (AUTHORIZATIONS,),
            "made of claims sent",
            id="units left also come from claims sent",
        ),
        pytest.param(
            lambda row: float(row.history.coverage.denials),
            (CLAIM,),
            "history of remittances",
            id="history",
        ),
        pytest.param(
            lambda row: float(getattr(row.facts, "documented_minutes", 0) or 0),
            (ELIGIBILITY_CHECKS,),
            "made of notes",
            id="getattr",
        ),
        pytest.param(
            lambda row: 1.0 if row.line.charge > 9999 and row.view.already_sent else 0,
            (CLAIM,),
            "made of claims sent",
            id="in a branch that hardly any row takes",
        ),
    ],
)
def test_code_that_reads_what_was_not_declared_is_refused(
    value: Callable[[LineInput], float], sources: tuple[Source, ...], message: str
) -> None:
    with pytest.raises(LeakRefused, match=f"planted reads .*{message}"):
        register([feature(value, *sources)])


def test_a_name_put_together_is_refused_when_a_row_is_handed() -> None:
    hidden = feature(
        lambda row: float(getattr(row.facts, "".join(("visit_", "number")))), CLAIM
    )
    register([hidden])
    with pytest.raises(LeakRefused, match=r"planted reads LineFacts\.visit_number"):
        Handing([hidden]).values(line_input())


def test_every_field_says_which_records_it_is_made_of() -> None:
    assert set(FACT_KINDS) == set(LineFacts.__struct_fields__)
    assert set(VIEW_KINDS) == set(LineView.__struct_fields__)


def test_guarded_rows_are_the_same_numbers() -> None:
    row = line_input()
    assert np.array_equal(guarded_values(row), line_features(row), equal_nan=True)


def test_facts_of_another_day_are_refused(
    small_records: PracticeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = facts_module.FactBook.line_facts

    def as_of_now(book, claim, line, *, as_of):  # type: ignore[no-untyped-def]
        return plain(book, claim, line, as_of=date(2025, 1, 1))

    monkeypatch.setattr(facts_module.FactBook, "line_facts", as_of_now)
    with pytest.raises(LeakRefused, match="was handed facts of 2025-01-01"):
        build_frame(small_records)


def test_honest_rows_replay_bit_for_bit(
    small_records: PracticeRecords, small_frame: Frame
) -> None:
    found = replay(small_records, small_frame)
    assert found.rows > 30
    assert found.changed == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in LEAKS if "authorization" not in name]
)
def test_a_leak_joined_to_the_frame_is_seen_in_the_replay(
    small_records: PracticeRecords, small_frame: Frame, name: str
) -> None:
    leak = LEAKS[name]
    records = small_records
    if name == "corrected-claim fields":
        sent = records.submitted_claims[-1]
        later = msgspec.structs.replace(
            sent,
            claim_id="corrected",
            submitted_on=date(2024, 12, 1),
            claim=msgspec.structs.replace(sent.claim, frequency_code="7"),
        )
        records = msgspec.structs.replace(
            records, submitted_claims=(*records.submitted_claims, later)
        )
    frame = with_leak(small_frame, leak(records, small_frame))
    found = replay(records, frame, build=leaking_builder(leak), days=1)
    assert [column for column, _ in found.changed] == [f"column {len(FEATURES)}"]


@pytest.mark.slow
def test_todays_balance_instead_of_that_days_is_seen_in_the_replay(
    small_records: PracticeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`as_of` forgotten inside the facts, where no contract can see it."""
    from decimal import Decimal

    records = msgspec.structs.replace(
        small_records,
        authorizations=tuple(
            msgspec.structs.replace(one, units=Decimal(40))
            for one in small_records.authorizations
        ),
    )

    def of_today(file, claim, line, *, as_of):  # type: ignore[no-untyped-def]
        return fit_authorization(file, claim, line, as_of=date(2030, 1, 1))

    monkeypatch.setattr(facts_module, "fit_authorization", of_today)
    changed = dict(replay(records, build_frame(records)).changed)
    assert "authorization_units_after" in changed


@pytest.mark.slow
def test_the_leak_report_of_an_honest_run_has_no_alarm(
    small_records: PracticeRecords,
) -> None:
    frame = build_frame(small_records, known_by=TRAINED_AS_OF)
    report = leak_report(
        small_records,
        frame,
        specification=TrainingSpecification(),
        known_by=TRAINED_AS_OF,
    )
    assert report.alarms == ()
    assert report.features_checked == len(FEATURES)
    assert report.replay.rows > 30
    tampered = frame.matrix.copy()
    tampered[:, 0] = frame.denied
    report = leak_report(
        small_records,
        msgspec.structs.replace(frame, matrix=tampered),
        specification=TrainingSpecification(),
        known_by=TRAINED_AS_OF,
    )
    [alarm] = report.alarms
    assert "1 columns change" in alarm
    assert FEATURES[0].name in alarm
