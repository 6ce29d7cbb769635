"""The connection to a Dask cluster, refused where it would leak or give other numbers.

Records travel only within this machine or encrypted, and only to workers that run the
same build as this process and keep what they hold in memory. Whoever joins later is
checked before anything is sent there.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import dask
import msgspec
from distributed import CancelledError, Client, KilledWorker, Security

from denialml.errors import EngineError, InputError
from denialml.journeys.engines.addresses import Certificates, checked_address
from denialml.journeys.engines.tasks import build_identity

CONNECT_SECONDS = 20


class WorkerDescription(msgspec.Struct, frozen=True):
    """`build` as `build_identity`; `spills`: whether it may write data to disk."""

    build: str
    spills: bool


def describe_worker() -> WorkerDescription:
    """What matters of the worker that this runs on."""
    memory = dask.config.get("distributed.worker.memory")
    return WorkerDescription(
        build_identity(), spills=bool(memory["spill"] or memory["target"])
    )


@contextmanager
def cluster_faults() -> Iterator[None]:
    """Failures of the cluster as an error that says what to do."""
    try:
        yield
    except KilledWorker as fault:
        raise EngineError(
            "a part of the work was given up because every worker that took it was"
            " lost: look at the workers' memory and logs, or use --engine local"
        ) from fault
    except (CancelledError, OSError) as fault:
        raise EngineError(
            "the scheduler went away, or a worker while trees were grown: run the"
            " command again, or use --engine local"
        ) from fault


class CheckedWorkers:
    """The workers that records may travel to: present, reached as allowed, and fit."""

    def __init__(
        self,
        client: Client,
        *,
        certificates: Certificates | None,
        plain_network: bool,
        spill: bool,
    ) -> None:
        self._client = client
        self._certificates = certificates
        self._plain_network = plain_network
        self._spill = spill
        self._unfit: set[str] = set()
        found = self._reached()
        self._refuse_scheduler()
        self._refuse_unfit(found)
        self.addresses = found

    def refresh(self) -> list[str]:
        """Leave out those that are gone, and admit newcomers that pass the checks.

        An unfit newcomer is never sent anything; it does not stop the work of others.

        Raises
        ------
        EngineError
            If no checked worker is left.
        """
        present = sorted(self._client.nthreads())
        for each in present:
            if each not in self.addresses and each not in self._unfit:
                self._admit(each)
        self.addresses = [each for each in self.addresses if each in present]
        self.refuse_if_none_is_left(present)
        return self.addresses

    def refuse_if_none_is_left(self, present: Iterable[str] | None = None) -> None:
        """Work that was sent to checked workers waits forever where all are gone.

        Raises
        ------
        EngineError
            If none of them is left.
        """
        if present is None:
            present = self._client.nthreads()
        if not set(self.addresses) & set(present):
            raise EngineError(
                "every worker that was checked is gone: start some and run the command"
                " again, or use --engine local"
            )

    def _admit(self, address: str) -> None:
        try:
            self._check_address(address)
            self._refuse_unfit([address])
        except (InputError, EngineError):
            self._unfit.add(address)
        except OSError:
            return  # gone again, or not ready: asked again next time
        else:
            self.addresses.append(address)

    def _check_address(self, address: str) -> None:
        checked_address(
            address,
            certificates=self._certificates,
            plain_network=self._plain_network,
        )

    def _reached(self) -> list[str]:
        """Refuse parts of the cluster that are reached in the clear from elsewhere."""
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except OSError as fault:
            raise EngineError(
                "no worker has joined the scheduler: start some with `dask worker`"
            ) from fault
        found = sorted(self._client.nthreads())
        for address in (self._client.scheduler_info()["address"], *found):
            self._check_address(address)
        return found

    def _refuse_scheduler(self) -> None:
        """The scheduler unpacks what it passes on, so it needs the same build."""
        with _installed():
            build = self._client.run_on_scheduler(build_identity)
        _refuse_build("scheduler", build)

    def _refuse_unfit(self, addresses: list[str]) -> None:
        """Refuse workers of another build, and those that may write data to disk."""
        with _installed():
            described = self._client.run(describe_worker, workers=addresses)
        for address, worker in described.items():
            _refuse_build(f"worker at {address}", worker.build)
        for address, worker in described.items():
            if worker.spills and not self._spill:
                raise EngineError(
                    f"the worker at {address} may write patients' data to its disk:"
                    " start it with DASK_DISTRIBUTED__WORKER__MEMORY__SPILL=false and"
                    " DASK_DISTRIBUTED__WORKER__MEMORY__TARGET=false, or set"
                    " DENIALML_DASK_SPILL=true where that disk is encrypted"
                )


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ImportError as fault:
        raise EngineError(
            "the scheduler or a worker has no denialml, or another one: install the"
            " same version there with `pip install denialml[distributed]`"
        ) from fault


def _refuse_build(part: str, build: str) -> None:
    here = build_identity()
    if build != here:
        raise EngineError(
            f"the {part} runs {build}, not {here}: the numbers would differ;"
            " install the same versions"
        )


@contextmanager
def connected_cluster(
    scheduler: str,
    *,
    certificates: Certificates | None,
    plain_network: bool,
    spill: bool,
) -> Iterator[tuple[Client, CheckedWorkers]]:
    """A client of the scheduler at this address, and the workers it may send to; see
    `dask_engine.open_dask_engine`."""
    address = checked_address(
        scheduler, certificates=certificates, plain_network=plain_network
    )
    with (
        # Records are sent as arguments on purpose: scattered ones would be lost with
        # the worker that holds them.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}),
        _connected(address, certificates) as client,
    ):
        checked = CheckedWorkers(
            client,
            certificates=certificates,
            plain_network=plain_network,
            spill=spill,
        )
        yield client, checked


@contextmanager
def _connected(address: str, certificates: Certificates | None) -> Iterator[Client]:
    security = None
    if certificates is not None:
        security = Security(
            tls_ca_file=certificates.authority,
            tls_client_cert=certificates.certificate,
            tls_client_key=certificates.key,
            require_encryption=address.startswith("tls://"),
        )
    try:
        client = Client(
            address, security=security, timeout=CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, ValueError) as fault:
        raise EngineError(
            f"no Dask scheduler answers at {address}: start one with `dask scheduler`"
            " (docs/distributed.md), or use --engine local"
        ) from fault
    with client:
        yield client
