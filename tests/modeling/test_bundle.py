"""The served artifact: checked before it is read, and free of patients' data."""

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from denialml.errors import BundleRejected, NoModel
from denialml.modeling.risk.bundle import (
    Bundle,
    install_bundle,
    load_bundle,
    receive_bundle,
    restore_previous,
    withdrawn_version,
    write_bundle,
)
from denialml.modeling.risk.features import FEATURES
from denialml.modeling.risk.frames import Frame
from denialml.modeling.risk.seal import Seal, SigningSeal, write_manifest
from denialml.modeling.risk.single_row import RAW_SCORE, single_row

KEY = b"the private key of these tests.."
SEAL = SigningSeal("org_1", private_key=KEY)


@pytest.fixture
def written(small_bundle: Bundle, tmp_path: Path) -> Path:
    write_bundle(small_bundle, tmp_path / "bundle", seal=SEAL, status="promoted")
    return tmp_path / "bundle"


def _sign_again(directory: Path) -> None:
    """What only someone with the key can do after changing a file."""
    names = ("model.txt", "bundle.json")
    write_manifest(directory, names, seal=SEAL, status="promoted")


def test_written_and_read_back_it_gives_the_same_bits(
    written: Path, small_bundle: Bundle, small_frame: Frame
) -> None:
    read = load_bundle(written, seal=SEAL)
    assert read.facts == small_bundle.facts
    rows = small_frame.matrix[:500]
    np.testing.assert_array_equal(read.raw_output(rows), small_bundle.raw_output(rows))


@pytest.mark.parametrize("name", ["model.txt", "bundle.json"])
def test_a_changed_file_is_rejected_before_it_is_parsed(
    written: Path, name: str
) -> None:
    content = (written / name).read_bytes()
    (written / name).write_bytes(content.replace(b"0", b"1", 1))
    with pytest.raises(BundleRejected, match=name):
        load_bundle(written, seal=SEAL)


@pytest.mark.parametrize("name", ["model.txt", "bundle.json"])
def test_a_missing_file_is_rejected(written: Path, name: str) -> None:
    (written / name).unlink()
    with pytest.raises(BundleRejected, match=f"{name} is missing"):
        load_bundle(written, seal=SEAL)


def test_a_new_hash_without_the_key_does_not_help(written: Path) -> None:
    """Whoever can write to the folder can change file and manifest, not sign them."""
    (written / "model.txt").write_bytes((written / "model.txt").read_bytes() + b"\n")
    manifest = json.loads((written / "manifest.json").read_text())
    content = (written / "model.txt").read_bytes()
    manifest["files"]["model.txt"] = hashlib.sha256(content).hexdigest()
    (written / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleRejected, match="not signed with this installation"):
        load_bundle(written, seal=SEAL)


@pytest.mark.parametrize(
    ("seal", "message"),
    [
        pytest.param(
            SigningSeal("org_1", private_key=b"x" * 32), "not signed", id="another key"
        ),
        pytest.param(
            SigningSeal("org_2", private_key=KEY),
            "another organization",
            id="another organization",
        ),
    ],
)
def test_a_bundle_serves_its_own_organization_under_its_own_key(
    written: Path, seal: Seal, message: str
) -> None:
    with pytest.raises(BundleRejected, match=message):
        load_bundle(written, seal=seal)


def test_the_organization_in_the_manifest_is_signed_too(written: Path) -> None:
    text = (written / "manifest.json").read_text()
    (written / "manifest.json").write_text(text.replace("org_1", "org_2"))
    other = SigningSeal("org_2", private_key=KEY)
    with pytest.raises(BundleRejected, match="not signed"):
        load_bundle(written, seal=other)


def test_a_bundle_signed_with_the_shared_secret_of_earlier_versions_is_explained(
    written: Path,
) -> None:
    """Its manifest had no `algorithm` and an HMAC-SHA256 of 64 digits."""
    manifest = json.loads((written / "manifest.json").read_text())
    del manifest["algorithm"]
    manifest["signature"] = "ab" * 32
    (written / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleRejected, match=r"earlier version.*run `denialml train`"):
        load_bundle(written, seal=SEAL)


@pytest.mark.parametrize("signature", ["", "zz", "ab" * 64])
def test_another_signature_is_rejected(written: Path, signature: str) -> None:
    manifest = json.loads((written / "manifest.json").read_text())
    (written / "manifest.json").write_text(
        json.dumps(manifest | {"signature": signature})
    )
    with pytest.raises(BundleRejected, match="not signed"):
        load_bundle(written, seal=SEAL)


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param('{"model.txt": "ab", "bundle.json": "cd"}', id="hashes only"),
        pytest.param("not json", id="no JSON"),
    ],
)
def test_an_unsigned_bundle_is_rejected(written: Path, manifest: str) -> None:
    (written / "manifest.json").write_text(manifest)
    with pytest.raises(BundleRejected, match="unsigned"):
        load_bundle(written, seal=SEAL)


def test_a_manifest_cannot_name_a_file_elsewhere(written: Path) -> None:
    (written.parent / "elsewhere.txt").write_text("outside")
    names = ("model.txt", "bundle.json", "../elsewhere.txt")
    write_manifest(written, names, seal=SEAL, status="promoted")
    with pytest.raises(BundleRejected, match="missing"):
        load_bundle(written, seal=SEAL)


def test_a_bundle_that_was_only_trained_does_not_serve(
    small_bundle: Bundle, tmp_path: Path
) -> None:
    write_bundle(
        small_bundle,
        tmp_path / "trained",
        seal=SEAL,
        cards={"model_card.md": b"# A card"},
    )
    with pytest.raises(BundleRejected, match="never promoted"):
        load_bundle(tmp_path / "trained", seal=SEAL)
    install_bundle(tmp_path / "trained", tmp_path / "serving", seal=SEAL)
    assert load_bundle(tmp_path / "serving", seal=SEAL).version == small_bundle.version
    assert (tmp_path / "serving" / "model_card.md").read_bytes() == b"# A card"
    (tmp_path / "serving" / "model_card.md").write_bytes(b"# Better than it is")
    with pytest.raises(BundleRejected, match="model_card"):
        load_bundle(tmp_path / "serving", seal=SEAL)


def test_the_key_is_not_shown_and_not_short() -> None:
    assert repr(SEAL) == "SigningSeal('org_1')"
    with pytest.raises(ValueError, match="32 bytes"):
        SigningSeal("org_1", private_key=b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        Seal("org_1", public_key=b"short")


def test_a_bundle_of_other_features_is_rejected(written: Path) -> None:
    path = written / "bundle.json"
    facts = json.loads(path.read_text())
    facts["features"][0] = "something_else"
    path.write_text(json.dumps(facts))
    _sign_again(written)
    with pytest.raises(BundleRejected, match="other features"):
        load_bundle(written, seal=SEAL)


def test_trees_that_are_no_trees_are_rejected(written: Path) -> None:
    (written / "model.txt").write_text("import os")
    _sign_again(written)
    with pytest.raises(BundleRejected, match="not a LightGBM"):
        load_bundle(written, seal=SEAL)


def test_an_unknown_format_is_rejected(written: Path) -> None:
    path = written / "bundle.json"
    facts = json.loads(path.read_text())
    facts["format"] = 99
    path.write_text(json.dumps(facts))
    _sign_again(written)
    with pytest.raises(BundleRejected, match="format 99"):
        load_bundle(written, seal=SEAL)


def test_an_empty_directory_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoModel, match="promote"):
        load_bundle(tmp_path, seal=SEAL)


def test_no_name_number_or_code_of_the_practice_is_in_any_file(written: Path) -> None:
    planted = ["CANARYNAME", "M-R1", "1888888885", "1999999984", "F411", "90837"]
    planted += ["Payer P1", "1041C0700X", "CARC"]
    for path in written.iterdir():
        text = path.read_text()
        for word in planted:
            # As a word of its own: leaf values have many digits.
            found = re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.])", text)
            assert found is None, (path.name, word)
        assert "pandas_categorical:null" in text or path.name != "model.txt"


def test_nothing_but_text_is_written(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == [
        "bundle.json",
        "manifest.json",
        "model.txt",
    ]
    facts = json.loads((written / "bundle.json").read_text())
    assert facts["features"] == [feature.name for feature in FEATURES]


def test_installing_keeps_the_one_before_and_can_go_back(
    written: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    serving = tmp_path / "var" / "serving"
    install_bundle(written, serving, seal=SEAL)
    with pytest.raises(NoModel, match="no previous"):
        restore_previous(serving, seal=SEAL)
    facts = json.loads((written / "bundle.json").read_text())
    facts["version"] = "second"
    (written / "bundle.json").write_text(json.dumps(facts))
    _sign_again(written)
    install_bundle(written, serving, seal=SEAL)
    assert load_bundle(serving, seal=SEAL).version == "second"
    restore_previous(serving, seal=SEAL)
    assert load_bundle(serving, seal=SEAL).version == small_bundle.version


def _named(directory: Path, version: str) -> None:
    facts = json.loads((directory / "bundle.json").read_text())
    (directory / "bundle.json").write_text(json.dumps(facts | {"version": version}))
    _sign_again(directory)


def test_installing_what_serves_already_keeps_the_one_before(
    written: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    serving = tmp_path / "serving"
    install_bundle(written, serving, seal=SEAL)
    _named(written, "second")
    install_bundle(written, serving, seal=SEAL)
    install_bundle(written, serving, seal=SEAL)
    assert receive_bundle(written, serving, seal=SEAL).came == "again"
    restore_previous(serving, seal=SEAL)
    assert load_bundle(serving, seal=SEAL).version == small_bundle.version
    assert withdrawn_version(serving, seal=SEAL) == "second"


def test_one_promoted_earlier_is_received_only_when_asked_for(
    written: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    serving, early, late = tmp_path / "serving", tmp_path / "early", tmp_path / "late"
    install_bundle(written, early, seal=SEAL, now=datetime(2024, 3, 1, tzinfo=UTC))
    _named(written, "second")
    install_bundle(written, late, seal=SEAL, now=datetime(2024, 4, 1, tzinfo=UTC))
    receive_bundle(early, serving, seal=SEAL)
    assert receive_bundle(late, serving, seal=SEAL, older=True).came == "newer"
    with pytest.raises(BundleRejected, match=r"promoted 2024-03-01.*2024-04-01.*older"):
        receive_bundle(early, serving, seal=SEAL)
    assert load_bundle(serving, seal=SEAL).version == "second"
    assert receive_bundle(early, serving, seal=SEAL, older=True).came == "older"
    assert load_bundle(serving, seal=SEAL).version == small_bundle.version


def test_the_instant_of_a_promotion_is_signed(written: Path, tmp_path: Path) -> None:
    served = tmp_path / "serving"
    install_bundle(written, served, seal=SEAL, now=datetime(2024, 3, 1, tzinfo=UTC))
    text = (served / "manifest.json").read_text()
    (served / "manifest.json").write_text(text.replace("2024-03-01", "2025-03-01"))
    with pytest.raises(BundleRejected, match="not signed"):
        load_bundle(served, seal=SEAL)


def test_a_manifest_signed_before_the_instant_was_noted_stays_valid(
    written: Path,
) -> None:
    """What was signed then: these five fields, the signature empty."""
    manifest = json.loads((written / "manifest.json").read_text())
    del manifest["promoted_at"], manifest["signature"]
    signed = (
        b"denialml bundle manifest 2\n"
        + json.dumps(
            manifest | {"signature": ""}, sort_keys=True, separators=(",", ":")
        ).encode()
    )
    signature = Ed25519PrivateKey.from_private_bytes(KEY).sign(signed).hex()
    (written / "manifest.json").write_text(
        json.dumps(manifest | {"signature": signature})
    )
    assert load_bundle(written, seal=SEAL)


def test_no_extreme_of_a_feature_is_written(
    written: Path, small_bundle: Bundle, small_frame: Frame
) -> None:
    noted = re.compile(r"^feature_infos=.*\[.*:", re.MULTILINE)
    assert noted.search(small_bundle.booster.model_to_string())
    text = (written / "model.txt").read_text()
    assert "feature_infos=none none" in text
    assert not noted.search(text)
    rows = small_frame.matrix[:500]
    np.testing.assert_array_equal(
        load_bundle(written, seal=SEAL).contributions(rows),
        small_bundle.contributions(rows),
    )


def test_a_bad_bundle_never_replaces_the_served_one(
    written: Path, small_bundle: Bundle, tmp_path: Path
) -> None:
    serving = tmp_path / "serving"
    install_bundle(written, serving, seal=SEAL)
    (written / "model.txt").write_text("broken")
    with pytest.raises(BundleRejected):
        install_bundle(written, serving, seal=SEAL)
    assert load_bundle(serving, seal=SEAL).version == small_bundle.version


def test_one_row_alone_has_the_bits_it_has_among_many_and_is_what_lightgbm_says(
    small_bundle: Bundle, small_frame: Frame
) -> None:
    rows = small_frame.matrix[::211]
    booster = small_bundle.booster
    raw = booster.predict(rows, raw_score=True, num_threads=1)
    shares = booster.predict(rows, pred_contrib=True, num_threads=1)
    assert len(rows) > 10
    kept = []
    for at in range(len(rows)):
        one = rows[at : at + 1]
        kept.append((small_bundle.raw_output(one), small_bundle.contributions(one)))
    for at, (alone, explained) in enumerate(kept):
        assert alone.tolist() == [raw[at]]
        np.testing.assert_allclose(explained[0], shares[at], rtol=0, atol=1e-12)
    np.testing.assert_array_equal(
        np.vstack([explained for _, explained in kept]),
        small_bundle.contributions(rows),
    )


def test_threads_share_one_prepared_call(
    small_bundle: Bundle, small_frame: Frame
) -> None:
    rows = small_frame.matrix[:400]
    expected = small_bundle.contributions(rows)
    fresh = Bundle(small_bundle.booster, small_bundle.facts)
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(
                lambda at: fresh.contributions(rows[at : at + 1])[0],
                range(len(rows)),
            )
        )
    np.testing.assert_array_equal(np.vstack(found), expected)


def test_a_lightgbm_without_the_single_row_call_is_used_as_it_is(
    small_bundle: Bundle, small_frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = small_frame.matrix[:1]
    expected = small_bundle.contributions(row), small_bundle.raw_output(row)
    monkeypatch.delattr("lightgbm.basic._LIB")
    assert single_row(small_bundle.booster, kind=RAW_SCORE, output=1) is None
    monkeypatch.undo()
    plain = Bundle(small_bundle.booster, small_bundle.facts)
    plain._one_raw = None
    np.testing.assert_array_equal(plain.contributions(row), expected[0])
    np.testing.assert_array_equal(plain.raw_output(row), expected[1])


def test_a_row_of_another_width_is_refused(small_bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="the model takes"):
        small_bundle.contributions(np.zeros((1, 3)))
