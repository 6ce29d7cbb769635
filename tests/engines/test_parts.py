"""What is cut into parts and put together again, without a cluster."""

import io
import pickle
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from denialml.domain.claim import Claim
from denialml.domain.edit import Measured
from denialml.domain.facts import PracticeRecords
from denialml.errors import EngineError
from denialml.formats import Envelope, open_reader, write_claims
from denialml.journeys.engines import tasks
from denialml.journeys.engines.blocks import joined, submission_blocks
from denialml.journeys.engines.parcels import pack, parcel_of, unpack
from denialml.journeys.engines.read_ahead import opener_of
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.rules.measured import RuleMeasures
from denialml.rules.organization_rules import (
    NO_RULES_OF_ITS_OWN,
    PracticeRules,
    load_organization_rules,
)
from denialml.rules.registry import all_rules
from tests.modeling.small_practice import make_claim, make_practice
from tests.rules.test_organization_rules import WHOLE

LAST_DAY = date(2023, 6, 30)
ENVELOPE = Envelope(
    sender_id="SENDER",
    receiver_id="RECEIVER",
    control_number=7,
    created_at=datetime(2023, 2, 1, 9, 30),  # noqa: DTZ001 - X12 has no zones
)


@pytest.fixture(scope="module")
def records() -> PracticeRecords:
    return make_practice(patients=20, weeks=24)


def same_frame(one: Frame, other: Frame) -> bool:
    """Bit for bit, NaN included."""
    arrays = [
        name for name in Frame.__struct_fields__ if name not in ("lines", "with_rules")
    ]
    same = one.lines == other.lines and one.with_rules == other.with_rules
    return same and all(
        getattr(one, name).dtype == getattr(other, name).dtype
        and getattr(one, name).tobytes() == getattr(other, name).tobytes()
        for name in arrays
    )


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_day_is_in_one_block(records: PracticeRecords, count: int) -> None:
    blocks = submission_blocks(records, count=count, to_day=LAST_DAY)
    assert len(blocks) == count
    assert blocks[0][0] == date.min
    assert blocks[-1][1] == LAST_DAY
    for (_, last), (first, _) in pairwise(blocks):
        assert first == last + timedelta(days=1)
    lines = [
        sum(first <= one.submitted_on <= last for one in records.submitted_claims)
        for first, last in blocks
    ]
    assert max(lines) < 1.3 * min(lines)


def test_a_practice_without_claims_is_one_block() -> None:
    assert submission_blocks(PracticeRecords(), count=3, to_day=LAST_DAY) == [
        (date.min, LAST_DAY)
    ]


def test_blocks_put_together_are_the_frame_built_at_once(
    records: PracticeRecords,
) -> None:
    blocks = submission_blocks(records, count=3, to_day=LAST_DAY)
    built = [
        tasks.build_block(
            pack(records),
            from_day=first,
            to_day=last,
            known_by=date.max,
            originals_only=True,
        )
        for first, last in blocks
    ]
    whole = build_frame(records, to_day=LAST_DAY)
    assert same_frame(joined(built), whole)
    assert not same_frame(joined(built[::-1]), whole)
    tasks.forget()


def test_records_survive_packing(records: PracticeRecords) -> None:
    travelled = pickle.loads(pickle.dumps(pack(records)))
    assert unpack(travelled, PracticeRecords) == records


def test_a_parcel_shows_nothing_of_what_it_holds() -> None:
    parcel = parcel_of(b"CANARYNAME")
    assert repr(parcel) == "<parcel of 10 bytes>"
    assert str(parcel) == "<parcel of 10 bytes>"
    assert f"{(parcel,)}" == "(<parcel of 10 bytes>,)"


def test_a_failed_task_tells_its_place_and_no_value() -> None:
    garbage = parcel_of(b"CANARYNAME is not compressed")
    with pytest.raises(EngineError) as refused:
        tasks.build_block(
            garbage,
            from_day=date.min,
            to_day=date.max,
            known_by=date.max,
            originals_only=True,
        )
    assert str(refused.value).startswith("build_block failed on a worker with error in")
    assert "CANARY" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None


def _file_with_faults() -> bytes:
    claims: Sequence[Claim] = [
        make_claim(f"C{at}", day=date(2023, 1, 2 + at)) for at in range(4)
    ]
    whole = write_claims(claims, envelope=ENVELOPE)
    assert b"SV1*HC:90837*150*" in whole
    return whole.replace(b"SV1*HC:90837*150*", b"SV1*HC:90837*1x0*", 2)


def test_a_file_read_ahead_is_told_as_if_it_were_being_read() -> None:
    content = _file_with_faults()
    read = tasks.read_file(parcel_of(content), parcel_of(b"a.edi"))
    here = open_reader(io.BytesIO(content), file="a.edi")
    there = opener_of(lambda: read)(io.BytesIO(content), file="a.edi")
    pairs = zip(here, there, strict=True)
    for one, other in pairs:
        assert one == other
        assert there.problems == here.problems
    assert len(here.problems) > 0
    assert there.problems == here.problems
    assert (there.complete, there.transactions, there.counts) == (
        here.complete,
        here.transactions,
        here.counts,
    )


def test_a_file_that_changed_after_it_was_read_ahead_is_read_again() -> None:
    read = tasks.read_file(parcel_of(_file_with_faults()), parcel_of(b"a.edi"))
    newer = write_claims([make_claim("NEW", day=date(2023, 1, 2))], envelope=ENVELOPE)
    opened = opener_of(lambda: read)(io.BytesIO(newer), file="a.edi")
    numbers = [one.patient_control_number for one in opened if isinstance(one, Claim)]
    assert numbers == ["NEW"]


def test_an_empty_frame_joins() -> None:
    nothing = build_frame(PracticeRecords())
    assert same_frame(joined([nothing, nothing]), nothing)
    assert np.array_equal(joined([nothing]).claim, nothing.claim)


def test_an_organizations_rules_travel_whole(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(WHOLE, encoding="utf-8")
    count = Measured(found=40, denied=30, denied_for_cause=20.5, usually_denied=0.1)
    rules = PracticeRules(
        written=load_organization_rules(path, known=frozenset(all_rules())),
        measures=RuleMeasures(
            as_of=LAST_DAY,
            since=date(2022, 6, 30),
            by_payer={"BH-036 deny-likely": {"P1": count}},
        ),
    )
    assert unpack(pack(rules), PracticeRules) == rules
    assert unpack(pack(NO_RULES_OF_ITS_OWN), PracticeRules) == NO_RULES_OF_ITS_OWN
