"""The connection to a Dask cluster, refused where it would leak or give other numbers.

Records travel only within this machine or encrypted, and only to workers that run the
same build as this process and keep what they hold in memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dask
import msgspec
from distributed import CancelledError, Client, KilledWorker, Security

from denialml.errors import EngineError
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


@contextmanager
def connected_cluster(
    scheduler: str,
    *,
    certificates: Certificates | None,
    plain_network: bool,
    spill: bool,
) -> Iterator[Client]:
    """A client of the scheduler at this address; see `dask_engine.open_dask_engine`."""
    address = checked_address(
        scheduler, certificates=certificates, plain_network=plain_network
    )
    with (
        # Records are sent as arguments on purpose: scattered ones would be lost with
        # the worker that holds them.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}),
        _connected(address, certificates) as client,
    ):
        _refuse_addresses(client, certificates, plain_network=plain_network)
        _refuse_workers(client, spill=spill)
        yield client


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


def _refuse_addresses(
    client: Client, certificates: Certificates | None, *, plain_network: bool
) -> None:
    """Refuse parts of the cluster that are reached in the clear from elsewhere."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except OSError as fault:
        raise EngineError(
            "no worker has joined the scheduler: start some with `dask worker`"
        ) from fault
    for address in (client.scheduler_info()["address"], *client.nthreads()):
        checked_address(address, certificates=certificates, plain_network=plain_network)


def _refuse_workers(client: Client, *, spill: bool) -> None:
    """Refuse workers of another build, and those that may write data to disk.

    The scheduler unpacks what it passes on, so it needs the same build.
    """
    try:
        builds = {"scheduler": client.run_on_scheduler(build_identity)}
        described = client.run(describe_worker)
    except ImportError as fault:
        raise EngineError(
            "the scheduler or a worker has no denialml, or another one: install the"
            " same version there with `pip install denialml[distributed]`"
        ) from fault
    here = build_identity()
    builds |= {f"worker at {each}": one.build for each, one in described.items()}
    for part, build in builds.items():
        if build != here:
            raise EngineError(
                f"the {part} runs {build}, not {here}: the numbers would differ;"
                " install the same versions"
            )
    for address, worker in described.items():
        if worker.spills and not spill:
            raise EngineError(
                f"the worker at {address} may write patients' data to its disk: start"
                " it with DASK_DISTRIBUTED__WORKER__MEMORY__SPILL=false and"
                " DASK_DISTRIBUTED__WORKER__MEMORY__TARGET=false, or set"
                " DENIALML_DASK_SPILL=true where that disk is encrypted"
            )
