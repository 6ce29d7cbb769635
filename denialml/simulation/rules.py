"""The payers' hidden rules, in the order in which payers apply them.

Each rule gives the probability that it fires on a claim or a line, from what is on
file and the payer's policy alone. Rules fire independently; the first that fires is
the cause. So a line's true probability is one less the product of what is left over.
"""

from enum import IntEnum
from math import exp

import msgspec

from denialml.domain.denial import RootCause
from denialml.simulation.parameters import SERVICES
from denialml.simulation.payers import Policy


class Rule(IntEnum):
    """In order of application. The first six decide the whole claim."""

    ELIGIBILITY = 0
    OTHER_PAYER = 1
    LOADING = 2
    DATA = 3
    DUPLICATE = 4
    TIMELY = 5
    EXCLUDED_CODE = 6
    EXCLUDED_CREDENTIAL = 7
    REFERRAL = 8
    AUTHORIZATION_MISSING = 9
    AUTHORIZATION_MISMATCH = 10
    VISIT_LIMIT = 11
    DIAGNOSIS = 12
    TELEHEALTH = 13
    BUNDLING = 14
    TIME = 15
    NECESSITY = 16
    RECORDS = 17
    PAYER_ERROR = 18


CLAIM_RULES = 6
RULE_CAUSES: dict[Rule, RootCause] = {
    Rule.ELIGIBILITY: RootCause.ELIGIBILITY_COVERAGE,
    Rule.OTHER_PAYER: RootCause.COB_WRONG_PAYER,
    Rule.LOADING: RootCause.PROVIDER_ELIGIBILITY,
    Rule.DATA: RootCause.CLAIM_DATA_ERROR,
    Rule.DUPLICATE: RootCause.DUPLICATE_RESUBMISSION,
    Rule.TIMELY: RootCause.TIMELY_FILING,
    Rule.EXCLUDED_CODE: RootCause.BENEFIT_COVERAGE,
    Rule.EXCLUDED_CREDENTIAL: RootCause.PROVIDER_ELIGIBILITY,
    Rule.REFERRAL: RootCause.NETWORK_REFERRAL,
    Rule.AUTHORIZATION_MISSING: RootCause.AUTH_MISSING,
    Rule.AUTHORIZATION_MISMATCH: RootCause.AUTH_MISMATCH,
    Rule.VISIT_LIMIT: RootCause.BENEFIT_LIMIT,
    Rule.DIAGNOSIS: RootCause.DIAGNOSIS_CODING,
    Rule.TELEHEALTH: RootCause.MODIFIER_POS_TELEHEALTH,
    Rule.BUNDLING: RootCause.BUNDLING_SAME_DAY,
    Rule.TIME: RootCause.CODING_TIME_UNITS,
    Rule.NECESSITY: RootCause.MEDICAL_NECESSITY,
    Rule.RECORDS: RootCause.DOCUMENTATION_INSUFFICIENT,
}


class ClaimContext(msgspec.Struct):
    """What the claim rules read. Days are day numbers; `lag` in days."""

    submitted: int
    lag: int
    intake: bool
    new_coverage: bool
    already_sent: bool
    data_factor: float
    migrating: bool


class LineContext(msgspec.Struct):
    """What the line rules read; None is what the practice's records do not tell."""

    submitted: int
    code: str
    credential: str
    diagnosis: str
    visit_number: int
    visits_this_year: int
    visit_limit: int
    authorization: str
    number_on_claim: bool
    referral_on_claim: bool
    telehealth: bool
    audio: bool
    place: str
    modifiers: tuple[str, ...]
    minutes: int | None
    plan_age: int | None
    bundled: bool


Chance = tuple[Rule, float]


def claim_chances(policy: Policy, context: ClaimContext) -> list[Chance]:
    """DATA, DUPLICATE and TIMELY; coverage states are added by the caller."""
    data = policy.data * context.data_factor
    if context.intake:
        data *= 3.0
    if context.new_coverage:
        data *= 2.5
    if context.migrating:
        data *= 4.0
    chances = [(Rule.DATA, stricter(min(0.9, data), policy.strictness))]
    if context.already_sent:
        chances.append((Rule.DUPLICATE, policy.duplicate))
    if context.lag > policy.filing_limit:
        chances.append((Rule.TIMELY, policy.timely))
    return chances


def line_chances(policy: Policy, context: LineContext) -> list[Chance]:
    """The line rules that can fire at all, in order."""
    code = context.code
    chances: list[Chance] = []
    excluded = policy.excluded_codes.get(code)
    if excluded is not None:
        chances.append((Rule.EXCLUDED_CODE, excluded))
    credential = policy.excluded_credentials.get(context.credential)
    if credential is not None and context.submitted < credential[1]:
        chances.append((Rule.EXCLUDED_CREDENTIAL, credential[0]))
    if policy.referral and not context.referral_on_claim:
        chances.append((Rule.REFERRAL, policy.referral))
    _authorization(policy, context, chances=chances)
    if policy.visit_limit and context.visit_limit:
        over = context.visits_this_year - context.visit_limit
        if over > -10:
            chances.append(
                (Rule.VISIT_LIMIT, policy.visit_limit / (1.0 + exp(-over / 1.0)))
            )
    diagnosis = policy.diagnoses.get(context.diagnosis)
    if diagnosis is not None:
        chances.append((Rule.DIAGNOSIS, diagnosis))
    if context.telehealth:
        _telehealth(policy, context, chances=chances)
    if context.bundled and policy.bundling:
        chances.append((Rule.BUNDLING, policy.bundling))
    _review(policy, context, chances=chances)
    error = policy.error
    if policy.glitch[0] <= context.submitted < policy.glitch[1]:
        error = 0.15
    strictness = policy.strictness
    chances = [(rule, stricter(chance, strictness)) for rule, chance in chances]
    chances.append((Rule.PAYER_ERROR, error))
    return chances


def stricter(chance: float, strictness: float) -> float:
    """A chance as a payer applies it: its hazard, -log(1 - q), times `strictness`."""
    return float(1.0 - (1.0 - chance) ** strictness)


def _authorization(
    policy: Policy, context: LineContext, *, chances: list[Chance]
) -> None:
    group = SERVICES[context.code].group
    threshold = policy.authorization_from.get(group)
    if threshold is None or context.visit_number <= threshold:
        return
    if context.authorization == "none":
        chances.append((Rule.AUTHORIZATION_MISSING, policy.authorization_missing))
    elif context.authorization != "valid":
        chances.append((Rule.AUTHORIZATION_MISMATCH, policy.authorization_mismatch))
    elif policy.needs_number and not context.number_on_claim:
        chances.append((Rule.AUTHORIZATION_MISMATCH, policy.needs_number))


def _telehealth(policy: Policy, context: LineContext, *, chances: list[Chance]) -> None:
    passes = 1.0
    if context.place != policy.telehealth_place:
        passes *= 1.0 - policy.place_strength
    required = policy.telehealth_modifier
    if context.audio and required:
        required = "93"
    if required and required not in context.modifiers:
        passes *= 1.0 - policy.modifier_strength
    if passes < 1.0:
        chances.append((Rule.TELEHEALTH, 1.0 - passes))


def _review(policy: Policy, context: LineContext, *, chances: list[Chance]) -> None:
    """Rules that a human or an audit program applies: time, necessity, records."""
    service = SERVICES[context.code]
    intensive = service.group in ("iop", "aba", "testing")
    if policy.time_strength and service.floor:
        share = 0.04
        if context.minutes is None:
            share = 0.30
        elif context.minutes < service.floor:
            share = 0.75
        chances.append((Rule.TIME, policy.time_strength * share))
    necessity = policy.necessity * (4.0 if intensive else 1.0)
    if context.visit_number > 45:
        necessity *= 3.0
    if context.plan_age is None or context.plan_age > 180:
        necessity *= 2.0
    chances.append((Rule.NECESSITY, min(0.9, necessity)))
    records = policy.records + policy.scrutiny.get(context.code, 0.0)
    if context.code == "90837":
        records *= 1.5
    if service.floor and context.minutes is None:
        records *= 2.5
    if intensive:
        records *= 3.0
    chances.append((Rule.RECORDS, min(0.9, records)))


def left_over(chances: list[Chance]) -> float:
    """Probability that none of the rules fires."""
    product = 1.0
    for _, chance in chances:
        product *= 1.0 - chance
    return product
