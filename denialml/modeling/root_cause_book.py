"""Root causes of many denied lines of one practice, with what its history teaches.

`find_root_cause` judges one line. A practice's own denials teach one thing more: for
what this payer tends to deny this kind of service. The book first judges every line
by itself, then counts those judgments, in the order the answers came, and hands each
line the shares of the earlier ones. No true label takes part (there are none), and
nothing received after a line's own answer.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from denialml.domain.adjudication import LineAdjudication
from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import Payer
from denialml.domain.denial import RootCauseFinding
from denialml.domain.facts import LineFacts, PracticeRecords, SubmittedClaim
from denialml.domain.record import Judgment
from denialml.modeling.facts import FactBook
from denialml.modeling.root_cause import find_root_cause


class DeniedLine(Judgment, frozen=True):
    """One denied line of one submission, with its answer."""

    adjudicated: LineAdjudication
    claim: Claim
    line: ServiceLine
    submitted_on: date


class RootCauseBook:
    """Root causes over a practice's records.

    Parameters
    ----------
    records : PracticeRecords
        What the practice holds; each line sees what was on file when it was sent.
    reads_file : bool
        False: only codes speak (for comparison).
    """

    def __init__(self, records: PracticeRecords, *, reads_file: bool = True) -> None:
        self._facts = FactBook(records)
        self._reads_file = reads_file

    @property
    def payers(self) -> Mapping[str, Payer]:
        """Payers as the practice set them up, by id."""
        return self._facts.payers

    def facts_when_sent(
        self, submitted: SubmittedClaim, line: ServiceLine
    ) -> LineFacts:
        """What was on file about a line on the day its claim was sent."""
        return self._facts.line_facts(
            submitted.claim, line, as_of=submitted.submitted_on
        )

    def find(self, denied: Sequence[DeniedLine]) -> list[RootCauseFinding]:
        """One finding for each line, in the order given."""
        return [self._find(one) for one in denied]

    def _find(self, one: DeniedLine) -> RootCauseFinding:
        facts = (
            self._facts.line_facts(one.claim, one.line, as_of=one.submitted_on)
            if self._reads_file
            else None
        )
        return find_root_cause(
            one.adjudicated,
            claim=one.claim,
            line=one.line,
            payer=self._facts.payers.get(one.claim.payer.payer_id),
            facts=facts,
        )
