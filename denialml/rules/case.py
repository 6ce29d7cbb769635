"""What a rule reads: the claim and what is on file about it on the day it is sent."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property

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


class LineCase:
    """One line of the claim with what is on file about it. Immutable by convention.

    `facts` and `records` stand at the day the claim is sent. `code` None: a procedure
    code that no table knows.
    """

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
        self.line = line
        self.facts = facts
        self.records = records
        self.code: ProcedureCode | None = procedure_codes().get(line.procedure_code)
        self.place: str = line_place_of_service(claim_case.claim, line)
        self.day: date | None = line.service_date

    @property
    def payer(self) -> Payer | None:
        """The payer as the practice has set it up; None: not set up."""
        return self.of_claim.payer

    @property
    def clinician(self) -> Clinician | None:
        """Who delivered the line; None: not among the practice's clinicians."""
        return self.records.clinician

    @cached_property
    def rendering_npi(self) -> str:
        """NPI of who delivered the line (2420A, 2310B, else 2010AA)."""
        return rendering_npi(self.claim, self.line)

    @cached_property
    def same_session_lines(self) -> tuple["LineCase", ...]:
        """The claim's other lines of the same day by the same clinician."""
        return tuple(
            other
            for other in self.of_claim.lines
            if other is not self
            and other.day == self.day
            and other.rendering_npi == self.rendering_npi
        )


class ClaimCase:
    """One claim with what is on file about it. Immutable by convention.

    `as_of` is the day it is sent; nothing known later takes part. `keeps` says whether
    the practice has any record of a kind with a field filled (empty: any at all) by
    then; None: not known.
    """

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
        self.lines: tuple[LineCase, ...] = tuple(
            LineCase(self, line, *about)
            for line, about in zip(claim.lines, about_lines, strict=True)
        )

    @property
    def payer_type(self) -> PayerType:
        """Unknown where the payer is not set up."""
        return self.payer.payer_type if self.payer is not None else PayerType.UNKNOWN

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """HI, in order."""
        return self.claim.diagnoses

    @cached_property
    def first_day(self) -> date | None:
        """The first date of service; None: no line has one."""
        days = [line.day for line in self.lines if line.day is not None]
        return min(days) if days else None

    @cached_property
    def can_be_counted(self) -> bool:
        """Whether windows, months and episodes can be counted from every date."""
        return all(
            is_possible_day(line.day) and is_possible_day(line.line.service_date_end)
            for line in self.lines
        )

    @cached_property
    def codes(self) -> frozenset[str]:
        """The procedure codes of all lines."""
        return frozenset(line.line.procedure_code for line in self.lines)
