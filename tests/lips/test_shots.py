"""Shots carry the right mouth: driven, the actor's, or both, phrase by phrase."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from av_models.domain.edit import Anchor, Fit, Lips, LipsChoice, PhraseFit, Placement, Timeline
from av_models.domain.face import FaceSet, FaceTrack, SwapModel
from av_models.domain.media import Footage, MediaRef
from av_models.domain.script import Line
from av_models.domain.speech import Alignment, Phone, Speech, Utterance, Voice
from av_models.domain.swap import PlateMatch, SwapOptions
from av_models.lips.mouth import GAP, mouth_scale
from tasks.shots import cut_shots
from tasks.workspace import store
from tests.lips.mouths_made import babble, line, middles, person, speaks

RATE = Fraction(25)
N_FRAMES = 200
RAW = np.array([0.1, 0.3, 0.5, 0.4, 0.23, 0.33, 0.74, 0.29]), np.array([0.035] * 8)
NOWHERE = MediaRef("0" * 64, ".bin")
MATCH = PlateMatch(NOWHERE, 1.0, 0.0)


def face_set(seed: int) -> FaceSet:
    """A talker of eight seconds whose lips close now and then, without sound."""
    times = middles(8.0, RATE) - 0.02
    codes = speaks(person(seed), [*babble(85, seed), *line("M", "M", start_s=7.7)], times, noise=0.02)
    raw = (codes * RAW[1] * 0.9 + RAW[0]).astype(np.float32)
    raw[:, GAP] = 0.03 + 0.09 * (raw[:, GAP] - raw[:, GAP].min()) / np.ptp(raw[:, GAP])
    footage = Footage(NOWHERE, "made.mp4", 64, 64, N_FRAMES, RATE, N_FRAMES / RATE, False, 8, 0, None)
    track = FaceTrack(footage, store().put_arrays(time_s=times), NOWHERE, (), N_FRAMES, 1, (), "made")
    shards = tuple(
        store().put_arrays(mouth=raw[part], frame=np.arange(N_FRAMES, dtype=np.int32)[part])
        for part in (slice(0, 120), slice(120, None))
    )
    return FaceSet(track, shards, N_FRAMES, 64, "made")


@pytest.fixture(scope="module")
def model() -> SwapModel:
    names = SwapModel.__dataclass_fields__
    given = {"source": face_set(1), "actor": face_set(2), "weights": NOWHERE, "card": NOWHERE, "preview": NOWHERE}
    return SwapModel(**{name: given.get(name, 0) for name in names})  # type: ignore[arg-type]


def placement(phrases: tuple[PhraseFit, ...] = (), first_frame: int = 0) -> Placement:
    phones = tuple(line(*["AA1", "P", "IY1", "M", "EH1", "B", "OW1", "T"] * 4, each_s=0.12, start_s=0.1))
    phones = (Phone("sil", Fraction(0), Fraction(1, 10)), *phones, Phone("sil", phones[-1].end, Fraction(4)))
    voice = Voice("made", "made", "en-us", (), (), "CC0", "made")
    quiet = store().put_bytes(_wav(4 * 16000), ".wav")
    speech = Speech(Utterance(Line("", ()), voice, 1), quiet, 16000, 4 * 16000, (), phones)
    alignment = Alignment(speech, "made", (), phones, None)
    anchors = (Anchor(0, Fraction(1)), Anchor(119, Fraction(1) + Fraction(119, 25)))
    return Placement(alignment, first_frame, 120, Fraction(3, 10), anchors, "cut", phrases)


def _wav(n_samples: int) -> bytes:
    import io
    import wave

    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"\0\0" * n_samples)
    return data.getvalue()


def mouths(model: SwapModel, mode: Lips, *placements: Placement) -> list[np.ndarray]:
    """Codes of every placement (n,8)."""
    shots = cut_shots.fn(Timeline(RATE, placements, LipsChoice(mode, "")), model, MATCH, "", SwapOptions())
    codes = np.concatenate([store().arrays(shot.faces[0].mouth)["mouth"] for shot in shots])
    assert [len(shot.plate_s) for shot in shots] == [96, 24] * len(placements)
    return np.split(codes, len(placements))


def test_without_phrases_the_programmes_choice_counts(model: SwapModel) -> None:
    (kept,), (driven,) = mouths(model, Lips.KEEP, placement()), mouths(model, Lips.DRIVE, placement())
    measured = np.concatenate([store().arrays(shard)["mouth"] for shard in model.actor.shards])
    own = mouth_scale(measured).normalise(measured)[25:145]
    assert np.corrcoef(kept[:, GAP], own[:, GAP])[0, 1] > 0.95
    assert np.corrcoef(driven[:, GAP], own[:, GAP])[0, 1] < 0.6


def test_every_phrase_gets_the_lips_it_was_fitted_for(model: SwapModel) -> None:
    cases = [Fit.DRIVE, Fit.PICTURE, Fit.SOUND]
    phrases = tuple(PhraseFit(40 * k, 40, fit, "") for k, fit in enumerate(cases))
    (mixed,), (kept,), (driven,) = (
        mouths(model, mode, placement(some)) for mode, some in ((Lips.KEEP, phrases), (Lips.KEEP, ()), (Lips.DRIVE, ()))
    )
    assert np.array_equal(mixed[:38], driven[:38])
    assert np.array_equal(mixed[45:], kept[45:])
    most = max(abs(np.diff(part[:, GAP])).max() for part in (kept, driven))
    assert abs(np.diff(mixed[:, GAP])).max() <= 1.25 * most


def test_a_line_depends_on_no_other(model: SwapModel) -> None:
    alone = mouths(model, Lips.DRIVE, placement())[0]
    first = placement()
    changed = replace(first, alignment=replace(first.alignment, phones=tuple(line("AA1", "M", start_s=3.7))))
    assert np.array_equal(mouths(model, Lips.DRIVE, changed, placement(first_frame=120))[1], alone)
