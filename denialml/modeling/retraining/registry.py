"""The lab notebook: MLflow runs, registered versions and aliases. Training only.

The only file that imports mlflow. Nothing is loaded from MLflow to score: `export`
copies a version's bundle out, and serving checks and reads that.
"""

import logging
import os
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from denialml.errors import NoModel

CHAMPION = "champion"
CHALLENGER = "challenger"
_BUNDLE, _REPORT = "bundle", "report"
_PARAMETERS_A_BATCH, _METRICS_A_BATCH = 100, 1000


class RegisteredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One registered model version. `measures` are the run's metrics."""

    name: str
    version: str
    run_id: str
    measures: dict[str, float]
    tags: dict[str, str]


class Registry:
    """Runs and versions under one directory: `mlflow.db` and `artifacts/`.

    Parameters
    ----------
    directory : Path
        Made when missing. No network is used and no usage data is sent.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory.resolve()
        self._client = _client(f"sqlite:///{self._directory / 'mlflow.db'}")

    def log_run(
        self,
        name: str,
        *,
        bundle: Path,
        documents: Mapping[str, bytes] | None = None,
        parameters: Mapping[str, Any],
        measures: Mapping[str, float],
        tags: Mapping[str, str],
    ) -> RegisteredVersion:
        """Log one training run with its bundle and register it as the challenger.

        `documents` are files of the run's report by name.
        """
        client = self._client
        run = client.create_run(self._experiment(name), tags=dict(tags))
        run_id: str = run.info.run_id
        _log_numbers(client, run.info, parameters=parameters, measures=measures)
        client.log_artifacts(run_id, str(bundle), artifact_path=_BUNDLE)
        with temporary_directory() as directory:
            for file, content in (documents or {}).items():
                (Path(directory) / file).write_bytes(content)
            if documents:
                client.log_artifacts(run_id, directory, artifact_path=_REPORT)
        client.set_terminated(run_id)
        if not any(found.name == name for found in client.search_registered_models()):
            client.create_registered_model(name)
        version = client.create_model_version(
            name, f"{run.info.artifact_uri}/{_BUNDLE}", run_id=run_id, tags=dict(tags)
        )
        client.set_registered_model_alias(name, CHALLENGER, version.version)
        return self._described(name, str(version.version))

    def find(self, name: str, *, version: str) -> RegisteredVersion:
        """A version by number or by alias (champion, challenger).

        Raises
        ------
        NoModel
            If there is none.
        """
        from mlflow.exceptions import MlflowException

        try:
            if version in (CHAMPION, CHALLENGER):
                found = self._client.get_model_version_by_alias(name, version)
                version = str(found.version)
            return self._described(name, version)
        except MlflowException as error:
            raise NoModel(f"no version {version} of {name}: run train first") from error

    def export(self, chosen: RegisteredVersion, directory: Path) -> Path:
        """Copy a version's bundle into `directory`; the path of the copy."""
        directory.mkdir(parents=True, exist_ok=True)
        path = self._client.download_artifacts(
            chosen.run_id, _BUNDLE, dst_path=str(directory)
        )
        return Path(path)

    def document(self, chosen: RegisteredVersion, name: str) -> bytes:
        """One file of a version's report.

        Raises
        ------
        NoModel
            If the run kept no such file.
        """
        from mlflow.exceptions import MlflowException

        with temporary_directory() as directory:
            try:
                path = self._client.download_artifacts(
                    chosen.run_id, f"{_REPORT}/{name}", dst_path=directory
                )
                return Path(path).read_bytes()
            except (MlflowException, OSError) as error:
                raise NoModel(f"version {chosen.version} has no {name}") from error

    def find_bundle(self, name: str, bundle_version: str) -> RegisteredVersion:
        """The newest registered version whose bundle has this version.

        Raises
        ------
        NoModel
            If there is none.
        """
        found = self._client.search_model_versions(f"name = '{name}'")
        numbers = [
            int(one.version)
            for one in found
            if one.tags.get("bundle_version") == bundle_version
        ]
        if not numbers:
            raise NoModel(f"{bundle_version} is not registered under {name}")
        return self._described(name, str(max(numbers)))

    def make_champion(self, chosen: RegisteredVersion) -> None:
        """Point the champion alias at a version."""
        self._client.set_registered_model_alias(chosen.name, CHAMPION, chosen.version)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = (self._directory / "artifacts").as_uri()
        return str(self._client.create_experiment(name, artifact_location=location))

    def _described(self, name: str, version: str) -> RegisteredVersion:
        found = self._client.get_model_version(name, version)
        run = self._client.get_run(found.run_id)
        return RegisteredVersion(
            name=name,
            version=str(found.version),
            run_id=str(found.run_id),
            measures=dict(run.data.metrics),
            tags=dict(found.tags),
        )


def _log_numbers(
    client: Any,
    run: Any,
    *,
    parameters: Mapping[str, Any],
    measures: Mapping[str, float],
) -> None:
    """Parameters and metrics in as few transactions as MLflow's limits allow."""
    from mlflow.entities import Metric, Param

    run_id, at = run.run_id, run.start_time
    params = [Param(key, str(value)) for key, value in parameters.items()]
    metrics = [
        Metric(key, value, timestamp=at, step=0) for key, value in measures.items()
    ]
    for start in range(0, len(params), _PARAMETERS_A_BATCH):
        client.log_batch(run_id, params=params[start : start + _PARAMETERS_A_BATCH])
    for start in range(0, len(metrics), _METRICS_A_BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _METRICS_A_BATCH])


def _client(uri: str) -> Any:
    """An MLflow client on a local database, without telemetry and without its log."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    os.environ["MLFLOW_LOGGING_LEVEL"] = "ERROR"
    with warnings.catch_warnings():
        # MLflow's own tables use what SQLAlchemy 2.1 deprecates; they are set up by
        # the first question.
        warnings.simplefilter("ignore", DeprecationWarning)
        from mlflow import MlflowClient

        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("mlflow").setLevel(logging.ERROR)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return client


def temporary_directory() -> "tempfile.TemporaryDirectory[str]":
    """Where a bundle is written before MLflow keeps it."""
    return tempfile.TemporaryDirectory(prefix="denialml-bundle-")
