"""Draft one letter from one case file. Pure: same case, same day, same letter.

A draft is `blocked` where the record refutes the claim, where what the letter would
argue from is not on file, or where no letter is the right step. A blocked draft has
no text; its reasons say what to do instead.
"""

import hashlib
from datetime import date, datetime

import msgspec

from denialml.appeals.authorities import UNCONFIRMED, select_authorities
from denialml.appeals.case_file import CaseFile, payer_type
from denialml.appeals.catalog import (
    Catalog,
    EvidenceGroup,
    TemplateSpecification,
    packaged_catalog,
)
from denialml.appeals.checking import check_letter
from denialml.appeals.context import letter_context
from denialml.appeals.correction_facts import why_no_correction
from denialml.appeals.doubt import unsupported_cause
from denialml.appeals.evidence import (
    EvidenceFile,
    gather_evidence,
    kind_label,
    one_of,
)
from denialml.appeals.known_facts import FACTS, FactsContext, known_facts
from denialml.appeals.markup import parse_blocks
from denialml.appeals.values import day_text
from denialml.domain.appeal import AppealDraft, Citation, LetterBlock, MissingEvidence
from denialml.domain.denial import Route
from denialml.reference import document_kinds

_CLAIM_GOES_ALONG = frozenset({Route.CORRECTED_CLAIM, Route.NEW_CLAIM, Route.REOPENING})
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
    case: CaseFile, *, drafted_at: datetime, catalog: Catalog | None = None
) -> AppealDraft:
    """Draft the letter that the case's route asks for.

    `drafted_at` is an aware instant; its date is the letter's date and the day on
    which consents and authorities must be valid. Raises TemplateFault where a
    template breaks its contract; everything about the case is in the draft itself.
    """
    templates = catalog or packaged_catalog()
    specification = templates.choose(
        case.finding.root_cause, case.route.route, payer_type=payer_type(case)
    )
    if specification is None:
        reason = _NO_LETTER.get(case.route.route, "No letter fits this route.")
        return _draft(case, drafted_at, None, _nothing(), blocked=(reason,))
    on = drafted_at.date()
    evidence = gather_evidence(case, specification.evidence, on=on)
    facts = known_facts(case, evidence)
    refused = _refusals(case, specification, evidence)
    not_yet = () if refused else _not_yet(case, specification, evidence, facts)
    if refused or not_yet:
        return _draft(
            _evidence_first(case, specification) if not_yet else case,
            drafted_at,
            specification,
            evidence,
            missing=_essential_facts_missing(specification, facts),
            blocked=refused or not_yet,
        )
    citations = select_authorities(
        _arguable(specification.topics, facts),
        payer_type=payer_type(case),
        state=case.payer.state if case.payer is not None else "",
        service_date=case.line.service_date,
        on=on,
    )
    blocks, faults = _write(
        case, specification, evidence, citations=citations, templates=templates, on=on
    )
    return _draft(
        case,
        drafted_at,
        specification,
        evidence,
        blocks=() if faults else blocks,
        citations=citations,
        missing=_missing(case, specification, evidence, facts, on=on),
        blocked=faults,
    )


def _arguable(topics: tuple[str, ...], facts: FactsContext) -> tuple[str, ...]:
    """What an approved authorization binds the plan to is argued only with one."""
    if facts.authorization_number:
        return topics
    return tuple(topic for topic in topics if topic != "authorization_on_file")


def _write(
    case: CaseFile,
    specification: TemplateSpecification,
    evidence: EvidenceFile,
    *,
    citations: tuple[Citation, ...],
    templates: Catalog,
    on: date,
) -> tuple[tuple[LetterBlock, ...], tuple[str, ...]]:
    """The letter's blocks, and what the checker finds wrong with them."""
    context = letter_context(
        case,
        evidence,
        subject=specification.subject,
        quote_labels=specification.quotes,
        citations=citations,
        drafted_on=on,
    )
    payer_id = case.claim.payer.payer_id
    markup = templates.render(specification, context, payer_id=payer_id)
    blocks = parse_blocks(markup)
    faults = check_letter(
        blocks,
        case,
        evidence=evidence,
        citations=citations,
        literals=(*templates.literals, *specification.literals),
        on=on,
    )
    return blocks, faults


def _nothing() -> EvidenceFile:
    return EvidenceFile(
        exhibits=(), withheld=(), missing=(), refutations=(), part_2=False
    )


def _evidence_first(case: CaseFile, specification: TemplateSpecification) -> CaseFile:
    """The route stays what it is, after what has to be gathered for it."""
    reason = f"Evidence first. {specification.next_step} Then: {case.route.reason}"
    route = msgspec.structs.replace(case.route, reason=reason)
    return msgspec.structs.replace(case, route=route)


def _refusals(
    case: CaseFile, specification: TemplateSpecification, evidence: EvidenceFile
) -> tuple[str, ...]:
    """Why there should be no letter, whatever else may come onto file."""
    if evidence.refutations:
        return evidence.refutations
    no_right = case.deadline.status == "no_appeal_right"
    if case.route.route is Route.APPEAL and no_right:
        return (case.deadline.note or "There is no right of appeal here.",)
    if specification.form == "letter" and specification.root_causes:
        doubt = unsupported_cause(case.denial, case.finding)
        if doubt:
            return (doubt,)
    if case.line.service_date is None:
        return ("The line has no date of service; correct the claim first.",)
    return ()


def _not_yet(
    case: CaseFile,
    specification: TemplateSpecification,
    evidence: EvidenceFile,
    facts: FactsContext,
) -> tuple[str, ...]:
    """Why the letter cannot be written from what is on file, and what to do first."""
    absent = [
        FACTS[name].what
        for name in _absent_facts(specification, facts)
        if name != "correction"
    ]
    absent += [one_of(group.kinds) for group in _absent(specification, evidence, facts)]
    if not absent:
        if "correction" not in specification.facts.essential or facts.correction:
            return ()
        return (why_no_correction(case, evidence, next_step=specification.next_step),)
    essential = {k for group in specification.evidence.groups for k in group.kinds}
    unusable = [
        f"On file but not usable, {kind_label(one.kind)}: {one.reason}"
        for one in evidence.withheld
        if one.kind in essential
    ]
    verb = "argued" if specification.form == "letter" else "sent"
    return (
        f"Cannot be {verb} yet. Not on file: {'; '.join(absent)}. "
        f"{specification.next_step}",
        *dict.fromkeys(unusable),
        *_clock_runs(case),
    )


def _absent_facts(
    specification: TemplateSpecification, facts: FactsContext
) -> list[str]:
    return [name for name in specification.facts.essential if not getattr(facts, name)]


def _absent(
    specification: TemplateSpecification, evidence: EvidenceFile, facts: FactsContext
) -> list[EvidenceGroup]:
    """Essential groups of which nothing is attached and no fact stands in."""
    attached = {exhibit.kind for exhibit in evidence.exhibits}
    return [
        group
        for group in specification.evidence.essential
        if not attached & set(group.kinds)
        and not any(getattr(facts, name) for name in group.facts)
    ]


def _clock_runs(case: CaseFile) -> tuple[str, ...]:
    """Gathering evidence does not stop the clock (correction E09)."""
    due = case.deadline.due_on
    if due is None or case.route.route not in (Route.APPEAL, Route.RECORDS):
        return ()
    return (
        f"Gathering it does not stop the clock: the appeal is due {day_text(due)}.",
    )


def _missing(
    case: CaseFile,
    specification: TemplateSpecification,
    evidence: EvidenceFile,
    facts: FactsContext,
    *,
    on: date,
) -> tuple[MissingEvidence, ...]:
    """Facts the letter would state, and particulars that no record supplies."""
    missing = [
        MissingEvidence(
            kind=name,
            why=f"The letter would state {FACTS[name].what}; no record on file does.",
            supplied_by=FACTS[name].supplied_by,
        )
        for name in specification.facts.wanted
        if not getattr(facts, name)
    ]
    return (
        *missing,
        *_missing_particulars(case, specification),
        *_needs_a_look(case, evidence, on=on),
    )


def _essential_facts_missing(
    specification: TemplateSpecification, facts: FactsContext
) -> tuple[MissingEvidence, ...]:
    return tuple(
        MissingEvidence(
            kind=name,
            why=f"The letter would rest on {FACTS[name].what}; no record on file says.",
            supplied_by=FACTS[name].supplied_by,
        )
        for name in _absent_facts(specification, facts)
    )


def _missing_particulars(
    case: CaseFile, specification: TemplateSpecification
) -> list[MissingEvidence]:
    payer = case.payer
    billing = "the practice's billing staff"
    missing = []
    if payer is None or (payer.appeal_address is None and not payer.appeal_fax):
        missing.append(
            MissingEvidence(
                kind="payer_address",
                why="The payer's appeal address or fax is not on file; add it to the "
                "payer's record or write it on the envelope.",
                supplied_by=billing,
            )
        )
    is_new = case.route.route is Route.NEW_CLAIM
    if not is_new and not case.denial.payer_claim_control_number:
        missing.append(
            MissingEvidence(
                kind="payer_claim_number",
                why="The remittance gave no claim number of the payer's.",
                supplied_by="the payer's provider services",
            )
        )
    if specification.form == "cover" and case.route.route in _CLAIM_GOES_ALONG:
        missing.append(
            MissingEvidence(
                kind="corrected_claim",
                why="The corrected claim itself goes with this cover. A person "
                "corrects it and checks that it says what the cover says.",
                supplied_by=billing,
            )
        )
    if payer_type(case) in UNCONFIRMED and specification.topics:
        missing.append(
            MissingEvidence(
                kind="plan_type",
                why="Whether the plan is insured, self-funded or public is not "
                "confirmed, so the letter cites no law specific to a plan type.",
                supplied_by="the payer's provider services, or the member's card",
            )
        )
    return missing


def _needs_a_look(
    case: CaseFile, evidence: EvidenceFile, *, on: date
) -> list[MissingEvidence]:
    """What only a person can settle before the letter leaves."""
    looks = []
    due = case.deadline.due_on
    if due is not None and due < on and case.route.route is Route.APPEAL:
        looks.append(
            MissingEvidence(
                kind="deadline",
                why=f"The last day to appeal was {day_text(due)}; a late appeal needs "
                "good cause, said in the letter.",
                supplied_by="a supervisor",
            )
        )
    for exhibit in evidence.exhibits:
        entry = document_kinds().get(exhibit.kind)
        if entry is not None and entry.extract_only:
            looks.append(
                MissingEvidence(
                    kind="redaction",
                    why=f"Exhibit {exhibit.label} is of a kind that often lists other "
                    "people; look that only this patient's part is in it.",
                    supplied_by="the person who signs",
                )
            )
    return looks


def _draft(
    case: CaseFile,
    drafted_at: datetime,
    specification: TemplateSpecification | None,
    evidence: EvidenceFile,
    *,
    blocks: tuple[LetterBlock, ...] = (),
    citations: tuple[Citation, ...] = (),
    missing: tuple[MissingEvidence, ...] = (),
    blocked: tuple[str, ...] = (),
) -> AppealDraft:
    draft = AppealDraft(
        draft_id="",
        denial_id=case.denial.denial_id,
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
