"""A record can hold the voice that it was spoken with, and no sample of another voice passes under it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from av_models.domain.consent import VoiceReference
from av_models.domain.errors import ConsentError, InputError
from av_models.io.consent import VOICE_OUTPUT, clear_voices, find_record, record_output, revoke_record
from av_models.io.consent_ledgers import audit_entries
from av_models.io.consent_records import file_digest, parse_record, record_seal
from av_models.io.consent_voice import SampleLikeness, clear_likeness, clear_reference
from tests.consent.records import PURPOSE, Desk, make_desk, voice_named

PRINT = ("7f" * 256, "made-for-a-test")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    (tmp_path / "sample.wav").write_bytes(b"a sample")
    return tmp_path / "sample.wav"


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    (tmp_path / "spoken.wav").write_bytes(b"I allow it")
    return tmp_path / "spoken.wav"


def issue(desk: Desk, sample: Path, spoken: Path | None, **changes: Any) -> Path:
    given = {"voice_recording": spoken, "measure_voice": lambda path: PRINT} | changes
    return desk.issue("ada", given.pop("rights", ["voice"]), [sample], **given)


def rule_of(desk: Desk, sample: Path, likeness: float) -> tuple[str, list[Path | None]]:
    """The rule that refuses a sample of such a likeness, and where its reference was looked for."""
    looked: list[Path | None] = []

    def compare(reference: VoiceReference, kept: Path | None) -> Sequence[SampleLikeness]:
        assert (reference.voiceprint, reference.encoder) == PRINT
        looked.append(kept)
        return [SampleLikeness("sample", likeness, 0.8)]

    try:
        clear_likeness(desk.configs_dir, desk.media_dir, "ada", PURPOSE, [file_digest(sample)], compare)
    except ConsentError as error:
        return error.rule, looked
    return "", looked


def test_the_recording_is_bound_kept_and_guarded(desk: Desk, sample: Path, spoken: Path) -> None:
    path = issue(desk, sample, spoken)
    reference = find_record(desk.configs_dir, desk.media_dir, "ada").voice_recording
    assert reference == VoiceReference("spoken.wav", file_digest(spoken), PRINT[1], PRINT[0])
    kept = path.parent / "evidence" / "ada.voice.wav"
    assert kept.read_bytes() == b"I allow it"
    kept.write_bytes(b"somebody else")
    with pytest.raises(ConsentError) as error:
        find_record(desk.configs_dir, desk.media_dir, "ada")
    assert error.value.rule == "evidence"


def test_a_changed_voiceprint_is_tampering(desk: Desk, sample: Path, spoken: Path) -> None:
    path = issue(desk, sample, spoken)
    path.write_bytes(path.read_bytes().replace(b"7f7f7f", b"7f7f80", 1))
    with pytest.raises(ConsentError) as error:
        find_record(desk.configs_dir, desk.media_dir, "ada")
    assert error.value.rule == "tampered"


def test_a_record_without_one_is_spelled_as_before(desk: Desk, sample: Path) -> None:
    path = issue(desk, sample, None)
    document = json.loads(path.read_bytes())["record"]
    assert "voice_recording" not in document
    record = parse_record(path).record
    assert record.voice_recording is None and len(record_seal(record)) == 64


def test_nobodys_voice_is_measured_without_leave(desk: Desk, sample: Path, spoken: Path) -> None:
    def measure(path: Path) -> tuple[str, str]:
        pytest.fail("a voice was measured")

    with pytest.raises(ConsentError) as error:
        issue(desk, sample, spoken, measure_voice=measure, adult_confirmed=False)
    assert error.value.rule == "minor"
    with pytest.raises(InputError, match="right 'voice'"):
        issue(desk, sample, spoken, measure_voice=measure, rights=["face"])
    with pytest.raises(InputError, match="does not exist"):
        issue(desk, sample, sample.with_name("nowhere.wav"), measure_voice=measure)


def test_another_voice_is_refused_and_both_answers_are_logged(desk: Desk, sample: Path, spoken: Path) -> None:
    path = issue(desk, sample, spoken)
    assert rule_of(desk, sample, 0.79)[0] == "voice-match"
    kept = path.parent / "evidence" / "ada.voice.wav"
    assert rule_of(desk, sample, 0.81) == ("", [kept])
    events = [(entry.event, entry.facts.get("rule")) for entry in audit_entries(desk.media_dir)]
    assert events == [("refused", "voice-match"), ("voice-matched", None)]
    kept.unlink()
    assert rule_of(desk, sample, 0.81) == ("", [None])


def test_a_record_without_a_voice_clears_no_clone(desk: Desk, sample: Path) -> None:
    issue(desk, sample, None)
    with pytest.raises(ConsentError, match="--voice-recording") as error:
        clear_reference(desk.configs_dir, desk.media_dir, "ada", PURPOSE, [file_digest(sample)])
    assert error.value.rule == "voice-recording"


def test_a_sample_does_not_vouch_for_itself(desk: Desk, sample: Path) -> None:
    issue(desk, sample, sample)
    assert rule_of(desk, sample, 1.0) == ("voice-recording", [])


def test_a_voice_that_was_made_under_two_records_needs_both(desk: Desk, sample: Path, spoken: Path) -> None:
    issue(desk, sample, spoken)
    desk.issue("house", ["voice"], [sample])
    weights = sample.with_name("clone.safetensors")
    weights.write_bytes(b"weights")
    voice = voice_named("ada", weights)
    record_output(desk.media_dir, ["ada", "house"], VOICE_OUTPUT, file_digest(weights), "voices/clone")
    clearance = clear_voices(desk.configs_dir, desk.media_dir, {"voice": voice}, PURPOSE)
    assert [(one.role, one.consent_id) for one in clearance.records] == [("voice", "ada"), ("base of voice", "house")]
    revoke_record(desk.configs_dir, desk.media_dir, "house", "no more copies")
    with pytest.raises(ConsentError) as error:
        clear_voices(desk.configs_dir, desk.media_dir, {"voice": voice}, PURPOSE)
    assert (error.value.rule, error.value.subject) == ("revoked", "house")
