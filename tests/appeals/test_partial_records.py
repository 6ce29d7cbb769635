"""Records with anything missing, drawn at random: no blank, no crash, no bad figure."""

from datetime import date
from random import Random

import msgspec
import pytest

from denialml.appeals.drafting import draft_letter
from denialml.appeals.markup import block_texts
from denialml.domain.coverage import PayerType
from tests.appeals.cases import (
    AUTHORIZATION,
    CHECK,
    CLAIM,
    CLINICIAN,
    DRAFTED,
    ENCOUNTER,
    ENROLLMENT,
    FACTS,
    LINE,
    PAYER,
    case,
    whole_file,
)
from tests.appeals.test_templates import LETTERS

DRAWS = 25


def emptied(random, record, fields):
    """The record with some of these fields emptied."""
    gone = {name: empty for name, empty in fields.items() if random.random() < 0.3}
    return msgspec.structs.replace(record, **gone)


def draw(random, template):
    cause, route, reason, changes, _ = LETTERS[template]
    line = emptied(random, LINE, {"place_of_service": "", "diagnosis_pointers": ()})
    claim = emptied(
        random,
        msgspec.structs.replace(CLAIM, lines=(line,)),
        {
            "diagnoses": (),
            "submitted_on": None,
            "rendering_provider": None,
            "place_of_service": "",
        },
    )
    claim = msgspec.structs.replace(
        claim,
        subscriber=emptied(
            random, claim.subscriber, {"birth_date": None, "first_name": ""}
        ),
        billing_provider=emptied(
            random, claim.billing_provider, {"address": None, "tax_id": "", "npi": ""}
        ),
    )
    payer = emptied(
        random,
        changes.get("payer", PAYER),
        {
            "appeal_address": None,
            "appeal_fax": "",
            "filing_limit_days": None,
            "state": "",
            "payer_type": random.choice(list(PayerType)),
        },
    )
    encounter = emptied(
        random,
        changes.get("encounters", (ENCOUNTER,))[0],
        {
            "started_at": None,
            "signed_on": None,
            "treatment_plan_on": None,
            "patient_location": "",
        },
    )
    authorization = emptied(
        random,
        AUTHORIZATION,
        {"units": None, "procedure_codes": (), "ends_on": date(2026, 1, 31)},
    )
    check = emptied(
        random,
        changes.get("eligibility_checks", (CHECK,))[0],
        {"trace_number": "", "plan_name": "", "coverage_begin": None},
    )

    def some(*things):
        return tuple(thing for thing in things if random.random() < 0.7)

    return case(
        cause,
        route,
        reason=reason,
        remarks=("N706",) if random.random() < 0.5 else (),
        claim=claim,
        payer=payer if random.random() < 0.9 else None,
        encounters=some(encounter),
        authorizations=some(authorization),
        eligibility_checks=some(check),
        enrollments=some(ENROLLMENT),
        clinicians=some(CLINICIAN),
        documents=some(*changes.get("documents", whole_file())),
        facts=changes.get("facts", FACTS) if random.random() < 0.5 else None,
    )


@pytest.mark.parametrize("template", LETTERS)
def test_whatever_is_missing_the_letter_is_whole_or_refused(template):
    random = Random(f"partial {template}")
    drafted = 0
    for _ in range(DRAWS):
        draft = draft_letter(draw(random, template), drafted_at=DRAFTED)
        # The checker is the last guard; a template must never need it.
        assert not [r for r in draft.blocked_reasons if r.startswith("Block ")]
        if draft.status == "blocked":
            assert draft.blocked_reasons
            assert draft.blocks == ()
            continue
        drafted += 1
        for block in draft.blocks:
            assert block.sources or block.kind == "heading"
            for text in block_texts(block):
                assert text == " ".join(text.split())
                assert "  " not in text
                assert " ." not in text
                assert "None" not in text
    assert drafted
