"""What a letter would state and no record does, and what a person settles by hand."""

from datetime import date

from denialml.appeals.authorities import UNCONFIRMED
from denialml.appeals.case_file import CaseFile, payer_type
from denialml.appeals.catalog import TemplateSpecification
from denialml.appeals.document_copies import OTHER_WORDS
from denialml.appeals.evidence import EvidenceFile, kind_label
from denialml.appeals.known_facts import FACTS
from denialml.appeals.lateness import claim_limit, lateness, limit_in_words
from denialml.appeals.line_record import LineRecord
from denialml.appeals.record_prints import is_print
from denialml.appeals.values import day_text
from denialml.domain.appeal import MissingEvidence
from denialml.domain.denial import Route
from denialml.reference import document_kinds

_CLAIM_GOES_ALONG = frozenset({Route.CORRECTED_CLAIM, Route.NEW_CLAIM, Route.REOPENING})


def letter_gaps(
    lines: tuple[LineRecord, ...],
    specification: TemplateSpecification,
    evidence: EvidenceFile,
    *,
    on: date,
) -> tuple[MissingEvidence, ...]:
    """Facts the letter would state, and particulars that no record supplies.

    `evidence` is that of the whole letter, `on` its day.
    """
    case = lines[0].case
    missing = [
        MissingEvidence(
            kind=name,
            why=f"The letter would state {FACTS[name].what}; no record on file does.",
            supplied_by=FACTS[name].supplied_by,
        )
        for name in specification.facts.wanted
        if not all(getattr(line.facts, name) for line in lines)
    ]
    return (
        *missing,
        *_missing_particulars(case, specification),
        *_needs_a_look(case, evidence, on=on),
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
                "corrects it and checks that it says what the cover says."
                f"{_send_by(case)}",
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


def _send_by(case: CaseFile) -> str:
    limit = claim_limit(case)
    if limit is None or limit.due_on is None:
        return ""
    return f" Last day to send it: {day_text(limit.due_on)} ({limit_in_words(limit)})."


def _needs_a_look(
    case: CaseFile, evidence: EvidenceFile, *, on: date
) -> list[MissingEvidence]:
    """What only a person can settle before the letter leaves."""
    looks = [
        MissingEvidence(kind="deadline", why=why, supplied_by="a supervisor")
        for why in lateness(case, on=on)
    ]
    looks += [
        MissingEvidence(
            kind="record_versions",
            why=f"Two versions of one {kind_label(one.kind)} are on file and one of "
            "them is attached: compare them, and send the one that is the record.",
            supplied_by="the treating clinician",
        )
        for one in evidence.withheld
        if one.reason == OTHER_WORDS
    ]
    for exhibit in evidence.exhibits:
        entry = document_kinds().get(exhibit.kind)
        is_record = is_print(exhibit.document_id)
        if entry is not None and entry.extract_only and not is_record:
            looks.append(
                MissingEvidence(
                    kind="redaction",
                    why=f"Exhibit {exhibit.label} is of a kind that often lists other "
                    "people; look that only this patient's part is in it.",
                    supplied_by="the person who signs",
                )
            )
    return looks
