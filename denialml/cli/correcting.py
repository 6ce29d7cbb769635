"""`denialml correct`: a corrected draft of outgoing claims, as an 837P file."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from denialml.cli.desk import ACTOR, Desk, expect_file, open_desk, parse_day
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import remarks, table, write_json
from denialml.domain.claim import Claim
from denialml.domain.fix import FixClass
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.formats import read_file
from denialml.store.audit import AuditAction, record_event
from denialml.store.organizations import Organization

if TYPE_CHECKING:
    from denialml.journeys.corrected_drafts import CorrectedDraft


class _Scored(NamedTuple):
    """Claims of one file, their scores, and what scores a draft as they were."""

    claims: Sequence[Claim]
    scores: Sequence[RiskScore]
    score_again: Callable[[Claim, date], RiskScore]


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
    if fix and out is None:
        raise typer.BadParameter("--fix needs --out, the file to write the drafts to")
    if out is not None and out.exists():
        raise typer.BadParameter(f"{out.name} exists already; choose another --out")
    desk = open_desk()
    practice = desk.organization(organization)
    claims = _asked_for(_read_whole(expect_file(file)), claim, file=file.name)
    scored = _score(desk, practice, claims, as_of=as_of)
    if not fix or out is None:
        _show(scored, as_json=as_json)
        return
    drafts = _write(desk, practice, scored, _wanted(scored, fix), file=file, out=out)
    if as_json:
        write_json(drafts)
    else:
        _show_drafts(drafts, out)


def _read_whole(file: Path) -> list[Claim]:
    """The claims of a file of which nothing may be missing, without its voids."""
    from denialml.journeys.score import without_voids

    reading = read_file(file)
    if not reading.complete:
        raise InputError(
            f"{file.name} may be incomplete: `denialml score` names the place; mend it"
            " before a draft is made of it"
        )
    read = [record for record in reading.records if isinstance(record, Claim)]
    billed, _ = without_voids(read, file=file.name)
    return [one for one in billed if one.lines]


def _score(
    desk: Desk, practice: Organization, claims: Sequence[Claim], *, as_of: str | None
) -> _Scored:
    """The claims' scores, audited by themselves: a draft that is refused later was a
    reading of the claims all the same."""
    from denialml.journeys.score import open_scorer
    from denialml.modeling.risk.bundle import load_bundle

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
        scores = scorer.score(claims, as_of=parse_day(as_of, "--as-of"))
        record_event(
            session,
            practice.organization_id,
            actor=ACTOR,
            action=AuditAction.CLAIMS_SCORED,
            record_kind="claim",
            record_id="",
            record_count=len(scores),
            now=desk.now(),
        )
    return _Scored(claims, scores, lambda one, on: scorer.score([one], as_of=on)[0])


def _write(
    desk: Desk,
    practice: Organization,
    scored: _Scored,
    wanted: Mapping[int, Collection[str]],
    *,
    file: Path,
    out: Path,
) -> list["CorrectedDraft"]:
    """Write the drafts to `out`, with the audit event of each correction."""
    from denialml.journeys.corrected_drafts import (
        FixRefused,
        corrections_file,
        record_drafts,
    )

    with desk.session() as session, file.open("rb") as stream:
        try:
            drafts, content = corrections_file(
                *scored,
                wanted=wanted,
                created_at=desk.now(),
                stream=stream,
            )
        except FixRefused as refused:
            number = scored.claims[refused.position].patient_control_number
            raise InputError(f"claim {number}: {refused.reason}") from None
        record_drafts(
            session,
            practice.organization_id,
            [scored.claims[position] for position in sorted(wanted)],
            drafts,
            actor=ACTOR,
            now=desk.now(),
        )
    out.write_bytes(content)
    return drafts


def _show_drafts(drafts: Sequence["CorrectedDraft"], out: Path) -> None:
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


def _wanted(scored: _Scored, fixes: Sequence[str]) -> dict[int, list[str]]:
    """Which of the fixes each claim has.

    A fix that none has is a mistake, and one for several claims of one number names
    none of them: nobody could tell their drafts apart.
    """
    wanted: dict[int, list[str]] = {}
    for name in fixes:
        found = [
            position
            for position, score in enumerate(scored.scores)
            if score.fixes is not None
            and any(name in (one.fix_id, one.kind) for one in score.fixes.fixes)
        ]
        if not found:
            raise InputError(f"none of the claims has a fix {name}")
        for position in found:
            wanted.setdefault(position, []).append(name)
    numbers = Counter(
        scored.claims[position].patient_control_number for position in wanted
    )
    for number, count in numbers.items():
        if count > 1:
            raise InputError(
                f"{count} claims of the file are numbered {number}, and a fix is asked"
                " for each: number them apart in the billing system, or choose others"
                " with --claim"
            )
    return wanted


def _show(scored: _Scored, *, as_json: bool) -> None:
    found = [
        (claim.patient_control_number, score, one)
        for claim, score in zip(scored.claims, scored.scores, strict=True)
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
