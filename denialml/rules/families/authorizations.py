"""The authorization on file against what is billed: there, for this code, day and
number of units."""

from collections.abc import Sequence
from decimal import Decimal

from denialml.domain.coverage import Authorization, AuthorizationDecision, PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.facts import AuthorizationState
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)
from denialml.rules.words import listed, plain

# Emergencies are rarely authorized beforehand (review E37).
CRISIS = frozenset(
    {"90839", "90840", "G0017", "G0018", "H2011", "S9484", "S9485"}
)  # fmt: skip
_LEVELS = {
    "intensive outpatient": ("H0015", "S9480"),
    "partial hospitalization": ("H0035", "S0201", "G0410", "G0411"),
    "residential": ("H0010", "H0017", "H0018", "H0019"),
}
LEVEL_OF_CARE = {code: level for level, codes in _LEVELS.items() for code in codes}
_CERTIFIED = (AuthorizationDecision.APPROVED, AuthorizationDecision.MODIFIED)
# An enum's member costs ten times a module's name, and every line asks.
_MEDICARE = PayerType.MEDICARE
_NONE = AuthorizationState.NONE
VALID = AuthorizationState.VALID
_EXHAUSTED = AuthorizationState.EXHAUSTED
_EXPIRED = AuthorizationState.EXPIRED
_NOT_YET = AuthorizationState.NOT_YET
WRONG_CODE = AuthorizationState.WRONG_CODE
_ONE = Decimal(1)


def is_certified(authorization: Authorization) -> bool:
    """Whether the payer approved it, as asked or modified."""
    return authorization.decision in _CERTIFIED


def on_the_day(authorization: Authorization, line: LineCase) -> bool:
    """Whether its dates hold the date of service."""
    day = line.day or line.facts.as_of
    begins, ends = authorization.begins_on, authorization.ends_on
    return (begins is None or begins <= day) and (ends is None or day <= ends)


def best_on_file(line: LineCase) -> Authorization | None:
    """The authorization that the line's facts speak of."""
    number = line.facts.authorization_number
    for one in line.records.authorizations:
        if one.authorization_number == number:
            return one
    return None


def needs_none(line: LineCase) -> bool:
    """Original Medicare authorizes no outpatient behavioral health (review E37); of
    other payers the practice may have listed the codes that need it."""
    if line.of_claim.payer_type is _MEDICARE:
        return True
    listed_codes = line.policy.authorization_codes
    return listed_codes is not None and line.line.procedure_code not in listed_codes


def units_of(line: LineCase) -> Decimal:
    """Units that the line uses up; one where it counts minutes."""
    return line.line.units if line.line.unit_basis == "UN" else _ONE


@claim_rule(
    "BH-022",
    About(
        title="Authorization required and none on file",
        statement="A code that the payer wants authorized has an authorization on the"
        " claim or on file.",
        severity=Severity.DENY_LIKELY,
        fields=("2300 REF*G1", "2400 REF*G1", "authorizations on file"),
        reason_codes=("197", "210"),
        remark_codes=("M62", "N54"),
        root_cause=RootCause.AUTH_MISSING,
        fix="Hold the claim and ask for a retroactive authorization; get one before the"
        " next visit.",
        source="rulebook BH-022",
        support="verified",
        review=("E37",),
    ),
)
def authorization_missing(case: ClaimCase) -> Verdict:
    if case.payer_type is _MEDICARE:
        return None
    bare = [
        line
        for line in case.lines
        if line.facts.authorization_state is _NONE
        and not line.facts.authorization_number_on_claim
    ]
    if not bare:
        return None
    codes = case.policy.authorization_codes
    if codes is None:
        if all(line.line.procedure_code in CRISIS for line in bare):
            return None
        return CannotTell("the payer's authorization_codes setting")
    meant = [line for line in bare if line.line.procedure_code in codes]
    if not meant:
        return None
    waiting = any(
        one.decision is AuthorizationDecision.PENDED
        for line in meant
        for one in line.records.authorizations
    )
    return Found(
        says=f"The payer wants {_codes_of(meant)} authorized;"
        f" {'the request is still pending' if waiting else 'nothing is on file'}.",
        lines=_numbers_of(meant),
    )


@line_rule(
    "BH-023",
    About(
        title="Authorization number missing or another than on file",
        statement="The claim carries the number of the authorization on file (REF*G1),"
        " where the payer wants it there.",
        severity=Severity.DENY_LIKELY,
        fields=("2300 REF*G1", "2400 REF*G1", "authorizations on file"),
        reason_codes=("15", "197"),
        remark_codes=("M62",),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Put the number of the authorization on file into REF*G1, as the payer"
        " writes it.",
        source="rulebook BH-023",
        support="expertise",
        review=("E36",),
    ),
)
def number_not_on_claim(line: LineCase) -> Verdict:
    facts = line.facts
    if facts.authorization_state is not VALID or needs_none(line):
        return None
    number = facts.authorization_number
    billed = line.line.prior_authorization_number
    billed = billed or line.claim.prior_authorization_number
    if billed:
        if billed == number or not number:
            return None
        return Found(
            says=f"The claim carries authorization {billed}; the one on file that"
            f" covers {line.line.procedure_code} is {number}.",
            severity=Severity.WARN,
        )
    if line.payer is None:
        return CannotTell("whether the payer wants the number on the claim")
    wanted = line.payer.requires_authorization_on_claim
    if wanted is False:
        return None
    return Found(
        says=f"Authorization {number} for {line.line.procedure_code} is on file; the"
        " claim does not carry its number.",
        # Many payers find it themselves (review E36).
        severity=None if wanted else Severity.WARN,
        by_default=wanted is None,
    )


@line_rule(
    "BH-024",
    About(
        title="Date of service outside the authorization",
        statement="The date of service lies within the authorization's dates.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 DTP*472", "authorizations on file"),
        reason_codes=("302", "197"),
        remark_codes=("N351", "N54"),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Ask the payer to extend the authorization or to date it back; the date of"
        " service stays as it is.",
        source="rulebook BH-024",
        support="expertise",
    ),
)
def outside_dates(line: LineCase) -> Verdict:
    state = line.facts.authorization_state
    if state is VALID or state is _EXHAUSTED:
        if line.facts.authorization_days_left is None and not needs_none(line):
            return CannotTell("the last day of the authorization")
        return None
    if (state is not _EXPIRED and state is not _NOT_YET) or needs_none(line):
        return None
    if line.day is None:
        return CannotTell("date of service")
    authorization = best_on_file(line)
    if authorization is None:
        return None
    edge = (
        f"ended on {authorization.ends_on}"
        if state is _EXPIRED
        else f"begins on {authorization.begins_on}"
    )
    return Found(
        says=f"Authorization {authorization.authorization_number} {edge};"
        f" {line.line.procedure_code} is of {line.day}.",
        # One that names no codes may be for something else.
        severity=None if authorization.procedure_codes else Severity.WARN,
    )


@line_rule(
    "BH-025",
    About(
        title="Authorized units used up",
        statement="The units billed, with all sent before, stay within the units"
        " approved.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV104", "authorizations on file", "claims sent before"),
        reason_codes=("198",),
        remark_codes=("N54", "N435"),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Ask for more units by concurrent review; hold what goes beyond until the"
        " payer answers.",
        source="rulebook BH-025",
        support="verified",
    ),
)
def units_used_up(line: LineCase) -> Verdict:
    facts = line.facts
    state = facts.authorization_state
    if (state is not VALID and state is not _EXHAUSTED) or needs_none(line):
        return None
    left = facts.authorization_units_left
    if left is None:
        if facts.authorization_days_left is not None:
            # Approved by dates alone.
            return None
        return CannotTell("the units approved")
    number = facts.authorization_number
    for other in line.of_claim.lines:
        if other is line:
            break
        if other.facts.authorization_number == number:
            left -= units_of(other)
    needed = units_of(line)
    if needed <= left:
        return None
    return Found(
        says=f"{line.line.procedure_code} takes {plain(needed)}"
        f" {'unit' if needed == 1 else 'units'}; authorization {number} has"
        f" {plain(max(left, Decimal(0)))} left."
    )


@line_rule(
    "BH-026",
    About(
        title="Authorization for another code",
        statement="The code billed is among the authorization's codes.",
        severity=Severity.DENY_LIKELY,
        fields=("2400 SV101-2", "2300 REF*G1", "authorizations on file"),
        reason_codes=("284", "15"),
        remark_codes=("N54", "N188"),
        root_cause=RootCause.AUTH_MISMATCH,
        fix="Ask the payer to add the code to the authorization. Bill another code only"
        " if the note documents that service.",
        source="rulebook BH-026, reason 284",
        support="verified",
        review=("E37",),
    ),
)
def other_code_authorized(line: LineCase) -> Verdict:
    if line.facts.authorization_state is not WRONG_CODE or needs_none(line):
        return None
    code = line.line.procedure_code
    if code in LEVEL_OF_CARE and any(
        is_certified(one) and on_the_day(one, line)
        for one in line.records.authorizations
    ):
        # Rule BH-028 says it.
        return None
    authorization = best_on_file(line)
    if authorization is None:
        return None
    number = authorization.authorization_number
    if line.policy.authorization_codes is None:
        add_on = line.code is not None and line.code.is_add_on
        if code in CRISIS or add_on:
            return None
        if not _is_billed_under(line, number):
            return CannotTell(f"whether the payer wants {code} authorized")
    return Found(
        says=f"Authorization {number} is for {listed(authorization.procedure_codes)},"
        f" not for {code}."
    )


def _is_billed_under(line: LineCase, number: str) -> bool:
    """Whether the claim itself says that this authorization is for the line.

    A number at the claim may be there for the claim's other lines.
    """
    own = line.line.prior_authorization_number
    if own:
        return own == number
    return line.claim.prior_authorization_number == number and all(
        other is line or other.facts.authorization_state is WRONG_CODE
        for other in line.of_claim.lines
    )


def _codes_of(lines: Sequence[LineCase]) -> str:
    return listed(dict.fromkeys(line.line.procedure_code for line in lines))


def _numbers_of(lines: Sequence[LineCase]) -> tuple[int, ...]:
    return tuple(line.line.line_number for line in lines)
