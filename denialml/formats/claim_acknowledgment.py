"""Reads one 277CA transaction (005010X214): what the receiver says of each claim.

Yields one `ClaimAcknowledgment` per 2200D loop. A batch that was rejected before any
claim was looked at (2200B or 2200C) is a problem, because it names no claims.
"""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from denialml.domain.acknowledgment import ClaimAcknowledgment, ClaimStatus
from denialml.domain.record import Source
from denialml.formats.transaction import Handler, Transaction
from denialml.formats.values import BLANK

ACCEPTED = frozenset({"A1", "A2"})
REJECTED = frozenset({"A3", "A6", "A7", "A8"})
_STATUS_COMPOSITES = (1, 10, 11)


class ClaimAcknowledgmentReader:
    """One ST of a 277CA."""

    essential: frozenset[str] = frozenset()
    opens: ClassVar[dict[str, str]] = {}

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._syntax = transaction.syntax
        self._met = 0
        self._accepted_batch: int | None = None
        self._level = ""
        self._payer = BLANK
        self._control_number: str | None = None
        self._segment = 0
        self._reset()
        self.handlers: dict[str, Handler] = {
            "HL": self._read_level,
            "NM1": self._read_name,
            "TRN": self._read_trace,
            "STC": self._read_status,
            "REF": self._read_reference,
            "DTP": self._read_day,
            "SVC": self._read_line,
        }

    def loop(self) -> str:
        return "2200D" if self._control_number is not None else "2000"

    def spoil(self) -> None:
        """No element of a 277CA is essential."""

    def finish(self, *, cut: bool) -> int:
        if not cut:
            self._close()
        if self._met == 0 and self._accepted_batch is not None:
            self._transaction.log.warn(
                "batch-without-claims",
                "the receiver accepted a whole batch; its claims are not named",
                segment=self._accepted_batch,
                transaction=self._transaction.control_number,
                expected="one TRN and STC for each claim",
                fix="nothing to do, or ask the receiver to acknowledge each claim",
            )
            return 1
        return self._met

    def _reset(self) -> None:
        self._statuses: tuple[ClaimStatus, ...] = ()
        self._status_date: date | None = None
        self._action_code = ""
        self._charge: Decimal | None = None
        self._payer_number = ""
        self._service_span: tuple[date | None, date | None] = (None, None)
        self._in_line = False

    def _read_level(self, text: str, _ordinal: int) -> None:
        self._close()
        self._level = (text.split(self._syntax.element) + BLANK)[3].strip()

    def _read_name(self, text: str, _ordinal: int) -> None:
        name = text.split(self._syntax.element) + BLANK
        if self._level == "20":
            self._payer = name

    def _read_trace(self, text: str, ordinal: int) -> None:
        trace = text.split(self._syntax.element) + BLANK
        if self._level in ("PT", "22", "23"):
            self._close()
            self._control_number = trace[2]
            self._segment = ordinal
            self._met += 1

    def _read_status(self, text: str, ordinal: int) -> None:
        stc = text.split(self._syntax.element) + BLANK
        day = self._syntax.days[stc[2]]
        charge = self._syntax.money[stc[4]] if stc[4] else None
        statuses = tuple(self._status(stc[at]) for at in _STATUS_COMPOSITES if stc[at])
        if self._control_number is None:
            self._note_batch(statuses, ordinal)
        elif not self._in_line or not self._statuses:
            self._statuses += statuses
            self._status_date = self._status_date or day
            self._action_code = self._action_code or stc[3]
            self._charge = charge if self._charge is None else self._charge

    def _status(self, raw: str) -> ClaimStatus:
        category, status, entity, *_ = raw.split(self._syntax.component) + BLANK
        return ClaimStatus(
            category_code=category, status_code=status, entity_code=entity
        )

    def _note_batch(self, statuses: tuple[ClaimStatus, ...], ordinal: int) -> None:
        verdict = _verdict(statuses)
        if verdict:
            self._accepted_batch = ordinal
        elif verdict is False:
            self._met += 1
            self._transaction.log.add(
                "batch-rejected",
                "the receiver rejected a whole batch; its claims are not named",
                segment=ordinal,
                loop="2200B" if self._level == "21" else "2200C",
                element="STC01",
                value=", ".join(status.category_code for status in statuses),
                transaction=self._transaction.control_number,
                expected="A1 or A2",
                fix="correct the batch and send all of its claims again",
            )

    def _read_reference(self, text: str, _ordinal: int) -> None:
        _, qualifier, value, *_ = text.split(self._syntax.element) + BLANK
        if qualifier == "1K" and self._control_number is not None and not self._in_line:
            self._payer_number = value

    def _read_day(self, text: str, _ordinal: int) -> None:
        dtp = text.split(self._syntax.element) + BLANK
        if dtp[1] == "472" and self._control_number is not None and not self._in_line:
            self._service_span = self._syntax.day_span(dtp[2], dtp[3])

    def _read_line(self, _text: str, _ordinal: int) -> None:
        self._in_line = True

    def _close(self) -> None:
        if self._control_number is None:
            return
        transaction = self._transaction
        begins_on, ends_on = self._service_span
        transaction.emit(
            ClaimAcknowledgment(
                patient_control_number=self._control_number,
                accepted=_verdict(self._statuses),
                statuses=self._statuses,
                status_date=self._status_date,
                action_code=self._action_code,
                charge=self._charge,
                payer_claim_control_number=self._payer_number,
                payer_id=self._payer[9],
                payer_name=self._payer[3],
                service_date=begins_on,
                service_date_end=ends_on,
                received_on=transaction.received_on,
                source=Source(file=transaction.file, segment=self._segment),
            )
        )
        self._control_number = None
        self._reset()


def _verdict(statuses: tuple[ClaimStatus, ...]) -> bool | None:
    """Whether a claim was accepted: one rejection outweighs any acceptance."""
    categories = {status.category_code for status in statuses}
    if categories & REJECTED:
        return False
    return True if categories & ACCEPTED else None
