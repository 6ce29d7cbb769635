"""How a model is trained, as written in `models/*.toml`."""

from pathlib import Path

import msgspec

from denialml.errors import InputError


class Trees(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """LightGBM's settings. Few and small trees keep explanations quick.

    One thread: on a busy machine LightGBM's threads wait for each other and two took
    seven times as long as one.
    """

    maximum: int = 250
    leaves: int = 16
    learning_rate: float = 0.035
    minimum_rows_in_leaf: int = 60
    feature_share: float = 0.4
    row_share: float = 0.8
    l2: float = 5.0
    early_stopping_rounds: int = 40
    threads: int = 1


class Slices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How submissions are cut in time.

    `warm_up_days`: the first days of the practice's records teach history but no
    trees. `stopping_share`, `calibration_share`: the later rows that choose the number
    of trees and the calibration. `mature_share`: a week of submissions is used once
    this share of it has been answered, relative to weeks long past.
    """

    warm_up_days: int = 45
    stopping_share: float = 0.15
    calibration_share: float = 0.15
    mature_share: float = 0.95


class Minimum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fewer answered or denied lines than this raise `NotEnoughHistory`."""

    answered_lines: int = 1500
    denied_lines: int = 150


class TrainingSpecification(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Everything that decides a training run, besides the records themselves."""

    name: str = "denial-risk"
    seed: int = 20240101
    trees: Trees = Trees()
    slices: Slices = Slices()
    minimum: Minimum = Minimum()


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
