"""What the last judgment of each practice's denials left, kept between remittances.

Some thousand bytes for a denial, for a few practices. Losing it costs time only: the
next remittance then judges everything. What another process did is noticed by
`denialml.journeys.judgments`, never by this.
"""

import threading
from collections import OrderedDict

from denialml.journeys.judgments import Judgments

MAXIMUM_PRACTICES = 8


class JudgedPractices:
    """The judgments of the practices that sent files last; safe between threads."""

    def __init__(self) -> None:
        self._by_organization: OrderedDict[str, Judgments] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, organization_id: str) -> Judgments | None:
        """What is known of a practice, None: judge everything."""
        with self._lock:
            return self._by_organization.get(organization_id)

    def put(self, organization_id: str, judgments: Judgments | None) -> None:
        """Keep what a committed transaction came to; None forgets."""
        with self._lock:
            self._by_organization.pop(organization_id, None)
            if judgments is not None:
                self._by_organization[organization_id] = judgments
            while len(self._by_organization) > MAXIMUM_PRACTICES:
                self._by_organization.popitem(last=False)
