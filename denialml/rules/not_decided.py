"""Rules of the rulebook that nothing on file can decide yet, and which fact is missing.

A rule that is written moves from here into a family; a test holds the two to be all
130 of the rulebook.
"""

from collections.abc import Mapping
from types import MappingProxyType

NOT_DECIDED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "BH-035": (
            "In-person visits of home telehealth patients, Medicare from 2028",
            "the last visit in person and the first telehealth visit at home",
        ),
        "BH-072": (
            "National drug code of a drug line",
            "loop 2410 of the claim, which is not read yet",
        ),
        "BH-122": (
            "Claim of a substance use program without the patient's consent",
            "whether the program falls under 42 CFR Part 2, and the patient's consents",
        ),
        "BH-123": (
            "Part 2 records without the notice that goes with them",
            "the documents that go with the claim, and their notices",
        ),
        "BH-124": (
            "Psychotherapy notes with the claim",
            "the documents that go with the claim (appeals are guarded already)",
        ),
        "BH-125": (
            "More records than the payer asked for",
            "the documents that go with the claim, and what was asked for",
        ),
        "BH-129": (
            "Good-faith estimate of a patient who pays alone",
            "whether the patient pays alone, and the estimate",
        ),
    }
)
"""Rule id -> what it is about, and the fact that is missing."""
