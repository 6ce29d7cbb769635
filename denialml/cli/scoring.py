"""`denialml score`: the claims of a file, before they are sent."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from denialml.cli.desk import ACTOR, Desk, expect_file, open_desk, parse_day
from denialml.cli.engines import (
    EngineName,
    EngineOption,
    SchedulerOption,
    chosen_engine,
)
from denialml.cli.keys import OrganizationOption
from denialml.cli.output import describe_problem, remarks, table, write_json
from denialml.cli.practice import INCOMPLETE, PROBLEMS_SHOWN, lost_something
from denialml.domain.chain import VOID
from denialml.domain.claim import Claim
from denialml.domain.fix import Fix, FixSet
from denialml.domain.missing import PracticeGap
from denialml.domain.problem import Problem
from denialml.domain.record import Judgment
from denialml.domain.risk import CutOff, RiskScore
from denialml.errors import InputError
from denialml.formats import read_file
from denialml.journeys.engines.engine import Engine
from denialml.rules.practice_gaps import practice_gaps, unknown_of_claim
from denialml.store.audit import AuditAction, record_event
from denialml.store.organizations import Organization

if TYPE_CHECKING:
    from denialml.modeling.risk.bundle import Bundle


_WHY_COLUMN = "why (- for denial, + for payment, ? not known, > what to do)"
_UNKNOWNS_SHOWN = 2


class ScoredFile(Judgment, frozen=True):
    """The risks of one file's claims, riskiest first, and what could not be read.

    `not_scored` are the control numbers of claims without a single service line and of
    void claims, each of which has its problem. Each score says in `warnings` what it
    cannot be trusted for. `cut_off` is the one asked for with ``--precision``;
    `flagged` are the control numbers of the claims at or above its risk that the model
    does not abstain on. `cut_off_note` says why there is no such cut-off, or that a
    stricter one was used. `practice_gaps` are the records that the practice keeps none
    of and that rules asked for.
    """

    file: str
    complete: bool
    scores: tuple[RiskScore, ...]
    not_scored: tuple[str, ...]
    problems: tuple[Problem, ...]
    cut_off: CutOff | None = None
    flagged: tuple[str, ...] = ()
    cut_off_note: str | None = None
    practice_gaps: tuple[PracticeGap, ...] = ()


def score(
    file: Annotated[Path, typer.Argument(help="an 837P file")],
    organization: OrganizationOption = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="day to score as of (default: each claim's own, BHT04)"),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="claims to show")] = 20,
    precision: Annotated[
        float | None,
        typer.Option(
            help="show the claims from the risk on of which this share was denied,"
            " e.g. 0.95"
        ),
    ] = None,
    fixes: Annotated[
        bool,
        typer.Option(
            help="say what to do about each claim; a large file is faster without"
        ),
    ] = True,
    engine: EngineOption = EngineName.LOCAL,
    scheduler: SchedulerOption = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Denial risk of each claim with its reasons, riskiest first; stores nothing."""
    desk = open_desk()
    practice = desk.organization(organization)
    with chosen_engine(desk.settings, engine, scheduler=scheduler) as chosen:
        scored = score_file(
            desk,
            practice,
            file,
            as_of=as_of,
            precision=precision,
            engine=chosen,
            with_fixes=fixes,
        )
    if as_json:
        write_json(scored)
    else:
        show_scores(scored, top=top)
    if lost_something(scored.complete, scored.problems):
        raise typer.Exit(INCOMPLETE)


def score_file(
    desk: Desk,
    practice: Organization,
    path: Path,
    *,
    as_of: str | None = None,
    precision: float | None = None,
    engine: Engine | None = None,
    with_fixes: bool = True,
) -> ScoredFile:
    """Read and score a file.

    Raises:
        InputError: the file holds no claim at all.
        BadParameter: the precision is no share.
        NoModel: nothing has been promoted for this practice.
    """
    from denialml.journeys.score import without_voids
    from denialml.modeling.risk.bundle import load_bundle
    from denialml.modeling.risk.cut_offs import find_cut_off, flagged_by

    if precision is not None and not 0.0 < precision < 1.0:
        message = f"--precision lies between 0 and 1, not at {precision:g}"
        raise typer.BadParameter(message)
    reading = read_file(expect_file(path))
    claims = [record for record in reading if isinstance(record, Claim)]
    if not claims:
        raise InputError(f"{path.name} holds no professional claim (837P) to score")
    billed, voids = without_voids(claims, file=path.name)
    bundle = load_bundle(
        desk.settings.serving_bundle_of(practice.organization_id),
        seal=desk.seal(practice.organization_id),
    )
    cut_offs = bundle.facts.calibration.cut_offs
    cut_off = None if precision is None else find_cut_off(cut_offs, precision)
    scores = _scores(
        desk,
        practice,
        [claim for claim in billed if claim.lines],
        bundle=bundle,
        as_of=as_of,
        engine=engine,
        with_fixes=with_fixes,
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
        cut_off=cut_off,
        flagged=flagged_by(cut_off, scores),
        cut_off_note=(
            None if precision is None else cut_off_note(cut_offs, precision=precision)
        ),
        practice_gaps=practice_gaps([one.findings for one in scores]),
    )


def cut_off_note(cut_offs: Sequence[CutOff], *, precision: float) -> str | None:
    """Why no cut-off serves the precision, or that a stricter one does."""
    from denialml.modeling.risk.cut_offs import find_cut_off, not_reached

    found = find_cut_off(cut_offs, precision)
    if found is None:
        return f"{not_reached(cut_offs, precision)}."
    if found.precision > precision + 1e-9:
        return (
            f"No cut-off was learnt for a precision of {precision:.1%}: that of"
            f" {found.precision:.0%} is used."
        )
    return None


def _scores(
    desk: Desk,
    practice: Organization,
    claims: Sequence[Claim],
    *,
    bundle: "Bundle",
    as_of: str | None,
    engine: Engine | None,
    with_fixes: bool,
) -> list[RiskScore]:
    """The claims' scores, with the audit event of scoring them."""
    from denialml.journeys.score import score_claims

    with desk.session() as session, remarks.status("Scoring"):
        scores = score_claims(
            session,
            practice.organization_id,
            claims,
            bundle=bundle,
            rules=desk.rules(practice.organization_id),
            as_of=parse_day(as_of, "--as-of"),
            engine=engine,
            with_fixes=with_fixes,
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
    return scores


def show_scores(scored: ScoredFile, *, top: int) -> None:
    """The riskiest claims with their reasons, or those that a cut-off flags."""
    chosen = scored.scores
    if scored.cut_off is not None:
        flagged = set(scored.flagged)
        chosen = tuple(one for one in chosen if one.patient_control_number in flagged)
        remarks.print(cut_off_words(scored.cut_off, flagged=len(chosen)), markup=False)
    if scored.cut_off_note is not None:
        remarks.print(scored.cut_off_note, soft_wrap=True, markup=False)
    rows = [
        (
            one.patient_control_number,
            "too little history" if one.abstains else f"{one.probability:.0%}",
            one.decision.decision if one.decision is not None else "",
            " ".join(line.procedure_code for line in one.lines),
            "\n".join(_why(one)),
        )
        for one in chosen[:top]
    ]
    table(
        f"{scored.file}: {len(scored.scores):,} claims, riskiest first",
        ("claim", "risk", "decision", "codes", _WHY_COLUMN),
        rows,
    )
    warned = Counter(text for one in scored.scores for text in one.warnings)
    for text, count in warned.items():
        claims = "claim" if count == 1 else "claims"
        remarks.print(f"warning ({count:,} {claims}): {text}", markup=False)
    _show_gaps(scored)
    for number in scored.not_scored:
        remarks.print(f"claim {number} was not scored", markup=False)
    for problem in scored.problems[:PROBLEMS_SHOWN]:
        remarks.print(describe_problem(problem), soft_wrap=True, markup=False)


def _show_gaps(scored: ScoredFile) -> None:
    """What rules cannot tell of any claim, with where such records go."""
    for gap in scored.practice_gaps:
        rules = f" ({' '.join(gap.rule_ids)})" if len(gap.rule_ids) > 1 else ""
        asked = f"asked for {gap.claims:,} of {len(scored.scores):,} claims"
        remarks.print(
            f"not kept: {gap.statement.removesuffix('.')}{rules}, {asked}."
            f" {gap.advice}",
            soft_wrap=True,
            markup=False,
        )


def _why(score: RiskScore) -> list[str]:
    """What rules found and cannot tell of this claim, gravest first, then what raises
    the risk and what lowers it."""
    found = [one for one in score.findings if one.verdict == "found"]
    unknown = list(unknown_of_claim(score.findings).items())
    return [
        *[f"? {score.abstention_reason}"] * score.abstains,
        *[f"{one.severity}: {one.statement} ({one.rule_id})" for one in found[:3]],
        *[
            f"? cannot tell: {fact} ({' '.join(rules)})"
            for fact, rules in unknown[:_UNKNOWNS_SHOWN]
        ],
        *[f"- {reason}" for reason in score.reasons[:3]],
        *[f"+ {comfort}" for comfort in score.speaks_for_payment[:1]],
        *[f"> {said}" for said in _what_to_do(score)],
    ]


def _what_to_do(score: RiskScore) -> list[str]:
    """Not to send it, where that is so, and the smallest set of fixes in a line."""
    fixes = score.fixes
    if fixes is None:
        return []
    said = [one.statement for one in fixes.fixes if one.stops]
    if fixes.smallest is None:
        return said
    by_id = {one.fix_id: one for one in fixes.fixes}
    steps = "; ".join(_step(by_id[fix_id]) for fix_id in fixes.smallest.fix_ids)
    return [
        *said,
        ", ".join(
            [
                steps,
                *_course(score, fixes.smallest),
                *_shortfall(fixes.smallest, accepted_risk=fixes.accepted_risk),
            ]
        ),
    ]


def _step(fix: Fix) -> str:
    """A fix by its kind: what it says in full is in the answer as JSON."""
    lines = " ".join(map(str, fix.line_numbers))
    of_line = f" (line {lines})" if lines else ""
    return f"{fix.fix_by.replace('_', ' ')}: {fix.kind.replace('_', ' ')}{of_line}"


def _course(score: RiskScore, found: FixSet) -> list[str]:
    """The risk before the set and after each fix, and what it protects; where the
    model abstains, a question mark."""
    before = None if score.abstains else score.probability
    risks = (before, *found.risks_after)
    if all(one is None for one in found.risks_after):
        return []
    shown = ["?" if risk is None else f"{risk:.0%}" for risk in risks]
    course = [f"risk {' -> '.join(shown)}"]
    protected = None if score.abstains else found.dollars_protected
    if protected is not None and protected >= 1:
        course.append(f"protects ${protected:,.0f}")
    return course


def _shortfall(found: FixSet, *, accepted_risk: float) -> list[str]:
    """What the set leaves undone."""
    if found.reaches:
        return []
    if found.still_found:
        return [f"still held by {' '.join(found.still_found)}"]
    if found.risks_after[-1] is None:
        return ["too little history on the claim as it then is"]
    return [f"above the accepted {accepted_risk:.0%}"]


def cut_off_words(cut_off: CutOff, *, flagged: int) -> str:
    """What a cut-off is worth, in one line."""
    claims = "claim is" if flagged == 1 else "claims are"
    return (
        f"{flagged:,} {claims} flagged for a precision of {cut_off.precision:.0%}, at a"
        f" risk of {cut_off.risk:.1%} or more:"
        f" among {cut_off.flagged:,} earlier claims flagged so, {cut_off.denied:,} were"
        f" denied (95% interval {cut_off.low:.0%} to {cut_off.high:.0%}), which were"
        f" {cut_off.recall:.0%} of all denied claims"
    )


def register(app: typer.Typer) -> None:
    """Add this family's command."""
    app.command("score")(score)
