"""The tables of what people confirmed about causes, and of what was learnt of it."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from denialml.store.columns import Base, OrganizationColumn, Payload, RecordKey


class CauseConfirmationRow(Base):
    """One row per confirmation of a denial's cause; rows are only ever added.

    `version` counts those of a denial from 1: the highest stands. `root_cause` None
    takes the earlier ones back.
    """

    __tablename__ = "cause_confirmations"
    confirmation_id: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn]
    denial_id: Mapped[str] = mapped_column(String(64), ForeignKey("denials.denial_id"))
    version: Mapped[int]
    root_cause: Mapped[str | None]
    confirmed_at: Mapped[datetime]
    payload: Mapped[Payload]
    __table_args__ = (
        Index(
            "cause_confirmations_by_denial",
            "organization_id",
            "denial_id",
            "version",
            unique=True,
        ),
    )


class CauseModelRow(Base):
    """One row per organization: the root-cause model learnt last, as packed JSON.

    Numbers and checksums of payers, codes and diagnoses; no patient, no clinician.
    """

    __tablename__ = "cause_models"
    organization_id: Mapped[OrganizationColumn] = mapped_column(primary_key=True)
    version: Mapped[str]
    learnt_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(LargeBinary())
