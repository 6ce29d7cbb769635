"""Reads one 837P transaction (005010X222, A1, A2; 004010X098 as far as it agrees).

Yields each `Claim`. Claims stand under a subscriber (2000B) or a patient (2000C);
what was said at a level holds until the next HL of that level. An SBR after CLM
starts another payer (2320), never a new subscriber.
"""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from msgspec.structs import replace

from denialml.domain.claim import Claim, Provider
from denialml.domain.record import Source
from denialml.formats.claim_levels import ClaimLevels
from denialml.formats.claim_parts import (
    ClaimPart,
    LinePart,
    OtherPayerPart,
    diagnoses,
)
from denialml.formats.parties import NOBODY, Party
from denialml.formats.syntax import Syntax
from denialml.formats.transaction import Handler, Transaction
from denialml.formats.values import BLANK, SHORT, is_number

MOST_LINES = 50  # 005010X222 loop 2400; no claim of more reaches a payer.
# CLM05-3; 6 is the corrected claim of files made by old habit.
FREQUENCIES = frozenset({"1", "6", "7", "8"})


class ProfessionalClaimReader:
    """One ST of an 837P."""

    # Thousands of segments a second read and set these; a slot is the fastest.
    __slots__ = (
        "_claim",
        "_element",
        "_levels",
        "_line",
        "_met",
        "_money",
        "_other",
        "_party",
        "_submitted_on",
        "_syntax",
        "_transaction",
        "handlers",
    )

    essential = frozenset({"CLM02", "SV102"})
    opens: ClassVar[dict[str, str]] = {"CLM": "2300", "SV1": "2400"}

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._syntax = transaction.syntax
        self._element = transaction.syntax.element
        self._money = transaction.syntax.money
        self._submitted_on: date | None = transaction.received_on
        self._met = 0
        self._levels = ClaimLevels(transaction.syntax)
        self._party: Party = NOBODY
        self._claim: ClaimPart | None = None
        self._other: OtherPayerPart | None = None
        self._line: LinePart | None = None
        self.handlers: dict[str, Handler] = {
            "BHT": self._read_header,
            "HL": self._read_level,
            "PRV": self._read_taxonomy,
            "SBR": self._read_coverage,
            "PAT": self._read_patient,
            "NM1": self._read_name,
            "N3": self._read_street,
            "N4": self._read_city,
            "DMG": self._read_demographics,
            "REF": self._read_reference,
            "CLM": self._read_claim,
            "HI": self._read_diagnoses,
            "DTP": self._read_day,
            "AMT": self._read_amount,
            "CAS": self._read_adjustment,
            "NTE": self._read_note,
            "LX": self._read_line,
            "SV1": self._read_service,
        }

    def loop(self) -> str:
        if self._line is not None:
            return "2400"
        if self._other is not None:
            return "2320"
        return "2300" if self._claim is not None else self._levels.name or "1000"

    def spoil(self) -> None:
        if self._claim is not None:
            self._claim.spoiled = True

    def finish(self, *, cut: bool) -> int:
        claim = self._claim
        if claim is None:
            return self._met
        if cut:
            self._fault(
                "claim-cut-off",
                "the file ended inside this claim; it was left out",
                claim,
                "a transaction that ends with SE",
                "transfer the file again",
            )
        else:
            self._close_claim()
        return self._met

    # Levels

    def _read_header(self, text: str, _: int) -> None:
        bht = text.split(self._element) + BLANK
        self._submitted_on = self._syntax.days[bht[4]] or self._submitted_on

    def _read_level(self, text: str, _: int) -> None:
        elements = text.split(self._element, 4)
        level = elements[3].strip() if len(elements) > 3 else ""
        if self._claim is not None:
            self._close_claim()
        self._party = NOBODY
        self._levels.open(level)

    def _read_coverage(self, text: str, _: int) -> None:
        if self._claim is not None:
            self._line = None
            self._party = NOBODY
            self._other = OtherPayerPart(text.split(self._element) + SHORT)
            self._claim.other_payers.append(self._other)
        else:
            self._levels.set_coverage(text)

    def _read_patient(self, text: str, _: int) -> None:
        if self._claim is None:
            self._levels.set_relationship(self._syntax.elements[text][1])

    def _read_name(self, text: str, _: int) -> None:
        party = self._party = Party(text)
        entity = text[4 : text.find(self._element, 4)]
        if self._line is not None:
            if entity == "82":
                self._line.rendering = party
        elif self._other is not None:
            self._other.parties.setdefault(entity, party)
        elif self._claim is not None:
            self._claim.add_party(entity, party)
        else:
            self._levels.set_party(entity, party)

    def _read_street(self, text: str, _: int) -> None:
        if self._party is not NOBODY:
            self._party.street = text

    def _read_city(self, text: str, _: int) -> None:
        if self._party is not NOBODY:
            self._party.city = text

    def _read_demographics(self, text: str, _: int) -> None:
        dmg = text.split(self._element)
        if len(dmg) < 4:
            dmg += SHORT
        birth_date = self._syntax.days[dmg[2]]
        if self._party is not NOBODY:
            self._party.birth_date = birth_date
            self._party.gender = dmg[3]

    def _read_taxonomy(self, text: str, _: int) -> None:
        code = self._syntax.elements[text][3]
        if self._claim is None:
            self._levels.set_taxonomy(code)
        elif self._party is not NOBODY:
            self._party.taxonomy_code = code

    # Claim

    def _read_claim(self, text: str, ordinal: int) -> None:
        clm = text.split(self._element)
        if len(clm) < 12:
            clm += BLANK
        self._syntax.billed_money[clm[2]]
        if self._claim is not None:
            self._close_claim()
        self._claim = ClaimPart(clm, ordinal)
        self._party = NOBODY
        self._met += 1

    def _read_diagnoses(self, text: str, _: int) -> None:
        if self._claim is not None and self._line is None:
            self._claim.diagnoses += diagnoses(text, self._syntax)

    def _read_day(self, text: str, _: int) -> None:
        if self._claim is None:
            return
        qualifier, span = self._syntax.dated[text]
        if qualifier == "472":
            holder = self._line or self._claim
            holder.service_span = span
        elif qualifier == "439" and self._line is None and self._other is None:
            self._claim.extra["accident_date"] = span[0]
        elif qualifier == "573" and self._line is None and self._other is not None:
            self._other.adjudicated_on = span[0]

    def _read_amount(self, text: str, _: int) -> None:
        amt = text.split(self._element) + BLANK
        if self._claim is None or self._line is not None:
            return
        amount = self._money[amt[2]]
        if self._other is not None:
            if amt[1] == "D":
                self._other.paid = amount
        elif amt[1] == "F5":
            self._claim.extra["patient_paid"] = amount

    def _read_adjustment(self, text: str, _: int) -> None:
        if self._other is not None and self._line is None:
            self._other.adjustments += self._syntax.adjustments[text].triplets

    def _read_note(self, text: str, _: int) -> None:
        note = (text.split(self._element) + BLANK)[2]
        line, claim = self._line, self._claim
        if line is not None:
            line.note = f"{line.note} {note}" if line.note else note
        elif claim is not None:
            before = claim.extra.get("note")
            claim.extra["note"] = f"{before} {note}" if before else note

    def _read_reference(self, text: str, _ordinal: int) -> None:
        parts = text.split(self._element, 3)
        if len(parts) < 3:
            return
        qualifier, value = parts[1], parts[2]
        line, claim = self._line, self._claim
        if line is not None:
            if qualifier == "6R":
                line.control_number = value
            # REF04 of a line says whose number it is: another payer's.
            elif qualifier == "G1" and not "".join(parts[3:]).strip(self._element):
                line.authorization_number = line.authorization_number or value
        elif claim is not None:
            # 2330 repeats G1 and F8 for the other payer's own numbers.
            if self._other is None:
                claim.add_reference(qualifier, value)
        elif qualifier in ("EI", "SY", "24", "34"):
            self._levels.set_tax_id(value, self._party)

    # Line

    def _read_line(self, text: str, ordinal: int) -> None:
        number = text[3:].strip()
        claim = self._claim
        if claim is None:
            return
        self._party = NOBODY
        position = len(claim.services) + 1
        self._line = LinePart(int(number) if is_number(number) else position, ordinal)

    def _read_service(self, text: str, _: int) -> None:
        service = self._syntax.billed_services[text]
        line, claim = self._line, self._claim
        if line is None or claim is None or line.service is not None:
            return
        line.service = service
        claim.charges += service.charge
        claim.services.append(line)
        claim.line_segments.append(line.segment)

    # Building

    def _close_claim(self) -> None:
        part = self._claim
        assert part is not None
        self._claim = self._other = self._line = None
        self._party = NOBODY
        if part.spoiled:
            return
        if not self._can_be_read(part):
            return
        self._question_lines(part)
        claim = self._build(part, self._money[part.clm[2]])
        self._question_frequency(claim, part)
        self._transaction.emit(claim)

    def _can_be_read(self, part: ClaimPart) -> bool:
        """Whether it has a number and lines; if not, the fault is noted."""
        if not part.clm[1].strip():
            self._fault(
                "claim-without-number",
                "CLM01 is empty: no answer could name this claim; it was left out",
                part,
                "CLM01, the practice's number of the claim",
                "send the claim again with its number",
            )
            return False
        if not part.services:
            self._fault(
                "claim-without-lines",
                "the claim has no professional service line (SV1); it was left out",
                part,
                "LX and SV1 for each service",
                "send the claim again with its service lines",
            )
            return False
        return True

    def _question_lines(self, part: ClaimPart) -> None:
        """Warn of too many lines, and of a total that is not theirs."""
        if len(part.services) > MOST_LINES:
            self._transaction.log.warn(
                "too-many-lines",
                f"the claim has {len(part.services)} service lines; it was read whole",
                segment=part.segment,
                loop="2400",
                element="LX01",
                transaction=self._transaction.control_number,
                expected=f"at most {MOST_LINES} service lines in one claim",
                fix="split the claim before sending; payers refuse more lines",
            )
        total = self._money[part.clm[2]]
        if part.charges != total:
            self._transaction.log.warn(
                "lines-do-not-add-up",
                f"SV102 of {len(part.services)} lines add up to {part.charges}, "
                f"CLM02 states {total}",
                segment=part.segment,
                loop="2300",
                element="CLM02",
                transaction=self._transaction.control_number,
                expected=str(part.charges),
                fix="correct the total or the line charges before sending",
            )

    def _question_frequency(self, claim: Claim, part: ClaimPart) -> None:
        if claim.frequency_code not in FREQUENCIES:
            self._transaction.log.warn(
                "unknown-frequency",
                "CLM05-3 says neither that the claim is new nor what it replaces",
                segment=part.segment,
                loop="2300",
                element="CLM05-3",
                transaction=self._transaction.control_number,
                value=claim.frequency_code,
                expected="1 (original), 7 (corrected) or 8 (void)",
                fix="correct CLM05-3; the claim was taken for an original",
            )

    def _build(self, part: ClaimPart, total_charge: Decimal) -> Claim:
        clm, syntax, span = part.clm, self._syntax, part.service_span
        place, qualifier, frequency, *_ = syntax.composites[clm[5]]
        subscriber, payer = self._levels.coverage()
        # Python passes at most fifteen keywords without building a dictionary; a
        # claim has thirty-two, so those that most claims leave out are added after.
        claim = Claim(
            patient_control_number=clm[1],
            total_charge=total_charge,
            payer=payer,
            subscriber=subscriber,
            billing_provider=self._levels.billing_provider(),
            lines=tuple([line.build(syntax, span) for line in part.services]),
            diagnoses=part.diagnoses,
            submitted_on=self._submitted_on,
            frequency_code=frequency,
            place_of_service=place,
            patient=self._levels.patient(),
            rendering_provider=_provider(part.rendering, syntax),
            prior_authorization_number=part.authorization_number,
            medical_record_number=part.medical_record_number,
            source=Source(
                file=self._transaction.file,
                segment=part.segment,
                line_segments=tuple(part.line_segments),
            ),
        )
        extra = part.unusual(qualifier, syntax)
        return replace(claim, **extra) if extra else claim

    def _fault(
        self, code: str, message: str, claim: ClaimPart, expected: str, fix: str
    ) -> None:
        self._transaction.log.add(
            code,
            message,
            segment=claim.segment,
            loop="2300",
            element="CLM",
            transaction=self._transaction.control_number,
            expected=expected,
            fix=fix,
            incomplete=True,
        )


def _provider(party: Party | None, syntax: Syntax) -> Provider | None:
    return None if party is None else party.provider(syntax)
