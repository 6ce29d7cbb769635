"""Which data a run learnt from, without saying anything about them.

The digest is keyed by the organization: whoever holds the key and the records can
recompute it; nobody else can test a guess against it.
"""

import hashlib
from collections.abc import Callable
from datetime import date

import msgspec
import numpy as np

from denialml.modeling.risk.frames import Frame


class DataFingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """Counts are claim lines; days are submission days, included.

    `digest` is over the ids of all lines and their labels as they stood on `known_by`:
    one label more or another one changes it.
    """

    digest: str
    known_by: date
    first_day: date
    last_day: date
    lines: int
    denied: int
    paid: int
    censored: int


def data_fingerprint(
    frame: Frame, *, known_by: date, keyed: Callable[[str], str]
) -> DataFingerprint:
    """The fingerprint of a frame; `keyed` turns a text into the organization's digest.

    The frame must have at least one row.
    """
    labels = frame.labels(known_by=known_by)
    stated = sorted(
        f"{one.claim_id}|{one.line.line_number}|{label}"
        for one, label in zip(frame.lines, labels.tolist(), strict=True)
    )
    content = hashlib.sha256("\n".join(stated).encode()).hexdigest()
    return DataFingerprint(
        digest=keyed(content),
        known_by=known_by,
        first_day=date.fromordinal(int(frame.submitted_on.min())),
        last_day=date.fromordinal(int(frame.submitted_on.max())),
        lines=len(labels),
        denied=int(np.count_nonzero(labels == 1)),
        paid=int(np.count_nonzero(labels == 0)),
        censored=int(np.count_nonzero(labels < 0)),
    )
