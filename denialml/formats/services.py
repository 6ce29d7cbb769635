"""The service segments, read whole and remembered: SVC of an 835, SV1 of an 837P.

A practice bills a few dozen codes at fixed charges and payers allow fixed amounts,
so the same segment comes back thousands of times.
"""

from decimal import Decimal
from typing import NamedTuple

from denialml.formats.values import (
    SHORT,
    MoneyTable,
    PointerTable,
    ProcedureTable,
    Remembered,
)


class AdjudicatedService(NamedTuple):
    """SVC: what a payer decided about a line; quantities None where not sent."""

    code: str
    modifiers: tuple[str, ...]
    charge: Decimal
    paid: Decimal
    units_paid: Decimal | None
    submitted_code: str
    submitted_modifiers: tuple[str, ...]
    units_submitted: Decimal | None


class BilledService(NamedTuple):
    """SV1: what the practice billed."""

    qualifier: str
    code: str
    modifiers: tuple[str, ...]
    description: str
    charge: Decimal
    unit_basis: str
    units: Decimal
    place_of_service: str
    pointers: tuple[int, ...]


class AdjudicatedServiceTable(Remembered[AdjudicatedService]):
    """SVC segments by their whole text."""

    def __init__(
        self, element: str, money: MoneyTable, procedures: ProcedureTable
    ) -> None:
        super().__init__()
        self._element = element
        self._money = money
        self._procedures = procedures

    def _read(self, raw: str) -> AdjudicatedService:
        svc = raw.split(self._element) + SHORT
        money = self._money
        decided, submitted = self._procedures[svc[1]], self._procedures[svc[6]]
        return AdjudicatedService(
            code=decided.code,
            modifiers=decided.modifiers,
            charge=money[svc[2]],
            paid=money[svc[3]],
            units_paid=money[svc[5]] if svc[5] else None,
            submitted_code=submitted.code,
            submitted_modifiers=submitted.modifiers,
            units_submitted=money[svc[7]] if svc[7] else None,
        )


class BilledServiceTable(Remembered[BilledService]):
    """SV1 segments by their whole text."""

    def __init__(
        self,
        element: str,
        money: MoneyTable,
        procedures: ProcedureTable,
        pointers: PointerTable,
    ) -> None:
        super().__init__()
        self._element = element
        self._money = money
        self._procedures = procedures
        self._pointers = pointers

    def _read(self, raw: str) -> BilledService:
        sv1 = raw.split(self._element) + SHORT
        procedure = self._procedures[sv1[1]]
        return BilledService(
            qualifier=procedure.qualifier,
            code=procedure.code,
            modifiers=procedure.modifiers,
            description=procedure.description,
            charge=self._money[sv1[2]],
            unit_basis=sv1[3],
            units=self._money[sv1[4]],
            place_of_service=sv1[5],
            pointers=self._pointers[sv1[7]],
        )
