"""The interface of an engine, and the engine of this process.

The result is the same whatever engine computes it: equal bit for bit for reading,
features and scores; trees within the tolerance of docs/distributed.md.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from denialml.domain.claim import Claim
from denialml.domain.facts import PracticeRecords
from denialml.domain.risk import RiskScore
from denialml.formats import RecordReader, open_reader
from denialml.rules.organization_rules import NO_RULES_OF_ITS_OWN, PracticeRules

if TYPE_CHECKING:  # these load lightgbm, which taking files in does without
    import lightgbm

    from denialml.modeling.risk.bundle import Bundle
    from denialml.modeling.risk.frames import Frame
    from denialml.modeling.risk.tree_fitting import GrowingRows


class Opener(Protocol):
    """Opens a practice's file for reading; see `denialml.formats.open_reader`."""

    def __call__(
        self, stream: BinaryIO, *, file: str, documents_directory: Path | None = None
    ) -> RecordReader: ...


class Engine(Protocol):
    """Where the work is done. Nothing here reads or writes the store."""

    def openers(self, paths: Sequence[Path]) -> Iterator[Opener]:
        """For each file in turn what opens it; later ones may be read ahead."""
        ...

    def build_frame(
        self,
        records: PracticeRecords,
        *,
        to_day: date = date.max,
        known_by: date = date.max,
        originals_only: bool = True,
    ) -> "Frame":
        """The training table; see `denialml.modeling.risk.frames.build_frame`."""
        ...

    def grow(
        self, settings: dict[str, Any], rows: "GrowingRows", trees: int
    ) -> "lightgbm.Booster":
        """So many trees; see `denialml.modeling.risk.tree_fitting.Grow`."""
        ...

    def score_claims(
        self,
        records: PracticeRecords,
        claims: Sequence[Claim],
        *,
        bundle: "Bundle",
        rules: PracticeRules = NO_RULES_OF_ITS_OWN,
        as_of: date | None = None,
        with_fixes: bool = True,
    ) -> list[RiskScore]:
        """Risks in the order of the claims; see `denialml.journeys.score.Scorer`."""
        ...


class LocalEngine:
    """Everything in this process, on one core."""

    def openers(self, paths: Sequence[Path]) -> Iterator[Opener]:
        """Each file is read when its turn comes."""
        return repeat(open_reader, len(paths))

    def build_frame(
        self,
        records: PracticeRecords,
        *,
        to_day: date = date.max,
        known_by: date = date.max,
        originals_only: bool = True,
    ) -> "Frame":
        """See `Engine`."""
        from denialml.modeling.risk.frames import build_frame

        return build_frame(
            records, to_day=to_day, known_by=known_by, originals_only=originals_only
        )

    def grow(
        self, settings: dict[str, Any], rows: "GrowingRows", trees: int
    ) -> "lightgbm.Booster":
        """See `Engine`."""
        from denialml.modeling.risk.tree_fitting import grow_here

        return grow_here(settings, rows, trees)

    def score_claims(
        self,
        records: PracticeRecords,
        claims: Sequence[Claim],
        *,
        bundle: "Bundle",
        rules: PracticeRules = NO_RULES_OF_ITS_OWN,
        as_of: date | None = None,
        with_fixes: bool = True,
    ) -> list[RiskScore]:
        """See `Engine`."""
        from denialml.journeys.score import Scorer

        scorer = Scorer(records, bundle, rules=rules)
        return scorer.score(claims, as_of=as_of, with_fixes=with_fixes)
