"""What a rule reads: the claim and what is on file about it on the day it is sent."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from denialml.domain.claim import (
    Claim,
    Diagnosis,
    ServiceLine,
    is_possible_day,
    line_place_of_service,
    rendering_npi,
)
from denialml.domain.coverage import Clinician, Payer, PayerType
from denialml.domain.facts import LineFacts, LineRecords
from denialml.domain.missing import MissingRecord
from denialml.reference import ProcedureCode, procedure_codes
from denialml.rules.payer_policy import NOT_CONFIGURED, PayerPolicy

_CODES = procedure_codes()
# An enum's member costs ten times a module's name, and every claim asks.
_UNKNOWN = PayerType.UNKNOWN


class LineCase:
    """One line of the claim with what is on file about it. Immutable by convention.

    `facts` and `records` stand at the day the claim is sent. `code` None: a procedure
    code that no table knows. `payer` None: the practice has not set it up; `clinician`,
    who delivered the line, None: not among the practice's clinicians. `rendering_npi`
    is the NPI of who delivered it (2420A, 2310B, else 2010AA).
    """

    __slots__ = (
        "_same_session",
        "claim",
        "clinician",
        "code",
        "day",
        "facts",
        "line",
        "of_claim",
        "payer",
        "place",
        "policy",
        "records",
        "rendering_npi",
    )

    def __init__(
        self,
        claim_case: "ClaimCase",
        line: ServiceLine,
        facts: LineFacts,
        records: LineRecords,
    ) -> None:
        self.of_claim = claim_case
        self.claim: Claim = claim_case.claim
        self.policy: PayerPolicy = claim_case.policy
        self.payer: Payer | None = claim_case.payer
        self.line = line
        self.facts = facts
        self.records = records
        self.code: ProcedureCode | None = _CODES.get(line.procedure_code)
        self.place: str = line_place_of_service(claim_case.claim, line)
        self.day: date | None = line.service_date
        self.clinician: Clinician | None = records.clinician
        self.rendering_npi: str = rendering_npi(claim_case.claim, line)
        self._same_session: tuple[LineCase, ...] | None = None

    @property
    def same_session_lines(self) -> tuple["LineCase", ...]:
        """The claim's other lines of the same day by the same clinician."""
        found = self._same_session
        if found is None:
            npi = self.rendering_npi
            found = self._same_session = tuple(
                [
                    other
                    for other in self.of_claim.lines_of_day(self.day)
                    if other is not self and other.rendering_npi == npi
                ]
            )
        return found


class ClaimCase:
    """One claim with what is on file about it. Immutable by convention.

    `as_of` is the day it is sent; nothing known later takes part. `payer_type` is
    unknown where the payer is not set up. `diagnoses` are HI, `codes` the procedure
    codes of all lines. `first_day` is the first date of service, None: no line has one.
    `can_be_counted`: windows, months and episodes can be counted from every date.
    `keeps` says whether the practice has any record of a kind with a field filled
    (empty: any at all) by the day; None: not known.
    """

    __slots__ = (
        "_by_day",
        "as_of",
        "can_be_counted",
        "claim",
        "codes",
        "diagnoses",
        "first_day",
        "keeps",
        "lines",
        "payer",
        "payer_type",
        "policy",
    )

    def __init__(
        self,
        claim: Claim,
        *,
        as_of: date,
        payer: Payer | None,
        about_lines: Sequence[tuple[LineFacts, LineRecords]],
        policy: PayerPolicy = NOT_CONFIGURED,
        keeps: Callable[[MissingRecord, str], bool] | None = None,
    ) -> None:
        self.claim = claim
        self.as_of = as_of
        self.payer = payer
        self.policy = policy
        self.keeps = keeps
        self.payer_type: PayerType = payer.payer_type if payer is not None else _UNKNOWN
        self.diagnoses: tuple[Diagnosis, ...] = claim.diagnoses
        self.lines: tuple[LineCase, ...] = tuple(
            [
                LineCase(self, line, *about)
                for line, about in zip(claim.lines, about_lines, strict=True)
            ]
        )
        self.codes: frozenset[str] = frozenset(
            [line.procedure_code for line in claim.lines]
        )
        days = [line.day for line in self.lines if line.day is not None]
        self.first_day: date | None = min(days, default=None)
        ends = [line.service_date_end for line in claim.lines if line.service_date_end]
        self.can_be_counted: bool = all(map(is_possible_day, [*days, *ends]))
        self._by_day: Mapping[date | None, Sequence[LineCase]] | None = None

    def lines_of_day(self, day: date | None) -> Sequence[LineCase]:
        """The claim's lines of that day, in its order; None: those without a date."""
        if len(self.lines) == 1:
            return self.lines if self.lines[0].day == day else ()
        if self._by_day is None:
            by_day: dict[date | None, list[LineCase]] = {}
            for line in self.lines:
                by_day.setdefault(line.day, []).append(line)
            self._by_day = by_day
        return self._by_day.get(day, ())
