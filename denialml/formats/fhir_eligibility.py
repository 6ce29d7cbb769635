"""A FHIR R4 CoverageEligibilityResponse or a payer's Coverage as an eligibility answer.

An `EligibilityCheck` is what a payer answered on a day. A Coverage is one only where
the payer published it itself (CARIN's profile) and says when; any other may be a card
that the front desk copied, and is read only for the claims that point to it.
"""

from datetime import date
from typing import Final

from denialml.domain.coverage import EligibilityCheck, EligibilityResult
from denialml.domain.record import Source
from denialml.formats.eligibility_codes import MENTAL_HEALTH_TYPES
from denialml.formats.fhir_codes import (
    CARIN_COVERAGE,
    REJECT_REASON,
    SERVICE_TYPE,
    any_code,
    first_code,
)
from denialml.formats.fhir_element import Element
from denialml.formats.fhir_parties import (
    coverage,
    identifiers,
    insurance,
    payer,
    person,
)
from denialml.formats.fhir_resources import Surroundings

IGNORED: Final = (
    *("status", "purpose", "requestor", "request", "disposition", "preAuthRef"),
    *("form",),
)
VISITS: Final = "visit"


def read_eligibility(
    element: Element, around: Surroundings, *, file: str
) -> list[EligibilityCheck]:
    """One check for each insurance that the payer answered about."""
    if not _is_answer(element):
        return []
    element.skip(*IGNORED, "outcome")
    created = element.day("created")
    errors = [any_code(each.codings("code")) for each in element.children("error")]
    rejections = [
        first_code(each.codings("code"), REJECT_REASON)
        for each in element.children("error")
    ]
    named = payer(element.child("insurer"), around)
    patient = person(around.follow(element.child("patient"), "Patient"))
    asked_on = element.day("servicedDate") or element.child("servicedPeriod").day(
        "start"
    )
    numbers = identifiers(element)
    if created is None:
        element.missing("created", fix="send the day of the answer")
    checks = []
    policies = element.children("insurance")
    if errors and not policies:
        policies = [element.nothing()]
    for each in policies:
        insured = insurance(each.child("coverage"), around)
        period = each.child("benefitPeriod")
        result = _result(each.flag("inforce"), failed=bool(errors))
        is_active, visits = _mental_health(each, result)
        whose = named or insured.payer
        if insured.element:
            insured.element.skip("beneficiary", "subscriber")
            insured.element.close()
        if element.where.spoiled or created is None:
            continue
        checks.append(
            EligibilityCheck(
                checked_on=created,
                payer_id=whose.payer_id,
                member_id=insured.member_id or patient.member_id,
                result=result,
                medical_record_number=patient.medical_record_number,
                service_date=asked_on,
                plan_name=insured.plan_name,
                coverage_begin=period.day("start"),
                coverage_end=period.day("end"),
                mental_health_active=is_active,
                visits_remaining=visits,
                trace_number=numbers[0].value if numbers else "",
                reject_reason_code=next(filter(None, rejections), ""),
                last_name=patient.last_name,
                first_name=patient.first_name,
                birth_date=patient.birth_date,
                gender=patient.gender,
                source=Source(file=file, segment=element.where.ordinal),
            )
        )
    element.close()
    return [] if element.where.spoiled else checks


def is_published(element: Element) -> bool:
    """Whether a Coverage is a payer's own publication of a known day."""
    meta = element.value.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    return isinstance(profiles, list) and any(
        isinstance(one, str) and one.partition("|")[0] == CARIN_COVERAGE
        for one in profiles
    )


def read_coverage(
    element: Element, around: Surroundings, *, file: str
) -> list[EligibilityCheck]:
    """The check that a payer's own Coverage amounts to, on the day it was updated."""
    meta = element.child("meta")
    meta.skip("versionId", "profile", "source", "security", "tag")
    checked_on = meta.day("lastUpdated")
    if checked_on is None:
        element.missing("meta.lastUpdated", fix="send the day of the payer's answer")
    status = element.text("status")
    period = element.child("period")
    begins_on, ends_on = period.day("start"), period.day("end")
    insured = coverage(element, around)
    patient = person(around.follow(element.child("beneficiary"), "Patient"))
    element.skip("subscriber")
    element.close()
    if element.where.spoiled or checked_on is None:
        return []
    return [
        EligibilityCheck(
            checked_on=checked_on,
            payer_id=insured.payer.payer_id,
            member_id=insured.member_id or patient.member_id,
            result=_result_of(status, begins_on, ends_on, checked_on),
            medical_record_number=patient.medical_record_number,
            plan_name=insured.plan_name,
            coverage_begin=begins_on,
            coverage_end=ends_on,
            last_name=patient.last_name,
            first_name=patient.first_name,
            birth_date=patient.birth_date,
            gender=patient.gender,
            source=Source(file=file, segment=element.where.ordinal),
        )
    ]


def _is_answer(element: Element) -> bool:
    """Whether the answer is in force and final."""
    where = element.where
    if element.text("status") not in ("active", ""):
        where.warn(
            "not-active",
            f"{element.path}.status says that the resource is not in force; it was "
            "left out",
            pointer=element.pointer,
            expected="active",
            fix="nothing, where it was withdrawn on purpose",
        )
        return False
    if element.text("outcome") in ("queued", "partial"):
        where.warn(
            "answer-not-final",
            f"{element.path} is no answer yet; it was left out",
            pointer=element.pointer,
            expected="outcome: complete",
            fix="fetch the answer again when the payer has given it",
        )
        return False
    return True


def _result(inforce: bool | None, *, failed: bool) -> EligibilityResult:
    if failed or inforce is None:
        return EligibilityResult.UNKNOWN
    return EligibilityResult.ACTIVE if inforce else EligibilityResult.INACTIVE


def _result_of(
    status: str, begins_on: date | None, ends_on: date | None, day: date
) -> EligibilityResult:
    """Active only where a payer's Coverage is, with a period that holds on the day."""
    if status == "cancelled" or (ends_on is not None and ends_on < day):
        return EligibilityResult.INACTIVE
    if status == "active" and begins_on is not None and begins_on <= day:
        return EligibilityResult.ACTIVE
    return EligibilityResult.UNKNOWN


def _mental_health(
    policy: Element, result: EligibilityResult
) -> tuple[bool | None, int | None]:
    """Whether mental health is covered, and the visits left; None: not said."""
    said: set[bool] = set()
    visits: int | None = None
    for item in policy.children("item"):
        item.skip("name", "description", "network", "unit", "term")
        codes = {
            coding.code
            for coding in item.codings("category")
            if coding.system == SERVICE_TYPE
        }
        excluded = item.flag("excluded")
        if not codes & MENTAL_HEALTH_TYPES:
            item.skip("benefit", "productOrService", "modifier", "provider")
            item.skip("authorizationRequired", "authorizationSupporting")
            continue
        if excluded is not None or result is not EligibilityResult.UNKNOWN:
            said.add(not excluded and result is not EligibilityResult.INACTIVE)
        for benefit in item.children("benefit"):
            left = _visits_left(benefit)
            if left is not None:
                visits = left if visits is None else min(visits, left)
    return (any(said) if said else None), visits


def _visits_left(benefit: Element) -> int | None:
    if any_code(benefit.codings("type")) != VISITS:
        benefit.skip("allowedUnsignedInt", "usedUnsignedInt", "allowedMoney")
        benefit.skip("usedMoney", "allowedString", "usedString")
        return None
    allowed, used = (
        benefit.whole("allowedUnsignedInt"),
        benefit.whole("usedUnsignedInt"),
    )
    return None if allowed is None or used is None else max(0, allowed - used)
