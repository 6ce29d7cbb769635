"""The last proofs and refusals of all patients, clinicians, plans and payers."""

from collections.abc import Mapping, Sequence
from datetime import date

from denialml.domain.denial import RootCause
from denialml.modeling.knowledge.answer_event import AnswerEvent
from denialml.modeling.knowledge.evidence import (
    ClinicianEvidence,
    CoverageEvidence,
    FilingEvidence,
    VisitLimitEvidence,
)
from denialml.modeling.knowledge.line_view import LineView
from denialml.modeling.knowledge.loss_hazard import Hazard, Hazards

# A code speaks for a cause that it names with more than this share.
_SETTLED = 0.5
# An enum's member costs ten times a module's name, and every line asks.
_LIMIT = RootCause.BENEFIT_LIMIT
_LATE = RootCause.TIMELY_FILING
_COVERAGE = RootCause.ELIGIBILITY_COVERAGE
_COORDINATION = RootCause.COB_WRONG_PAYER

Evidence = tuple[
    CoverageEvidence,
    ClinicianEvidence,
    FilingEvidence,
    VisitLimitEvidence,
    Hazard,
    Hazard,
]


class EvidenceBook:
    """What answers proved, as of a day that only moves forward.

    `events` are in the order of `answer_event.in_order`.
    """

    def __init__(self, events: Sequence[AnswerEvent]) -> None:
        self._events = events
        self.position = 0
        self.as_of = date.min
        self._coverage: dict[tuple[str, str, str], CoverageEvidence] = {}
        self._clinicians: dict[tuple[str, str], ClinicianEvidence] = {}
        self._filing: dict[str, FilingEvidence] = {}
        self._limits: dict[tuple[str, str], VisitLimitEvidence] = {}
        self._lapses = Hazards()
        self._others = Hazards()

    def advance(self, day: date) -> Sequence[AnswerEvent]:
        """Learn every answer received before `day`; gives those that were new.

        Raises
        ------
        ValueError
            If `day` is earlier than the day it stands at.
        """
        if day < self.as_of:
            raise ValueError(f"history stands at {self.as_of} and cannot go back")
        events, began = self._events, self.position
        position = began
        while position < len(events) and events[position].received_on < day:
            self._learn(events[position])
            position += 1
        self.position = position
        self.as_of = day
        return events[began:position]

    def about(self, view: LineView, *, patient: str) -> Evidence:
        """In the order of the fields of `LineHistory`."""
        payer = view.payer
        return (
            self._coverage.get((patient, payer, view.member), _NO_COVERAGE),
            self._clinicians.get((view.clinician, payer), _NO_CLINICIAN),
            self._filing.get(payer, _NO_FILING),
            self._limits.get((payer, view.plan), _NO_LIMIT),
            self._lapses.of(payer),
            self._others.of(payer),
        )

    def _learn(self, event: AnswerEvent) -> None:
        view = event.view
        shares = dict(event.shares)
        if event.counts:
            limit_key = (view.payer, view.plan)
            limit = self._limits.get(limit_key, _NO_LIMIT)
            self._limits[limit_key] = limit.learn(
                visits=view.visits_this_year,
                denied=event.denied,
                limit_share=shares.get(_LIMIT, 0.0),
            )
            filing = self._filing.get(view.payer, _NO_FILING)
            self._filing[view.payer] = filing.learn(
                lag_days=(event.submitted_on - event.service_date).days,
                answer_days=(event.received_on - event.submitted_on).days,
                denied=event.denied,
                late_share=shares.get(_LATE, 0.0),
            )
        patient_key = (event.patient, view.payer, view.member)
        coverage = self._coverage.get(patient_key, _NO_COVERAGE)
        self._learn_losses(event, coverage, shares)
        self._coverage[patient_key] = coverage.learn(
            event.service_date, denied=event.denied, shares=shares
        )
        clinician_key = (view.clinician, view.payer)
        clinician = self._clinicians.get(clinician_key, _NO_CLINICIAN)
        self._clinicians[clinician_key] = clinician.learn(
            event.service_date, denied=event.denied, shares=shares
        )

    def _learn_losses(
        self, event: AnswerEvent, before: CoverageEvidence, shares: Mapping[str, float]
    ) -> None:
        """How long coverage and coordination had stood unproved, and whether they did.

        Only what an answer settles counts: paid, or refused for this very matter; and
        only while the last word on the matter was a proof.
        """
        checked = event.checked_on
        for hazards, cause, proved, refused, vouched in (
            (
                self._lapses,
                _COVERAGE,
                before.coverage_proved,
                before.coverage_refused,
                event.check_active,
            ),
            (
                self._others,
                _COORDINATION,
                before.coordination_proved,
                before.coordination_refused,
                checked is not None and not event.check_named_other,
            ),
        ):
            lost = shares.get(cause, 0.0) > _SETTLED
            if event.denied and not lost:
                continue
            if vouched and checked is not None and (proved is None or checked > proved):
                proved = checked
            if refused is not None and proved is not None and refused > proved:
                continue
            hazards.learn(
                event.view.payer,
                received=event.received_on,
                proved=proved,
                answered=event.service_date,
                refused=lost,
            )


_NO_COVERAGE = CoverageEvidence()
_NO_CLINICIAN = ClinicianEvidence()
_NO_FILING = FilingEvidence()
_NO_LIMIT = VisitLimitEvidence()
