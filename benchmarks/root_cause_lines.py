"""One denied line of a simulated practice with what each way of telling says."""

import msgspec

from denialml.domain.denial import RootCause


class Scored(msgspec.Struct, frozen=True):
    """One denied line: the truth, and what each way of telling says.

    `found` is the desk's finding, `unlabeled` that after it learnt from its denials
    without any confirmed cause, `labeled` after people confirmed some. `checked` lines
    were chosen at random for that, and thresholds rest on them.
    """

    truth: RootCause
    dictionary: RootCause | None
    codes_only: RootCause | None
    alone: RootCause | None
    found: RootCause | None
    runner_up: RootCause | None
    probability: float
    payer_error: bool
    exact: RootCause
    unlabeled: RootCause | None
    labeled: RootCause | None
    confirmed: bool
    checked: bool
    candidates: tuple[RootCause, ...]
    unlabeled_set: tuple[RootCause, ...]
    labeled_set: tuple[RootCause, ...]
