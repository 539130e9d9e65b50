"""A clone taught in the way that held-out recordings speak for: what is tried, what is chosen, and that it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import voice_made

from av_models.speech.neural import adaptation, teaching
from av_models.speech.neural.adaptation import AdaptationScope
from av_models.speech.neural.encoding import SpeakerTraits
from av_models.speech.neural.mels import N_MELS
from av_models.speech.neural.teaching import Footing, Taught, Way, frames_off_db, teach, ways_for
from av_models.speech.neural.training import TrainPlan
from av_models.speech.neural.tuning import with_predicted_frames
from av_models.speech.neural.voice_file import load_voice

TRAITS = SpeakerTraits(
    np.eye(256, dtype=np.float32)[0], 140.0, 2.5, np.linspace(0.5, -0.5, N_MELS, dtype=np.float32), 5.0, 12_000.0
)


@pytest.fixture(autouse=True)
def quarter_trials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teaching, "_TRIAL_SHARE", 0.25)
        yield


def taught(folder: Path, steps: int = 8, held_out: int = 1) -> Taught:
    clips = voice_made.clips()
    plan = TrainPlan(max_steps=steps, batch=2, ema=0.5, checkpoint_s=1e9)
    return teach(voice_made.weights(), TRAITS, clips[:3], clips[3:][:held_out], plan, folder, torch.device("cpu"))


def test_every_way_is_tried_and_the_nearest_one_goes_on(tmp_path: Path) -> None:
    made = taught(tmp_path)
    assert {trial.way for trial in made.trials} == set(ways_for(9.0)) and len(made.trials) == 2
    assert made.way == min(made.trials, key=lambda one: one.off_db).way
    best = next(trial for trial in made.trials if trial.way == made.way)
    assert best.steps == 2 < made.adapted.result.step == 6  # its trial was the beginning of it
    assert np.isfinite([made.untaught_db, made.taught_db]).all()
    heard = load_voice(made.weights)
    clip = voice_made.clips()[3]
    assert frames_off_db(heard, [clip], 12_000.0) == pytest.approx(made.taught_db, abs=0.1)


def test_the_choice_follows_the_held_out_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A way that makes the frames worse is left, whichever it is."""
    for worse, better in ((Footing.MOVED, Footing.PLAIN), (Footing.PLAIN, Footing.MOVED)):
        learn = teaching._School.learn

        def spoilt(self, way, plan, told, worse=worse, learn=learn):  # type: ignore[no-untyped-def]
            adapted = learn(self, way, plan, told)
            if way.footing is worse:
                with torch.no_grad():
                    adapted.acoustic.mel_mean += 3.0
            return adapted

        with monkeypatch.context() as patch:
            patch.setattr(teaching._School, "learn", spoilt)
            patch.setattr(teaching._School, "voice", without_calibration)
            assert taught(tmp_path / str(worse)).way.footing is better


def without_calibration(school: teaching._School, way: Way, adapted: adaptation.Adapted):  # type: ignore[no-untyped-def]
    """As it was taught; else the spoilt tone would be put right."""
    from av_models.speech.neural.voice_file import load_networks, save_voice

    _, vocoder = load_networks(school.base)
    manner = school.untaught.manner if way.footing is Footing.MOVED else None
    blob = save_voice(adapted.acoustic, vocoder, {}, adapted.vector, manner)
    return load_voice(blob), blob


def test_without_held_out_speech_nothing_is_tried_or_claimed(tmp_path: Path) -> None:
    made = taught(tmp_path, held_out=0)
    assert made.trials == () and made.way == ways_for(9.0)[0] and made.adapted.result.step == 8
    assert np.isnan([made.untaught_db, made.taught_db]).all()


def test_a_killed_teaching_tries_nothing_twice(tmp_path: Path) -> None:
    first = taught(tmp_path)
    steps: list[int] = []
    learn = adaptation._AdaptationLesson.step

    def counted(self, generator, rate, share):  # type: ignore[no-untyped-def]
        steps.append(1)
        return learn(self, generator, rate, share)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adaptation._AdaptationLesson, "step", counted)
        again = taught(tmp_path)
    assert not steps and again.way == first.way
    assert np.array_equal(again.adapted.vector, first.adapted.vector)


def test_wider_scopes_are_tried_on_longer_samples_only() -> None:
    for seconds, widest in ((7.0, AdaptationScope.SPEAKER), (30.0, AdaptationScope.LAYERS), (90.0, "network")):
        ways = ways_for(seconds)
        assert {way.footing for way in ways if way.scope == widest} == set(Footing)
        assert max(list(AdaptationScope).index(way.scope) for way in ways) == list(AdaptationScope).index(ways[0].scope)


def test_frames_are_compared_where_the_recording_has_any() -> None:
    voice, recorded = load_voice(voice_made.weights()), voice_made.clips()[:2]
    own = list(with_predicted_frames(voice, recorded))
    near = frames_off_db(voice, own, 12_000.0)  # not 0: the energy that is imposed is measured anew
    assert 2 * near < frames_off_db(voice, recorded, 12_000.0)
    dull = [replace(clip, mel=np.concatenate([clip.mel[:-20], clip.mel[-20:] - 9])) for clip in own]
    assert frames_off_db(voice, dull, 12_000.0) > 5 + frames_off_db(voice, dull, 5_000.0)
