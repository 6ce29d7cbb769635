"""Numbers and lists as a rule's sentence prints them."""

from collections.abc import Iterable
from decimal import Decimal

_NAMED = 6


def plain(value: Decimal | int) -> str:
    """``2`` and ``1.5``, never ``2.00`` or ``2E+1``."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def dollars(value: Decimal) -> str:
    """``$1,250.00``, ``-$5.00``."""
    return f"{'-' if value < 0 else ''}${abs(value):,.2f}"


def in_days(number: int) -> str:
    """``1 day``, ``2 days``."""
    return f"{number} {'day' if number == 1 else 'days'}"


def service(procedure_code: str) -> str:
    """A line's code, or words for it where a sentence begins with it."""
    return procedure_code.strip() or "A line without a procedure code"


def listed(words: Iterable[str]) -> str:
    """``90834 and 90837``, ``a, b and c``; of many, the first and how many more."""
    first = list(words)
    if len(first) > _NAMED + 1:
        first[_NAMED:] = [f"{len(first) - _NAMED} more"]
    *first, last = first
    return f"{', '.join(first)} and {last}" if first else last
