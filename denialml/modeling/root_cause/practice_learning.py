"""What all denials of a practice teach about each: one place for all who conclude."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

import msgspec
import numpy as np

from denialml.domain.denial import RootCause
from denialml.domain.record import Judgment
from denialml.modeling.root_cause.cause_sets import CauseSets, fit_cause_sets
from denialml.modeling.root_cause.cause_tendencies import (
    CAUSES,
    FOLDS,
    FloatArray,
    LineEvidence,
    shares_of,
    tendency_parts,
)
from denialml.modeling.root_cause.learnt_causes import (
    LearntCauses,
    dump_learnt,
    learn_root_causes,
)
from denialml.modeling.root_cause.line_features import FEATURES, word_number

# Below this many denials their likeness is chance: each line speaks for itself.
THIN_LINES = 30
# What judges where nothing was learnt from confirmed causes, and among few denials.
BY_LIKENESS = "codes-records-likeness"
BY_CODES = "codes-records"
UNLEARNT = frozenset({"", BY_LIKENESS, BY_CODES})
# One denial in so many is chosen for checking, by a checksum that knows nothing of it.
ASKED_EVERY = 20
# Fewer confirmed causes cannot tell whether a learnt model is the better one.
FEWEST_TO_COMPARE = 20


class Taught(NamedTuple):
    """What is added to each line's log-odds, shape (n_lines, 17), and the sets.

    `letters` is the part of `added` that letters make. `thin`: there were too few lines
    to learn from, `added` is zero and `sets` is None unless it was handed in.
    `model_version` names what judged.
    """

    added: FloatArray
    sets: CauseSets | None
    thin: bool
    letters: FloatArray
    model_version: str


class CauseModel(Judgment, frozen=True):
    """What was learnt of a practice's denials and confirmations, as it is kept.

    `version` is a checksum of the trees. `lines` and `confirmed` were learnt from;
    `checked` of the confirmed had been chosen at random. `loss` and `loss_before` are
    the mean log-losses of the confirmed causes with and without the trees, each line by
    trees that never saw its claim; None with fewer than 20 confirmed.
    """

    version: str
    learnt: LearntCauses
    sets: CauseSets
    lines: int
    confirmed: int
    checked: int
    loss: float | None = None
    loss_before: float | None = None

    @property
    def is_better(self) -> bool:
        """Whether the trees tell confirmed causes no worse than doing without."""
        if self.loss is None or self.loss_before is None:
            return True
        return self.loss <= self.loss_before


def learn_from(
    evidence: Sequence[LineEvidence],
    *,
    learnt: LearntCauses | None = None,
    sets: CauseSets | None = None,
    version: str = "",
) -> Taught:
    """Tendencies and, where there is one, the learnt model; sets by stated shares.

    `version` is that of `learnt`.
    """
    thin = len(evidence) < THIN_LINES
    if thin:
        nothing = np.zeros((len(evidence), len(CAUSES)))
        return Taught(nothing, sets, thin, nothing, BY_CODES)
    parts = tendency_parts(evidence)
    added = parts.total
    if learnt is not None:
        added = added + learnt.log_odds(evidence)
    if sets is None:
        sets = fit_cause_sets(cause_shares(evidence, added))
    judged_by = version if learnt is not None else BY_LIKENESS
    return Taught(added, sets, thin, parts.letters, judged_by)


def learn_with(evidence: Sequence[LineEvidence], model: CauseModel | None) -> Taught:
    """`learn_from` with the model that is kept, if any."""
    if model is None:
        return learn_from(evidence)
    # Thresholds by stated probabilities move with them; those of checked causes stand.
    sets = model.sets if model.sets.basis == "confirmed" else None
    return learn_from(evidence, learnt=model.learnt, sets=sets, version=model.version)


def cause_shares(evidence: Sequence[LineEvidence], added: FloatArray) -> FloatArray:
    """Probabilities of the causes of each line: shape (n_lines, 17)."""
    alone = [np.add(line.codes, line.signs) for line in evidence]
    return shares_of(np.array(alone).reshape(added.shape) + added)


def is_asked(denial_id: str) -> bool:
    """Whether a denial is among those chosen at random for a person to check.

    One in twenty, by a checksum of its id. What people say of these measures the model:
    which other denials they look at depends on what it said.
    """
    return word_number(denial_id) % ASKED_EVERY == 0


def learn_cause_model(
    evidence: Sequence[LineEvidence],
    *,
    confirmed: Mapping[int, RootCause],
    checked: Mapping[int, RootCause],
) -> CauseModel | None:
    """Learn the trees and the thresholds of the sets of one practice.

    Parameters
    ----------
    evidence : sequence of LineEvidence
        All denied lines about which anything is known.
    confirmed : mapping of int to RootCause
        Causes that people confirmed, by position: the trees learn from all of them.
    checked : mapping of int to RootCause
        Those of them that were chosen at random (`is_asked`): thresholds rest on these
        alone, because sets that cover what people chose to look at need not cover the
        rest.

    Returns
    -------
    CauseModel or None
        None with too few denied lines to learn from (`learn_root_causes`).
    """
    learnt = learn_root_causes(evidence, confirmed=confirmed)
    if learnt is None:
        return None
    before = learn_from(evidence)
    added = before.added + learnt.log_odds(evidence)
    shares = cause_shares(evidence, added)
    loss = loss_before = None
    if len(confirmed) >= FEWEST_TO_COMPARE:
        loss = _loss(shares, confirmed)
        loss_before = _loss(cause_shares(evidence, before.added), confirmed)
    return CauseModel(
        version=f"learnt-{sha256(dump_learnt(learnt)).hexdigest()[:12]}",
        learnt=learnt,
        sets=fit_cause_sets(shares, confirmed=checked),
        lines=len(evidence),
        confirmed=len(confirmed),
        checked=len(checked),
        loss=loss,
        loss_before=loss_before,
    )


def tells_worse(
    model: CauseModel,
    evidence: Sequence[LineEvidence],
    *,
    confirmed: Mapping[int, RootCause],
) -> bool:
    """Whether a model tells causes confirmed since worse than doing without (log-loss).

    Its trees judge no line whose claim they saw. False with fewer than 20 confirmed.
    """
    before = learn_from(evidence)
    if before.thin or len(confirmed) < FEWEST_TO_COMPARE:
        return False
    added = before.added + model.learnt.log_odds(evidence)
    loss = _loss(cause_shares(evidence, added), confirmed)
    return loss > _loss(cause_shares(evidence, before.added), confirmed)


def dump_cause_model(model: CauseModel) -> bytes:
    """The model as JSON."""
    return msgspec.json.encode(model)


def load_cause_model(content: bytes) -> CauseModel | None:
    """A model that `dump_cause_model` wrote; None for any other content."""
    try:
        model = msgspec.json.decode(content, type=CauseModel)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    fits = model.learnt.features == FEATURES and len(model.learnt.boosters) == FOLDS
    return model if fits else None


def _loss(shares: FloatArray, told: Mapping[int, RootCause]) -> float:
    given = [shares[at, CAUSES.index(cause)] for at, cause in told.items()]
    return float(-np.log(np.maximum(given, 1e-6)).mean())
