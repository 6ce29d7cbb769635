"""When a claim had to be filed and what proves that it was.

A 999 answers for the file only. The payer's 277CA answers for the claim: A1 and A2
accept, A3, A6, A7 and A8 reject (005010X214).
"""

import re
from datetime import date, timedelta

from denialml.appeals.case_file import CaseFile, payer_type
from denialml.domain.coverage import PayerType

_STATUS = re.compile(r"(?<![A-Z0-9])(A[1-8])(?![0-9A-Z])")
_ACCEPT = frozenset({"A1", "A2"})
_REJECT = frozenset({"A3", "A6", "A7", "A8"})


def accepted_statuses(text: str) -> bool | None:
    """True where the text states only acceptances, False with any rejection.

    None where it states no status category at all.
    """
    stated = set(_STATUS.findall(text))
    if stated & _REJECT or re.search(r"\breject(?:ed|ion)\b", text, re.IGNORECASE):
        return False
    return True if stated & _ACCEPT else None


def filing_limit_ends(case: CaseFile) -> date | None:
    """The last day to file this line; None where the payer's limit is not configured.

    Medicare: one calendar year from the date of service of the line (42 CFR
    424.44(a)); February 29 counts to February 28.
    """
    service_date = case.line.service_date
    if service_date is None:
        return None
    if payer_type(case) is PayerType.MEDICARE:
        return one_year_later(service_date)
    if case.payer is None or case.payer.filing_limit_days is None:
        return None
    return service_date + timedelta(days=case.payer.filing_limit_days)


def one_year_later(when: date) -> date:
    """The same day of the next year; February 29 counts to February 28."""
    last = 28 if (when.month, when.day) == (2, 29) else when.day
    return date(when.year + 1, when.month, last)
