"""When there is no letter: what refutes it, and what is not yet on file for it.

A refusal stands whatever else may come onto file. "Not yet" names what the argument
rests on and nobody has filed, and says that the clock runs meanwhile.
"""

import msgspec

from denialml.appeals.case_file import CaseFile
from denialml.appeals.catalog import TemplateSpecification
from denialml.appeals.correction_facts import why_no_correction
from denialml.appeals.doubt import unsupported_cause
from denialml.appeals.evidence import EvidenceFile, kind_label, one_of
from denialml.appeals.known_facts import FACTS, FactsContext
from denialml.appeals.line_record import LineRecord
from denialml.appeals.template_needs import EvidenceGroup
from denialml.appeals.values import day_text
from denialml.domain.appeal import MissingEvidence
from denialml.domain.denial import Route


def evidence_first(case: CaseFile, specification: TemplateSpecification) -> CaseFile:
    """The route stays what it is, after what has to be gathered for it."""
    reason = f"Evidence first. {specification.next_step} Then: {case.route.reason}"
    route = msgspec.structs.replace(case.route, reason=reason)
    return msgspec.structs.replace(case, route=route)


def refusals(line: LineRecord, specification: TemplateSpecification) -> tuple[str, ...]:
    """Why there should be no letter, whatever else may come onto file."""
    case, evidence = line.case, line.evidence
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


def not_yet(line: LineRecord, specification: TemplateSpecification) -> tuple[str, ...]:
    """Why the letter cannot be written from what is on file, and what to do first."""
    case, evidence, facts = line.case, line.evidence, line.facts
    absent = [
        FACTS[name].what
        for name in _absent_facts(specification, facts)
        if name != "correction"
    ]
    absent += [one_of(group.kinds) for group in _absent(specification, evidence, facts)]
    unanswered = _unanswered(line, specification)
    if unanswered and not absent:
        return (*unanswered, *_clock_runs(case))
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
        *unanswered,
        *_clock_runs(case),
    )


def _unanswered(
    line: LineRecord, specification: TemplateSpecification
) -> tuple[str, ...]:
    """Grounds of the denial that the letter would leave standing."""
    denial = line.case.denial
    codes = {*denial.remark_codes, *(one.reason_code for one in denial.adjustments)}
    attached = {exhibit.kind for exhibit in line.evidence.exhibits}
    return tuple(
        ground.why
        for ground in specification.unanswered
        if codes & set(ground.codes)
        and not attached & set(ground.kinds)
        and not any(getattr(line.facts, name) for name in ground.facts)
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


def essential_facts_missing(
    specification: TemplateSpecification, facts: FactsContext
) -> tuple[MissingEvidence, ...]:
    """The essential facts that no record states, and who can supply them."""
    return tuple(
        MissingEvidence(
            kind=name,
            why=f"The letter would rest on {FACTS[name].what}; no record on file says.",
            supplied_by=FACTS[name].supplied_by,
        )
        for name in _absent_facts(specification, facts)
    )
