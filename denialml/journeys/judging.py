"""Judging denied lines together: what one run concludes, and what the next reuses.

Every denied line of a practice takes part in every judgment, because those with telling
codes help with those whose codes say nothing (`modeling.cause_tendencies`). Only what a
line shows (`LineEvidence`) is needed for that, so lines about which nothing changed are
kept as `JudgedLine` and not read again; where what others teach changes the cause of
one of them all the same, its control number is named, to be read and judged as well.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from denialml.domain.denial import RootCause, RootCauseFinding
from denialml.domain.record import Judgment
from denialml.journeys.denying_answers import DenyingAnswer, denied_amount
from denialml.modeling.root_cause.cause_tendencies import (
    CAUSES,
    FloatArray,
    LineEvidence,
)
from denialml.modeling.root_cause.judgment import (
    UPHELD,
    WeighedLine,
    conclude,
)
from denialml.modeling.root_cause.payer_letters import PayerLetters
from denialml.modeling.root_cause.practice_learning import CauseModel, learn_with
from denialml.modeling.root_cause.root_cause_book import DeniedLine, RootCauseBook
from denialml.store.identity import Identity
from denialml.store.line_matching import normal_control_number

# Causes whose log-odds are this close are told apart by the exact conclusion only.
DOUBT = 1e-9
Service = tuple[str, str, date | None]


class JudgedLine(Judgment, frozen=True):
    """What a later judgment needs of one denying answer. Grain: denied line x answer.

    `order` is that of receipt. `evidence` None: nothing was known, the finding
    abstained. `upheld`: the answer only upholds the first denial of `service` (control
    number, code, day). `cause` is that of the model's finding, whatever a person
    confirmed. `letter_id` is the document of the payer's letter that was read.
    """

    order: tuple[date, str, int, int]
    denial_id: str
    control_number: str
    record_number: str
    member_id: str
    service: Service
    upheld: bool
    evidence: LineEvidence | None
    cause: RootCause | None
    is_open: bool
    denied_amount: Decimal
    recovered: Decimal
    paid_by: tuple[str, int, str] | None
    letter_id: str = ""


class FreshLine(Judgment, frozen=True):
    """One denying answer that is judged now."""

    answer: DenyingAnswer
    denied: DeniedLine
    weighed: WeighedLine
    judged: JudgedLine


class Conclusions(Judgment, frozen=True):
    """What a judgment came to.

    `lines` are all lines in the order of receipt, `findings` those of the fresh ones by
    denial id. `unsure` are control numbers of kept lines whose cause changed, or could
    have: nothing may be stored before these are read and judged as well.
    """

    lines: tuple[JudgedLine, ...]
    findings: dict[str, RootCauseFinding]
    unsure: frozenset[str]


def weigh(
    answers: Iterable[DenyingAnswer],
    book: RootCauseBook,
    *,
    identity: Identity,
    letters: PayerLetters,
) -> Iterator[FreshLine]:
    """Everything that speaks for a cause of each answer, not yet concluded."""
    for answer in answers:
        denied = DeniedLine(
            adjudicated=answer.adjudicated,
            claim=answer.submitted.claim,
            line=answer.line,
            submitted_on=answer.submitted.submitted_on,
        )
        letter = letters.about(denied)
        weighed = book.weigh(denied, letter=letter.text if letter is not None else "")
        read = letter is not None and weighed.evidence and weighed.evidence.words
        yield FreshLine(
            answer=answer,
            denied=denied,
            weighed=weighed,
            judged=_judged(
                answer,
                weighed,
                identity,
                letter_id=letter.document_id if letter is not None and read else "",
            ),
        )


def conclude_all(
    kept: Iterable[JudgedLine],
    fresh: Sequence[FreshLine],
    *,
    model: CauseModel | None = None,
) -> Conclusions:
    """Conclude the fresh lines, with what all lines teach; doubt the kept ones.

    `model` is what was learnt of causes that people confirmed, where it was.
    """
    by_id = {one.judged.denial_id: one for one in fresh}
    ordered = sorted((*kept, *(one.judged for one in fresh)), key=lambda one: one.order)
    known = [one.evidence for one in ordered if one.evidence is not None]
    taught = learn_with(known, model)
    causes = iter(_likeliest(known, taught.added))
    tendencies = iter(zip(taught.added, taught.letters, strict=True))
    findings: dict[str, RootCauseFinding] = {}
    first: dict[Service, JudgedLine] = {}
    lines: list[JudgedLine] = []
    unsure: set[str] = set()
    for line in ordered:
        has_evidence = line.evidence is not None
        tendency, by_letter = next(tendencies) if has_evidence else (None, ())
        likeliest = next(causes) if has_evidence else None
        earlier = first.get(line.service)
        one = by_id.get(line.denial_id)
        if one is None:
            inherits = line.upheld and earlier is not None
            cause = earlier.cause if inherits and earlier is not None else likeliest
            if cause is not line.cause or (has_evidence and likeliest is None):
                unsure.add(line.control_number)
        else:
            if line.upheld and earlier is not None and earlier.denial_id not in by_id:
                unsure.add(earlier.control_number)
            finding = conclude(
                one.weighed,
                tendency=tendency,
                first_finding=findings.get(earlier.denial_id) if earlier else None,
                sets=taught.sets,
                thin=taught.thin,
                by_letter=tuple(by_letter),
            )
            findings[line.denial_id] = msgspec.structs.replace(
                finding, model_version=taught.model_version, letter_id=line.letter_id
            )
            line = msgspec.structs.replace(line, cause=finding.root_cause)
        first.setdefault(line.service, line)
        lines.append(line)
    return Conclusions(lines=tuple(lines), findings=findings, unsure=frozenset(unsure))


def control_numbers_of(
    lines: Iterable[JudgedLine],
    *,
    record_numbers: Collection[str],
    member_ids: Collection[str],
) -> set[str]:
    """Control numbers of the lines of these patients."""
    return {
        one.control_number
        for one in lines
        if (one.record_number and one.record_number in record_numbers)
        or (one.member_id and one.member_id in member_ids)
    }


def recovered_of(lines: Iterable[JudgedLine]) -> Mapping[tuple[str, int, str], Decimal]:
    """Dollars paid after denials, by what paid them: denied twice counts once."""
    return {
        one.paid_by: one.recovered
        for one in lines
        if one.recovered > 0 and one.paid_by is not None
    }


def _judged(
    answer: DenyingAnswer, weighed: WeighedLine, identity: Identity, *, letter_id: str
) -> JudgedLine:
    adjudicated, claim = answer.adjudicated, answer.submitted.claim
    return JudgedLine(
        order=(
            adjudicated.received_on,
            adjudicated.claim_id,
            adjudicated.line_number,
            adjudicated.sequence,
        ),
        denial_id=denial_id_of(answer, identity),
        control_number=normal_control_number(claim.patient_control_number),
        record_number=claim.medical_record_number,
        member_id=claim.subscriber.member_id,
        service=(
            claim.patient_control_number,
            answer.line.procedure_code,
            answer.line.service_date,
        ),
        upheld=any(row.code == UPHELD for row in weighed.reasons),
        evidence=weighed.evidence,
        cause=None,
        is_open=not answer.settlement.reason,
        denied_amount=denied_amount(adjudicated),
        recovered=answer.settlement.recovered,
        paid_by=answer.settlement.paid_by,
        letter_id=letter_id,
    )


def denial_id_of(answer: DenyingAnswer, identity: Identity) -> str:
    """The id of a denial: its claim, line and answer."""
    adjudicated = answer.adjudicated
    return identity.of_parts(
        "den",
        adjudicated.claim_id,
        str(adjudicated.line_number),
        adjudicated.payment_id,
    )


def _likeliest(
    evidence: Sequence[LineEvidence], added: FloatArray
) -> list[RootCause | None]:
    """The cause that `conclude` would name; None where two are all but equal."""
    if not evidence:
        return []
    scores: NDArray[np.float64] = (
        np.array([one.codes for one in evidence])
        + np.array([one.signs for one in evidence])
        + added
    )
    highest = np.sort(scores, axis=1)[:, -2:]
    clear = highest[:, 1] - highest[:, 0] > DOUBT
    return [
        CAUSES[place] if is_clear else None
        for place, is_clear in zip(scores.argmax(axis=1), clear, strict=True)
    ]
