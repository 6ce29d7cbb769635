"""How a model is trained, as written in `models/*.toml`."""

from pathlib import Path

import msgspec

from denialml.errors import InputError


class Trees(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """LightGBM's settings. Few and small trees keep explanations quick.

    `least_hessian_in_leaf` rather than a number of rows lets trees follow small
    groups that are denied almost surely, which is where few claims can be flagged with
    high precision.

    One thread: on a busy machine LightGBM's threads wait for each other and two took
    seven times as long as one.
    """

    maximum: int = 250
    leaves: int = 16
    learning_rate: float = 0.05
    minimum_rows_in_leaf: int = 5
    least_hessian_in_leaf: float = 1.0
    feature_share: float = 0.4
    row_share: float = 1.0
    l2: float = 3.0
    early_stopping_rounds: int = 40
    threads: int = 1


class Slices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How submissions are cut in time.

    `warm_up_days`: the first days of the practice's records teach history but no
    trees. `stopping_share`, `calibration_share`: the later rows that choose the number
    of trees and the calibration. `mature_share`: a week of submissions has been
    answered almost fully once this share of it has, relative to weeks long past.
    `least_answered`: an answered line is used where at least this share of its payer's
    paid lines, and of its denied ones, are answered at its age; it weighs the inverse
    of its own outcome's share. 1 takes mature weeks only, unweighted.
    """

    warm_up_days: int = 45
    stopping_share: float = 0.15
    calibration_share: float = 0.15
    mature_share: float = 0.95
    least_answered: float = 0.5


class Minimum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With fewer answered or denied lines than this no trees are fitted."""

    answered_lines: int = 300
    denied_lines: int = 30


class Thin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Trees of a thin history (`thin_history`): fewer answered lines than `lines`.

    They start from the rates by cause; `trees` is their number, not stopped early.
    Below `very_thin_lines` they have `fewest_leaves`.
    """

    lines: int = 6000
    very_thin_lines: int = 2000
    trees: int = 120
    leaves: int = 8
    fewest_leaves: int = 4
    learning_rate: float = 0.035
    minimum_rows_in_leaf: int = 20
    least_hessian_in_leaf: float = 0.001
    row_share: float = 0.8
    l2: float = 20.0


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a training run is measured on and how.

    `window_share`: the newest mature answered lines that nothing judged may have
    learnt from. `rounds`: bootstrap draws of an interval. `smallest_cell`: a group of
    fewer patients than this is not reported. `explained_rows`: lines of the window
    whose contributions are averaged. `preventable_share`, `review_dollars`: what the
    decision curve assumes of a review, the share of found denials that it prevents and
    what looking at one claim costs.
    """

    window_share: float = 0.15
    rounds: int = 200
    smallest_cell: int = 11
    explained_rows: int = 2000
    preventable_share: float = 0.5
    review_dollars: float = 5.0


class Gates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a challenger must meet before it serves (docs/retraining.md).

    Log-loss is in natural logarithms. `minimum_lines`, `minimum_denied`: fewer in the
    window and nothing is promoted. `payer_minimum_lines`: payers with fewer are not
    compared one by one.
    """

    minimum_lines: int = 150
    minimum_denied: int = 20
    log_loss_tolerance: float = 0.002
    table_log_loss_tolerance: float = 0.0
    payer_log_loss_tolerance: float = 0.02
    payer_minimum_lines: int = 100
    mean_risk_tolerance: float = 0.05


class TrainingSpecification(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Everything that decides a training run, besides the records themselves."""

    name: str = "denial-risk"
    seed: int = 20240101
    trees: Trees = Trees()
    slices: Slices = Slices()
    minimum: Minimum = Minimum()
    thin: Thin = Thin()
    evaluation: Evaluation = Evaluation()
    gates: Gates = Gates()


def load_specification(path: Path) -> TrainingSpecification:
    """Read a specification.

    Raises
    ------
    InputError
        If the file is not valid TOML or names a setting that does not exist.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=TrainingSpecification)
    except msgspec.DecodeError as error:
        raise InputError(f"{path.name} is not a training specification: {error}") from (
            error
        )
