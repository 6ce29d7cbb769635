"""Which type of provider a clinician is, and whether a payer pays that type for a code.

The types are those of the packaged table `allowed_providers`. Credentials and taxonomy
codes are mapped by us; one that is not in the maps is unknown, never another type.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from types import MappingProxyType

from denialml.domain.coverage import Clinician, PayerType
from denialml.reference import AllowedProvider, allowed_providers

PRESCRIBERS = frozenset(
    {
        "physician",
        "nurse_practitioner",
        "clinical_nurse_specialist",
        "physician_assistant",
    }
)
ASSOCIATE = "associate"
_PSYCHOLOGIST = "psychologist"
UNKNOWN = ""
# The types that Medicare enrolls only since 2024 (CAA 2023 s.4121).
ENROLLED_SINCE_2024 = frozenset(
    {"marriage_family_therapist", "mental_health_counselor"}
)
_FOLLOWS_MEDICARE = frozenset({PayerType.MEDICARE, PayerType.MEDICARE_ADVANTAGE})

# Strongest first: ``RN, PMHNP-BC`` is a nurse practitioner, ``CASAC, LCSW-R`` a social
# worker, whichever stands first.
_LICENSES: Mapping[str, str] = {
    "physician": "MD DO MBBS",
    "nurse_practitioner": "NP PMHNP PMHNPBC PMHNPC FNP FNPC FNPBC AGNP ANP APRN ARNP"
    " CRNP APN CNP",
    "clinical_nurse_specialist": "CNS PMHCNS PMHCNSBC",
    "physician_assistant": "PA PAC",
    "clinical_social_worker": "LCSW LICSW LISW LISWS LISWCP LCSWR LCSWC LSCSW CSWPIP"
    " LICSWPIP LCSWS LCSWBACS",
    "marriage_family_therapist": "LMFT LCMFT IMFT IMFTS LMFTS",
    "mental_health_counselor": "LPC LPCC LPCCS LCPC LMHC LCMHC LPCMH LMHP LPCS LPCMHSP"
    " LCMHCS LIMHP",
    _PSYCHOLOGIST: "PSYD HSPP",
    "behavior_analyst": "BCBA BCBAD LBA",
    ASSOCIATE: "LCSWA CSWA ASW LSWAIC LPCA LAPC APCC LMHCA LCMHCA MHCLP AMFT LMFTA"
    " LAMFT LMHCLP RMHCI LPCI LPCIT LGPC LGMFT MFTI MFTC LMHPR LMHPS LMHPE",
    "assistant_behavior_analyst": "BCABA LABA",
    "nurse": "RN LPN LVN",
    "addiction_counselor": "CADC LADC LCADC CASAC LCDC SUDP LCAS",
    "behavior_technician": "RBT BT ABAT",
    "peer_specialist": "CPS CRPS CPSS CPRS",
}
_IN_TRAINING = frozenset(
    {
        *("ASSOCIATE", "INTERN", "CANDIDATE", "PROVISIONAL", "TRAINEE", "STUDENT"),
        "SUPERVISEE",
    }
)
# Most holders are psychologists, but counselors and others hold doctorates too, and LP
# is a psychologist in one State and a psychoanalyst in another.
_PERHAPS_PSYCHOLOGISTS = frozenset({"PHD", "EDD", "LP"})

# NUCC codes by their beginning; the longest that fits wins.
_TAXONOMIES: Mapping[str, str] = {
    "207": "physician",
    "208": "physician",
    "2083": "physician",
    "2084": "physician",
    "102L": "psychoanalyst",
    "103T": "psychologist",
    "103G": "psychologist",
    "103K": "behavior_analyst",
    "106E": "assistant_behavior_analyst",
    "106S": "behavior_technician",
    "1041C": "clinical_social_worker",
    "106H": "marriage_family_therapist",
    "101YM": "mental_health_counselor",
    "101YP": "mental_health_counselor",
    "101YA": "addiction_counselor",
    "363L": "nurse_practitioner",
    "364S": "clinical_nurse_specialist",
    "363A": "physician_assistant",
    "163W": "nurse",
    "164W": "nurse",
    "164X": "nurse",
    "175T": "peer_specialist",
    "3902": ASSOCIATE,
}


_BETWEEN = re.compile(r"[\s,/;&+|]+")
_LICENSE_NAMES = {kind: frozenset(names.split()) for kind, names in _LICENSES.items()}
_NAMES = _PERHAPS_PSYCHOLOGISTS.union(*_LICENSE_NAMES.values())


@lru_cache(maxsize=4096)
def type_of_credential(credential: str) -> str:
    """The type that a credential such as ``LCSW`` or ``Jr., PsyD, LMFT`` names.

    Of several the strongest. A license counts before a doctorate, which other
    professions hold too. Empty: not known.
    """
    words = _credentials(credential)
    kind = _license(words)
    return kind or ("" if _PERHAPS_PSYCHOLOGISTS.isdisjoint(words) else _PSYCHOLOGIST)


def _license(words: frozenset[str]) -> str:
    if not _IN_TRAINING.isdisjoint(words):
        return ASSOCIATE
    for kind, names in _LICENSE_NAMES.items():
        if not names.isdisjoint(words):
            return kind
    return UNKNOWN


def _credentials(text: str) -> frozenset[str]:
    """Each credential in capitals, without dots and hyphens: ``LCSWR``, ``PSYD``.

    ``APRN-CNP`` and ``LPC-Associate`` are two, ``LCSW-A`` is one.
    """
    found: set[str] = set()
    for word in _BETWEEN.split(text):
        whole = _letters(word)
        parts = {_letters(part) for part in word.split("-")}
        if whole not in _NAMES and (
            parts <= _NAMES or not _IN_TRAINING.isdisjoint(parts)
        ):
            found |= parts
        else:
            found.add(whole)
    return frozenset(found)


def _letters(text: str) -> str:
    return "".join([sign for sign in text.upper() if sign.isalpha()])


@lru_cache(maxsize=4096)
def type_of_taxonomy(taxonomy: str) -> str:
    """The type of a taxonomy code (PRV03). Empty: not known."""
    for length in range(min(5, len(taxonomy)), 2, -1):
        found = _TAXONOMIES.get(taxonomy[:length].upper())
        if found is not None:
            return found
    return UNKNOWN


def type_of(clinician: Clinician) -> str:
    """By the credential, else by the taxonomy. Empty: not known.

    A doctorate is a psychologist's where the taxonomy says so, whatever certificates
    stand beside it. Whoever works under another's license is an associate where the
    credential does not tell: such clinicians are often listed with the taxonomy of the
    full license.
    """
    return _type_of(
        clinician.credential, clinician.taxonomy_code, bool(clinician.is_supervised)
    )


# Every line asks, of the practice's few clinicians.
@lru_cache(maxsize=4096)
def _type_of(credential: str, taxonomy: str, is_supervised: bool) -> str:
    words = _credentials(credential)
    kind, enrolled_as = _license(words), type_of_taxonomy(taxonomy)
    if enrolled_as == _PSYCHOLOGIST and kind not in (*PRESCRIBERS, ASSOCIATE):
        may_be = "PSYD" in words or not _PERHAPS_PSYCHOLOGISTS.isdisjoint(words)
        if may_be and not is_supervised:
            return _PSYCHOLOGIST
    if kind:
        return kind
    if is_supervised and enrolled_as not in PRESCRIBERS:
        return ASSOCIATE
    return enrolled_as or type_of_credential(credential)


def in_words(provider_type: str) -> str:
    """``a clinical social worker``."""
    words = provider_type.replace("_", " ").replace("marriage ", "marriage and ")
    return f"an {words}" if words[:1] in "aeiou" else f"a {words}"


def paid_since(
    code: str, provider_type: str, payer_type: PayerType
) -> tuple[AllowedProvider, ...] | None:
    """The table's rows for the type and code; None: it says nothing about the code."""
    if payer_type in _FOLLOWS_MEDICARE:
        rows = _by_code().get(("medicare", code))
        if rows is not None:
            return rows.get(provider_type, ())
    rows = _by_code().get(("any", code))
    return rows.get(provider_type, ()) if rows is not None else None


# A practice asks the same few questions of every line.
@lru_cache(maxsize=65536)
def is_paid(
    code: str, provider_type: str, payer_type: PayerType, day: date
) -> bool | None:
    """Whether payers of the type pay it for the code on a day of service.

    None: the table says nothing about the code.
    """
    rows = paid_since(code, provider_type, payer_type)
    if rows is None:
        return None
    return any(
        (row.valid_from is None or row.valid_from <= day)
        and (row.valid_to is None or day <= row.valid_to)
        for row in rows
    )


@cache
def codes_of_the_table() -> frozenset[str]:
    """Every code that the table says something about."""
    return frozenset(code for _, code in _by_code())


@cache
def _by_code() -> Mapping[tuple[str, str], Mapping[str, tuple[AllowedProvider, ...]]]:
    found: dict[tuple[str, str], dict[str, tuple[AllowedProvider, ...]]] = {}
    for row in allowed_providers():
        for code in row.codes:
            types = found.setdefault((row.payer_group, code), {})
            types[row.provider_type] = (*types.get(row.provider_type, ()), row)
    return MappingProxyType(found)
