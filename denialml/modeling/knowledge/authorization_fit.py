"""How the authorizations on file fit one claim line on one day."""

from datetime import date
from decimal import Decimal

import msgspec

from denialml.domain.claim import Claim, ServiceLine
from denialml.domain.coverage import Authorization, AuthorizationDecision
from denialml.domain.facts import AuthorizationState
from denialml.modeling.knowledge.patient_file import PatientFile

# Best first. An authorization that covers code and day but has run out says more than
# one of another day, and that more than one for another code.
_PREFERENCE = {
    AuthorizationState.VALID: 6,
    AuthorizationState.EXHAUSTED: 5,
    AuthorizationState.EXPIRED: 4,
    AuthorizationState.NOT_YET: 3,
    AuthorizationState.WRONG_CODE: 2,
    AuthorizationState.DENIED: 1,
    AuthorizationState.NONE: 0,
}
_CERTIFIED = (AuthorizationDecision.APPROVED, AuthorizationDecision.MODIFIED)
# An enum's member costs ten times a module's name, and every line asks.
_REFUSED = AuthorizationDecision.DENIED
_VALID = AuthorizationState.VALID


class AuthorizationFit(msgspec.Struct, frozen=True, gc=False):
    """The best authorization for one line.

    `units_left` counts before this line; None where the authorization states no
    units. `days_left` counts from the service date to the last day, negative once
    past it. `on_claim`: the claim or line carries a number (REF*G1), any number.
    """

    state: AuthorizationState
    number: str
    units_left: Decimal | None
    days_left: int | None
    on_claim: bool = False


_NOTHING = AuthorizationFit(AuthorizationState.NONE, "", None, None)
_NOTHING_BUT_CLAIMED = AuthorizationFit(
    AuthorizationState.NONE, "", None, None, on_claim=True
)


def fit_authorization(
    file: PatientFile, claim: Claim, line: ServiceLine, *, as_of: date
) -> AuthorizationFit:
    """The authorization on file by `as_of` that fits the line best.

    Units left are the units approved less those of lines sent before `as_of` that
    fall under it; a claim sent twice or corrected counts once.
    """
    billed = line.prior_authorization_number or claim.prior_authorization_number
    best = _NOTHING_BUT_CLAIMED if billed else _NOTHING
    best_rank = (0, False, -1.0)
    authorizations = file.authorizations.get(claim.payer.payer_id, ())
    for authorization in authorizations:
        if authorization.issued_on > as_of:
            continue
        fit = _fit(file, authorization, claim, line, as_of)
        if fit is None:
            continue
        left = float(fit.units_left) if fit.units_left is not None else 1e9
        rank = (_PREFERENCE[fit.state], fit.number == billed, left)
        if rank > best_rank:
            best, best_rank = fit, rank
    return best


def _fit(
    file: PatientFile,
    authorization: Authorization,
    claim: Claim,
    line: ServiceLine,
    as_of: date,
) -> AuthorizationFit | None:
    day = line.service_date or as_of
    ends_on = authorization.ends_on
    days_left = (ends_on - day).days if ends_on is not None else None
    codes = authorization.procedure_codes
    if authorization.decision is _REFUSED:
        if codes and line.procedure_code not in codes:
            return None
        state = AuthorizationState.DENIED
    elif authorization.decision not in _CERTIFIED:
        return None
    elif codes and line.procedure_code not in codes:
        state = AuthorizationState.WRONG_CODE
    elif authorization.begins_on is not None and day < authorization.begins_on:
        state = AuthorizationState.NOT_YET
    elif days_left is not None and days_left < 0:
        state = AuthorizationState.EXPIRED
    else:
        state = _VALID
    left: Decimal | None = None
    if authorization.units is not None and state is _VALID:
        used = file.units_used(authorization, claim, as_of=as_of)
        left = authorization.units - used
        needed = line.units if line.unit_basis == "UN" else Decimal(1)
        if left < needed:
            state = AuthorizationState.EXHAUSTED
    billed = line.prior_authorization_number or claim.prior_authorization_number
    return AuthorizationFit(
        state, authorization.authorization_number, left, days_left, bool(billed)
    )
