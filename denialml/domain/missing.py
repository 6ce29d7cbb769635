"""Which record a fact would stand in that a rule cannot tell without."""

from enum import StrEnum

from denialml.domain.record import Judgment


class MissingRecord(StrEnum):
    """Where a practice would have put the fact.

    ``claim``: the claim itself leaves it out. ``earlier_claim``: claims sent before and
    their answers. ``payer``: the payer as the practice set it up; ``payer_setting``:
    the organization's own word on the payer (`[payers.PAYER_ID]` of its rules file).
    ``elsewhere``: no file that denialml reads has a place for it, as a payer's medical
    policy or the registry of NPIs; a person looks it up.
    """

    CLAIM = "claim"
    EARLIER_CLAIM = "earlier_claim"
    ELIGIBILITY_CHECK = "eligibility_check"
    AUTHORIZATION = "authorization"
    ENCOUNTER = "encounter"
    CLINICIAN = "clinician"
    ENROLLMENT = "enrollment"
    PAYER = "payer"
    PAYER_SETTING = "payer_setting"
    ELSEWHERE = "elsewhere"


class PracticeGap(Judgment, frozen=True):
    """A kind of record that the practice keeps none of, told once for many claims.

    Grain: answer x record x field. `missing_field` is the column, or the key of the
    rules file, that is empty everywhere; empty: there is no such record at all.
    `rule_ids` are the rules that cannot be decided for want of it, `facts` what they
    ask, one of each, and `claims` counts the answer's claims of which one of them asks.
    `statement` says it and `advice` where such records go.
    """

    missing_record: MissingRecord
    missing_field: str
    rule_ids: tuple[str, ...]
    facts: tuple[str, ...]
    claims: int
    statement: str
    advice: str
