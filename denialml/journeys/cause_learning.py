"""Learning from the causes that people confirmed; the model is kept for the desk."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy.orm import Session

from denialml.domain.denial import RootCause
from denialml.domain.record import Judgment
from denialml.errors import InputError
from denialml.journeys.denying_answers import denying_answers
from denialml.journeys.judging import weigh
from denialml.journeys.letters import note_letters_read, read_letters
from denialml.modeling.root_cause.cause_tendencies import LineEvidence
from denialml.modeling.root_cause.practice_learning import (
    CauseModel,
    dump_cause_model,
    is_asked,
    learn_cause_model,
    load_cause_model,
    tells_worse,
)
from denialml.modeling.root_cause.root_cause_book import RootCauseBook
from denialml.store.audit import AuditAction, record_event
from denialml.store.cause_confirmations import standing_confirmations
from denialml.store.cause_models import (
    cause_model,
    cause_model_version,
    remove_cause_model,
    save_cause_model,
)
from denialml.store.identity import Identity
from denialml.store.organizations import get_organization
from denialml.store.records import practice_records


class CauseLearning(Judgment, frozen=True):
    """What a run of `learn_causes` came to.

    `lines` are denied lines that anything is known about, `confirmed` those whose cause
    stands confirmed; `checked` of the `asked` ones, chosen at random, were confirmed.
    `loss` and `loss_before` compare with and without what was learnt, on the confirmed
    causes (mean log-loss, cross-fitted). `is_kept`: the desk judges with it from the
    next run on; else `reason` says why not, `judges_on` names the model learnt before
    that judges on (empty: none does) and `dropped` the one that was taken away because
    the confirmed causes refute it.
    """

    lines: int
    confirmed: int
    asked: int
    checked: int
    is_kept: bool
    reason: str
    model_version: str = ""
    sets_rest_on: str = ""
    loss: float | None = None
    loss_before: float | None = None
    judges_on: str = ""
    dropped: str = ""


def learn_causes(
    session: Session,
    organization_id: str,
    *,
    as_of: date,
    now: datetime,
    actor: str,
) -> CauseLearning:
    """Learn from the denied lines known on `as_of` and what people confirmed of them.

    A model that tells confirmed causes worse than doing without is not kept; the one
    before then stays, unless it tells them worse as well. The caller commits.
    """
    known = _evidence(session, organization_id, as_of=as_of, now=now, actor=actor)
    evidence = list(known.values())
    asked = [is_asked(denial_id) for denial_id in known]
    confirmed = _confirmed(session, organization_id, known)
    checked = {place: cause for place, cause in confirmed.items() if asked[place]}
    model = learn_cause_model(evidence, confirmed=confirmed, checked=checked)
    report = CauseLearning(
        lines=len(known),
        confirmed=len(confirmed),
        asked=sum(asked),
        checked=len(checked),
        is_kept=False,
        reason="Too few denied lines are on file to learn from.",
    )
    if model is not None:
        report = _with_model(report, model)
    if model is not None and report.is_kept:
        save_cause_model(
            session,
            organization_id,
            dump_cause_model(model),
            version=model.version,
            now=now,
        )
    else:
        report = _with_the_one_before(
            session, organization_id, report, evidence, confirmed=confirmed
        )
        if report.dropped:
            _remove(session, organization_id, report.dropped, actor=actor, now=now)
    record_event(
        session,
        organization_id,
        actor=actor,
        action=AuditAction.CAUSES_LEARNT,
        record_kind="cause_model",
        record_id=report.model_version,
        record_count=len(confirmed),
        now=now,
    )
    return report


def _confirmed(
    session: Session, organization_id: str, known: Iterable[str]
) -> dict[int, RootCause]:
    """The cause that stands confirmed of a denial, by the denial's place in `known`."""
    standing = standing_confirmations(session, organization_id)
    return {
        place: cause
        for place, denial_id in enumerate(known)
        if denial_id in standing
        and (cause := standing[denial_id].root_cause) is not None
    }


def _evidence(
    session: Session,
    organization_id: str,
    *,
    as_of: date,
    now: datetime,
    actor: str,
) -> dict[str, LineEvidence]:
    """What each denied line shows that anything is known about, by its denial's id."""
    identity = Identity(get_organization(session, organization_id).fingerprint_key)
    records = practice_records(session, organization_id, until=as_of)
    letters = read_letters(session, organization_id, until=as_of)
    note_letters_read(session, organization_id, len(letters), actor=actor, now=now)
    book = RootCauseBook(records, as_of=as_of)
    fresh = weigh(denying_answers(records), book, identity=identity, letters=letters)
    return {
        one.judged.denial_id: one.judged.evidence
        for one in fresh
        if one.judged.evidence is not None
    }


def forget_causes(
    session: Session, organization_id: str, *, now: datetime, actor: str
) -> str:
    """Remove the model that judges, and return its version; the caller commits.

    From the next run on codes, records and letters judge alone.

    Raises:
        InputError: no model is on file.
    """
    version = cause_model_version(session, organization_id)
    if not version:
        raise InputError("no learnt causes are on file: nothing to forget")
    _remove(session, organization_id, version, actor=actor, now=now)
    return version


def _remove(
    session: Session, organization_id: str, version: str, *, actor: str, now: datetime
) -> None:
    remove_cause_model(session, organization_id)
    record_event(
        session,
        organization_id,
        actor=actor,
        action=AuditAction.CAUSES_FORGOTTEN,
        record_kind="cause_model",
        record_id=version,
        now=now,
    )


def _with_the_one_before(
    session: Session,
    organization_id: str,
    report: CauseLearning,
    evidence: Sequence[LineEvidence],
    *,
    confirmed: Mapping[int, RootCause],
) -> CauseLearning:
    """Whether the model on file judges on; one that cannot be read judges nothing."""
    before = model_on_file(session, organization_id)
    if before is None:
        return report
    if tells_worse(before, evidence, confirmed=confirmed):
        return msgspec.structs.replace(report, dropped=before.version)
    return msgspec.structs.replace(report, judges_on=before.version)


def model_on_file(session: Session, organization_id: str) -> CauseModel | None:
    """The model that judges; None where none that this release reads is on file."""
    content = cause_model(session, organization_id)
    return load_cause_model(content) if content is not None else None


def _with_model(report: CauseLearning, model: CauseModel) -> CauseLearning:
    return CauseLearning(
        lines=report.lines,
        confirmed=report.confirmed,
        asked=report.asked,
        checked=report.checked,
        is_kept=model.is_better,
        reason=""
        if model.is_better
        else "It tells the confirmed causes worse than doing without.",
        model_version=model.version if model.is_better else "",
        sets_rest_on=model.sets.basis,
        loss=model.loss,
        loss_before=model.loss_before,
    )
