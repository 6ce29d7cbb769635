"""Claim rules over a practice's records; loads no model."""

from collections.abc import Mapping
from datetime import date

from denialml.domain.claim import Claim
from denialml.domain.coverage import Payer
from denialml.domain.edit import EditFinding
from denialml.modeling.knowledge.facts import FactBook
from denialml.rules.case import ClaimCase
from denialml.rules.engine import Engine


def findings_of(
    claim: Claim, fact_book: FactBook, engine: Engine, *, as_of: date
) -> tuple[EditFinding, ...]:
    """What the rules say of a claim, by what was on file on the day `as_of`."""
    return engine.judge(case_of(claim, fact_book, engine, as_of=as_of))


def case_of(
    claim: Claim, fact_book: FactBook, engine: Engine, *, as_of: date
) -> ClaimCase:
    """The claim with what was on file on the day `as_of`: what rules and fixes read."""
    payers: Mapping[str, Payer] = fact_book.payers
    payer_id = claim.payer.payer_id
    return ClaimCase(
        claim,
        as_of=as_of,
        payer=payers.get(payer_id),
        about_lines=[
            (
                fact_book.line_facts(claim, line, as_of=as_of, own_note_only=True),
                fact_book.line_records(claim, line, as_of=as_of),
            )
            for line in claim.lines
        ],
        policy=engine.settings.policy_of(payer_id),
    )
