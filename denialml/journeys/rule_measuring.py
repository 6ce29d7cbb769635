"""Measuring each claim rule on the practice's own remittances."""

import os
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.claim import Claim
from denialml.domain.edit import Measured
from denialml.domain.facts import PracticeRecords
from denialml.errors import RulesRejected
from denialml.modeling.knowledge.causes import cause_shares
from denialml.modeling.knowledge.facts import FactBook
from denialml.modeling.knowledge.observation import ObservedLine, observe_lines
from denialml.modeling.knowledge.rule_outcomes import findings_of
from denialml.rules.engine import Engine
from denialml.rules.measured import NOTHING_MEASURED, RuleMeasures, measured_as
from denialml.rules.organization_rules import OrganizationRules
from denialml.store.records import practice_records

WINDOW_DAYS = 365


def measure_rules(
    session: Session,
    organization_id: str,
    *,
    rules: OrganizationRules,
    as_of: date,
) -> RuleMeasures:
    """What became of the rules' findings on claims of the year before `as_of`.

    Each claim is judged as on the day it was sent, its answer is the initial
    determination received before `as_of`.
    """
    records = practice_records(session, organization_id, until=as_of)
    return measured_on(records, rules=rules, as_of=as_of)


def measured_on(
    records: PracticeRecords, *, rules: OrganizationRules, as_of: date
) -> RuleMeasures:
    """The same over records that are at hand."""
    book, engine = FactBook(records), Engine(rules)
    since = as_of - timedelta(days=WINDOW_DAYS)
    answered = _answered_claims(records, book, since=since, as_of=as_of)
    counts: _Counts = defaultdict(lambda: defaultdict(lambda: [0, 0, 0.0]))
    usual: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for claim, lines in answered:
        _count(claim, lines, book, engine, counts)
        usual[claim.payer.payer_id][0] += len(lines)
        usual[claim.payer.payer_id][1] += sum(
            one.denied is True for one in lines.values()
        )
    return RuleMeasures(
        as_of=as_of,
        since=since,
        by_payer={
            key: {
                payer_id: Measured(
                    found=int(found),
                    denied=int(denied),
                    denied_for_cause=for_cause,
                    usually_denied=usual[payer_id][1] / usual[payer_id][0],
                )
                for payer_id, (found, denied, for_cause) in sorted(payers.items())
            }
            for key, payers in sorted(counts.items())
        },
    )


_Counts = defaultdict[str, defaultdict[str, list[float]]]


def _answered_claims(
    records: PracticeRecords, book: FactBook, *, since: date, as_of: date
) -> list[tuple[Claim, dict[int, ObservedLine]]]:
    """Original claims sent since then, with their lines answered before `as_of`."""
    claims: dict[str, tuple[Claim, dict[int, ObservedLine]]] = {}
    for one in observe_lines(records, book, answered_only=True):
        answer = one.answer
        if answer is None or answer.received_on >= as_of or one.submitted_on < since:
            continue
        if one.denied is None or not one.is_original:
            continue
        _, lines = claims.setdefault(one.claim_id, (one.claim, {}))
        lines[one.line.line_number] = one
    return list(claims.values())


def _count(
    claim: Claim,
    lines: dict[int, ObservedLine],
    book: FactBook,
    engine: Engine,
    counts: _Counts,
) -> None:
    sent_on = next(iter(lines.values())).submitted_on
    for found in findings_of(claim, book, engine, as_of=sent_on):
        if found.verdict != "found":
            continue
        for number in found.line_numbers or tuple(lines):
            one = lines.get(number)
            if one is None or one.answer is None:
                continue
            key = measured_as(found.rule_id, found.severity)
            count = counts[key][claim.payer.payer_id]
            count[0] += 1
            if one.denied:
                shares = cause_shares(one.answer.adjustments, one.answer.remark_codes)
                count[1] += 1
                count[2] += shares.get(found.root_cause, 0.0)


def save_measures(measures: RuleMeasures, path: Path) -> None:
    """Write them beside the organization's rules file; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(measures), indent=1))
    os.replace(unfinished, path)


def load_measures(path: Path) -> RuleMeasures:
    """What was measured last; nothing where it never was.

    Raises
    ------
    RulesRejected
        If the file is not one that `save_measures` wrote.
    """
    if not path.is_file():
        return NOTHING_MEASURED
    try:
        return msgspec.json.decode(path.read_bytes(), type=RuleMeasures)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RulesRejected(
            f"{path.name} is not what `denialml rules --measure` wrote: run it again"
        ) from error
