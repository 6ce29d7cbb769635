"""Write a simulated practice as the files a practice would have, the truth apart.

::

    OUT/practice/837P, 999, 277CA, 835        X12, as sent and received
    OUT/practice/271, 278                     answers about coverage, authorization
    OUT/practice/*.csv, documents/            the practice's own exports
    OUT/outgoing/claims.edi                   prepared, not yet sent
    OUT/newest/835.edi                        the newest remittances, not yet received
    OUT/truth/*.csv                           for benchmarks and tests only

A third of the eligibility answers and half of the authorizations are written as X12
(271, 278) only, the rest as CSV only. The same practice gives the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeVar

from denialml.domain.acknowledgment import ClaimAcknowledgment
from denialml.domain.claim import Claim
from denialml.domain.coverage import (
    Authorization,
    Clinician,
    EligibilityCheck,
    Enrollment,
    Payer,
)
from denialml.domain.document import Document
from denialml.domain.encounter import Encounter
from denialml.domain.record import Fact
from denialml.formats import (
    Envelope,
    csv_file_name,
    write_authorizations,
    write_claim_acknowledgments,
    write_claims,
    write_csv,
    write_eligibility,
    write_remittances,
)
from denialml.journeys.simulate_receipts import file_receipt
from denialml.journeys.simulate_truth import (
    appeals_csv,
    document_truth_csv,
    truth_csv,
)
from denialml.simulation import (
    RemittanceAdvice,
    SimulatedPractice,
)

T = TypeVar("T")

Progress = Callable[[int, int], None]
"""Takes (files written, files in all)."""

_PRACTICE_ID = "SIMPRACTICE"
_CLEARINGHOUSE_ID = "SIMCLEARING"
_EVENING = time(18, 0)


class _Output(NamedTuple):
    """A file to write: path below the output folder, and how to make its bytes."""

    path: str
    content: Callable[[], bytes]


def write_practice(
    practice: SimulatedPractice, directory: Path, *, progress: Progress | None = None
) -> list[Path]:
    """Write every file of a simulated practice below `directory`.

    Existing files of the same names are replaced; others stay. Returns the paths
    in the order written.
    """
    outputs = [
        *_x12_outputs(practice),
        *_table_outputs(practice),
        *(
            _Output(f"practice/documents/{document.file_name}", document.text.encode)
            for document in practice.documents
        ),
        _Output("truth/truth.csv", lambda: truth_csv(practice.truth)),
        _Output("truth/traps.csv", lambda: document_truth_csv(practice.document_truth)),
        _Output("truth/appeals.csv", lambda: appeals_csv(practice.appeals)),
    ]
    paths = []
    for number, output in enumerate(outputs, start=1):
        path = directory / output.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(output.content())
        paths.append(path)
        if progress is not None and (number % 50 == 0 or number == len(outputs)):
            progress(number, len(outputs))
    return paths


def _envelope(number: int, when: date, *, outbound: bool) -> Envelope:
    sender, receiver = _PRACTICE_ID, _CLEARINGHOUSE_ID
    names = ("CEDAR AND SAMPLE BEHAVIORAL HEALTH", "SIMULATED CLEARINGHOUSE")
    if not outbound:
        sender, receiver = receiver, sender
        names = (names[1], names[0])
    return Envelope(
        sender_id=sender,
        receiver_id=receiver,
        control_number=number,
        created_at=datetime.combine(when, _EVENING),
        usage="T",
        sender_name=names[0],
        receiver_name=names[1],
    )


def _x12_outputs(practice: SimulatedPractice) -> Iterator[_Output]:
    yield from _claim_outputs(practice)
    yield from _remittance_outputs(practice)
    yield from _acknowledgment_outputs(practice)
    names = _member_names(practice)
    checks = [
        check
        for number, check in enumerate(practice.eligibility_checks)
        if number % 3 == 0
    ]
    for number, (month, members) in enumerate(
        _by_month(checks, lambda check: check.checked_on), start=1
    ):
        yield _Output(
            f"practice/271/{month}.edi",
            _eligibility_writer(number, members, names=names),
        )
    authorizations = practice.authorizations[::2]
    for number, (month, granted) in enumerate(
        _by_month(authorizations, lambda one: one.issued_on), start=1
    ):
        yield _Output(
            f"practice/278/{month}.edi",
            _authorization_writer(number, granted, names=names),
        )


def _claim_outputs(practice: SimulatedPractice) -> Iterator[_Output]:
    """One 837P a week, one transaction a day in it."""
    weeks = groupby(practice.claims, key=lambda claim: _week(_sent_on(claim)))
    for number, (week, members) in enumerate(weeks, start=1):
        claims = list(members)
        envelope = _envelope(number, _sent_on(claims[-1]), outbound=True)
        answer = _envelope(number, _sent_on(claims[-1]), outbound=False)
        write_file, write_receipt = _file_and_receipt(
            _claim_writer(claims, envelope), answer
        )
        yield _Output(f"practice/837P/{week}.edi", write_file)
        yield _Output(f"practice/999/{week}.edi", write_receipt)
    if practice.outgoing:
        envelope = _envelope(900001, _sent_on(practice.outgoing[0]), outbound=True)
        yield _Output(
            "outgoing/claims.edi", _claim_writer(list(practice.outgoing), envelope)
        )


def _claim_writer(claims: list[Claim], envelope: Envelope) -> Callable[[], bytes]:
    return lambda: write_claims(claims, envelope=envelope)


def _file_and_receipt(
    content: Callable[[], bytes], envelope: Envelope
) -> tuple[Callable[[], bytes], Callable[[], bytes]]:
    """An 837 and the 999 that answers it, which is written right after it."""
    made: list[bytes] = []

    def write_file() -> bytes:
        made.append(content())
        return made[-1]

    def write_receipt() -> bytes:
        return file_receipt(made.pop(), envelope=envelope)

    return write_file, write_receipt


def _remittance_outputs(practice: SimulatedPractice) -> Iterator[_Output]:
    """One 835 a day, because the file's date is the day it was received."""
    days = groupby(practice.remittances, key=_received_on)
    number = 0
    for number, (day, members) in enumerate(days, start=1):
        yield _Output(
            f"practice/835/{day.isoformat()}.edi",
            _remittance_writer(list(members), _envelope(number, day, outbound=False)),
        )
    if practice.newest:
        yield _Output("newest/835.edi", partial(_newest_content, practice, number))


def _newest_content(practice: SimulatedPractice, number: int) -> bytes:
    """One interchange a day, in one file."""
    days = groupby(practice.newest, key=_received_on)
    return b"".join(
        _remittance_writer(list(members), _envelope(place, day, outbound=False))()
        for place, (day, members) in enumerate(days, start=number + 1)
    )


def _remittance_writer(
    advices: list[RemittanceAdvice], envelope: Envelope
) -> Callable[[], bytes]:
    return lambda: write_remittances(
        ((one.remittance, one.payments, one.adjustments) for one in advices),
        envelope=envelope,
    )


def _acknowledgment_outputs(practice: SimulatedPractice) -> Iterator[_Output]:
    """One 277CA a day, ordered by payer."""
    names = {
        claim.patient_control_number: (
            claim.subscriber.last_name,
            claim.subscriber.first_name,
        )
        for claim in practice.claims
    }
    ordered = sorted(
        practice.acknowledgments,
        key=lambda one: (one.received_on or date.min, one.payer_id),
    )
    for number, (day, members) in enumerate(
        groupby(ordered, key=lambda one: one.received_on or date.min), start=1
    ):
        yield _Output(
            f"practice/277CA/{day.isoformat()}.edi",
            _acknowledgment_writer(
                list(members), _envelope(number, day, outbound=False), names=names
            ),
        )


def _acknowledgment_writer(
    acknowledgments: list[ClaimAcknowledgment],
    envelope: Envelope,
    *,
    names: Mapping[str, tuple[str, str]],
) -> Callable[[], bytes]:
    return lambda: write_claim_acknowledgments(
        acknowledgments, envelope=envelope, patient_names=names
    )


def _eligibility_writer(
    number: int, checks: list[EligibilityCheck], *, names: Mapping[str, tuple[str, str]]
) -> Callable[[], bytes]:
    envelope = _envelope(number, checks[-1].checked_on, outbound=False)
    return lambda: write_eligibility(checks, envelope=envelope, subscriber_names=names)


def _authorization_writer(
    number: int,
    authorizations: list[Authorization],
    *,
    names: Mapping[str, tuple[str, str]],
) -> Callable[[], bytes]:
    envelope = _envelope(number, authorizations[-1].issued_on, outbound=False)
    return lambda: write_authorizations(
        authorizations, envelope=envelope, subscriber_names=names
    )


def _member_names(practice: SimulatedPractice) -> dict[str, tuple[str, str]]:
    return {
        claim.subscriber.member_id: (
            claim.subscriber.last_name,
            claim.subscriber.first_name,
        )
        for claim in (*practice.claims, *practice.outgoing)
    }


def _table_outputs(practice: SimulatedPractice) -> Iterator[_Output]:
    checks = [
        check
        for number, check in enumerate(practice.eligibility_checks)
        if number % 3 != 0
    ]
    tables: tuple[tuple[type[Fact], Iterable[Fact]], ...] = (
        (Payer, practice.payers),
        (Clinician, practice.clinicians),
        (Enrollment, practice.enrollments),
        (EligibilityCheck, checks),
        (Authorization, practice.authorizations[1::2]),
        (Encounter, practice.encounters),
        (Document, practice.documents),
    )
    for kind, records in tables:
        yield _Output(f"practice/{csv_file_name(kind)}", _table_writer(kind, records))


def _table_writer(kind: type[Fact], records: Iterable[Fact]) -> Callable[[], bytes]:
    return lambda: write_csv(records, kind=kind)


def _sent_on(claim: Claim) -> date:
    assert claim.submitted_on is not None
    return claim.submitted_on


def _received_on(advice: RemittanceAdvice) -> date:
    assert advice.remittance.received_on is not None
    return advice.remittance.received_on


def _week(day: date) -> str:
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def _by_month(
    records: Iterable[T], day_of: Callable[[T], date]
) -> Iterator[tuple[str, list[T]]]:
    ordered = sorted(records, key=day_of)
    for month, members in groupby(ordered, key=lambda one: f"{day_of(one):%Y-%m}"):
        yield month, list(members)
