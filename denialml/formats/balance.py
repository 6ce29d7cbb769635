"""What an 835 states about its own sums (005010X221, section 1.10.2)."""

from collections.abc import Sequence
from decimal import Decimal

from denialml.domain.remittance import ServicePayment
from denialml.formats.envelope import Transaction
from denialml.formats.values import ZERO


class RemittanceBalance:
    """Adds up one transaction and reports each sum that differs, with both sides."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._money = transaction.syntax.money
        self._claims = ZERO
        self._provider_adjustments = ZERO

    def add_claim(self, paid: Decimal) -> None:
        self._claims += paid

    def add_provider_adjustment(self, amount: Decimal) -> None:
        self._provider_adjustments += amount

    def warn_line(self, svc: list[str], adjusted: Decimal, segment: int) -> None:
        charge, paid = self._money[svc[2]], self._money[svc[3]]
        self._warn(
            "line-out-of-balance",
            f"SVC02 {charge} less the line's CAS {adjusted} is {charge - adjusted}, "
            f"SVC03 states {paid}",
            segment=segment,
            loop="2110",
            element="SVC03",
            expected=str(charge - adjusted),
        )

    def warn_claim(self, clp: list[str], adjusted: Decimal, segment: int) -> None:
        charge, paid = self._money[clp[3]], self._money[clp[4]]
        self._warn(
            "claim-out-of-balance",
            f"CLP03 {charge} less all CAS {adjusted} is {charge - adjusted}, "
            f"CLP04 states {paid}",
            segment=segment,
            loop="2100",
            element="CLP04",
            expected=str(charge - adjusted),
        )

    def check_lines(
        self, clp: list[str], services: Sequence[ServicePayment], segment: int
    ) -> None:
        """Charges of the lines add up to the claim's charge."""
        charge = self._money[clp[3]]
        total = ZERO
        for service in services:
            total += service.charge
        if total != charge:
            self._warn(
                "lines-do-not-add-up",
                f"SVC02 of {len(services)} lines add up to {total}, "
                f"CLP03 states {charge}",
                segment=segment,
                loop="2100",
                element="CLP03",
                expected=str(total),
            )

    def check_payment(self, payment: Decimal, credit_or_debit: str) -> None:
        """BPR02 is the sum of CLP04 less the sum of PLB."""
        expected = self._claims - self._provider_adjustments
        stated = -payment if credit_or_debit == "D" else payment
        # A payer never sends a negative payment: what it cannot recover now is
        # carried forward in a PLB. Files that state the sum unsigned are accepted.
        if expected not in (stated, payment):
            self._warn(
                "payment-out-of-balance",
                f"CLP04 {self._claims} less PLB {self._provider_adjustments} is "
                f"{expected}, BPR02 states {payment}",
                segment=self._transaction.segment,
                loop="ST",
                element="BPR02",
                expected=str(expected),
            )

    def note_cut_claim(self, segment: int) -> None:
        """The file ended inside a claim, whose lines may be missing."""
        self._transaction.log.add(
            "claim-cut-off",
            "the file ended inside this claim; it was left out",
            segment=segment,
            loop="2100",
            transaction=self._transaction.control_number,
            expected="a transaction that ends with SE",
            fix="transfer the file again",
            incomplete=True,
        )

    def warn_orphan(self, identifier: str, segment: int) -> None:
        """A segment that belongs to a claim stands outside any."""
        self._transaction.log.add(
            "segment-outside-claim",
            f"{identifier} stands outside any claim; it was ignored",
            segment=segment,
            transaction=self._transaction.control_number,
            expected=f"{identifier} after CLP",
            fix="compare with the sender's copy; a segment may have been lost",
            incomplete=True,
        )

    def _warn(
        self,
        code: str,
        message: str,
        *,
        segment: int,
        loop: str,
        element: str,
        expected: str,
    ) -> None:
        self._transaction.log.warn(
            code,
            message,
            segment=segment,
            loop=loop,
            element=element,
            expected=expected,
            transaction=self._transaction.control_number,
            fix="ask the payer to explain the difference before posting",
        )
