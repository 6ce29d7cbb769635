"""What a route is chosen from, and the words that several routes share."""

from denialml.domain.claim import Claim
from denialml.domain.coverage import Payer, PayerType
from denialml.domain.denial import Denial, RootCauseFinding, Route, RouteFinding
from denialml.domain.facts import LineFacts
from denialml.domain.record import Judgment

MEMBER_NOT_FOUND = "31"
NEVER_BILL = "Never bill the patient for this amount."
CLOCK_RUNS = (
    "Sending records does not stop the appeal clock: file the appeal if they are still"
    " unread before the deadline."
)


class RouteCase(Judgment, frozen=True):
    """What a route is chosen from; `reasons` and `remarks` are the answer's codes.

    `facts` are of the day the claim was sent, `later` of today: eligibility answers
    since then are the better ones.
    """

    denial: Denial
    finding: RootCauseFinding
    payer: Payer | None
    claim: Claim | None
    facts: LineFacts | None
    later: LineFacts | None
    reasons: frozenset[str]
    remarks: frozenset[str]
    types: frozenset[PayerType]

    @property
    def is_medicare(self) -> bool:
        """Original Medicare, where the rules for replacements and appeals differ."""
        return self.types == {PayerType.MEDICARE}

    @property
    def takes_replacements(self) -> bool:
        """Whether a corrected claim may replace the first one (frequency 7)."""
        accepts = self.payer.accepts_frequency_7 if self.payer is not None else None
        return accepts is True or (accepts is None and not self.is_medicare)


def route_to(route: Route, reason: str, *warnings: str) -> RouteFinding:
    """A route with its reason and warnings."""
    return RouteFinding(route=route, reason=reason, warnings=warnings)


def send_records(reason: str, *warnings: str) -> RouteFinding:
    """Send records, with the warning that the appeal clock keeps running."""
    return route_to(Route.RECORDS, reason, *warnings, CLOCK_RUNS)
