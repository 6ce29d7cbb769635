"""Hypothesis strategies for 837P files with what senders put into them: loops that
denialml does not read, levels shared by claims, and separators of their own."""

from typing import NamedTuple

from hypothesis import strategies as st

from denialml.formats.x12 import Delimiters

SEPARATORS = [
    Delimiters("*", ":", "^", "~"),
    Delimiters("*", ">", "^", "~"),
    Delimiters("|", "<", "!", "'"),
    Delimiters("*", ":", "", "~"),
    Delimiters("*", "^", "!", "\n"),
    Delimiters("*", ":", "^", "\r"),
    Delimiters("\x1d", "\x1f", "\x1e", "\x1c"),
]
# With characters that are separators of other files, and accents.
WORDS = [
    "A1",
    "ROE",
    "O'NEIL",
    "SMITH-JONES",
    "MÜLLER",
    "5*5",
    "A:B",
    "X^Y",
    "1~2",
    ">",
]
# A segment, or a whole loop: `*` and `:` stand for the separators, @ for a word.
_CLAIM = [
    "DTP*431*D8*20260101", "DTP*435*D8*20260101", "PWK*OZ*EL***AC*@", "CN1*09*12",
    "AMT*F5*12.50", "REF*4N*1", "REF*9F*@", "REF*G1*@", "REF*F8*@", "REF*X4*@",
    "REF*D9*@", "REF*EA*@", "REF*P4*@", "K3*@", "NTE*ADD*@", "CR1*LB*140*A*B*DH*12",
    "CRC*75*Y*12", "HI*ABK:F411*ABF:F331", "HI*BG:AA", "HCP*03*10*5",
]  # fmt: skip
_PROVIDERS = [
    ["NM1*DN*1*@*ANN****XX*1234567893", "REF*G2*@"],
    ["NM1*82*1*@*JO****XX*1234567893", "PRV*PE*PXC*103T00000X", "REF*0B*@"],
    ["NM1*77*2*@*****XX*1234567893", "N3*1 MAIN", "N4*ALBANY*NY*122070001", "REF*LU*@"],
    ["NM1*DQ*1*@*MAX****XX*1234567893", "REF*1G*@"],
    ["NM1*PW*2", "N3*2 MAIN", "N4*TROY*NY*12180"],
    ["NM1*45*2*@", "N3*3 MAIN", "N4*TROY*NY*12180"],
]  # fmt: skip
_OTHER_PAYER = [
    "CAS*PR*1*5*1", "AMT*D*100", "AMT*EAF*9", "OI***Y***Y", "MOA***MA01",
    "NM1*IL*1*@*ANA****MI*@", "N3*9 MAIN", "N4*TROY*NY*12180", "REF*SY*123456789",
    "NM1*PR*2*@*****PI*@", "DTP*573*D8*20260110", "REF*2U*@", "REF*G1*@", "REF*9F*@",
    "REF*F8*@", "NM1*82*1", "REF*G2*@", "NM1*DQ*1", "REF*G2*@",
]  # fmt: skip
_LINE = [
    "PWK*CT*AB", "CRC*09*N*ZV", "DTP*472*D8*20260102", "DTP*304*D8*20260101",
    "QTY*PT*2", "MEA*TR*HT*70", "CN1*09*12", "REF*9B*@", "REF*G1*@", "REF*6R*@",
    "REF*X4*@", "AMT*T*1", "K3*@", "NTE*ADD*@", "NTE*TPO*@", "PS1*@*1", "HCP*03*9*1",
]  # fmt: skip
_LINE_LOOPS = [
    ["LIN**N4*01234567891", "CTP****2*UN", "REF*XZ*@"],
    ["NM1*82*1*@*LEE****XX*1234567893", "PRV*PE*PXC*104100000X", "REF*G2*@"],
    ["NM1*82*1*@*KIM****XX*1234567893"],
    ["NM1*QB*2******XX*1234567893"],
    ["NM1*77*2*@*****XX*1234567893", "N3*1 MAIN", "N4*ALBANY*NY*122070001"],
    ["NM1*DQ*1*@*MAX****XX*1234567893"],
    ["NM1*DK*1*@*A", "N3*1 MAIN", "N4*TROY*NY*12180", "PER*IC*@*TE*5550100000"],
    ["NM1*DN*1*@*B"],
    ["SVD*P*50*HC:90837**1", "CAS*PR*1*5", "DTP*573*D8*20260110", "AMT*EAF*5"],
    ["LQ*UT*01.02", "FRM*4**@"],
]  # fmt: skip
_PERSON = ["N3*2 ELM*@", "N4*ALBANY*NY*12208", "DMG*D8*19800102*F", "REF*SY*123456789"]


UNREAD = ("PWK*OZ*EL***AC*DÖC1", "REF*D9*CLEARING1", "K3*A:B")


def with_unread_segments(content: bytes) -> bytes:
    """One of our own files, each claim with segments that no rule reads, at a place
    that its notes contradict and without the number of an authorization."""
    segments: list[str] = []
    for text in content.decode().split("~\n"):
        if text.startswith("REF*G1*"):
            continue
        elements = text.split("*")
        if elements[0] == "CLM":
            elements[5] = "02" + elements[5][2:]
        segments.append("*".join(elements))
        if elements[0] == "CLM":
            segments += UNREAD
    return recounted("~\n".join(segments).encode())


def recounted(content: bytes) -> bytes:
    """One of our own files with its SE01 set right."""
    segments = content.decode().split("~\n")
    start = 0
    for at, text in enumerate(segments):
        if text.startswith("ST*"):
            start = at
        elif text.startswith("SE*"):
            segments[at] = f"SE*{at - start + 1}*{text.split('*')[2]}"
    return "~\n".join(segments).encode()


class ClaimFile(NamedTuple):
    """A file of one interchange: its bytes, separators, and each claim's own segments
    and the segments of its levels but the HLs, in the file's order."""

    content: bytes
    delimiters: Delimiters
    claims: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


@st.composite
def claim_files(draw: st.DrawFn, separators: Delimiters | None = None) -> ClaimFile:
    """A file of one to three claims; some patients are dependents."""
    delimiters = separators or draw(st.sampled_from(SEPARATORS))
    billing = ["PRV*BI*PXC*101YM0800X", "NM1*85*2*@*****XX*1234567893", "N3*1 MAIN",
               "N4*ALBANY*NY*12207", "REF*EI*123456789", "PER*IC*@*TE*5550100000",
               "NM1*87*2", "N3*PO BOX 1", "N4*TROY*NY*12180"]  # fmt: skip
    body: list[str] = []
    claims = []
    billing = _filled(draw, delimiters, billing)
    body += [*_filled(draw, delimiters, ["HL*1**20*1"]), *billing]
    level = 1
    for position in range(draw(st.integers(1, 3))):
        is_dependent = draw(st.booleans())
        subscriber = _filled(draw, delimiters, _subscriber(draw))
        level += 1
        child = int(is_dependent)
        body += _filled(draw, delimiters, [f"HL*{level}*1*22*{child}"])
        body += subscriber
        patient: list[str] = []
        if is_dependent:
            level += 1
            named = ["PAT*19", "NM1*QC*1*@*IDA", *_some(draw, _PERSON)]
            patient = _filled(draw, delimiters, named)
            body += _filled(draw, delimiters, [f"HL*{level}*{level - 1}*23*0"])
            body += patient
        for again in range(draw(st.integers(1, 2))):
            own = _filled(draw, delimiters, _claim(draw, f"C{position}{again}"))
            body += own
            claims.append((tuple(own), (*billing, *subscriber, *patient)))
    return ClaimFile(_content(draw, delimiters, body), delimiters, tuple(claims))


def _some(draw: st.DrawFn, pool: list[str]) -> list[str]:
    return [one for one in pool if draw(st.booleans())]


def _subscriber(draw: st.DrawFn) -> list[str]:
    return [
        "SBR*P*18*G1*@*****CI",
        "PAT*****D8*20250101",
        "NM1*IL*1*@*ANA****MI*@",
        *_some(draw, _PERSON),
        "NM1*PR*2*@*****PI*ACME1",
        "REF*FY*@",
    ]


def _claim(draw: st.DrawFn, number: str) -> list[str]:
    lines = []
    count = draw(st.integers(1, 3))
    for line in range(1, count + 1):
        modifiers = draw(st.sampled_from(["", ":95", ":95:HO", "::::::A NOTE"]))
        place = draw(st.sampled_from(["", "02"]))
        lines += [f"LX*{line}", f"SV1*HC:90837{modifiers}*150.5*UN*2*{place}**1"]
        lines += _some(draw, _LINE)
        for loop in _LINE_LOOPS:
            if draw(st.integers(0, 2)) == 0:
                lines += loop
    total = draw(st.sampled_from([f"{count * 150.5}", "999"]))
    providers = [
        text for loop in _PROVIDERS if draw(st.integers(0, 2)) == 0 for text in loop
    ]
    others = [
        ["SBR*S*18*******CI", *_some(draw, _OTHER_PAYER)]
        for _ in range(draw(st.integers(0, 2)))
    ]
    return [
        f"CLM*{number}*{total}***11:B:1*Y*A*Y*Y",
        *_some(draw, _CLAIM),
        *providers,
        *(text for other in others for text in other),
        *lines,
    ]


def _filled(draw: st.DrawFn, delimiters: Delimiters, segments: list[str]) -> list[str]:
    """The segments in the file's separators, with words that hold none of them."""
    words = [one for one in WORDS if not set(one) & set("".join(delimiters))]
    filled = []
    for text in segments:
        own = text.replace("*", "\0").replace(":", "\1")
        own = own.replace("\0", delimiters.element).replace("\1", delimiters.component)
        while "@" in own:
            own = own.replace("@", draw(st.sampled_from(words)), 1)
        filled.append(own)
    return filled


def _content(draw: st.DrawFn, delimiters: Delimiters, body: list[str]) -> bytes:
    header = [
        "ST*837*0001*005010X222A1",
        "BHT*0019*00*1*20260204*0930*CH",
        "NM1*41*2*SENDER*****46*S1",
        "NM1*40*2*RECEIVER*****46*R1",
    ]
    group = "GS*HC*SENDER*RECEIVER*20260301*0930*1*X*005010X222A1"
    isa = (
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       "
        f"*260301*0930*{delimiters.repetition or 'U'}*00501*000000001*0*P*:"
    )
    segments = [
        *_filled(draw, delimiters, [isa, group, *header]),
        *body,
        *_filled(
            draw, delimiters, [f"SE*{len(body) + 5}*0001", "GE*1*1", "IEA*1*000000001"]
        ),
    ]
    line_breaks = ["", "\n", "\r\n"]
    if {"\r", "\n"} & set("".join(delimiters)):
        line_breaks = [""]
    ending = delimiters.terminator + draw(st.sampled_from(line_breaks))
    text = "".join(one + ending for one in segments)
    return text.encode(draw(st.sampled_from(["utf-8", "latin-1"])))
