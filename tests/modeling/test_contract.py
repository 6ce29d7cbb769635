"""Leaks as a careless colleague would write them: each is refused, or seen.

Declared as what it is, none can be registered. Passed off as something else, the
code of the feature gives it away, or the guard while rows are built, or the replay
of a row from the records of its own day.
"""

import math
from collections import ChainMap, UserDict
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache, partial
from operator import attrgetter
from types import MappingProxyType, ModuleType

import msgspec
import numpy as np
import pytest
from msgspec.structs import asdict, astuple

from benchmarks.planted_leaks import LEAKS, leaking_builder, with_leak
from denialml.domain.facts import AuthorizationState, LineFacts, PracticeRecords
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
            attrgetter("facts.documented_minutes"),
            (ELIGIBILITY_CHECKS,),
            "made of notes",
            id="attrgetter",
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


def test_a_name_put_together_is_refused_and_so_is_the_row_handed() -> None:
    hidden = feature(
        lambda row: float(getattr(row.facts, "".join(("visit_", "number")))), CLAIM
    )
    with pytest.raises(LeakRefused, match="planted reads `getattr`"):
        register([hidden])
    with pytest.raises(LeakRefused, match=r"planted reads LineFacts\.visit_number"):
        Handing([hidden]).values(line_input())


# Outcomes of a claim number, held in each way that Python offers.
_PAID = {"C1": 5.0}
_PAIRS = tuple(_PAID.items())
_PROXY = MappingProxyType(_PAID)
_CHAIN = ChainMap(_PAID)
_USER_DICT = UserDict(_PAID)
_TO_BE_FILLED: dict[object, float] = {}
_ANSWERS = ModuleType("answers")
_ANSWERS.TABLE = _PAID  # type: ignore[attr-defined]


class _Outcomes:
    table = _PAID

    def __call__(self, row: LineInput) -> float:
        return _look_up(self.table, row)

    def value(self, row: LineInput) -> float:
        return _look_up(self.table, row)


_HOLDER = _Outcomes()


def _look_up(table: Mapping[str, float], row: LineInput) -> float:
    return table.get(row.claim.patient_control_number, 0.0)


def _with_attribute(row: LineInput) -> float:
    return _look_up(_with_attribute.table, row)  # type: ignore[attr-defined]


_with_attribute.table = _PAID  # type: ignore[attr-defined]


def _imports_inside(row: LineInput) -> float:
    import json

    return float(json.loads("5"))


def _kept_in_memory(table: Mapping[str, float]) -> Callable[[LineInput], float]:
    return lru_cache(lambda row: _look_up(table, row))


@pytest.mark.parametrize(
    ("value", "named"),
    [
        pytest.param(partial(_look_up, _PAID), "`value` (partial)", id="partial"),
        pytest.param(_HOLDER, "`value` (_Outcomes)", id="callable object"),
        pytest.param(_HOLDER.value, "`value` (method)", id="bound method"),
        pytest.param(_kept_in_memory(_PAID), "`value` (_lru_", id="lru_cache"),
        pytest.param(
            lambda row: _look_up(_HOLDER.table, row), "`_HOLDER`", id="object"
        ),
        pytest.param(
            lambda row: _look_up(_Outcomes.table, row), "`_Outcomes`", id="class"
        ),
        pytest.param(
            lambda row: _look_up(_ANSWERS.TABLE, row), "`_ANSWERS`", id="module"
        ),
        pytest.param(_with_attribute, "`table` (dict)", id="function attribute"),
        pytest.param(lambda row: _look_up(_PROXY, row), "`_PROXY`", id="proxy"),
        pytest.param(lambda row: dict(_PAIRS)["C1"], "`dict`", id="dict made of pairs"),
        pytest.param(lambda row: max(_PAIRS)[1], "`_PAIRS` (tuple)", id="tuple"),
        pytest.param(lambda row: _look_up(_CHAIN, row), "`_CHAIN`", id="chain map"),
        pytest.param(lambda row: _look_up(_USER_DICT, row), "`_USER_", id="user dict"),
        pytest.param(lambda row: _TO_BE_FILLED[row], "`_TO_BE", id="empty, to fill"),
        pytest.param(
            lambda row: float(open("paid").read()),  # noqa: SIM115
            "`open`",
            id="file",
        ),
        pytest.param(lambda row: float(eval("5")), "`eval`", id="eval"),
        pytest.param(_imports_inside, "an import inside", id="import"),
    ],
)
def test_outcomes_brought_in_by_any_holder_are_refused(
    value: Callable[[LineInput], float], named: str
) -> None:
    with pytest.raises(LeakRefused, match="planted reads ") as refused:
        register([feature(value, CLAIM)])
    assert named in str(refused.value)


def _by_pattern(row: LineInput) -> float:
    match row.facts:
        case LineFacts(documented_minutes=minutes):
            return float(minutes or 0)


_WHOLE_READS: dict[str, Callable[[LineInput], float]] = {
    "match": _by_pattern,
    "format": lambda row: float(len("{0.facts.visit_number}".format(row))),  # noqa: UP030, UP032
    "f-string": lambda row: float(len(f"{row.facts}")),
    "percent": lambda row: float(len("%s" % row.facts)),  # noqa: UP031
    "repr": lambda row: float(len(repr(row.facts))),
    "repr of the row": lambda row: float(len(repr(row))),
    "hash": lambda row: float(hash(row.facts)),
    "equality": lambda row: float(row.facts == row.facts),
    "iteration": lambda row: float(len(list(row.facts))),  # type: ignore[call-overload]
    "attribute of the guard": lambda row: float(getattr(row.facts, "wrapped", 1.0)),
}


@pytest.mark.parametrize("how", _WHOLE_READS)
def test_facts_read_as_a_whole_are_refused_when_a_row_is_handed(how: str) -> None:
    with pytest.raises(LeakRefused, match="planted reads Line"):
        Handing([feature(_WHOLE_READS[how], CLAIM)]).values(line_input())


@pytest.mark.parametrize("take_apart", [astuple, asdict])
def test_a_row_under_guard_cannot_be_taken_apart(
    take_apart: Callable[[object], object],
) -> None:
    taken = feature(lambda row: float(bool(take_apart(row.facts))), CLAIM)
    with pytest.raises(LeakRefused, match="`take_apart`"):
        register([taken])
    with pytest.raises(TypeError, match="Struct"):
        Handing([taken]).values(line_input())


@pytest.mark.parametrize(
    "how",
    [how for how in _WHOLE_READS if how not in ("percent", "equality", "iteration")],
)
def test_code_that_reads_facts_as_a_whole_is_refused(how: str) -> None:
    with pytest.raises(LeakRefused, match="planted reads"):
        register([feature(_WHOLE_READS[how], CLAIM)])


def test_a_feature_may_hold_words_numbers_functions_and_tables_by_enum() -> None:
    least, level = 60.0, {AuthorizationState.VALID: 1.0}

    def over(row: LineInput, days: timedelta = timedelta(days=1)) -> float:
        if row.claim.frequency_code == "7" and days:
            return level[AuthorizationState.VALID]
        return max(charge(row) - least, math.floor(0.5))

    assert register([feature(over, CLAIM)])


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

    def as_of_now(book, claim, line, *, as_of, **how):  # type: ignore[no-untyped-def]
        return plain(book, claim, line, as_of=date(2025, 1, 1), **how)

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
