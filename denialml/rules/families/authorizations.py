"""The authorization on file against what is billed: there, by its number, for this
code."""

from collections.abc import Sequence
from decimal import Decimal

from denialml.domain.coverage import Authorization, AuthorizationDecision, PayerType
from denialml.domain.denial import RootCause
from denialml.domain.edit import Severity
from denialml.domain.facts import AuthorizationState
from denialml.domain.fix import FixBy, FixClass
from denialml.domain.missing import MissingRecord
from denialml.rules.case import ClaimCase, LineCase
from denialml.rules.circumstances import Circumstance
from denialml.rules.code_sets import TELEMEDICINE_VISITS
from denialml.rules.earlier_answers import has_paid_code_unauthorized
from denialml.rules.rule import (
    About,
    CannotTell,
    Found,
    Verdict,
    claim_rule,
    line_rule,
)
from denialml.rules.words import listed

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
# Payers seldom authorize these beforehand (rulebook codes.csv, `prior_auth_typical`).
_SELDOM_AUTHORIZED = (
    CRISIS
    | TELEMEDICINE_VISITS
    | {
        *("96127", "96160", "96161", "99202", "99203", "99204", "99205", "99211"),
        *("99212", "99213", "99214", "99215", "99406", "99407", "99408", "99409"),
        *("99441", "99442", "99443", "98016", "99484", "G2214", "G0323", "G0560"),
        *("G0544", "G2086", "G2087", "G2088", "G0396", "G0397", "G0444", "H0001"),
        *("H0002", "H0049", "H0050", "G2011", "T1015", "80305", "80306", "80307"),
        *("96372",),
    }
)
_CERTIFIED = (AuthorizationDecision.APPROVED, AuthorizationDecision.MODIFIED)
# An enum's member costs ten times a module's name, and every line asks.
_MEDICARE = PayerType.MEDICARE
_NONE = AuthorizationState.NONE
VALID = AuthorizationState.VALID
_DENIED = AuthorizationState.DENIED
_REFUSED = AuthorizationDecision.DENIED
_EXHAUSTED = AuthorizationState.EXHAUSTED
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
    """The authorization that the line's facts speak of.

    An extension often keeps the number of what it extends: the newest that is in the
    state the facts tell.
    """
    number = line.facts.authorization_number
    for one in reversed(line.records.authorizations):
        if one.authorization_number == number and _is_in_state(one, line):
            return one
    return None


def _is_in_state(authorization: Authorization, line: LineCase) -> bool:
    state, codes = line.facts.authorization_state, authorization.procedure_codes
    is_of_code = not codes or line.line.procedure_code in codes
    if state is _DENIED:
        return is_of_code and authorization.decision is _REFUSED
    if not is_certified(authorization) or is_of_code is (state is WRONG_CODE):
        return False
    if state is WRONG_CODE:
        return True
    day = line.day or line.facts.as_of
    begins, ends = authorization.begins_on, authorization.ends_on
    left = (ends - day).days if ends is not None else None
    if left != line.facts.authorization_days_left:
        return False
    return state is not _NOT_YET or (begins is not None and day < begins)


def called(authorization: Authorization | str, *, first: bool = False) -> str:
    """Its name in a sentence; payers give no number to what they have not approved."""
    number = (
        authorization
        if isinstance(authorization, str)
        else authorization.authorization_number
    )
    words = f"authorization {number}" if number else "an authorization without a number"
    return words[0].upper() + words[1:] if first else words


def needs_none(line: LineCase) -> bool:
    """Original Medicare authorizes no outpatient behavioral health (review E37); of
    other payers the practice may have listed the codes that need it."""
    if line.of_claim.payer_type is _MEDICARE or not line.line.procedure_code:
        # A line without a code is sent back for that alone.
        return True
    listed_codes = line.policy.authorization_codes
    return listed_codes is not None and line.line.procedure_code not in listed_codes


def units_of(line: LineCase) -> Decimal:
    """Units that the line uses up; one where it counts minutes."""
    return line.line.units if line.line.unit_basis == "UN" else _ONE


def uses_up(line: LineCase, number: str) -> bool:
    """Whether the line falls under the authorization of this number.

    A line of another code may name it too, as the one that does not cover it.
    """
    facts = line.facts
    return facts.authorization_number == number and (
        facts.authorization_state is VALID or facts.authorization_state is _EXHAUSTED
    )


def covers(authorization: Authorization, line: LineCase) -> bool:
    """Whether it was approved for the line's code and day."""
    codes = authorization.procedure_codes
    return (
        is_certified(authorization)
        and (not codes or line.line.procedure_code in codes)
        and on_the_day(authorization, line)
    )


def may_need_one(line: LineCase) -> bool:
    """Whether it is worth asking if the payer wants the code authorized.

    An add-on goes by the authorization of its base.
    """
    add_on = line.code is not None and line.code.is_add_on
    return not add_on and line.line.procedure_code not in _SELDOM_AUTHORIZED


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
        fix="Hold the claim and ask the payer for a retroactive authorization.",
        source="rulebook BH-022",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.AUTHORIZATIONS,
        review=("E37",),
    ),
)
def authorization_missing(case: ClaimCase) -> Verdict:
    if case.payer_type is _MEDICARE:
        return None
    bare = [
        line
        for line in case.lines
        if _has_none(line) and not line.facts.authorization_number_on_claim
    ]
    if not bare:
        return None
    codes = case.policy.authorization_codes
    if codes is None:
        if any(
            may_need_one(line) and not has_paid_code_unauthorized(line) for line in bare
        ):
            return CannotTell(
                "the payer's authorization_codes setting",
                MissingRecord.PAYER_SETTING,
                "authorization_codes",
            )
        return None
    meant = [line for line in bare if line.line.procedure_code in codes]
    if not meant:
        return None
    waiting = any(
        one.decision is AuthorizationDecision.PENDED
        and (not one.procedure_codes or line.line.procedure_code in one.procedure_codes)
        for line in meant
        for one in line.records.authorizations
    )
    return Found(
        says=f"The payer wants {_codes_of(meant)} authorized;"
        f" {'the request is still pending' if waiting else 'nothing is on file'}.",
        lines=_numbers_of(meant),
    )


def _has_none(line: LineCase) -> bool:
    """Whether nothing on file speaks of the line's code and day, for it or against."""
    state = line.facts.authorization_state
    if state is not _DENIED:
        return state is _NONE
    refused = best_on_file(line)
    return (
        refused is None or not refused.procedure_codes or not on_the_day(refused, line)
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
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.BILLER,
        review=("E36",),
        only_where=frozenset({Circumstance.AUTHORIZATIONS}),
    ),
)
def number_not_on_claim(line: LineCase) -> Verdict:
    facts = line.facts
    if facts.authorization_state is not VALID or needs_none(line):
        return None
    number = facts.authorization_number
    billed = line.line.prior_authorization_number
    billed = billed or line.claim.prior_authorization_number
    if not number:
        return None
    if billed:
        if plain_number(billed) == plain_number(number):
            return None
        return Found(
            says=f"The claim carries authorization {billed}; the one on file that"
            f" covers {line.line.procedure_code} is {number}.",
            severity=Severity.WARN,
        )
    if line.payer is None:
        return CannotTell(
            "whether the payer wants the number on the claim",
            MissingRecord.PAYER,
            "requires_authorization_on_claim",
        )
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


def plain_number(number: str) -> str:
    """Payers and exports write one number with and without hyphens and zeros."""
    written = "".join(letter for letter in number.upper() if letter.isalnum())
    return written.lstrip("0")


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
        fix="Ask the payer to authorize the code for the date of service, on the"
        " authorization on file or a new one; the code stays what the note documents.",
        source="rulebook BH-026, reason 284",
        support="verified",
        fix_class=FixClass.NEEDS_ANOTHER_STEP,
        fix_by=FixBy.AUTHORIZATIONS,
        review=("E37",),
        only_where=frozenset({Circumstance.AUTHORIZATIONS}),
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
    severity: Severity | None = None
    if line.policy.authorization_codes is None:
        if code in CRISIS or (line.code is not None and line.code.is_add_on):
            return None
        is_asked = may_need_one(line) and not has_paid_code_unauthorized(line)
        if not _is_billed_under(line, number):
            if not is_asked:
                return None
            return CannotTell(
                f"whether the payer wants {code} authorized",
                MissingRecord.PAYER_SETTING,
                "authorization_codes",
            )
        # Billing software may print the number on every claim of the patient.
        severity = None if is_asked else Severity.WARN
    approved = listed(authorization.procedure_codes)
    if not on_the_day(authorization, line):
        return Found(
            says=f"No authorization on file is for {code}; {called(number)}, of other"
            f" dates, is for {approved}.",
            severity=severity,
        )
    return Found(
        says=f"{called(number, first=True)} is for {approved}, not for {code}.",
        severity=severity,
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
