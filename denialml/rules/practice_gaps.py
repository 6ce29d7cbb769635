"""What a practice keeps no record of, told once for many claims.

A rule that cannot tell for want of a record that the practice never keeps says so of
every claim. That is advice on setting up, not a word on any one of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from denialml.domain.edit import EditFinding
from denialml.domain.missing import MissingRecord, PracticeGap


class _Kept(NamedTuple):
    """A kind of record: how one and many are called, the CSV file, and X12 files."""

    one: str
    many: str
    file: str
    x12: str = ""


_SETTING = MissingRecord.PAYER_SETTING
_KEPT: Mapping[MissingRecord, _Kept] = MappingProxyType(
    {
        MissingRecord.ELIGIBILITY_CHECK: _Kept(
            "eligibility answer", "eligibility answers", "eligibility_checks.csv", "271"
        ),
        MissingRecord.AUTHORIZATION: _Kept(
            "authorization", "authorizations", "authorizations.csv", "278"
        ),
        MissingRecord.ENCOUNTER: _Kept("note", "notes", "encounters.csv"),
        MissingRecord.CLINICIAN: _Kept("clinician", "clinicians", "clinicians.csv"),
        MissingRecord.ENROLLMENT: _Kept("enrollment", "enrollments", "enrollments.csv"),
        MissingRecord.PAYER: _Kept("payer", "payers", "payers.csv"),
    }
)
_OTHER_PLACES: Mapping[MissingRecord, str] = MappingProxyType(
    {
        MissingRecord.CLAIM: "the claim itself",
        MissingRecord.EARLIER_CLAIM: "837P and 835 files",
        MissingRecord.PAYER_SETTING: "[payers.PAYER_ID] of the rules file",
        MissingRecord.ELSEWHERE: (
            "no file that denialml reads, but a payer's policy, a registry, a schedule"
        ),
    }
)


def place_of(record: MissingRecord) -> str:
    """Where a practice puts such records, as a sentence names it."""
    kept = _KEPT.get(record)
    if kept is None:
        return _OTHER_PLACES[record]
    return f"{kept.x12} files or {kept.file}" if kept.x12 else kept.file


def practice_gaps(
    of_claims: Iterable[Sequence[EditFinding]],
) -> tuple[PracticeGap, ...]:
    """The gaps that the claims' findings tell of, those most claims ask about first."""
    asking: dict[tuple[MissingRecord, str], list[EditFinding]] = {}
    claims: dict[tuple[MissingRecord, str], int] = {}
    for findings in of_claims:
        of_claim = set()
        for one in findings:
            if one.practice_keeps is False and one.missing_record is not None:
                key = (one.missing_record, one.missing_field)
                asking.setdefault(key, []).append(one)
                of_claim.add(key)
        for key in of_claim:
            claims[key] = claims.get(key, 0) + 1
    gaps = [_gap(*key, some, claims=claims[key]) for key, some in asking.items()]
    return tuple(
        sorted(gaps, key=lambda gap: (-gap.claims, -len(gap.rule_ids), gap.rule_ids))
    )


def unknown_of_claim(findings: Iterable[EditFinding]) -> dict[str, tuple[str, ...]]:
    """What the rules cannot tell of this very claim: each fact that is missing, and
    the rules that ask for it. What the practice keeps no record of is left out."""
    asking: dict[str, dict[str, None]] = {}
    for one in findings:
        if one.verdict == "cannot_tell" and one.practice_keeps is not False:
            asking.setdefault(one.missing, {})[one.rule_id] = None
    return {fact: tuple(rules) for fact, rules in asking.items()}


def _gap(
    record: MissingRecord, field: str, asking: Sequence[EditFinding], *, claims: int
) -> PracticeGap:
    rule_ids = tuple(sorted({one.rule_id for one in asking}))
    first: dict[str, str] = {}
    for one in asking:
        first.setdefault(one.rule_id, one.missing)
    undecided = rule_ids[0] if len(rule_ids) == 1 else f"{len(rule_ids)} rules"
    lacking, advice = _said(record, field)
    return PracticeGap(
        missing_record=record,
        missing_field=field,
        rule_ids=rule_ids,
        facts=tuple(dict.fromkeys(first.values())),
        claims=claims,
        statement=f"{lacking}: {undecided} cannot be decided.",
        advice=advice,
    )


def _said(record: MissingRecord, field: str) -> tuple[str, str]:
    """What there is none of, and where it goes."""
    if record is _SETTING:
        return (
            f"{field} is written down for no payer",
            f"Write {field} under {place_of(record)} (docs/rules.md).",
        )
    kept, place = _KEPT[record], place_of(record)
    if field:
        return (
            f"{field} of every {kept.one} on file is empty",
            f"Send {place} with {field} (docs/formats.md).",
        )
    return (
        f"The practice has no {kept.many} on file",
        f"Send {place} (docs/formats.md).",
    )
