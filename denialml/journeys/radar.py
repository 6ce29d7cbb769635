"""The payer-change radar over a stored practice: who began to deny what, and when."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from denialml.domain.facts import PracticeRecords
from denialml.domain.payer_change import RadarReport
from denialml.modeling.radar.report import radar_report
from denialml.store.audit import AuditAction, record_event
from denialml.store.records import adjudications, submitted_claims


def read_radar(
    session: Session,
    organization_id: str,
    *,
    as_of: date,
    now: datetime,
    actor: str,
    trained_as_of: date | None = None,
) -> RadarReport:
    """Report the changes that the answers received before `as_of` show.

    `trained_as_of` is the day before which the serving model's answers were received
    (None: no model serves). That the practice's claims were read is audited; the
    report itself holds payers, codes, counts and days only. The caller commits.
    """
    records = PracticeRecords(
        submitted_claims=tuple(submitted_claims(session, organization_id, until=as_of)),
        adjudications=tuple(adjudications(session, organization_id, until=as_of)),
    )
    names = {
        one.claim.payer.payer_id: one.claim.payer.name
        for one in sorted(records.submitted_claims, key=lambda one: one.submitted_on)
        if one.claim.payer.name
    }
    report = radar_report(
        records, as_of=as_of, names=names, trained_as_of=trained_as_of
    )
    record_event(
        session,
        organization_id,
        actor=actor,
        action=AuditAction.RADAR_READ,
        record_kind="radar",
        record_id=as_of.isoformat(),
        now=now,
        record_count=report.answers,
    )
    return report
