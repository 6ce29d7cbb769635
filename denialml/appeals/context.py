"""Computes what a letter template may print, before anything is drawn.

Templates decide nothing: whatever they choose between is decided here. The fields
are declared in `declared_context` and `known_facts`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from denialml.appeals.answer_codes import grounds, is_paid_as_less, requested_codes
from denialml.appeals.authorities import authorities
from denialml.appeals.case_file import CaseFile, payer_type
from denialml.appeals.claim_context import (
    claim_context,
    patient_context,
    payer_context,
    practice_context,
)
from denialml.appeals.declared_context import (
    AuthorityContext,
    DenialContext,
    ExhibitContext,
    LetterContext,
    LineContext,
    ReasonContext,
    RemarkContext,
)
from denialml.appeals.doubt import names_cause
from denialml.appeals.evidence import EvidenceFile
from denialml.appeals.line_record import LineRecord
from denialml.appeals.quotation import QuoteContext, quotations
from denialml.appeals.values import (
    Value,
    always,
    day,
    dollars,
    label_in_words,
    said,
)
from denialml.domain.appeal import Citation, Exhibit
from denialml.domain.coverage import PayerType
from denialml.domain.denial import Route
from denialml.domain.document import Document
from denialml.domain.remittance import ClaimAdjustment
from denialml.reference import adjustment_reasons, document_kinds, remark_codes

_CLAIM_REQUESTS = {
    Route.CORRECTED_CLAIM: "Corrected claim",
    Route.NEW_CLAIM: "New claim",
    Route.REOPENING: "Reopening",
    Route.RECORDS: "Records for a claim under review",
    Route.OTHER_PAYER: "Correction of coordination of benefits",
    Route.ENROLLMENT_FIX: "Correction of enrollment and reprocessing",
}
_PLAN_TYPES = {
    PayerType.MEDICARE: "Original Medicare",
    PayerType.MEDICARE_ADVANTAGE: "Medicare Advantage",
    PayerType.MEDICAID: "Medicaid",
    PayerType.MEDICAID_MANAGED_CARE: "Medicaid managed care",
    PayerType.COMMERCIAL_INSURED: "Commercial, insured",
    PayerType.COMMERCIAL_SELF_FUNDED: "Commercial, self-funded by the employer",
    PayerType.MARKETPLACE: "Marketplace plan",
    PayerType.TRICARE: "TRICARE",
    PayerType.VETERANS: "Veterans community care",
}
_OF_CORRECTION = (
    *("correction", "authorization_number", "authorization_begins_on"),
    *("authorization_ends_on", "authorization_number_first_sent"),
    *("enrollment_effective_on", "authorization_codes"),
)
_APPEALS = {
    PayerType.MEDICARE: "Redetermination request (first level of appeal)",
    PayerType.MEDICARE_ADVANTAGE: "Provider payment dispute (first level)",
    PayerType.MEDICAID_MANAGED_CARE: "Provider appeal (first level)",
    PayerType.TRICARE: "Request for reconsideration (first level)",
    PayerType.VETERANS: "Request for reconsideration (first level)",
}


def letter_context(
    lines: Sequence[LineRecord],
    evidence: EvidenceFile,
    *,
    subject: str,
    quote_labels: tuple[str, ...],
    citations: tuple[Citation, ...],
    drafted_on: date,
) -> dict[str, Any]:
    """The whole context of one letter, by the declared names.

    `lines` are the denied lines it covers, the first of which stands under the names
    without a line; `evidence` is that of all of them, with the letter's labels.
    """
    case = lines[0].case
    documents = {d.document_id: d for line in lines for d in line.case.documents}
    exhibits = {
        e.document_id: _exhibit(e, documents[e.document_id]) for e in evidence.exhibits
    }
    return {
        "letter": _form(
            lines, subject=subject, citations=citations, drafted_on=drafted_on
        ),
        "practice": practice_context(case.claim.billing_provider),
        "payer": payer_context(case),
        "patient": patient_context(case),
        "claim": claim_context(case),
        "denial": _denial(case),
        "facts": lines[0].facts,
        "lines": tuple(_line(line, evidence, exhibits) for line in lines),
        "exhibits": tuple(exhibits.values()),
        "evidence": _by_kind(evidence.exhibits, exhibits),
        "quotes": _quotes(documents, exhibits, labels=quote_labels),
        "authorities": tuple(
            AuthorityContext(
                citation=Value(c.citation, f"authority:{c.authority_id}"),
                statement=Value(c.statement, f"authority:{c.authority_id}"),
            )
            for c in citations
        ),
        "part_2": evidence.part_2,
    }


def _form(
    lines: Sequence[LineRecord],
    *,
    subject: str,
    citations: tuple[Citation, ...],
    drafted_on: date,
) -> LetterContext:
    """What the letter as a whole says of itself: its request, day and totals."""
    case = lines[0].case
    return LetterContext(
        date=always(day(drafted_on, "draft:date")),
        subject=Value(subject, "form"),
        request_type=Value(_request_type(case), "form"),
        processing=Value(_processing(case), "form"),
        charge_total=always(
            dollars(sum_of(line.case.line.charge for line in lines), "claim:SV102")
        ),
        denied_total=always(
            dollars(
                sum_of(line.case.denial.denied_amount for line in lines),
                "remittance:CAS",
            )
        ),
        urgency=Value("standard, the service has been given", "form"),
        plan_type=said(_PLAN_TYPES.get(payer_type(case), ""), "payer:payer_type"),
        parity_binds=said("parity" if _cites_parity(citations) else "", "form"),
        requested_codes=said(
            requested_codes([line.case for line in lines]), "remittance:CAS"
        ),
        lines_alike=said(_alike(lines), "form"),
    )


def _line(
    line: LineRecord, evidence: EvidenceFile, drawn: Mapping[str, ExhibitContext]
) -> LineContext:
    own = {exhibit.document_id for exhibit in line.evidence.exhibits}
    shown = tuple(one for one in evidence.exhibits if one.document_id in own)
    return LineContext(
        claim=claim_context(line.case),
        denial=_denial(line.case),
        facts=line.facts,
        evidence=_by_kind(shown, drawn),
    )


def sum_of(amounts: Iterable[Decimal]) -> Decimal:
    """Dollars added up."""
    return sum(amounts, Decimal(0))


def _request_type(case: CaseFile) -> str:
    route = case.route.route
    if route in _CLAIM_REQUESTS:
        return _CLAIM_REQUESTS[route]
    return _APPEALS.get(payer_type(case), "Provider appeal (first level)")


def _processing(case: CaseFile) -> str:
    if case.route.route is Route.NEW_CLAIM:
        return "Please process it as a new claim"
    return "Please process it in place of the claim first sent"


def _cites_parity(citations: Sequence[Citation]) -> bool:
    cited = {one.authority_id for one in citations}
    return any(
        one.authority_id in cited and {"parity", "comparative_analysis"} & {*one.topics}
        for one in authorities()
    )


def _alike(lines: Sequence[LineRecord]) -> str:
    """Whether one sentence about the correction holds for several lines."""
    if len(lines) == 1:
        return ""
    said_of = {
        tuple(str(getattr(line.facts, name)) for name in _OF_CORRECTION)
        for line in lines
    }
    return "alike" if len(said_of) == 1 else ""


def _denial(case: CaseFile) -> DenialContext:
    return DenialContext(
        denied_on=always(day(case.denial.denied_on, "remittance:received")),
        reasons=tuple(_reason(a) for a in case.denial.adjustments),
        grounds=tuple(_reason(a) for a in grounds(case.denial)),
        remarks=tuple(_remark(code) for code in case.denial.remark_codes),
        ambiguous_codes=_ambiguous_codes(case),
        paid_as_less=dollars(case.denial.paid, "remittance:SVC03")
        if is_paid_as_less(case.denial)
        else None,
    )


def _ambiguous_codes(case: CaseFile) -> Value | None:
    denial = case.denial
    if case.finding.root_cause is None or names_cause(denial, case.finding):
        return None
    codes = [f"{a.group_code}-{a.reason_code}" for a in grounds(denial)]
    text = ", ".join((*codes, *denial.remark_codes))
    return said(text, "remittance:CAS")


def _reason(adjustment: ClaimAdjustment) -> ReasonContext:
    entry = adjustment_reasons().get(adjustment.reason_code)
    return ReasonContext(
        code=Value(
            f"{adjustment.group_code}-{adjustment.reason_code}", "remittance:CAS"
        ),
        label=said(
            label_in_words(entry.label), f"reference:CARC-{adjustment.reason_code}"
        )
        if entry
        else None,
        amount=always(dollars(adjustment.amount, "remittance:CAS")),
    )


def _remark(code: str) -> RemarkContext:
    entry = remark_codes().get(code)
    return RemarkContext(
        code=Value(code, "remittance:LQ"),
        label=said(label_in_words(entry.label), f"reference:RARC-{code}")
        if entry
        else None,
    )


def _exhibit(exhibit: Exhibit, document: Document) -> ExhibitContext:
    source = f"document:{exhibit.document_id}"
    return ExhibitContext(
        reference=Value(f"Exhibit {exhibit.label}", source),
        title=Value(exhibit.title, source),
        date=day(document.service_date or document.authored_on, source),
    )


def _by_kind(
    exhibits: tuple[Exhibit, ...], drawn: Mapping[str, ExhibitContext]
) -> Mapping[str, tuple[ExhibitContext, ...]]:
    """Every document kind with its exhibits, an empty tuple where there is none."""
    return MappingProxyType(
        {
            kind: tuple(drawn[e.document_id] for e in exhibits if e.kind == kind)
            for kind in document_kinds()
        }
    )


def _quotes(
    documents: Mapping[str, Document],
    drawn: Mapping[str, ExhibitContext],
    *,
    labels: tuple[str, ...],
) -> tuple[QuoteContext, ...]:
    references = {key: shown.reference for key, shown in drawn.items()}
    attached = [documents[document_id] for document_id in references]
    return quotations(attached, references=references, labels=labels)
