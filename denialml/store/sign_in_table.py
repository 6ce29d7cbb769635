"""The table of signed-in browsers, apart from the records they look at."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from denialml.store.columns import Base, OrganizationColumn, RecordKey


class SignInRow(Base):
    """One row per signed-in browser; `token_digest` is HMAC-SHA256 of its token, hex.

    `last_seen_at` trails the last look by up to the interval that
    `denialml.store.sign_ins` is told, so that a look is not a write.
    """

    __tablename__ = "sign_ins"
    token_digest: Mapped[RecordKey]
    organization_id: Mapped[OrganizationColumn] = mapped_column(index=True)
    key_id: Mapped[str] = mapped_column(String(64), ForeignKey("api_keys.key_id"))
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
