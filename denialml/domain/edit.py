"""What a claim rule says of a claim before it is sent."""

from enum import StrEnum
from typing import Literal

from denialml.domain.denial import RootCause
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.domain.record import Judgment
from denialml.reference import Support


class Severity(StrEnum):
    """What comes of sending the claim as it is, worst first.

    ``reject``: the front end turns it away (999, 277CA). ``hold``: it must not be sent
    at all (privacy, law, money taken twice), whatever a payer would answer.
    ``deny-likely``: the payer adjudicates and denies. ``warn``: look before sending.
    """

    REJECT = "reject"
    HOLD = "hold"
    DENY_LIKELY = "deny-likely"
    WARN = "warn"


class Measured(Judgment, frozen=True):
    """What became of lines that a rule found something on, by the practice's own
    remittances. Counts are answered lines of original claims.

    `denied_for_cause` is how many of the `denied` were so for the rule's root cause, by
    the codes of the answer: a sum of shares where codes name several causes.
    `usually_denied` is the share of all lines that were denied there. `of_payer`: at
    this payer; else at all payers, as too few were answered there.
    """

    found: int
    denied: int
    denied_for_cause: float
    usually_denied: float = 0.0
    of_payer: bool = True

    @property
    def precision(self) -> float:
        """The share that what was found got denied, estimated in two ways.

        The codes' own word is too low where payers print generic codes; so is the share
        denied beyond the usual where payers deny for other causes first. The larger one
        is taken.
        """
        if not self.found:
            return 0.0
        usual = min(self.usually_denied, 0.999)
        beyond = (self.denied / self.found - usual) / (1.0 - usual)
        return max(self.denied_for_cause / self.found, beyond)


class EditFinding(Judgment, frozen=True):
    """One rule's finding about one claim. Grain: claim x rule x what it found.

    `verdict` is ``found``, or ``cannot_tell`` where a fact is missing: `missing` then
    names it, and nothing is claimed. `line_numbers` are LX01, empty: the whole claim.
    `statement` says it with the claim's own codes and numbers, without names.
    `fields` are the places it was read from (X12 positions, or the practice's records).
    `reason_codes` and `remark_codes` are what a payer would answer with (CARC, RARC).
    `fix_class` and `fix_by` are what kind of work that fix is, and whose.
    `support` is how sure the rule itself is; `rests_on_default`: a setting
    of the payer is not configured and a specialist's default stood in for it.
    `measured` is what became of such lines before; `usual_severity` is the rule's own
    where that lowered it, else None.

    Of what cannot be told, `missing_record` is where the fact would stand and
    `missing_field` the column or key of it, empty where the whole record is missing.
    `practice_keeps`: whether the practice has any such record, with that field filled,
    by the day the claim is sent; if so this one is missing, else it is a gap of the
    practice and no word on this claim. None: found, or no record of a practice has it.
    """

    rule_id: str
    title: str
    verdict: Literal["found", "cannot_tell"]
    severity: Severity
    line_numbers: tuple[int, ...]
    statement: str
    missing: str
    fields: tuple[str, ...]
    reason_codes: tuple[str, ...]
    remark_codes: tuple[str, ...]
    root_cause: RootCause
    fix: str
    fix_class: FixClass
    fix_by: FixBy
    source: str
    support: Support
    rests_on_default: bool
    measured: Measured | None = None
    usual_severity: Severity | None = None
    missing_record: MissingRecord | None = None
    missing_field: str = ""
    practice_keeps: bool | None = None


class Decision(StrEnum):
    """What the organization's own policy says of sending the claim as it is.

    ``hold``: a person looks first. Nothing is held or sent by itself.
    """

    PASSES = "pass"
    WARN = "warn"
    HOLD = "hold"


class ClaimDecision(Judgment, frozen=True):
    """The decision and each reason for it, gravest first; none where it passes."""

    decision: Decision
    reasons: tuple[str, ...]
