"""`denialml correct`: a corrected draft of outgoing claims, as an 837P file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from denialml.cli.desk import ACTOR, expect_file, open_desk, parse_day
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, table, write_json
from denialml.domain.claim import Claim
from denialml.domain.fix import FixClass
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.formats import read_file


def correct(
    file: Annotated[Path, typer.Argument(help="an 837P file")],
    out: Annotated[
        Path | None, typer.Option(help="where to write the drafts (837P, test data)")
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(
            help="a fix to make: its id, or a kind such as attach_authorization;"
            " may be given several times"
        ),
    ] = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(help="only these claims (CLM01); may be given several times"),
    ] = None,
    organization: OrganizationOption = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="day to score as of (default: each claim's own, BHT04)"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Make data corrections that records on file prove, as a draft; sends nothing.

    Without --fix: what could be corrected. Look at the drafts, take them into the
    billing system and send them from there.
    """
    from denialml.journeys.corrected_drafts import (
        draft_corrections,
        draft_file,
        record_drafts,
    )
    from denialml.journeys.score import open_scorer, without_voids
    from denialml.modeling.risk.bundle import load_bundle

    if fix and out is None:
        raise typer.BadParameter("--fix needs --out, the file to write the drafts to")
    if out is not None and out.exists():
        raise typer.BadParameter(f"{out.name} exists already; choose another --out")
    desk = open_desk()
    practice = desk.organization(organization)
    reading = read_file(expect_file(file))
    read = [record for record in reading if isinstance(record, Claim)]
    if not reading.complete:
        raise InputError(
            f"{file.name} may be incomplete: `denialml score` names the place; mend it"
            " before a draft is made of it"
        )
    billed, _ = without_voids(read, file=file.name)
    claims = _asked_for([one for one in billed if one.lines], claim, file=file.name)
    day = parse_day(as_of, "--as-of")
    with desk.session() as session:
        scorer = open_scorer(
            session,
            practice.organization_id,
            bundle=load_bundle(
                desk.settings.serving_bundle_of(practice.organization_id),
                seal=desk.seal(practice.organization_id),
            ),
            rules=desk.rules(practice.organization_id),
        )
        scores = scorer.score(claims, as_of=day)
        if not fix or out is None:
            _show(claims, scores, as_json=as_json)
            return
        wanted = _wanted(scores, fix)
        drafts = draft_corrections(
            claims,
            scores,
            wanted,
            lambda one, on: scorer.score([one], as_of=on)[0],
        )
        content = draft_file(drafts, created_at=desk.now())
        record_drafts(
            session,
            practice.organization_id,
            [claims[position] for position in sorted(wanted)],
            drafts,
            actor=ACTOR,
            now=desk.now(),
        )
    out.write_bytes(content)
    if as_json:
        write_json(drafts)
        return
    table(
        f"{out.name}: corrected drafts (test data), to be looked at and sent from the"
        " billing system",
        ("claim", "risk before", "after", "corrections"),
        [
            (
                one.patient_control_number,
                _percent(one.risk_before),
                _percent(one.risk_after),
                "\n".join(made.statement for made in one.fixes),
            )
            for one in drafts
        ],
    )


def _asked_for(
    claims: Sequence[Claim], numbers: Sequence[str] | None, *, file: str
) -> list[Claim]:
    if not claims:
        raise InputError(f"{file} holds no professional claim (837P) to correct")
    if not numbers:
        return list(claims)
    unknown = set(numbers) - {one.patient_control_number for one in claims}
    if unknown:
        raise InputError(f"{file} holds no claim {sorted(unknown)[0]}")
    return [one for one in claims if one.patient_control_number in numbers]


def _wanted(scores: Sequence[RiskScore], fixes: Sequence[str]) -> dict[int, list[str]]:
    """Which of the fixes each claim has; a fix that none has is a mistake."""
    wanted: dict[int, list[str]] = {}
    for name in fixes:
        found = [
            position
            for position, score in enumerate(scores)
            if score.fixes is not None
            and any(name in (one.fix_id, one.kind) for one in score.fixes.fixes)
        ]
        if not found:
            raise InputError(f"none of the claims has a fix {name}")
        for position in found:
            wanted.setdefault(position, []).append(name)
    return wanted


def _show(
    claims: Sequence[Claim], scores: Sequence[RiskScore], *, as_json: bool
) -> None:
    found = [
        (claim.patient_control_number, score, one)
        for claim, score in zip(claims, scores, strict=True)
        if score.fixes is not None
        for one in score.fixes.fixes
        if one.fix_class is FixClass.DATA_CORRECTION
    ]
    if as_json:
        write_json(
            [{"patient_control_number": number, "fix": one} for number, _, one in found]
        )
        return
    if not found:
        remarks.print("No claim has a data correction that a record on file proves.")
        return
    table(
        "Data corrections that records on file prove",
        ("claim", "fix", "risk", "after", "what"),
        [
            (
                number,
                one.fix_id,
                _percent(None if score.abstains else score.probability),
                _percent(one.risk_after),
                one.statement,
            )
            for number, score, one in found
        ],
    )


def _percent(risk: float | None) -> str:
    return "not told" if risk is None else f"{risk:.0%}"


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("correct")(correct)
