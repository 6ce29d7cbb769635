"""The numbers of the simulated practice, in one place.

Sources are given in docs/simulation.md; what has none there is our estimate.
Rates are per year unless the name says otherwise; charges are whole cents.
"""

from typing import Literal

import msgspec

Difficulty = Literal["easy", "medium", "hard"]


class DifficultySettings(msgspec.Struct, frozen=True):
    """How sharp hidden rules are, how vague the answers and how much changes."""

    sharpness: float
    opacity: float
    policy_changes: int
    unexported_share: float


DIFFICULTIES: dict[Difficulty, DifficultySettings] = {
    "easy": DifficultySettings(1.0, 0.10, 0, 0.0),
    "medium": DifficultySettings(0.9, 0.22, 6, 0.0),
    "hard": DifficultySettings(0.75, 0.38, 12, 0.05),
}


class Service(msgspec.Struct, frozen=True):
    """One procedure code as this practice bills it.

    `group` is the family that authorizations speak of; `floor` the documented
    minutes from which the code may be billed (0: no time rule), `ceiling` those above
    which another code applies (0: none); `minutes` the usual length of the session.
    """

    code: str
    charge_cents: int
    group: str
    floor: int = 0
    minutes: int = 0
    ceiling: int = 0


SERVICES: dict[str, Service] = {
    service.code: service
    for service in (
        Service("90791", 24000, "evaluation", 16, 60),
        Service("90792", 27500, "evaluation", 16, 60),
        Service("90832", 11500, "psychotherapy", 16, 30, 37),
        Service("90834", 15000, "psychotherapy", 38, 46, 52),
        Service("90837", 21000, "psychotherapy", 53, 57),
        Service("90846", 16000, "family", 26, 50),
        Service("90847", 17000, "family", 26, 50),
        Service("90853", 6000, "group", 0, 80),
        Service("90839", 24500, "crisis", 30, 60),
        Service("99213", 14000, "medication", 0, 20),
        Service("99214", 19500, "medication", 0, 30),
        Service("99215", 27000, "medication", 0, 40),
        Service("90833", 10500, "psychotherapy_add_on", 16, 30),
        Service("90836", 13500, "psychotherapy_add_on", 38, 46),
        Service("90785", 2500, "add_on"),
        Service("H0015", 32500, "iop", 0, 180),
        Service("97153", 2400, "aba", 0, 120),
        Service("97155", 4200, "aba", 0, 60),
        Service("96130", 19000, "testing", 31, 60),
        Service("96131", 14500, "testing", 31, 60),
        Service("96136", 7500, "testing", 16, 30),
        Service("96137", 6800, "testing", 16, 30),
    )
}

CREDENTIALS: tuple[tuple[str, float, str], ...] = (
    ("LCSW", 0.34, "1041C0700X"),
    ("LPC", 0.26, "101YP2500X"),
    ("LMFT", 0.13, "106H00000X"),
    ("PSY", 0.10, "103TC0700X"),
    ("NP", 0.09, "363LP0808X"),
    ("MD", 0.06, "2084P0800X"),
    ("BCBA", 0.02, "103K00000X"),
)
EPISODES: tuple[tuple[str, float], ...] = (
    ("therapy", 0.74),
    ("medication", 0.15),
    ("group", 0.035),
    ("iop", 0.03),
    ("aba", 0.02),
    ("testing", 0.025),
)
EPISODE_CREDENTIALS: dict[str, tuple[str, ...]] = {
    "therapy": ("LCSW", "LPC", "LMFT", "PSY"),
    "medication": ("NP", "MD"),
    "group": ("LCSW", "LPC", "LMFT"),
    "iop": ("LCSW", "LPC"),
    "aba": ("BCBA",),
    "testing": ("PSY",),
}
DIAGNOSES: dict[str, tuple[tuple[str, float], ...]] = {
    "therapy": (
        ("F411", 0.24), ("F331", 0.16), ("F321", 0.08), ("F4323", 0.10),
        ("F4320", 0.05), ("F329", 0.04), ("F32A", 0.05), ("F419", 0.09),
        ("F4310", 0.08), ("F341", 0.04), ("F4010", 0.03), ("Z630", 0.04),
    ),
    "medication": (
        ("F331", 0.24), ("F411", 0.18), ("F902", 0.16), ("F3181", 0.10),
        ("F329", 0.04), ("F419", 0.06), ("F4310", 0.08), ("F200", 0.04), ("F319", 0.10),
    ),
    "group": (("F1020", 0.35), ("F411", 0.25), ("F331", 0.25), ("F419", 0.15)),
    "iop": (("F1020", 0.40), ("F1120", 0.35), ("F332", 0.25)),
    "aba": (("F840", 1.0),),
    "testing": (("F902", 0.45), ("F819", 0.30), ("F411", 0.15), ("F419", 0.10)),
}  # fmt: skip

REMITTANCE_FLOOR_DAYS = 3
DENIAL_DELAY_FACTOR = 1.35
CLEARINGHOUSE_REJECTION = 0.035
DUPLICATE_SHARE = 0.011
WRONG_PLAN_AT_INTAKE = 0.05
NEW_CLINICIAN_NOT_LOADED = 0.5
CLINICIAN_LOADED_PER_DAY = 1 / 34
CLINICIAN_DROPPED_PER_DAY = 0.05 / 365.25
COB_PER_YEAR = 0.06
COB_JANUARY = 0.10
