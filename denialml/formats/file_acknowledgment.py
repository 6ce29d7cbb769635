"""Reads one 999 (005010X231) or 997 transaction: whether a file could be read.

Yields one `FileAcknowledgment` per acknowledged transaction set (AK2), or one for
the group where the sender answers it as a whole. It says nothing about claims.
"""

from typing import ClassVar

from denialml.domain.acknowledgment import FileAcknowledgment, FileFault
from denialml.domain.record import Source
from denialml.formats.transaction import Handler, Transaction
from denialml.formats.values import BLANK


class FileAcknowledgmentReader:
    """One ST of a 999 or 997; in a 997, AK3 to AK5 stand for IK3 to IK5."""

    essential: frozenset[str] = frozenset()
    opens: ClassVar[dict[str, str]] = {}

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._element = transaction.syntax.element
        self._group = BLANK
        self._segment = transaction.segment
        self._open: list[str] | None = None
        self._verdict = ""
        self._codes: tuple[str, ...] = ()
        self._faults: list[FileFault] = []
        self._last: list[str] = BLANK
        self._answers: list[FileAcknowledgment] = []
        self._group_verdict = ""
        self._group_codes: tuple[str, ...] = ()
        self.handlers: dict[str, Handler] = {
            "AK1": self._read_group,
            "AK2": self._read_set,
            "IK3": self._read_segment_fault,
            "AK3": self._read_segment_fault,
            "IK4": self._read_element_fault,
            "AK4": self._read_element_fault,
            "IK5": self._read_verdict,
            "AK5": self._read_verdict,
            "AK9": self._read_group_verdict,
        }

    def loop(self) -> str:
        return "2000" if self._open is not None else "AK1"

    def spoil(self) -> None:
        """No element of a 999 is essential."""

    def finish(self, *, cut: bool) -> int:
        """Answers wait for AK9, whose verdict holds where a set has none."""
        if not cut:
            self._close_set()
        if not self._answers and self._group_verdict:
            self._answers.append(self._answer(BLANK))
        for answer in self._answers:
            self._transaction.emit(answer)
        return len(self._answers)

    def _split(self, text: str) -> list[str]:
        return text.split(self._element) + BLANK

    def _read_group(self, text: str, _ordinal: int) -> None:
        self._group = self._split(text)

    def _read_set(self, text: str, ordinal: int) -> None:
        self._close_set()
        self._open = self._split(text)
        self._segment = ordinal

    def _read_segment_fault(self, text: str, _ordinal: int) -> None:
        self._last = fault = self._split(text)
        for code in [code for code in fault[4:9] if code] or [""]:
            self._faults.append(
                FileFault(
                    segment_id=fault[1],
                    segment_position=_number(fault[2]),
                    loop=fault[3],
                    fault_code=code,
                )
            )

    def _read_element_fault(self, text: str, _ordinal: int) -> None:
        fault = self._split(text)
        self._faults.append(
            FileFault(
                segment_id=self._last[1],
                segment_position=_number(self._last[2]),
                loop=self._last[3],
                element_position=fault[1],
                fault_code=fault[3],
                fault_value=fault[4],
            )
        )

    def _read_verdict(self, text: str, _ordinal: int) -> None:
        elements = self._split(text)
        self._verdict = elements[1]
        self._codes = tuple(code for code in elements[2:7] if code)

    def _read_group_verdict(self, text: str, _ordinal: int) -> None:
        elements = self._split(text)
        self._group_verdict = elements[1]
        self._group_codes = tuple(code for code in elements[5:10] if code)
        self._close_set()

    def _close_set(self) -> None:
        if self._open is not None:
            self._answers.append(self._answer(self._open))
            self._open = None
        self._verdict, self._codes, self._faults = "", (), []
        self._last = BLANK

    def _answer(self, opened: list[str]) -> FileAcknowledgment:
        transaction = self._transaction
        return FileAcknowledgment(
            group_control_number=self._group[2],
            transaction_control_number=opened[2],
            transaction_kind=opened[1],
            verdict=self._verdict or self._group_verdict,
            faults=tuple(self._faults),
            fault_codes=self._codes if self._verdict else self._group_codes,
            received_on=transaction.received_on,
            source=Source(file=transaction.file, segment=self._segment),
        )


def _number(raw: str) -> int | None:
    return int(raw) if raw.strip().isdecimal() else None
