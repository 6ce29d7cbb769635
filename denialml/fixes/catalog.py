"""The closed catalogue: every fix that denialml can name for a claim."""

from collections.abc import Callable, Iterator

from denialml.fixes.authorizations import authorization_fixes
from denialml.fixes.candidate import Candidate
from denialml.fixes.claim_form import form_fixes
from denialml.fixes.coverage import coverage_fixes
from denialml.fixes.providers import provider_fixes
from denialml.fixes.resubmission import resubmission_fixes
from denialml.fixes.session_notes import note_fixes, unit_fixes
from denialml.fixes.telehealth import telehealth_fixes
from denialml.rules.case import ClaimCase

_PROPOSERS: tuple[Callable[[ClaimCase], Iterator[Candidate]], ...] = (
    resubmission_fixes,
    authorization_fixes,
    coverage_fixes,
    telehealth_fixes,
    note_fixes,
    unit_fixes,
    provider_fixes,
    form_fixes,
)


def candidates_of(case: ClaimCase) -> list[Candidate]:
    """What could be done about the claim, by what is on file on the day it is sent.

    In a fixed order; what is never suggested is among them. A claim with a day that no
    service can be of has none: nothing can be counted from it. Nor has one that gives
    a line number twice: a correction of one of the two could be made on the other.
    """
    numbers = {line.line.line_number for line in case.lines}
    if not case.can_be_counted or len(numbers) < len(case.lines):
        return []
    return [one for propose in _PROPOSERS for one in propose(case)]
