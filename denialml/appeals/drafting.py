"""Draft one letter from the case files it covers. Pure: same record, same letter.

A draft is `blocked` where the record refutes the claim, where what the letter would
argue from is not on file, or where no letter is the right step. A blocked draft has
no text; its reasons say what to do instead.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TypeVar

import msgspec

from denialml.appeals.authorities import select_authorities
from denialml.appeals.case_file import CaseFile, payer_type
from denialml.appeals.catalog import (
    Catalog,
    TemplateSpecification,
    packaged_catalog,
)
from denialml.appeals.checking import check_letter
from denialml.appeals.context import letter_context
from denialml.appeals.evidence import EvidenceFile, gather_evidence, merge_evidence
from denialml.appeals.known_facts import FactsContext, known_facts
from denialml.appeals.lateness import warned_of_lateness
from denialml.appeals.letter_gaps import letter_gaps
from denialml.appeals.line_record import LineRecord
from denialml.appeals.markup import parse_blocks
from denialml.appeals.refusing import (
    essential_facts_missing,
    evidence_first,
    not_yet,
    refusals,
)
from denialml.domain.appeal import AppealDraft, Citation, LetterBlock, MissingEvidence
from denialml.domain.denial import Route

T = TypeVar("T")
_NO_LETTER = {
    Route.OTHER_PAYER: "Find and bill the coverage that was in force, at once: its "
    "filing limit counts from the date of service. No letter to this payer helps.",
    Route.ENROLLMENT_FIX: "Repair the enrollment with the payer first. Never bill "
    "the service under another clinician.",
    Route.VERIFY_FORWARDED: "The payer forwarded the claim to another payer. Ask that "
    "payer for its answer before doing anything else.",
    Route.CONTRACT_REVIEW: "The whole charge was adjusted as contractual. Check the "
    "contract and the payer's rate load first; there is no denial to appeal.",
    Route.WRITE_OFF_REVIEW: "Nothing on file supports a letter. Have a supervisor "
    "review the balance; never bill the patient for it without checking the rules.",
    Route.UNKNOWN: "The denial's codes do not say why it was denied. Ask the payer "
    "for the specific reason, then choose the route.",
}


def draft_letter(
    case: CaseFile,
    *,
    others: Sequence[CaseFile] = (),
    drafted_at: datetime,
    catalog: Catalog | None = None,
) -> AppealDraft:
    """Draft the letter that the case's route asks for.

    `others` are further lines of the same claim that the same answer denied for the
    same cause; the letter names each with its amount and its own facts. `drafted_at`
    is an aware instant; its date is the letter's date and the day on which consents
    and authorities must be valid. Raises TemplateFault where a template breaks its
    contract; everything about the case is in the draft itself.
    """
    templates = catalog or packaged_catalog()
    specification = templates.choose(
        case.finding.root_cause, case.route.route, payer_type=payer_type(case)
    )
    on = drafted_at.date()
    case = warned_of_lateness(case, on=on)
    cases = (case, *others)
    if specification is None:
        reason = _NO_LETTER.get(case.route.route, "No letter fits this route.")
        return _draft(cases, drafted_at, None, _nothing(), blocked=(reason,))
    lines = tuple(_line_record(each, specification, on=on) for each in cases)
    evidence = merge_evidence(
        [line.evidence for line in lines], needs=specification.evidence
    )
    refused = _each(refusals(line, specification) for line in lines)
    waiting = _each(not_yet(line, specification) for line in lines)
    if refused or waiting:
        first = case if refused else evidence_first(case, specification)
        return _draft(
            (first, *others),
            drafted_at,
            specification,
            evidence,
            missing=_each(
                essential_facts_missing(specification, line.facts) for line in lines
            ),
            blocked=refused or waiting,
        )
    citations = _citations(lines, specification, on=on)
    blocks, faults = _write(
        lines, specification, evidence, citations=citations, templates=templates, on=on
    )
    return _draft(
        cases,
        drafted_at,
        specification,
        evidence,
        blocks=() if faults else blocks,
        citations=citations,
        missing=letter_gaps(lines, specification, evidence, on=on),
        blocked=faults,
    )


def _line_record(
    case: CaseFile, specification: TemplateSpecification, *, on: date
) -> LineRecord:
    evidence = gather_evidence(case, specification.evidence, on=on)
    return LineRecord(case=case, evidence=evidence, facts=known_facts(case, evidence))


def _each(found: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    """What was found for each line, in order, nothing twice."""
    return tuple(dict.fromkeys(one for of_line in found for one in of_line))


def _citations(
    lines: tuple[LineRecord, ...], specification: TemplateSpecification, *, on: date
) -> tuple[Citation, ...]:
    """The authorities that hold for every line of the letter."""
    held = [
        select_authorities(
            _arguable(specification.topics, line.facts),
            payer_type=payer_type(line.case),
            state=line.case.payer.state if line.case.payer is not None else "",
            service_date=line.case.line.service_date,
            on=on,
        )
        for line in lines
    ]
    return tuple(one for one in held[0] if all(one in of_line for of_line in held))


def _arguable(topics: tuple[str, ...], facts: FactsContext) -> tuple[str, ...]:
    """What an approved authorization binds the plan to is argued only with one."""
    if facts.authorization_number:
        return topics
    return tuple(topic for topic in topics if topic != "authorization_on_file")


def _write(
    lines: tuple[LineRecord, ...],
    specification: TemplateSpecification,
    evidence: EvidenceFile,
    *,
    citations: tuple[Citation, ...],
    templates: Catalog,
    on: date,
) -> tuple[tuple[LetterBlock, ...], tuple[str, ...]]:
    """The letter's blocks, and what the checker finds wrong with them."""
    context = letter_context(
        lines,
        evidence,
        subject=specification.subject,
        quote_labels=specification.quotes,
        citations=citations,
        drafted_on=on,
    )
    cases = [line.case for line in lines]
    payer_id = cases[0].claim.payer.payer_id
    markup = templates.render(specification, context, payer_id=payer_id)
    blocks = _said_once(parse_blocks(markup))
    faults = check_letter(
        blocks,
        cases,
        evidence=evidence,
        citations=citations,
        literals=(*templates.literals, *specification.literals),
        on=on,
    )
    return blocks, faults


def _said_once(blocks: tuple[LetterBlock, ...]) -> tuple[LetterBlock, ...]:
    """Without sentences that hold for several lines and were written for each."""
    said: set[tuple[str, str, tuple[str, ...]]] = set()
    kept = []
    for block in blocks:
        key = (block.kind, block.text, block.items)
        if block.kind not in ("paragraph", "list") or key not in said:
            kept.append(block)
        said.add(key)
    return tuple(kept)


def _nothing() -> EvidenceFile:
    return EvidenceFile(
        exhibits=(), withheld=(), missing=(), refutations=(), part_2=False
    )


def _draft(
    cases: Sequence[CaseFile],
    drafted_at: datetime,
    specification: TemplateSpecification | None,
    evidence: EvidenceFile,
    *,
    blocks: tuple[LetterBlock, ...] = (),
    citations: tuple[Citation, ...] = (),
    missing: tuple[MissingEvidence, ...] = (),
    blocked: tuple[str, ...] = (),
) -> AppealDraft:
    case = cases[0]
    draft = AppealDraft(
        draft_id="",
        denial_id=case.denial.denial_id,
        denial_ids=tuple(each.denial.denial_id for each in cases),
        template=specification.id if specification else "",
        template_version=specification.version if specification else "",
        status="blocked" if blocked else "draft",
        drafted_at=drafted_at,
        subject=specification.subject if specification else "No letter",
        blocks=blocks,
        exhibits=() if blocked else evidence.exhibits,
        withheld=evidence.withheld,
        missing=(*evidence.missing, *missing),
        citations=citations,
        finding=case.finding,
        route=case.route,
        deadline=case.deadline,
        blocked_reasons=blocked,
    )
    return msgspec.structs.replace(draft, draft_id=_draft_id(draft))


def _draft_id(draft: AppealDraft) -> str:
    """From the content and the letter's day: the same letter has the same id.

    The time of day is left out, so that drafting twice on one day from an unchanged
    record gives one draft.
    """
    day = draft.drafted_at.replace(hour=0, minute=0, second=0, microsecond=0)
    content = msgspec.json.encode(msgspec.structs.replace(draft, drafted_at=day))
    return f"drf_{hashlib.sha256(content).hexdigest()[:24]}"
