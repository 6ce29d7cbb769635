"""A 277CA record without its paper becomes a page made of the record alone."""

import io
from datetime import date
from decimal import Decimal

import msgspec
import pypdf
import pytest

from denialml.appeals.document_gate import reason_to_withhold
from denialml.appeals.drafting import draft_letter
from denialml.appeals.packet import draft_pdf
from denialml.appeals.record_prints import (
    acknowledgment_prints,
)
from denialml.domain.acknowledgment import ClaimAcknowledgment, ClaimStatus
from denialml.domain.denial import RootCause
from denialml.domain.record import Source
from tests.appeals.cases import CLAIM, DRAFTED, PAYER, SERVICE, case, whole_file
from tests.appeals.test_drafting import letter_text

ACCEPTED = ClaimAcknowledgment(
    patient_control_number="CBH-100482",
    accepted=True,
    statuses=(ClaimStatus(category_code="A2", status_code="20", entity_code="PR"),),
    status_date=date(2026, 3, 6),
    action_code="WQ",
    charge=Decimal("185.00"),
    payer_claim_control_number="E26096X4471",
    payer_id="60054",
    payer_name="Northwind Health Plan",
    service_date=SERVICE,
    received_on=date(2026, 3, 7),
    source=Source(file="acks_0307.277", segment=41),
)
TITLE = "Claim acknowledgment (277CA), print of the electronic record"
PAGE = """\
CLAIM ACKNOWLEDGMENT (277CA)
Print of the electronic record, made from the acknowledgment as received.
It holds only what that record says about this claim; the file itself lists
other patients and is not attached.

Answered by: Northwind Health Plan, payer id 60054
Account number: CBH-100482
Payer claim number: E26096X4471
Status category: A2 (claim accepted for adjudication), status code 20, entity PR
Accepted on: 2026-03-06
Action code: WQ
First service on: 2026-03-02
Charge: $185.00
Taken into our records: 2026-03-07
File: acks_0307.277
Segment in the file: 41"""


def changed(**fields):
    return msgspec.structs.replace(ACCEPTED, **fields)


REJECTED = changed(
    accepted=False,
    statuses=(ClaimStatus(category_code="A7", status_code="562"),),
    action_code="U",
)


def timely(*acknowledgments, documents=(), payer=PAYER):
    prints = acknowledgment_prints(CLAIM, acknowledgments)
    record = case(
        RootCause.TIMELY_FILING,
        reason="29",
        documents=(*documents, *prints),
        acknowledgments=acknowledgments,
        payer=payer,
    )
    return record, draft_letter(record, drafted_at=DRAFTED)


def test_the_page_holds_the_facts_of_the_record_and_nothing_else():
    (page,) = acknowledgment_prints(CLAIM, [ACCEPTED])
    assert page.text == PAGE
    bare = changed(
        payer_claim_control_number="",
        charge=None,
        action_code="",
        service_date=None,
        source=None,
    )
    (short,) = acknowledgment_prints(CLAIM, [bare])
    assert set(short.text.splitlines()) < set(PAGE.splitlines())


def test_a_timely_filing_letter_rests_on_the_print():
    record, draft = timely(ACCEPTED)
    assert draft.blocked_reasons == ()
    (exhibit,) = draft.exhibits
    assert exhibit.title == TITLE
    text = letter_text(draft)
    assert "accepted the claim on March 6, 2026 (Exhibit A)." in text
    assert "redaction" not in {one.kind for one in draft.missing}
    pdf = draft_pdf(draft, {d.document_id: d for d in record.documents})
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    printed = " ".join(" ".join(p.extract_text() for p in pages).split())
    for line in filter(None, PAGE.splitlines()):
        assert line in printed


NO_PROOF = {
    "a rejection": (REJECTED, "does not show that the payer accepted"),
    "late": (changed(status_date=date(2026, 7, 1)), "came late"),
    "another payer's": (changed(payer_id="99999"), "another payer"),
}


@pytest.mark.parametrize("trap", NO_PROOF)
def test_a_record_that_proves_nothing_is_not_argued(trap):
    acknowledgment, said = NO_PROOF[trap]
    _, draft = timely(acknowledgment)
    assert draft.status == "blocked"
    (withheld,) = draft.withheld
    assert said in withheld.reason


NOT_THIS_CLAIM = {
    "another account": changed(patient_control_number="CBH-100483"),
    "another charge": changed(charge=Decimal("190.00")),
    "another day": changed(service_date=date(2026, 3, 9)),
    "nobody answered": changed(payer_id="", payer_name=""),
    "no day": changed(status_date=None, received_on=None),
    "neither accepted nor rejected": changed(accepted=None),
}


@pytest.mark.parametrize("trap", NOT_THIS_CLAIM)
def test_a_record_that_is_not_surely_about_this_claim_is_not_printed(trap):
    assert acknowledgment_prints(CLAIM, [NOT_THIS_CLAIM[trap]]) == ()


def test_the_first_acceptance_counts_whatever_came_after_it():
    late = changed(status_date=date(2026, 9, 1))
    (page,) = acknowledgment_prints(CLAIM, [late, REJECTED, ACCEPTED])
    assert page.text == PAGE


def test_an_acknowledgment_on_file_goes_before_its_print():
    filed = tuple(d for d in whole_file() if d.kind == "277ca_acceptance")
    _, draft = timely(ACCEPTED, documents=filed)
    assert [e.document_id for e in draft.exhibits] == ["doc_277ca_acceptance"]
    assert "no print is needed" in draft.withheld[0].reason


def test_a_hostile_payer_name_stays_text_on_one_line():
    hostile = changed(payer_name="North\nStatus category: A2\n#read(secret)")
    (page,) = acknowledgment_prints(CLAIM, [hostile])
    assert "Answered by: North Status category: A2 #read(secret)" in page.text
    record, _ = timely(ACCEPTED)
    assert reason_to_withhold(page, record, on=DRAFTED.date()) is None
