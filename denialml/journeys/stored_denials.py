"""A judged line as it is stored: finding, route, deadline, and who confirmed it.

A cause that a person confirmed wins over the model's. The finding of such a denial
follows from the confirmation alone, so that judging again does not change it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from denialml.appeals.deadlines import appeal_deadline
from denialml.appeals.routing import choose_route
from denialml.domain.denial import CauseConfirmation, Denial, RootCauseFinding
from denialml.journeys.denying_answers import DenyingAnswer, denied_amount
from denialml.journeys.judging import Conclusions, FreshLine, Service
from denialml.modeling.root_cause.practice_learning import UNLEARNT
from denialml.modeling.root_cause.root_cause_book import DeniedLine, RootCauseBook
from denialml.reference import root_causes
from denialml.store.denials import StoredDenial

UPHELD_MODELED = "The payer upheld its first decision, whose cause applies."
UPHELD_CONFIRMED = (
    "The payer upheld its first decision, whose cause a person confirmed."
)


def stored_denials(
    fresh: Sequence[FreshLine],
    conclusions: Conclusions,
    stored: Mapping[str, StoredDenial],
    *,
    book: RootCauseBook,
    confirmed: Mapping[str, CauseConfirmation],
    now: datetime,
) -> list[StoredDenial]:
    """The fresh lines as they are to be stored, in the order of receipt.

    `stored` are those on file before, `confirmed` what stands of what people confirmed,
    both by denial id.
    """
    first: dict[Service, str] = {}
    for line in conclusions.lines:
        first.setdefault(line.service, line.denial_id)
    judged = []
    for one in fresh:
        denial_id = one.judged.denial_id
        earlier = stored.get(denial_id)
        finding = _settled_finding(conclusions.findings[denial_id], earlier)
        if denial_id in confirmed:
            finding = confirmed_finding(confirmed[denial_id])
        elif one.judged.upheld and first[one.judged.service] in confirmed:
            finding = inherited_finding(confirmed[first[one.judged.service]])
        judged.append(
            StoredDenial(
                denial=_denial(one.answer, denial_id),
                status="closed" if one.answer.settlement.reason else "open",
                found_at=earlier.found_at if earlier is not None else now,
                closed_reason=one.answer.settlement.reason,
            )
        )
        judged[-1] = with_finding(judged[-1], finding, one.denied, book=book)
    return judged


def with_finding(
    stored: StoredDenial,
    finding: RootCauseFinding,
    denied: DeniedLine,
    *,
    book: RootCauseBook,
) -> StoredDenial:
    """The denial with a finding, and with the route and deadline that follow."""
    claim, denial = denied.claim, stored.denial
    payer = book.payers.get(claim.payer.payer_id)
    return msgspec.structs.replace(
        stored,
        finding=finding,
        route=choose_route(
            denial,
            finding,
            payer=payer,
            claim=claim,
            facts=book.facts_when_sent(claim, denied.line, sent_on=denied.submitted_on),
            later=book.facts_now(denied),
        ),
        deadline=appeal_deadline(denial, payer=payer, claim=claim),
    )


def confirmed_finding(confirmation: CauseConfirmation) -> RootCauseFinding:
    """The finding of a denial whose cause a person confirmed or corrected."""
    before, cause = confirmation.before, confirmation.root_cause
    if cause is None:
        return before
    basis: tuple[str, ...] = ("A person confirmed this cause.", *before.basis)
    if before.root_cause is not cause:
        said = "no cause could be told"
        if before.root_cause is not None:
            label = root_causes()[before.root_cause.value].label
            said = f"{label} ({before.probability:.0%})"
        basis = ("A person corrected the cause.", f"The model had said: {said}.")
    return msgspec.structs.replace(
        before,
        root_cause=cause,
        probability=1.0,
        runner_up=None,
        runner_up_probability=0.0,
        basis=basis,
        candidates=(cause,),
        candidates_coverage=None,
        confirmed_by=confirmation.confirmed_by,
        confirmed_at=confirmation.confirmed_at,
        modeled_cause=before.root_cause,
    )


def inherited_finding(confirmation: CauseConfirmation) -> RootCauseFinding:
    """The finding of an answer that only upholds a denial whose cause was confirmed."""
    finding = confirmed_finding(confirmation)
    return msgspec.structs.replace(finding, basis=(UPHELD_CONFIRMED, *finding.basis))


def model_finding(finding: RootCauseFinding) -> RootCauseFinding:
    """What the model had said of a denial, whatever was confirmed of it since."""
    if finding.confirmed_at is None:
        return finding
    ranked = finding.probabilities
    runner_up = ranked[1] if len(ranked) > 1 else None
    return msgspec.structs.replace(
        finding,
        root_cause=finding.modeled_cause,
        probability=ranked[0].probability if ranked else 0.0,
        runner_up=runner_up.root_cause if runner_up is not None else None,
        runner_up_probability=runner_up.probability if runner_up is not None else 0.0,
        basis=(UPHELD_MODELED,),
        candidates=(),
        candidates_coverage=None,
        confirmed_by="",
        confirmed_at=None,
        modeled_cause=None,
    )


def _settled_finding(
    finding: RootCauseFinding, earlier: StoredDenial | None
) -> RootCauseFinding:
    """The earlier finding where the new one says the same by the same letter and model.

    What other denials teach moves every probability a little with every file; a page
    or a letter should change only where the conclusion does, or the learnt model that
    judges.
    """
    known = earlier.finding if earlier is not None else None
    if (
        known is not None
        and known.confirmed_at is None
        and known.root_cause is finding.root_cause
        and known.letter_id == finding.letter_id
        and _learnt_by(known) == _learnt_by(finding)
    ):
        return known
    return finding


def _learnt_by(finding: RootCauseFinding) -> str:
    """The learnt model that judged, empty where none did."""
    version = finding.model_version
    return "" if version in UNLEARNT else version


def _denial(one: DenyingAnswer, denial_id: str) -> Denial:
    adjudicated, claim = one.adjudicated, one.submitted.claim
    return Denial(
        denial_id=denial_id,
        claim_id=adjudicated.claim_id,
        payment_id=adjudicated.payment_id,
        line_number=adjudicated.line_number,
        patient_control_number=claim.patient_control_number,
        payer_id=claim.payer.payer_id,
        payer_name=claim.payer.name,
        payer_claim_control_number=adjudicated.payer_claim_control_number,
        procedure_code=one.line.procedure_code,
        modifiers=one.line.modifiers,
        service_date=one.line.service_date,
        denied_on=adjudicated.received_on,
        charge=adjudicated.charge,
        paid=adjudicated.paid,
        denied_amount=denied_amount(adjudicated),
        adjustments=adjudicated.adjustments,
        remark_codes=adjudicated.remark_codes,
    )
