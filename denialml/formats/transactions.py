"""Which transactions are read, by ST01 and the version they say they follow."""

from collections.abc import Callable

from denialml.formats.authorization_response import AuthorizationReader
from denialml.formats.claim_acknowledgment import ClaimAcknowledgmentReader
from denialml.formats.eligibility_response import EligibilityReader
from denialml.formats.file_acknowledgment import FileAcknowledgmentReader
from denialml.formats.professional_claim import ProfessionalClaimReader
from denialml.formats.remittance_advice import RemittanceReader
from denialml.formats.transaction import Transaction, TransactionReader

_CLAIM_KINDS = {
    "X222": "837P",
    "X098": "837P",
    "X223": "837I",
    "X096": "837I",
    "X224": "837D",
    "X097": "837D",
}
_READERS: dict[str, Callable[[Transaction], TransactionReader]] = {
    "837P": ProfessionalClaimReader,
    "835": RemittanceReader,
    "277CA": ClaimAcknowledgmentReader,
    "999": FileAcknowledgmentReader,
    "997": FileAcknowledgmentReader,
    "271": EligibilityReader,
    "278": AuthorizationReader,
}
_NAMES = {
    "270": "eligibility inquiry",
    "275": "attachment",
    "276": "claim status request",
    "277": "claim status response",
    "820": "premium payment",
    "824": "application advice",
    "834": "enrollment",
    "837I": "institutional claim",
    "837D": "dental claim",
}


def open_transaction(transaction: Transaction) -> TransactionReader | None:
    """The reader of one transaction; a problem and None where there is none.

    Versions are matched by the implementation guide's number, not by equality:
    X222, X222A1 and X222A2 all occur, as does an ST03 that was left out.
    """
    if transaction.kind == "837":
        transaction.kind = _claim_kind(transaction.version)
    elif transaction.kind == "277" and "X214" in transaction.version:
        transaction.kind = "277CA"
    reader = _READERS.get(transaction.kind)
    if reader is not None:
        return reader(transaction)
    _report_unsupported(transaction)
    return None


def _claim_kind(version: str) -> str:
    return next((kind for key, kind in _CLAIM_KINDS.items() if key in version), "837P")


def _report_unsupported(transaction: Transaction) -> None:
    kind = transaction.kind
    name = _NAMES.get(kind, "unknown transaction")
    transaction.log.add(
        "unsupported-transaction",
        f"{kind} ({name}) is not read; it was skipped",
        segment=transaction.segment,
        element="ST01",
        transaction=transaction.control_number,
        expected="837P, 835, 277CA, 999, 271 or a 278 response",
        fix="leave this transaction out, or ignore this if it is not needed",
        incomplete=True,
    )
