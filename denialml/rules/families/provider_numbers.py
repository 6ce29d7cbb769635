"""Who bills, who delivered and where: NPIs, tax numbers and the service facility."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from denialml.domain.claim import Claim, Provider, ServiceLine
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase
from denialml.rules.other_services import clinician_of
from denialml.rules.rule import About, CannotTell, Found, Verdict, claim_rule
from denialml.rules.words import listed, service

# Billed by the program, not by a person: many payers neither need nor take a rendering
# provider (review E77). Day rates, residential stays, clinic encounters, opioid
# programs; the rulebook's list of codes.
_PROGRAM_CODES = frozenset(
    {
        *("H0010", "H0015", "H0018", "H0019", "H0020", "H0035", "H0037", "H0040"),
        *("H2012", "H2016", "H2018", "H2020", "H2022", "H2034", "H2036", "S0201"),
        *("S9480", "S9485", "T1015", "T1040", "T1041", "T2023", "G0137"),
        *(f"G{number}" for number in range(2067, 2081)),
    }
)
# Agency services: whether the person is named depends on the payer.
_AGENCY_LETTERS = ("H", "S", "T")
_AGENCY_NAMES = CannotTell(
    "whether the payer wants a rendering provider on agency services",
    MissingRecord.ELSEWHERE,
)
_NO_TAX_NUMBER = CannotTell(
    "the tax number under which the clinician is contracted (the practice's roster)",
    MissingRecord.CLINICIAN,
    "tax_id",
)
# Office, home, telehealth at home: the billing address or none at all.
_NO_FACILITY = frozenset({"10", "11", "12"})
_TELEHEALTH_ELSEWHERE = "02"
_FACILITY_SETTING = CannotTell(
    "the payer's service-facility setting (requires_service_facility)",
    MissingRecord.PAYER_SETTING,
    "requires_service_facility",
)


@claim_rule(
    "BH-001",
    About(
        title="NPI missing",
        statement="The billing provider has an NPI, and where an organization bills,"
        " so has the clinician who delivered each line.",
        severity=Severity.REJECT,
        fields=("2010AA NM109", "2310B NM109", "2420A NM109"),
        reason_codes=("206", "16"),
        remark_codes=("N257", "N290"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Add the NPI of the organization, or of the person who by the signed note"
        " delivered the service; a claim that was rejected for it goes again as an"
        " original, since it was never adjudicated.",
        source="X12 005010X222 loops 2010AA, 2310B, 2420A; rulebook BH-001",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        review=("E77",),
    ),
)
def npi_missing(case: ClaimCase) -> Verdict:
    claim = case.claim
    billing = claim.billing_provider
    if not billing.npi:
        return Found(says="The billing provider has no NPI.")
    named = claim.rendering_provider
    if named is not None and not named.npi:
        return Found(says="The claim's rendering provider is named without an NPI.")
    nameless = tuple(
        line.line.line_number
        for line in case.lines
        if line.line.rendering_provider is not None
        and not line.line.rendering_provider.npi
    )
    if nameless:
        return Found(
            says="A line's rendering provider is named without an NPI.", lines=nameless
        )
    # A billing provider with a first name is a person who may bill for themselves.
    if billing.first_name or named is not None:
        return None
    unnamed = [
        line.line
        for line in case.lines
        if line.line.procedure_code not in _PROGRAM_CODES
        and line.line.rendering_provider is None
    ]
    if not unnamed:
        return None
    personal = [
        line for line in unnamed if not line.procedure_code.startswith(_AGENCY_LETTERS)
    ]
    if not personal:
        return _AGENCY_NAMES
    return Found(
        says=f"An organization bills {_codes(personal)} without the NPI of who"
        " delivered it.",
        lines=_numbers(personal),
    )


@claim_rule(
    "BH-002",
    About(
        title="NPI fails its check digit",
        statement="Every NPI has ten digits, begins with 1 or 2 and passes the check"
        " digit (Luhn over 80840 and the NPI).",
        severity=Severity.REJECT,
        fields=("2010AA NM109", "2310 NM109", "2420 NM109"),
        reason_codes=("207", "16"),
        remark_codes=("N257", "N290"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Look the provider up in NPPES, correct the typing error and send the"
        " claim again.",
        source="CMS NPI check-digit specification",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
    ),
)
def npi_malformed(case: ClaimCase) -> Verdict:
    for place, provider in _providers(case.claim):
        if provider.npi and not _is_npi(provider.npi):
            return Found(
                says=f"The NPI {provider.npi} of the {place} is not a valid one."
            )
    return None


@claim_rule(
    "BH-003",
    About(
        title="Group NPI in the place of the clinician's",
        statement="The rendering provider is a person with their own NPI; the group's"
        " NPI belongs to the billing provider.",
        severity=Severity.DENY_LIKELY,
        fields=("2010AA NM109", "2310B NM102", "2310B NM109", "2420A NM109"),
        reason_codes=("16", "208"),
        remark_codes=("N290", "N198"),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Name the person who delivered the service by the signed note, with their"
        " own NPI, as the rendering provider.",
        source="X12 005010X222 loop 2310B, NPPES entity types; rulebook BH-003",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
    ),
)
def npi_of_the_group(case: ClaimCase) -> Verdict:
    billing = case.claim.billing_provider
    unknown = ""
    of_the_group: list[ServiceLine] = []
    for line in case.lines:
        provider = line.line.rendering_provider
        if provider is None or not provider.npi:
            provider = case.claim.rendering_provider
        if provider is None or not provider.npi:
            continue
        # An organization has no first name (NM104); who is among the practice's
        # clinicians is a person.
        is_group = provider.npi == billing.npi and not billing.first_name
        if (not is_group and provider.first_name) or line.clinician is not None:
            continue
        if line.line.procedure_code in _PROGRAM_CODES:
            continue
        if is_group and not provider.first_name:
            of_the_group.append(line.line)
        else:
            unknown = provider.npi
    if of_the_group:
        return Found(
            says=f"The rendering NPI {billing.npi} of {_codes(of_the_group)} is the one"
            " of the organization that bills.",
            lines=_numbers(of_the_group),
        )
    if unknown:
        return CannotTell(
            f"whether the rendering NPI {unknown} is a person's or an organization's"
            " (NPPES)",
            MissingRecord.ELSEWHERE,
        )
    return None


@claim_rule(
    "BH-006",
    About(
        title="Tax number is not the contracted one",
        statement="The billing provider's tax number is the one under which the"
        " clinician is contracted.",
        severity=Severity.DENY_LIKELY,
        fields=("2010AA REF*EI", "2010AA REF*SY", "clinician tax number"),
        reason_codes=("208", "16"),
        remark_codes=("N521",),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Bill under the contracted tax number, or have the payer load the"
        " clinician under this one before the claim is sent.",
        source="X12 005010X222 loop 2010AA; rulebook BH-006",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
    ),
)
def tax_number(case: ClaimCase) -> Verdict:
    billed = _digits(case.claim.billing_provider.tax_id)
    if not billed:
        return Found(
            says="The billing provider has no tax number.", severity=Severity.REJECT
        )
    unknown = False
    differing: list[ServiceLine] = []
    for line in case.lines:
        clinician = line.clinician
        if clinician is None or not clinician.tax_id:
            # Where nobody is named the organization has the contract itself.
            unknown = unknown or bool(clinician_of(line))
        elif _digits(clinician.tax_id) != billed:
            differing.append(line.line)
    if differing:
        return Found(
            says=f"The clinician of {_codes(differing)} is contracted under another tax"
            " number than the one billed.",
            lines=_numbers(differing),
        )
    if unknown:
        return _NO_TAX_NUMBER
    return None


@claim_rule(
    "BH-116",
    About(
        title="Service facility missing",
        statement="A service outside office and home names the facility where the"
        " payer wants it.",
        severity=Severity.WARN,
        fields=("2310C NM1", "CLM05-1", "2400 SV105"),
        reason_codes=("16",),
        remark_codes=("N293",),
        root_cause=RootCause.CLAIM_DATA_ERROR,
        fix="Add the place where the service was held by its record, with its address,"
        " as the service facility.",
        source="X12 005010X222 loop 2310C; rulebook BH-116",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
    ),
)
def service_facility_missing(case: ClaimCase) -> Verdict:
    required = case.policy.requires_service_facility
    if case.claim.service_facility is not None or required is False:
        return None
    outside = [
        line for line in case.lines if line.place and line.place not in _NO_FACILITY
    ]
    if not outside:
        return None
    if required:
        lines = [line.line for line in outside]
        places = listed(sorted({line.place for line in outside}))
        return Found(
            says=f"The claim names no service facility for {_codes(lines)} at place of"
            f" service {places}, and this payer wants it.",
            lines=_numbers(lines),
        )
    # Held at no facility of the practice: asking would be noise on every claim.
    if all(line.place == _TELEHEALTH_ELSEWHERE for line in outside):
        return None
    return _FACILITY_SETTING


def _codes(lines: Sequence[ServiceLine]) -> str:
    return listed(sorted({service(line.procedure_code) for line in lines}))


def _numbers(lines: Sequence[ServiceLine]) -> tuple[int, ...]:
    return tuple(line.line_number for line in lines)


@lru_cache(maxsize=8192)
def _digits(tax_id: str) -> str:
    """A practice's few tax numbers come with every claim."""
    return "".join(sign for sign in tax_id if sign.isdigit())


def _providers(claim: Claim) -> Iterator[tuple[str, Provider]]:
    yield "billing provider", claim.billing_provider
    if claim.rendering_provider is not None:
        yield "rendering provider", claim.rendering_provider
    if claim.referring_provider is not None:
        yield "referring provider", claim.referring_provider
    if claim.supervising_provider is not None:
        yield "supervising provider", claim.supervising_provider
    if claim.service_facility is not None:
        yield "service facility", claim.service_facility
    for line in claim.lines:
        if line.rendering_provider is not None:
            yield (
                f"rendering provider of line {line.line_number}",
                line.rendering_provider,
            )


@lru_cache(maxsize=8192)
def _is_npi(npi: str) -> bool:
    """The NPI's form and check digit; a practice's few NPIs come with every claim."""
    if len(npi) != 10 or not npi.isascii() or not npi.isdigit() or npi[0] not in "12":
        return False
    total = 24  # what the prefix 80840 adds, by the specification
    for place, digit in enumerate(npi):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
