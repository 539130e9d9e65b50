"""A master tells how it was made, and shows when it was touched afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from av_models.domain.errors import InputError, MediaError
from av_models.domain.provenance import ManifestFacts, ManifestState
from av_models.io.audio import write_wav
from av_models.io.consent import find_record, record_seal
from av_models.io.provenance import manifest_json, proves, sign_speech, verify_master
from av_models.io.signing_chain import signing_chain
from tests.provenance.marked_files import FACTS, RATE_HZ, SAMPLES, SEALS, finished, voice

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("master"))


def test_what_the_manifest_says(master: Path) -> None:
    found = verify_master(master)
    assert found.state is ManifestState.UNTRUSTED
    assert found.actions == ("c2pa.opened", "c2pa.edited", "c2pa.placed", "c2pa.transcoded")
    assert set(found.source_types) == {"compositeWithTrainedAlgorithmicMedia", "algorithmicMedia"}
    assert (found.title, found.generator, found.n_ingredients) == ("Test", "Understudy 0.0.1", 3)
    assert found.soft_binding
    assert found.problems == ()


def test_ingredients_and_their_roles(master: Path) -> None:
    store = json.loads(manifest_json(master))
    ingredients = store["manifests"][store["active_manifest"]]["ingredients"]
    assert [one["relationship"] for one in ingredients] == ["parentOf", "inputTo", "componentOf"]
    speech = store["manifests"][ingredients[2]["active_manifest"]]
    assert speech["assertions"][0]["data"]["actions"][0]["action"] == "c2pa.created"


def test_neither_names_nor_records_nor_files_are_told(master: Path) -> None:
    data = master.read_bytes()
    for secret in (b"source_a", b"actor_b", *(seal.encode() for seal in SEALS), *map(bytes.fromhex, SEALS)):
        assert secret not in data


def test_the_holder_of_a_record_recognises_it(tmp_path: Path) -> None:
    mine, other = (find_record(CONFIGS, tmp_path, name) for name in ("source_a", "actor_b"))
    facts = ManifestFacts("Test", "0", "en", speech_trained=True, seals=(record_seal(mine),))
    found, again = (verify_master(finished(_folder(tmp_path, name), facts)) for name in "ab")
    assert proves(found, mine)
    assert not proves(found, other)
    assert found.consent_proofs != again.consent_proofs, "two files under one consent must not be linkable"


def test_the_own_root_is_trusted_when_asked(master: Path) -> None:
    anchors = signing_chain(master.parent / "keys").root
    assert verify_master(master, anchors).state is ManifestState.TRUSTED


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_one_changed_byte_of_picture_or_sound_shows(master: Path, tmp_path: Path, share: float) -> None:
    data = bytearray(master.read_bytes())
    begin = data.index(b"mdat") + 8
    data[begin + int((len(data) - begin) * share)] ^= 1
    changed = tmp_path / "changed.mp4"
    changed.write_bytes(data)
    found = verify_master(changed)
    assert found.state is ManifestState.INVALID
    assert found.problems == ("assertion.bmffHash.mismatch",)


@pytest.mark.parametrize("mark", [b"org.understudy.consent", b"compositeWith", b"c2pa.soft-binding"])
def test_one_changed_byte_of_the_manifest_shows(master: Path, tmp_path: Path, mark: bytes) -> None:
    data = bytearray(master.read_bytes())
    data[data.index(mark) + 3] ^= 1
    changed = tmp_path / "changed.mp4"
    changed.write_bytes(data)
    assert verify_master(changed).state is ManifestState.INVALID


def test_speech_alone_is_signed_too(tmp_path: Path) -> None:
    path = tmp_path / "000.wav"
    write_wav(path, voice(1.0), RATE_HZ)
    sign_speech(path, path, FACTS, tmp_path / "keys")
    found = verify_master(path)
    assert (found.state, found.actions, found.source_types) == (
        ManifestState.UNTRUSTED,
        ("c2pa.created",),
        ("algorithmicMedia",),
    )


def test_files_without_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no media")
    assert verify_master(SAMPLES / "actor_b.mp4").state is ManifestState.ABSENT
    assert verify_master(tmp_path / "notes.txt").state is ManifestState.ABSENT
    with pytest.raises(MediaError):
        verify_master(tmp_path / "nothing.mp4")


def test_a_failed_signature_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no mp4 at all")
    with pytest.raises(MediaError, match="cannot be signed"):
        sign_speech(tmp_path / "broken.mp4", tmp_path / "out.mp4", FACTS, tmp_path / "keys")
    assert not (tmp_path / "out.mp4").exists()


def test_the_chain_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    assert signing_chain(tmp_path) == signing_chain(tmp_path)
    assert (tmp_path / "c2pa-signer.pem").stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in (tmp_path / "c2pa-root.pem").read_bytes()


def test_a_damaged_chain_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "c2pa-signer.pem").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="Move it away"):
        signing_chain(tmp_path)


def _folder(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir()
    return folder
