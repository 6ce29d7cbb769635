"""The rules of `families.provider_numbers`."""

import pytest

from denialml.domain.claim import Provider
from denialml.domain.edit import Severity
from denialml.rules.payer_policy import PayerPolicy
from tests.rules.cases import BILLING_NPI, NPI, case, changed, clinician, line
from tests.rules.spec import CANNOT_TELL, CLEAN, FOUND, Row, check_row

GROUP = Provider(name="Cedar and Sample", npi=BILLING_NPI, tax_id="990000001")
SOLO = Provider(name="Quarrystone", first_name="Linden", npi=NPI, tax_id="99-0000001")
PERSON = Provider(name="Quarrystone", first_name="Linden", npi=NPI)
FACILITY = Provider(name="Alder House", npi=BILLING_NPI)
# These read nothing but the claim.
ALWAYS_TELL = {"BH-002"}
SPEC = [
    Row(
        "BH-001",
        FOUND,
        lambda: case(billing_provider=Provider(name="Cedar", tax_id="990000001")),
        says="The billing provider has no NPI",
    ),
    Row(
        "BH-001",
        FOUND,
        lambda: case(line(), line("90785", 2), rendering_provider=None),
        says="90785 and 90834 without the NPI",
        lines=(1, 2),
    ),
    Row(
        "BH-001",
        FOUND,
        lambda: case(
            line(rendering_provider=PERSON),
            line("90785", 2),
            rendering_provider=None,
        ),
        lines=(2,),
    ),
    Row(
        "BH-001",
        FOUND,
        lambda: case(
            billing_provider=SOLO, rendering_provider=Provider(name="Quarrystone")
        ),
        says="rendering provider is named without an NPI",
    ),
    Row(
        "BH-001",
        FOUND,
        lambda: case(
            line(), line("90785", 2, rendering_provider=Provider(name="Quarrystone"))
        ),
        says="A line's rendering provider is named without an NPI",
        lines=(2,),
    ),
    Row("BH-001", CLEAN, case),
    Row("BH-001", CLEAN, lambda: case(billing_provider=SOLO, rendering_provider=None)),
    Row(
        "BH-001",
        CLEAN,
        lambda: case(line(rendering_provider=PERSON), rendering_provider=None),
    ),
    # E77: a program's day rate names no person.
    Row("BH-001", CLEAN, lambda: case(line("H0015"), rendering_provider=None)),
    Row("BH-001", CLEAN, lambda: case(line("T1015"), rendering_provider=None)),
    Row(
        "BH-001",
        CANNOT_TELL,
        lambda: case(line("H0038"), rendering_provider=None),
        says="whether the payer wants a rendering provider",
    ),
    Row(
        "BH-002",
        FOUND,
        lambda: case(rendering_provider=Provider(name="Q", npi="1999010013")),
        says="The NPI 1999010013 of the rendering provider",
    ),
    Row(
        "BH-002",
        FOUND,
        lambda: case(supervising_provider=Provider(name="Q", npi="199901001")),
        says="supervising provider",
    ),
    Row(
        "BH-002",
        FOUND,
        lambda: case(line(rendering_provider=Provider(name="Q", npi="3999010014"))),
        says="rendering provider of line 1",
    ),
    Row(
        "BH-002",
        FOUND,
        lambda: case(referring_provider=Provider(name="Q", npi="19990100A4")),
        says="referring provider",
    ),
    Row("BH-002", CLEAN, lambda: case(service_facility=FACILITY)),
    # The published example of the specification.
    Row(
        "BH-002",
        CLEAN,
        lambda: case(referring_provider=Provider(name="Q", npi="1234567893")),
    ),
    Row(
        "BH-003",
        FOUND,
        lambda: case(rendering_provider=GROUP),
        says=f"The rendering NPI {BILLING_NPI} of 90834",
        lines=(1,),
    ),
    Row(
        "BH-003",
        FOUND,
        lambda: case(
            line(),
            line("90785", 2),
            line("90853", 3, rendering_provider=PERSON),
            rendering_provider=GROUP,
        ),
        says="of 90785 and 90834 is the one of the organization",
        lines=(1, 2),
    ),
    Row("BH-003", CLEAN, case),
    # The group is what a program's day rate may name (E77).
    Row("BH-003", CLEAN, lambda: case(line("H0015"), rendering_provider=GROUP)),
    Row(
        "BH-003",
        CLEAN,
        lambda: case(
            rendering_provider=Provider(name="Quarrystone", npi=NPI),
            clinicians=[clinician()],
        ),
    ),
    Row(
        "BH-003",
        CANNOT_TELL,
        lambda: case(rendering_provider=Provider(name="Quarrystone", npi=NPI)),
        says=f"whether the rendering NPI {NPI} is a person's",
    ),
    # One NPI for both may be a clinician's own under a company's name.
    Row(
        "BH-003",
        CANNOT_TELL,
        lambda: case(rendering_provider=changed(PERSON, npi=BILLING_NPI)),
    ),
    Row(
        "BH-006",
        FOUND,
        lambda: case(clinicians=[clinician(tax_id="990000002")]),
        says="contracted under another tax number",
        lines=(1,),
    ),
    Row(
        "BH-006",
        FOUND,
        lambda: case(billing_provider=Provider(name="Cedar", npi=BILLING_NPI)),
        says="no tax number",
        severity=Severity.REJECT,
    ),
    Row("BH-006", CLEAN, lambda: case(clinicians=[clinician(tax_id="99-0000001")])),
    Row("BH-006", CLEAN, lambda: case(clinicians=[clinician(tax_id="99 0000001")])),
    # Where nobody is named, the organization is contracted, not a clinician.
    Row("BH-006", CLEAN, lambda: case(line("H0015"), rendering_provider=None)),
    Row(
        "BH-006",
        CANNOT_TELL,
        lambda: case(clinicians=[clinician()]),
        says="the tax number under which the clinician is contracted",
    ),
    Row("BH-006", CANNOT_TELL, case, says="the tax number"),
    Row(
        "BH-116",
        FOUND,
        lambda: case(
            line(place_of_service="31"),
            policy=PayerPolicy(requires_service_facility=True),
        ),
        says="90834 at place of service 31",
        lines=(1,),
    ),
    Row(
        "BH-116",
        FOUND,
        lambda: case(
            line(place_of_service="31"),
            line("90853", 2),
            line("90791", 3, place_of_service="32"),
            policy=PayerPolicy(requires_service_facility=True),
        ),
        says="90791 and 90834 at place of service 31 and 32, and this",
        lines=(1, 3),
    ),
    Row(
        "BH-116",
        FOUND,
        lambda: case(
            line(place_of_service="02"),
            policy=PayerPolicy(requires_service_facility=True),
        ),
    ),
    Row(
        "BH-116",
        CLEAN,
        lambda: case(
            line(place_of_service="31"),
            policy=PayerPolicy(requires_service_facility=True),
            service_facility=FACILITY,
        ),
    ),
    Row(
        "BH-116",
        CLEAN,
        lambda: case(
            line(place_of_service="31"),
            policy=PayerPolicy(requires_service_facility=False),
        ),
    ),
    Row("BH-116", CLEAN, lambda: case(line(place_of_service="10"))),
    Row("BH-116", CLEAN, lambda: case(line(place_of_service="02"))),
    Row(
        "BH-116",
        CANNOT_TELL,
        lambda: case(line(place_of_service="31")),
        says="service-facility setting",
    ),
]


@pytest.mark.parametrize("row", SPEC, ids=lambda row: f"{row.rule_id} {row.verdict}")
def test_the_rule_says_what_it_must(row: Row) -> None:
    check_row(row)
