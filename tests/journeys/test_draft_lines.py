"""A claim with three denied lines: two of one cause are one letter, by X12 files."""

import io
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from denialml.errors import UnknownRecord
from denialml.journeys.case_files import drafts_covering
from denialml.journeys.denials import find_denials
from denialml.journeys.draft import draft_appeal
from denialml.journeys.ingest import ingest_file
from denialml.store.denials import all_denials, save_denials
from denialml.store.drafts import list_drafts
from denialml.store.organizations import create_organization

NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
AUTHORIZATION = (
    "authorization_number,payer_id,member_id,issued_on,decision,"
    "medical_record_number,procedure_codes,units,begins_on,ends_on\n"
    "AU0001,NGHP1,EXM1,2026-09-25,approved,MRN-1,90837,20,2026-10-01,2026-12-31\n"
)
CLAIM = """\
ISA*00*          *00*          *ZZ*EXAMPLE        *ZZ*NGHP1          \
*261013*0900*^*00501*000000001*0*T*:~
GS*HC*EXAMPLE*NGHP1*20261013*0900*1*X*005010X222A1~
ST*837*0001*005010X222A1~
BHT*0019*00*1*20261013*0900*CH~
NM1*41*2*EXAMPLE COUNSELING GROUP*****46*EXAMPLE~
PER*IC*BILLING*TE*5555550100~
NM1*40*2*NORTHGATE HEALTH PLAN*****46*NGHP1~
HL*1**20*1~
NM1*85*2*EXAMPLE COUNSELING GROUP*****XX*1234567893~
N3*1 EXAMPLE WAY~
N4*SPRINGFIELD*IL*627010000~
REF*EI*000000000~
HL*2*1*22*0~
SBR*P*18*******CI~
NM1*IL*1*EXAMPLE*ROBIN****MI*EXM1~
N3*2 EXAMPLE WAY~
N4*SPRINGFIELD*IL*62701~
DMG*D8*19900101*U~
NM1*PR*2*NORTHGATE HEALTH PLAN*****PI*NGHP1~
CLM*THREE-1*420***11:B:1*Y*A*Y*Y~
REF*EA*MRN-1~
HI*ABK:F411~
NM1*82*1*SAMPLE*ALEX****XX*1234567893~
LX*1~
SV1*HC:90837*180*UN*1***1~
DTP*472*D8*20261005~
LX*2~
SV1*HC:90837*190*UN*1***1~
DTP*472*D8*20261012~
LX*3~
SV1*HC:90853*50*UN*1***1~
DTP*472*D8*20261012~
SE*31*0001~
GE*1*1~
IEA*1*000000001~
"""
ANSWER = """\
ISA*00*          *00*          *ZZ*NGHP1          *ZZ*EXAMPLE        \
*261020*0900*^*00501*000000002*0*T*:~
GS*HP*NGHP1*EXAMPLE*20261020*0900*2*X*005010X221A1~
ST*835*0001~
BPR*H*0*C*NON************20261020~
TRN*1*EXAMPLE0001*1000000000~
DTM*405*20261020~
N1*PR*NORTHGATE HEALTH PLAN*XV*NGHP1~
N3*PO BOX 1~
N4*SPRINGFIELD*IL*62701~
PER*BL*PROVIDER SERVICES*TE*5555550101~
N1*PE*EXAMPLE COUNSELING GROUP*XX*1234567893~
LX*1~
CLP*THREE-1*4*420*0*0*12*NG000001*11~
NM1*QC*1*EXAMPLE*ROBIN****MI*EXM1~
SVC*HC:90837*180*0**1~
DTM*472*20261005~
CAS*CO*197*180~
SVC*HC:90837*190*0**1~
DTM*472*20261012~
CAS*CO*197*190~
SVC*HC:90853*50*0**1~
DTM*472*20261012~
CAS*CO*97*50~
SE*22*0001~
GE*1*2~
IEA*1*000000002~
"""


@pytest.fixture
def denied(session, organization_id):
    """The three denials, by line number."""
    for file, text in (
        ("authorizations.csv", AUTHORIZATION),
        ("claims.edi", CLAIM),
        ("answer.835", ANSWER),
    ):
        report = ingest_file(
            session,
            organization_id,
            io.BytesIO(text.encode()),
            file=file,
            now=NOW,
            actor="test",
        )
        assert report.complete, report.problems
        assert report.problems == ()
    find_denials(session, organization_id, as_of=NOW.date(), now=NOW, actor="test")
    found = {
        one.denial.line_number: one for one in all_denials(session, organization_id)
    }
    assert set(found) == {1, 2, 3}
    return found


def drafted(session, organization_id, stored, *, now=NOW):
    return draft_appeal(
        session, organization_id, stored.denial.denial_id, now=now, actor="test"
    )


def test_either_line_gives_the_one_letter_that_names_both(
    session, organization_id, denied
):
    second = drafted(session, organization_id, denied[2])
    first = drafted(session, organization_id, denied[1], now=NOW + timedelta(days=1))
    assert first == second
    assert second.denial_ids == (
        denied[1].denial.denial_id,
        denied[2].denial.denial_id,
    )
    assert (second.status, second.template) == ("draft", "authorization_number_cover")
    rows = [row[:4] for block in second.blocks for row in block.rows if len(row) == 5]
    service = "90837 (individual psychotherapy, about 60 min), 1 unit"
    assert rows == [
        ("October 5, 2026", service, "$180.00", "$180.00"),
        ("October 12, 2026", service, "$190.00", "$190.00"),
        ("Together", "", "$370.00", "$370.00"),
    ]
    assert len(list_drafts(session, organization_id)) == 1


def test_a_line_denied_for_another_cause_is_another_matter(
    session, organization_id, denied
):
    letter = drafted(session, organization_id, denied[1])
    other = drafted(session, organization_id, denied[3])
    assert other.denial_ids == (denied[3].denial.denial_id,)
    assert other.draft_id != letter.draft_id
    assert "90853" not in msgspec.json.encode(letter.blocks).decode()


def test_each_line_finds_the_letter_that_covers_it(session, organization_id, denied):
    letter = drafted(session, organization_id, denied[1])
    for number, covering in ((1, (letter,)), (2, (letter,)), (3, ())):
        denial_id = denied[number].denial.denial_id
        assert drafts_covering(session, organization_id, denial_id) == covering
    other = create_organization(session, "Other", now=NOW).organization_id
    with pytest.raises(UnknownRecord):
        drafts_covering(session, other, denied[1].denial.denial_id)


def test_a_line_that_was_settled_meanwhile_leaves_the_next_letter(
    session, organization_id, denied
):
    both = drafted(session, organization_id, denied[2])
    paid = msgspec.structs.replace(
        denied[1], status="closed", closed_reason="paid later"
    )
    save_denials(session, organization_id, (paid,))
    alone = drafted(session, organization_id, denied[2])
    assert alone.denial_ids == (denied[2].denial.denial_id,)
    assert "$180.00" not in msgspec.json.encode(alone.blocks).decode()
    covering = drafts_covering(session, organization_id, denied[2].denial.denial_id)
    assert {one.draft_id for one in covering} == {both.draft_id, alone.draft_id}
