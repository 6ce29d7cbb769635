"""Which codes a payer prints for a cause: ambiguous on purpose, never misleading.

One CARC serves several causes (16, 96, 197, 252, 4, 15, 31, 150), and opaque payers
replace the telling pair by one that says nothing. Pairs of a closed-form state
(other payer, clinician not loaded) are used for nothing else, so that the practice
can learn the state from the answer; an answer that may be about coverage makes the
practice ask again (271). Codes are those of X12; wording is not reproduced.
"""

from random import Random

from denialml.simulation.rules import Rule

Codes = tuple[str, str, str]
"""Group code, CARC, RARC (empty: none)."""

_TABLE: dict[Rule, tuple[tuple[str, str, str, float], ...]] = {
    Rule.ELIGIBILITY: (
        ("PR", "27", "", 0.35), ("CO", "27", "N30", 0.15), ("PR", "26", "", 0.10),
        ("CO", "31", "", 0.20), ("CO", "177", "", 0.10), ("PR", "200", "", 0.10),
    ),
    Rule.OTHER_PAYER: (
        ("CO", "22", "MA04", 0.45), ("OA", "22", "N4", 0.20),
        ("OA", "109", "N418", 0.10),
        ("CO", "252", "N479", 0.15), ("CO", "16", "MA04", 0.10),
    ),
    Rule.LOADING: (
        ("CO", "B7", "", 0.35), ("CO", "B7", "N570", 0.20), ("CO", "16", "N288", 0.20),
        ("CO", "208", "", 0.10), ("CO", "96", "N95", 0.10), ("CO", "256", "N198", 0.05),
    ),
    Rule.DATA: (
        ("CO", "16", "N382", 0.25), ("CO", "16", "N329", 0.15),
        ("CO", "16", "MA130", 0.20), ("CO", "31", "", 0.15), ("CO", "140", "", 0.15),
        ("CO", "A1", "N517", 0.10),
    ),
    Rule.DUPLICATE: (
        ("CO", "18", "", 0.80), ("OA", "18", "N522", 0.05), ("CO", "97", "", 0.10),
        ("CO", "B13", "", 0.05),
    ),
    Rule.TIMELY: (("CO", "29", "", 0.90), ("CO", "29", "N211", 0.10)),
    Rule.EXCLUDED_CODE: (
        ("PR", "204", "N130", 0.30), ("CO", "96", "N130", 0.30),
        ("PR", "204", "", 0.25),
        ("PR", "96", "N216", 0.15),
    ),
    Rule.EXCLUDED_CREDENTIAL: (
        ("CO", "170", "N95", 0.40), ("CO", "185", "", 0.35), ("CO", "8", "", 0.15),
        ("CO", "204", "", 0.10),
    ),
    Rule.REFERRAL: (
        ("CO", "288", "", 0.50), ("CO", "243", "", 0.25), ("CO", "197", "", 0.25),
    ),
    Rule.AUTHORIZATION_MISSING: (
        ("CO", "197", "", 0.65), ("CO", "197", "M62", 0.10), ("CO", "15", "", 0.10),
        ("CO", "96", "M62", 0.10), ("CO", "210", "", 0.05),
    ),
    Rule.AUTHORIZATION_MISMATCH: (
        ("CO", "197", "", 0.30), ("CO", "198", "", 0.25), ("CO", "15", "", 0.20),
        ("CO", "284", "", 0.10), ("CO", "302", "", 0.10), ("CO", "16", "M62", 0.05),
    ),
    Rule.VISIT_LIMIT: (
        ("PR", "119", "", 0.60), ("PR", "119", "N362", 0.15),
        ("CO", "96", "N130", 0.10),
        ("PR", "B1", "", 0.15),
    ),
    Rule.DIAGNOSIS: (
        ("CO", "11", "", 0.45), ("CO", "167", "", 0.20), ("CO", "16", "M76", 0.15),
        ("CO", "50", "", 0.10), ("CO", "146", "M76", 0.10),
    ),
    Rule.TELEHEALTH: (
        ("CO", "4", "N519", 0.25), ("CO", "4", "", 0.25), ("CO", "5", "M77", 0.25),
        ("CO", "16", "M77", 0.10), ("CO", "58", "", 0.05), ("CO", "96", "N428", 0.10),
    ),
    Rule.BUNDLING: (
        ("CO", "97", "M15", 0.35), ("CO", "97", "", 0.25), ("CO", "236", "", 0.20),
        ("CO", "4", "", 0.20),
    ),
    Rule.TIME: (
        ("CO", "150", "", 0.35), ("CO", "151", "", 0.15), ("CO", "252", "N443", 0.20),
        ("CO", "16", "M53", 0.15), ("CO", "152", "", 0.15),
    ),
    Rule.NECESSITY: (
        ("CO", "50", "", 0.50), ("CO", "50", "N115", 0.15), ("CO", "151", "", 0.15),
        ("CO", "150", "", 0.10), ("CO", "272", "", 0.10),
    ),
    Rule.RECORDS: (
        ("CO", "252", "M127", 0.45), ("CO", "252", "N706", 0.20),
        ("CO", "226", "N366", 0.20), ("CO", "16", "N29", 0.15),
    ),
}  # fmt: skip

_OPAQUE: tuple[Codes, ...] = (
    ("CO", "16", "MA130"),
    ("CO", "96", "N130"),
    ("CO", "252", "M127"),
    ("CO", "A1", "N448"),
    ("PI", "16", "MA130"),
)
_TELLING = frozenset({Rule.OTHER_PAYER, Rule.LOADING})
_PAIRS: dict[Rule, tuple[Codes, ...]] = {
    rule: tuple(row[:3] for row in rows) for rule, rows in _TABLE.items()
}
_WEIGHTS: dict[Rule, tuple[float, ...]] = {
    rule: tuple(row[3] for row in rows) for rule, rows in _TABLE.items()
}
_MAYBE_COVERAGE = frozenset(
    (carc, rarc) for _, carc, rarc in (*_PAIRS[Rule.ELIGIBILITY], *_OPAQUE)
)


def draw_codes(random: Random, rule: Rule, *, opacity: float) -> Codes:
    """The codes an answer carries for a denial by `rule`."""
    if rule not in _TELLING and random.random() < opacity:
        return random.choice(_OPAQUE)
    return random.choices(_PAIRS[rule], weights=_WEIGHTS[rule])[0]


def may_be_coverage(codes: Codes) -> bool:
    """Whether a biller would ask for eligibility again on seeing these codes."""
    return codes[1:] in _MAYBE_COVERAGE


def printable_codes(rule: Rule) -> tuple[Codes, ...]:
    """All codes that an answer to a denial by `rule` may carry."""
    return _PAIRS[rule] if rule in _TELLING else (*_PAIRS[rule], *_OPAQUE)


def shared_pairs() -> dict[tuple[str, str], tuple[Rule, ...]]:
    """CARC and RARC pairs with the rules that may print them."""
    found: dict[tuple[str, str], list[Rule]] = {}
    for rule in _PAIRS:
        for pair in {(carc, rarc) for _, carc, rarc in printable_codes(rule)}:
            found.setdefault(pair, []).append(rule)
    return {pair: tuple(rules) for pair, rules in found.items()}
