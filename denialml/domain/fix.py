"""What would bring an outgoing claim under the risk that its organization accepts.

A fix is legal or it is not named. Nothing here changes a claim by itself: data
corrections become a draft that a person asks for, everything else is work for someone.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from denialml.domain.record import Judgment


class FixClass(StrEnum):
    """What kind of work a fix is.

    ``data_correction``: a record on file proves what the claim should say; a corrected
    draft can be written. ``needs_documentation``: a document has to be found or written
    first. ``needs_another_step``: someone outside of the claim has to be asked, or a
    day waited for. ``never_suggested``: a change that would lower the risk, which the
    record does not prove; named with what is missing, so that nobody makes it
    unknowingly.
    """

    DATA_CORRECTION = "data_correction"
    NEEDS_DOCUMENTATION = "needs_documentation"
    NEEDS_ANOTHER_STEP = "needs_another_step"
    NEVER_SUGGESTED = "never_suggested"


class FixBy(StrEnum):
    """Whose work it is, in a practice's words."""

    BILLER = "biller"
    CLINICIAN = "clinician"
    FRONT_DESK = "front_desk"
    AUTHORIZATIONS = "authorizations"
    CREDENTIALING = "credentialing"
    COMPLIANCE = "compliance"


class Edit(Judgment, frozen=True):
    """One element of the claim that a data correction changes.

    `field` is its place in the 837P (``2300 REF*G1``), `line_number` LX01, None for the
    claim. `before` and `after` are as sent, empty where nothing stands there.
    """

    field: str
    line_number: int | None
    before: str
    after: str


class Proof(Judgment, frozen=True):
    """The record on file that justifies a fix.

    `record_kind` is ``authorization``, ``eligibility_check``, ``encounter``,
    ``clinician``, ``enrollment``, ``remittance``, ``sent_claim``, ``payer_setting`` or
    ``claim``; `record_id` the record's own number. `says` is what it proves, in a
    sentence without names of people. `known_on` is the day from which it was on file.
    """

    record_kind: str
    record_id: str
    says: str
    known_on: date | None = None


class Fix(Judgment, frozen=True):
    """One legal change, or one that is named to say that it is none.

    `fix_id` names it within the claim: its `kind` of the closed catalogue
    (docs/fixes.md), and the lines where it is not the whole claim. `statement` is what
    to do. `edits` are what a data correction changes, empty for the other classes.
    `assumes` is what has to come true for `risk_after` to hold, empty where nothing
    has to. `resolves` are rules that would find nothing more, `raises` those that
    would find something new.

    `stops`: the claim must not go out to this payer as it is, whatever else is mended.

    `risk_after` is the claim's risk by the scoring function with this fix alone; None
    where the fix is not to send the claim as it is, was not tried, or leaves a claim on
    which the model abstains. It may be told where the model abstains on the claim as it
    is: only the mistake is unheard of. `dollars_protected` is the expected loss before
    less the one after, None where either is not told.
    """

    fix_id: str
    kind: str
    fix_class: FixClass
    fix_by: FixBy
    statement: str
    line_numbers: tuple[int, ...] = ()
    edits: tuple[Edit, ...] = ()
    proofs: tuple[Proof, ...] = ()
    assumes: str = ""
    resolves: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()
    stops: bool = False
    risk_after: float | None = None
    dollars_protected: Decimal | None = None


class FixSet(Judgment, frozen=True):
    """The smallest set of fixes that makes the claim fit to send, in order of effect.

    `risks_after` are the risks after the first, the first two, ... of them, None where
    the model abstains on the claim as it then is. `reaches`: the last is at or below
    the accepted risk, or cannot be told and was not above it before, and no finding
    holds the claim any more; else it is the best that was found. `still_found` are the
    rules that would still hold it.
    """

    fix_ids: tuple[str, ...]
    risks_after: tuple[float | None, ...]
    dollars_protected: Decimal | None
    reaches: bool
    still_found: tuple[str, ...] = ()


class ClaimFixes(Judgment, frozen=True):
    """All that can be done about a claim before it is sent.

    `fixes`: those of the smallest set first, then by what they protect. `smallest` is
    None where the claim is fit to send as it is, nothing helps, or a fix `stops` it;
    `by_correction` is the same of data corrections alone, None where it is the same or
    none helps.
    """

    accepted_risk: float
    fixes: tuple[Fix, ...]
    smallest: FixSet | None = None
    by_correction: FixSet | None = None
