"""What to do next about a denial: appeal, correct, send records, bill another payer.

The tests run in the order of the appeals rulebook and stop at the first that holds:
what the payer's codes order (forwarded, unprocessable, new claim), then what the root
cause and the facts on file allow. A route is a proposal to a person. It never tells
anybody to bill the patient, to bill under another clinician or to write off unseen.
"""

from denialml.appeals.cause_routes import PRIMARY_EOB_REMARKS, route_for_cause
from denialml.appeals.deadlines import NO_APPEAL_REMARK, plausible_payer_types
from denialml.appeals.doubt import DOUBTFUL_PROBABILITY
from denialml.appeals.route_case import (
    NEVER_BILL,
    RouteCase,
    route_to,
    send_records,
)
from denialml.domain.claim import Claim
from denialml.domain.coverage import Payer, PayerType
from denialml.domain.denial import Denial, RootCauseFinding, Route, RouteFinding
from denialml.domain.facts import LineFacts
from denialml.reference import adjustment_reasons, remark_codes, root_causes

FORWARDED_REASONS = frozenset({"300", "B11", "305"})
RECORD_REASONS = frozenset({"252", "226", "163", "164", "250", "251", "B12", "112"})
CAPITATED = "24"
QMB_CODES = frozenset({"209", "303", "N781", "N782", "N783"})
# Group codes under which the amount is never the patient's.
PROVIDER_GROUPS = frozenset({"CO", "PI"})
_NO_CONTROL_NUMBER = (
    "The answer carries no claim number of the payer, which a replacement needs"
    " (REF*F8): get it first."
)


def choose_route(
    denial: Denial,
    finding: RootCauseFinding,
    *,
    payer: Payer | None,
    claim: Claim | None = None,
    facts: LineFacts | None = None,
    later: LineFacts | None = None,
) -> RouteFinding:
    """The next step for one denied line, with the reason and what could go wrong.

    `facts` are what was on file when the claim was sent, `later` what is on file now.
    """
    case = RouteCase(
        denial=denial,
        finding=finding,
        payer=payer,
        claim=claim,
        facts=facts,
        later=later,
        reasons=frozenset(one.reason_code for one in denial.adjustments),
        remarks=frozenset(denial.remark_codes),
        types=plausible_payer_types(payer, claim),
    )
    chosen = _ordered_by_codes(case) or route_for_cause(case)
    if chosen is None:
        chosen = route_to(
            Route.UNKNOWN,
            "The answer's codes and the records do not say why; call the payer and ask"
            " for the reason in writing.",
        )
    if chosen.route is Route.CORRECTED_CLAIM:
        chosen = _replacement(case, chosen)
    if chosen.route is Route.APPEAL and NO_APPEAL_REMARK in case.remarks:
        chosen = _no_appeal_right(chosen)
    return RouteFinding(
        route=chosen.route,
        reason=chosen.reason,
        warnings=tuple(dict.fromkeys((*chosen.warnings, *_warnings(case, chosen)))),
    )


def _ordered_by_codes(case: RouteCase) -> RouteFinding | None:
    """What the payer's codes order whatever the cause."""
    ordered = {
        row.route
        for code in case.remarks
        if (row := remark_codes().get(code)) is not None and row.route
    }
    if case.reasons & FORWARDED_REASONS or Route.VERIFY_FORWARDED in ordered:
        return route_to(
            Route.VERIFY_FORWARDED,
            "The payer has forwarded the claim: ask the next payer whether it arrived.",
            "Billing at once makes a duplicate (18); wait for the next payer's answer.",
        )
    if Route.NEW_CLAIM in ordered:
        return _new_claim_ordered(case)
    if _only_contractual(case):
        return route_to(
            Route.CONTRACT_REVIEW,
            "The full charge was written down to contract with nothing paid and no"
            " reason of denial: check whether contract and rates are loaded.",
            "Never write it off as contractual without that check.",
        )
    if CAPITATED in case.reasons and not case.is_medicare:
        return route_to(
            Route.CONTRACT_REVIEW,
            "Reason 24 is contractual only where this provider is capitated; else bill"
            " the delegated entity.",
        )
    if Route.CORRECTED_CLAIM in ordered:
        return route_to(
            Route.CORRECTED_CLAIM, "The payer asks for a corrected claim (remark)."
        )
    if case.reasons & RECORD_REASONS and not case.remarks & PRIMARY_EOB_REMARKS:
        return send_records("The payer asks for records; this is not an appeal yet.")
    return None


def _new_claim_ordered(case: RouteCase) -> RouteFinding:
    if "MA130" in case.remarks:
        reason = (
            "MA130: the claim was unprocessable and has no appeal right. Correct it"
            " and send it as a new claim (frequency 1)."
        )
    else:
        reason = (
            "The payer asks for a new claim, not a replacement: correct it and send it"
            " with frequency 1."
        )
    return route_to(
        Route.NEW_CLAIM, reason, "The filing limit counts from the date of service."
    )


def _only_contractual(case: RouteCase) -> bool:
    """Nothing paid and every known code only contractual (CO-45 in full)."""
    classes = {
        row.class_for(original_medicare=case.is_medicare)
        for code in case.reasons
        if (row := adjustment_reasons().get(code)) is not None
    }
    return case.denial.paid == 0 and classes == {"contractual"}


def _replacement(case: RouteCase, chosen: RouteFinding) -> RouteFinding:
    """A corrected claim as this payer takes it."""
    accepts = case.payer.accepts_frequency_7 if case.payer is not None else None
    if case.is_medicare and accepts is not True:
        return route_to(
            Route.REOPENING,
            f"{chosen.reason} Original Medicare takes no replacement claims: ask for a"
            " clerical-error reopening.",
            *chosen.warnings,
            "Sending it again with frequency 1 and no change is a duplicate (18).",
            "Contractors ask for reopenings within one year of the remittance.",
        )
    if accepts is False:
        return route_to(
            Route.NEW_CLAIM,
            f"{chosen.reason} This payer takes no replacement claims (frequency 7):"
            " send a new claim.",
            *chosen.warnings,
        )
    missing = () if case.denial.payer_claim_control_number else (_NO_CONTROL_NUMBER,)
    return route_to(chosen.route, chosen.reason, *chosen.warnings, *missing)


def _no_appeal_right(chosen: RouteFinding) -> RouteFinding:
    return route_to(
        Route.WRITE_OFF_REVIEW,
        "The payer states that there is no appeal right (N211): check the contract and"
        " the plan's notice before the balance is closed.",
        *chosen.warnings,
        "Should the contract give a right to dispute, it begins with the remittance.",
    )


def _warnings(case: RouteCase, chosen: RouteFinding) -> list[str]:
    """What could go wrong whatever the route."""
    told = []
    finding = case.finding
    if (
        finding.root_cause is not None
        and finding.runner_up is not None
        and finding.probability < DOUBTFUL_PROBABILITY
    ):
        other = root_causes()[finding.runner_up.value].label
        told.append(
            f"The cause is not certain ({finding.probability:.0%});"
            f" also check: {other}."
        )
    if chosen.route is Route.APPEAL:
        told.extend(_appeal_warnings(case))
    if (case.reasons | case.remarks) & QMB_CODES:
        told.append("Qualified Medicare Beneficiary: never bill the patient.")
    elif any(one.group_code in PROVIDER_GROUPS for one in case.denial.adjustments):
        told.append(NEVER_BILL)
    return told


def _appeal_warnings(case: RouteCase) -> list[str]:
    told = []
    if case.types == {PayerType.MEDICARE_ADVANTAGE}:
        told.append(
            "A contracted provider uses the plan's dispute process; a non-contract"
            " provider needs a waiver of liability."
        )
    elif case.types == {PayerType.MEDICAID_MANAGED_CARE}:
        told.append("A member's appeal needs the member's written consent.")
    elif not case.is_medicare:
        told.append(
            "A provider dispute follows the contract; a member's appeal needs the"
            " member's authorization."
        )
    return told
