"""Risk scores given: the latest for each claim and model version."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.risk import RiskScore
from denialml.store.identity import Identity, encode
from denialml.store.organizations import get_organization
from denialml.store.payloads import payload_decoder, to_payload
from denialml.store.tables import (
    RiskScoreRow,
)
from denialml.store.writing import upsert


def save_scores(
    session: Session,
    organization_id: str,
    scored: list[tuple[Claim, RiskScore]],
    *,
    now: datetime,
) -> tuple[str, ...]:
    """Keep scores; the same claim scored again by the same model replaces its score.

    Returns the claim ids, in the order given: the ids that these claims have, or will
    have, once they are on file.
    """
    identity = Identity(get_organization(session, organization_id).fingerprint_key)
    rows: dict[str, dict[str, Any]] = {}
    claim_ids = []
    for claim, score in scored:
        claim_id = identity.of_content("clm", claim, encode(claim))
        claim_ids.append(claim_id)
        score_id = identity.of_parts("scr", claim_id, score.model_version)
        rows[score_id] = {
            "score_id": score_id,
            "organization_id": organization_id,
            "claim_id": claim_id,
            "as_of": score.as_of,
            "model_version": score.model_version,
            "probability": score.probability,
            "scored_at": now,
            "payload": to_payload(score),
        }
    upsert(session, RiskScoreRow, list(rows.values()), key=("score_id",))
    return tuple(claim_ids)


def scores_for(
    session: Session, organization_id: str, claim_id: str
) -> tuple[RiskScore, ...]:
    """Every model's score of one claim, the latest given first."""
    return _scores(
        session, organization_id, RiskScoreRow.claim_id == claim_id, limit=200
    )


def scores_of_day(
    session: Session, organization_id: str, as_of: date, *, limit: int = 200
) -> tuple[RiskScore, ...]:
    """Scores as of one submission day, the latest given first."""
    return _scores(session, organization_id, RiskScoreRow.as_of == as_of, limit=limit)


def _scores(
    session: Session, organization_id: str, condition: Any, *, limit: int
) -> tuple[RiskScore, ...]:
    statement = (
        select(RiskScoreRow.payload)
        .where(RiskScoreRow.organization_id == organization_id, condition)
        .order_by(RiskScoreRow.scored_at.desc(), RiskScoreRow.score_id)
        .limit(limit)
    )
    decode = payload_decoder(RiskScore).decode
    return tuple(decode(payload) for payload in session.scalars(statement))
