"""Wraps the segments that a test shows in an envelope that adds up."""

from textwrap import dedent

ISA = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       "
    "*260301*0930*^*00501*000000001*0*T*:~"
)
GROUPS = {"837": "HC", "835": "HP", "277": "HN", "999": "FA", "271": "HB", "278": "HI"}
GUIDES = {
    "837": "005010X222A1",
    "835": "005010X221A1",
    "277": "005010X214",
    "999": "005010X231",
    "271": "005010X279A1",
    "278": "005010X217",
}


def lines_of(body: str) -> list[str]:
    """The segments that a test writes one per line, without terminators."""
    return [line.strip() for line in dedent(body).splitlines() if line.strip()]


def interchange(body: str, *, kind: str, guide: str | None = None) -> bytes:
    """One interchange with one transaction of these segments, received 2026-03-01."""
    guide = GUIDES[kind] if guide is None else guide
    segments = lines_of(body)
    lines = [
        ISA.rstrip("~"),
        f"GS*{GROUPS[kind]}*SENDER*RECEIVER*20260301*0930*1*X*{guide}",
        f"ST*{kind}*0001*{guide}",
        *segments,
        f"SE*{len(segments) + 2}*0001",
        "GE*1*1",
        "IEA*1*000000001",
    ]
    return "".join(f"{line}~" for line in lines).encode()


REMITTANCE_HEADER = """
    BPR*I*{payment}*C*ACH************20260302
    TRN*1*EFT1*1123456789
    N1*PR*ACME HEALTH
    REF*2U*ACME1
    N1*PE*CALM PRACTICE*XX*1234567893
    LX*1
"""


def remittance(body: str, *, payment: str = "0") -> bytes:
    """An 835 with these claim loops under a usual header."""
    return interchange(REMITTANCE_HEADER.format(payment=payment) + body, kind="835")


CLAIM_HEADER = """
    BHT*0019*00*1*20260204*0930*CH
    HL*1**20*1
    PRV*BI*PXC*101YM0800X
    NM1*85*2*CALM PRACTICE*****XX*1234567893
    N3*1 MAIN ST
    N4*ALBANY*NY*12207
    REF*EI*123456789
    HL*2*1*22*0
    SBR*P*18*GRP1******CI
    NM1*IL*1*DOE*ANA****MI*M1
    N3*2 ELM ST*APT 3
    N4*ALBANY*NY*12208
    DMG*D8*19800102*F
    NM1*PR*2*ACME HEALTH*****PI*ACME1
"""


def professional(body: str, *, header: str = CLAIM_HEADER) -> bytes:
    """An 837P with these claim loops under a usual header."""
    return interchange(header + body, kind="837")
