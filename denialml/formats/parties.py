"""People and organizations while they are being read: NM1, N3, N4, DMG, PRV, REF.

A `Party` keeps the text of its segments and builds the record at the end of its
loop. The same clinicians and payers stand in thousands of claims, so what was built
from the same text is built once.
"""

from datetime import date

import msgspec

from denialml.domain.claim import (
    Address,
    ClaimPayer,
    Patient,
    Provider,
    Subscriber,
)
from denialml.formats.syntax import Syntax
from denialml.formats.values import SHORT


class Party(msgspec.Struct):
    """One NM1 loop, filled segment by segment; `text` is the NM1 segment."""

    text: str
    street: str = ""
    city: str = ""
    gender: str = ""
    tax_id: str = ""
    taxonomy_code: str = ""
    birth_date: date | None = None

    def name(self, syntax: Syntax) -> list[str]:
        """The elements of NM1."""
        name = self.text.split(syntax.element)
        if len(name) < 10:
            name += SHORT
        return name

    def address(self, syntax: Syntax) -> Address | None:
        """N3 and N4; None where neither was sent."""
        if not self.street and not self.city:
            return None
        # N4 repeats for everyone in a town, N3 hardly ever.
        street = self.street.split(syntax.element)
        city = syntax.elements[self.city]
        return Address(
            street=street[1] if len(street) > 1 else "",
            street_2=street[2] if len(street) > 2 else "",
            city=city[1],
            state=city[2],
            postal_code=city[3],
            country=city[4],
        )

    def provider(self, syntax: Syntax) -> Provider:
        """A provider or facility; a tax id in NM109 (4010) stays a tax id."""
        key = (self.text, self.street, self.city, self.tax_id, self.taxonomy_code)
        known = syntax.remembered.get(key)
        if isinstance(known, Provider):
            return known
        name = self.name(syntax)
        provider = Provider(
            name=name[3],
            first_name=name[4],
            middle_name=name[5],
            npi=name[9] if name[8] == "XX" else "",
            taxonomy_code=self.taxonomy_code,
            tax_id=self.tax_id or (name[9] if name[8] in ("24", "34") else ""),
            address=self.address(syntax),
        )
        syntax.remember(key, provider)
        return provider

    def payer(self, syntax: Syntax) -> ClaimPayer:
        key = (self.text, self.street, self.city)
        known = syntax.remembered.get(key)
        if isinstance(known, ClaimPayer):
            return known
        name = self.name(syntax)
        payer = ClaimPayer(payer_id=name[9], name=name[3], address=self.address(syntax))
        syntax.remember(key, payer)
        return payer

    def patient(self, syntax: Syntax, relationship_code: str) -> Patient:
        name = self.name(syntax)
        return Patient(
            last_name=name[3],
            first_name=name[4],
            middle_name=name[5],
            birth_date=self.birth_date,
            gender=self.gender,
            address=self.address(syntax),
            relationship_code=relationship_code,
        )

    def subscriber(self, syntax: Syntax, coverage: str) -> Subscriber:
        """The insured; `coverage` is the text of the SBR segment."""
        name = self.name(syntax)
        sbr = syntax.elements[coverage]
        return Subscriber(
            member_id=name[9],
            last_name=name[3],
            first_name=name[4],
            middle_name=name[5],
            birth_date=self.birth_date,
            gender=self.gender,
            address=self.address(syntax),
            group_number=sbr[3],
            plan_name=sbr[4],
            payer_responsibility_code=sbr[1],
            relationship_code=sbr[2],
            claim_filing_code=sbr[9],
            insurance_type_code=sbr[5],
        )


NOBODY = Party("NM1")
