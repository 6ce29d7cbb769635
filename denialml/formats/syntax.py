"""What one interchange's delimiters decide, and the tables of its values."""

from denialml.formats.services import AdjudicatedServiceTable, BilledServiceTable
from denialml.formats.values import (
    MOST_REMEMBERED,
    AdjustmentTable,
    BilledMoneyTable,
    DatedTable,
    DayTable,
    MoneyTable,
    PointerTable,
    ProcedureTable,
    RemittanceDayTable,
    Span,
    SplitTable,
    read_span,
)
from denialml.formats.x12 import Delimiters


class Syntax:
    """The delimiters of one interchange and the tables that depend on them."""

    __slots__ = (
        "adjudicated_services",
        "adjustments",
        "billed_money",
        "billed_services",
        "component",
        "composites",
        "dated",
        "days",
        "delimiters",
        "element",
        "elements",
        "money",
        "pointers",
        "procedures",
        "remembered",
        "remittance_days",
        "repetition",
    )

    def __init__(self, delimiters: Delimiters) -> None:
        self.delimiters = delimiters
        self.element = delimiters.element
        self.component = delimiters.component
        self.repetition = delimiters.repetition
        self.money = MoneyTable()
        self.billed_money = BilledMoneyTable()
        self.days = DayTable()
        self.procedures = ProcedureTable(delimiters.component)
        self.adjustments = AdjustmentTable(delimiters.element, self.money)
        self.composites = SplitTable(delimiters.component)
        self.elements = SplitTable(delimiters.element)
        self.pointers = PointerTable(delimiters.component)
        self.adjudicated_services = AdjudicatedServiceTable(
            delimiters.element, self.money, self.procedures
        )
        self.billed_services = BilledServiceTable(
            delimiters.element, self.billed_money, self.procedures, self.pointers
        )
        self.dated = DatedTable(delimiters.element, self.days)
        self.remittance_days = RemittanceDayTable(delimiters.element, self.days)
        self.remembered: dict[object, object] = {}

    def remember(self, key: object, value: object) -> None:
        """Keep a built record by what it was built from; bounded."""
        if len(self.remembered) >= MOST_REMEMBERED:
            self.remembered.clear()
        self.remembered[key] = value

    def day_span(self, qualifier: str, raw: str) -> Span:
        """Both days of an RD8 range; the second is None for a single day."""
        return read_span(self.days, qualifier, raw)
