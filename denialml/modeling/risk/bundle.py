"""The artifact that serving loads: trees as text, facts as JSON, a card, and a seal.

Nothing in it is executable and nothing in it is a category, an identifier or a
patient's datum. It is parsed only after its signature and hashes were checked.
"""

import os
import re
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt

from denialml.errors import BundleRejected, NoModel
from denialml.modeling.knowledge.rule_outcomes import rule_set_hash
from denialml.modeling.risk.batch_contributions import BatchContributions, prepared
from denialml.modeling.risk.calibration import Calibration
from denialml.modeling.risk.features import FEATURES, vocabulary_hash
from denialml.modeling.risk.seal import (
    MANIFEST,
    Seal,
    SigningSeal,
    Status,
    checked_contents,
    promoted_at,
    write_manifest,
)
from denialml.modeling.risk.single_row import RAW_SCORE, single_row
from denialml.modeling.risk.starting_rates import (
    Kind,
    log_odds_of_rate,
    starting_position,
)

FORMAT = 1
_MODEL, _FACTS = "model.txt", "bundle.json"
_WITHDRAWN = ".withdrawn"


class TrainingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says about its own making. Counts are claim lines.

    `trained_as_of`: only answers received before this day took part. `measures` are
    of the calibration slice, which the measured trees had not seen. `kind_reason`
    says why a thin history is served by another kind of model, empty where it is not.
    """

    name: str
    trained_as_of: str
    first_submission: str
    last_submission: str
    answered_lines: int
    denied_lines: int
    trees: int
    seed: int
    measures: dict[str, float]
    lightgbm_version: str
    kind_reason: str = ""


class BundleFacts(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """`bundle.json`. `version` names the model wherever a risk is shown.

    `kind`: trees, or trees or nothing on top of a rate of history (`starting_rates`),
    whose mean log-odds over the training rows is `mean_start`. `rules`: of the claim
    rules whose findings took part (`rule_set_hash`), empty where they did not.
    """

    format: int
    version: str
    features: tuple[str, ...]
    vocabulary: str
    calibration: Calibration
    training: TrainingFacts
    kind: Kind = "trees"
    mean_start: float = 0.0
    rules: str = ""


class Bundle:
    """A model that can score. Immutable; safe to share between threads."""

    def __init__(self, booster: lightgbm.Booster, facts: BundleFacts) -> None:
        self.booster = booster
        self.facts = facts
        self._one_raw = single_row(booster, kind=RAW_SCORE, output=1)
        self._start = starting_position(facts.kind)
        self._batch: BatchContributions | None = None
        self._batch_prepared = False

    @property
    def version(self) -> str:
        """The name shown beside every risk this bundle gave."""
        return self.facts.version

    @property
    def with_rules(self) -> bool:
        """Whether the claim rules that lines break take part in its features."""
        return bool(self.facts.rules)

    def raw_output(
        self, matrix: npt.NDArray[np.float64], *, threads: int = 1
    ) -> npt.NDArray[np.float64]:
        """Log-odds before calibration, float64 (rows,)."""
        if self._one_raw is not None and len(matrix) == 1:
            raw = self._one_raw(matrix[0]).ravel()
        else:
            output = self.booster.predict(matrix, raw_score=True, num_threads=threads)
            raw = np.asarray(output, dtype=np.float64)
        if self._start is None:
            return raw
        return raw + log_odds_of_rate(matrix[:, self._start])

    def contributions(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Exact SHAP values, float64 (rows, features + 1); the last column is the base.

        Each row adds up to `raw_output` but for rounding, and is the same alone and in
        any batch (`batch_contributions`). A rate that the model starts from contributes
        by how far its log-odds lie from their mean.
        """
        shares = self._tree_contributions(matrix)
        if self._start is not None:
            mean = self.facts.mean_start
            shares[:, self._start] += log_odds_of_rate(matrix[:, self._start]) - mean
            shares[:, -1] += mean
        return shares

    def _tree_contributions(
        self, matrix: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        if not self._batch_prepared:
            self._batch = prepared(self.booster)
            self._batch_prepared = True
        if self._batch is not None:
            return self._batch(matrix)
        output = self.booster.predict(matrix, pred_contrib=True, num_threads=1)
        return np.asarray(output, dtype=np.float64)


def write_bundle(
    bundle: Bundle,
    directory: Path,
    *,
    seal: SigningSeal,
    status: Status = "trained",
    cards: Mapping[str, bytes] | None = None,
) -> None:
    """Write and sign a bundle into a directory that does not exist yet.

    `cards` are further files by name, the model card: signed, never parsed by serving.
    """
    directory.mkdir(parents=True)
    text = _without_extremes(bundle.booster.model_to_string())
    (directory / _MODEL).write_text(text, encoding="utf-8")
    facts = msgspec.json.format(msgspec.json.encode(bundle.facts), indent=1)
    (directory / _FACTS).write_bytes(facts)
    for name, content in (cards or {}).items():
        (directory / name).write_bytes(content)
    names = (_MODEL, _FACTS, *(cards or {}))
    write_manifest(directory, names, seal=seal, status=status)


def _without_extremes(model: str) -> str:
    """LightGBM notes each feature's smallest and largest value: those are single lines'
    and no prediction reads them."""

    def blank(found: re.Match[str]) -> str:
        return found[1] + " ".join("none" for _ in found[2].split(" "))

    return re.sub(r"^(feature_infos=)(.*)$", blank, model, count=1, flags=re.MULTILINE)


def load_bundle(directory: Path, *, seal: Seal, status: Status = "promoted") -> Bundle:
    """Check a bundle's signature and hashes and read it.

    Raises
    ------
    NoModel
        If the directory holds no bundle.
    BundleRejected
        If it is unsigned, altered, of another organization or not promoted, or was
        made for other features than this version computes, or other claim rules.
    """
    if not (directory / MANIFEST).is_file():
        raise NoModel("no model has been promoted for scoring: run train and promote")
    contents = checked_contents(directory, seal=seal, status=status)
    for name in (_MODEL, _FACTS):
        if name not in contents:
            raise BundleRejected(f"{name} is missing from the bundle")
    try:
        facts = msgspec.json.decode(contents[_FACTS], type=BundleFacts)
    except msgspec.DecodeError as error:
        raise BundleRejected(
            f"{_FACTS} is not a bundle description: {error}"
        ) from error
    if facts.format != FORMAT:
        raise BundleRejected(
            f"bundle format {facts.format}, this version reads {FORMAT}"
        )
    names = tuple(feature.name for feature in FEATURES)
    if facts.features != names or facts.vocabulary != vocabulary_hash():
        raise BundleRejected(
            "the bundle was trained on other features than this version computes:"
            " train again"
        )
    if facts.rules and facts.rules != rule_set_hash():
        raise BundleRejected(
            "the bundle learnt from other claim rules than this version has: train"
            " again"
        )
    text = contents[_MODEL].decode("utf-8")
    try:
        booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise BundleRejected(f"{_MODEL} is not a LightGBM model") from error
    if booster.num_feature() != len(names):
        raise BundleRejected(
            f"{_MODEL} has {booster.num_feature()} features, expected {len(names)}"
        )
    return Bundle(booster, facts)


def version_that_serves(serving: Path, *, seal: Seal) -> str:
    """Its version; empty where nothing serves, or nothing that this version reads."""
    try:
        return load_bundle(serving, seal=seal).version
    except (NoModel, BundleRejected):
        return ""


def withdrawn_version(serving: Path, *, seal: Seal) -> str:
    """The version that the last `restore_previous` took out of service, or empty."""
    withdrawn = serving.with_name(serving.name + _WITHDRAWN)
    return version_that_serves(withdrawn, seal=seal)


def install_bundle(
    source: Path, serving: Path, *, seal: SigningSeal, now: datetime | None = None
) -> Bundle:
    """Sign `source` as promoted and serve it; `restore_previous` undoes that.

    A reader sees the old bundle or the new one, never a mixture: the new one is
    checked, copied beside, signed as promoted and renamed. Files that its manifest
    does not list are left behind. A version that serves already stays as it is, and so
    does the one before it. `now` is signed as the instant of the promotion.

    Raises
    ------
    BundleRejected
        As `load_bundle`; what serves stays.
    """
    bundle = load_bundle(source, seal=seal, status="trained")
    if version_that_serves(serving, seal=seal) == bundle.version:
        return bundle
    contents = checked_contents(source, seal=seal, status="trained")
    incoming = _copied_beside(contents, serving)
    write_manifest(incoming, contents, seal=seal, status="promoted", promoted_at=now)
    _swap_in(incoming, serving)
    return bundle


class Received(msgspec.Struct, frozen=True):
    """A bundle that came from another machine, and how it stands to what served."""

    bundle: Bundle
    came: Literal["newer", "older", "again"]


def receive_bundle(
    source: Path, serving: Path, *, seal: Seal, older: bool = False
) -> Received:
    """Serve a bundle that was promoted on another machine; takes the public key only.

    As `install_bundle`, but the manifest is kept as it was signed there. `older`: also
    one that was promoted before what serves.

    Raises
    ------
    NoModel
        If `source` holds no bundle.
    BundleRejected
        As `load_bundle`, or it was promoted before what serves; what serves stays.
    """
    if not (source / MANIFEST).is_file():
        raise NoModel(
            f"{source.name} holds no {MANIFEST}: give the copy of the folder"
            " model/ORGANIZATION of the machine that promoted"
        )
    bundle = load_bundle(source, seal=seal)
    if version_that_serves(serving, seal=seal) == bundle.version:
        return Received(bundle, "again")
    contents = checked_contents(source, seal=seal, status="promoted")
    incoming = _copied_beside(contents, serving)
    shutil.copyfile(source / MANIFEST, incoming / MANIFEST)
    # What was copied is checked, not what lay in a folder that others may write to.
    checked_contents(incoming, seal=seal, status="promoted")
    said = _said_of_older(incoming, serving, seal=seal)
    if said and not older:
        raise BundleRejected(f"{said}. Take --older if that is meant")
    _swap_in(incoming, serving)
    return Received(bundle, "older" if said else "newer")


def _said_of_older(incoming: Path, serving: Path, *, seal: Seal) -> str:
    """That it was promoted before what serves; empty where it was not.

    Every bundle ever promoted stays signed: an old one is no forgery.
    """
    if not version_that_serves(serving, seal=seal):
        return ""
    came, serves = (
        (
            promoted_at(directory, seal=seal),
            load_bundle(directory, seal=seal).facts.training.trained_as_of,
        )
        for directory in (incoming, serving)
    )
    if came >= serves:
        return ""
    return (
        f"this model was promoted {came[0] or 'at a time it does not say'} (trained"
        f" as of {came[1]}), before the one that serves:"
        f" {serves[0] or 'at a time it does not say'} (trained as of {serves[1]})"
    )


def _copied_beside(contents: Mapping[str, bytes], serving: Path) -> Path:
    serving.parent.mkdir(parents=True, exist_ok=True)
    incoming = serving.with_name(serving.name + ".incoming")
    if incoming.exists():
        shutil.rmtree(incoming)
    incoming.mkdir()
    for name, content in contents.items():
        (incoming / name).write_bytes(content)
    return incoming


def _swap_in(incoming: Path, serving: Path) -> None:
    previous = serving.with_name(serving.name + ".previous")
    if serving.exists():
        if previous.exists():
            shutil.rmtree(previous)
        os.replace(serving, previous)
    os.replace(incoming, serving)


def restore_previous(serving: Path, *, seal: Seal) -> Bundle:
    """Serve the bundle that was served before the last `install_bundle`.

    Raises
    ------
    NoModel
        If there is none.
    BundleRejected
        If it fails its check; what serves stays.
    """
    previous = serving.with_name(serving.name + ".previous")
    if not previous.is_dir():
        raise NoModel("there is no previous bundle to go back to")
    bundle = load_bundle(previous, seal=seal)
    withdrawn = serving.with_name(serving.name + _WITHDRAWN)
    if withdrawn.exists():
        shutil.rmtree(withdrawn)
    if serving.exists():
        os.replace(serving, withdrawn)
    os.replace(previous, serving)
    return bundle
