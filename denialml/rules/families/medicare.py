"""Codes and notices of Medicare, and payers that want CPT instead of H codes."""

from denialml.domain.coverage import PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.facts import AuthorizationState
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import LineCase
from denialml.rules.earlier_answers import has_paid_code
from denialml.rules.rule import (
    COMMERCIAL,
    MEDICARE,
    MEDICARE_AND_ADVANTAGE,
    About,
    CannotTell,
    Found,
    Verdict,
    line_rule,
)
from denialml.rules.words import listed

_H_CODES = CannotTell(
    "whether the payer takes H codes", MissingRecord.PAYER_SETTING, "accepts_h_codes"
)
_AUTHORIZED = AuthorizationState.VALID
_NOTICE_GIVEN = frozenset({"GA", "GX"})
_NOTICE_MODIFIERS = frozenset({"GA", "GX", "GY", "GZ"})
_ADVANTAGE = PayerType.MEDICARE_ADVANTAGE


def _is_of_agencies(code: str) -> bool:
    return code[:1] in ("H", "S", "T")


def _is_h_code(code: str) -> bool:
    return code[:1] == "H"


@line_rule(
    "BH-033",
    About(
        title="H, S or T code sent to Medicare",
        statement="Original Medicare takes no H, S or T codes on professional claims.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2",),
        reason_codes=("96", "181"),
        remark_codes=("M20", "N56"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Read in the note which service it was: bill the CPT or G code that it"
        " supports, and what Medicare never covers to the next payer.",
        source="Medicare fee schedule status, rulebook BH-033",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        payer_types=MEDICARE,
        review=("E35",),
        only_for=_is_of_agencies,
    ),
)
def code_not_of_medicare(line: LineCase) -> Verdict:
    code = line.line.procedure_code
    # GY asks for the denial, so that another payer may be billed.
    if not _is_of_agencies(code) or "GY" in line.line.modifiers:
        return None
    return Found(says=f"{code} goes to original Medicare, which takes no such code.")


@line_rule(
    "BH-034",
    About(
        title="H code sent to a payer that wants CPT",
        statement="Commercial payers differ on H codes; this payer's setting says"
        " whether it takes them.",
        severity=Severity.WARN,
        fields=("2400 SV101-2", "payer accepts_h_codes"),
        reason_codes=("96", "181", "16"),
        remark_codes=("M20", "N448"),
        root_cause=RootCause.CODING_TIME_UNITS,
        fix="Bill the CPT code that the note supports, where there is one.",
        source="rulebook BH-034",
        support="verified",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        payer_types=COMMERCIAL,
        only_for=_is_h_code,
    ),
)
def h_code_to_commercial(line: LineCase) -> Verdict:
    code = line.line.procedure_code
    if not _is_h_code(code):
        return None
    accepted = line.policy.accepts_h_codes
    if accepted is None:
        # It has authorized the code, or paid it: it takes it.
        taken = line.facts.authorization_state is _AUTHORIZED or has_paid_code(line)
        return None if taken else _H_CODES
    if accepted:
        return None
    return Found(says=f"{code} goes to a payer that takes no H codes.")


@line_rule(
    "BH-126",
    About(
        title="Advance notice and its modifiers",
        statement="A service that original Medicare is expected to deny carries GA or"
        " GX with a notice on file, GZ without one, or GY where the law excludes it;"
        " Medicare Advantage has no such notice.",
        severity=Severity.WARN,
        fields=("2400 SV101-2", "2400 SV101-3 to SV101-6", "payer excluded_codes"),
        reason_codes=("116", "96"),
        root_cause=RootCause.BENEFIT_COVERAGE,
        fix="Look for the notice signed before the service: GA and GX rest on it;"
        " without one send GZ, or GY where the law excludes the service. None is ever"
        " signed afterwards.",
        source="Medicare notice rules (ABN), rulebook BH-126",
        support="expertise",
        fix_class=FixClass.NEEDS_DOCUMENTATION,
        fix_by=FixBy.BILLER,
        payer_types=MEDICARE_AND_ADVANTAGE,
        review=("E44",),
    ),
)
def advance_notice(line: LineCase) -> Verdict:
    code, sent = line.line.procedure_code, line.line.modifiers
    if _NOTICE_MODIFIERS.isdisjoint(sent):
        excluded = line.policy.excluded_codes
        if excluded is None or code not in excluded:
            return None
        if line.of_claim.payer_type is _ADVANTAGE:
            return None
        return Found(
            says=f"{code} is on the list of what this payer does not cover and carries"
            " none of GA, GX, GY and GZ."
        )
    given = _NOTICE_GIVEN.intersection(sent)
    if not given:
        return None
    if line.of_claim.payer_type is _ADVANTAGE:
        return Found(
            says=f"{code} carries {listed(sorted(given))}, which speak of an advance"
            " notice; Medicare Advantage has none.",
            fix="Leave the modifier off, and ask the plan for its own decision before"
            " such a service.",
        )
    if "GZ" in sent:
        return Found(
            says=f"{code} carries {listed(sorted(given))} for a notice that was given"
            " and GZ for none."
        )
    # Signed notices are not among the records: the modifier is taken at its word.
    return None
