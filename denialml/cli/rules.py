"""`denialml rules`: the claim rules there are, and an organization's own file."""

from pathlib import Path
from typing import Annotated

import typer

from denialml.cli.output import remarks, table, write_json
from denialml.rules.page import rules_page
from denialml.rules.registry import all_rules


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
    page: Annotated[
        bool, typer.Option("--page", help="print docs/rules.md instead")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Every claim rule with its severity, payers and support."""
    if check is not None:
        _check(check)
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


def _check(path: Path) -> None:
    from denialml.rules.organization_rules import load_organization_rules

    found = load_organization_rules(path, known=frozenset(all_rules()))
    off = sum(not one.enabled for one in found.rules.values())
    remarks.print(
        f"{path.name} is read without a fault: {len(found.rules)} rules set ({off}"
        f" switched off), {len(found.payers)} payers, {len(found.payer_rules)} payer"
        " rules",
        markup=False,
    )


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("rules")(rules)
