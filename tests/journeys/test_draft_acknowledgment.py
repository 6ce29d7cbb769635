"""A timely-filing denial, its 277CA on file as a record only: the packet shows it."""

import io
from datetime import UTC, datetime

import msgspec
import pypdf
import pytest
from sqlalchemy import delete

from denialml.errors import DraftBlocked
from denialml.journeys.denials import find_denials
from denialml.journeys.draft import draft_appeal, render
from denialml.journeys.ingest import ingest_file
from denialml.store.denials import all_denials
from denialml.store.tables import ClaimAcknowledgmentRow
from tests.journeys.test_draft_lines import ANSWER, CLAIM

NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
ONE_LINE = (
    CLAIM.replace("*420*", "*180*")
    .replace(CLAIM[CLAIM.index("LX*2~") : CLAIM.index("SE*31")], "")
    .replace("SE*31", "SE*25")
)
PAST_LIMIT = (
    ANSWER.replace("*420*", "*180*")
    .replace(ANSWER[ANSWER.index("SVC*HC:90837*190") : ANSWER.index("SE*22")], "")
    .replace("SE*22", "SE*16")
    .replace("CAS*CO*197*180", "CAS*CO*29*180")
)
# Two patients of one file: only the first is about the claim.
ACKNOWLEDGMENTS = """\
ISA*00*          *00*          *ZZ*NGHP1          *ZZ*EXAMPLE        \
*261014*0900*^*00501*000000003*0*T*:~
GS*HN*NGHP1*EXAMPLE*20261014*0900*3*X*005010X214~
ST*277*0001*005010X214~
BHT*0085*08*1*20261014*0900*TH~
HL*1**20*1~
NM1*PR*2*NORTHGATE HEALTH PLAN*****PI*NGHP1~
TRN*1*20261014~
DTP*050*D8*20261014~
DTP*009*D8*20261014~
HL*2*1*21*1~
NM1*41*2*EXAMPLE COUNSELING GROUP*****46*EXAMPLE~
TRN*2*1~
STC*A1:19:PR*20261014*WQ*360~
HL*3*2*19*1~
NM1*85*2*EXAMPLE COUNSELING GROUP*****XX*1234567893~
TRN*2*0~
HL*4*3*PT~
NM1*QC*1*EXAMPLE*ROBIN****MI*EXM1~
TRN*2*THREE-1~
STC*A2:20:PR*20261014*WQ*180~
REF*1K*NG000001~
DTP*472*D8*20261005~
HL*5*3*PT~
NM1*QC*1*SOMEBODY*ELSE****MI*EXM2~
TRN*2*OTHER-2~
STC*A2:20:PR*20261014*WQ*180~
REF*1K*NG000002~
DTP*472*D8*20261005~
SE*27*0001~
GE*1*3~
IEA*1*000000003~
"""
PAYER = "payer_id,name,payer_type,filing_limit_days\nNGHP1,Northgate,commercial,90\n"


@pytest.fixture
def drafted(session, organization_id):
    """The draft of the one denial, from four files."""
    for file, text in (
        ("payers.csv", PAYER),
        ("claims.edi", ONE_LINE),
        ("acks_1014.277", ACKNOWLEDGMENTS),
        ("answer.835", PAST_LIMIT),
    ):
        report = ingest_file(
            session,
            organization_id,
            io.BytesIO(text.encode()),
            file=file,
            now=NOW,
            actor="test",
        )
        assert report.problems == ()
    find_denials(session, organization_id, as_of=NOW.date(), now=NOW, actor="test")
    (denial,) = all_denials(session, organization_id)
    return draft_appeal(
        session, organization_id, denial.denial.denial_id, now=NOW, actor="test"
    )


def packet(session, organization_id, draft):
    pdf = render(
        session, organization_id, draft.draft_id, form="pdf", now=NOW, actor="test"
    ).content
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return [" ".join(page.extract_text().split()) for page in pages]


def test_the_packet_shows_the_print_of_this_claims_record_alone(
    session, organization_id, drafted
):
    assert (drafted.status, drafted.template) == ("draft", "timely_filing")
    page = packet(session, organization_id, drafted)[-1]
    for line in (
        "Print of the electronic record, made from the acknowledgment as received.",
        "Answered by: NORTHGATE HEALTH PLAN, payer id NGHP1",
        "Account number: THREE-1",
        "Payer claim number: NG000001",
        "Status category: A2 (claim accepted for adjudication), status code 20",
        "Accepted on: 2026-10-14",
        "Charge: $180.00",
        "File: acks_1014.277 Segment in the file: ",
    ):
        assert line in page
    everything = msgspec.json.encode(drafted).decode() + page
    for foreign in ("SOMEBODY", "EXM2", "OTHER-2", "NG000002"):
        assert foreign not in everything


def test_without_its_record_no_packet_is_made(session, organization_id, drafted):
    session.execute(delete(ClaimAcknowledgmentRow))
    with pytest.raises(DraftBlocked, match="exhibit A"):
        packet(session, organization_id, drafted)
