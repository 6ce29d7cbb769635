"""How fast the X12 readers are, against oxedi and pyx12 on the same simulated files.

Run ``python -m benchmarks.readers`` (``--json`` also writes
benchmarks/results/readers.json). Figures are CPU seconds of one core, the best of
`ROUNDS` interleaved runs; bars are ratios in the same run, because machines differ.
The files are simulated: made here with our own writers from a fixed seed.
"""

import argparse
import io
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import oxedi
import pyx12.x12file

from denialml.domain.claim import (
    Address,
    Claim,
    ClaimPayer,
    Diagnosis,
    Provider,
    ServiceLine,
    Subscriber,
)
from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)
from denialml.formats import Envelope, open_reader, write_claims, write_remittances

SEED = 20261121
SIZE = 20_000_000
ROUNDS = 3
CLAIMS_PER_SET = 100
BYTES_PER_PAYMENT = 340
BYTES_PER_CLAIM = 440
RESULTS = Path(__file__).parent / "results" / "readers.json"
MINIMUM_OF_OXEDI = 0.6
MINIMUM_OF_PYX12 = 5.0
MOST_MEMORY_MB = 80.0

NPI = "1234567893"
ENVELOPE = Envelope(
    sender_id="SENDER",
    receiver_id="RECEIVER",
    control_number=1,
    created_at=datetime(2026, 3, 1, 9, 30),  # noqa: DTZ001 - X12 has no zones
)
CODES = ("90837", "90834", "90791", "90853", "90832", "99213", "H0004")
CHARGES = {code: Decimal(95 + 15 * at) for at, code in enumerate(CODES)}
FIRST_DAY = date(2024, 1, 2)


def _adjustment(group: str, reason: str, amount: Decimal) -> ClaimAdjustment:
    return ClaimAdjustment(group_code=group, reason_code=reason, amount=amount)


def _service(source: random.Random, day: date, number: int) -> ServicePayment:
    code = source.choice(CODES)
    charge = CHARGES[code]
    denied = source.random() < 0.12
    allowed = charge * source.choice((60, 65, 70, 75, 80)) / 100
    copay = Decimal(source.choice((0, 15, 20, 25)))
    if denied:
        reason = source.choice(("197", "16", "50", "29", "96"))
        adjustments = (_adjustment("CO", reason, charge),)
    else:
        contractual = _adjustment("CO", "45", charge - allowed)
        shared = (_adjustment("PR", "3", copay),) if copay else ()
        adjustments = (contractual, *shared)
    paid = charge - sum((a.amount for a in adjustments), Decimal(0))
    return ServicePayment(
        procedure_code=code,
        charge=charge,
        paid=paid,
        modifiers=("95",) if source.random() < 0.4 else (),
        units_paid=Decimal(1),
        service_date=day,
        line_control_number=f"L{number}",
        adjustments=adjustments,
        remark_codes=("N362",) if denied else (),
        allowed=None if denied else allowed,
    )


def _patient_share(services: tuple[ServicePayment, ...]) -> Decimal:
    adjustments = (a for service in services for a in service.adjustments)
    return sum((a.amount for a in adjustments if a.group_code == "PR"), Decimal(0))


def _payment(
    source: random.Random, remittance: Remittance, number: int
) -> ClaimPayment:
    day = FIRST_DAY + timedelta(days=source.randrange(700))
    lines = source.choices((1, 2, 3), weights=(7, 2, 1))[0]
    services = tuple(_service(source, day, 10 * number + at) for at in range(lines))
    return ClaimPayment(
        remittance=remittance,
        patient_control_number=f"PCN{number:07d}",
        status_code="1",
        charge=sum((s.charge for s in services), Decimal(0)),
        paid=sum((s.paid for s in services), Decimal(0)),
        claim_filing_code="CI",
        payer_claim_control_number=f"ICN{number:010d}",
        place_of_service="11",
        frequency_code="1",
        service_payments=services,
        patient_last_name=f"SIMULATED{number % 997}",
        patient_first_name="PATIENT",
        member_id=f"M{number % 5000:08d}",
        rendering_npi=NPI,
        patient_responsibility=_patient_share(services),
        remark_codes=("MA01",) if source.random() < 0.3 else (),
        received_by_payer_on=day + timedelta(days=3),
        statement_from=day,
        statement_to=day,
    )


def _remittance_groups(size: int) -> Iterator[tuple]:
    """Remittances of `CLAIMS_PER_SET` claims until about `size` bytes are written."""
    source = random.Random(SEED)
    number = 0
    for position in range(max(1, size // (CLAIMS_PER_SET * BYTES_PER_PAYMENT))):
        remittance = Remittance(
            payer_id="PAYER1",
            payer_name="SIMULATED PAYER",
            trace_number=f"EFT{position:06d}",
            payment=Decimal(0),
            payment_date=date(2026, 3, 1),
            received_on=None,
            payment_method="ACH",
            payee_npi=NPI,
            payee_name="SIMULATED PRACTICE",
            trace_payer_id="1123456789",
            transaction_control_number=f"{position:04d}",
        )
        payments = []
        for _ in range(CLAIMS_PER_SET):
            number += 1
            payments.append(_payment(source, remittance, number))
        takeback = Decimal(25)
        total = sum((payment.paid for payment in payments), Decimal(0)) - takeback
        stated = Remittance(
            **{
                name: getattr(remittance, name)
                for name in remittance.__struct_fields__
                if name != "payment"
            },
            payment=total,
        )
        provider_adjustment = ProviderAdjustment(
            remittance=stated,
            provider_id=NPI,
            reason_code="WO",
            amount=takeback,
            reference=f"ICN{position:06d}",
            fiscal_period_end=date(2026, 12, 31),
        )
        yield stated, payments, [provider_adjustment]


def _address(number: int) -> Address:
    return Address(
        street=f"{number} MAIN ST", city="ALBANY", state="NY", postal_code="12207"
    )


def _line(source: random.Random, day: date, number: int) -> ServiceLine:
    code = source.choice(CODES)
    return ServiceLine(
        line_number=number % 10,
        procedure_code=code,
        charge=CHARGES[code],
        service_date=day,
        modifiers=("95",) if source.random() < 0.4 else (),
        line_control_number=f"L{number}",
    )


def _claims(size: int) -> Iterator[Claim]:
    """Claims until about `size` bytes are written, one subscriber level each."""
    source = random.Random(SEED)
    address = _address(1)
    practice = Provider(
        name="SIMULATED PRACTICE",
        npi=NPI,
        taxonomy_code="101YM0800X",
        tax_id="123456789",
        address=address,
    )
    clinician = Provider(
        name="SIMULATED", first_name="CLINICIAN", npi=NPI, taxonomy_code="101YM0800X"
    )
    for number in range(size // BYTES_PER_CLAIM):
        day = FIRST_DAY + timedelta(days=source.randrange(700))
        count = source.choices((1, 2, 3), weights=(7, 2, 1))[0]
        lines = tuple(
            _line(source, day, 10 * number + at) for at in range(1, count + 1)
        )
        yield Claim(
            patient_control_number=f"PCN{number:07d}",
            total_charge=sum((line.charge for line in lines), Decimal(0)),
            payer=ClaimPayer(payer_id="PAYER1", name="SIMULATED PAYER"),
            subscriber=Subscriber(
                member_id=f"M{number % 5000:08d}",
                last_name=f"SIMULATED{number % 997}",
                first_name="PATIENT",
                birth_date=date(1980, 1, 1) + timedelta(days=number % 9000),
                gender="F",
                address=_address(number),
                claim_filing_code="CI",
            ),
            billing_provider=practice,
            lines=lines,
            diagnoses=(Diagnosis(code="F411", qualifier="ABK"),),
            submitted_on=date(2026, 3, 1),
            place_of_service="10",
            medical_record_number=f"MR{number % 5000:06d}",
            rendering_provider=clinician,
        )


def simulated_file(kind: str, size: int = SIZE) -> bytes:
    """The simulated file of a kind (``835`` or ``837P``), about `size` bytes."""
    if kind == "835":
        return write_remittances(_remittance_groups(size), envelope=ENVELOPE)
    return write_claims(_claims(size), envelope=ENVELOPE, max_claims=CLAIMS_PER_SET)


def read_with_denialml(path: Path) -> int:
    """Read every typed record; returns how many there are."""
    with path.open("rb") as stream:
        reader = open_reader(stream, file=path.name)
        count = sum(1 for _ in reader)
    if not reader.complete or reader.problems:
        raise RuntimeError(f"the simulated file has problems: {reader.problems[:3]}")
    return count


def read_with_oxedi(path: Path) -> int:
    """oxedi's streaming reader: typed tables, one batch per transaction."""
    return sum(1 for _ in oxedi.stream(path.read_bytes()))


def read_with_pyx12(path: Path) -> int:
    """pyx12's X12Reader: segments, not typed records."""
    text = path.read_text("utf-8")
    return sum(1 for _ in pyx12.x12file.X12Reader(io.StringIO(text)))


def cpu_seconds(read: Callable[[Path], int], path: Path) -> float:
    started = time.process_time()
    read(path)
    return time.process_time() - started


# VmHWM and not getrusage: the latter starts from the parent's size at the fork.
MEMORY_PROGRAM = """
import re, sys
from denialml.formats import open_reader
with open(sys.argv[1], "rb") as stream:
    for _ in open_reader(stream, file="simulated"):
        pass
with open("/proc/self/status") as status:
    print(int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read()).group(1)) / 1024)
"""


def peak_memory_mb(path: Path) -> float:
    """Peak resident memory of a fresh process that reads the file and keeps nothing."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY_PROGRAM, str(path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    return float(done.stdout)


def measure(size: int = SIZE, rounds: int = ROUNDS) -> dict[str, object]:
    """Seconds, ratios and memory for both kinds."""
    readers = {"denialml": read_with_denialml, "pyx12": read_with_pyx12}
    results: dict[str, object] = {"seed": SEED, "simulated": True, "rounds": rounds}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("835", "837P"):
            path = Path(folder) / f"simulated.{kind}"
            path.write_bytes(simulated_file(kind, size))
            chosen = dict(readers)
            if kind == "835":
                chosen["oxedi stream"] = read_with_oxedi
            best = dict.fromkeys(chosen, float("inf"))
            for _ in range(rounds):
                for name, read in chosen.items():
                    best[name] = min(best[name], cpu_seconds(read, path))
            results[kind] = _summary(path, best)
    return results


def _summary(path: Path, best: dict[str, float]) -> dict[str, object]:
    ours = best["denialml"]
    megabytes = path.stat().st_size / 1e6
    summary: dict[str, object] = {
        "file_mb": round(megabytes, 2),
        "records": read_with_denialml(path),
        "cpu_seconds": {name: round(value, 3) for name, value in best.items()},
        "mb_per_second": round(megabytes / ours, 2),
        "times_pyx12": round(best["pyx12"] / ours, 2),
        "minimum_times_pyx12": MINIMUM_OF_PYX12,
        "peak_memory_mb": round(peak_memory_mb(path), 1),
        "most_memory_mb": MOST_MEMORY_MB,
    }
    if "oxedi stream" in best:
        summary["times_oxedi_stream"] = round(best["oxedi stream"] / ours, 3)
        summary["minimum_times_oxedi_stream"] = MINIMUM_OF_OXEDI
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="write the results file")
    parser.add_argument("--size", type=int, default=SIZE, help="bytes of each file")
    arguments = parser.parse_args()
    results = measure(arguments.size)
    print(json.dumps(results, indent=2))
    if arguments.json:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
