"""The engine of a Dask cluster: the work is cut into parts that its workers compute.

The scheduler gives a part again to another worker when one is lost, and the results
are put together in the order of the parts, so nothing is lost and nothing comes twice.
What every part needs (the practice's records, the model) is a task of its own and not
scattered data: Dask can make it again when the worker that held it is gone.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import lightgbm
from distributed import Client, Future
from distributed import wait as wait_for

from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.domain.risk import RiskScore
from denialml.errors import EngineError
from denialml.formats import open_reader
from denialml.formats.x12 import HEADER_SPAN, looks_like_x12
from denialml.journeys.engines import tasks
from denialml.journeys.engines.addresses import Certificates, host_of, is_loopback
from denialml.journeys.engines.blocks import joined, submission_blocks
from denialml.journeys.engines.dask_cluster import (
    CheckedWorkers,
    cluster_faults,
    connected_cluster,
)
from denialml.journeys.engines.dask_training import grow_on
from denialml.journeys.engines.engine import Opener
from denialml.journeys.engines.parcels import Parcel, pack, parcel_of
from denialml.journeys.engines.read_ahead import opener_of
from denialml.journeys.score import slices_of
from denialml.modeling.risk.bundle import Bundle
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.tree_fitting import GrowingRows
from denialml.rules.organization_rules import NO_RULES_OF_ITS_OWN, PracticeRules

# A worker holds a file in memory as a whole; longer ones are streamed here.
LONGEST_FILE_BYTES = 64 << 20
_FILES_AHEAD = 3
# How often it is asked, of work that takes long, whether someone still does it.
_LOOK_SECONDS = 5


class DaskEngine:
    """Work for the workers of one cluster; make it with `open_dask_engine`."""

    def __init__(
        self, client: Client, checked: CheckedWorkers, *, plain_network: bool
    ) -> None:
        self._client = client
        self._checked = checked
        self._plain_network = plain_network

    def openers(self, paths: Sequence[Path]) -> Iterator[Opener]:
        """X12 files are read by workers, some files ahead of the one stored here.

        CSV exports, whose documents lie beside them, and very long files are read
        here.
        """
        waiting: deque[Opener] = deque()
        ahead = _FILES_AHEAD * self._worker_count()
        for path in paths:
            waiting.append(self._opener(path))
            if len(waiting) > ahead:
                yield waiting.popleft()
        yield from waiting

    def _opener(self, path: Path) -> Opener:
        with path.open("rb") as stream:
            is_x12 = looks_like_x12(stream.read(HEADER_SPAN))
            if not is_x12 or path.stat().st_size > LONGEST_FILE_BYTES:
                return open_reader
            stream.seek(0)
            content = stream.read()
        self._checked.refresh()
        future = self._submit(
            tasks.read_file, parcel_of(content), parcel_of(path.name.encode())
        )
        return opener_of(partial(self._result_of, future))

    def _result_of(self, future: Future) -> tasks.ReadFile:
        (read,) = self._gather([future])
        assert isinstance(read, tasks.ReadFile)
        return read

    def build_frame(
        self,
        records: PracticeRecords,
        *,
        to_day: date = date.max,
        known_by: date = date.max,
        originals_only: bool = True,
    ) -> Frame:
        """Each worker builds a block of submission days, from all of the history."""
        blocks = submission_blocks(records, count=self._worker_count(), to_day=to_day)
        held = self._hold(pack(records))
        futures = [
            self._submit(
                tasks.build_block,
                held,
                from_day=first,
                to_day=last,
                known_by=known_by,
                originals_only=originals_only,
            )
            for first, last in blocks
        ]
        return joined(self._gather(futures))

    def grow(
        self, settings: dict[str, Any], rows: GrowingRows, trees: int
    ) -> lightgbm.Booster:
        """Trees by `lightgbm.dask`; see `dask_training`.

        Raises
        ------
        EngineError
            If workers are beyond this machine: LightGBM's own connections between
            them are never encrypted.
        """
        workers = self._workers()
        beyond = [one for one in workers if not is_loopback(host_of(one))]
        if beyond and not self._plain_network:
            raise EngineError(
                "LightGBM's workers talk to each other unencrypted, and these are not"
                " on this machine: train with the local engine, or set"
                " DENIALML_DASK_PLAIN_NETWORK=true where the network is encrypted"
            )
        with cluster_faults():
            return grow_on(self._client, workers, settings, rows, trees)

    def score_claims(
        self,
        records: PracticeRecords,
        claims: Sequence[Claim],
        *,
        bundle: Bundle,
        rules: PracticeRules = NO_RULES_OF_ITS_OWN,
        as_of: date | None = None,
        with_fixes: bool = True,
    ) -> list[RiskScore]:
        """Slices of the claims, as the local engine cuts them, each by one worker."""
        self._checked.refresh()
        slices = slices_of(claims, as_of=as_of)
        trees = bundle.booster.model_to_string()
        packed = tasks.PackedBundle(trees, bundle.facts, rules)
        held, model = self._hold(pack(records)), self._hold(pack(packed))
        futures = [
            self._submit(
                tasks.score_slice,
                held,
                model,
                pack([claims[at] for at in some]),
                as_of=day,
                with_fixes=with_fixes,
            )
            for day, some in slices
        ]
        scores: dict[int, RiskScore] = {}
        for (_, some), found in zip(slices, self._gather(futures), strict=True):
            scores.update(zip(some, found, strict=True))
        return [scores[at] for at in range(len(claims))]

    def _hold(self, parcel: Parcel) -> Future:
        return self._submit(tasks.hold, parcel)

    def _submit(self, task: Callable[..., Any], *handed: Any, **named: Any) -> Future:
        # Task names travel and are logged: they are random, not made of the content.
        key = f"denialml-{uuid4().hex}"
        return self._client.submit(
            task,
            *handed,
            key=key,
            pure=False,
            # Without this Dask gives it, or takes it over, to workers nobody checked.
            workers=self._checked.addresses,
            allow_other_workers=False,
            **named,
        )

    def _gather(self, futures: Sequence[Future]) -> list[Any]:
        with cluster_faults(), self._client.as_current():
            while any(not one.done() for one in futures):
                try:
                    wait_for(list(futures), timeout=_LOOK_SECONDS)
                except TimeoutError:
                    self._checked.refuse_if_none_is_left()
            found = self._client.gather(list(futures))
        assert isinstance(found, list)
        return found

    def _workers(self) -> list[str]:
        return sorted(self._checked.refresh())

    def _worker_count(self) -> int:
        return len(self._workers())


@contextmanager
def open_dask_engine(
    scheduler: str,
    *,
    certificates: Certificates | None = None,
    plain_network: bool = False,
    spill: bool = False,
) -> Iterator[DaskEngine]:
    """An engine on the cluster of this scheduler, for as long as the block lasts.

    `plain_network` allows addresses that are neither encrypted nor on this machine;
    `spill` allows workers that write what does not fit their memory to disk.

    Raises
    ------
    InputError
        If the address cannot be used or would send data in the clear.
    EngineError
        If no scheduler or worker answers, or a worker is not fit for the work.
    """
    with connected_cluster(
        scheduler, certificates=certificates, plain_network=plain_network, spill=spill
    ) as (client, checked):
        try:
            yield DaskEngine(client, checked, plain_network=plain_network)
        finally:
            if client.status == "running":
                client.run(tasks.forget, on_error="ignore")
