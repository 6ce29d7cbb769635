"""`denialml denials` and `denialml draft`: why it was denied, and the letter."""

from datetime import date
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from sqlalchemy.orm import Session

from denialml.cli.desk import ACTOR, Desk, open_desk, parse_day
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, table, write_json
from denialml.domain.appeal import AppealDraft
from denialml.domain.denial import Deadline, RootCause, Route
from denialml.journeys.cause_words import (
    check_in_words,
    own_coverage,
    set_in_words,
)
from denialml.journeys.denials import DenialReport, find_denials
from denialml.journeys.draft import draft_appeal, render
from denialml.journeys.worklist import in_work_order
from denialml.store.audit import AuditAction, record_event
from denialml.store.denials import (
    DenialPage,
    DenialSort,
    DenialStatus,
    StoredDenial,
    all_denials,
    list_denials,
)
from denialml.store.organizations import Organization

BLOCKED = 4


def denials(
    organization: OrganizationOption = None,
    status: Annotated[DenialStatus, typer.Option()] = "open",
    payer_id: Annotated[str | None, typer.Option("--payer")] = None,
    root_cause: Annotated[RootCause | None, typer.Option("--cause")] = None,
    route: Annotated[Route | None, typer.Option()] = None,
    sort: Annotated[
        DenialSort | None, typer.Option(help="default: what to work on first")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 25,
    as_of: Annotated[str | None, typer.Option(help="day to judge as of")] = None,
    to_check: Annotated[
        bool,
        typer.Option(
            "--to-check", help="only those chosen for checking, open or closed"
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Find the denials in what was ingested and list them, most urgent first."""
    desk = open_desk()
    practice = desk.organization(organization)
    report = find_with_remarks(desk, practice, as_of)
    today = parse_day(as_of, "--as-of") or desk.today()
    wanted = _Wanted(status, payer_id, root_cause, route, to_check)
    with desk.session() as session:
        own = own_coverage(session, practice.organization_id)
        listed = _listed(
            session, practice.organization_id, wanted, sort=sort, limit=limit, on=today
        )
        found, more = listed.denials, listed.cursor is not None
        record_event(
            session,
            practice.organization_id,
            actor=ACTOR,
            action=AuditAction.DENIALS_LISTED,
            record_kind="denial",
            record_id="",
            record_count=len(found),
            now=desk.now(),
        )
    if as_json:
        write_json({"report": report, "denials": found})
        return
    table(
        f"{practice.name}: {status} denials",
        ("denial", "what", "next"),
        [_row(stored, today) for stored in found],
    )
    if any(one.finding is not None and one.finding.candidates for one in found):
        remarks.print(f"could be: {set_in_words(own)}", soft_wrap=True)
    if more:
        remarks.print("More follow: raise --limit, or filter by --payer or --cause.")


class _Wanted(NamedTuple):
    """Which denials are listed."""

    status: DenialStatus
    payer_id: str | None
    root_cause: RootCause | None
    route: Route | None
    to_check: bool

    def fits(self, stored: StoredDenial) -> bool:
        """Whether a denial of the status is among them."""
        finding, route = stored.finding, stored.route
        cause = finding.root_cause if finding is not None else None
        return (
            self.payer_id in (None, stored.denial.payer_id)
            and (self.root_cause is None or cause == self.root_cause)
            and (
                self.route is None or (route is not None and route.route == self.route)
            )
            and (
                not self.to_check
                or bool(check_in_words(stored.denial.denial_id, finding))
            )
        )


def _listed(
    session: Session,
    organization_id: str,
    wanted: _Wanted,
    *,
    sort: DenialSort | None,
    limit: int,
    on: date,
) -> DenialPage:
    """The first denials of the list; a cursor says only that more follow."""
    if sort is not None and not wanted.to_check:
        page = list_denials(
            session,
            organization_id,
            status=wanted.status,
            payer_id=wanted.payer_id,
            root_cause=wanted.root_cause,
            route=wanted.route,
            sort=sort,
            limit=limit,
        )
        known_then = tuple(one for one in page.denials if one.denial.denied_on <= on)
        return DenialPage(known_then, page.cursor)
    # Which denials are to be checked was drawn among open and closed ones alike.
    status = None if wanted.to_check else wanted.status
    known = all_denials(session, organization_id, status=status)
    fitting = [
        one
        for one in in_work_order(known, as_of=on)
        if wanted.fits(one) and one.denial.denied_on <= on
    ]
    more = "more" if len(fitting) > limit else None
    return DenialPage(tuple(fitting[:limit]), more)


def find_with_remarks(
    desk: Desk, practice: Organization, as_of: str | None = None
) -> DenialReport:
    """Judge what was ingested as of a day (default today) and say what was found."""
    with desk.session() as session, remarks.status("Looking for denials"):
        report = find_denials(
            session,
            practice.organization_id,
            as_of=parse_day(as_of, "--as-of") or desk.today(),
            now=desk.now(),
            actor=ACTOR,
        )
    remarks.print(
        f"{report.open:,} open denials of ${report.open_amount:,.2f}; "
        f"{report.closed:,} closed later, ${report.recovered_amount:,.2f} recovered"
    )
    if report.unexplained:
        remarks.print(
            f"{report.unexplained:,} lines of ${report.unexplained_amount:,.2f} were "
            "written down in full with no denial reason: check contract and rates"
        )
    return report


def draft(
    denial_id: Annotated[str, typer.Argument(help="as `denialml denials` lists it")],
    out: Annotated[Path, typer.Option(help="folder for the letter")] = Path("letters"),
    organization: OrganizationOption = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Draft the letter of a denial from what is on file; nothing is sent.

    Exit status 4: the record does not support a letter, and the draft says why.
    """
    desk = open_desk()
    practice = desk.organization(organization)
    with desk.session() as session:
        drafted = draft_appeal(
            session,
            practice.organization_id,
            denial_id,
            now=desk.now(),
            actor=ACTOR,
        )
    paths = write_letter(desk, practice, drafted, out)
    if as_json:
        write_json(drafted)
    else:
        show_draft(drafted, paths)
    if drafted.status == "blocked":
        raise typer.Exit(BLOCKED)


def write_letter(
    desk: Desk, practice: Organization, drafted: AppealDraft, out: Path
) -> list[Path]:
    """Write the HTML page and, unless blocked, the PDF packet; returns the paths."""
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    with desk.session() as session:
        for form in ("html", "pdf") if drafted.status == "draft" else ("html",):
            drawn = render(
                session,
                practice.organization_id,
                drafted.draft_id,
                form=form,
                now=desk.now(),
                actor=ACTOR,
            )
            path = out / drawn.file_name
            path.write_bytes(drawn.content)
            paths.append(path)
    return paths


def show_draft(drafted: AppealDraft, paths: list[Path]) -> None:
    """The paths on stdout; what is missing or blocks the letter on stderr."""
    for path in paths:
        typer.echo(path)
    if len(drafted.denial_ids) > 1:
        remarks.print(
            f"one letter for {len(drafted.denial_ids)} denied lines: "
            f"{', '.join(drafted.denial_ids)}",
            soft_wrap=True,
        )
    for reason in drafted.blocked_reasons:
        remarks.print(f"[bold red]blocked[/]: {reason}", soft_wrap=True)
    for missing in drafted.missing:
        remarks.print(
            f"missing: {missing.kind}: {missing.why} ({missing.supplied_by})",
            soft_wrap=True,
            markup=False,
        )


def _row(stored: StoredDenial, today: date) -> tuple[str, ...]:
    denial, finding, route = stored.denial, stored.finding, stored.route
    cause = "not known"
    if finding is not None and finding.root_cause is not None:
        said = f"{finding.probability:.0%}"
        if finding.confirmed_at is not None:
            said = "confirmed"
        cause = f"{finding.root_cause} ({said})"
        if len(finding.candidates) > 1:
            cause += f"\ncould be: {' or '.join(finding.candidates)}"
        elif finding.candidates_coverage is None and said != "confirmed":
            cause += "\ncodes and records alone: too little history"
    action = str(route.route) if route is not None else "route not worked out"
    return (
        denial.denial_id,
        f"{denial.payer_name}, {denial.procedure_code}, ${denial.denied_amount:,.2f}\n"
        f"{cause}",
        f"{action}\nby {describe_deadline(stored.deadline, today=today)}",
    )


def describe_deadline(deadline: Deadline | None, *, today: date) -> str:
    """A deadline in few words; never a bare date where the window is a guess."""
    if deadline is None:
        return "a day not worked out"
    if deadline.due_on is None:
        return "no day: there is no appeal right"
    said = str(deadline.due_on)
    if deadline.due_on < today:
        said += ", passed"
    if deadline.status == "not_configured":
        said += " (window not configured: earliest plausible)"
    return said


def register(app: typer.Typer) -> None:
    """Add this family's commands."""
    app.command("denials")(denials)
    app.command("draft")(draft)
