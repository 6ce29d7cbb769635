"""Everything that changes while the days of a simulated practice go by."""

from collections import defaultdict
from datetime import date
from random import Random

import msgspec

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.claim import Claim
from denialml.domain.coverage import Authorization, EligibilityCheck
from denialml.domain.encounter import Encounter
from denialml.simulation.authorizing import Grant
from denialml.simulation.billing import Session
from denialml.simulation.coverage import Coverage, Loading
from denialml.simulation.emission import Codes
from denialml.simulation.filing import Folder
from denialml.simulation.hidden import HiddenSubmission
from denialml.simulation.parameters import (
    NEW_CLINICIAN_NOT_LOADED,
    DifficultySettings,
)
from denialml.simulation.payers import Policy
from denialml.simulation.people import Person, Staff
from denialml.simulation.policy_changes import PolicyChange
from denialml.simulation.practice import Appeal, RemittanceAdvice, TruthRow
from denialml.simulation.remitting import Answer
from denialml.simulation.rules import Rule
from denialml.simulation.timeline import Timeline


class Chart(msgspec.Struct):
    """What changes about one patient. `coverages` oldest first.

    `settled_on` is the day on which the patient last told who is primary; `second` is
    a plan that pays after the first of `coverages`.
    """

    coverages: list[Coverage]
    visits: int = 0
    visits_this_year: int = 0
    year: int = 0
    checked_month: int = -1
    fixing: bool = False
    settling: bool = False
    left: bool = False
    plan_day: int | None = None
    settled_on: int | None = None
    second: Coverage | None = None


class Sent(msgspec.Struct):
    """One accepted submission under adjudication or adjudicated.

    `causes` holds per line the rule that denied it, or None; `codes` what was
    printed for it. `is_secondary` marks a claim to the plan that pays second.
    """

    session: Session
    claim: Claim
    coverage: Coverage
    submitted: int
    answer: Answer
    causes: tuple[Rule | None, ...]
    codes: tuple[Codes | None, ...]
    is_secondary: bool = False


class Arrival(msgspec.Struct, frozen=True):
    """An answer on its way. `sent` is set for initial determinations."""

    answers: tuple[Answer, ...]
    sent: Sent | None = None


class Outputs(msgspec.Struct):
    """Records as they come into being, in order."""

    checks: list[EligibilityCheck] = msgspec.field(default_factory=list)
    authorizations: list[Authorization] = msgspec.field(default_factory=list)
    encounters: list[Encounter] = msgspec.field(default_factory=list)
    claims: list[Claim] = msgspec.field(default_factory=list)
    acknowledgments: list[ClaimAcknowledgment] = msgspec.field(default_factory=list)
    advices: list[tuple[int, RemittanceAdvice]] = msgspec.field(default_factory=list)
    outgoing: list[Claim] = msgspec.field(default_factory=list)
    truth: list[TruthRow] = msgspec.field(default_factory=list)
    denied: list[tuple[int, Sent]] = msgspec.field(default_factory=list)
    appeals: list[Appeal] = msgspec.field(default_factory=list)


class State(msgspec.Struct):
    """The practice on one evening.

    Agendas map a day number to what is due then. `rehearsal` collects, when a payer's
    strictness is being fitted, (payer, probability that everything else passes, hazard
    of its rules) per line in place of the truth; then there is no `folder` either.
    `hidden` keeps, where it is asked for, what payers saw of each submission, and
    `policy_copies` their rules as they stand. `checks_of` holds eligibility answers by
    patient, `paid` the latest paid claims.
    `setups` maps (site, payer) to the
    telehealth place of service and modifier that the practice bills.
    """

    random: Random
    timeline: Timeline
    settings: DifficultySettings
    policies: list[Policy]
    changes: list[PolicyChange]
    staff: Staff
    people: list[Person]
    charts: list[Chart]
    outputs: Outputs = msgspec.field(default_factory=Outputs)
    setups: dict[tuple[int, int], tuple[str, str]] = msgspec.field(default_factory=dict)
    grants: dict[tuple[int, int], list[Grant]] = msgspec.field(default_factory=dict)
    loadings: dict[tuple[int, int], Loading] = msgspec.field(default_factory=dict)
    submissions: defaultdict[int, list[Session]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    resends: defaultdict[int, list[Sent]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    corrections: defaultdict[int, list[Sent]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    checks: defaultdict[int, list[tuple[int, Coverage]]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    renewals: defaultdict[int, list[int]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    settlements: defaultdict[int, list[tuple[int, Coverage]]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    repairs: defaultdict[int, list[tuple[int, int]]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    arrivals: defaultdict[tuple[int, int], list[Arrival]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    seconds: defaultdict[int, list[tuple[Sent, int]]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    held: defaultdict[int, list[Session]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    takebacks: defaultdict[int, list[tuple[str, int]]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    uncovered: defaultdict[int, list[Session]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    unloaded: defaultdict[tuple[int, int], list[Sent]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    unsettled: defaultdict[int, list[Sent]] = msgspec.field(
        default_factory=lambda: defaultdict(list)
    )
    uses_today: list[tuple[Grant, int, int]] = msgspec.field(default_factory=list)
    counters: dict[str, int] = msgspec.field(default_factory=dict)
    lessons: dict[tuple[str, int, str], int] = msgspec.field(default_factory=dict)
    paid: dict[int, list[Sent]] = msgspec.field(default_factory=dict)
    checks_of: dict[int, list[EligibilityCheck]] = msgspec.field(default_factory=dict)
    folder: Folder | None = None
    rehearsal: list[tuple[int, float, float]] | None = None
    hidden: dict[tuple[str, date], HiddenSubmission] | None = None
    policy_copies: dict[int, Policy] = msgspec.field(default_factory=dict)

    def next_number(self, name: str) -> int:
        """1, 2, 3 ... per name."""
        number = self.counters.get(name, 0) + 1
        self.counters[name] = number
        return number

    def member_id(self, policy: int) -> str:
        """A fresh, invented member number with the payer."""
        return f"ZZ{policy:02d}{self.next_number('member'):07d}"

    def denials_so_far(self, subject: str, policy: int, *, about: str) -> int:
        """Count one more denial of a kind; the practice learns from a dozen."""
        key = (subject, policy, about)
        self.lessons[key] = self.lessons.get(key, 0) + 1
        return self.lessons[key]

    def policy(self, coverage: Coverage) -> Policy:
        """The payer of a coverage."""
        return self.policies[coverage.policy]

    def count_units(
        self, session: Session, grants: list[Grant], *, number: str
    ) -> None:
        """Note that the session's units fall under its grants, from tomorrow on.

        A line falls under a grant by code and day, unless the claim names another.
        """
        for grant in grants:
            if number and number != grant.number:
                continue
            units = sum(
                line.units
                for line in session.lines
                if line.code in grant.codes and grant.begins <= line.day <= grant.ends
            )
            if units:
                self.uses_today.append((grant, session.number, units))

    def close_day(self) -> None:
        """The day's lines count against their grants from now on."""
        for grant, session, units in self.uses_today:
            grant.used += units
            grant.sessions[session] = units
        self.uses_today.clear()

    def loading(self, worker: int, policy: int) -> Loading:
        """The payer's hidden knowledge of a clinician, begun on first use."""
        key = (worker, policy)
        found = self.loadings.get(key)
        if found is None:
            begins = self.staff.workers[worker].begins
            found = Loading(
                self.random,
                begins=begins,
                off=NEW_CLINICIAN_NOT_LOADED if begins >= 0 else 0.0,
            )
            self.loadings[key] = found
        return found
