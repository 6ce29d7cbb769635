"""Every setting of denialml, in one class, read from `DENIALML_*` variables.

Only the doors (`denialml.cli`, `api`) read this; the rooms below are handed values.
docs/settings.md has a heading for each; a test compares the two. Nothing here is
ever logged: `database_url` may carry a password, and the pepper is a secret.
"""

import os
import secrets
import stat
from datetime import UTC, tzinfo
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from denialml.store.audit_key import AuditKey

PEPPER_FILE_NAME = "api_key_pepper"
AUDIT_KEY_FILE_NAME = "audit_key"
PEPPER_BYTES = 32


class Settings(BaseSettings):
    """One process's settings; frozen after it starts.

    Raises `pydantic.ValidationError` (naming the setting) for a value that cannot
    be used. An empty `database_url`, `serving_bundle_directory` or
    `mlflow_directory` is filled in from `data_directory`.
    """

    model_config = SettingsConfigDict(
        env_prefix="DENIALML_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    data_directory: Path = Path("var")
    database_url: str = Field(default="", repr=False)
    serving_bundle_directory: Path | None = None
    mlflow_directory: Path | None = None
    rules_directory: Path | None = None
    api_key_pepper: SecretStr | None = None
    audit_key: SecretStr | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=0, le=65535)
    allowed_hosts: str = ""
    secure_cookies: bool = False
    metrics_token: SecretStr | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    time_zone: str = "UTC"
    request_body_limit_megabytes: int = Field(default=25, ge=1, le=1024)
    request_body_seconds: int = Field(default=60, ge=1, le=3600)
    max_claims_per_request: int = Field(default=500, ge=1, le=10_000)
    max_lines_per_request: int = Field(default=5_000, ge=50, le=100_000)
    max_records_per_request: int = Field(default=10_000, ge=1, le=1_000_000)
    requests_per_minute_per_key: int = Field(default=60_000, ge=1)
    requests_per_minute_per_organization: int = Field(default=120_000, ge=1)
    idempotency_key_hours: int = Field(default=24, ge=24, le=24 * 30)
    session_idle_minutes: int = Field(default=15, ge=1, le=24 * 60)
    session_lifetime_hours: int = Field(default=12, ge=1, le=24 * 7)
    job_workers: int = Field(default=1, ge=0, le=8)
    job_lease_seconds: int = Field(default=20, ge=2, le=60)
    job_results_days: int = Field(default=7, ge=1, le=365)
    job_body_limit_megabytes: int = Field(default=1000, ge=1, le=10_000)
    dask_tls_ca: Path | None = None
    dask_tls_certificate: Path | None = None
    dask_tls_key: Path | None = None
    dask_plain_network: bool = False
    dask_spill: bool = False

    @field_validator("metrics_token")
    @classmethod
    def _long_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < PEPPER_BYTES:
            raise ValueError(f"must have at least {PEPPER_BYTES} characters")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, value: str) -> str:
        if value != "UTC":
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(
                    "not a time zone of this machine; use an IANA name such as "
                    "America/Chicago"
                ) from error
        return value

    @model_validator(mode="after")
    def _safe_by_default(self) -> Self:
        """Refuse to show PHI beyond this machine in the clear.

        Any host but loopback needs `secure_cookies`, which says that the browser
        reaches the service over HTTPS (a proxy in front terminates TLS).
        """
        if not self.secure_cookies and not _is_loopback(self.host):
            raise ValueError(
                "host is not loopback: put the service behind HTTPS and set "
                "DENIALML_SECURE_COOKIES=true"
            )
        return self

    @model_validator(mode="after")
    def _whole_certificates(self) -> Self:
        """Dask's certificate files come together or not at all."""
        given = (self.dask_tls_ca, self.dask_tls_certificate, self.dask_tls_key)
        if any(given) and not all(given):
            raise ValueError(
                "dask_tls_ca, dask_tls_certificate and dask_tls_key come together"
            )
        return self

    @property
    def hosts(self) -> frozenset[str] | None:
        """The names a request may call this service by, lower case; None: any.

        On loopback another site could otherwise point its own name at this machine and
        read the pages as if they were its own (DNS rebinding). Behind HTTPS the proxy's
        certificate prevents that, and only the proxy knows the names.
        """
        named = frozenset(
            name.strip().lower() for name in self.allowed_hosts.split(",")
        ) - {""}
        if _is_loopback(self.host) and not self.secure_cookies:
            return named | {"localhost", "127.0.0.1", "::1", self.host.lower()}
        return named or None

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return _is_loopback(self.host)

    @property
    def resolved_database_url(self) -> str:
        """`database_url`, or a SQLite file in the data directory."""
        path = self.data_directory.absolute() / "denialml.db"
        return self.database_url or f"sqlite:///{path}"

    @property
    def resolved_serving_bundle_directory(self) -> Path:
        """`serving_bundle_directory`, or `model` in the data directory."""
        return self.serving_bundle_directory or self.data_directory / "model"

    def serving_bundle_of(self, organization_id: str) -> Path:
        """Where an organization's promoted bundle is: one model per practice."""
        return self.resolved_serving_bundle_directory / organization_id

    def rules_file_of(self, organization_id: str) -> Path:
        """Where an organization's own claim rules are written; need not exist.

        In `rules_directory`, or `rules` in the data directory.
        """
        directory = self.rules_directory or self.data_directory / "rules"
        return directory / f"{organization_id}.toml"

    @property
    def resolved_mlflow_directory(self) -> Path:
        """`mlflow_directory`, or `mlflow` in the data directory."""
        return self.mlflow_directory or self.data_directory / "mlflow"

    @property
    def request_body_limit_bytes(self) -> int:
        """The limit in bytes (a megabyte is 1,000,000 bytes)."""
        return self.request_body_limit_megabytes * 1_000_000

    @property
    def job_body_limit_bytes(self) -> int:
        """The limit of what is handed in as a job, in bytes."""
        return self.job_body_limit_megabytes * 1_000_000

    @property
    def zone(self) -> tzinfo:
        """The practice's time zone: decides which day it is."""
        return UTC if self.time_zone == "UTC" else ZoneInfo(self.time_zone)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def api_key_pepper(settings: Settings) -> bytes:
    """The secret that API keys are hashed with; made on first use.

    Taken from the setting where given, else from a file of the data directory that
    only its owner can read (0600). Losing it makes every issued key unknown.

    Raises `PermissionError` when others can read the file, `ValueError` when the
    secret is shorter than 32 characters.
    """
    if settings.api_key_pepper is not None:
        return _long_enough(
            settings.api_key_pepper.get_secret_value().encode(), "the API key pepper"
        )
    return _kept_secret(settings.data_directory / PEPPER_FILE_NAME)


def audit_key(settings: Settings) -> AuditKey:
    """The key that seals the audit trail; its secret is made on first use.

    Taken and kept like the pepper of API keys. Without it the trail can be read and
    neither checked nor continued.

    Raises `PermissionError` when others can read the file, `ValueError` when the
    secret is shorter than 32 characters.
    """
    if settings.audit_key is not None:
        secret = settings.audit_key.get_secret_value().encode()
        return AuditKey.of(_long_enough(secret, "the audit key"))
    return AuditKey.of(_kept_secret(settings.data_directory / AUDIT_KEY_FILE_NAME))


def _kept_secret(path: Path) -> bytes:
    if not path.exists():
        create_once(path, secrets.token_hex(PEPPER_BYTES).encode() + b"\n")
    return _long_enough(owner_only(path).strip(), path.name)


def owner_only(path: Path) -> bytes:
    """The content of a secret file; `PermissionError` when others can read it."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionError(f"{path.name} can be read by others; run chmod 600 on it")
    return path.read_bytes()


def create_once(path: Path, content: bytes) -> None:
    """Write a key file (0600) so that two processes starting together agree on one.

    A hard link fails where the name is taken, so the first process wins and nobody
    ever reads a half-written file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _long_enough(secret: bytes, name: str) -> bytes:
    if len(secret) < PEPPER_BYTES:
        raise ValueError(f"{name} must have at least {PEPPER_BYTES} characters")
    return secret
