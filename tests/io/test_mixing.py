from __future__ import annotations

from pathlib import Path

import media_made as made
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from av_models.domain.errors import InputError, MediaError
from av_models.domain.production import BedMix
from av_models.io.audio import read_audio
from av_models.io.beds import LaidBed, decode_sound, probe_bed
from av_models.io.loudness import measure_sound
from av_models.io.mixing import Mix, duck_curve
from av_models.io.room_tone import RoomTone, tone_colour
from av_models.io.sound_track import ArraySound, Sound, write_sound
from av_models.io.store import Store

HZ = 48_000
Samples = NDArray[np.float32]


def speech_between(start_s: float, end_s: float, seconds: float) -> Samples:
    """The sample's speech, without its pauses, from one second to another; silence elsewhere."""
    spoken = read_audio(made.SAMPLES / "source_a.mp4", HZ)
    spoken = spoken[np.abs(spoken) > 0.01]
    samples = np.zeros(round(seconds * HZ), np.float32)
    samples[round(start_s * HZ) : round(end_s * HZ)] = np.resize(spoken, round((end_s - start_s) * HZ))
    return samples


def music(seconds: float, channels: int = 2, rate_hz: int = HZ) -> Samples:
    one = made.sine(seconds, rate_hz, 330, 0.2)
    return np.stack([one * (1 if channel % 2 == 0 else 0.5) for channel in range(channels)], axis=1)


def level_db(samples: Samples, start_s: float, end_s: float) -> float:
    return 20 * np.log10(np.sqrt((samples[round(start_s * HZ) : round(end_s * HZ)] ** 2).mean()) + 1e-12)


def whole(sound: Sound, step: int = 50_001) -> Samples:
    return np.concatenate([sound.read(at, min(at + step, sound.n_samples)) for at in range(0, sound.n_samples, step)])


def mixed(dialogue: Samples, bed: Samples, mix: BedMix) -> Samples:
    """The bed as it lies in the mix, alone."""
    spoken = ArraySound(dialogue)
    lufs = measure_sound(spoken, HZ).integrated_lufs
    beds = [(LaidBed(ArraySound(bed), len(dialogue), mix), measure_sound(ArraySound(bed), HZ).integrated_lufs)]
    return whole(Mix(spoken, lufs, beds, None, mix)) - dialogue[:, None]


def test_a_bed_steps_back_before_the_first_word_and_comes_back_after_the_last() -> None:
    mix = BedMix(bed_db=-8, duck_db=-12, fade_in_s=0, fade_out_s=0)
    bed = mixed(speech_between(4, 7, 12), music(20), mix)
    open_db, under_db = level_db(bed, 1, 3), level_db(bed, 4.1, 6.9)
    assert under_db == pytest.approx(open_db - 12, abs=0.2)
    assert level_db(bed, 4.0, 4.02) == pytest.approx(under_db, abs=0.5)
    assert level_db(bed, 3.5, 3.6) == pytest.approx(open_db, abs=0.5)
    assert open_db - 11 < level_db(bed, 7.3, 7.5) < open_db - 1
    assert level_db(bed, 8.5, 11) == pytest.approx(open_db, abs=0.2)


def test_a_bed_is_as_loud_as_asked_against_the_dialogue() -> None:
    dialogue = speech_between(4, 9, 16)
    bed = mixed(dialogue, music(20), BedMix(bed_db=-10, fade_in_s=0, fade_out_s=0))
    spoken = measure_sound(ArraySound(dialogue), HZ).integrated_lufs
    assert measure_sound(ArraySound(bed[10 * HZ :]), HZ).integrated_lufs == pytest.approx(spoken - 10, abs=0.3)
    assert bed[12 * HZ :, 0].std() == pytest.approx(2 * bed[12 * HZ :, 1].std(), rel=0.01)


def test_short_pauses_do_not_make_it_pump() -> None:
    dialogue = speech_between(2, 4, 8) + speech_between(4.5, 6, 8)
    curve = duck_curve(ArraySound(dialogue), -20)
    assert curve[205:595].min() > 0.99
    assert curve[:150].max() < 0.01


def test_a_loop_has_no_seam_and_a_cut_bed_fades() -> None:
    tone = music(1.0, 1)
    looped = whole(LaidBed(ArraySound(tone), 5 * HZ, BedMix(fade_in_s=0.5, fade_out_s=1.0)))
    assert np.abs(np.diff(looped[:, 0])).max() < 1.5 * np.abs(np.diff(tone[:, 0])).max()
    assert level_db(looped, 2, 3) == pytest.approx(level_db(tone, 0, 1), abs=0.3)
    assert abs(looped[0, 0]) < 1e-3 and abs(looped[-1, 0]) < 1e-3
    once = whole(LaidBed(ArraySound(tone), 5 * HZ, BedMix(loop=False, fade_out_s=0.3)))
    assert len(once) == 5 * HZ and not once[HZ:].any()
    assert level_db(once, 0.97, 1.0) < level_db(once, 0.5, 0.6) - 12


def test_room_tone_fills_pauses_and_moves_no_loudness() -> None:
    dialogue = speech_between(3, 8, 12)
    spoken = ArraySound(dialogue)
    lufs = measure_sound(spoken, HZ).integrated_lufs
    colour, from_actor = tone_colour(None)
    tone = RoomTone(colour, lufs - 45, len(dialogue))
    heard = whole(Mix(spoken, lufs, [], tone, BedMix()))
    assert not from_actor and heard.shape[1] == 1
    assert lufs - 55 < level_db(heard[:, 0], 0, 2) < lufs - 35
    assert (heard[: 2 * HZ].reshape(-1, 480) ** 2).mean(axis=1).min() > 0
    assert measure_sound(ArraySound(heard), HZ).integrated_lufs == pytest.approx(lufs, abs=0.05)
    assert np.array_equal(tone.read(1000, 5000), whole(tone)[1000:5000])


def test_room_tone_has_the_colour_of_the_actors_pauses_and_none_of_his_words() -> None:
    rng = np.random.default_rng(0)
    hiss = np.diff(rng.normal(0, 0.002, 8 * HZ + 1)).astype(np.float32)
    colour, from_actor = tone_colour(ArraySound(speech_between(1, 4, 8) + hiss))
    hz = np.fft.rfftfreq(2048, 1 / HZ)
    assert from_actor
    # Differences of white noise rise by 6 dB an octave.
    assert colour[np.searchsorted(hz, 4000)] / colour[np.searchsorted(hz, 1000)] == pytest.approx(4, rel=0.3)
    assert not tone_colour(ArraySound(speech_between(1, 4, 8)))[1]
    assert not tone_colour(ArraySound(speech_between(0, 8, 8) + hiss))[1]


@pytest.mark.parametrize(
    ("channels", "rate_hz", "subtype"), [(1, 8000, "PCM_U8"), (2, 44100, "PCM_16"), (6, 48000, "PCM_24")]
)
def test_beds_of_any_layout_are_taken(tmp_path: Path, channels: int, rate_hz: int, subtype: str) -> None:
    soundfile.write(tmp_path / "bed.wav", music(2, channels, rate_hz), rate_hz, subtype=subtype)
    bed = probe_bed(tmp_path / "bed.wav", Store(tmp_path / "store"))
    assert bed.n_channels == min(2, channels)
    assert abs(bed.n_samples - 2 * HZ) <= 48
    assert -30 < bed.loudness_lufs < -8


def test_a_video_gives_its_sound(tmp_path: Path) -> None:
    bed = probe_bed(made.SAMPLES / "actor_b.mp4", Store(tmp_path / "store"))
    assert bed.n_samples == pytest.approx(12.4 * HZ, abs=2048)


def test_unusable_beds_are_refused_with_a_remedy(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    soundfile.write(tmp_path / "short.wav", music(0.3), HZ)
    soundfile.write(tmp_path / "silent.wav", music(2) * 0, HZ)
    (tmp_path / "text.mp3").write_text("la la la")
    made.clip(tmp_path / "mute.mp4", 12)
    for name, reason in (
        ("missing.wav", "no such file"),
        ("short.wav", "lasts 0.30 s, too short"),
        ("silent.wav", "it is silent"),
        ("text.mp3", "not a media file"),
        ("mute.mp4", "it has no sound"),
    ):
        with pytest.raises(MediaError, match=reason):
            probe_bed(tmp_path / name, store)
    with pytest.raises(InputError, match="duck_db"):
        BedMix(duck_db=3)


def test_decoded_sound_is_cut_where_asked(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", music(3), HZ)
    assert decode_sound(tmp_path / "long.wav", tmp_path / "a.f32", 1, most_s=1.0).n_samples == HZ
    kept = write_sound(tmp_path / "b.f32", iter([music(0.5), music(0.25)]), 2)
    assert (kept.n_samples, kept.n_channels) == (36_000, 2)
    assert np.array_equal(kept.read(100, 200), music(0.5)[100:200])
