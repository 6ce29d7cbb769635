"""Corrected drafts: every segment of the claim kept, read again before they are had."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from api.examples import EXAMPLE_SCORE
from denialml.domain.claim import Claim
from denialml.domain.fix import ClaimFixes, Edit, Fix, FixBy, FixClass
from denialml.domain.risk import RiskScore
from denialml.fixes.candidate import FixKind
from denialml.fixes.elements import (
    AUTHORIZATION,
    CHARGE,
    EDITABLE,
    LINE_PLACE,
    MEMBER_NUMBER,
    MODIFIERS,
    PROCEDURE_CODE,
    TOTAL_CHARGE,
    UNITS,
    corrected,
    edit_of,
)
from denialml.formats import read_bytes
from denialml.formats.claim_places import PLACES
from denialml.journeys.corrected_drafts import (
    FixRefused,
    corrections_file,
    draft_corrections,
    draft_file,
)
from denialml.journeys.draft_files import claim_text, segments_of, write_segments
from tests.formats.claim_files import SEPARATORS, ClaimFile, claim_files
from tests.formats.corpus import ROOT, samples
from tests.formats.interchange import professional
from tests.formats.test_claim_segments import FULL, SHORT
from tests.formats.test_writing import accepted_by_pyx12

# A whole file has hundreds of choices: making a failing one smaller takes minutes.
QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def claims_of(content: bytes) -> list[Claim]:
    records = read_bytes(content, file="f").records
    return [one for one in records if isinstance(one, Claim)]


def fix_of(*edits: Edit, kind: FixKind = FixKind.ATTACH_AUTHORIZATION) -> Fix:
    return Fix(
        fix_id=kind,
        kind=kind,
        fix_class=FixClass.DATA_CORRECTION,
        fix_by=FixBy.BILLER,
        statement="Correct it.",
        edits=edits,
    )


def score_of(*fixes: Fix) -> RiskScore:
    offered = ClaimFixes(accepted_risk=0.1, fixes=fixes)
    return msgspec.structs.replace(EXAMPLE_SCORE, fixes=offered)


def score_again(_: Claim, __: date) -> RiskScore:
    return score_of()


def drafted(content: bytes, *edits: Edit) -> bytes:
    """The draft of the only claim of a file."""
    [claim] = claims_of(content)
    fix = fix_of(*edits)
    _, draft = corrections_file(
        [claim],
        [score_of(fix)],
        score_again,
        wanted={0: [fix.fix_id]},
        created_at=NOW,
        stream=io.BytesIO(content),
    )
    return draft


def texts(content: bytes) -> list[str]:
    """The segments below the levels, without HL and the envelope."""
    text = content.decode().replace("\n", "")
    own = text[text.index("~PRV*BI") : text.index("~SE*")]
    return [one for one in own.split("~") if not one.startswith("HL*") and one]


def test_all_that_no_rule_reads_is_kept() -> None:
    content = professional(FULL)
    [claim] = claims_of(content)
    draft = drafted(content, edit_of(claim, AUTHORIZATION, "A1"))
    expected = texts(content)
    expected.insert(expected.index("REF*D9*CLEARING1"), "REF*G1*A1")
    assert texts(draft) == expected
    assert accepted_by_pyx12(draft)
    header = draft.split(b"~")[0].split(b"*")
    assert (header[6].strip(), header[8].strip(), header[15]) == (
        b"DRAFT", b"DRAFT", b"T",
    )  # fmt: skip


def test_the_total_goes_with_a_lines_charge() -> None:
    content = professional(SHORT.replace("CLM*C1*150", "CLM*C1*160"))
    [claim] = claims_of(content)
    draft = drafted(
        content,
        edit_of(claim, TOTAL_CHARGE, "150"),
        edit_of(claim, UNITS, "2", line_number=1),
        edit_of(claim, CHARGE, "120.50", line_number=1),
    )
    [read] = claims_of(draft)
    assert (read.total_charge, read.lines[0].units) == (Decimal("120.5"), Decimal(2))
    assert b"\nCLM*C1*120.5*" in draft
    assert b"\nSV1*HC:90837*120.5*UN*2***1~" in draft


def test_another_payers_answer_is_kept_and_its_service_not_changed() -> None:
    content = professional(FULL)
    [claim] = claims_of(content)
    draft = drafted(content, edit_of(claim, LINE_PLACE, "02", line_number=1))
    for kept in (
        b"CAS*PR*20",
        b"AMT*D*130",
        b"SVD*OTHER1*130*",
        b"DTP*573*D8*20260110",
    ):
        assert draft.count(kept) == content.count(kept)
    for field, after in ((CHARGE, "100"), (UNITS, "2"), (PROCEDURE_CODE, "90834")):
        with pytest.raises(FixRefused, match="another payer answered"):
            drafted(content, edit_of(claim, field, after, line_number=1))


def test_a_line_that_another_payer_answered_alone_is_not_changed_either() -> None:
    content = professional(SHORT + "SVD*OTHER1*130*HC:90837**1")
    [claim] = claims_of(content)
    assert claim.other_payers == ()
    with pytest.raises(FixRefused, match="another payer answered"):
        drafted(content, edit_of(claim, CHARGE, "100", line_number=1))


def test_a_record_with_another_payers_answer_is_refused_as_before() -> None:
    [claim] = claims_of(professional(FULL))
    fix = fix_of(edit_of(claim, AUTHORIZATION, "A1"))
    with pytest.raises(FixRefused, match="as X12 text"):
        corrections_file(
            [claim],
            [score_of(fix)],
            score_again,
            wanted={0: [fix.fix_id]},
            created_at=NOW,
        )


def test_a_record_is_drafted_from_what_it_holds_and_says_so() -> None:
    [claim] = claims_of(professional(SHORT))
    fix = fix_of(edit_of(claim, AUTHORIZATION, "A1"))
    for stream in (None, io.BytesIO(professional(SHORT))):
        [draft], content = corrections_file(
            [claim],
            [score_of(fix)],
            score_again,
            wanted={0: [fix.fix_id]},
            created_at=NOW,
            stream=stream,
        )
        assert draft.keeps_segments == (stream is not None)
        assert b"\nREF*G1*A1~" in content


def test_a_record_that_x12_does_not_carry_is_refused() -> None:
    [claim] = claims_of(professional(SHORT))
    payer = msgspec.structs.replace(claim.payer, name="ACME * HEALTH")
    starred = msgspec.structs.replace(claim, payer=payer)
    fix = fix_of(edit_of(claim, AUTHORIZATION, "A1"))
    drafts = draft_corrections([starred], [score_of(fix)], {0: [fix.kind]}, score_again)
    with pytest.raises(FixRefused, match="read again"):
        draft_file(drafts, created_at=NOW)


def test_a_refusal_names_the_claim_by_its_position_among_all() -> None:
    other = professional(SHORT).replace(b"X222A1", b"X098A1")
    content = professional(SHORT) + professional(SHORT) + other
    claims = claims_of(content)
    fix = fix_of(edit_of(claims[0], AUTHORIZATION, "A1"))
    with pytest.raises(FixRefused, match=r"claim 3: .*005010X222") as refused:
        corrections_file(
            claims,
            [score_of(fix)] * 3,
            score_again,
            wanted={2: [fix.fix_id], 1: [fix.fix_id]},
            created_at=NOW,
            stream=io.BytesIO(content),
        )
    assert refused.value.position == 2


def test_a_value_with_a_separator_of_the_file_is_refused() -> None:
    content = professional(SHORT)
    [claim] = claims_of(content)
    with pytest.raises(FixRefused, match="separator") as refused:
        drafted(content, edit_of(claim, MEMBER_NUMBER, "M*9"))
    assert "M*9" not in str(refused.value)


def test_a_draft_of_another_file_than_was_read_is_refused() -> None:
    content = professional(SHORT)
    [claim] = claims_of(content)
    fix = fix_of(edit_of(claim, AUTHORIZATION, "A1"))
    for changed, message in (
        (content.replace(b"90837", b"90834"), "read again"),
        (content.replace(b"PRV*BI*PXC*101YM0800X~", b""), "not found again"),
    ):
        with pytest.raises(Exception, match=message):
            corrections_file(
                [claim],
                [score_of(fix)],
                score_again,
                wanted={0: [fix.fix_id]},
                created_at=NOW,
                stream=io.BytesIO(changed),
            )


def test_what_a_day_of_submission_leaves_open_is_the_drafts_own_day() -> None:
    content = professional(SHORT).replace(b"*20260204*0930*CH", b"**0930*CH")
    content = content.replace(b"RECEIVER*20260301*", b"RECEIVER**")
    [claim] = claims_of(content)
    assert claim.submitted_on is None
    [read] = claims_of(drafted(content, edit_of(claim, AUTHORIZATION, "A1")))
    assert read.submitted_on == NOW.date()


@pytest.mark.parametrize("separators", SEPARATORS, ids=lambda it: repr("".join(it)))
@given(data=st.data())
@settings(QUICK, max_examples=10)
def test_any_correction_of_any_claim_is_drafted_and_reads_as_meant(
    separators: object, data: st.DataObject
) -> None:
    file: ClaimFile = data.draw(claim_files(separators))  # type: ignore[arg-type]
    claims = claims_of(file.content)
    positions = sorted(
        data.draw(st.sets(st.sampled_from(range(len(claims))), min_size=1))
    )
    chosen = [claims[at] for at in positions]
    fixes = [fix_of(*data.draw(_edits_of(claim))) for claim in chosen]
    scores = [score_of(fix) for fix in fixes]
    answered = [
        any(one.paid is not None or one.adjustments for one in claim.other_payers)
        or any("SVD" in text for text in own)
        for claim, (own, _) in zip(
            chosen, [file.claims[at] for at in positions], strict=True
        )
    ]
    wanted = {
        at: [fix.fix_id]
        for at, (fix, is_answered) in enumerate(zip(fixes, answered, strict=True))
        if not is_answered
        or {one.field for one in fix.edits}.isdisjoint({CHARGE, UNITS, PROCEDURE_CODE})
    }
    assume(wanted)
    drafts, content = corrections_file(
        chosen,
        scores,
        score_again,
        wanted=wanted,
        created_at=NOW,
        stream=io.BytesIO(file.content),
    )
    expected = [corrected(chosen[at], fixes[at].edits) for at in wanted]
    assert [one.claim for one in drafts] == [without_source(one) for one in expected]
    assert [without_source(one) for one in claims_of(content)] == [
        one.claim for one in drafts
    ]


@given(file=claim_files())
@QUICK
def test_the_text_of_a_claim_is_that_claim(file: ClaimFile) -> None:
    claims = claims_of(file.content)
    found = segments_of(io.BytesIO(file.content), claims)
    for claim, own in zip(claims, found, strict=True):
        text = claim_text(claim, own, created_at=NOW)
        [read] = claims_of(text.encode())
        assert without_source(read) == without_source(claim)
        # A draft of a draft is that draft.
        again = segments_of(io.BytesIO(text.encode()), [read])
        assert write_segments([read], again, created_at=NOW) == text.encode()


@pytest.mark.slow
@pytest.mark.skipif(not ROOT.is_dir(), reason="the corpus in ../shared is not here")
def test_every_claim_of_the_corpus_is_written_whole_or_of_another_guide() -> None:
    written = refused = 0
    for sample in samples("837P"):
        content = sample.path.read_bytes()
        claims = claims_of(content)
        found = segments_of(io.BytesIO(content), claims)
        for claim, own in zip(claims, found, strict=True):
            if own.guide in ("005010X222", "005010X222A1", "005010X222A2"):
                assert claim_text(claim, own, created_at=NOW), sample.name
                written += 1
            else:
                with pytest.raises(FixRefused, match="005010X222"):
                    claim_text(claim, own, created_at=NOW)
                refused += 1
    assert written > 1000
    assert refused > 100


def without_source(claim: Claim) -> Claim:
    return msgspec.structs.replace(claim, source=None)


@st.composite
def _edits_of(draw: st.DrawFn, claim: Claim) -> list[Edit]:
    """Edits of different elements of a claim, each with the value it has now."""
    edits: dict[tuple[str, int | None], Edit] = {}
    for field in draw(st.sets(st.sampled_from(sorted(EDITABLE)), max_size=5)):
        loop, form = PLACES[field].loop, PLACES[field].form
        line = draw(st.sampled_from(claim.lines))
        if loop == "2010CA" and claim.patient is None:
            continue
        if loop == "2310B" and claim.rendering_provider is None:
            continue
        if loop == "2420A" and line.rendering_provider is None:
            continue
        after = draw(_values(form, field))
        number = line.line_number if loop in ("2400", "2420A") else None
        edits[field, number] = edit_of(claim, field, after, line_number=number)
    return list(edits.values())


def _values(form: str, field: str) -> st.SearchStrategy[str]:
    if form == "amount":
        return st.sampled_from(["0", "99.5", "150.00", "300.10"])
    if form == "day":
        return st.sampled_from(["1990-02-03", "2001-12-31"])
    if field == MODIFIERS:
        return st.sampled_from(["", "95", "95 HO", "A1 A2 A3 A4"])
    if PLACES[field].template is not None and "REF" in field:
        return st.sampled_from(["", "B2", "ÉTÉ 9"])
    return st.sampled_from(["B2", "Ñ1", "DE LA O"])
