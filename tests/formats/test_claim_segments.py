"""A claim's own segments: taken from its file, edited in place, written whole."""

import io
from collections import Counter
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from denialml.domain.claim import Claim
from denialml.errors import InputError
from denialml.fixes.elements import EDITABLE
from denialml.formats import Envelope, read_bytes
from denialml.formats.claim_editing import PlacedEdit, edit_claim
from denialml.formats.claim_places import PLACES
from denialml.formats.claim_segment_writing import (
    SubmittedClaim,
    write_claim_segments,
)
from denialml.formats.claim_segments import (
    MOST_CHARACTERS,
    MOST_LEVEL_CHARACTERS,
    ClaimSegments,
    claim_segments,
    claim_segments_at_hand,
)
from tests.formats.claim_files import ClaimFile, claim_files
from tests.formats.interchange import CLAIM_HEADER, interchange, professional
from tests.formats.test_writing import accepted_by_pyx12

# A whole file has hundreds of choices: making a failing one smaller takes minutes.
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
CREATED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ENVELOPE = Envelope(
    sender_id="DRAFT", receiver_id="DRAFT", control_number=1, created_at=CREATED
)
LEVELS = [
    ["PRV*BI*PXC*101YM0800X", "NM1*85*2*CALM PRACTICE*****XX*1234567893",
     "N3*1 MAIN ST", "N4*ALBANY*NY*12207", "REF*EI*123456789"],
    ["SBR*P*18*GRP1******CI", "NM1*IL*1*DOE*ANA****MI*M1", "N3*2 ELM ST*APT 3",
     "N4*ALBANY*NY*12208", "DMG*D8*19800102*F", "NM1*PR*2*ACME HEALTH*****PI*ACME1"],
]  # fmt: skip
SHORT = """
    CLM*C1*150***11:B:1*Y*A*Y*Y
    HI*ABK:F411
    LX*1
    SV1*HC:90837*150*UN*1***1
    DTP*472*D8*20260102
"""
# Everything that a behavioral health claim may carry and no rule reads.
FULL = """
    CLM*C1*300***11:B:1*Y*A*Y*Y
    DTP*431*D8*20251201
    PWK*OZ*EL***AC*DOC1
    AMT*F5*10
    REF*9F*R77
    REF*D9*CLEARING1
    REF*EA*MRN1
    NTE*ADD*SEE NOTE
    CRC*75*Y*IH
    HI*ABK:F411*ABF:F331
    NM1*DN*1*BLOGGS*JOE****XX*1234567893
    NM1*82*1*ROE*JO****XX*1234567893
    REF*0B*LIC9
    NM1*77*2*CALM WEST*****XX*1234567893
    N3*5 WEST ST
    N4*ALBANY*NY*122070001
    SBR*S*18*******CI
    CAS*PR*1*20
    AMT*D*130
    OI***Y***Y
    NM1*IL*1*DOE*ANA****MI*X77
    N3*2 ELM ST
    N4*ALBANY*NY*12208
    NM1*PR*2*OTHER HEALTH*****PI*OTHER1
    REF*G1*THEIRS
    LX*1
    SV1*HC:90837*150*UN*1***1:2
    PWK*OZ*EL***AC*DOC2
    DTP*472*D8*20260102
    REF*6R*L1
    NTE*ADD*LINE NOTE
    NM1*82*1*LEE*SAM****XX*1234567893
    SVD*OTHER1*130*HC:90837**1
    CAS*PR*1*20
    DTP*573*D8*20260110
    LX*2
    SV1*HC:90834*150*UN*1***1
    DTP*472*D8*20260103
    REF*6R*L2
"""


def claims_of(content: bytes) -> list[Claim]:
    records = read_bytes(content, file="f").records
    return [one for one in records if isinstance(one, Claim)]


def segments_of(content: bytes) -> list[ClaimSegments]:
    """Those of every claim, in the file's order."""
    places = [one.source.segment for one in claims_of(content) if one.source]
    found = claim_segments(io.BytesIO(content), places)
    return [found[place] for place in places]


def written(*claims: ClaimSegments) -> bytes:
    submitted = [SubmittedClaim(one, date(2026, 2, 4)) for one in claims]
    return write_claim_segments(submitted, envelope=ENVELOPE)


def edited(content: bytes, *edits: PlacedEdit) -> list[str]:
    [claim] = segments_of(content)
    return list(edit_claim(claim, edits).own)


def without_source(claim: Claim) -> Claim:
    return replace(claim, source=None)


# Taking


def test_a_claim_has_its_levels_and_ends_where_the_next_begins() -> None:
    content = professional(
        SHORT
        + SHORT.replace("C1", "C2")
        + "HL*3*1*22*1\nSBR*P********CI\nNM1*IL*1*POE*EVA****MI*M2\n"
        + "NM1*PR*2*B*****PI*B1\nHL*4*3*23*0\nPAT*19\nNM1*QC*1*POE*IDA"
        + SHORT.replace("C1", "C3")
    )
    first, second, third = segments_of(content)
    assert [list(level[1:]) for level in first.levels] == LEVELS
    assert first.levels == second.levels
    assert first.own == tuple(
        line.strip() for line in SHORT.split("\n") if line.strip()
    )
    assert second.own[0].startswith("CLM*C2*")
    assert [level[0] for level in third.levels] == [
        "HL*1**20*1", "HL*3*1*22*1", "HL*4*3*23*0",
    ]  # fmt: skip
    assert third.levels[2][1:] == ("PAT*19", "NM1*QC*1*POE*IDA")


def test_each_interchange_has_its_own_separators_and_guide() -> None:
    other = professional(SHORT).replace(b"005010X222A1", b"005010X222A2")
    other = other.replace(b":", b">").replace(b"~", b"'\r\n").replace(b"*", b"|")
    one, two = segments_of(professional(SHORT) + other)
    assert (one.delimiters.component, two.delimiters.component) == (":", ">")
    assert (one.guide, two.guide) == ("005010X222A1", "005010X222A2")
    drafts = written(one, two, one)
    assert drafts.count(b"ISA") == 3
    assert [claim.patient_control_number for claim in claims_of(drafts)] == ["C1"] * 3
    assert read_bytes(drafts, file="f").problems == ()


def test_transactions_do_not_share_levels() -> None:
    whole = professional(SHORT).decode()
    end = whole.index("GE*")
    bare = interchange(SHORT, kind="837").decode()
    headless = bare[bare.index("ST*") : bare.index("GE*")]
    content = (whole[:end] + headless + whole[end:]).replace("GE*1*", "GE*2*").encode()
    first, second = segments_of(content)
    assert len(first.levels) == 2
    assert second.levels == ()


def test_only_the_claims_asked_for_are_kept_and_other_places_hold_none() -> None:
    content = professional(SHORT + SHORT.replace("C1", "C2"))
    [first, second] = [one.source.segment for one in claims_of(content) if one.source]
    assert set(claim_segments(io.BytesIO(content), [second])) == {second}
    assert claim_segments(io.BytesIO(content), [first + 1, 10_000, 0]) == {}
    assert claim_segments(io.BytesIO(content), []) == {}
    assert claim_segments(io.BytesIO(b"no file at all"), [1]) == {}


@pytest.mark.parametrize("place", ["claim", "level"])
def test_a_claim_without_end_is_refused_and_its_neighbors_are_not(place: str) -> None:
    longest = MOST_CHARACTERS if place == "claim" else MOST_LEVEL_CHARACTERS
    endless = "K3*A234567\n" * (longest // 10)
    body = SHORT + endless if place == "claim" else SHORT
    header = CLAIM_HEADER if place == "claim" else CLAIM_HEADER + endless
    content = professional(body + SHORT.replace("C1", "C2"), header=header)
    first, second = [one.source.segment for one in claims_of(content) if one.source]
    with pytest.raises(InputError, match="longer than"):
        claim_segments(io.BytesIO(content), [first])
    if place == "claim":
        assert set(claim_segments(io.BytesIO(content), [second])) == {second}
    at_hand = set(claim_segments_at_hand(io.BytesIO(content), [first, second]))
    assert at_hand == ({second} if place == "claim" else set())


# Editing


def test_every_place_that_a_correction_can_change_is_known() -> None:
    assert set(PLACES) == EDITABLE


@pytest.mark.parametrize(
    ("edit", "gone", "new", "before"),
    [
        (PlacedEdit("2300 CLM02", "300.00"), "CLM*C1*300***11:B:1*Y*A*Y*Y",
         "CLM*C1*300***11:B:1*Y*A*Y*Y", "DTP*431*D8*20251201"),
        (PlacedEdit("2300 CLM05-1", "10"), "CLM*C1*300***11:B:1*Y*A*Y*Y",
         "CLM*C1*300***10:B:1*Y*A*Y*Y", "DTP*431*D8*20251201"),
        (PlacedEdit("2300 CLM05-3", "7"), "CLM*C1*300***11:B:1*Y*A*Y*Y",
         "CLM*C1*300***11:B:7*Y*A*Y*Y", "DTP*431*D8*20251201"),
        (PlacedEdit("2300 REF*G1", "A1"), None, "REF*G1*A1", "REF*D9*CLEARING1"),
        (PlacedEdit("2300 REF*F8", "F1"), None, "REF*F8*F1", "REF*D9*CLEARING1"),
        (PlacedEdit("2310B PRV03", "103T00000X"), None, "PRV*PE*PXC*103T00000X",
         "REF*0B*LIC9"),
        (PlacedEdit("2310D NM103", "POE"), None, "NM1*DQ*1*POE", "SBR*S*18*******CI"),
        (PlacedEdit("2310D NM109", "1234567893"), None,
         "NM1*DQ*1******XX*1234567893", "SBR*S*18*******CI"),
        (PlacedEdit("2400 SV101-2", "90834", 0), "SV1*HC:90837*150*UN*1***1:2",
         "SV1*HC:90834*150*UN*1***1:2", "PWK*OZ*EL***AC*DOC2"),
        (PlacedEdit("2400 SV101-3 to SV101-6", "95 HO", 1), "SV1*HC:90834*150*UN*1***1",
         "SV1*HC:90834:95:HO*150*UN*1***1", "DTP*472*D8*20260103"),
        (PlacedEdit("2400 SV104", "2", 1), "SV1*HC:90834*150*UN*1***1",
         "SV1*HC:90834*150*UN*2***1", "DTP*472*D8*20260103"),
        (PlacedEdit("2400 SV105", "02", 1), "SV1*HC:90834*150*UN*1***1",
         "SV1*HC:90834*150*UN*1*02**1", "DTP*472*D8*20260103"),
        (PlacedEdit("2400 REF*G1", "A2", 0), None, "REF*G1*A2", "REF*6R*L1"),
        (PlacedEdit("2400 REF*G1", "A2", 1), None, "REF*G1*A2", "REF*6R*L2"),
        (PlacedEdit("2420A PRV03", "104100000X", 0), None, "PRV*PE*PXC*104100000X",
         "SVD*OTHER1*130*HC:90837**1"),
    ],
    ids=lambda it: f"{it.field} {it.line}" if isinstance(it, PlacedEdit) else "",
)  # fmt: skip
def test_an_edit_changes_one_segment_at_its_place(
    edit: PlacedEdit, gone: str | None, new: str, before: str
) -> None:
    content = professional(FULL)
    [claim] = segments_of(content)
    expected = [one for one in claim.own if one != gone]
    expected.insert(expected.index(before), new)
    assert edited(content, edit) == expected


def test_a_level_is_edited_for_this_claim_alone() -> None:
    content = professional(SHORT + SHORT.replace("C1", "C2"))
    first, second = segments_of(content)
    changed = edit_claim(
        first,
        [
            PlacedEdit("2010BA NM109", "M9"),
            PlacedEdit("2010BA NM103", "DOERR"),
            PlacedEdit("2010BA DMG02", "1981-03-04"),
            PlacedEdit("2010BA DMG03", ""),
        ],
    )
    assert changed.own == first.own
    assert changed.levels[0] == first.levels[0]
    assert changed.levels[1][2:] == (
        "NM1*IL*1*DOERR*ANA****MI*M9", "N3*2 ELM ST*APT 3", "N4*ALBANY*NY*12208",
        "DMG*D8*19810304", "NM1*PR*2*ACME HEALTH*****PI*ACME1",
    )  # fmt: skip
    one, two = claims_of(written(changed, second))
    assert (one.subscriber.member_id, two.subscriber.member_id) == ("M9", "M1")


def test_an_emptied_segment_goes_and_a_value_finds_its_qualifiers() -> None:
    body = SHORT.replace("HI*ABK", "REF*G1*A1\nHI*ABK")
    header = CLAIM_HEADER.replace("DMG*D8*19800102*F\n", "")
    content = professional(body, header=header.replace("****MI*M1", ""))
    [claim] = segments_of(content)
    changed = edit_claim(
        claim,
        [
            PlacedEdit("2300 REF*G1", ""),
            PlacedEdit("2010BA NM109", "M1"),
            PlacedEdit("2010BA DMG03", "F"),
            PlacedEdit("2310D NM104", ""),
            PlacedEdit("2300 REF*F8", ""),
        ],
    )
    assert changed.own == tuple(one for one in claim.own if one != "REF*G1*A1")
    subscriber = changed.levels[1]
    assert "NM1*IL*1*DOE*ANA****MI*M1" in subscriber
    assert subscriber[subscriber.index("N4*ALBANY*NY*12208") + 1] == "DMG*D8**F"


@pytest.mark.parametrize(
    ("body", "edit", "message"),
    [
        (SHORT, PlacedEdit("2310B PRV03", "103T00000X"), "no loop 2310B"),
        (SHORT, PlacedEdit("2420A PRV03", "103T00000X", 0), "no loop 2420A"),
        (SHORT, PlacedEdit("2010CA NM103", "POE"), "no level 2000C"),
        (SHORT, PlacedEdit("2400 SV105", "02", 1), "no such service line"),
        (SHORT, PlacedEdit("2300 REF*G1", "A*1"), "separator"),
        (SHORT, PlacedEdit("2010BA NM103", "DOE~CLM"), "separator"),
        (SHORT, PlacedEdit("2300 REF*G1", "A1 "), "outer blank"),
        (SHORT, PlacedEdit("2010BA NM103", "DO\nE"), "separator"),
        (SHORT, PlacedEdit("2400 SV101-3 to SV101-6", "A1 A2 A3 A4 A5", 0), "four"),
        (
            SHORT.replace("LX*1", "REF*G1*A9**2U:OTHER1\nLX*1"),
            PlacedEdit("2300 REF*G1", "A1"),
            "another's",
        ),
    ],
)
def test_what_cannot_be_edited_is_refused_without_its_value(
    body: str, edit: PlacedEdit, message: str
) -> None:
    with pytest.raises(InputError, match=message) as refused:
        edited(professional(body), edit)
    assert edit.after not in str(refused.value)


def test_a_lines_number_of_another_payer_stays_beside_its_own() -> None:
    content = professional(SHORT + "REF*G1*A9**2U:OTHER1")
    assert claims_of(content)[0].lines[0].prior_authorization_number == ""
    changed = edited(content, PlacedEdit("2400 REF*G1", "A1", 0))
    assert changed[-2:] == ["REF*G1*A9**2U:OTHER1", "REF*G1*A1"]


BEHIND = "NM1*82*1*ROE*JO****XX*1234567893\n"


@pytest.mark.parametrize(
    ("body", "edit", "gone"),
    [
        (SHORT.replace("LX*1", BEHIND + "REF*G1*A-0000253\nLX*1"),
         PlacedEdit("2300 REF*G1", "A1"), "REF*G1*A-0000253"),
        (SHORT.replace("LX*1", BEHIND + "REF*F8*F9\nLX*1"),
         PlacedEdit("2300 REF*F8", "F1"), "REF*F8*F9"),
        (SHORT + BEHIND + "REF*G1*A9", PlacedEdit("2400 REF*G1", "A1", 0), "REF*G1*A9"),
        (SHORT + "SVD*OTHER1*130*HC:90837**1\nREF*G1*A9",
         PlacedEdit("2400 REF*G1", "", 0), "REF*G1*A9"),
        (SHORT.replace("LX*1", "REF*G1*A9\n" + BEHIND + "REF*G1*\nLX*1"),
         PlacedEdit("2300 REF*G1", "A1"), "REF*G1*A9"),
    ],
    ids=["G1 in 2310B", "F8 in 2310B", "G1 in 2420A", "emptied in 2430", "empty too"],
)  # fmt: skip
def test_a_number_behind_a_provider_is_changed_where_the_reader_takes_it(
    body: str, edit: PlacedEdit, gone: str
) -> None:
    content = professional(body)
    [claim] = segments_of(content)
    corrected = gone[:7] + edit.after
    expected = [corrected if one == gone else one for one in claim.own]
    if not edit.after:
        expected.remove(corrected)
    assert edited(content, edit) == expected


@pytest.mark.parametrize(
    ("body", "edit"),
    [
        (SHORT.replace("LX*1", "REF*G1*A8\nREF*G1*A9\nLX*1"),
         PlacedEdit("2300 REF*G1", "A1")),
        (SHORT.replace("LX*1", f"REF*F8*F8\n{BEHIND}REF*F8*F9\nLX*1"),
         PlacedEdit("2300 REF*F8", "F1")),
        (SHORT + "REF*G1*A8\n" + BEHIND + "REF*G1*A9",
         PlacedEdit("2400 REF*G1", "A1", 0)),
        (SHORT + "SV1*HC:90834*150*UN*1***1", PlacedEdit("2400 SV104", "2", 0)),
    ],
    ids=["G1 twice", "F8 in 2300 and 2310B", "G1 in 2400 and 2420A", "SV1 twice"],
)  # fmt: skip
def test_what_a_claim_says_twice_is_not_corrected_once(
    body: str, edit: PlacedEdit
) -> None:
    with pytest.raises(InputError, match="more than once"):
        edited(professional(body), edit)


def test_a_number_of_another_payer_is_left_beside_the_claims_own() -> None:
    others = "REF*G1*A8**2U:OTHER1\nSBR*S*18*******CI\nNM1*PR*2*O*****PI*O\nREF*G1*T"
    content = professional(SHORT.replace("LX*1", f"REF*G1*A9\n{others}\nLX*1"))
    changed = edited(content, PlacedEdit("2300 REF*G1", "A1"))
    numbers = [one for one in changed if one.startswith("REF*G1*")]
    assert numbers == ["REF*G1*A1", "REF*G1*A8**2U:OTHER1", "REF*G1*T"]


def test_lines_are_counted_as_the_reader_counts_them() -> None:
    body = SHORT.replace("LX*1", "LX*1\nNTE*ADD*NO SERVICE\nLX*2")
    content = professional(body)
    [claim] = claims_of(content)
    assert [one.line_number for one in claim.lines] == [2]
    assert "SV1*HC:90837*150*UN*1*02**1" in edited(
        content, PlacedEdit("2400 SV105", "02", 0)
    )


def test_of_two_providers_of_a_kind_the_one_that_the_reader_takes_is_edited() -> None:
    two = "NM1*82*1*ROE*JO****XX*1234567893\nNM1*82*1*LEE*SAM****XX*1234567893\n"
    content = professional(SHORT.replace("LX*1", two + "LX*1") + two)
    edits = [
        PlacedEdit("2310B PRV03", "103T00000X"),
        PlacedEdit("2420A PRV03", "104100000X", 0),
    ]
    [claim] = segments_of(content)
    changed = edit_claim(claim, edits)
    first, second = (at for at, it in enumerate(changed.own) if it.startswith("PRV*"))
    assert "*ROE*" in changed.own[first - 1]
    assert "*LEE*" in changed.own[second - 1]
    [read] = claims_of(written(changed))
    assert read.rendering_provider is not None
    assert read.rendering_provider.taxonomy_code == "103T00000X"
    assert read.lines[0].rendering_provider is not None
    assert read.lines[0].rendering_provider.taxonomy_code == "104100000X"


# Writing


def test_a_full_claim_passes_the_implementation_guide_before_and_after() -> None:
    content = professional(FULL)
    [claim] = segments_of(content)
    assert accepted_by_pyx12(written(claim))
    edits = [
        PlacedEdit("2300 CLM05-3", "7"), PlacedEdit("2300 REF*G1", "A1"),
        PlacedEdit("2300 REF*F8", "F1"), PlacedEdit("2310B PRV03", "103T00000X"),
        PlacedEdit("2310D NM103", "POE"), PlacedEdit("2310D NM104", "MAX"),
        PlacedEdit("2310D NM109", "1234567893"), PlacedEdit("2400 REF*G1", "A2", 0),
        PlacedEdit("2400 SV101-3 to SV101-6", "95", 0),
        PlacedEdit("2420A PRV03", "104100000X", 0), PlacedEdit("2010BA NM109", "M9"),
    ]  # fmt: skip
    draft = written(edit_claim(claim, edits))
    assert accepted_by_pyx12(draft)
    assert not accepted_by_pyx12(draft.replace(b"SVD*OTHER1*", b"SVD**"))


@pytest.mark.parametrize(
    ("said", "kept"),
    [("*RP", "RP"), ("*31", "31"), ("*CH", "CH"), ("*", "CH"), ("", "CH"),
     ("*RP-LONG", "CH")],
)  # fmt: skip
def test_a_transaction_stays_of_the_kind_that_it_was(said: str, kept: str) -> None:
    content = professional(SHORT).replace(b"*0930*CH~", f"*0930{said}~".encode())
    [claim] = segments_of(content)
    assert claim.transaction_kind == kept
    assert f"*0930*{kept}~".encode() in written(claim)
    # Those of another kind are another transaction, in the same interchange.
    [billed] = segments_of(professional(SHORT))
    drafts = written(billed, claim, claim)
    assert drafts.count(b"BHT*") == len({kept, "CH"})
    assert read_bytes(drafts, file="f").problems == ()
    kinds = [one.transaction_kind for one in segments_of(drafts)]
    assert kinds == ["CH", kept, kept]


def test_each_claim_has_its_own_levels_and_the_counts_add_up() -> None:
    dependent = (
        "HL*3*1*22*1\nSBR*P********CI\nNM1*IL*1*POE*EVA****MI*M2\nNM1*PR*2*B*****PI*B1"
        "\nHL*4*3*23*0\nPAT*19\nNM1*QC*1*POE*IDA\nN3*1 ELM\nN4*TROY*NY*12180"
        "\nDMG*D8*20150102*F"
    )
    content = professional(SHORT + dependent + SHORT.replace("C1", "C2"))
    one, two = segments_of(content)
    draft = written(one, two, one)
    levels = [text for text in draft.decode().split("~\n") if text.startswith("HL*")]
    assert levels == [
        "HL*1**20*1", "HL*2*1*22*0", "HL*3**20*1", "HL*4*3*22*1", "HL*5*4*23*0",
        "HL*6**20*1", "HL*7*6*22*0",
    ]  # fmt: skip
    assert read_bytes(draft, file="f").problems == ()
    assert accepted_by_pyx12(draft)


@pytest.mark.parametrize("guide", ["004010X098A1", "005010X223A2", "", "005010X222A1X"])
def test_no_other_guide_is_written(guide: str) -> None:
    [claim] = segments_of(professional(SHORT))
    with pytest.raises(InputError, match="005010X222"):
        written(replace(claim, guide=guide))


def test_separators_that_utf_8_would_break_are_refused() -> None:
    [claim] = segments_of(professional(SHORT).replace(b":", b"\xa7"))
    with pytest.raises(InputError, match="not ASCII"):
        written(claim)


def test_a_day_of_submission_and_a_set_are_not_mixed() -> None:
    [claim] = segments_of(professional(SHORT))
    days = [date(2026, 2, 4), date(2026, 2, 5), date(2026, 2, 5)]
    draft = write_claim_segments(
        [SubmittedClaim(claim, one) for one in days], envelope=ENVELOPE
    )
    assert draft.count(b"\nST*837*") == 2
    assert [one.submitted_on for one in claims_of(draft)] == days
    assert read_bytes(draft, file="f").problems == ()


@given(file=claim_files())
@QUICK
def test_any_claims_are_taken_and_written_whole(file: ClaimFile) -> None:
    found = segments_of(file.content)
    expected = list(file.claims)
    held = [(one.own, _below_levels(one)) for one in found]
    assert held == expected
    draft = written(*found)
    assert read_bytes(draft, file="f").complete
    again = segments_of(draft)
    assert [(one.own, _below_levels(one)) for one in again] == expected
    assert {one.delimiters[:2] for one in again} == {file.delimiters[:2]}
    assert list(map(without_source, claims_of(draft))) == [
        without_source(one) for one in claims_of(file.content)
    ]


@given(file=claim_files(), data=st.data())
@QUICK
def test_what_is_not_edited_stays_byte_for_byte_in_its_order(
    file: ClaimFile, data: st.DataObject
) -> None:
    [claim, *_] = segments_of(file.content)
    [record, *_] = claims_of(file.content)
    edits = [
        edit
        for edit in data.draw(st.lists(_edits(record), max_size=6))
        if _is_possible(edit, record)
    ]
    changed = edit_claim(claim, edits)
    before = [*_below_levels(claim), *claim.own]
    after = [*_below_levels(changed), *changed.own]
    names = {PLACES[edit.field].segment for edit in edits}
    # An edit touches one segment; two numbers (REF) of a loop are two.
    most = len(
        {
            (place.loop, place.segment, place.qualifier, edit.line)
            for edit in edits
            for place in [PLACES[edit.field]]
        }
    )

    def untouched(segments: list[str]) -> list[str]:
        element = file.delimiters.element
        return [one for one in segments if one.split(element)[0] not in names]

    assert untouched(after) == untouched(before)
    assert (Counter(before) - Counter(after)).total() <= most
    assert (Counter(after) - Counter(before)).total() <= most


def _below_levels(claim: ClaimSegments) -> tuple[str, ...]:
    return tuple(text for level in claim.levels for text in level[1:])


def _edits(record: Claim) -> st.SearchStrategy[PlacedEdit]:
    """Any element with a value that X12 can hold there."""

    def edit(field: str, text: str, number: int, line: int) -> PlacedEdit:
        values = {"amount": str(number), "day": f"1990-01-{number:02d}"}
        form = PLACES[field].form
        is_line = PLACES[field].loop in ("2400", "2420A")
        return PlacedEdit(field, values.get(form, text), line if is_line else None)

    return st.builds(
        edit,
        st.sampled_from(sorted(PLACES)),
        st.text("ABC123", min_size=1, max_size=2),
        st.integers(1, 28),
        st.integers(0, len(record.lines) - 1),
    )


def _is_possible(edit: PlacedEdit, record: Claim) -> bool:
    loop = PLACES[edit.field].loop
    if loop == "2010CA":
        return record.patient is not None
    if loop == "2310B":
        return record.rendering_provider is not None
    if loop == "2420A":
        assert edit.line is not None
        return record.lines[edit.line].rendering_provider is not None
    return True
