"""What a worker does: pure functions of what it is handed.

Each may run twice, when a worker is lost in between, and gives the same again. A
worker's log shows the arguments and the exception of a failed call: arguments are
parcels, and of an exception that is not ours only its kind and place are passed on.
"""

import io
import traceback
from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache, wraps
from itertools import groupby
from pathlib import Path
from typing import ParamSpec, TypeVar

import lightgbm
import msgspec
import numpy

import denialml
from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.domain.problem import Problem
from denialml.domain.record import Fact
from denialml.domain.risk import RiskScore
from denialml.errors import DenialmlError, EngineError
from denialml.formats import open_reader
from denialml.journeys.engines.parcels import Parcel, unpack
from denialml.journeys.score import Scorer
from denialml.modeling.knowledge.rule_outcomes import rule_set_hash
from denialml.modeling.risk.bundle import Bundle, BundleFacts
from denialml.modeling.risk.features import vocabulary_hash
from denialml.modeling.risk.frames import Frame, build_frame
from denialml.rules.organization_rules import PracticeRules

Handed = ParamSpec("Handed")
Given = TypeVar("Given")


class PackedBundle(msgspec.Struct, frozen=True):
    """A bundle on its way: the trees as LightGBM's text, the rest as in its file.

    With it go the organization's claim rules, which judge what the bundle scores.
    """

    trees: str
    facts: BundleFacts
    rules: PracticeRules


class ReadFile(msgspec.Struct, frozen=True):
    """All of one file. `runs` are its records in their order, by runs of one type, as
    MessagePack: what is omitted as a default here is the default there again, so that
    the store writes the same bytes. `problem_counts` says of each record how many of
    the problems were known when it was read. `sha256` is of the bytes that were read.
    """

    sha256: str
    runs: list[tuple[type[Fact], bytes]]
    problem_counts: list[int]
    problems: list[Problem]
    complete: bool
    transactions: dict[str, int]
    counts: dict[str, int]

    def records(self) -> Iterator[Fact]:
        """The records in their order."""
        for kind, encoded in self.runs:
            yield from msgspec.msgpack.decode(encoded, type=list[kind])  # type: ignore[valid-type]


def build_identity() -> str:
    """What must be the same here and on a worker for the same numbers."""
    return (
        f"denialml {denialml.__version__}, features {vocabulary_hash()[:12]},"
        f" rules {rule_set_hash()[:12]},"
        f" lightgbm {lightgbm.__version__}, numpy {numpy.__version__}"
    )


def _discreet(task: Callable[Handed, Given]) -> Callable[Handed, Given]:
    """The task, whose failures tell where and what kind they are, but no value."""

    @wraps(task)
    def run(*handed: Handed.args, **named: Handed.kwargs) -> Given:
        try:
            return task(*handed, **named)
        except DenialmlError:
            raise
        except Exception as fault:
            place = traceback.extract_tb(fault.__traceback__)[-1]
            failure = EngineError(
                f"{task.__name__} failed on a worker with {type(fault).__name__} in"
                f" {Path(place.filename).name}, line {place.lineno}"
            )
        raise failure

    return run


def hold(parcel: Parcel) -> Parcel:
    """The parcel itself: what several tasks need is sent once and kept by workers."""
    return parcel


@_discreet
def read_file(parcel: Parcel, name: Parcel) -> ReadFile:
    """Read a file's bytes; see `denialml.formats.open_reader`."""
    reader = open_reader(io.BytesIO(parcel.content), file=name.content.decode())
    records, problem_counts = [], []
    for record in reader:
        records.append(record)
        problem_counts.append(len(reader.problems))
    return ReadFile(
        parcel.digest,
        [
            (kind, msgspec.msgpack.encode(list(run)))
            for kind, run in groupby(records, key=type)
        ],
        problem_counts,
        reader.problems,
        reader.complete,
        reader.transactions,
        reader.counts,
    )


@_discreet
def build_block(
    records: Parcel,
    *,
    from_day: date,
    to_day: date,
    known_by: date,
    originals_only: bool,
) -> Frame:
    """The rows of some submission days; see `modeling.risk.frames.build_frame`."""
    return build_frame(
        _records(records),
        from_day=from_day,
        to_day=to_day,
        known_by=known_by,
        originals_only=originals_only,
    )


@_discreet
def score_slice(
    records: Parcel,
    bundle: Parcel,
    claims: Parcel,
    *,
    as_of: date,
    with_fixes: bool,
) -> list[RiskScore]:
    """Risks of claims that are scored at once, in their order."""
    some = unpack(claims, list[Claim])
    scorer = _scorer(records, bundle)
    return scorer.score(some, as_of=as_of, with_fixes=with_fixes)


def forget() -> None:
    """Drop what was kept between tasks: nothing of a practice outlives its batch."""
    _records.cache_clear()
    _scorer.cache_clear()


# A worker gets many slices of one batch: reading the practice's history for each would
# take longer than scoring it.
@lru_cache(maxsize=1)
def _records(parcel: Parcel) -> PracticeRecords:
    return unpack(parcel, PracticeRecords)


@lru_cache(maxsize=1)
def _scorer(records: Parcel, bundle: Parcel) -> Scorer:
    packed = unpack(bundle, PackedBundle)
    return Scorer(
        _records(records),
        Bundle(lightgbm.Booster(model_str=packed.trees), packed.facts),
        rules=packed.rules,
    )
