"""What every command opens: settings, clock, database and organization."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import typer
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from denialml.errors import InputError, UnknownRecord
from denialml.modeling.risk.seal import Seal, SigningSeal
from denialml.rules.organization_rules import PracticeRules
from denialml.settings import Settings, audit_key
from denialml.signing_keys import bundle_private_key, bundle_public_key
from denialml.store.audit import AuditAction, record_event
from denialml.store.database import migrate, open_engine, open_session
from denialml.store.organizations import (
    Organization,
    create_organization,
    list_organizations,
)

ACTOR = "cli"


class Desk:
    """One command's working place: one database, one organization, one clock."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine: Engine = _open(settings)

    def now(self) -> datetime:
        """The instant, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The day in the practice's time zone."""
        return self.now().astimezone(self.settings.zone).date()

    def seal(self, organization_id: str) -> Seal:
        """What the organization's model bundles are checked with."""
        return Seal(organization_id, public_key=bundle_public_key(self.settings))

    def signing_seal(self, organization_id: str) -> SigningSeal:
        """What its bundles are signed with; makes the keys on first use.

        Raises:
            InputError: this machine only serves: it holds no private key.
        """
        return SigningSeal(
            organization_id, private_key=bundle_private_key(self.settings)
        )

    def rules(self, organization_id: str) -> PracticeRules:
        """The organization's own word on the claim rules.

        Raises:
            RulesRejected: its file has a fault; names the line.
        """
        # Loads every rule: only for the commands that judge claims.
        from denialml.journeys.written_rules import written_rules

        return written_rules(self.settings.rules_file_of(organization_id))

    @contextmanager
    def session(self, *, read_only: bool = False) -> Iterator[Session]:
        """A session committed once at the end, rolled back on any error."""
        with open_session(self.engine, read_only=read_only) as session:
            yield session
            if not read_only:
                session.commit()

    def note(
        self,
        session: Session,
        practice: Organization,
        action: AuditAction,
        *,
        record_kind: str,
        record_id: str = "",
        record_count: int | None = None,
    ) -> None:
        """Audit an act of the command line, in the transaction of the act."""
        record_event(
            session,
            practice.organization_id,
            actor=ACTOR,
            action=action,
            record_kind=record_kind,
            record_id=record_id,
            record_count=record_count,
            now=self.now(),
        )

    def organization(self, name: str | None) -> Organization:
        """The organization named (by name or id), or the only one there is.

        Raises:
            UnknownRecord: there is none, or several and none was named.
        """
        with self.session(read_only=True) as session:
            known = list_organizations(session)
        if name is None:
            if len(known) == 1:
                return known[0]
            raise UnknownRecord(
                "no organization yet: run `denialml ingest` with --organization NAME"
                if not known
                else "several organizations: name one with --organization"
            )
        for organization in known:
            if name in (organization.name, organization.organization_id):
                return organization
        raise UnknownRecord(
            "no organization of that name or id; `denialml organizations` lists them"
        )

    def organization_or_new(
        self, name: str | None, *, is_simulated: bool = False
    ) -> Organization:
        """As `organization`, but a name that is not known yet makes a new one."""
        try:
            return self.organization(name)
        except UnknownRecord:
            if name is None:
                with self.session(read_only=True) as session:
                    if list_organizations(session):
                        raise
        with self.session() as session:
            made = create_organization(
                session,
                name or "My practice",
                now=self.now(),
                is_simulated=is_simulated,
            )
            self.note(
                session,
                made,
                AuditAction.ORGANIZATION_CREATED,
                record_kind="organization",
                record_id=made.organization_id,
            )
        return made


def open_desk(*, data_directory: Path | None = None) -> Desk:
    """The desk of this process: settings from the environment, schema migrated."""
    if data_directory is None:
        return Desk(Settings())
    return Desk(Settings(data_directory=data_directory))


def parse_day(text: str | None, option: str) -> date | None:
    """An ISO date of an option, or None where it was not given.

    Raises:
        typer.BadParameter: not a date of the form 2026-03-31.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        message = f"{option} takes a date such as 2026-03-31, not {text!r}"
        raise typer.BadParameter(message) from error


def expect_file(path: Path) -> Path:
    """The path, if a readable file is there.

    Raises:
        InputError: there is none.
    """
    if not path.is_file():
        raise InputError(f"no file at {path}")
    return path


def _open(settings: Settings) -> Engine:
    if not settings.database_url:
        settings.data_directory.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.resolved_database_url, audit_key=audit_key(settings))
    migrate(engine)
    return engine
