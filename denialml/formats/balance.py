"""What an 835 states about its own sums (005010X221, section 1.10.2)."""

from decimal import Decimal

from denialml.formats.transaction import Transaction
from denialml.formats.values import ZERO


class RemittanceBalance:
    """Adds up one transaction and reports each sum that differs, with both sides."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.claims = ZERO
        self.provider_adjustments = ZERO

    def warn_line(
        self, charge: Decimal, paid: Decimal, adjusted: Decimal, segment: int
    ) -> None:
        """A line's charge less its adjustments is not its payment."""
        self._warn(
            "line-out-of-balance",
            f"SVC02 {charge} less the line's CAS {adjusted} is {charge - adjusted}, "
            f"SVC03 states {paid}",
            segment=segment,
            loop="2110",
            element="SVC03",
            expected=str(charge - adjusted),
        )

    def warn_claim(
        self, charge: Decimal, paid: Decimal, adjusted: Decimal, segment: int
    ) -> None:
        """A claim's charge less all its adjustments is not its payment."""
        self._warn(
            "claim-out-of-balance",
            f"CLP03 {charge} less all CAS {adjusted} is {charge - adjusted}, "
            f"CLP04 states {paid}",
            segment=segment,
            loop="2100",
            element="CLP04",
            expected=str(charge - adjusted),
        )

    def warn_lines(
        self, charge: Decimal, total: Decimal, lines: int, segment: int
    ) -> None:
        """The charges of the lines do not add up to the claim's."""
        self._warn(
            "lines-do-not-add-up",
            f"SVC02 of {lines} lines add up to {total}, CLP03 states {charge}",
            segment=segment,
            loop="2100",
            element="CLP03",
            expected=str(total),
        )

    def warn_missing(self, clp: list[str], segment: int) -> None:
        """A claim without its charge or payment is read as if they were 0."""
        element = "CLP04" if clp[3] else "CLP03"
        self._warn(
            "missing-amount",
            f"{element} is empty; it was read as 0",
            segment=segment,
            loop="2100",
            element=element,
            expected="the charge (CLP03) and the payment (CLP04) of each claim",
        )

    def check_payment(self, payment: Decimal, credit_or_debit: str) -> None:
        """BPR02 is the sum of CLP04 less the sum of PLB."""
        expected = self.claims - self.provider_adjustments
        stated = -payment if credit_or_debit == "D" else payment
        # A payer never sends a negative payment: what it cannot recover now is
        # carried forward in a PLB. Files that state the sum unsigned are accepted.
        if expected not in (stated, payment):
            self._warn(
                "payment-out-of-balance",
                f"CLP04 {self.claims} less PLB {self.provider_adjustments} is "
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
