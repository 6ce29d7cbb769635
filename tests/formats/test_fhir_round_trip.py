"""What the FHIR writers write is read back equal, as far as docs/fhir.md says."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from denialml.domain.claim import Claim, Diagnosis, ServiceLine
from denialml.domain.problem import Problem
from denialml.domain.record import Fact
from denialml.domain.remittance import ClaimPayment
from denialml.formats import read_bytes, write_fhir_answers, write_fhir_claims
from tests.formats import strategies

QUICK = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
DAY = strategies.days


def read_back(data: bytes) -> tuple[list[Fact], tuple[Problem, ...]]:
    reading = read_bytes(data, file="f")
    return [replace(each, source=None) for each in reading], reading.problems


def line_as_kept(line: ServiceLine, claim: Claim) -> ServiceLine:
    """Only HC lines; pointers lead to a diagnosis; a range ends on another day."""
    last, count = line.service_date_end, len(claim.diagnoses)
    pointers = tuple(each for each in line.diagnosis_pointers if each <= count)
    return replace(
        line,
        procedure_qualifier="HC",
        diagnosis_pointers=pointers or ((1,) if count == 1 else ()),
        service_date_end=None if last == line.service_date else last,
        rendering_provider=None
        if line.rendering_provider == claim.rendering_provider
        else line.rendering_provider,
    )


def as_kept(claim: Claim) -> Claim:
    """The claim in the form that X222 wants and FHIR can hold."""
    own = {line.rendering_provider for line in claim.lines}
    if claim.rendering_provider is None and len(own) == 1:
        claim = replace(claim, rendering_provider=own.pop())
    diagnoses = claim.diagnoses
    if diagnoses and not any(each.qualifier in ("ABK", "BK") for each in diagnoses):
        first = {"ABF": "ABK", "BF": "BK"}[diagnoses[0].qualifier]
        diagnoses = (Diagnosis(code=diagnoses[0].code, qualifier=first), *diagnoses[1:])
    is_self = claim.patient is None
    subscriber = replace(claim.subscriber, relationship_code="18" if is_self else "")
    claim = replace(claim, diagnoses=diagnoses, subscriber=subscriber)
    lines = tuple(line_as_kept(line, claim) for line in claim.lines)
    return without_lone_middle_names(replace(claim, lines=lines))


def without_lone_middle_names(claim: Claim) -> Claim:
    """FHIR has given names in order: there is no second without a first."""

    def mended(holder: Fact | None) -> Fact | None:
        if holder is None or holder.first_name:  # type: ignore[attr-defined]
            return holder
        return replace(holder, middle_name="")

    names = (
        *("subscriber", "patient", "billing_provider", "rendering_provider"),
        *("referring_provider", "supervising_provider", "service_facility"),
    )
    lines = tuple(
        replace(line, rendering_provider=mended(line.rendering_provider))
        for line in claim.lines
    )
    values = {name: mended(getattr(claim, name)) for name in names}
    return replace(claim, lines=lines, **values)


@given(claim=strategies.claims)
@QUICK
def test_claims_are_read_back_equal(claim: Claim) -> None:
    kept = as_kept(claim)
    records, problems = read_back(write_fhir_claims([kept]))
    assert records == [kept]
    assert {each.code for each in problems} <= {"lines-do-not-add-up"}


@given(data=st.data(), received_on=DAY)
@QUICK
def test_answers_are_read_back_equal(data: st.DataObject, received_on) -> None:
    remittance, payments, _ = data.draw(strategies.remittance_groups(received_on, 1))
    remittance = replace(remittance, transaction_control_number="")
    payments = [replace(each, remittance=remittance) for each in payments]
    reading = read_bytes(write_fhir_answers(payments), file="f")
    found = [
        replace(each, source=None, remittance=replace(each.remittance, source=None))
        for each in reading
        if isinstance(each, ClaimPayment)
    ]
    assert found == payments
    sums = {"lines-do-not-add-up", "line-out-of-balance"}
    assert {each.code for each in reading.problems} <= sums
