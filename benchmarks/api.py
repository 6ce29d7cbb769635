"""One claim scored with reasons through the API, against the bare LightGBM call.

    .venv/bin/python -m benchmarks.api --json benchmarks/results/api.json

A simulated practice is ingested, a model trained on it, and the real server started as
a process of its own on loopback. Claims of the outgoing batch are then scored one after
the other over HTTP with a key, and the same rows are given to LightGBM's own
contribution call on the same model, alternating with the requests so that both see the
same machine. Bar: median over HTTP within 3 times the bare median.
"""

import argparse
import json
import multiprocessing
import platform
import re
import socket
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt
import uvicorn

from api.app import create_app
from api.permissions import Permission
from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.journeys.ingest import ingest_files
from denialml.journeys.simulate import write_practice
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.history import History
from denialml.modeling.knowledge.observation import answer_events, observe_lines
from denialml.modeling.risk.bundle import Bundle, load_bundle, write_bundle
from denialml.modeling.risk.denial_risk import line_inputs
from denialml.modeling.risk.features import line_features
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.seal import SigningSeal
from denialml.modeling.risk.specification import load_specification
from denialml.modeling.risk.training import train_bundle
from denialml.settings import Settings, api_key_pepper, audit_key
from denialml.signing_keys import bundle_private_key
from denialml.simulation import SimulatedPractice, simulate_practice
from denialml.store.api_keys import issue_key
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import create_organization
from denialml.store.records import practice_records

SEED = 4711
SPECIFICATION = Path(__file__).parents[1] / "models" / "denial_risk.toml"
STARTS_ON, ENDS_ON = date(2024, 7, 1), date(2026, 6, 30)
AS_OF = date(2026, 7, 1)
NOW = datetime(2026, 7, 1, 15, 0, tzinfo=UTC)
BAR = 3.0
WARM_UP = 30
RECEIVE_BYTES = 1 << 17


@dataclass(frozen=True)
class Prepared:
    """A filled data directory: its key, the batch to score, and each claim's rows."""

    settings: Settings
    key: str
    bundle: Bundle
    claims: tuple[Claim, ...]
    rows: tuple[npt.NDArray[np.float64], ...]


def prepare(directory: Path, *, claims: int, trees: int | None = None) -> Prepared:
    """Simulate, ingest, train; everything through the product's own journeys.

    `trees`: the most trees the model may have, for the ratio of a small model; None:
    as many as the product would train.
    """
    practice = simulate_practice(
        seed=SEED, claims=claims, starts_on=STARTS_ON, ends_on=ENDS_ON
    )
    settings = Settings(data_directory=directory)
    organization_id, key, records = fill_store(practice, settings)
    specification = load_specification(SPECIFICATION)
    if trees is not None:
        specification = msgspec.structs.replace(
            specification,
            trees=msgspec.structs.replace(specification.trees, maximum=trees),
        )
    bundle = train_bundle(
        build_frame(records), specification=specification, known_by=AS_OF
    )
    seal = SigningSeal(organization_id, private_key=bundle_private_key(settings))
    served = settings.serving_bundle_of(organization_id)
    write_bundle(bundle, served, seal=seal, status="promoted")
    return Prepared(
        settings,
        key,
        load_bundle(served, seal=seal),
        practice.outgoing,
        rows_of(practice.outgoing, records, with_rules=bundle.with_rules),
    )


def fill_store(
    practice: SimulatedPractice, settings: Settings
) -> tuple[str, str, PracticeRecords]:
    """Ingest the practice's files: organization, a key to score with, records."""
    directory = settings.data_directory
    paths = write_practice(practice, directory / "files")
    history = directory / "files/practice"
    files = [
        path
        for path in paths
        if path.is_relative_to(history) and path.parent.name != "documents"
    ]
    engine = open_engine(settings.resolved_database_url, audit_key=audit_key(settings))
    migrate(engine)
    with open_session(engine) as session:
        organization_id = create_organization(
            session, "Benchmark (simulated)", now=NOW, is_simulated=True
        ).organization_id
        for _ in ingest_files(
            session, organization_id, files, now=NOW, actor="benchmark"
        ):
            pass
        _, key = issue_key(
            session,
            organization_id,
            label="benchmark",
            scopes=[Permission.CLAIMS_SCORE],
            pepper=api_key_pepper(settings),
            now=NOW,
        )
        session.commit()
        records = practice_records(session, organization_id)
    engine.dispose()
    return organization_id, key, records


def rows_of(
    claims: Sequence[Claim], records: PracticeRecords, *, with_rules: bool
) -> tuple[npt.NDArray[np.float64], ...]:
    """The features of each claim's lines, for the bare call."""
    fact_book = FactBook(records)
    observed = observe_lines(
        records, fact_book, answered_only=True, with_rules=with_rules
    )
    past = History(answer_events(observed), with_rules=with_rules)
    past.advance(AS_OF)
    return tuple(
        np.vstack(
            [
                line_features(row)
                for row in line_inputs(
                    claim, fact_book=fact_book, history=past, as_of=AS_OF
                )
            ]
        )
        for claim in claims
    )


def serve(data_directory: Path, port: int) -> None:
    """The real server, in a process of its own."""
    settings = Settings(data_directory=data_directory, port=port)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=port,
        log_level="warning",
        access_log=False,
    )


def wait_for(url: str, process: BaseProcess) -> None:
    """Return when the server answers; raise when it has died or takes too long."""
    for _ in range(300):
        if not process.is_alive():
            raise RuntimeError("the server stopped before it answered")
        try:
            httpx.get(f"{url}/healthz")
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not answer within 30 seconds")


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def request_bytes(claim: Claim, *, key: str) -> bytes:
    """One request of a program, as it goes over the wire."""
    body = msgspec.json.encode(claim)
    head = (
        f"POST /v1/claims/score?as_of={AS_OF} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def read_answer(client: socket.socket) -> bytes:
    """One whole answer: its head, and as many bytes as the head announces."""
    received = client.recv(RECEIVE_BYTES)
    while b"\r\n\r\n" not in received:
        received += client.recv(RECEIVE_BYTES)
    head, _, _ = received.partition(b"\r\n\r\n")
    length = int(re.findall(rb"(?i)content-length: (\d+)", head)[0])
    while len(received) < len(head) + 4 + length:
        received += client.recv(RECEIVE_BYTES)
    return received


def measure(prepared: Prepared, url: str, *, repeats: int) -> dict[str, float]:
    """Medians in milliseconds; requests and bare calls alternate."""
    over_http: list[float] = []
    bare: list[float] = []
    booster: lightgbm.Booster = prepared.bundle.booster
    bodies = [request_bytes(claim, key=prepared.key) for claim in prepared.claims]
    place_of_service = ("127.0.0.1", urlsplit(url).port or 80)
    # A bare socket: a client library would be measured together with the service.
    with socket.create_connection(place_of_service) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for count in range(WARM_UP + repeats):
            place = count % len(bodies)
            started = time.perf_counter()
            client.sendall(bodies[place])
            answer = read_answer(client)
            ended = time.perf_counter()
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise RuntimeError(answer[:300].decode())
            began = time.perf_counter()
            booster.predict(prepared.rows[place], pred_contrib=True, num_threads=1)
            done = time.perf_counter()
            if count >= WARM_UP:
                over_http.append((ended - started) * 1000)
                bare.append((done - began) * 1000)
    return {
        "api_median_milliseconds": round(statistics.median(over_http), 3),
        "api_p95_milliseconds": round(statistics.quantiles(over_http, n=20)[-1], 3),
        "bare_median_milliseconds": round(statistics.median(bare), 3),
        "bare_p95_milliseconds": round(statistics.quantiles(bare, n=20)[-1], 3),
        "ratio": round(statistics.median(over_http) / statistics.median(bare), 3),
    }


def main() -> None:
    """Run and print; `--json` also writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--trees", type=int, help="at most so many trees")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="denialml-benchmark-") as name:
        prepared = prepare(Path(name), claims=arguments.claims, trees=arguments.trees)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(Path(name), port), daemon=True
        )
        process.start()
        try:
            wait_for(url, process)
            measures = measure(prepared, url, repeats=arguments.requests)
        finally:
            process.terminate()
            process.join()
    result = {
        "what": "one claim scored with reasons over HTTP, sequentially; simulated data",
        "seed": SEED,
        "claims": arguments.claims,
        "requests": arguments.requests,
        "trees": prepared.bundle.booster.num_trees(),
        "features": prepared.bundle.booster.num_feature(),
        "lines_per_claim": round(statistics.mean(map(len, prepared.rows)), 2),
        **measures,
        "bar": BAR,
        "met": measures["ratio"] <= BAR,
        "python": platform.python_version(),
        "lightgbm": lightgbm.__version__,
    }
    print(json.dumps(result, indent=2))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
