"""Two organizations never see or change each other's rows: every question, twice."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

import denialml.store
from denialml.domain.coverage import Payer
from denialml.errors import UnknownRecord
from denialml.store import (
    api_keys,
    audit,
    audit_patients,
    audit_verifying,
    case_records,
    cause_confirmations,
    cause_models,
    claims,
    denials,
    documents,
    drafts,
    feedback,
    job_leases,
    jobs,
    organizations,
    payer_letters,
    record_lists,
    records,
    scores,
    source_files,
    touched,
)
from denialml.store.database import open_session
from denialml.store.identity import Identity
from denialml.store.intake import Intake
from tests.audit_key import AUDIT_KEY
from tests.store.files import (
    acknowledgment_file,
    claims_file,
    ingest,
    remittance_file,
    rows_of,
)
from tests.store.samples import (
    NOW,
    acknowledgment,
    claim,
    confirmation,
    document,
    draft,
    finding,
    payment,
    risk_score,
    route,
    service,
    stored_denial,
)

LETTER = "um_denial_letter"
CLAIM = claim("A2", medical_record_number="MRN1")
ANSWER = payment("A2", service(cas="CO-197 150"), status="4")
STRANGER = payment("ELSEWHERE", service(paid="1"))

# Everything else that takes an organization writes only what it is handed.
WRITES = {
    "api_keys.issue_key",
    "audit.record_event",
    "audit_chain.append_at_commit",
    "audit_chain.event_bytes",
    "audit_chain.is_waiting",
    "audit_chain.sealed_rows",
    "audit_key.first_link",
    "cause_models.save_cause_model",
    "database.lock_organization",
    "jobs.add_input",
    "jobs.begin_job",
    "jobs.enqueue_job",
    "linking.match_touched",
    "linking.write_matches",
    "organizations.records_changed",
    "provisional.complete",
    "refiling.file_loosely",
    "scores.save_scores",
    "sign_ins.add_sign_in",
    "sign_ins.note_look",
    "source_files.begin_file",
}


class Practice:
    """An organization with a record of every kind, and the ids to ask for."""

    def __init__(self, session: Session) -> None:
        made = organizations.create_organization(session, "Practice", now=NOW)
        self.organization_id = made.organization_id
        me = self.organization_id
        ingest(session, me, claims_file([CLAIM]))
        report = ingest(session, me, remittance_file([ANSWER, STRANGER]))
        self.file_id = report.file_id
        ingest(
            session,
            me,
            acknowledgment_file(
                [acknowledgment("A2", accepted=True, received=date(2026, 3, 5))]
            ),
        )
        intake = Intake(
            session,
            me,
            identity=Identity(made.fingerprint_key),
            file_id=self.file_id,
            today=NOW.date(),
            content_of=lambda document: b"note",
        )
        intake.add(document(medical_record_number="MRN1"))
        intake.add(document("D2", kind="payer_policy"))
        letter = {"kind": "um_denial_letter", "authored_on": date(2026, 3, 5)}
        intake.add(document("D3", patient_control_number=" a2", **letter))
        intake.add(document("D4", medical_record_number="MRN1", **letter))
        intake.add(Payer(payer_id="60054", name="PLAN A"))
        intake.flush()
        (answer,) = records.adjudications(session, me)
        self.claim_id, self.payment_id = answer.claim_id, answer.payment_id
        self.denial_id, self.draft_id = f"den_{me}", f"drf_{me}"
        self.denial = stored_denial(
            self.denial_id,
            claim_id=self.claim_id,
            payment_id=self.payment_id,
            finding=finding(),
            route=route(),
        )
        denials.save_denials(session, me, (self.denial,))
        self.confirmation = confirmation(self.denial_id)
        cause_confirmations.save_confirmation(session, me, self.confirmation)
        cause_models.save_cause_model(session, me, b"{}", version="1", now=NOW)
        self.draft = draft(self.draft_id, denial_id=self.denial_id)
        drafts.save_draft(session, me, self.draft)
        as_read = claims.get_claim(session, me, self.claim_id).claim
        (scored_id,) = scores.save_scores(
            session, me, [(as_read, risk_score("A2"))], now=NOW
        )
        assert scored_id == self.claim_id
        feedback.add_feedback(
            session,
            me,
            self.claim_id,
            feedback.FeedbackStatement.FALSE_ALARM,
            actor="test",
            now=NOW,
        )
        self.key_id, self.key = api_keys.issue_key(
            session, me, label="key", scopes=["a"], pepper=b"pepper", now=NOW
        )

        self.parked_job_id = self._job(session, tries=job_leases.MAXIMUM_TRIES)
        self.job_id = self._job(session, tries=1)

    def _job(self, session: Session, *, tries: int) -> str:
        """A job taken up so often, with one part of results, then given back."""
        me = self.organization_id
        order = jobs.JobOrder(jobs.JobKind.SCORE, self.key_id, "", "claims", "{}")
        job_id = jobs.begin_job(session, me, order, now=NOW)
        jobs.add_input(session, me, job_id, part=0, content=b"claims")
        jobs.enqueue_job(session, me, job_id, bytes_total=6)
        for attempt in range(tries):
            lease = job_leases.claim_job(
                session, owner="worker", lease=timedelta(seconds=30), now=NOW
            )
            assert lease is not None
            if not attempt:
                job_leases.advance_job(
                    session,
                    lease,
                    part=0,
                    progress=job_leases.Progress(6, 1, 0),
                    until=NOW,
                    lines=b"{}",
                    record_count=1,
                )
            job_leases.try_later(
                session,
                lease,
                problem_code="p",
                problem_text="p",
                # Not the next practice's to take up.
                delay=timedelta(days=attempt == tries - 1),
                now=NOW,
            )
        return job_id


Question = Callable[[Session, str, Practice], Any]

READS: dict[str, Question] = {
    "api_keys.list_keys": lambda s, o, p: api_keys.list_keys(s, o),
    "api_keys.revoke_key": lambda s, o, p: (
        api_keys.revoke_key(s, o, key_id=p.key_id, now=NOW) or "revoked"
    ),
    "audit.all_events": lambda s, o, p: tuple(
        audit.all_events(s, o, audit.AuditFilter())
    ),
    "audit.list_events": lambda s, o, p: audit.list_events(s, o),
    "audit.newest_events": lambda s, o, p: audit.newest_events(
        s, o, audit.AuditFilter()
    ),
    "audit_patients.patients_of_records": lambda s, o, p: (
        audit_patients.patients_of_records(s, o, [p.denial_id])
    ),
    "audit_verifying.verify_trail": lambda s, o, p: (
        audit_verifying.verify_trail(s, o, key=AUDIT_KEY).events
    ),
    "audit.latest_sequence": lambda s, o, p: audit.latest_sequence(
        s, o, audit.AuditAction.FILE_INGESTED
    ),
    "case_records.case_records": lambda s, o, p: (
        case_records.case_records(s, o, CLAIM).submitted_claims
    ),
    "cause_confirmations.confirmations_of": lambda s, o, p: (
        cause_confirmations.confirmations_of(s, o, p.denial_id)
    ),
    "cause_confirmations.standing_confirmations": lambda s, o, p: (
        cause_confirmations.standing_confirmations(s, o)
        and cause_confirmations.standing_confirmations(s, o, [p.denial_id])
    ),
    "cause_models.cause_model": lambda s, o, p: cause_models.cause_model(s, o),
    "cause_models.cause_model_version": lambda s, o, p: (
        cause_models.cause_model_version(s, o)
    ),
    "claims.answers_to": lambda s, o, p: claims.answers_to(s, o, [p.claim_id]),
    "claims.chain_for_claim": lambda s, o, p: claims.chain_for_claim(s, o, p.claim_id),
    "claims.chains_for": lambda s, o, p: claims.chains_for(s, o, ["A2"]),
    "claims.claims_by_id": lambda s, o, p: claims.claims_by_id(s, o, [p.claim_id]),
    "claims.get_claim": lambda s, o, p: claims.get_claim(s, o, p.claim_id),
    "claims.get_payment": lambda s, o, p: claims.get_payment(s, o, p.payment_id),
    "claims.submissions_of": lambda s, o, p: claims.submissions_of(s, o, "A2"),
    "claims.unmatched_payments": lambda s, o, p: claims.unmatched_payments(s, o),
    "denials.all_denials": lambda s, o, p: denials.all_denials(s, o),
    "denials.denials_by_id": lambda s, o, p: denials.denials_by_id(s, o, [p.denial_id]),
    "denials.denials_of_answer": lambda s, o, p: denials.denials_of_answer(
        s,
        o,
        claim_id=p.denial.denial.claim_id,
        payment_id=p.denial.denial.payment_id,
    ),
    "denials.get_denial": lambda s, o, p: denials.get_denial(s, o, p.denial_id),
    "denials.list_denials": lambda s, o, p: denials.list_denials(s, o).denials,
    "denials.total_denials": lambda s, o, p: denials.total_denials(s, o).count,
    "documents.document_content": lambda s, o, p: documents.document_content(
        s, o, "D1"
    ),
    "documents.documents_for": lambda s, o, p: documents.documents_for(
        s, o, medical_record_number="MRN1"
    ),
    "documents.get_document": lambda s, o, p: documents.get_document(s, o, "D1"),
    "documents.practice_documents": lambda s, o, p: documents.practice_documents(s, o),
    "drafts.find_draft": lambda s, o, p: drafts.find_draft(s, o, p.draft_id),
    "drafts.get_draft": lambda s, o, p: drafts.get_draft(s, o, p.draft_id),
    "drafts.latest_draft": lambda s, o, p: drafts.latest_draft(s, o, p.denial_id),
    "drafts.list_drafts": lambda s, o, p: drafts.list_drafts(s, o),
    "feedback.feedback_of": lambda s, o, p: feedback.feedback_of(s, o, p.claim_id),
    "jobs.cancel_job": lambda s, o, p: jobs.cancel_job(s, o, p.job_id, now=NOW),
    "jobs.count_jobs": lambda s, o, p: jobs.count_jobs(s, o),
    "jobs.get_job": lambda s, o, p: jobs.get_job(s, o, p.job_id),
    "jobs.list_jobs": lambda s, o, p: jobs.list_jobs(s, o).jobs,
    "jobs.result_lines": lambda s, o, p: jobs.result_lines(s, o, p.job_id, part=0),
    "jobs.result_parts": lambda s, o, p: jobs.result_parts(s, o, p.job_id),
    "jobs.retry_job": lambda s, o, p: jobs.retry_job(s, o, p.parked_job_id, now=NOW),
    "organizations.get_organization": lambda s, o, p: (
        o == p.organization_id and organizations.get_organization(s, o)
    ),
    "payer_letters.letters_between": lambda s, o, p: (
        payer_letters.letters_between(
            s, o, kind=LETTER, first=date(2026, 3, 5), last=date(2026, 3, 5)
        ).record_numbers
    ),
    "payer_letters.letters_of_file": lambda s, o, p: (
        payer_letters.letters_of_file(
            s, o, kind=LETTER, file_id=p.file_id
        ).control_numbers
    ),
    "payer_letters.payer_letters": lambda s, o, p: payer_letters.payer_letters(
        s, o, kind=LETTER, until=NOW.date()
    ),
    "payer_letters.replaced_by_file": lambda s, o, p: payer_letters.replaced_by_file(
        s, o, ["D3"], file_id=p.file_id
    ),
    "record_lists.get_record": lambda s, o, p: record_lists.get_record(
        s,
        o,
        record_lists.RecordKind.PAYERS,
        record_lists.list_records(s, p.organization_id, record_lists.RecordKind.PAYERS)[
            0
        ].record_id,
    ),
    "record_lists.list_claims": lambda s, o, p: record_lists.list_claims(
        s, o, record_lists.ClaimFilter()
    ),
    "record_lists.list_records": lambda s, o, p: [
        one
        for kind in record_lists.RecordKind
        for one in record_lists.list_records(s, o, kind)
    ],
    "records.adjudications": lambda s, o, p: list(records.adjudications(s, o)),
    "records.claims_awaiting": lambda s, o, p: (
        ([] if o != p.organization_id else ["none awaits"])
        + list(records.claims_awaiting(s, o))
    ),
    "records.practice_records": lambda s, o, p: [
        each
        for name in records.practice_records(s, o).__struct_fields__
        for each in getattr(records.practice_records(s, o), name)
    ],
    "records.submitted_claims": lambda s, o, p: list(records.submitted_claims(s, o)),
    "scores.scores_for": lambda s, o, p: scores.scores_for(s, o, p.claim_id),
    "scores.scores_of_day": lambda s, o, p: scores.scores_of_day(
        s, o, date(2026, 3, 3)
    ),
    "source_files.list_files": lambda s, o, p: source_files.list_files(s, o),
    "source_files.problems_of": lambda s, o, p: source_files.problems_of(
        s, o, p.file_id
    ),
    "touched.patients_of": lambda s, o, p: (
        touched.patients_of(s, o, ["A2"]).record_numbers
    ),
    "touched.records_around": lambda s, o, p: (
        touched.records_around(s, o, ["A2"], until=NOW.date()).control_numbers
    ),
    "touched.touched_between": lambda s, o, p: (
        touched.touched_between(
            s, o, first=date(2020, 1, 1), last=date(2030, 1, 1)
        ).control_numbers
    ),
    "touched.touched_by_file": lambda s, o, p: (
        touched.touched_by_file(
            s, o, file_id=p.file_id, kinds=["ClaimPayment"]
        ).control_numbers
    ),
    "touched.unsettled_payments": lambda s, o, p: touched.unsettled_payments(s, o),
}
CHANGES = {
    "cause_confirmations.save_confirmation",
    "cause_models.remove_cause_model",
    "denials.save_denials",
    "drafts.save_draft",
    "feedback.add_feedback",
    "source_files.end_file",
}


def _functions_of_an_organization() -> set[str]:
    found = set()
    for module in pkgutil.iter_modules(denialml.store.__path__):
        if module.name == "migrations":
            continue
        loaded = importlib.import_module(f"denialml.store.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            mine = function.__module__ == loaded.__name__ and not name.startswith("_")
            if mine and "organization_id" in inspect.signature(function).parameters:
                found.add(f"{module.name}.{name}")
    return found


def test_every_function_that_takes_an_organization_is_tried_here() -> None:
    assert _functions_of_an_organization() == READS.keys() | CHANGES | WRITES


@pytest.fixture
def two(session: Session) -> tuple[Practice, str]:
    """A practice with records, and the id of another without any."""
    practice = Practice(session)
    other = organizations.create_organization(session, "Other", now=NOW)
    return practice, other.organization_id


@pytest.mark.parametrize("name", sorted(READS))
def test_a_question_is_answered_to_its_organization_only(
    session: Session, two: tuple[Practice, str], name: str
) -> None:
    practice, other = two
    ask = READS[name]
    try:
        answer = ask(session, other, practice)
    except UnknownRecord:
        answer = None
    assert not answer, f"{name} answers another organization"
    assert ask(session, practice.organization_id, practice)


def test_saving_under_another_organization_changes_nothing(
    session: Session, two: tuple[Practice, str]
) -> None:
    practice, other = two
    me = practice.organization_id
    taken = stored_denial(
        practice.denial_id,
        claim_id=practice.claim_id,
        payment_id=practice.payment_id,
        status="closed",
    )
    denials.save_denials(session, other, (taken,))
    assert denials.get_denial(session, me, practice.denial_id) == practice.denial
    with pytest.raises(UnknownRecord):
        drafts.save_draft(session, other, practice.draft)
    with pytest.raises(UnknownRecord):
        cause_confirmations.save_confirmation(session, other, practice.confirmation)
    with pytest.raises(UnknownRecord):
        feedback.add_feedback(
            session,
            other,
            practice.claim_id,
            feedback.FeedbackStatement.FALSE_ALARM,
            actor="test",
            now=NOW,
        )
    cause_models.remove_cause_model(session, other)
    assert cause_models.cause_model(session, me) is not None
    source_files.end_file(
        session,
        other,
        file_id=practice.file_id,
        kinds={},
        records_read=0,
        records_new=0,
        problems=(),
        complete=False,
    )
    assert source_files.list_files(session, me, incomplete_only=True) == ()


def test_two_practices_may_send_the_very_same_files(session: Session) -> None:
    first, second = Practice(session), Practice(session)
    assert first.claim_id != second.claim_id
    assert first.payment_id != second.payment_id
    assert rows_of(session, first.organization_id) == rows_of(
        session, second.organization_id
    )


def test_a_key_opens_its_own_organization(engine: Engine) -> None:
    with open_session(engine) as session:
        first, second = Practice(session), Practice(session)
        grants = [
            api_keys.find_key(session, each.key, pepper=b"pepper", now=NOW)
            for each in (first, second)
        ]
    assert [grant and grant.organization_id for grant in grants] == [
        first.organization_id,
        second.organization_id,
    ]
