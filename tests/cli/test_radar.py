"""`denialml radar` on a stored practice with a planted change of one payer.

The practice is simulated; the change is planted in its remittances before they are
written as X12 files, so that the command sees what it would see in a practice's store.
"""

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec
import pytest

from denialml.domain.remittance import ClaimAdjustment, ClaimPayment, ServicePayment
from denialml.journeys.simulate import write_practice
from denialml.modeling.radar.report import ANSWERS_TO_LEARN
from denialml.simulation import SimulatedPractice, simulate_practice
from tests.audit_key import AUDIT_KEY

pytestmark = pytest.mark.slow

STARTS, ENDS = date(2024, 1, 1), date(2025, 6, 30)
BEGAN = date(2025, 3, 1)
AS_OF = "2025-07-01"


def largest_payer(practice: SimulatedPractice) -> str:
    payers = [claim.payer.payer_id for claim in practice.claims]
    return max(sorted(set(payers)), key=payers.count)


def denying(practice: SimulatedPractice, payer: str) -> SimulatedPractice:
    """The payer denies most of 90837 with CO-4 for services from `BEGAN` on."""
    random = Random(1)
    numbers = {
        claim.patient_control_number
        for claim in practice.claims
        if claim.payer.payer_id == payer
    }
    advices = tuple(
        msgspec.structs.replace(
            advice,
            payments=tuple(
                planted(payment, random)
                if payment.patient_control_number in numbers
                else payment
                for payment in advice.payments
            ),
        )
        for advice in practice.remittances
    )
    return msgspec.structs.replace(practice, remittances=advices)


def planted(payment: ClaimPayment, random: Random) -> ClaimPayment:
    services = tuple(planted_line(one, random) for one in payment.service_payments)
    if services == payment.service_payments:
        return payment
    paid = sum((one.paid for one in services), Decimal(0))
    return msgspec.structs.replace(
        payment,
        service_payments=services,
        paid=paid,
        status_code="4" if paid == 0 else payment.status_code,
    )


def planted_line(service: ServicePayment, random: Random) -> ServicePayment:
    day = service.service_date
    is_ruled = service.procedure_code == "90837" and day is not None and day >= BEGAN
    if not is_ruled or service.paid <= 0 or random.random() > 0.85:
        return service
    whole = ClaimAdjustment(group_code="CO", reason_code="4", amount=service.charge)
    return msgspec.structs.replace(
        service, paid=Decimal(0), adjustments=(whole,), remark_codes=(), allowed=None
    )


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from denialml.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "DENIALML_DATA_DIRECTORY": str(folder / "var"),
            "COLUMNS": "200",
        },
        cwd=folder,
        timeout=250,
        check=False,
    )


@pytest.fixture(scope="module")
def payer() -> str:
    return largest_payer(practice())


def practice() -> SimulatedPractice:
    return simulate_practice(
        seed=41, claims=4500, starts_on=STARTS, ends_on=ENDS, difficulty="easy"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, payer: str) -> Path:
    made = tmp_path_factory.mktemp("radar")
    write_practice(denying(practice(), payer), made / "files")
    done = command(
        made, "ingest", str(made / "files" / "practice"), "--organization", "Simulated"
    )
    assert done.returncode in (0, 3), done.stderr[-2000:]
    return made


def test_the_planted_change_is_reported(folder: Path, payer: str) -> None:
    done = command(folder, "radar", "--as-of", AS_OF, "--json")
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    [change] = [one for one in report["changes"] if one["reason"] == "CO-4"]
    assert change["group"]["payer_id"] == payer
    assert change["group"]["procedure_code"] == "90837"
    assert "began denying 90837 on " in change["sentence"]
    assert change["status"] == "open"
    # Some twenty answers in the first weeks: the day is known to within an interval.
    earliest = date.fromisoformat(change["began_earliest"])
    latest = date.fromisoformat(change["began_latest"])
    assert earliest - timedelta(days=3) <= BEGAN <= latest
    assert latest - earliest <= timedelta(days=30)
    enough = change["since"]["answers"] >= ANSWERS_TO_LEARN
    assert report["proposal"]["recommended"] is enough
    assert report["proposal"]["reason"].startswith("No model serves")


def test_before_the_first_answers_nobody_can_know(folder: Path) -> None:
    done = command(folder, "radar", "--as-of", "2025-03-03", "--json")
    assert done.returncode == 0, done.stderr[-2000:]
    reasons = [one["reason"] for one in json.loads(done.stdout)["changes"]]
    assert "CO-4" not in reasons


def test_people_get_a_table_and_the_proposal(folder: Path) -> None:
    done = command(folder, "radar", "--as-of", AS_OF)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Payer changes" in done.stdout
    assert "groups watched" in done.stderr
    assert "No model serves" in done.stderr


def test_the_report_names_no_patient(folder: Path) -> None:
    done = command(folder, "radar", "--as-of", AS_OF, "--json")
    people = {
        word
        for claim in practice().claims
        for word in (
            claim.medical_record_number,
            claim.subscriber.member_id,
            claim.subscriber.last_name,
            claim.patient_control_number,
            claim.rendering_provider.npi if claim.rendering_provider else "",
        )
        if word
    }
    assert len(people) > 100
    assert [word for word in people if word in done.stdout] == []


def test_reading_the_radar_is_audited(folder: Path) -> None:
    from denialml.store.audit import AuditAction, list_events
    from denialml.store.database import open_engine, open_session
    from denialml.store.organizations import list_organizations

    assert command(folder, "radar", "--as-of", AS_OF, "--json").returncode == 0
    [store] = (folder / "var").rglob("*.db")
    with open_session(
        open_engine(f"sqlite:///{store}", audit_key=AUDIT_KEY), read_only=True
    ) as session:
        [organization] = list_organizations(session)
        events = list_events(session, organization.organization_id, limit=100_000)
    read = [one for one in events if one.action is AuditAction.RADAR_READ]
    assert read
    assert read[-1].record_id == AS_OF
    assert (read[-1].record_count or 0) > 1000
