"""People and organizations while they are being read: NM1, N3, N4, DMG, PRV, REF."""

from datetime import date

from denialml.domain.claim import (
    Address,
    ClaimPayer,
    Patient,
    Provider,
    Subscriber,
)
from denialml.formats.values import BLANK, readable


class Party:
    """One NM1 loop, filled segment by segment and built at the end of its loop."""

    __slots__ = (
        "birth_date",
        "city_line",
        "gender",
        "name",
        "street_line",
        "tax_id",
        "taxonomy_code",
    )

    def __init__(self, name: list[str]) -> None:
        self.name = name
        self.street_line: list[str] | None = None
        self.city_line: list[str] | None = None
        self.birth_date: date | None = None
        self.gender = ""
        self.tax_id = ""
        self.taxonomy_code = ""

    def address(self) -> Address | None:
        """N3 and N4; None where neither was sent."""
        if self.street_line is None and self.city_line is None:
            return None
        street, city = self.street_line or BLANK, self.city_line or BLANK
        return Address(
            street=readable(street[1]),
            street_2=readable(street[2]),
            city=readable(city[1]),
            state=city[2],
            postal_code=city[3],
            country=city[4],
        )

    def provider(self) -> Provider:
        """A provider or facility; a tax id in NM109 (4010) stays a tax id."""
        name = self.name
        return Provider(
            name=readable(name[3]),
            first_name=readable(name[4]),
            middle_name=readable(name[5]),
            npi=name[9] if name[8] == "XX" else "",
            taxonomy_code=self.taxonomy_code,
            tax_id=self.tax_id or (name[9] if name[8] in ("24", "34") else ""),
            address=self.address(),
        )

    def payer(self) -> ClaimPayer:
        return ClaimPayer(
            payer_id=self.name[9], name=readable(self.name[3]), address=self.address()
        )

    def patient(self, relationship_code: str) -> Patient:
        name = self.name
        return Patient(
            last_name=readable(name[3]),
            first_name=readable(name[4]),
            middle_name=readable(name[5]),
            birth_date=self.birth_date,
            gender=self.gender,
            address=self.address(),
            relationship_code=relationship_code,
        )

    def subscriber(self, sbr: list[str]) -> Subscriber:
        name = self.name
        return Subscriber(
            member_id=name[9],
            last_name=readable(name[3]),
            first_name=readable(name[4]),
            middle_name=readable(name[5]),
            birth_date=self.birth_date,
            gender=self.gender,
            address=self.address(),
            group_number=sbr[3],
            plan_name=readable(sbr[4]),
            payer_responsibility_code=sbr[1],
            relationship_code=sbr[2],
            claim_filing_code=sbr[9],
            insurance_type_code=sbr[5],
        )
