"""The ten payers of a world and what they hide.

A world seed draws every payer's rules; the practice sees only `Payer`, and even of
that only what it has configured. Two practices of one world meet the same payers.
"""

from datetime import date
from random import Random

import msgspec

from denialml.domain.claim import Address
from denialml.domain.coverage import Payer, PayerType
from denialml.simulation.parameters import (
    COB_JANUARY,
    COB_PER_YEAR,
    DifficultySettings,
)
from denialml.simulation.timeline import Timeline

NEVER = 10**9
"""A day number after everything."""

_MEDICAID_UNWINDING = ((date(2023, 4, 1), date(2024, 5, 31), 1.8),)
_MEDICARE_COUNSELORS_FROM = date(2024, 1, 1)


ERROR_CAUSES = (
    "claim_data_error",
    "auth_missing",
    "documentation_insufficient",
    "timely_filing",
)
"""What a payer that denies a faultless claim by mistake may state."""


class PayerKind(msgspec.Struct, frozen=True):
    """What payers of one line of business have in common.

    `lapse_*` is coverage loss; `claim_filing_code` is SBR09 of
    the 837, `remittance_filing_code` CLP06 of the 835 (X221 has no CI or BL); `price`
    multiplies the fee schedule; `copay` is
    whether patients pay a copay (else coinsurance).
    """

    payer_type: PayerType
    claim_filing_code: str
    remittance_filing_code: str
    lapse_per_year: float
    lapse_january: float
    price: float
    copay: bool
    deductible: bool

    @property
    def for_the_old(self) -> bool:
        """Medicare of either kind: members are simulated as 65 and older."""
        return self.payer_type in (PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE)


KINDS: dict[str, PayerKind] = {
    "commercial": PayerKind(
        PayerType.COMMERCIAL, "CI", "12", 0.30, 0.22, 0.62, True, True
    ),
    "blue": PayerKind(PayerType.COMMERCIAL, "BL", "12", 0.22, 0.17, 0.66, True, True),
    "medicaid": PayerKind(
        PayerType.MEDICAID_MANAGED_CARE, "MC", "MC", 0.66, 0.08, 0.45, False, False
    ),
    "medicare": PayerKind(
        PayerType.MEDICARE, "MB", "MB", 0.06, 0.08, 0.55, False, False
    ),
    "advantage": PayerKind(
        PayerType.MEDICARE_ADVANTAGE, "16", "16", 0.10, 0.18, 0.55, True, False
    ),
    "marketplace": PayerKind(
        PayerType.MARKETPLACE, "HM", "HM", 0.42, 0.34, 0.58, True, True
    ),
}

_PAYERS: tuple[tuple[str, str, str, float], ...] = (
    ("SIM01", "Northgate Health Plan", "commercial", 0.16),
    ("SIM02", "Harborline Mutual", "commercial", 0.12),
    ("SIM03", "Tallgrass Benefits", "commercial", 0.10),
    ("SIM04", "Copperfield Assurance", "commercial", 0.07),
    ("SIM05", "Blue Heron Health", "blue", 0.14),
    ("SIM06", "Riverbend Community Care", "medicaid", 0.13),
    ("SIM07", "Stonebridge Family Health", "medicaid", 0.08),
    ("SIM08", "Federal Part B of Sampleland", "medicare", 0.07),
    ("SIM09", "Silverpath Advantage", "advantage", 0.06),
    ("SIM10", "Openfield Marketplace Plan", "marketplace", 0.07),
)


class Policy(msgspec.Struct):
    """One payer with its hidden rules. Strengths are probabilities of denial.

    Rules change in place on the days of `changes`; every probability of a
    submission uses the rules of the submission day.
    """

    index: int
    payer: Payer
    kind: PayerKind
    share: float
    filing_limit: int
    lag_shape: float
    lag_scale: float
    payment_weekdays: tuple[int, ...]
    lapse_hazard: tuple[float, ...]
    cob_hazard: tuple[float, ...]
    timely: float
    duplicate: float
    data: float
    authorization_from: dict[str, int]
    authorization_missing: float
    authorization_mismatch: float
    needs_number: float
    excluded_codes: dict[str, float]
    excluded_credentials: dict[str, tuple[float, int]]
    referral: float
    visit_limit: float
    diagnoses: dict[str, float]
    telehealth_place: str
    telehealth_modifier: str
    place_strength: float
    modifier_strength: float
    bundling: float
    time_strength: float
    necessity: float
    records: float
    error: float
    glitch: tuple[int, int]
    opacity: float
    error_cause: str
    scrutiny: dict[str, float]
    knows_authorization: dict[str, bool]
    down_codes: bool = False


def payer_address(index: int) -> Address:
    """An address for the appeals department of payer `index`."""
    return Address(
        street=f"PO Box {70000 + index * 111}",
        city="Sampletown",
        state="OH",
        postal_code="43999",
    )


def draw_policies(
    random: Random, *, timeline: Timeline, settings: DifficultySettings
) -> list[Policy]:
    """The payers of one world."""
    weights = [share * random.uniform(0.75, 1.25) for *_, share in _PAYERS]
    total = sum(weights)
    return [
        _draw_policy(
            random,
            index=index,
            share=weights[index] / total,
            timeline=timeline,
            settings=settings,
        )
        for index in range(len(_PAYERS))
    ]


def _draw_policy(
    random: Random,
    *,
    index: int,
    share: float,
    timeline: Timeline,
    settings: DifficultySettings,
) -> Policy:
    payer_id, name, kind_name, _ = _PAYERS[index]
    kind = KINDS[kind_name]
    sharp = settings.sharpness

    def strength(low: float, high: float) -> float:
        return random.uniform(low, high) * sharp

    medicare = kind_name == "medicare"
    filing_limit = 365 if medicare else random.choice((90, 90, 120, 180, 180, 365))
    place = random.choice(("10", "10", "02"))
    modifier = "" if medicare else random.choice(("95", "95", "GT"))
    severity = random.uniform(0.55, 1.6)
    surges = _MEDICAID_UNWINDING if kind_name == "medicaid" else ()
    lag_shape = random.uniform(2, 6)
    lag_mean = random.uniform(9, 30)
    policy = Policy(
        index=index,
        payer=Payer(payer_id=payer_id, name=name),
        kind=kind,
        share=share,
        filing_limit=filing_limit,
        lag_shape=lag_shape,
        lag_scale=lag_mean / lag_shape,
        payment_weekdays=random.choice(((1,), (2,), (3,), (0, 3), (1, 3))),
        lapse_hazard=timeline.cumulative_hazard(
            kind.lapse_per_year, kind.lapse_january, surges=surges
        ),
        cob_hazard=timeline.cumulative_hazard(COB_PER_YEAR, COB_JANUARY),
        timely=random.uniform(0.93, 1.0),
        duplicate=random.uniform(0.85, 1.0),
        data=0.006 * random.uniform(0.8, 2.1),
        authorization_from=_authorization_thresholds(random, medicare=medicare),
        authorization_missing=strength(0.70, 1.0),
        authorization_mismatch=strength(0.60, 0.95),
        needs_number=strength(0.5, 0.9) if random.random() < 0.5 else 0.0,
        excluded_codes=_excluded_codes(random, sharp),
        excluded_credentials=_excluded_credentials(
            random, medicare=medicare, timeline=timeline, sharp=sharp
        ),
        referral=strength(0.5, 0.8) if kind_name == "blue" else 0.0,
        visit_limit=0.0 if medicare else strength(0.7, 0.95),
        diagnoses={
            code: strength(0.15, 0.6)
            for code in ("Z630", "F329", "F419", "F4320", "F819")
            if random.random() < 0.18
        },
        telehealth_place=place,
        telehealth_modifier=modifier,
        place_strength=strength(0.5, 0.9),
        modifier_strength=strength(0.5, 0.9),
        bundling=strength(0.5, 0.9) if random.random() < 0.6 else 0.0,
        time_strength=strength(0.1, 0.5) if random.random() < 0.45 else 0.0,
        necessity=random.uniform(0.01, 0.05) * severity * 0.25,
        records=random.uniform(0.003, 0.015) * severity * 0.6,
        error=random.uniform(0.002, 0.009),
        glitch=(NEVER, NEVER),
        down_codes=random.random() < 0.5,
        opacity=min(0.9, settings.opacity * random.uniform(0.4, 1.6)),
        error_cause=random.choice(ERROR_CAUSES),
        scrutiny={},
        knows_authorization={},
    )
    policy.knows_authorization = {
        group: random.random() < 0.8 for group in policy.authorization_from
    }
    return _with_visible_part(policy, payer_id, name, random)


def _with_visible_part(
    policy: Policy, payer_id: str, name: str, random: Random
) -> Policy:
    """Configure what the practice has set up; the rest stays unknown to it."""
    knows_filing = random.random() < 0.6
    knows_telehealth = random.random() < 0.6
    medicare = policy.kind.payer_type is PayerType.MEDICARE
    policy.payer = Payer(
        payer_id=payer_id,
        name=name,
        payer_type=policy.kind.payer_type,
        state="OH",
        filing_limit_days=policy.filing_limit if knows_filing else None,
        corrected_claim_limit_days=180 if knows_filing and not medicare else None,
        appeal_window_days=random.choice((60, 90, 180)) if knows_filing else None,
        telehealth_place_of_service=(
            policy.telehealth_place if knows_telehealth else ""
        ),
        telehealth_modifier=policy.telehealth_modifier if knows_telehealth else "",
        audio_only_modifier="93" if knows_telehealth else "",
        accepts_frequency_7=not medicare,
        requires_authorization_on_claim=(
            policy.needs_number > 0 if knows_filing else None
        ),
        appeal_address=payer_address(policy.index),
        appeal_fax=f"555-01{policy.index:02d}",
    )
    return policy


def _authorization_thresholds(random: Random, *, medicare: bool) -> dict[str, int]:
    """Visits of a patient after which a family of codes needs an authorization."""
    if medicare:
        return {}
    thresholds: dict[str, int] = {}
    for group in ("iop", "aba", "testing"):
        if random.random() < 0.9:
            thresholds[group] = 0
    routine = random.choice((None, None, 8, 12, 20, 24))
    if routine is not None:
        thresholds["psychotherapy"] = routine
        if random.random() < 0.4:
            thresholds["family"] = routine
    return thresholds


def _excluded_codes(random: Random, sharp: float) -> dict[str, float]:
    candidates = ("90846", "90847", "90853", "90785", "99215", "90839", "96131")
    return {
        code: random.uniform(0.45, 0.95) * sharp
        for code in candidates
        if random.random() < 0.12
    }


def _excluded_credentials(
    random: Random, *, medicare: bool, timeline: Timeline, sharp: float
) -> dict[str, tuple[float, int]]:
    """Credential: (strength, first day on which the exclusion no longer holds).

    Medicare pays LMFT and mental-health counselors from 2024-01-01 (Consolidated
    Appropriations Act 2023, section 4121).
    """
    if medicare:
        until = timeline.day(_MEDICARE_COUNSELORS_FROM)
        return {"LPC": (0.95 * sharp, until), "LMFT": (0.95 * sharp, until)}
    return {
        credential: (random.uniform(0.5, 0.9) * sharp, NEVER)
        for credential in ("LPC", "LMFT")
        if random.random() < 0.06
    }


def supplement(policies: list[Policy]) -> Policy:
    """The payer behind original Medicare; nobody is insured with it alone."""
    medicare = next(
        policy for policy in policies if policy.kind.payer_type is PayerType.MEDICARE
    )
    index = len(policies)
    return msgspec.structs.replace(
        medicare,
        index=index,
        share=0.0,
        kind=KINDS["commercial"],
        payer=Payer(
            payer_id="SIM11",
            name="Lantern Supplement",
            payer_type=PayerType.COMMERCIAL_INSURED,
            state="OH",
            appeal_address=payer_address(index),
        ),
    )


class PolicyChange(msgspec.Struct, frozen=True):
    """One change of one payer's rules, in force from `day`."""

    day: int
    policy: int
    kind: str
    value: float


_CHANGES = (
    "scrutiny_90837",
    "authorization_new",
    "authorization_dropped",
    "telehealth_place",
    "filing_limit",
    "records",
    "diagnosis",
    "necessity",
    "glitch",
)


def draw_changes(
    random: Random, *, timeline: Timeline, count: int, payers: int
) -> list[PolicyChange]:
    """Half of the changes in the first two thirds of the span, half after."""
    split = timeline.last * 2 // 3
    changes = []
    for number in range(count):
        first_half = number < (count + 1) // 2
        low, high = (60, split) if first_half else (split, timeline.last - 40)
        changes.append(
            PolicyChange(
                day=random.randint(min(low, high), max(low, high)),
                policy=random.randrange(payers),
                kind=random.choice(_CHANGES),
                value=random.random(),
            )
        )
    return sorted(changes, key=lambda change: change.day)


def apply_change(policy: Policy, change: PolicyChange) -> None:
    """Put one change into force."""
    match change.kind:
        case "scrutiny_90837":
            policy.scrutiny["90837"] = 0.03 + 0.07 * change.value
        case "authorization_new":
            policy.authorization_from["psychotherapy"] = (8, 12, 20)[
                int(change.value * 3)
            ]
            policy.knows_authorization["psychotherapy"] = False
        case "authorization_dropped":
            policy.authorization_from.pop("psychotherapy", None)
        case "telehealth_place":
            policy.telehealth_place = "02" if policy.telehealth_place == "10" else "10"
        case "filing_limit":
            policy.filing_limit = 90
        case "records":
            policy.records *= 3
        case "diagnosis":
            policy.diagnoses["F419"] = 0.2 + 0.3 * change.value
        case "necessity":
            policy.necessity *= 2.2
        case "glitch":
            policy.glitch = (change.day, change.day + 24)
        case _:
            raise ValueError(change.kind)
