"""Whether the clinician's license carries the service, alone or under supervision."""

from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.provider_types import (
    ASSOCIATE,
    ENROLLED_SINCE_2024,
    PRESCRIBERS,
    codes_of_the_table,
    in_words,
    is_paid,
    type_of,
    type_of_taxonomy,
)
from denialml.rules.rule import (
    MEDICARE_AND_ADVANTAGE,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)

_PSYCHOLOGIST = "psychologist"
_MEDICARE = PayerType.MEDICARE
_NO_CREDENTIAL = CannotTell(
    "the clinician's credential", MissingRecord.CLINICIAN, "credential"
)
# Their work is under another's direction by the definition of what they deliver.
_DIRECTED = frozenset({"behavior_technician", "nurse", "peer_specialist"})
_MEDICARE_FIX = (
    "Do not bill Medicare for the service; bring it to whoever is responsible for"
    " compliance, and never bill it under another clinician's NPI."
)


@line_rule(
    "BH-098",
    About(
        title="Type of license that is not paid for the code",
        statement="The clinician's type of license is one that the payer pays for the"
        " code on the date of service.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2400 DTP*472", "clinicians on file"),
        reason_codes=("170", "185", "8"),
        remark_codes=("N95",),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="See in the note who delivered what; bill only what that clinician is paid"
        " for, never under another clinician's NPI.",
        source="allowed providers, CAA 2023 s.4121, rulebook BH-098",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        codes=codes_of_the_table(),
        review=("E12", "E17", "E18"),
    ),
)
def license_not_paid(line: LineCase) -> Verdict:
    clinician = line.clinician
    kind = type_of(clinician) if clinician is not None else ""
    code, payer_type = line.line.procedure_code, line.of_claim.payer_type
    day = line.day
    paid = is_paid(code, kind, payer_type, day or line.facts.as_of)
    if paid is None or paid:
        return None
    if clinician is None or not kind:
        return _NO_CREDENTIAL
    if day is None:
        return CannotTell("date of service", MissingRecord.CLAIM)
    if payer_type is _MEDICARE and kind == ASSOCIATE and clinician.is_supervised:
        # Rule BH-099 says it.
        return None
    medicare = payer_type in MEDICARE_AND_ADVANTAGE
    if medicare and kind in ENROLLED_SINCE_2024 and day.year < 2024:
        return Found(
            says=f"Medicare pays {in_words(kind)} from 2024-01-01 on; {code} is of"
            f" {day}."
        )
    return Found(
        says=f"{code} is not paid to {in_words(kind)} on {day}.",
        # Some States let psychologists prescribe.
        severity=Severity.WARN if kind == _PSYCHOLOGIST and not medicare else None,
    )


@line_rule(
    "BH-005",
    About(
        title="Taxonomy code that does not fit the service",
        statement="The rendering provider's taxonomy code is of a type of provider who"
        " is paid for the code.",
        severity=Severity.WARN,
        fields=("2310B PRV03", "2420A PRV03", "2400 SV101-2"),
        reason_codes=("8", "170"),
        remark_codes=("N95",),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Compare the taxonomy code with the clinician's license and with what the"
        " payer has enrolled; correct whichever is wrong.",
        source="allowed providers, rulebook BH-005",
        support="expertise",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
        codes=codes_of_the_table(),
        review=("E17",),
    ),
)
def taxonomy_does_not_fit(line: LineCase) -> Verdict:
    provider = line.line.rendering_provider or line.claim.rendering_provider
    if provider is None or not provider.taxonomy_code or line.day is None:
        return None
    code, payer_type = line.line.procedure_code, line.of_claim.payer_type
    taxonomy = provider.taxonomy_code
    kind = type_of_taxonomy(taxonomy)
    if not kind:
        if is_paid(code, kind, payer_type, line.day) is None:
            return None
        return CannotTell(
            f"the type of provider of taxonomy {taxonomy}", MissingRecord.ELSEWHERE
        )
    if is_paid(code, kind, payer_type, line.day) is not False:
        return None
    clinician = line.clinician
    if clinician is not None and type_of(clinician) == kind:
        # The license itself is not paid: rule BH-098 says it.
        return None
    return Found(
        says=f"Taxonomy {taxonomy} is of {in_words(kind)}, who is not paid for {code}."
    )


@line_rule(
    "BH-099",
    About(
        title="Supervised clinician without supervisor or modifier",
        statement="The work of a clinician under supervision carries the supervisor and"
        " the payer's modifier; Medicare does not pay it at all.",
        severity=Severity.DENY_LIKELY,
        fields=("2310D NM109", "2400 SV101-3", "clinicians on file", "payer settings"),
        reason_codes=("185", "16", "4"),
        remark_codes=("N297", "N822"),
        root_cause=RootCause.PROVIDER_ELIGIBILITY,
        fix="Add the supervisor of record and the payer's modifier, if the payer has it"
        " in writing that it pays supervised work; never bill under another clinician's"
        " NPI.",
        source="rulebook BH-099, remark code N297",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.CREDENTIALING,
        review=("E12", "E79"),
    ),
)
def supervision_not_shown(line: LineCase) -> Verdict:
    clinician = line.clinician
    if clinician is None or clinician.is_supervised is False:
        return None
    kind = type_of(clinician)
    if kind in PRESCRIBERS:
        # Collaboration with a physician is no work under another's license.
        return None
    if clinician.is_supervised is None:
        if kind == ASSOCIATE and not _is_told_by_license(line, kind):
            return CannotTell(
                "whether the clinician works under supervision",
                MissingRecord.CLINICIAN,
                "is_supervised",
            )
        return None
    code = line.line.procedure_code
    if line.of_claim.payer_type is _MEDICARE:
        return Found(
            says=f"{code} is by a clinician under supervision, whom Medicare does not"
            " enroll.",
            fix=_MEDICARE_FIX,
        )
    if kind in _DIRECTED or _is_told_by_license(line, kind):
        return None
    supervisor = line.claim.supervising_provider
    if supervisor is None or not supervisor.npi:
        return Found(
            says=f"{code} is by a clinician under supervision; the claim names no"
            " supervising provider (2310D)."
        )
    modifier = line.policy.supervised_modifier
    if modifier is None:
        return CannotTell(
            "the payer's supervised_modifier setting",
            MissingRecord.PAYER_SETTING,
            "supervised_modifier",
        )
    if not modifier or modifier in line.line.modifiers:
        return None
    return Found(
        says=f"{code} is by a clinician under supervision; the payer wants modifier"
        f" {modifier}."
    )


def _is_told_by_license(line: LineCase, kind: str) -> bool:
    """Whether rule BH-098 says that associates are not paid for the code at all."""
    day = line.day
    return (
        day is not None
        and is_paid(line.line.procedure_code, kind, line.of_claim.payer_type, day)
        is False
    )
