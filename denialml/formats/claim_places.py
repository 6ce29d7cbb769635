"""Where the elements that a correction may change stand in an 837P (005010X222)."""

from typing import Literal, NamedTuple

Form = Literal["text", "amount", "day", "modifiers"]


class Place(NamedTuple):
    """One element.

    `loop` is the loop that holds the segment, `template` the segment's identifier and
    the qualifiers that tell it from others of the loop; with more elements it is what a
    new segment begins with, None where the segment is always there. `component` counts
    from 1, 0 is the whole element. `beside` is another element of the segment that must
    have one of these codes, the first where it has none of them.
    """

    loop: str
    segment: str
    element: int
    component: int = 0
    qualifier: str = ""
    form: Form = "text"
    template: tuple[str, ...] | None = None
    beside: tuple[int, tuple[str, ...]] | None = None


class Loop(NamedTuple):
    """A loop of a person or provider: which part of the claim it stands in, NM101 of
    its first segment, and which one counts where there are several."""

    part: Literal["2000B", "2000C", "2300", "2400"]
    entity: str
    counts: Literal["first", "last"]


def _reference(loop: str, qualifier: str) -> Place:
    return Place(
        loop, "REF", 2, qualifier=qualifier, template=("REF", qualifier), form="text"
    )


def _birth_date(loop: str) -> Place:
    template = ("DMG", "D8")
    return Place(loop, "DMG", 2, form="day", template=template, beside=(1, ("D8",)))


def _gender(loop: str) -> Place:
    return Place(loop, "DMG", 3, template=("DMG", "D8"), beside=(1, ("D8",)))


def _taxonomy(loop: str) -> Place:
    return Place(loop, "PRV", 3, template=("PRV", "PE", "PXC"))


_SUPERVISOR = ("NM1", "DQ", "1")

PLACES = {
    "2300 CLM02": Place("2300", "CLM", 2, form="amount"),
    "2300 CLM05-1": Place("2300", "CLM", 5, 1),
    "2300 CLM05-3": Place("2300", "CLM", 5, 3),
    "2300 REF*G1": _reference("2300", "G1"),
    "2300 REF*F8": _reference("2300", "F8"),
    "2010BA NM103": Place("2010BA", "NM1", 3),
    "2010BA NM109": Place("2010BA", "NM1", 9, beside=(8, ("MI", "II"))),
    "2010BA DMG02": _birth_date("2010BA"),
    "2010BA DMG03": _gender("2010BA"),
    "2010CA NM103": Place("2010CA", "NM1", 3),
    "2010CA DMG02": _birth_date("2010CA"),
    "2010CA DMG03": _gender("2010CA"),
    "2310B PRV03": _taxonomy("2310B"),
    "2310D NM103": Place("2310D", "NM1", 3, template=_SUPERVISOR),
    "2310D NM104": Place("2310D", "NM1", 4, template=_SUPERVISOR),
    "2310D NM109": Place("2310D", "NM1", 9, template=_SUPERVISOR, beside=(8, ("XX",))),
    "2400 SV101-2": Place("2400", "SV1", 1, 2),
    "2400 SV101-3 to SV101-6": Place("2400", "SV1", 1, 3, form="modifiers"),
    "2400 SV102": Place("2400", "SV1", 2, form="amount"),
    "2400 SV104": Place("2400", "SV1", 4, form="amount"),
    "2400 SV105": Place("2400", "SV1", 5),
    "2400 REF*G1": _reference("2400", "G1"),
    "2420A PRV03": _taxonomy("2420A"),
}
"""By the name of the place, as `denialml.domain.fix.Edit.field` says it."""

# Which of several counts is the reader's choice: see `professional_claim`.
LOOPS = {
    "2010BA": Loop("2000B", "IL", "last"),
    "2010CA": Loop("2000C", "QC", "last"),
    "2310B": Loop("2300", "82", "first"),
    "2310D": Loop("2300", "DQ", "first"),
    "2420A": Loop("2400", "82", "last"),
}

# The order in which X222 lists the segments of a loop. A new one goes before the first
# that comes later; a REF has its rank among the REFs too.
ORDER = {
    "2300": "CLM DTP PWK CN1 AMT REF K3 NTE CR1 CR2 CRC HI HCP",
    "2400": ("LX SV1 SV5 PWK CR1 CR3 CRC DTP QTY MEA CN1 REF AMT K3 NTE PS1 HCP"),
    "2010BA": "NM1 N3 N4 DMG REF PER",
    "2010CA": "NM1 N3 N4 DMG REF PER",
    "2310B": "NM1 PRV REF",
    "2420A": "NM1 PRV REF",
}
REFERENCES = {
    "2300": "4N F5 EW 9F G1 F8 X4 9A 9C LX D9 EA P4 1J",
    "2400": "9B 9D G1 6R EW X4 F4 BT 9F",
}
# 2310A to 2310F by NM101.
PROVIDERS = "DN P3 82 77 DQ PW 45"
# What ends the segments of 2300 and of 2400 themselves: 2310, 2320; 2410 to 2440.
ENDS = {
    "2300": frozenset({"NM1", "SBR"}),
    "2400": frozenset({"LIN", "NM1", "SVD", "LQ", "SBR"}),
}
