"""Reads one 271 transaction (005010X279, A1; 004010X092 as far as it agrees).

Yields one `EligibilityCheck` per subscriber (2000C) or dependent (2000D) that the
payer answered, with benefits (EB) or a rejection (AAA). Name, birth date and gender are
those of that person; the member number of a dependent may be the subscriber's.
"""

from datetime import date
from typing import ClassVar

from denialml.domain.coverage import EligibilityCheck, EligibilityResult
from denialml.domain.record import Source
from denialml.formats.eligibility_codes import (
    ACTIVE_CODES,
    ASK_ELSEWHERE,
    BEGINS,
    BEHAVIORAL_TYPES,
    CANNOT_PROCESS,
    CMS,
    ENDS,
    GENERAL_TYPES,
    INACTIVE_CODES,
    LIMITATION,
    MEDICARE_RISK_PLAN,
    MENTAL_HEALTH_TYPES,
    NOT_COVERED,
    OTHER_PAYER,
    QUALIFIED_BENEFICIARY,
    REMAINING,
    SPANS,
    VISITS,
)
from denialml.formats.eligibility_membership import Memberships
from denialml.formats.transaction import Handler, Transaction
from denialml.formats.values import BLANK


class EligibilityReader:
    """One ST of a 271."""

    essential: frozenset[str] = frozenset()
    opens: ClassVar[dict[str, str]] = {}

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._syntax = transaction.syntax
        self._checked_on = transaction.received_on
        self._met = 0
        self._level = ""
        self._payer = BLANK
        self._subscriber = BLANK
        self._subscriber_trace = ""
        self._reset(0)
        self.handlers: dict[str, Handler] = {
            "BHT": self._read_header,
            "HL": self._read_level,
            "NM1": self._read_name,
            "TRN": self._read_trace,
            "REF": self._read_reference,
            "DMG": self._read_demographics,
            "AAA": self._read_rejection,
            "DTP": self._read_day,
            "EB": self._read_benefit,
            "LS": self._read_related_start,
            "LE": self._read_related_end,
        }

    def loop(self) -> str:
        return {"20": "2000A", "21": "2000B", "22": "2000C", "23": "2000D"}.get(
            self._level, "BHT"
        )

    def spoil(self) -> None:
        """No element of a 271 is essential."""

    def finish(self, *, cut: bool) -> int:
        if not cut:
            self._close()
        return self._met

    def _reset(self, segment: int) -> None:
        self._segment = segment
        self._member = BLANK
        self._trace = ""
        self._medical_record = ""
        self._birth_date: date | None = None
        self._gender = ""
        self._behavioral_payer = ""
        self._memberships = Memberships()
        self._rejected = ""
        self._begins_on: date | None = None
        self._ends_on: date | None = None
        self._asked_on: date | None = None
        self._covered_by: list[str] | None = None
        self._benefit: list[str] | None = None
        self._related = False
        self._answered = False
        self._general: set[str] = set()
        self._mental: set[str] = set()
        self._any: set[str] = set()
        self._plan_name = ""
        self._other: tuple[str, str] | None = None
        self._visits: int | None = None

    def _split(self, text: str) -> list[str]:
        return text.split(self._syntax.element) + BLANK

    def _read_header(self, text: str, _ordinal: int) -> None:
        bht = self._split(text)
        self._checked_on = self._syntax.days[bht[4]] or self._checked_on

    def _read_level(self, text: str, ordinal: int) -> None:
        self._close()
        self._level = self._split(text)[3].strip()
        if self._level == "22":
            self._subscriber, self._subscriber_trace = BLANK, ""
        self._reset(ordinal)

    def _read_name(self, text: str, _ordinal: int) -> None:
        name = self._split(text)
        if self._related:
            if name[1] in ("PR", "PRP", "SEP", "TTP") and self._is_other_payer():
                self._other = (name[9], name[3])
            elif name[1] == "PR" and name[8] in ("PI", "XV"):
                self._read_carve_out(name[9])
        elif self._level == "20":
            self._payer = name
        elif self._level == "22":
            self._subscriber = self._member = name
        elif self._level == "23":
            self._member = name

    def _read_trace(self, text: str, _ordinal: int) -> None:
        trace = self._split(text)
        # TRN01 2 repeats our own number, 1 is the payer's.
        if trace[1] == "2" or not self._trace:
            self._trace = trace[2]
            if self._level == "22":
                self._subscriber_trace = trace[2]

    def _read_reference(self, text: str, _ordinal: int) -> None:
        _, qualifier, value, *_ = self._split(text)
        if qualifier in ("EA", "EJ") and self._benefit is None:
            self._medical_record = value

    def _read_demographics(self, text: str, _ordinal: int) -> None:
        if self._level in ("22", "23"):
            dmg = self._split(text)
            self._birth_date = self._syntax.days[dmg[2]]
            self._gender = dmg[3]

    def _read_carve_out(self, payer_id: str) -> None:
        """The payer of a mental-health benefit that another one covers.

        Beside medical benefits it may be the plan's administrator.
        """
        benefit = self._benefit or BLANK
        types = self._service_types(benefit[3])
        if (
            (benefit[1] in ACTIVE_CODES or benefit[1] == ASK_ELSEWHERE)
            and types & MENTAL_HEALTH_TYPES
            and types <= BEHAVIORAL_TYPES
        ):
            self._behavioral_payer = self._behavioral_payer or payer_id

    def _read_rejection(self, text: str, ordinal: int) -> None:
        code = self._split(text)[3]
        if self._level in ("22", "23"):
            self._answered = True
            self._rejected = self._rejected or code
            return
        self._met += 1
        self._transaction.log.warn(
            "inquiry-rejected",
            "the payer rejected the inquiry before looking at a member",
            segment=ordinal,
            loop=self.loop(),
            element="AAA03",
            value=code,
            transaction=self._transaction.control_number,
            expected="an answer for a member",
            fix="correct the payer or provider of the inquiry and ask again",
        )

    def _read_day(self, text: str, _ordinal: int) -> None:
        dtp = self._split(text)
        if self._level not in ("22", "23") or self._related:
            return
        first, last = self._syntax.day_span(dtp[2], dtp[3])
        self._memberships.read_day(dtp[1], first, last)
        if self._benefit is not None and not self._states_coverage():
            return
        if dtp[1] == "472":
            self._asked_on = first
        elif dtp[1] in SPANS and first is not None and first == last:
            # A span of one day is the inquiry's own day, echoed.
            self._asked_on = self._asked_on or first
        elif dtp[1] in BEGINS or dtp[1] in SPANS:
            self._cover(first, last)
        elif dtp[1] in ENDS:
            self._cover(None, first)

    def _cover(self, begins_on: date | None, ends_on: date | None) -> None:
        """Take coverage dates of one place only: the member's, else one benefit's.

        Payers list past and present spans one after another; the beginning of one
        and the end of another would make a span that never was.
        """
        if self._covered_by is not None and self._covered_by is not self._place():
            return
        self._covered_by = self._place()
        self._begins_on = self._begins_on or begins_on
        self._ends_on = self._ends_on or ends_on

    def _place(self) -> list[str]:
        return self._benefit if self._benefit is not None else self._member

    def _states_coverage(self) -> bool:
        benefit = self._benefit or BLANK
        return benefit[1] in ACTIVE_CODES or benefit[1] in INACTIVE_CODES

    def _is_other_payer(self) -> bool:
        return self._benefit is not None and self._benefit[1] == OTHER_PAYER

    def _read_benefit(self, text: str, _ordinal: int) -> None:
        benefit = self._split(text)
        limits_visits = (
            benefit[1] == LIMITATION
            and benefit[6] == REMAINING
            and benefit[9] == VISITS
            and benefit[10] != ""
        )
        # Other benefits put all kinds of things into EB10; only visits are read.
        visits = int(self._syntax.money[benefit[10]]) if limits_visits else 0
        self._benefit = benefit
        self._related = False
        self._answered = True
        code = benefit[1]
        types = self._service_types(benefit[3])
        mental = bool(types & MENTAL_HEALTH_TYPES)
        from_cms = CMS in (self._payer[3].strip().upper(), self._payer[9].upper())
        self._memberships.read_benefit(benefit, types, from_cms=from_cms)
        if code in ACTIVE_CODES or code in INACTIVE_CODES:
            self._any.add(code)
            self._plan_name = self._plan_name or benefit[5]
            if types & GENERAL_TYPES:
                self._general.add(code)
            if mental:
                self._mental.add(code)
        elif code == CANNOT_PROCESS and types & GENERAL_TYPES:
            self._general.add(code)
        elif code == NOT_COVERED and mental:
            self._mental.add(code)
        elif code == OTHER_PAYER and self._other is None:
            self._other = ("", benefit[5])
        elif limits_visits and mental:
            self._visits = visits if self._visits is None else min(self._visits, visits)

    def _service_types(self, raw: str) -> set[str]:
        """EB03 repeats; senders use the component separator as often as ISA11."""
        for separator in (self._syntax.repetition, self._syntax.component, "^", ">"):
            if separator and separator in raw:
                return set(raw.split(separator))
        return {raw}

    def _read_related_start(self, _text: str, _ordinal: int) -> None:
        self._related = True

    def _read_related_end(self, _text: str, _ordinal: int) -> None:
        self._related = False

    def _result(self) -> EligibilityResult:
        """Of the plan as a whole; of any benefit where nothing general was said."""
        codes = self._general or (set() if self._rejected else self._any)
        if codes & ACTIVE_CODES:
            return EligibilityResult.ACTIVE
        if codes & INACTIVE_CODES:
            return EligibilityResult.INACTIVE
        return EligibilityResult.UNKNOWN

    def _close(self) -> None:
        if self._level not in ("22", "23") or not self._answered:
            return
        transaction = self._transaction
        self._met += 1
        if self._checked_on is None:
            transaction.log.add(
                "undated-answer",
                "the answer has no date (BHT04, GS04); it was left out",
                segment=self._segment,
                loop=self.loop(),
                element="BHT04",
                transaction=transaction.control_number,
                expected="a day as CCYYMMDD",
                fix="ask the sender for the file again",
                incomplete=True,
            )
            return
        other_id, other_name = self._other or ("", "")
        day, holds = self._asked_on or self._checked_on, self._memberships.holds
        transaction.emit(
            EligibilityCheck(
                checked_on=self._checked_on,
                payer_id=self._payer[9],
                member_id=self._member[9] or self._subscriber[9],
                result=self._result(),
                medical_record_number=self._medical_record,
                service_date=self._asked_on,
                plan_name=self._plan_name,
                coverage_begin=self._begins_on,
                coverage_end=self._ends_on,
                mental_health_active=_active(self._mental),
                other_payer_id=other_id,
                other_payer_name=other_name,
                visits_remaining=self._visits,
                trace_number=self._trace or self._subscriber_trace,
                reject_reason_code=self._rejected,
                last_name=self._member[3],
                first_name=self._member[4],
                birth_date=self._birth_date,
                gender=self._gender,
                behavioral_payer_id=self._behavioral_payer,
                is_medicare_advantage=holds(MEDICARE_RISK_PLAN, day),
                is_qualified_beneficiary=holds(QUALIFIED_BENEFICIARY, day),
                source=Source(file=transaction.file, segment=self._segment),
            )
        )


def _active(codes: set[str]) -> bool | None:
    if not codes:
        return None
    return bool(codes & ACTIVE_CODES)
