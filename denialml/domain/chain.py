"""One claim's life: original, rejected, denied, corrected, reversed, paid.

`resolve_chain` is the one place where submissions, acknowledgments and answers that
share a patient control number become a state. It never takes the latest row for the
truth: a reversal takes an answer back, a correction replaces it, and a duplicate that
was denied does not undo the payment of its twin.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.chain_state import (
    ChainEvent,
    ChainEventKind,
    ClaimChain,
    ClaimState,
    StandingLine,
)
from denialml.domain.claim import ServiceLine
from denialml.domain.facts import SubmittedClaim

__all__ = [
    "ChainEvent",
    "ChainEventKind",
    "ClaimChain",
    "ClaimState",
    "StandingLine",
    "front_end_verdicts",
    "resolve_chain",
]

REPLACEMENT: Final = "7"
VOID: Final = "8"
DUPLICATE: Final = "18"
_FOREVER: Final = date(9999, 12, 31)


def resolve_chain(
    submissions: Iterable[SubmittedClaim],
    acknowledgments: Iterable[ClaimAcknowledgment],
    adjudications: Iterable[LineAdjudication],
) -> ClaimChain:
    """What happened under one control number, and how it stands.

    In any order; only what was known by a day is in it if only that is handed in. A
    submission whose acknowledgments are not handed in keeps its own `accepted`.

    Raises:
        ValueError: there is no submission.
    """
    sent = sorted(submissions, key=lambda each: (each.submitted_on, each.claim_id))
    if not sent:
        raise ValueError("a chain needs at least one submission")
    answers: dict[str, list[LineAdjudication]] = defaultdict(list)
    for each in sorted(adjudications, key=lambda each: each.sequence):
        answers[each.claim_id].append(each)
    received = tuple(acknowledgments)
    verdicts = front_end_verdicts(
        [(each.claim_id, each.submitted_on) for each in sent],
        [
            (each.received_on or each.status_date or _FOREVER, each.accepted)
            for each in received
        ],
    )
    versions = [
        _Version(
            each,
            answers[each.claim_id],
            accepted=verdict
            if (verdict := verdicts[each.claim_id]) is not None
            else each.accepted,
        )
        for each in sent
    ]
    state, current = _state(versions)
    standing = tuple(line for version in versions for line in version.standing_lines())
    return ClaimChain(
        patient_control_number=sent[0].claim.patient_control_number,
        state=state,
        current_claim_id=current.claim_id,
        net_paid=sum(
            (each.paid for version in versions for each in version.answers),
            Decimal(0),
        ),
        events=_events(versions, received),
        standing=standing,
        open_denials=() if state is ClaimState.VOIDED else _open_denials(versions),
    )


def front_end_verdicts(
    sent: Sequence[tuple[str, date]], answers: Iterable[tuple[date, bool | None]]
) -> dict[str, bool | None]:
    """The 277CA verdict of each submission, None where none came.

    `sent` are claim ids with the day of sending, `answers` days of receipt with
    accepted. An answer is about the latest submission sent by then. The last answer
    counts; on one day a rejection weighs more, because a clearinghouse accepts first
    and the payer's own answer follows.
    """
    decided = [(day, verdict) for day, verdict in answers if verdict is not None]
    days = sorted({day for _, day in sent})
    verdicts: dict[str, bool | None] = {}
    for claim_id, day in sent:
        following = min((each for each in days if each > day), default=_FOREVER)
        mine = [
            (received, verdict is False)
            for received, verdict in decided
            if day <= received and (received < following)
        ]
        verdicts[claim_id] = not max(mine)[1] if mine else None
    return verdicts


class _Version:
    """One submission with the answers to it, folded line by line."""

    def __init__(
        self,
        submitted: SubmittedClaim,
        answers: list[LineAdjudication],
        *,
        accepted: bool | None,
    ) -> None:
        self.claim_id = submitted.claim_id
        self.sent_on = submitted.submitted_on
        self.claim = submitted.claim
        self.accepted = accepted
        self.answers = answers
        self.standing: dict[int, LineAdjudication] = {}
        self.is_pending = False
        self.is_reversed = False
        self.decided_on: date | None = None
        for answer in answers:
            if answer.outcome is LineOutcome.PENDING:
                self.is_pending = answer.line_number not in self.standing
            elif answer.outcome is LineOutcome.REVERSED:
                self.standing.pop(answer.line_number, None)
                self.is_reversed = True
            else:
                self.standing[answer.line_number] = answer
                self.is_pending = False
            self.decided_on = answer.received_on

    @property
    def is_void(self) -> bool:
        return self.claim.frequency_code == VOID

    @property
    def is_rejected(self) -> bool:
        return self.accepted is False and not self.answers

    @property
    def is_in_flight(self) -> bool:
        return not self.answers and self.accepted is not False

    @property
    def state(self) -> ClaimState | None:
        """How the answers to this submission stand, None before the first."""
        if self.standing:
            return _decided({each.outcome for each in self.standing.values()})
        if self.is_pending:
            return ClaimState.PENDING
        return ClaimState.REVERSED if self.is_reversed else None

    def line(self, line_number: int) -> ServiceLine | None:
        return next(
            (each for each in self.claim.lines if each.line_number == line_number),
            None,
        )

    def standing_lines(self) -> list[StandingLine]:
        return [
            StandingLine(
                claim_id=self.claim_id,
                line_number=line_number,
                payment_id=answer.payment_id,
                outcome=answer.outcome,
                received_on=answer.received_on,
            )
            for line_number, answer in sorted(self.standing.items())
        ]


def _decided(outcomes: set[LineOutcome]) -> ClaimState:
    told = outcomes - {LineOutcome.UNKNOWN}
    if not told:
        return ClaimState.UNDETERMINED
    if told == {LineOutcome.DENIED}:
        return ClaimState.DENIED
    return ClaimState.PAID if told == {LineOutcome.PAID} else ClaimState.PARTLY_DENIED


# Of several submissions, the one that got furthest stands: the denial of a duplicate
# does not undo a payment, and a paid correction settles the denial before it.
_FURTHEST: Final = (
    ClaimState.REVERSED,
    ClaimState.PENDING,
    ClaimState.UNDETERMINED,
    ClaimState.DENIED,
    ClaimState.PARTLY_DENIED,
    ClaimState.PAID,
)


def _state(versions: list[_Version]) -> tuple[ClaimState, _Version]:
    claims = [each for each in versions if not each.is_void] or versions
    state, current = _state_of_claims(claims)
    if current.is_void:
        return ClaimState.VOIDED, current
    if state is ClaimState.PAID:
        return state, current
    voids = [each for each in versions if each.is_void and not each.is_rejected]
    for void in voids:
        withdrawn = void.accepted or bool(void.answers)
        undecided = (ClaimState.REVERSED, ClaimState.SUBMITTED, ClaimState.PENDING)
        if void.sent_on >= current.sent_on and (withdrawn or state in undecided):
            return ClaimState.VOIDED, void
    return state, current


def _state_of_claims(claims: list[_Version]) -> tuple[ClaimState, _Version]:
    answered = [(state, each) for each in claims if (state := each.state) is not None]
    if not answered:
        waiting = [each for each in claims if not each.is_rejected]
        if waiting:
            return ClaimState.SUBMITTED, waiting[-1]
        return ClaimState.REJECTED, claims[-1]
    state, current = max(
        answered, key=lambda pair: (_FURTHEST.index(pair[0]), pair[1].sent_on)
    )
    if state is ClaimState.PAID:
        return state, current
    since = current.decided_on or current.sent_on
    for each in reversed(claims):
        if each.state is ClaimState.PENDING and (each.decided_on or since) >= since:
            return ClaimState.PENDING, each
        if each.is_in_flight and each.sent_on >= since:
            return ClaimState.CORRECTED, each
    return state, current


def _open_denials(versions: list[_Version]) -> tuple[StandingLine, ...]:
    """Denied or cut lines that no other submission's answer settled or replaced."""
    found: list[StandingLine] = []
    for version in versions:
        for standing in version.standing_lines():
            if standing.outcome not in (LineOutcome.DENIED, LineOutcome.PARTIAL):
                continue
            if not any(
                _settles(other, version, standing.line_number)
                for other in versions
                if other is not version
            ):
                found.append(standing)
    return tuple(found)


def _settles(other: _Version, version: _Version, line_number: int) -> bool:
    """Whether another submission's answer leaves nothing to do about this line.

    It was paid there; or it was denied there anew, and that denial is the one to work
    on. Of an original and its duplicate, the duplicate's denial (CARC 18) never is.
    """
    line = version.line(line_number)
    mine = version.standing[line_number]
    for number, answer in other.standing.items():
        twin = other.line(number)
        if line is None or twin is None:
            continue
        if not _same_service(version, line, other=other, twin=twin):
            continue
        if answer.outcome is LineOutcome.PAID:
            return True
        if answer.outcome not in (LineOutcome.DENIED, LineOutcome.PARTIAL):
            continue
        if _is_duplicate(mine) != _is_duplicate(answer):
            return _is_duplicate(mine)
        if (other.sent_on, other.claim_id) > (version.sent_on, version.claim_id):
            return True
    return False


def _same_service(
    version: _Version, line: ServiceLine, *, other: _Version, twin: ServiceLine
) -> bool:
    """Whether two submissions' lines bill one service, which a correction may change.

    The same code on the same day; in a replacement also the same line number; between
    claims of one line each, that line.
    """
    if (line.procedure_code, line.service_date) == (
        twin.procedure_code,
        twin.service_date,
    ):
        return True
    if len(version.claim.lines) == 1 and len(other.claim.lines) == 1:
        return True
    replaced = REPLACEMENT in (version.claim.frequency_code, other.claim.frequency_code)
    return replaced and line.line_number == twin.line_number


def _is_duplicate(answer: LineAdjudication) -> bool:
    return any(each.reason_code == DUPLICATE for each in answer.adjustments)


_ANSWER_KINDS: Final = {
    ClaimState.DENIED: ChainEventKind.DENIED,
    ClaimState.PARTLY_DENIED: ChainEventKind.PARTLY_DENIED,
    ClaimState.PAID: ChainEventKind.PAID,
    ClaimState.UNDETERMINED: ChainEventKind.UNDETERMINED,
}


def _events(
    versions: list[_Version], acknowledgments: tuple[ClaimAcknowledgment, ...]
) -> tuple[ChainEvent, ...]:
    """What happened, by day; on one day sending, then acknowledgment, then answers."""
    events: list[tuple[date, int, int, ChainEvent]] = []

    def note(turn: int, event: ChainEvent) -> None:
        events.append((event.on, turn, len(events), event))

    for number, version in enumerate(versions):
        kind = _sending_kind(version, is_first=number == 0)
        note(0, ChainEvent(on=version.sent_on, kind=kind, claim_id=version.claim_id))
        by_payment: dict[str, list[LineAdjudication]] = defaultdict(list)
        for answer in version.answers:
            by_payment[answer.payment_id].append(answer)
        for answers in by_payment.values():
            note(2, _answer_event(version, answers))
    for acknowledgment in acknowledgments:
        on = acknowledgment.received_on or acknowledgment.status_date
        about = [each for each in versions if on is not None and each.sent_on <= on]
        if on is None or not about or acknowledgment.accepted is None:
            continue
        kind = (
            ChainEventKind.ACCEPTED
            if acknowledgment.accepted
            else ChainEventKind.REJECTED
        )
        note(1, ChainEvent(on=on, kind=kind, claim_id=about[-1].claim_id))
    return tuple(event for *_, event in sorted(events, key=lambda each: each[:3]))


def _sending_kind(version: _Version, *, is_first: bool) -> ChainEventKind:
    if version.is_void:
        return ChainEventKind.VOID_SENT
    if version.claim.frequency_code == REPLACEMENT:
        return ChainEventKind.CORRECTED
    return ChainEventKind.SUBMITTED if is_first else ChainEventKind.RESENT


def _answer_event(version: _Version, answers: list[LineAdjudication]) -> ChainEvent:
    outcomes = {each.outcome for each in answers}
    if LineOutcome.REVERSED in outcomes:
        kind = ChainEventKind.REVERSED
    elif outcomes == {LineOutcome.PENDING}:
        kind = ChainEventKind.PENDED
    else:
        kind = _ANSWER_KINDS[_decided(outcomes - {LineOutcome.PENDING})]
    return ChainEvent(
        on=answers[0].received_on,
        kind=kind,
        claim_id=version.claim_id,
        payment_id=answers[0].payment_id,
        paid=sum((each.paid for each in answers), Decimal(0)),
    )
