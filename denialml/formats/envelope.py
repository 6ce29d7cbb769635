"""Interchange, group and transaction envelopes: dispatch and accounting.

`InterchangeReader` walks the segments of a file once. It hands each segment of a
supported transaction to that transaction's reader, and checks what the envelope
states about itself: SE01, GE01 and IEA01 counts and the control numbers that must
repeat. A fault inside one record becomes a problem with its place and never loses
the records beside it.
"""

from collections import Counter
from collections.abc import Iterator

from denialml.domain.record import Fact
from denialml.formats.problems import ProblemLog
from denialml.formats.syntax import Syntax
from denialml.formats.transaction import (
    Handler,
    Handlers,
    Opener,
    Transaction,
    TransactionReader,
)
from denialml.formats.values import BLANK, BadValue
from denialml.formats.x12 import SegmentSource

# Each costs a thousand times what its few bytes cost to send.
MOST_EMPTY_ENVELOPES = 5_000


class InterchangeReader:
    """Reads the records of an X12 file of any number of interchanges.

    `transactions` counts ST segments by kind as they are met.
    """

    def __init__(
        self, source: SegmentSource, *, log: ProblemLog, opener: Opener
    ) -> None:
        self._source = source
        self._log = log
        self._open_transaction = opener
        self._ready: list[Fact] = []
        self._handlers = Handlers(self._note_lower_case)
        self._reader: TransactionReader | None = None
        self._transaction: Transaction | None = None
        self._isa: list[str] | None = None
        self._group: list[str] | None = None
        self._groups = 0
        self._sets = 0
        self._empty_envelopes = 0
        self._lower_case_noted = False
        self._syntax: Syntax | None = None
        self._envelope: dict[str, Handler] = {
            "ISA": self._open_interchange,
            "IEA": self._close_interchange,
            "GS": self._open_group,
            "GE": self._close_group,
            "ST": self._start_transaction,
            "SE": self._end_transaction,
            "TA1": self._interchange_acknowledgment,
        }
        self.transactions: Counter[str] = Counter()

    def batches(self) -> Iterator[list[Fact]]:
        """Yield the records in file order, a few hundred at a time."""
        handlers = self._handlers
        for segments, delimiters, ordinal in self._source.batches():
            if self._syntax is None or self._syntax.delimiters != delimiters:
                self._abandon_transaction(ordinal)
                self._syntax = Syntax(delimiters)
                self._install(None)
            for text in segments:
                handler = handlers[text[:3]]
                try:
                    handler(text, ordinal)
                except BadValue as fault:
                    self._mend(handler, text, ordinal, fault)
                ordinal += 1
            yield from self._take()
            if self._empty_envelopes > MOST_EMPTY_ENVELOPES:
                self._stop(ordinal)
                return
        self._end_of_file()
        yield from self._take()

    def _take(self) -> Iterator[list[Fact]]:
        if self._ready:
            yield self._ready[:]
            self._ready.clear()

    def _install(self, reader: TransactionReader | None) -> None:
        """Put the handlers of the envelope and of one transaction reader in force."""
        assert self._syntax is not None
        self._reader = reader
        read = {} if reader is None else reader.handlers
        self._handlers.replace(read, self._envelope, separator=self._syntax.element)

    def _note_lower_case(self, ordinal: int) -> None:
        if not self._lower_case_noted:
            self._lower_case_noted = True
            self._log.warn(
                "lower-case-segment-id",
                "segment identifiers are in lower case",
                segment=ordinal,
                expected="upper-case segment identifiers",
                fix="nothing to do",
            )

    def _split(self, text: str) -> list[str]:
        assert self._syntax is not None
        return text.split(self._syntax.element) + BLANK

    def _mend(self, handler: Handler, text: str, ordinal: int, fault: BadValue) -> None:
        """Report a bad element, empty it, and read the rest of the segment."""
        assert self._syntax is not None
        reader = self._reader
        elements = text.split(self._syntax.element)
        identifier = elements[0].upper()
        loop = (reader.opens.get(identifier) or reader.loop()) if reader else None
        spoiled = False
        while True:
            position = _position(elements, fault.raw)
            name = f"{identifier}{position:02d}" if position else identifier
            essential = reader is not None and name in reader.essential
            self._log.add(
                fault.code,
                f"{name} is not {fault.expected}"
                + ("; the record was left out" if essential else ""),
                segment=ordinal,
                loop=loop,
                element=name,
                value=fault.raw,
                expected=fault.expected,
                fix="correct the value at its source and send the file again",
                incomplete=essential,
            )
            spoiled = spoiled or essential
            if essential:
                elements[position] = "0"
            elif position:
                elements[position] = ""
            else:
                return
            try:
                handler(self._syntax.element.join(elements), ordinal)
            except BadValue as next_fault:
                fault = next_fault
                continue
            if spoiled and reader is not None:
                reader.spoil()
            return

    # Envelope segments

    def _open_interchange(self, text: str, ordinal: int) -> None:
        self._abandon_transaction(ordinal)
        if self._isa is not None:
            self._empty_envelopes += self._groups == 0
            self._unclosed("IEA", "ISA", ordinal)
        self._isa = self._split(text)
        self._groups = 0

    def _open_group(self, text: str, ordinal: int) -> None:
        self._abandon_transaction(ordinal)
        if self._group is not None:
            self._unclosed("GE", "GS", ordinal)
        self._group = self._split(text)
        self._groups += 1
        self._sets = 0

    def _start_transaction(self, text: str, ordinal: int) -> None:
        self._abandon_transaction(ordinal)
        assert self._syntax is not None
        elements = self._split(text)
        group = self._group or BLANK
        try:
            received_on = self._syntax.days[group[4]]
        except BadValue:
            received_on = None
        self._sets += 1
        self._transaction = Transaction(
            kind=elements[1],
            version=elements[3] or group[8],
            control_number=elements[2],
            segment=ordinal,
            received_on=received_on,
            syntax=self._syntax,
            log=self._log,
            emit=self._ready.append,
        )
        reader = self._open_transaction(self._transaction)
        self.transactions[self._transaction.kind] += 1
        self._install(reader)

    def _end_transaction(self, text: str, ordinal: int) -> None:
        transaction = self._transaction
        elements = self._split(text)
        if transaction is None:
            self._mismatch("unexpected-segment", "SE without ST", "SE", ordinal)
            return
        self._finish_transaction(cut=False)
        counted = ordinal - transaction.segment + 1
        self._compare_count(
            "segment-count-mismatch", "SE01", elements[1], counted, ordinal
        )
        if elements[2].strip() != transaction.control_number.strip():
            self._compare_control("SE02", "ST02", ordinal)

    def _close_group(self, text: str, ordinal: int) -> None:
        self._abandon_transaction(ordinal)
        elements = self._split(text)
        if self._group is None:
            self._mismatch("unexpected-segment", "GE without GS", "GE", ordinal)
            return
        self._compare_count(
            "transaction-count-mismatch", "GE01", elements[1], self._sets, ordinal
        )
        if not _same_number(elements[2], self._group[6]):
            self._compare_control("GE02", "GS06", ordinal)
        self._group = None

    def _close_interchange(self, text: str, ordinal: int) -> None:
        self._abandon_transaction(ordinal)
        elements = self._split(text)
        if self._group is not None:
            self._unclosed("GE", "GS", ordinal)
            self._group = None
        if self._isa is None:
            self._mismatch("unexpected-segment", "IEA without ISA", "IEA", ordinal)
            return
        self._compare_count(
            "group-count-mismatch", "IEA01", elements[1], self._groups, ordinal
        )
        if not _same_number(elements[2], self._isa[13]):
            self._compare_control("IEA02", "ISA13", ordinal)
        self._isa = None

    def _interchange_acknowledgment(self, text: str, ordinal: int) -> None:
        """TA1 answers a whole interchange; a rejection means nothing in it arrived."""
        elements = self._split(text)
        if elements[4].strip() == "R":
            self._log.add(
                "interchange-rejected",
                f"the receiver rejected interchange {elements[1]} "
                f"(TA105 {elements[5]}); nothing in it was processed",
                segment=ordinal,
                element="TA104",
                expected="TA104 A",
                fix="correct the interchange and send all of its claims again",
            )
        self.transactions["TA1"] += 1

    # Accounting

    def _finish_transaction(self, *, cut: bool) -> None:
        transaction, reader = self._transaction, self._reader
        self._transaction = None
        if reader is not None and transaction is not None:
            met = reader.finish(cut=cut)
            self._empty_envelopes += met == 0
            if met == 0 and not cut:
                self._log.add(
                    "transaction-without-records",
                    f"the {transaction.kind} transaction holds no claim or answer",
                    segment=transaction.segment,
                    transaction=transaction.control_number,
                    expected="at least one claim or answer in each transaction",
                    fix="check that the file was exported completely",
                    incomplete=True,
                )
            self._install(None)

    def _abandon_transaction(self, ordinal: int) -> None:
        """Close a transaction that was followed by another envelope segment."""
        if self._transaction is not None:
            self._unclosed("SE", "ST", ordinal)
            self._finish_transaction(cut=False)

    def _end_of_file(self) -> None:
        if self._syntax is None:
            return
        cut = self._source.ended_inside_segment
        if self._transaction is not None:
            if not cut:
                self._unclosed("SE", "ST", None)
            self._finish_transaction(cut=True)
        if cut:
            return
        if self._group is not None:
            self._unclosed("GE", "GS", None)
        if self._isa is not None:
            self._unclosed("IEA", "ISA", None)

    def _stop(self, ordinal: int) -> None:
        """Read no further in a file that is made of envelopes without content."""
        self._log.add(
            "empty-envelopes",
            f"more than {MOST_EMPTY_ENVELOPES:,} interchanges or transactions hold"
            " nothing; reading stopped",
            segment=ordinal,
            expected="claims or answers in each transaction",
            fix="check that this is the file that was meant",
            incomplete=True,
        )

    def _unclosed(self, missing: str, opened: str, ordinal: int | None) -> None:
        where = "the file ended" if ordinal is None else "another one started"
        self._log.add(
            "envelope-not-closed",
            f"{opened} was not closed by {missing} before {where}",
            segment=ordinal,
            element=missing,
            expected=f"{missing} for each {opened}",
            fix="transfer the file again; part of it may be missing",
            incomplete=True,
        )

    def _mismatch(self, code: str, message: str, element: str, ordinal: int) -> None:
        self._log.add(
            code,
            message,
            segment=ordinal,
            element=element,
            expected="envelope segments in pairs: ISA/IEA, GS/GE, ST/SE",
            fix="transfer the file again; part of it may be missing",
            incomplete=True,
        )

    def _compare_count(
        self, code: str, element: str, stated: str, counted: int, ordinal: int
    ) -> None:
        if stated.strip().lstrip("0") == str(counted) or stated.strip() == str(counted):
            return
        self._log.add(
            code,
            f"{element} states {stated or 'nothing'}, counted {counted}",
            segment=ordinal,
            element=element,
            value=stated,
            expected=str(counted),
            fix="compare with the sender's copy; segments may have been lost",
            incomplete=True,
        )

    def _compare_control(self, closing: str, opening: str, ordinal: int) -> None:
        self._log.add(
            "control-number-mismatch",
            f"{closing} does not repeat {opening}",
            segment=ordinal,
            element=closing,
            expected=f"the control number of {opening}",
            fix="compare with the sender's copy; two files may have been mixed",
            incomplete=True,
        )


def _same_number(left: str, right: str) -> bool:
    return left.strip().lstrip("0") == right.strip().lstrip("0")


def _position(elements: list[str], raw: str) -> int:
    """The element that holds a bad value: itself, or as a part of it; 0 if none.

    First elements are identifiers and qualifiers, which are never parsed: an amount
    that is as unreadable as the claim's number must not empty the number.
    """
    for position in range(2, len(elements)):
        if elements[position] == raw:
            return position
    for position in range(2, len(elements)):
        if raw and raw in elements[position]:
            return position
    return 0
