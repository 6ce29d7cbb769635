"""The kinds of file that may be told where nothing of the file itself may be.

A file's own word for what it is (ST01, a resource's type) is whatever its sender wrote.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from denialml.formats.csv_columns import TABLES

OTHER: Final = "other"
FILE_KINDS: Final = frozenset(
    {
        *("837P", "837I", "837D", "835", "277CA", "999", "997", "TA1", "271", "278"),
        *("Claim", "ClaimResponse", "ExplanationOfBenefit"),
        *("CoverageEligibilityResponse", "Coverage"),
        *(table.file_name.removesuffix(".csv") for table in TABLES),
        OTHER,
    }
)


def known_kinds(transactions: Mapping[str, int]) -> dict[str, int]:
    """Transactions of a file by kind, those of any other kind together."""
    counted: Counter[str] = Counter()
    for kind, count in transactions.items():
        counted[kind if kind in FILE_KINDS else OTHER] += count
    return dict(counted)
