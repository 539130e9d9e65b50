from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import voice_made

from av_models.domain.errors import InputError, ModelError
from av_models.speech.neural.acoustic_training import measured_prosody, train_acoustic
from av_models.speech.neural.clips import VoiceClip, clips_from_arrays, clips_to_arrays, make_clip
from av_models.speech.neural.mels import RATE_HZ
from av_models.speech.neural.scores import vector_score
from av_models.speech.neural.symbols import ENDINGS, PHONES
from av_models.speech.neural.training import TrainPlan, TrainProgress, TrainResult
from av_models.speech.neural.tuning import with_predicted_frames
from av_models.speech.neural.vocoder_training import train_vocoder
from av_models.speech.neural.voice import NeuralVoice, Prosody
from av_models.speech.neural.voice_file import load_voice, save_voice, voice_card

CPU = torch.device("cpu")


def train(part: str, folder: Path, max_steps: int, stop_at: int = 0, rate: float = 2e-3) -> TrainResult:
    """Train on three sentences and hold one out. stop_at: leave off after that many steps, as a killed run would."""
    plan = TrainPlan(max_steps=max_steps, batch=2, learning_rate=rate, checkpoint_s=1e9, evaluate_s=0)
    clips = voice_made.clips()
    steps: list[int] = []

    def watch(progress: TrainProgress) -> None:
        assert progress.part == part
        steps.append(progress.step)

    def stop() -> bool:
        return bool(stop_at and steps and steps[-1] >= stop_at)

    if part == "vocoder":
        return train_vocoder(
            clips[:3], clips[3:], voice_made.VOCODER, plan, folder, CPU, on_progress=watch, should_stop=stop
        )
    return train_acoustic(
        clips[:3], clips[3:], voice_made.ACOUSTIC, plan, folder, CPU, on_progress=watch, should_stop=stop
    )


@pytest.mark.parametrize("part", ["vocoder", "acoustic"])
def test_a_run_that_was_stopped_goes_on_to_the_bit(part: str, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    whole.mkdir()
    parted.mkdir()
    at_once = train(part, whole, 5)
    assert train(part, parted, 5, stop_at=2).stopped_by == "request"
    resumed = train(part, parted, 5)
    assert (resumed.step, resumed.stopped_by) == (5, "budget")
    for one, other in zip(at_once.network.parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_training_brings_held_out_speech_nearer(tmp_path: Path) -> None:
    for part, share in (("acoustic", 0.95), ("vocoder", 0.95)):
        before = train(part, tmp_path, 1).curve[-1].values["mel_db"]
        (tmp_path / f"{part}.pt").unlink()
        after = train(part, tmp_path, 90).curve[-1].values["mel_db"]
        assert after < share * before, part


def test_a_damaged_state_and_other_data_begin_anew(tmp_path: Path) -> None:
    train("acoustic", tmp_path, 2)
    (tmp_path / "acoustic.pt").write_bytes(b"half a file")
    assert train("acoustic", tmp_path, 1).step == 1
    assert train("acoustic", tmp_path, 1, rate=1e-3).step == 1


def test_a_run_that_diverges_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="diverged"):
        train("acoustic", tmp_path, 40, rate=float("inf"))


def test_what_was_trained_can_be_shipped(tmp_path: Path) -> None:
    acoustic, vocoder = (train(part, tmp_path, 2).network for part in ("acoustic", "vocoder"))
    data = save_voice(acoustic, vocoder, {"name": "ours", "steps": 2})  # type: ignore[arg-type]
    assert voice_card(data) == {"name": "ours", "steps": 2}
    voice = load_voice(data)
    assert isinstance(voice, NeuralVoice)
    clip = voice_made.clips()[3]
    spoken = voice.speak(clip.symbols, Prosody(frames=clip.frames, pitch_hz=clip.pitch_hz))
    assert spoken.samples.size == clip.samples.size
    assert np.array_equal(spoken.frames, clip.frames)
    assert spoken.pitch_hz == pytest.approx(clip.pitch_hz, rel=1e-3)
    with pytest.raises(InputError, match="pitch values"):
        voice.speak(clip.symbols, Prosody(frames=clip.frames, pitch_hz=clip.pitch_hz[1:]))
    with pytest.raises(InputError, match="lengths do not fit"):
        voice.speak(clip.symbols, Prosody(frames=clip.frames[1:]))


def test_a_clip_has_its_words_its_marks_and_every_hop() -> None:
    clip = voice_made.clips()[1]
    said = [PHONES[number] for number in clip.symbols.phones]
    assert " ".join(said[1:7]) == "S EH V AH N B"
    assert int(clip.frames.sum()) == clip.n_frames == clip.mel.shape[1] == clip.samples.size // 256
    assert clip.frames.min() >= 1
    comma, stop = ENDINGS.index(","), ENDINGS.index(".")
    assert clip.symbols.endings[2] == comma
    assert clip.symbols.endings[-1] == stop
    assert ENDINGS[voice_made.clips()[2].symbols.endings[-1]] == "?"
    prosody = measured_prosody(clip)
    assert float(prosody[0].exp().sum()) == pytest.approx(clip.n_frames, rel=1e-4)


def test_clips_are_kept_as_plain_arrays(tmp_path: Path) -> None:
    path = tmp_path / "clips.npz"
    np.savez(path, **clips_to_arrays(voice_made.clips()))
    with np.load(path, allow_pickle=False) as arrays:
        again = clips_from_arrays(arrays)
    for old, new in zip(voice_made.clips(), again, strict=True):
        assert old.name == new.name
        for name in ("frames", "mel", "pitch_hz", "samples"):
            assert np.array_equal(getattr(old, name), getattr(new, name))
        assert np.array_equal(old.symbols.facts, new.symbols.facts)


def test_words_that_were_not_aligned_are_refused() -> None:
    line, samples = voice_made.line("Good morning."), np.zeros(RATE_HZ, np.float32)
    with pytest.raises(InputError, match="0 of 2 words"):
        make_clip("silence", line, (), (), samples)


def test_no_clip_is_long_enough(tmp_path: Path) -> None:
    plan, none = TrainPlan(max_steps=1), list[VoiceClip]()
    with pytest.raises(ModelError, match="longer recordings"):
        train_vocoder(none, none, voice_made.VOCODER, plan, tmp_path, CPU)
    with pytest.raises(ModelError, match="longer recordings"):
        train_acoustic(none, none, voice_made.ACOUSTIC, plan, tmp_path, CPU)


def test_the_energy_score_wants_the_spread_of_the_truth() -> None:
    chance = torch.Generator().manual_seed(0)
    truth, one, other = (torch.randn(64, 3, 40, generator=chance) for _ in range(3))
    mask = torch.ones(64, 1, 40)
    scores = {level: float(vector_score(truth, level * one, level * other, mask)[0]) for level in (0.2, 1.0, 2.0)}
    assert min(scores, key=lambda level: scores[level]) == 1.0


def test_the_vocoder_can_be_tuned_to_predicted_frames(tmp_path: Path) -> None:
    voice = load_voice(voice_made.weights())
    clips = voice_made.clips()[:2]
    for clip, tuned in zip(clips, with_predicted_frames(voice, clips), strict=True):
        assert tuned.mel.shape == clip.mel.shape
        assert not np.array_equal(tuned.mel, clip.mel)
        assert np.array_equal(tuned.samples, clip.samples)
