"""What all denials of a practice teach about each: one place for all who conclude."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from denialml.modeling.root_cause.cause_sets import CauseSets, fit_cause_sets
from denialml.modeling.root_cause.cause_tendencies import (
    FloatArray,
    LineEvidence,
    learn_tendencies,
    shares_of,
)
from denialml.modeling.root_cause.learnt_causes import LearntCauses

# Below this many denials their likeness is chance: each line speaks for itself.
THIN_LINES = 30


class Taught(NamedTuple):
    """What is added to each line's log-odds, shape (n_lines, 17), and the sets.

    `thin`: there were too few lines to learn from, `added` is zero and `sets` is None
    unless it was handed in.
    """

    added: FloatArray
    sets: CauseSets | None
    thin: bool


def learn_from(
    evidence: Sequence[LineEvidence],
    *,
    learnt: LearntCauses | None = None,
    sets: CauseSets | None = None,
) -> Taught:
    """Tendencies and, where there is one, the learnt model; sets by stated shares."""
    added = learn_tendencies(evidence)
    thin = len(evidence) < THIN_LINES
    if thin:
        added = np.zeros_like(added)
    elif learnt is not None:
        added = added + learnt.log_odds(evidence)
    if sets is None and not thin:
        sets = fit_cause_sets(cause_shares(evidence, added))
    return Taught(added, sets, thin)


def cause_shares(evidence: Sequence[LineEvidence], added: FloatArray) -> FloatArray:
    """Probabilities of the causes of each line: shape (n_lines, 17)."""
    alone = [np.add(line.codes, line.signs) for line in evidence]
    return shares_of(np.array(alone).reshape(added.shape) + added)
