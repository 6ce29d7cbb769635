"""A scoring job: claims of a file or of lines of JSON, scored as a request would.

What cannot be read or scored of a claim is a line of the results with its place;
nothing good beside it is lost. Parts are cut by what is read, never by the clock, so
every try cuts the same ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO, Final

import msgspec

from api.bodies import claim_faults, field_error, repeated_field
from api.job_options import JobOptions
from api.job_work import (
    PART_CLAIMS,
    PART_LINES,
    Counts,
    JobFailed,
    ScoredRecord,
    Work,
    scored_on,
)
from api.problems import FieldError, ProblemType
from api.scoring import dated, scorable
from denialml.domain.claim import Claim
from denialml.domain.problem import Problem
from denialml.formats import open_reader

# A claim of 50 lines is about 15 KB.
LONGEST_LINE: Final = 1_000_000
_NO_LINES: Final = (FieldError(pointer="/lines", message="Expected a service line"),)
_claim_decoder = msgspec.json.Decoder(Claim)
_encoder = msgspec.json.Encoder()


@dataclass
class Part:
    """Some claims in the order read, and what is to be said of others."""

    claims: list[tuple[int, Claim]] = field(default_factory=list)
    refused: list[ScoredRecord] = field(default_factory=list)
    service_lines: int = 0
    records: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to score and keep it."""
        return self.records >= PART_CLAIMS or self.service_lines >= PART_LINES

    def add(self, position: int, claim: Claim) -> None:
        """One more claim to score."""
        self.claims.append((position, claim))
        self.service_lines += len(claim.lines)

    def refuse(self, record: ScoredRecord) -> None:
        """One that gets no score."""
        self.refused.append(record)


def score_claims(work: Work) -> None:
    """Score what was handed in, from the first part that is not on file yet.

    Raises `JobFailed` for a file that is no claim file or is incomplete, `ModelError`,
    `RulesRejected`, and what `work.check` raises.
    """
    options = work.options
    stream = work.open_input()
    read = _read_lines if work.is_lines else _ReadFile(work.lease.job.file_name)
    scorer = None
    for number, part in enumerate(read(stream.buffered(), options)):
        work.check()
        work.records_done += part.records
        failed = sum(_is_of_a_claim(one) for one in part.refused)
        work.records_failed += failed
        if number < work.lease.job.parts_done:
            continue
        scorer = scorer or work.shop.scorer_of(work.organization_id)
        scores = scorer.score(
            dated([claim for _, claim in part.claims], today=options.today),
            as_of=options.as_of,
            kept_day=scored_on(options),
            between=work.check,
            with_fixes=options.with_fixes,
        )
        records = [
            *part.refused,
            *(
                ScoredRecord(position=position, score=score)
                for (position, _), score in zip(part.claims, scores, strict=True)
            ),
        ]
        records.sort(key=lambda one: one.position or 0)
        work.keep_part(
            number,
            [_encoder.encode(one) + b"\n" for one in records],
            Counts(stream.bytes_read, len(scores), work.records_failed),
        )
    if isinstance(read, _ReadFile):
        read.require_complete()


def _is_of_a_claim(record: ScoredRecord) -> bool:
    return record.position is not None


class _ReadFile:
    """Cuts an X12 or FHIR file into parts; afterwards knows whether all of it came."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._claims = 0
        self._complete = True

    def __call__(self, stream: BinaryIO, options: JobOptions) -> Iterator[Part]:
        reader = open_reader(stream, file=self._file)
        part, told = Part(), 0
        for record in reader:
            if not isinstance(record, Claim):
                continue
            self._claims += 1
            part.records += 1
            if not record.lines:
                part.refuse(ScoredRecord(position=self._claims, errors=_NO_LINES))
                continue
            scored, left_out = scorable(
                [record], file=self._file, as_of=options.as_of, today=options.today
            )
            for claim in scored:
                part.add(self._claims, claim)
            for problem in left_out:
                part.refuse(ScoredRecord(position=self._claims, problem=problem))
            if part.is_full:
                told = _tell(part, reader.problems, told)
                yield part
                part = Part()
        _tell(part, reader.problems, told)
        self._complete = reader.complete
        if part.records or part.refused:
            yield part

    def require_complete(self) -> None:
        """Raises `JobFailed` where a claim may be missing, or there was none."""
        if not self._complete:
            kind = ProblemType.INCOMPLETE_FILE
            text = "The file is truncated or its counts do not add up; what could be"
            raise JobFailed(
                kind.slug, f"{text} read was scored, and the results name each place."
            )
        if not self._claims:
            raise JobFailed(
                ProblemType.UNREADABLE_FILE.slug, "The file holds no claim to score."
            )


def _tell(part: Part, problems: list[Problem], told: int) -> int:
    """Put the problems found since the last part into this one; how many there are."""
    for problem in problems[told:]:
        part.refuse(ScoredRecord(position=None, problem=problem))
    return len(problems)


def _read_lines(stream: BinaryIO, options: JobOptions) -> Iterator[Part]:
    """Cuts lines of JSON into parts; empty lines are passed over."""
    part = Part()
    for position, line in _lines(stream):
        part.records += 1
        claim, errors = decode_line(line, today=options.today)
        if claim is not None:
            part.add(position, claim)
        else:
            part.refuse(ScoredRecord(position=position, errors=errors))
        if part.is_full:
            yield part
            part = Part()
    if part.records:
        yield part


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Each line that says anything with its number; None for one that is too long."""
    position = 0
    while line := stream.readline(LONGEST_LINE + 1):
        position += 1
        if len(line) > LONGEST_LINE:
            while line and not line.endswith(b"\n"):
                line = stream.readline(LONGEST_LINE)
            yield position, None
        elif line.strip():
            yield position, line


def decode_line(
    line: bytes | None, *, today: date
) -> tuple[Claim | None, tuple[FieldError, ...]]:
    """A claim of JSON, or what is wrong with it; never a word of what was sent."""
    if line is None:
        message = f"Expected a claim of at most {LONGEST_LINE} bytes"
        return None, (FieldError(pointer="", message=message),)
    try:
        claim = _claim_decoder.decode(line)
        twice = repeated_field(line)
    except msgspec.ValidationError as error:
        return None, (field_error(str(error)),)
    except (ValueError, RecursionError):  # also what is no JSON or no UTF-8
        message = "Expected a claim as JSON in UTF-8"
        return None, (FieldError(pointer="", message=message),)
    if twice is not None:
        message = "Expected each field once"
        return None, (FieldError(pointer="", message=message),)
    faults = tuple(claim_faults(claim, today=today))
    return (None, faults) if faults else (claim, ())
