"""`denialml audit`: verify the trail, export checkpoints, list and export events."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from denialml.cli.desk import Desk, expect_file, open_desk, parse_day
from denialml.cli.output import remarks, table, write_json
from denialml.settings import audit_key
from denialml.store.audit import (
    MAXIMUM_PAGE,
    AuditAction,
    AuditEvent,
    AuditFilter,
    all_events,
    newest_events,
)
from denialml.store.audit_checkpoints import (
    CheckpointFile,
    encode_checkpoints,
    next_checkpoints,
    read_checkpoints,
)
from denialml.store.audit_verifying import Verdict, verify_trail
from denialml.store.organizations import list_organizations

audit = typer.Typer(
    help="Verify and read the audit trail, and export checkpoints of it.",
    no_args_is_help=True,
)

OrganizationOption = Annotated[
    str | None, typer.Option("--organization", help="name or id of the practice")
]
ActionOption = Annotated[
    AuditAction | None, typer.Option(help="only events of this kind")
]
ActorOption = Annotated[str, typer.Option(help="only of this key or person (id)")]
RecordOption = Annotated[str, typer.Option(help="only about this record (id)")]
PatientOption = Annotated[str, typer.Option(help="only about this patient (pat_...)")]
RequestOption = Annotated[str, typer.Option(help="only of this request (id)")]
SinceOption = Annotated[str | None, typer.Option(help="from this day on (UTC)")]
UntilOption = Annotated[str | None, typer.Option(help="up to and with this day (UTC)")]


@audit.command("verify")
def verify(
    organization: OrganizationOption = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="file that `audit checkpoint` has written")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Check every seal; ends with 1 where a trail was tampered with.

    Example: denialml audit verify --checkpoint checkpoints.jsonl
    """
    desk = open_desk()
    key = audit_key(desk.settings)
    file = CheckpointFile()
    if checkpoint is not None:
        file = read_checkpoints(expect_file(checkpoint).read_bytes(), key=key)
    wanted = _organizations(desk, organization)
    if organization is None:
        # A practice that the checkpoints know and the database does not is gone.
        wanted = sorted({*wanted, *(line.organization_id for line in file.lines)})
    with desk.session(read_only=True) as session:
        verdicts = [
            verify_trail(session, one, key=key, checkpoints=file.seals(one))
            for one in wanted
        ]
    if as_json:
        write_json(verdicts)
    else:
        table(
            "Audit trails",
            ("organization", "events", "verdict"),
            [(it.organization_id, str(it.sequence), _in_words(it)) for it in verdicts],
        )
    if any(it.fault is not None for it in verdicts):
        raise typer.Exit(1)


@audit.command("checkpoint")
def checkpoint(
    out: Annotated[Path, typer.Option(help="file to add to; keep it elsewhere")],
    organization: OrganizationOption = None,
) -> None:
    """Add a signed line for each trail; refuses where a trail has gone back.

    Example: denialml audit checkpoint --out /mnt/elsewhere/checkpoints.jsonl
    """
    desk = open_desk()
    key = audit_key(desk.settings)
    content = out.read_bytes() if out.exists() else b""
    file = read_checkpoints(content, key=key)
    with desk.session(read_only=True) as session:
        added = next_checkpoints(
            session, _organizations(desk, organization), file, key=key, now=desk.now()
        )
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as stream:
        stream.write(encode_checkpoints(added))
        stream.flush()
        os.fsync(stream.fileno())
    for line in added:
        remarks.print(f"{line.organization_id}: {line.sequence} events", soft_wrap=True)


@audit.command("list")
def list_command(
    organization: OrganizationOption = None,
    action: ActionOption = None,
    actor: ActorOption = "",
    record: RecordOption = "",
    patient: PatientOption = "",
    request: RequestOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, max=MAXIMUM_PAGE)] = 50,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """The newest events; ids and codes only. The reading is an event itself."""
    desk = open_desk()
    practice = desk.organization(organization)
    asked = _filter(action, actor, record, patient, request, since, until)
    with desk.session() as session:
        found = newest_events(session, practice.organization_id, asked, limit=limit)
        desk.note(
            session,
            practice,
            AuditAction.AUDIT_READ,
            record_kind="audit_event",
            record_count=len(found),
        )
    if as_json:
        write_json(found)
        return
    table(
        "Audit events, newest first",
        ("number", "when (UTC)", "actor", "action", "record", "count", "patient"),
        [
            (
                str(it.sequence),
                f"{it.occurred_at:%Y-%m-%d %H:%M:%S}",
                it.actor,
                str(it.action),
                it.record_id or it.record_kind,
                "" if it.record_count is None else str(it.record_count),
                it.patient_id,
            )
            for it in found
        ],
    )


@audit.command("export")
def export(
    organization: OrganizationOption = None,
    action: ActionOption = None,
    actor: ActorOption = "",
    record: RecordOption = "",
    patient: PatientOption = "",
    request: RequestOption = "",
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Every event as a JSON line on stdout, oldest first. An event itself.

    Example: denialml audit export --since 2026-10-01 > events.jsonl
    """
    desk = open_desk()
    practice = desk.organization(organization)
    asked = _filter(action, actor, record, patient, request, since, until)
    with desk.session() as session:
        desk.note(
            session,
            practice,
            AuditAction.AUDIT_EXPORTED,
            record_kind="audit_event",
        )
    with desk.session(read_only=True) as session:
        for text in _lines(all_events(session, practice.organization_id, asked)):
            typer.echo(text)


def _lines(events: Iterator[AuditEvent]) -> Iterator[str]:
    for event in events:
        yield msgspec.json.encode(event).decode()


def _organizations(desk: Desk, organization: str | None) -> list[str]:
    if organization is not None:
        return [desk.organization(organization).organization_id]
    with desk.session(read_only=True) as session:
        return [one.organization_id for one in list_organizations(session)]


def _filter(
    action: AuditAction | None,
    actor: str,
    record: str,
    patient: str,
    request: str,
    since: str | None,
    until: str | None,
) -> AuditFilter:
    first, last = parse_day(since, "--since"), parse_day(until, "--until")
    return AuditFilter(
        action="" if action is None else action.value,
        actor=actor,
        record_id=record,
        patient_id=patient,
        request_id=request,
        since=None if first is None else datetime.combine(first, time(), UTC),
        until=None
        if last is None
        else datetime.combine(last + timedelta(days=1), time(), UTC),
    )


def _in_words(verdict: Verdict) -> str:
    fault = verdict.fault
    if fault is None:
        return "every event fits"
    return f"number {fault.sequence} is {fault.kind}: {fault.message}"


def register(app: typer.Typer) -> None:
    """Add this family's commands."""
    app.add_typer(audit, name="audit")
