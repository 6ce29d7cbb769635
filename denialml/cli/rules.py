"""`denialml rules`: the claim rules there are, and an organization's own file."""

from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from denialml.cli.desk import Desk, open_desk
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, table, write_json
from denialml.domain.coverage import Payer
from denialml.errors import UnknownRecord
from denialml.rules.measured import RuleMeasures
from denialml.rules.page import rules_page
from denialml.rules.registry import all_rules
from denialml.settings import Settings
from denialml.store.audit import AuditAction
from denialml.store.organizations import Organization
from denialml.store.record_lists import RecordKind, StoredRecord, list_records


def rules(
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            help="read an organization's rules file and name what is wrong",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure", help="count how often each rule was right, by remittances"
        ),
    ] = False,
    organization: OrganizationOption = None,
    page: Annotated[
        bool, typer.Option("--page", help="print docs/rules.md instead")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Every claim rule with its severity, payers and support."""
    if check is not None:
        _check(check, organization)
        return
    if measure:
        _measure(organization, as_json=as_json)
        return
    if page:
        typer.echo(rules_page(), nl=False)
        return
    known = all_rules().values()
    if as_json:
        write_json(
            [
                {
                    "rule_id": rule.id,
                    "title": rule.title,
                    "statement": rule.statement,
                    "severity": rule.severity,
                    "payer_types": sorted(rule.payer_types),
                    "procedure_codes": sorted(rule.codes),
                    "valid_from": rule.valid_from,
                    "valid_to": rule.valid_to,
                    "fields": rule.fields,
                    "reason_codes": rule.reason_codes,
                    "remark_codes": rule.remark_codes,
                    "root_cause": rule.root_cause,
                    "fix": rule.fix,
                    "source": rule.source,
                    "support": rule.support,
                }
                for rule in known
            ]
        )
        return
    rows = [(rule.id, rule.severity, rule.title, rule.support) for rule in known]
    table(f"{len(rows)} claim rules", ("id", "severity", "rule", "support"), rows)


def _check(path: Path, organization: str | None) -> None:
    from denialml.rules.organization_rules import load_organization_rules

    found = load_organization_rules(path, known=frozenset(all_rules()))
    off = sum(not one.enabled for one in found.rules.values())
    remarks.print(
        f"{path.name} is read without a fault: {len(found.rules)} rules set ({off}"
        f" switched off), {len(found.payers)} payers, {len(found.payer_rules)} payer"
        " rules",
        markup=False,
    )
    known = _payers_set_up(organization) if found.payers else None
    if known is None:
        return
    for payer_id in found.payers:
        if payer_id not in known:
            remarks.print(
                f"warning: [payers.{payer_id}] is no payer that the practice has set"
                " up, so that its settings may bear on no claim; the id is that of the"
                " claims (NM109 of loop 2010BB)",
                markup=False,
                soft_wrap=True,
            )


def _payers_set_up(organization: str | None) -> frozenset[str] | None:
    """The practice's payer ids; None where no database tells: a file can be checked
    before there is one, and checking makes none."""
    url = make_url(Settings().resolved_database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return None
    desk = open_desk()
    try:
        practice = desk.organization(organization)
    except UnknownRecord:
        if organization is not None:
            raise
        return None
    found: list[StoredRecord[Payer]] = []
    with desk.session(read_only=True) as session:
        while page := list_records(
            session,
            practice.organization_id,
            RecordKind.PAYERS,
            after=found[-1].record_id if found else "",
        ):
            found += page
    return frozenset(one.record.payer_id for one in found)


def _measure(organization: str | None, *, as_json: bool) -> None:
    desk = open_desk()
    practice = desk.organization(organization)
    found = measure_with_remarks(desk, practice)
    if as_json:
        write_json(found)
        return
    rows = [
        (
            rule_id,
            payer_id,
            f"{one.found:,}",
            f"{one.denied / one.found:.0%}",
            f"{one.usually_denied:.0%}",
            f"{one.precision:.0%}",
        )
        for rule_id, payers in found.by_payer.items()
        for payer_id, one in payers.items()
    ]
    table(
        f"Answered lines since {found.since} that a rule found something on",
        ("rule", "payer", "lines", "denied", "usually", "for what it found"),
        rows,
    )


def measure_with_remarks(desk: Desk, practice: Organization) -> RuleMeasures:
    """Measure the practice's rules, and keep that beside its rules file."""
    from denialml.journeys.rule_measuring import measure_rules, save_measures
    from denialml.journeys.written_rules import measures_beside

    with (
        desk.session(read_only=True) as session,
        remarks.status("Measuring the rules on a year of remittances"),
    ):
        found = measure_rules(
            session,
            practice.organization_id,
            rules=desk.rules(practice.organization_id).written,
            as_of=desk.today(),
        )
    path = desk.settings.rules_file_of(practice.organization_id)
    save_measures(found, measures_beside(path))
    with desk.session() as session:
        desk.note(
            session,
            practice,
            AuditAction.RULES_MEASURED,
            record_kind="rules",
            record_id=found.as_of.isoformat(),
        )
    lines = sum(one.found for by in found.by_payer.values() for one in by.values())
    remarks.print(f"{len(found.by_payer)} rules found something on {lines:,} lines")
    return found


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("rules")(rules)
