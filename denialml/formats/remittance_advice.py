"""Reads one 835 transaction (005010X221, X221A1; 004010X091 alike).

Yields the `Remittance`, then each `ClaimPayment`, then the `ProviderAdjustment`s.
What the file states about itself is checked: a line's charge less its adjustments
is its payment, a claim's charge less all adjustments is its payment, lines add up to
their claim, and claims less provider adjustments to the payment (X221 1.10.2).
"""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from msgspec.structs import replace

from denialml.domain.record import Source
from denialml.domain.remittance import (
    ClaimAdjustment,
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)
from denialml.formats.balance import RemittanceBalance
from denialml.formats.remittance_header import RemittanceHeader
from denialml.formats.services import AdjudicatedService
from denialml.formats.transaction import Handler, Transaction
from denialml.formats.values import BLANK, SHORT, ZERO

_PLB_PAIRS = range(3, 15, 2)
_MIA_REMARKS = (5, 20, 21, 22, 23)


class RemittanceReader:
    """One ST of an 835. `met` counts CLP and PLB segments."""

    # Thousands of segments a second read and set these; a slot is the fastest.
    __slots__ = (
        "_adjusted",
        "_allowed",
        "_balance",
        "_cas",
        "_charge",
        "_claim_adjustments",
        "_claim_extra",
        "_claim_remarks",
        "_claim_segment",
        "_clp",
        "_days_by_text",
        "_element",
        "_elements",
        "_emit",
        "_file",
        "_header",
        "_line_adjusted",
        "_line_adjustments",
        "_line_charges",
        "_line_control",
        "_line_day",
        "_line_number",
        "_line_remarks",
        "_line_segments",
        "_met",
        "_money",
        "_names",
        "_paid",
        "_remittance",
        "_rendering",
        "_rendering_npi",
        "_responsibility",
        "_service",
        "_services",
        "_services_by_text",
        "_spoiled",
        "_syntax",
        "_transaction",
        "handlers",
    )

    essential = frozenset({"CLP03", "CLP04", "SVC02", "SVC03"})
    opens: ClassVar[dict[str, str]] = {
        "BPR": "ST",
        "CLP": "2100",
        "SVC": "2110",
        "PLB": "PLB",
    }

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._file = transaction.file
        self._emit = transaction.emit
        self._syntax = transaction.syntax
        self._element = transaction.syntax.element
        self._elements = transaction.syntax.elements
        self._line_number = f"REF{self._element}6R{self._element}"
        self._rendering = f"NM1{self._element}82{self._element}"
        self._money = transaction.syntax.money
        self._days_by_text = transaction.syntax.remittance_days
        self._services_by_text = transaction.syntax.adjudicated_services
        self._cas = transaction.syntax.adjustments
        self._balance = RemittanceBalance(transaction)
        self._header = RemittanceHeader(transaction)
        self._remittance: Remittance | None = None
        self._met = 0
        self._clp: list[str] | None = None
        self._service: AdjudicatedService | None = None
        self._charge = self._paid = self._responsibility = ZERO
        self._reset_claim()
        self._reset_line()
        self.handlers: dict[str, Handler] = {
            "BPR": self._read_payment,
            "TRN": self._read_trace,
            "N1": self._read_party,
            "LX": self._read_header_number,
            "CLP": self._read_claim,
            "CAS": self._read_adjustment,
            "NM1": self._read_name,
            "MIA": self._read_inpatient,
            "MOA": self._read_outpatient,
            "SVC": self._read_service,
            "DTM": self._read_day,
            "REF": self._read_reference,
            "AMT": self._read_amount,
            "LQ": self._read_remark,
            "PLB": self._read_provider_adjustment,
        }

    def loop(self) -> str:
        if self._service is not None:
            return "2110"
        return "2100" if self._clp is not None else "1000"

    def spoil(self) -> None:
        self._spoiled = True

    def finish(self, *, cut: bool) -> int:
        if self._clp is not None:
            if cut:
                self._balance.note_cut_claim(self._claim_segment)
            else:
                self._close_claim()
        elif self._remittance is None:
            self._open_remittance()
        if not cut:
            header = self._header
            self._balance.check_payment(header.payment, header.credit_or_debit)
        return self._met

    def _reset_claim(self) -> None:
        self._spoiled = False
        self._claim_segment = 0
        self._claim_adjustments: tuple[ClaimAdjustment, ...] = ()
        self._claim_remarks: tuple[str, ...] = ()
        self._adjusted = self._line_charges = ZERO
        self._rendering_npi = ""
        self._names: dict[str, list[str]] = {}
        self._claim_extra: dict[str, Any] = {}
        self._services: list[ServicePayment] = []
        self._line_segments: list[int] = []

    def _reset_line(self) -> None:
        self._line_adjustments: tuple[ClaimAdjustment, ...] = ()
        self._line_adjusted = ZERO
        self._line_remarks: tuple[str, ...] = ()
        self._line_day: date | None = None
        self._line_control = ""
        self._allowed: Decimal | None = None

    # Header

    def _read_payment(self, text: str, _: int) -> None:
        self._header.read_payment(text)

    def _read_trace(self, text: str, _: int) -> None:
        if self._remittance is None:
            self._header.read_trace(text)

    def _read_party(self, text: str, _ordinal: int) -> None:
        """N1: payer and payee; clearinghouses repeat them inside the claim loops."""
        if self._clp is not None:
            self._close_claim()
        self._header.read_party(text)

    def _open_remittance(self) -> Remittance:
        self._remittance = self._header.build()
        self._emit(self._remittance)
        return self._remittance

    def _read_header_number(self, _text: str, _: int) -> None:
        if self._clp is not None:
            self._close_claim()

    # Claim

    def _read_claim(self, text: str, ordinal: int) -> None:
        clp = text.split(self._element)
        if len(clp) < 10:
            clp += SHORT
        money = self._money
        charge, paid, responsibility = money[clp[3]], money[clp[4]], money[clp[5]]
        if self._clp is not None:
            self._close_claim()
        elif self._remittance is None:
            self._open_remittance()
        self._clp = clp
        self._charge, self._paid, self._responsibility = charge, paid, responsibility
        if not clp[3] or not clp[4]:
            self._balance.warn_missing(clp, ordinal)
            if not (clp[1] or clp[3] or clp[4]):
                # Answers no claim and moves no money: named above, never stored.
                self._spoiled = True
        self._claim_segment = ordinal
        self._met += 1

    def _close_claim(self) -> None:
        if self._service is not None:
            self._close_line()
        clp = self._clp
        assert clp is not None
        assert self._remittance is not None
        self._clp = None
        charge, paid, balance = self._charge, self._paid, self._balance
        balance.claims += paid
        if not self._spoiled:
            self._emit_claim(clp)
            if charge - self._adjusted != paid:
                balance.warn_claim(charge, paid, self._adjusted, self._claim_segment)
            if self._services and self._line_charges != charge:
                lines = len(self._services)
                total = self._line_charges
                balance.warn_lines(charge, total, lines, self._claim_segment)
        self._reset_claim()

    def _emit_claim(self, clp: list[str]) -> None:
        assert self._remittance is not None
        names = self._names
        patient = names.get("QC", BLANK)
        member_id = patient[9] or names.get("IL", BLANK)[9]
        # Python passes at most fifteen keywords without building a dictionary; a
        # claim has twenty-five, so those that most claims leave out are added after.
        payment = ClaimPayment(
            remittance=self._remittance,
            patient_control_number=clp[1],
            status_code=clp[2],
            charge=self._charge,
            paid=self._paid,
            claim_filing_code=clp[6],
            payer_claim_control_number=clp[7],
            place_of_service=clp[8],
            frequency_code=clp[9],
            service_payments=tuple(self._services),
            patient_last_name=patient[3],
            patient_first_name=patient[4],
            member_id=member_id,
            rendering_npi=self._rendering_npi,
            source=Source(
                file=self._file,
                segment=self._claim_segment,
                line_segments=tuple(self._line_segments),
            ),
        )
        extra = self._claim_extra
        if self._responsibility:
            extra["patient_responsibility"] = self._responsibility
        if self._claim_adjustments:
            extra["adjustments"] = self._claim_adjustments
        if self._claim_remarks:
            extra["remark_codes"] = self._claim_remarks
        if "74" in names:
            extra["corrected_member_id"] = names["74"][9]
        if "TT" in names:
            extra["crossover_payer_id"] = names["TT"][9]
            extra["crossover_payer_name"] = names["TT"][3]
        self._emit(replace(payment, **extra) if extra else payment)

    def _read_adjustment(self, text: str, _: int) -> None:
        triplets, total = self._cas[text]
        if self._service is not None:
            self._line_adjustments += triplets
            self._line_adjusted += total
        else:
            self._claim_adjustments += triplets
            self._adjusted += total

    def _read_name(self, text: str, _: int) -> None:
        # A practice has few clinicians and many patients.
        if text.startswith(self._rendering):
            self._rendering_npi = self._rendering_npi or self._elements[text][9]
            return
        name = text.split(self._element)
        if len(name) < 10:
            name += SHORT
        self._names.setdefault(name[1], name)

    def _read_inpatient(self, text: str, _: int) -> None:
        mia = text.split(self._element) + BLANK
        self._claim_remarks += tuple(mia[at] for at in _MIA_REMARKS if mia[at])

    def _read_outpatient(self, text: str, _: int) -> None:
        codes = self._elements[text][3:8]
        self._claim_remarks += tuple([code for code in codes if code])

    # Line

    def _read_service(self, text: str, ordinal: int) -> None:
        service = self._services_by_text[text]
        if self._clp is None:
            self._balance.warn_orphan("SVC", ordinal)
            return
        if self._service is not None:
            self._close_line()
        self._service = service
        self._line_segments.append(ordinal)

    def _close_line(self) -> None:
        service = self._service
        assert service is not None
        charge, paid, adjusted = service.charge, service.paid, self._line_adjusted
        self._line_charges += charge
        self._adjusted += adjusted
        self._services.append(
            ServicePayment(
                procedure_code=service.code,
                charge=charge,
                paid=paid,
                modifiers=service.modifiers,
                units_paid=service.units_paid,
                submitted_procedure_code=service.submitted_code,
                submitted_modifiers=service.submitted_modifiers,
                units_submitted=service.units_submitted,
                service_date=self._line_day or self._claim_extra.get("statement_from"),
                line_control_number=self._line_control,
                adjustments=self._line_adjustments,
                remark_codes=self._line_remarks,
                allowed=self._allowed,
            )
        )
        if charge - adjusted != paid:
            self._balance.warn_line(charge, paid, adjusted, self._line_segments[-1])
        self._service = None
        self._reset_line()

    def _read_day(self, text: str, _: int) -> None:
        of_line, claim_field, day = self._days_by_text[text]
        if self._service is not None:
            if of_line:
                self._line_day = day
        elif claim_field and self._clp is not None:
            self._claim_extra[claim_field] = day

    def _read_reference(self, text: str, _: int) -> None:
        if text.startswith(self._line_number):
            if self._service is not None:
                self._line_control = text[7:].partition(self._element)[0]
            return
        parts = text.split(self._element, 3)
        if len(parts) < 3 or self._service is not None:
            return
        if self._clp is None:
            self._header.read_reference(parts[1], parts[2])
        elif parts[1] == "EA":
            self._claim_extra["medical_record_number"] = parts[2]

    def _read_amount(self, text: str, _: int) -> None:
        if self._service is not None:
            parts = self._elements[text]
            if parts[1] == "B6":
                self._allowed = self._money[parts[2]]

    def _read_remark(self, text: str, _: int) -> None:
        if self._service is not None:
            parts = self._elements[text]
            if parts[1] == "HE":
                self._line_remarks += (parts[2],)

    def _read_provider_adjustment(self, text: str, ordinal: int) -> None:
        plb = text.split(self._element) + BLANK
        ends_on = self._syntax.days[plb[2]]
        pairs = [(plb[at], self._money[plb[at + 1]]) for at in _PLB_PAIRS if plb[at]]
        if self._clp is not None:
            self._close_claim()
        remittance = self._remittance or self._open_remittance()
        self._met += 1
        for reason, amount in pairs:
            code, _, reference = reason.partition(self._syntax.component)
            self._balance.provider_adjustments += amount
            self._transaction.emit(
                ProviderAdjustment(
                    remittance=remittance,
                    provider_id=plb[1],
                    reason_code=code,
                    amount=amount,
                    reference=reference,
                    fiscal_period_end=ends_on,
                    source=Source(file=self._file, segment=ordinal),
                )
            )
