"""Settings: safe by default, told apart by name, and each one documented."""

import re
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from denialml.settings import Settings, api_key_pepper

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_every_setting_has_a_heading_and_every_heading_a_setting() -> None:
    assert re.findall(r"^## (\w+)$", PAGE.read_text(), re.M) == list(
        Settings.model_fields
    )


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_page_gives_the_variable_and_the_true_default(name: str) -> None:
    section = PAGE.read_text().split(f"## {name}\n", 1)[1].split("\n## ", 1)[0]
    assert f"`DENIALML_{name.upper()}`, default" in section
    default = Settings.model_fields[name].default
    if default not in (None, ""):
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        assert f"default `{shown}`" in section


def test_settings_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DENIALML_DATA_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("DENIALML_PORT", "9000")
    settings = Settings()
    assert settings.port == 9000
    assert settings.resolved_database_url == f"sqlite:///{tmp_path}/denialml.db"
    assert settings.resolved_serving_bundle_directory == tmp_path / "model"
    assert settings.resolved_mlflow_directory == tmp_path / "mlflow"
    assert settings.serving_bundle_of("org_1") == tmp_path / "model" / "org_1"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"host": "0.0.0.0"}, "host is not loopback"),
        ({"host": "denials.example"}, "host is not loopback"),
        ({"port": 70000}, "port"),
        ({"time_zone": "Mars/Olympus"}, "not a time zone"),
        ({"request_body_limit_megabytes": 0}, "request_body_limit_megabytes"),
        ({"prot": 8000}, "prot"),
    ],
)
def test_an_unusable_setting_is_refused_by_name(
    values: dict[str, object], expected: str
) -> None:
    with pytest.raises(ValidationError, match=expected):
        Settings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_secure_cookies(host: str) -> None:
    assert Settings(host=host).host == host


def test_another_host_is_fine_behind_https() -> None:
    assert Settings(host="0.0.0.0", secure_cookies=True).host == "0.0.0.0"


def test_secrets_are_not_in_the_representation() -> None:
    settings = Settings(
        database_url="postgresql://me:hunter2@localhost/x",
        api_key_pepper="p" * 40,  # type: ignore[arg-type]
        audit_key="k" * 40,  # type: ignore[arg-type]
    )
    assert "kkkk" not in repr(settings)
    assert "hunter2" not in repr(settings)
    assert "pppp" not in repr(settings)


def test_the_pepper_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path / "new")
    first = api_key_pepper(settings)
    assert len(first) == 64
    assert api_key_pepper(settings) == first
    (file,) = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_pepper_that_others_can_read_is_refused(tmp_path: Path) -> None:
    settings = Settings(data_directory=tmp_path)
    api_key_pepper(settings)
    (tmp_path / "api_key_pepper").chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        api_key_pepper(settings)


def test_a_short_pepper_is_refused() -> None:
    settings = Settings(api_key_pepper="short")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 32"):
        api_key_pepper(settings)
