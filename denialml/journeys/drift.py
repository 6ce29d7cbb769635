"""New submissions of a stored practice against what its serving model learnt from."""

from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from denialml.journeys.retrain import keyed_words, serving_of
from denialml.modeling.retraining.drift import DriftReport, drift_report
from denialml.modeling.risk.frames import build_frame
from denialml.modeling.risk.seal import Seal
from denialml.store.audit import AuditAction, record_event
from denialml.store.records import practice_records

# Answers of about a year tell how long payers take.
_PACE = timedelta(days=360)


def read_drift(
    session: Session,
    organization_id: str,
    *,
    serving: Path,
    seal: Seal,
    as_of: date,
    now: datetime,
    actor: str,
) -> DriftReport:
    """Compare what was sent and answered before `as_of` with the serving model's
    baseline.

    That the practice's claims were read is audited; the report holds features, payer
    ids, counts and shares. The caller commits.

    Raises
    ------
    NoModel
        If no model serves, or it was made by a version that kept no such baseline.
    BundleRejected
        If what serves fails its check.
    """
    model = serving_of(serving, seal=seal)
    pseudonym = keyed_words(session, organization_id).payer
    records = practice_records(session, organization_id, until=as_of)
    frame = build_frame(
        records,
        from_day=min(model.baseline.trained_as_of, as_of - _PACE),
        known_by=as_of,
        with_rules=model.bundle.with_rules,
    )
    report = drift_report(
        frame, model.bundle, model.baseline, as_of=as_of, pseudonym=pseudonym
    )
    names = {pseudonym(one): one for one in {each.view.payer for each in frame.lines}}
    record_event(
        session,
        organization_id,
        actor=actor,
        action=AuditAction.DRIFT_READ,
        record_kind="model",
        record_id=model.bundle.version,
        now=now,
        record_count=report.lines,
    )
    return msgspec.structs.replace(
        report,
        payers=tuple(
            msgspec.structs.replace(one, payer=names[one.payer])
            for one in report.payers
        ),
    )
