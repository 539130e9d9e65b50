"""`clone-voice`: two people's leave and the right voice first, then a voice that is measured on what it never heard."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "consent"))
sys.path.append(str(Path(__file__).parents[1] / "neural"))

import encoder_made
import voice_made
from corpus_made import RATE_HZ, SENTENCES, Samples, record
from encoder_made import ADA, BEA, speech
from records import Desk, make_desk

from av_models.domain.cloning import CloneCandidate, CloneMethod, CloneSample, HeardCandidate
from av_models.domain.errors import ConsentError, InputError, MediaError, ModelError
from av_models.domain.media import MediaRef
from av_models.io.consent import outputs_under, revoke_record
from av_models.io.consent_ledgers import audit_entries
from av_models.speech import speaker
from av_models.speech.neural.voice_file import voice_card
from flows.clone_voice import CloneRun, clone_voice
from flows.speak import load_speaking, speak
from tasks import clone_measure
from tasks.clone_lessons import clips_in, cut_lessons
from tasks.clone_measure import better
from tasks.clone_sample import find_sample, keep_sample, listen_to_sample
from tasks.voiceprints import voiceprint_of
from tasks.workspace import store


@pytest.fixture(scope="module")
def desk(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

    made = make_desk(tmp_path_factory.mktemp("desk"))
    results = made.media_dir / "results"
    with pytest.MonkeyPatch.context() as patch, temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: results}):
        patch.setenv("UNDERSTUDY_MEDIA", str(made.media_dir))
        patch.setenv("UNDERSTUDY_CONFIGS", str(made.configs_dir))
        patch.setattr(clone_measure, "SENTENCES", ("Good evening.",))
        encoder_made.install(patch)
        _house(made)
        yield made


def _house(desk: Desk) -> None:
    """A tiny untrained neural voice as the one that comes with the product, under a record of its own."""
    weights = desk.configs_dir / "house.safetensors"
    weights.write_bytes(voice_made.weights())
    desk.issue("house", ["voice"], [weights], licence="CC0 1.0")
    settings = {"engine": "neural", "language": "en-us", "licence": "CC0 1.0", "consent_id": "house"}
    entry = [f"    {key}: {value}" for key, value in settings.items()]
    lines = ["voices:", "  house:", *entry, "    weights: [house.safetensors]", ""]
    (desk.configs_dir / "voices.yaml").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four sentences of Ada in 44.1 kHz stereo, with their text beside them."""
    path = tmp_path_factory.mktemp("sample") / "ada.flac"
    sound = speech(4, ADA)
    record(path, [sound, sound], 44_100)
    path.with_suffix(".txt").write_text(" ".join(SENTENCES[:4]))
    return path


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("spoken") / "consent.wav", [speech(2, ADA, first=8)])


def leave(desk: Desk, name: str, sample: Path, spoken: Path | None) -> str:
    desk.issue(name, ["voice"], [sample], voice_recording=spoken, measure_voice=voiceprint_of, licence="a contract")
    return name


def run_of(sample: Path, **changes: Any) -> CloneRun:
    return CloneRun(**{"samples": (str(sample),), "name": "ada", "max_steps": 2, **changes})


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    import flows.clone_voice as flow

    monkeypatch.setattr(flow, "listen_to_sample", lambda *_: pytest.fail("a sample was listened to"))


@pytest.mark.usefixtures("deaf")
def test_nothing_is_listened_to_without_leave_and_a_voice_to_compare_with(sample: Path, desk: Desk) -> None:
    with pytest.raises(ConsentError) as error:
        clone_voice(run_of(sample))
    assert (error.value.rule, error.value.exit_code) == ("missing", 77)
    with pytest.raises(ConsentError, match="--voice-recording") as error:
        clone_voice(run_of(sample, consent=leave(desk, "silent", sample, None)))
    assert error.value.rule == "voice-recording"
    with pytest.raises(ConsentError) as error:
        clone_voice(run_of(sample, consent=leave(desk, "itself", sample, sample)))
    assert error.value.rule == "voice-recording"


@pytest.mark.usefixtures("deaf")
def test_without_the_encoder_no_voice_is_cloned(sample: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise ModelError("The speaker encoder is not installed.", "Install it.")

    monkeypatch.setattr(speaker, "_weights_path", none)
    with pytest.raises(ModelError, match="whose voice it is"):
        clone_voice(run_of(sample))


def test_another_voice_than_the_one_that_consented_is_refused(desk: Desk, spoken: Path, tmp_path: Path) -> None:
    stolen = record(tmp_path / "bea.wav", [speech(2, BEA)])
    with pytest.raises(ConsentError, match="not that of") as error:
        clone_voice(run_of(stolen, consent=leave(desk, "stolen", stolen, spoken), name="stolen"))
    assert (error.value.rule, error.value.exit_code) == ("voice-match", 77)
    assert "voice-match" in {entry.facts.get("rule") for entry in audit_entries(desk.media_dir)}
    assert not (desk.media_dir / "voices" / "stolen").exists()


def test_a_voice_is_cloned_measured_registered_and_taken_back(
    sample: Path, spoken: Path, desk: Desk, tmp_path: Path
) -> None:
    made = clone_voice(run_of(sample, consent=leave(desk, "ada-consent", sample, spoken), curve=True))
    folder = desk.media_dir / "voices" / "ada"
    assert made["consent_ids"] == ["ada-consent", "house"]
    assert [row["method"] for row in made["tried"]] == ["base", "encode", "encode", "adapt"]
    assert [row["sample_s"] for row in made["tried"][:2]] == [0.0, 3.0]
    assert made["likeness"]["measured_on"].startswith("held-out") and made["sample"]["held_out_s"] >= 3
    card = json.loads((folder / "card.json").read_text())
    assert (card["consent"], card["base"]["consent"], card["base"]["name"]) == ("ada-consent", "house", "house")
    assert voice_card((folder / "ada.safetensors").read_bytes()) == card
    assert {path.name for path in folder.iterdir()} == {
        *("voice.yaml", "ada.safetensors", "card.json", "curves.png", "samples")
    }
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")

    asked = load_speaking("Good evening.", "ada", (), 7, "demonstration", "worldwide", False, tmp_path / "spoken")
    assert speak(asked)["consent_ids"] == ["ada-consent", "house"]
    for consent_id in ("ada-consent", "house"):
        assert "voice" in {output.what for output in outputs_under(desk.media_dir, consent_id)}
    revoke_record(desk.configs_dir, desk.media_dir, "ada-consent", "changed my mind")
    for again in (lambda: speak(asked), lambda: clone_voice(run_of(sample, consent="ada-consent"))):
        with pytest.raises(ConsentError) as error:
            again()
        assert error.value.rule == "revoked"


def listened(*paths: Path) -> CloneSample:
    recordings, found = find_sample.fn([str(path) for path in paths], "", "en-us")
    return listen_to_sample.fn(recordings, keep_sample.fn(recordings, found))


def flawed(kind: str) -> Samples:
    sound = speech(2, ADA)
    if kind == "quiet":
        return sound * np.float32(1e-4)
    if kind == "short":
        return sound[:RATE_HZ]
    if kind == "clipped":
        return np.clip(sound, *(share * np.abs(sound).max() for share in (-0.25, 0.25)))
    if kind == "noisy":
        return np.asarray(sound + np.random.default_rng(1).normal(0, 0.05, len(sound)), np.float32)
    return np.concatenate([sound, speech(2, BEA)])


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("quiet", "too quiet"),
        ("short", "too short"),
        ("clipped", "clipped"),
        ("noisy", "noisy"),
        ("two", "two people speak"),
    ],
)
def test_a_sample_that_cannot_be_used_is_refused_with_the_reason(
    desk: Desk, tmp_path: Path, kind: str, problem: str
) -> None:
    with pytest.raises(MediaError, match=problem):
        listened(record(tmp_path / f"{kind}.wav", [flawed(kind)]))


def test_a_bad_recording_among_good_ones_is_left_out_and_told(desk: Desk, tmp_path: Path) -> None:
    good = record(tmp_path / "good.wav", [speech(2, ADA)], 16_000)
    found = listened(good, record(tmp_path / "bad.wav", [flawed("short")]))
    rows = store().json(found.report)
    assert [(row["name"], row["usable"]) for row in rows] == [("good", True), ("bad", False)]
    assert rows[0]["rate_hz"] == 16_000 and "too short" in rows[1]["note"]
    assert float(found.seconds) == pytest.approx(rows[0]["seconds"], abs=0.01)


def test_words_are_learnt_from_one_side_and_measured_on_the_other(sample: Path, desk: Desk) -> None:
    lessons = cut_lessons.fn(listened(sample))
    learnt, held = clips_in(lessons.clips), clips_in(lessons.held_out)
    assert lessons.transcribed and learnt and held
    assert not {clip.name for clip in learnt} & {clip.name for clip in held}
    assert float(lessons.seconds) == pytest.approx(sum(clip.n_frames for clip in learnt) * 256 / RATE_HZ, abs=0.01)
    heads = {clip.samples[5000:6000].tobytes() for clip in learnt}
    assert not any(head in clip.samples.tobytes() for head in heads for clip in held)


@pytest.mark.parametrize(
    ("adapted", "chosen"),
    [
        ({"likeness": 0.9, "word_errors": 0.1}, "adapt"),
        ({"likeness": 0.9, "word_errors": 0.1, "off_db": {"untaught": 6.0, "taught": 5.0}}, "adapt"),
        ({"likeness": 0.9, "word_errors": 0.1, "off_db": {"untaught": 6.0, "taught": 6.0}}, "encode"),
        ({"likeness": 0.9, "word_errors": 0.1, "opinion": 2.4}, "adapt"),
        ({"likeness": 0.9, "word_errors": 0.1, "opinion": 2.2}, "encode"),
        ({"likeness": 0.7, "word_errors": 0.1}, "encode"),
        ({"likeness": 0.9, "word_errors": 0.4}, "encode"),
        ({"likeness": 0.9, "word_errors": 0.1, "measured_on": "the sample itself"}, "encode"),
    ],
)
def test_the_better_of_both_is_chosen_by_what_was_held_out(desk: Desk, adapted: dict[str, Any], chosen: str) -> None:
    def heard(method: str, figures: dict[str, Any]) -> HeardCandidate:
        none, off_db = store().put_json({}), figures.get("off_db")
        facts = store().put_json({"frames_off_db": off_db} if off_db else {})
        judged = {"measured_on": "held-out audio of the sample", "opinion": 2.5, **figures}
        return HeardCandidate(CloneCandidate(method, none, facts, 9), store().put_json(judged), ())  # type: ignore[arg-type]

    both = heard("encode", {"likeness": 0.8, "word_errors": 0.1}), heard("adapt", adapted)
    found, why = better(both, CloneMethod.AUTO)
    assert found.candidate.method == chosen and why.startswith("adapt is ")
    assert better(both[1:], CloneMethod.ADAPT)[0].candidate.method == "adapt"
    if chosen == "adapt":
        tuned = heard("adapt+vocoder", {"likeness": 0.95, "word_errors": 0.1, "opinion": 2.0})
        found, why = better((*both, tuned), CloneMethod.AUTO)
        assert found.candidate.method == "adapt" and why.endswith("adapt+vocoder is less clean")


@pytest.mark.parametrize(
    ("changes", "kind", "problem"),
    [
        ({"name": "Ada Lovelace"}, InputError, "cannot name a voice"),
        ({"name": "house"}, InputError, "already"),
        ({"language": "de"}, InputError, "English only"),
        ({"samples": ("nowhere.wav",)}, MediaError, "no such recording"),
        ({"transcript": "nowhere.txt"}, InputError, "no text file"),
    ],
)
def test_a_wrong_request_is_refused(
    sample: Path, desk: Desk, changes: dict[str, Any], kind: type[Exception], problem: str
) -> None:
    with pytest.raises(kind, match=problem):
        clone_voice(run_of(sample, **changes))


def test_a_file_that_changes_meanwhile_is_not_the_one_that_was_cleared(desk: Desk, tmp_path: Path) -> None:
    path = record(tmp_path / "now.wav", [speech(1, ADA)])
    recordings, paths = find_sample.fn([str(path)], "", "en-us")
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(MediaError, match="changed just now"):
        keep_sample.fn(recordings, paths)


def test_refs_of_a_sample_are_by_content(desk: Desk, tmp_path: Path) -> None:
    path = record(tmp_path / "one.wav", [speech(1, ADA)])
    (tmp_path / "copy.wav").write_bytes(path.read_bytes())
    recordings, paths = find_sample.fn([str(path)], "", "en-us")
    (ref,) = keep_sample.fn(recordings, paths)
    assert isinstance(ref, MediaRef) and ref.digest == store().json(recordings.listing)[0]["digest"]
    with pytest.raises(InputError, match="given twice"):
        find_sample.fn([str(path), str(tmp_path / "copy.wav")], "", "en-us")
