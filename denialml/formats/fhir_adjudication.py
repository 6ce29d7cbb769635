"""What a payer decided: adjudication and total of ClaimResponse and EOB.

Adjustments are those that the payer states with a reason code (CARC) and an amount.
Where a level states none so, the amounts by category that mean one reason and no other
are taken (deductible is CARC 1), and a reason without an amount gets what is left.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from denialml.domain.remittance import ClaimAdjustment
from denialml.formats.fhir_codes import (
    ADJUDICATION,
    CARIN_ADJUDICATION,
    CARIN_DISCRIMINATOR,
    GROUP,
    REASON,
    REMARK,
    first_code,
)
from denialml.formats.fhir_element import Element
from denialml.formats.values import ZERO

GROUPS: Final = frozenset({"CO", "PR", "OA", "PI", "CR"})
# Categories that say one reason and no other: group and CARC of X12.
REASON_OF_CATEGORY: Final = {
    "deductible": ("PR", "1"),
    "coinsurance": ("PR", "2"),
    "copay": ("PR", "3"),
    "discount": ("CO", "45"),
    "priorpayerpaid": ("OA", "23"),
}
DENYING: Final = frozenset({"denialreason", "rejectreason"})
# Read as amounts, or saying nothing that claims and answers need.
SILENT: Final = frozenset(
    {
        *("submitted", "benefit", "eligible", "paidtoprovider", "paidtopatient"),
        *("memberliability", "paidbypatient", "noncovered", "allowedunits"),
        *("benefitpaymentstatus", "billingnetworkstatus", "renderingnetworkstatus"),
        *("inoutnetwork", "eligpercent", "unallocdeduct", "tax", "adjustmentreason"),
    }
)


class Adjudicated(NamedTuple):
    """The adjudication of one line or claim; None where it was not said.

    `pending_reasons` are reasons without an amount, each with its group code.
    """

    submitted: Decimal | None = None
    paid: Decimal | None = None
    allowed: Decimal | None = None
    units_paid: Decimal | None = None
    member_liability: Decimal | None = None
    noncovered: Decimal | None = None
    adjustments: tuple[ClaimAdjustment, ...] = ()
    by_category: tuple[ClaimAdjustment, ...] = ()
    pending_reasons: tuple[tuple[str, str], ...] = ()
    remark_codes: tuple[str, ...] = ()
    is_denied: bool = False


def read_adjudications(elements: Iterable[Element]) -> Adjudicated:
    """The sum of adjudications (or totals) of one level."""
    sums = _Sums()
    for each in elements:
        sums.add(each)
    return sums.result()


class _Sums:
    """Adds up the adjudications of one level."""

    def __init__(self) -> None:
        self._amounts: dict[str, Decimal] = {}
        self._units_paid: Decimal | None = None
        self._stated: list[ClaimAdjustment] = []
        self._by_category: list[ClaimAdjustment] = []
        self._pending: list[tuple[str, str]] = []
        self._remarks: list[str] = []
        self._is_denied = False

    def add(self, each: Element) -> None:
        """One adjudication: by its reason where it has one, else by its category."""
        codings, reasons = each.codings("category"), each.codings("reason")
        category = first_code(
            codings, ADJUDICATION, CARIN_ADJUDICATION, CARIN_DISCRIMINATOR
        )
        amount, value = each.money("amount"), each.decimal("value")
        remarks = [coding.code for coding in reasons if coding.system == REMARK]
        carcs = [coding.code for coding in reasons if coding.system == REASON]
        self._is_denied = self._is_denied or category in DENYING
        self._remarks += remarks
        if carcs:
            group = first_code((*reasons, *codings), GROUP)
            group = group if group in GROUPS else _group_of(category)
            self._add_reasons(group, carcs, amount, value)
        elif category == "allowedunits":
            self._units_paid = value
        elif amount is not None and category in REASON_OF_CATEGORY:
            self._add_category(category, amount)
        elif amount is not None and category in SILENT:
            self._amounts[category] = self._amounts.get(category, ZERO) + amount
        elif category not in SILENT | DENYING and not remarks:
            _warn_category(each, category)

    def result(self) -> Adjudicated:
        amounts = self._amounts
        liability = amounts.get("memberliability", amounts.get("paidbypatient"))
        return Adjudicated(
            submitted=amounts.get("submitted"),
            paid=_paid(amounts),
            allowed=amounts.get("eligible"),
            units_paid=self._units_paid,
            member_liability=liability,
            noncovered=amounts.get("noncovered"),
            adjustments=tuple(self._stated),
            by_category=tuple(self._by_category),
            pending_reasons=tuple(self._pending),
            remark_codes=tuple(self._remarks),
            is_denied=self._is_denied,
        )

    def _add_reasons(
        self,
        group: str,
        carcs: list[str],
        amount: Decimal | None,
        quantity: Decimal | None,
    ) -> None:
        if amount is not None:
            self._stated.append(
                ClaimAdjustment(
                    group_code=group,
                    reason_code=carcs[0],
                    amount=amount,
                    quantity=quantity,
                )
            )
            carcs = carcs[1:]
        self._pending += [(group, code) for code in carcs]

    def _add_category(self, category: str, amount: Decimal) -> None:
        group, code = REASON_OF_CATEGORY[category]
        if amount:
            self._by_category.append(
                ClaimAdjustment(group_code=group, reason_code=code, amount=amount)
            )


def adjustments_of(
    said: Adjudicated, *, unpaid: Decimal | None, place: Element
) -> tuple[ClaimAdjustment, ...]:
    """The adjustments of one level, those that the payer did not quantify included.

    `unpaid` is what is to be explained; None where nobody knows: a reason without an
    amount then keeps 0.
    """
    found = said.adjustments or said.by_category
    if not said.pending_reasons:
        return found
    # The reason why a line was not covered takes what was not covered.
    rest = ZERO if unpaid is None else unpaid - sum(each.amount for each in found)
    if said.noncovered is not None and not said.adjustments:
        rest = min(rest, said.noncovered)
    place.where.warn_once(
        "amount-derived",
        f"{place.path} gives a reason without an amount; what was not paid and not "
        "explained otherwise was taken",
        kind=place.path,
        pointer=place.pointer,
        expected="adjudication with both reason and amount",
        fix="ask the payer for the amounts, or for the 835",
    )
    derived = []
    for group, code in dict.fromkeys(said.pending_reasons):
        derived.append(
            ClaimAdjustment(group_code=group, reason_code=code, amount=max(rest, ZERO))
        )
        rest = ZERO
    return (*found, *derived)


def header_answer(
    response: Element,
) -> tuple[Decimal | None, date | None, tuple[ClaimAdjustment, ...]]:
    """What another payer paid, when, and its adjustments of the whole claim."""
    if not response:
        return None, None, ()
    said = read_adjudications(response.children("adjudication"))
    totals = read_adjudications(response.children("total"))
    payment = response.child("payment")
    paid = totals.paid if totals.paid is not None else payment.money("amount")
    day = payment.day("date") or response.day("created")
    return paid, day, said.adjustments or said.by_category


def _paid(amounts: dict[str, Decimal]) -> Decimal | None:
    """benefit, else what was paid to provider and patient."""
    if "benefit" in amounts:
        return amounts["benefit"]
    shares = [
        amounts[name] for name in ("paidtoprovider", "paidtopatient") if name in amounts
    ]
    return sum(shares, ZERO) if shares else None


def _group_of(category: str) -> str:
    """The group where a reason has none; empty where the category does not say."""
    return REASON_OF_CATEGORY.get(category, ("", ""))[0]


def _warn_category(each: Element, category: str) -> None:
    shown = category if category.isidentifier() and category.isascii() else "other"
    each.where.warn_once(
        "element-not-read",
        f"{each.path} of the category {shown} is not read; its amount was lost",
        kind=f"{each.path} {shown}",
        pointer=each.pointer,
        expected="the categories listed in docs/fhir.md",
        fix="nothing, where the reasons are given with their amounts",
    )
