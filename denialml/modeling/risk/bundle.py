"""The artifact that serving loads: trees as text, facts as JSON, and their hashes.

Nothing in it is executable and nothing in it is a category, an identifier or a
patient's datum. It is parsed only after its hashes were checked.
"""

import hashlib
import os
import shutil
from pathlib import Path

import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt

from denialml.errors import BundleRejected, NoModel
from denialml.modeling.risk.calibration import Calibration
from denialml.modeling.risk.features import FEATURES, vocabulary_hash
from denialml.modeling.risk.single_row import CONTRIBUTIONS, RAW_SCORE, single_row

FORMAT = 1
_MODEL, _FACTS, _MANIFEST = "model.txt", "bundle.json", "manifest.json"


class TrainingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says about its own making. Counts are claim lines.

    `trained_as_of`: only answers received before this day took part. `measures` are
    of the calibration slice, which the measured trees had not seen.
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


class BundleFacts(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """`bundle.json`. `version` names the model wherever a risk is shown."""

    format: int
    version: str
    features: tuple[str, ...]
    vocabulary: str
    calibration: Calibration
    training: TrainingFacts


class Bundle:
    """A model that can score. Immutable; safe to share between threads."""

    def __init__(self, booster: lightgbm.Booster, facts: BundleFacts) -> None:
        self.booster = booster
        self.facts = facts
        width = booster.num_feature() + 1
        self._one_raw = single_row(booster, kind=RAW_SCORE, output=1)
        self._one_explained = single_row(booster, kind=CONTRIBUTIONS, output=width)

    @property
    def version(self) -> str:
        """The name shown beside every risk this bundle gave."""
        return self.facts.version

    def raw_output(
        self, matrix: npt.NDArray[np.float64], *, threads: int = 1
    ) -> npt.NDArray[np.float64]:
        """Log-odds before calibration, float64 (rows,)."""
        if self._one_raw is not None and len(matrix) == 1:
            return self._one_raw(matrix[0]).ravel()
        output = self.booster.predict(matrix, raw_score=True, num_threads=threads)
        return np.asarray(output, dtype=np.float64)

    def contributions(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Exact SHAP values, float64 (rows, features + 1); the last column is the base.

        Each row adds up to `raw_output` but for rounding.
        """
        if self._one_explained is not None and len(matrix) == 1:
            return self._one_explained(matrix[0])
        output = self.booster.predict(matrix, pred_contrib=True, num_threads=1)
        return np.asarray(output, dtype=np.float64)


def write_bundle(bundle: Bundle, directory: Path) -> None:
    """Write the three files into a directory that does not exist yet."""
    directory.mkdir(parents=True)
    (directory / _MODEL).write_text(bundle.booster.model_to_string(), encoding="utf-8")
    facts = msgspec.json.format(msgspec.json.encode(bundle.facts), indent=1)
    (directory / _FACTS).write_bytes(facts)
    hashes = {
        name: hashlib.sha256((directory / name).read_bytes()).hexdigest()
        for name in (_MODEL, _FACTS)
    }
    manifest = msgspec.json.format(msgspec.json.encode(hashes), indent=1)
    (directory / _MANIFEST).write_bytes(manifest)


def load_bundle(directory: Path) -> Bundle:
    """Check a bundle's hashes and read it.

    Raises
    ------
    NoModel
        If the directory holds no bundle.
    BundleRejected
        If a file is missing, does not match the manifest, or was made for other
        features than this version computes.
    """
    if not (directory / _MANIFEST).is_file():
        raise NoModel("no model has been promoted for scoring: run train and promote")
    contents = _checked_contents(directory)
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


def _checked_contents(directory: Path) -> dict[str, bytes]:
    try:
        manifest = msgspec.json.decode(
            (directory / _MANIFEST).read_bytes(), type=dict[str, str]
        )
    except msgspec.DecodeError as error:
        raise BundleRejected(f"{_MANIFEST} cannot be read: {error}") from error
    contents = {}
    for name in (_MODEL, _FACTS):
        path = directory / name
        if not path.is_file():
            raise BundleRejected(f"{name} is missing from the bundle")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != manifest.get(name):
            raise BundleRejected(f"{name} does not match its hash in {_MANIFEST}")
        contents[name] = content
    return contents


def install_bundle(source: Path, serving: Path) -> None:
    """Make `source` the served bundle, keeping the one before for `restore_previous`.

    A reader sees the old bundle or the new one, never a mixture: the new one is
    checked, copied beside and renamed.
    """
    load_bundle(source)
    serving.parent.mkdir(parents=True, exist_ok=True)
    incoming = serving.with_name(serving.name + ".incoming")
    previous = serving.with_name(serving.name + ".previous")
    if incoming.exists():
        shutil.rmtree(incoming)
    shutil.copytree(source, incoming)
    if serving.exists():
        if previous.exists():
            shutil.rmtree(previous)
        os.replace(serving, previous)
    os.replace(incoming, serving)


def restore_previous(serving: Path) -> None:
    """Serve the bundle that was served before the last `install_bundle`.

    Raises
    ------
    NoModel
        If there is none.
    """
    previous = serving.with_name(serving.name + ".previous")
    if not previous.is_dir():
        raise NoModel("there is no previous bundle to go back to")
    load_bundle(previous)
    withdrawn = serving.with_name(serving.name + ".withdrawn")
    if withdrawn.exists():
        shutil.rmtree(withdrawn)
    if serving.exists():
        os.replace(serving, withdrawn)
    os.replace(previous, serving)
