"""The radar's report: changes newest first, what is watched, and whether to retrain."""

from collections.abc import Mapping, Sequence
from datetime import date

from denialml.domain.facts import PracticeRecords
from denialml.domain.payer_change import (
    ChangeStatus,
    PayerChange,
    RadarReport,
    RetrainProposal,
)
from denialml.modeling.radar.answers import line_answers
from denialml.modeling.radar.description import describe
from denialml.modeling.radar.settings import RadarSettings
from denialml.modeling.radar.watch import Watch

# So many answers since a change and trees can learn it; before that the decayed rates
# of the features already follow, and a new model would learn nothing more.
ANSWERS_TO_LEARN = 30


def radar_report(
    records: PracticeRecords,
    *,
    as_of: date,
    names: Mapping[str, str] | None = None,
    trained_as_of: date | None = None,
    settings: RadarSettings | None = None,
) -> RadarReport:
    """Watch the answers received before `as_of` and report every change found.

    Parameters
    ----------
    records : PracticeRecords
        Submitted claims and adjudications suffice.
    names : mapping of payer id to name, optional
        For the sentences; the id where missing.
    trained_as_of : date, optional
        The serving model knew answers received before this day. None: none serves.
    """
    answers = line_answers(records, known_by=as_of)
    watch = Watch(answers, settings or RadarSettings())
    watch.run()
    described = [describe(watch, one, names=names or {}) for one in watch.changes]
    changes = tuple(
        sorted(
            described,
            key=lambda one: (one.detected_on, one.group.payer_id, one.reason),
            reverse=True,
        )
    )
    watched, unwatched = watch.coverage()
    return RadarReport(
        as_of=as_of,
        answers=len(answers),
        watched=watched,
        unwatched_payers=unwatched,
        changes=changes,
        proposal=propose_retraining(changes, trained_as_of=trained_as_of),
    )


def propose_retraining(
    changes: Sequence[PayerChange], *, trained_as_of: date | None
) -> RetrainProposal:
    """Whether the open changes speak for a new model now.

    A change counts as learnt when the serving model was trained after its alarm.
    """
    unlearnt = [
        one
        for one in changes
        if one.status is ChangeStatus.OPEN
        and (trained_as_of is None or trained_as_of <= one.detected_on)
    ]
    if not unlearnt:
        return RetrainProposal(
            recommended=False, reason="No open change that the model has not seen."
        )
    ready = [one for one in unlearnt if one.since.answers >= ANSWERS_TO_LEARN]
    if trained_as_of is None:
        return RetrainProposal(
            recommended=bool(ready),
            reason="No model serves; one trained now learns the newest answers too.",
        )
    payers = ", ".join(sorted({one.group.payer_id for one in ready or unlearnt}))
    if ready:
        return RetrainProposal(
            recommended=True,
            reason=(
                f"Retrain: {len(ready)} change(s) at {payers} began to show after the"
                f" serving model's last answers ({trained_as_of})."
            ),
        )
    most = max(one.since.answers for one in unlearnt)
    return RetrainProposal(
        recommended=False,
        reason=(
            f"Too early to retrain for {payers}: {most} answers since the change;"
            f" {ANSWERS_TO_LEARN} suffice to learn it."
        ),
    )
