"""`denialml score`: the claims of a file, before they are sent."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from denialml.cli.desk import ACTOR, Desk, expect_file, open_desk, parse_day
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import describe_problem, remarks, table, write_json
from denialml.cli.practice import INCOMPLETE, PROBLEMS_SHOWN, lost_something
from denialml.domain.chain import VOID
from denialml.domain.claim import Claim
from denialml.domain.problem import Problem
from denialml.domain.record import Judgment
from denialml.domain.risk import RiskScore
from denialml.errors import InputError
from denialml.formats import read_file
from denialml.store.audit import AuditAction, record_event
from denialml.store.organizations import Organization


class ScoredFile(Judgment, frozen=True):
    """The risks of one file's claims, riskiest first, and what could not be read.

    `not_scored` are the control numbers of claims without a single service line and of
    void claims, each of which has its problem. Each score says in `warnings` what it
    cannot be trusted for.
    """

    file: str
    complete: bool
    scores: tuple[RiskScore, ...]
    not_scored: tuple[str, ...]
    problems: tuple[Problem, ...]


def score(
    file: Annotated[Path, typer.Argument(help="an 837P file")],
    organization: OrganizationOption = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="day to score as of (default: each claim's own, BHT04)"),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="claims to show")] = 20,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Denial risk of each claim with its reasons, riskiest first; stores nothing."""
    desk = open_desk()
    practice = desk.organization(organization)
    scored = score_file(desk, practice, file, as_of=as_of)
    if as_json:
        write_json(scored)
    else:
        show_scores(scored, top=top)
    if lost_something(scored.complete, scored.problems):
        raise typer.Exit(INCOMPLETE)


def score_file(
    desk: Desk, practice: Organization, path: Path, *, as_of: str | None = None
) -> ScoredFile:
    """Read and score a file.

    Raises:
        InputError: the file holds no claim at all.
        NoModel: nothing has been promoted for this practice.
    """
    from denialml.journeys.score import score_claims, without_voids
    from denialml.modeling.risk.bundle import load_bundle

    reading = read_file(expect_file(path))
    claims = [record for record in reading if isinstance(record, Claim)]
    if not claims:
        raise InputError(f"{path.name} holds no professional claim (837P) to score")
    billed, voids = without_voids(claims, file=path.name)
    bundle = load_bundle(
        desk.settings.serving_bundle_of(practice.organization_id),
        seal=desk.seal(practice.organization_id),
    )
    with desk.session() as session, remarks.status("Scoring"):
        scores = score_claims(
            session,
            practice.organization_id,
            [claim for claim in billed if claim.lines],
            bundle=bundle,
            as_of=parse_day(as_of, "--as-of"),
        )
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
    return ScoredFile(
        file=path.name,
        complete=reading.complete,
        scores=tuple(sorted(scores, key=lambda one: -one.probability)),
        not_scored=tuple(
            claim.patient_control_number
            for claim in claims
            if claim.frequency_code == VOID or not claim.lines
        ),
        problems=(*reading.problems, *voids),
    )


def show_scores(scored: ScoredFile, *, top: int) -> None:
    """The riskiest claims with their reasons."""
    rows = [
        (
            one.patient_control_number,
            f"{one.probability:.0%}",
            " ".join(line.procedure_code for line in one.lines),
            "\n".join(
                [f"- {reason}" for reason in one.reasons[:3]]
                + [f"+ {comfort}" for comfort in one.speaks_for_payment[:1]]
            ),
        )
        for one in scored.scores[:top]
    ]
    table(
        f"{scored.file}: {len(scored.scores):,} claims, riskiest first",
        ("claim", "risk", "codes", "why (- for denial, + for payment)"),
        rows,
    )
    warned = Counter(text for one in scored.scores for text in one.warnings)
    for text, count in warned.items():
        claims = "claim" if count == 1 else "claims"
        remarks.print(f"warning ({count:,} {claims}): {text}", markup=False)
    for number in scored.not_scored:
        remarks.print(f"claim {number} was not scored", markup=False)
    for problem in scored.problems[:PROBLEMS_SHOWN]:
        remarks.print(describe_problem(problem), soft_wrap=True, markup=False)


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("score")(score)
