"""A whole simulated practice, ingested from its files, has the labels it really had."""

import csv
from datetime import date
from pathlib import Path

import pytest

from denialml.domain.adjudication import LineOutcome, initial_determination
from denialml.journeys.ingest import IngestReport, ingest_files
from denialml.journeys.simulate import write_practice
from denialml.simulation import simulate_practice
from denialml.store.claims import chains_for
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.documents import document_content, documents_for
from denialml.store.organizations import create_organization
from denialml.store.records import practice_records
from tests.audit_key import AUDIT_KEY
from tests.store.samples import NOW


@pytest.fixture(scope="module")
def practice_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    practice = simulate_practice(
        seed=3, claims=600, starts_on=date(2025, 1, 1), ends_on=date(2025, 6, 30)
    )
    write_practice(practice, folder)
    return folder


def _files(folder: Path) -> list[Path]:
    return [
        path
        for path in (folder / "practice").rglob("*")
        if path.is_file() and path.parent.name != "documents"
    ]


def test_labels_of_a_simulated_practice_are_its_truth(
    practice_folder: Path, tmp_path: Path
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/denialml.db", audit_key=AUDIT_KEY)
    migrate(engine)
    reports: list[IngestReport] = []
    with open_session(engine) as session:
        owner = create_organization(session, "Simulated", now=NOW, is_simulated=True)
        me = owner.organization_id
        for report in ingest_files(
            session, me, _files(practice_folder), now=NOW, actor="test"
        ):
            session.commit()
            reports.append(report)
        records = practice_records(session, me)
        chains = chains_for(
            session,
            me,
            {each.claim.patient_control_number for each in records.submitted_claims},
        )
        documents = {
            document.document_id
            for each in records.submitted_claims
            for document in documents_for(
                session, me, medical_record_number=each.claim.medical_record_number
            )
        }
        contents = [document_content(session, me, each) for each in documents]
    engine.dispose()

    assert all(report.complete for report in reports)
    assert len(contents) > 10
    assert all(contents)
    assert sum(report.payments_unmatched for report in reports) == 0
    assert sum(report.services_unmatched for report in reports) == 0
    found = _initial_outcomes(records)
    checked = 0
    for line, denied in _truth(practice_folder).items():
        if line in found:
            was_denied = found[line] in (LineOutcome.DENIED, LineOutcome.PARTIAL)
            assert was_denied == denied, line
            checked += 1
    assert checked > 400
    assert sum(chain.net_paid for chain in chains.values()) == sum(
        each.paid for each in records.adjudications
    )


def _initial_outcomes(records) -> dict[tuple[str, str, int], LineOutcome]:
    answers: dict[tuple[str, int], list] = {}
    for each in records.adjudications:
        answers.setdefault((each.claim_id, each.line_number), []).append(each)
    found = {}
    for submitted in records.submitted_claims:
        claim = submitted.claim
        if claim.frequency_code != "1":
            continue
        for line in claim.lines:
            first = initial_determination(
                answers.get((submitted.claim_id, line.line_number), [])
            )
            if first is not None:
                key = (
                    claim.patient_control_number,
                    submitted.submitted_on.isoformat(),
                    line.line_number,
                )
                found[key] = first.outcome
    return found


def _truth(folder: Path) -> dict[tuple[str, str, int], bool]:
    with (folder / "truth" / "truth.csv").open(newline="") as file:
        return {
            (
                row["patient_control_number"],
                row["submitted_on"],
                int(row["line_number"]),
            ): row["denied"] == "1"
            for row in csv.DictReader(file)
            if row["status"] == "answered"
        }
