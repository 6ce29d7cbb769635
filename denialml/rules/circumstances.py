"""What must be so of a line or claim before a rule about it can say anything.

Most rules speak of something rare: a second service of the day, telehealth, an
authorization. A rule that names its circumstances is not asked elsewhere. That only
saves time: it would say nothing there anyway, and a test holds it to that.
"""

from collections.abc import Iterable
from enum import StrEnum

from denialml.domain.facts import AuthorizationState, EnrollmentState
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.payer_policy import NOT_CONFIGURED

# An enum's member costs ten times a module's name, and every line asks.
_NO_AUTHORIZATION = AuthorizationState.NONE
_ENROLLED = EnrollmentState.ENROLLED
# No payer of the table of deadlines sets a shorter window.
SHORTEST_FILING_DAYS = 60
FILING_WARNED_DAYS = 15
_ORIGINAL = "1"


class Circumstance(StrEnum):
    """One of them that rules name; see `line_circumstances`, `claim_circumstances`."""

    OTHER_SERVICES = "other services on the claim or of the day"
    TELEHEALTH = "telehealth"
    MODIFIERS = "modifiers"
    AUTHORIZATIONS = "authorizations on file"
    SENT_BEFORE = "the same service sent before"
    NOT_ENROLLED = "a clinician who is not enrolled"
    FILING_LIMIT = "a filing limit that may be near"
    NOT_ORIGINAL = "a frequency code other than 1"
    OTHER_PAYERS = "other payers on the claim"
    SETTINGS = "settings of the payer"


_BITS = {one: 1 << place for place, one in enumerate(Circumstance)}
_OTHER_SERVICES = _BITS[Circumstance.OTHER_SERVICES]
_TELEHEALTH = _BITS[Circumstance.TELEHEALTH]
_MODIFIERS = _BITS[Circumstance.MODIFIERS]
_AUTHORIZATIONS = _BITS[Circumstance.AUTHORIZATIONS]
_SENT_BEFORE = _BITS[Circumstance.SENT_BEFORE]
_NOT_ENROLLED = _BITS[Circumstance.NOT_ENROLLED]
_FILING_LIMIT = _BITS[Circumstance.FILING_LIMIT]
_NOT_ORIGINAL = _BITS[Circumstance.NOT_ORIGINAL]
_OTHER_PAYERS = _BITS[Circumstance.OTHER_PAYERS]
_SETTINGS = _BITS[Circumstance.SETTINGS]


def bits_of(circumstances: Iterable[Circumstance]) -> int:
    """They as one number, a bit for each."""
    return sum(_BITS[one] for one in set(circumstances))


def line_circumstances(line: LineCase) -> int:
    """What is so of the line, as `bits_of`."""
    facts = line.facts
    found = 0
    if facts.other_codes_same_day or len(line.of_claim.lines) > 1:
        found = _OTHER_SERVICES
    if facts.is_telehealth:
        found |= _TELEHEALTH
    if line.line.modifiers:
        found |= _MODIFIERS
    if line.records.authorizations or (
        facts.authorization_state is not _NO_AUTHORIZATION
    ):
        found |= _AUTHORIZATIONS
    if facts.same_service_already_sent:
        found |= _SENT_BEFORE
    if facts.enrollment_state is not _ENROLLED:
        found |= _NOT_ENROLLED
    lag, limit = facts.filing_lag_days, facts.filing_limit_days
    if lag is not None and (
        lag + FILING_WARNED_DAYS > SHORTEST_FILING_DAYS
        or (limit is not None and lag + FILING_WARNED_DAYS > limit)
    ):
        found |= _FILING_LIMIT
    if line.policy is not NOT_CONFIGURED:
        found |= _SETTINGS
    return found


def claim_circumstances(case: ClaimCase) -> int:
    """What is so of the claim as a whole, as `bits_of`."""
    found = 0
    if case.claim.frequency_code != _ORIGINAL:
        found = _NOT_ORIGINAL
    if case.claim.other_payers:
        found |= _OTHER_PAYERS
    for line in case.lines:
        if line.records.authorizations:
            return found | _AUTHORIZATIONS
    return found
