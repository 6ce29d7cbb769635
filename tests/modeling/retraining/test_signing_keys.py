"""The key files of bundles: who has which, and what each can do."""

import stat
from pathlib import Path

import pytest

from denialml.errors import BundleRejected, InputError, NoModel
from denialml.modeling.risk.bundle import (
    Bundle,
    load_bundle,
    receive_bundle,
    restore_previous,
    write_bundle,
)
from denialml.modeling.risk.seal import Seal, SigningSeal
from denialml.settings import Settings
from denialml.signing_keys import bundle_private_key, bundle_public_key

PRIVATE, PUBLIC = "bundle_private_key.pem", "bundle_public_key.pem"


def _settings(directory: Path) -> Settings:
    return Settings(data_directory=directory)


def test_training_makes_both_keys_once_and_for_its_owner_only(tmp_path: Path) -> None:
    settings = _settings(tmp_path / "data")
    assert bundle_public_key(settings) == b""
    first = bundle_private_key(settings)
    assert bundle_private_key(settings) == first
    assert len(bundle_public_key(settings)) == 32
    files = {path.name: path for path in settings.data_directory.iterdir()}
    assert set(files) == {PRIVATE, PUBLIC}
    for path in files.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert settings.resolved_serving_bundle_directory not in path.parents
    assert b"PRIVATE" not in files[PUBLIC].read_bytes()


def test_a_private_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    bundle_private_key(_settings(tmp_path))
    (tmp_path / PRIVATE).chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        bundle_private_key(_settings(tmp_path))


def test_a_public_key_may_be_read_by_others_but_not_changed(tmp_path: Path) -> None:
    bundle_private_key(_settings(tmp_path))
    (tmp_path / PUBLIC).chmod(0o644)
    assert len(bundle_public_key(_settings(tmp_path))) == 32
    (tmp_path / PUBLIC).chmod(0o664)
    with pytest.raises(BundleRejected, match="changed by others"):
        bundle_public_key(_settings(tmp_path))


def test_a_public_key_in_a_folder_of_everybody_is_refused(tmp_path: Path) -> None:
    bundle_private_key(_settings(tmp_path))
    tmp_path.chmod(0o757)
    with pytest.raises(BundleRejected, match="chmod o-w"):
        bundle_public_key(_settings(tmp_path))
    tmp_path.chmod(0o700)
    assert len(bundle_public_key(_settings(tmp_path))) == 32


def test_a_folder_without_a_bundle_says_which_to_give(tmp_path: Path) -> None:
    seal = Seal("org_1", public_key=b"k" * 32)
    with pytest.raises(NoModel, match="model/ORGANIZATION"):
        receive_bundle(tmp_path, tmp_path / "serving", seal=seal)


@pytest.mark.parametrize("content", [b"", b"not a key"])
def test_a_file_that_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / PUBLIC).write_bytes(content)
    (tmp_path / PUBLIC).chmod(0o600)
    with pytest.raises(BundleRejected, match=PUBLIC):
        bundle_public_key(_settings(tmp_path))
    (tmp_path / PRIVATE).write_bytes(content)
    (tmp_path / PRIVATE).chmod(0o600)
    with pytest.raises(InputError, match=PRIVATE):
        bundle_private_key(_settings(tmp_path))


def test_a_machine_that_only_serves_never_begins_to_sign(tmp_path: Path) -> None:
    training, serving = tmp_path / "training", tmp_path / "serving"
    bundle_private_key(_settings(training))
    serving.mkdir()
    (serving / PUBLIC).write_bytes((training / PUBLIC).read_bytes())
    (serving / PUBLIC).chmod(0o600)
    with pytest.raises(InputError, match="Train and promote there"):
        bundle_private_key(_settings(serving))
    assert not (serving / PRIVATE).exists()


def test_a_public_key_of_another_machine_beside_a_private_key_is_named(
    tmp_path: Path,
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    bundle_private_key(_settings(one))
    bundle_private_key(_settings(other))
    (one / PUBLIC).write_bytes((other / PUBLIC).read_bytes())
    with pytest.raises(InputError, match="does not belong"):
        bundle_private_key(_settings(one))


def test_the_public_key_alone_serves_what_another_machine_promoted(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    training, serving = tmp_path / "training", tmp_path / "serving"
    signing = SigningSeal("org_1", private_key=bundle_private_key(_settings(training)))
    write_bundle(small_bundle, tmp_path / "sent", seal=signing, status="promoted")
    write_bundle(small_bundle, tmp_path / "early", seal=signing)
    serving.mkdir()
    (serving / PUBLIC).write_bytes((training / PUBLIC).read_bytes())
    (serving / PUBLIC).chmod(0o600)
    seal = Seal("org_1", public_key=bundle_public_key(_settings(serving)))
    assert not hasattr(seal, "signature")
    model = serving / "model" / "org_1"
    with pytest.raises(BundleRejected, match="never promoted"):
        receive_bundle(tmp_path / "early", model, seal=seal)
    with pytest.raises(BundleRejected, match="another organization"):
        receive_bundle(
            tmp_path / "sent",
            model,
            seal=Seal("org_2", public_key=bundle_public_key(_settings(serving))),
        )
    assert not model.exists()
    receive_bundle(tmp_path / "sent", model, seal=seal)
    assert load_bundle(model, seal=seal).version == small_bundle.version
    receive_bundle(tmp_path / "sent", model, seal=seal)
    with pytest.raises(NoModel, match="no previous"):
        restore_previous(model, seal=seal)


def test_without_any_key_the_refusal_says_what_to_copy(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    signing = SigningSeal("org_1", private_key=b"k" * 32)
    write_bundle(small_bundle, tmp_path / "sent", seal=signing, status="promoted")
    with pytest.raises(BundleRejected, match=r"copy bundle_public_key\.pem"):
        load_bundle(tmp_path / "sent", seal=Seal("org_1", public_key=b""))
