"""The ten payers of a world and what they hide.

A world seed draws every payer's rules; the practice sees only `Payer`, and even of
that only what it has configured. Two practices of one world meet the same payers.
"""

from datetime import date
from random import Random

import msgspec

from denialml.domain.claim import Address
from denialml.domain.coverage import Payer, PayerType
from denialml.simulation.coverage import reported_law
from denialml.simulation.parameters import (
    COB_JANUARY,
    COB_PER_YEAR,
    DifficultySettings,
)
from denialml.simulation.payer_spread import draw_targets
from denialml.simulation.timeline import NEVER, Timeline

_MEDICAID_UNWINDING = ((date(2023, 4, 1), date(2024, 5, 31), 1.8),)
_MEDICARE_COUNSELORS_FROM = date(2024, 1, 1)
_CLEARINGHOUSE_DOWN = date(2024, 2, 21)


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
    submission uses the rules of the submission day. `target` is the share of lines
    that the payer denies on the whole, which `strictness` (a factor of its rules'
    hazards) is fitted to. `fee_steps` are (first day, factor of the price), `outage`
    the days on which its clearinghouse takes no claims. `leniency` is the payer's
    in deciding appeals, in log-odds; `appeal_window` counts days from the answer.
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
    reported: tuple[float, ...]
    cob_hazard: tuple[float, ...]
    authorization_from: dict[str, int]
    knows_authorization: dict[str, bool]
    excluded_credentials: dict[str, tuple[float, int]]
    telehealth_place: str
    telehealth_modifier: str
    opacity: float
    down_codes: bool
    error_cause: str
    timely: float = 0.0
    duplicate: float = 0.0
    data: float = 0.0
    authorization_missing: float = 0.0
    authorization_mismatch: float = 0.0
    needs_number: float = 0.0
    excluded_codes: dict[str, float] = msgspec.field(default_factory=dict)
    referral: float = 0.0
    visit_limit: float = 0.0
    diagnoses: dict[str, float] = msgspec.field(default_factory=dict)
    place_strength: float = 0.0
    modifier_strength: float = 0.0
    bundling: float = 0.0
    time_strength: float = 0.0
    necessity: float = 0.0
    records: float = 0.0
    error: float = 0.0
    glitch: tuple[int, int] = (NEVER, NEVER)
    target: float = 0.0
    strictness: float = 1.0
    fee_steps: tuple[tuple[int, float], ...] = ()
    outage: tuple[int, int] = (NEVER, NEVER)
    appeal_window: int = 180
    leniency: float = 0.0
    scrutiny: dict[str, float] = msgspec.field(default_factory=dict)

    def price(self, day: int) -> float:
        """Share of the charge that the payer allows on a day of service."""
        factor = 1.0
        for begins, value in self.fee_steps:
            if begins <= day:
                factor = value
        return self.kind.price * factor


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
    targets = draw_targets(
        random,
        kinds=[kind for _, _, kind, _ in _PAYERS],
        shares=[weight / total for weight in weights],
    )
    return [
        _draw_policy(
            random,
            index=index,
            share=weights[index] / total,
            target=targets[index],
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
    target: float,
    timeline: Timeline,
    settings: DifficultySettings,
) -> Policy:
    payer_id, name, kind_name, _ = _PAYERS[index]
    kind = KINDS[kind_name]
    medicare = kind_name == "medicare"
    surges = _MEDICAID_UNWINDING if kind_name == "medicaid" else ()
    lag_shape = random.uniform(2, 6)
    thresholds = _authorization_thresholds(random, medicare=medicare)
    lapse_hazard = timeline.cumulative_hazard(
        kind.lapse_per_year, kind.lapse_january, surges=surges
    )
    policy = Policy(
        index=index,
        payer=Payer(payer_id=payer_id, name=name),
        kind=kind,
        share=share,
        filing_limit=365 if medicare else random.choice((90, 90, 120, 180, 180, 365)),
        lag_shape=lag_shape,
        lag_scale=random.uniform(9, 30) / lag_shape,
        payment_weekdays=random.choice(((1,), (2,), (3,), (0, 3), (1, 3))),
        lapse_hazard=lapse_hazard,
        reported=reported_law(lapse_hazard),
        cob_hazard=timeline.cumulative_hazard(COB_PER_YEAR, COB_JANUARY),
        authorization_from=thresholds,
        knows_authorization={group: random.random() < 0.8 for group in thresholds},
        excluded_credentials=_excluded_credentials(
            random, medicare=medicare, timeline=timeline, sharp=settings.sharpness
        ),
        telehealth_place=random.choice(("10", "10", "02")),
        telehealth_modifier="" if medicare else random.choice(("95", "95", "GT")),
        opacity=min(0.9, settings.opacity * random.uniform(0.4, 1.6)),
        down_codes=random.random() < 0.5,
        error_cause=random.choice(ERROR_CAUSES),
        target=target,
        fee_steps=_fee_steps(random, timeline),
        outage=_outage(random, timeline),
        appeal_window=random.choice((60, 90, 180)),
        leniency=random.gauss(0.0, 0.5) + (0.9 if kind_name == "advantage" else 0.0),
    )
    _draw_strengths(random, policy, sharp=settings.sharpness)
    if kind_name == "blue":
        policy.referral = random.uniform(0.5, 0.8) * settings.sharpness
    return _with_visible_part(policy, payer_id, name=name, random=random)


def _draw_strengths(random: Random, policy: Policy, *, sharp: float) -> None:
    """How often each hidden rule denies where it applies."""

    def strength(low: float, high: float) -> float:
        return random.uniform(low, high) * sharp

    reach = 0.7 if policy.target < 0.10 else 1.0 if policy.target < 0.20 else 1.8
    severity = random.uniform(0.55, 1.6)
    policy.timely = random.uniform(0.93, 1.0)
    policy.duplicate = random.uniform(0.85, 1.0)
    policy.data = 0.005 * random.uniform(0.8, 2.1)
    policy.authorization_missing = strength(0.70, 1.0)
    policy.authorization_mismatch = strength(0.60, 0.95)
    policy.needs_number = strength(0.5, 0.9) if random.random() < 0.35 else 0.0
    policy.excluded_codes = _excluded_codes(random, sharp, reach=reach)
    if policy.kind.payer_type is not PayerType.MEDICARE:
        policy.visit_limit = strength(0.7, 0.95)
    policy.diagnoses = {
        code: strength(0.10, 0.45)
        for code in ("Z630", "F329", "F419", "F4320", "F819")
        if random.random() < 0.15 * reach
    }
    policy.place_strength = strength(0.5, 0.9)
    policy.modifier_strength = strength(0.5, 0.9)
    policy.bundling = strength(0.5, 0.9) if random.random() < 0.6 else 0.0
    policy.time_strength = strength(0.1, 0.4) if random.random() < 0.45 * reach else 0.0
    if reach > 1.0:
        policy.scrutiny["90837"] = strength(0.03, 0.12)
    policy.necessity = random.uniform(0.002, 0.010) * severity
    policy.records = random.uniform(0.0018, 0.009) * severity
    policy.error = random.uniform(0.002, 0.009)


def _with_visible_part(
    policy: Policy, payer_id: str, *, name: str, random: Random
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
        appeal_window_days=policy.appeal_window if knows_filing else None,
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
    routine = random.choice((None, None, None, None, 8, 12, 20, 24))
    if routine is not None:
        thresholds["psychotherapy"] = routine
        if random.random() < 0.4:
            thresholds["family"] = routine
    return thresholds


def _excluded_codes(random: Random, sharp: float, *, reach: float) -> dict[str, float]:
    candidates = ("90846", "90847", "90853", "90785", "99215", "90839", "96131")
    return {
        code: random.uniform(0.45, 0.95) * sharp
        for code in candidates
        if random.random() < 0.12 * reach
    }


def _fee_steps(random: Random, timeline: Timeline) -> tuple[tuple[int, float], ...]:
    """Fee schedules change on January 1, by between -4 and +5 percent."""
    factor = 1.0
    steps = []
    for year in range(timeline.starts_on.year + 1, timeline.ends_on.year + 1):
        factor *= random.uniform(0.96, 1.05)
        steps.append((timeline.day(date(year, 1, 1)), factor))
    return tuple(steps)


def _outage(random: Random, timeline: Timeline) -> tuple[int, int]:
    """A national clearinghouse took no claims from 2024-02-21 on, for weeks.

    Six payers in ten are reached through it; they are back after three to six weeks.
    """
    begins = timeline.day(_CLEARINGHOUSE_DOWN)
    if random.random() >= 0.6 or not 0 <= begins <= timeline.last:
        return (NEVER, NEVER)
    return (begins, begins + random.randint(21, 42))


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
