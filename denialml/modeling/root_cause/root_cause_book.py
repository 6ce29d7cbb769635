"""Root causes of many denied lines of one practice, with what its denials teach.

`find_root_cause` judges one line. The book judges all denied lines of a practice
together, so that those with telling codes help with those whose codes say nothing
(`cause_tendencies`), and with what was learnt of causes that people confirmed, where
they did (`learnt_causes`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from denialml.domain.adjudication import LineAdjudication, LineOutcome
from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import Payer
from denialml.domain.denial import RootCauseFinding
from denialml.domain.facts import LineFacts, PracticeRecords
from denialml.domain.record import Judgment
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.root_cause.cause_sets import CauseSets
from denialml.modeling.root_cause.judgment import WeighedLine, conclude, weigh_line
from denialml.modeling.root_cause.learnt_causes import LearntCauses
from denialml.modeling.root_cause.practice_learning import learn_from


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
    as_of : date, optional
        Today: what was learnt since counts as well. None: up to each answer's day.
    """

    def __init__(self, records: PracticeRecords, *, as_of: date | None = None) -> None:
        self._facts = FactBook(records)
        self._as_of = as_of
        self._paid = {
            (one.claim_id, one.payment_id)
            for one in records.adjudications
            if one.outcome is LineOutcome.PAID
        }

    @property
    def payers(self) -> Mapping[str, Payer]:
        """Payers as the practice set them up, by id."""
        return self._facts.payers

    def facts_when_sent(
        self, claim: Claim, line: ServiceLine, *, sent_on: date
    ) -> LineFacts:
        """What was on file about a line on the day its claim was sent."""
        return self._facts.line_facts(claim, line, as_of=sent_on)

    def facts_now(self, one: DeniedLine) -> LineFacts:
        """What is on file now: on the book's day, else on the day of the answer."""
        return self._facts.line_facts(
            one.claim, one.line, as_of=self._as_of or one.adjudicated.received_on
        )

    def find(
        self,
        denied: Sequence[DeniedLine],
        *,
        letter_of: Callable[[DeniedLine], str] | None = None,
        learnt: LearntCauses | None = None,
        sets: CauseSets | None = None,
    ) -> list[RootCauseFinding]:
        """One finding for each line, in the order given, which is that of receipt.

        An answer that only upholds an earlier one inherits the finding of the first
        denial of the same service under the same control number.

        Parameters
        ----------
        denied : sequence of DeniedLine
            All denied lines of the practice.
        letter_of : callable, optional
            Text of the payer's letter about a line, empty without one.
        learnt : LearntCauses, optional
            Of `learn_root_causes`. None: codes, signs and tendencies alone.
        sets : CauseSets, optional
            Thresholds of the candidates. None: by the stated probabilities.
        """
        weighed = [
            self.weigh(one, letter=letter_of(one) if letter_of else "")
            for one in denied
        ]
        known = [one.evidence for one in weighed if one.evidence is not None]
        taught = learn_from(known, learnt=learnt, sets=sets)
        tendencies = iter(zip(taught.added, taught.letters, strict=True))
        first: dict[tuple[str, str, date | None], RootCauseFinding] = {}
        findings = []
        for one, line in zip(denied, weighed, strict=True):
            key = (
                one.claim.patient_control_number,
                one.line.procedure_code,
                one.line.service_date,
            )
            tendency, by_letter = (
                next(tendencies) if line.evidence is not None else (None, ())
            )
            finding = conclude(
                line,
                tendency=tendency,
                first_finding=first.get(key),
                sets=taught.sets,
                thin=taught.thin,
                by_letter=tuple(by_letter),
            )
            first.setdefault(key, finding)
            findings.append(finding)
        return findings

    def weigh(self, one: DeniedLine, *, letter: str = "") -> WeighedLine:
        """Everything that speaks for a cause of one line, by itself."""
        place = (one.adjudicated.claim_id, one.adjudicated.payment_id)
        return weigh_line(
            one.adjudicated,
            claim=one.claim,
            line=one.line,
            payer=self._facts.payers.get(one.claim.payer.payer_id),
            facts=self.facts_when_sent(one.claim, one.line, sent_on=one.submitted_on),
            later=self.facts_now(one),
            letter=letter,
            paid_beside=place in self._paid,
        )
