"""The header of one 835 transaction while it is being read: BPR, TRN, N1 and REF."""

from datetime import date

from denialml.domain.record import Source
from denialml.domain.remittance import Remittance
from denialml.formats.transaction import Transaction
from denialml.formats.values import BLANK, ZERO


class RemittanceHeader:
    """Collects what stands before the claims and builds the `Remittance` once.

    `payment` and `credit_or_debit` are BPR02 and BPR03, for the balance.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._syntax = transaction.syntax
        self._bpr = BLANK
        self._trn = BLANK
        self._payment_date: date | None = None
        self._payer: dict[str, str] = {}
        self._payee: dict[str, str] = {}
        self._party: dict[str, str] = {}
        self.payment = ZERO
        self.credit_or_debit = ""

    def read_payment(self, text: str) -> None:
        bpr = text.split(self._syntax.element) + BLANK
        self.payment = self._syntax.money[bpr[2]]
        self._payment_date = self._syntax.days[bpr[16]]
        self.credit_or_debit = bpr[3]
        self._bpr = bpr

    def read_trace(self, text: str) -> None:
        self._trn = text.split(self._syntax.element) + BLANK

    def read_party(self, text: str) -> None:
        """N1: the first payer and the first payee count."""
        elements = text.split(self._syntax.element) + BLANK
        _, entity, name, qualifier, identifier, *_ = elements
        self._party = {"name": name, qualifier: identifier}
        if entity == "PR" and not self._payer:
            self._payer = self._party
        elif entity == "PE" and not self._payee:
            self._payee = self._party

    def read_reference(self, qualifier: str, value: str) -> None:
        """A REF after N1 belongs to that payer or payee."""
        self._party.setdefault("REF" + qualifier, value)

    def build(self) -> Remittance:
        payer, payee, bpr, trn = self._payer, self._payee, self._bpr, self._trn
        transaction = self._transaction
        return Remittance(
            payer_id=payer.get("REF2U")
            or payer.get("XV")
            or payer.get("PI")
            or payer.get("REFNF")
            or trn[3],
            payer_name=payer.get("name", ""),
            trace_number=trn[2],
            payment=self.payment,
            payment_date=self._payment_date,
            received_on=transaction.received_on or self._payment_date,
            payment_method=bpr[4],
            credit_or_debit=bpr[3] or "C",
            payee_npi=payee.get("XX", ""),
            payee_tax_id=payee.get("FI") or payee.get("REFTJ", ""),
            payee_name=payee.get("name", ""),
            trace_payer_id=trn[3],
            transaction_control_number=transaction.control_number,
            source=Source(file=transaction.file, segment=transaction.segment),
        )
