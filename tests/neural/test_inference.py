"""The voice speaks with arrays alone, and says what the networks that were trained would say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import voice_made

from av_models.domain.errors import ModelError
from av_models.speech.neural.acoustic import spread_over_frames, symbol_batch
from av_models.speech.neural.acoustic_inference import AcousticInference, lay_over_frames
from av_models.speech.neural.layers import Floats
from av_models.speech.neural.mels import HOP
from av_models.speech.neural.shapes import SPEAKER_SIZE
from av_models.speech.neural.vocoder_inference import VocoderInference
from av_models.speech.neural.voice import Manner, Prosody
from av_models.speech.neural.voice_file import load_networks, load_voice, voice_card, with_speaker

CLIP = voice_made.clips()[1]
CHANCE = np.random.default_rng(4)


def arrays(network: torch.nn.Module) -> dict[str, Floats]:
    return {name: value.numpy() for name, value in network.state_dict().items()}


def batched(frames_first: Floats) -> torch.Tensor:
    """(T, C) as the (1, C, T) that the networks take."""
    return torch.from_numpy(np.ascontiguousarray(frames_first.T))[None]


def same(found: Floats, wanted: torch.Tensor, tolerance: float = 2e-5) -> None:
    expected = wanted[0].numpy().T if wanted.dim() == 3 else wanted.numpy()
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance * max(1.0, float(np.abs(expected).max()))


@torch.inference_mode()
def test_the_acoustic_network_is_the_one_that_was_trained() -> None:
    torch.manual_seed(1)
    network, _ = voice_made.networks()
    ours = AcousticInference.of(arrays(network), voice_made.ACOUSTIC.noise)
    speaker = CHANCE.normal(0, 1, SPEAKER_SIZE).astype(np.float32)
    batch, mask = symbol_batch([CLIP.symbols], torch.device("cpu"))
    said, condition = network.read(batch, torch.from_numpy(speaker)[None], mask)
    our_said, our_condition = ours.read(CLIP.symbols, speaker)
    same(our_said, said)
    noise = CHANCE.normal(0, 1, (len(CLIP.symbols), voice_made.ACOUSTIC.noise)).astype(np.float32)
    scaled = network.predict_prosody(said, condition, batched(noise), mask)
    prosody = scaled * network.prosody_spread[:, None] + network.prosody_mean[:, None]
    same(ours.predict_prosody(our_said, our_condition, noise), prosody)

    course = CHANCE.normal(0, 1, (len(CLIP.symbols), 2)).astype(np.float32)
    owner, facts, over = spread_over_frames(torch.from_numpy(CLIP.frames), torch.from_numpy(course.T.copy()))
    lain = lay_over_frames(CLIP.frames, course)
    assert np.array_equal(lain.owner, owner.numpy())
    same(lain.facts, facts[None])
    same(lain.course, over[None])
    n_frames = CLIP.n_frames
    noise = CHANCE.normal(0, 1, (n_frames, voice_made.ACOUSTIC.noise)).astype(np.float32)
    everywhere = torch.ones(1, 1, n_frames)
    known = torch.cat([facts, over])[None]
    contour = network.predict_contour(said[:, :, owner], condition, known, batched(noise), everywhere)[0]
    height, voicing = ours.predict_contour(our_said[lain.owner], our_condition, lain, noise)
    same(height, contour[0] / (8.0 * network.prosody_spread[1]))
    same(voicing, contour[1])
    given = CHANCE.normal(0, 1, (n_frames, 7)).astype(np.float32)
    sketch = network.sketch(said[:, :, owner], condition, batched(given), everywhere)
    our_sketch = ours.sketch(our_said[lain.owner], our_condition, given)
    same(our_sketch, sketch)
    same(ours.paint(our_sketch, our_condition, noise), network.paint(sketch, condition, batched(noise), everywhere))


@pytest.mark.parametrize("n_frames", [1, 63, 64, 65, 200])
def test_the_vocoder_is_the_one_that_was_trained(n_frames: int) -> None:
    """Whatever the number of frames, for they are turned into sound in parts."""
    _, network = voice_made.networks()
    mel, pitch = (np.asarray(np.resize(a, (*a.shape[:-1], n_frames)), np.float32) for a in (CLIP.mel, CLIP.pitch_hz))
    noise = CHANCE.normal(0, 1, n_frames * HOP).astype(np.float32)
    if n_frames > 2:  # the network cannot mirror what is shorter than its window
        with torch.inference_mode():
            given = (torch.from_numpy(mel)[None], torch.from_numpy(pitch)[None], torch.from_numpy(noise)[None])
            wanted = network(*given, torch.zeros(1, dtype=torch.float64))[0].numpy()
        found = VocoderInference.of(arrays(network))(mel.T, pitch, noise)
        assert np.abs(found - wanted).max() < 1e-3 * np.abs(wanted).max()
    assert VocoderInference.of(arrays(network))(mel.T, pitch, noise).shape == (n_frames * HOP,)


def test_speaking_needs_no_torch(tmp_path: Path) -> None:
    """Its import alone would take more memory than the whole voice, and seconds before the first word."""
    weights = tmp_path / "voice.safetensors"
    weights.write_bytes(voice_made.weights())
    script = (
        "import sys; from pathlib import Path; from av_models.speech.registry import get_engine;"
        "from av_models.speech.script import read_script; (line,) = read_script('Good morning.').lines;"
        "said = get_engine('neural').synthesize(line, {}, [Path(sys.argv[1]).read_bytes()], 'en-us', 1);"
        "assert said.samples.any(); heavy = {'torch', 'scipy', 'librosa', 'prefect'} & sys.modules.keys();"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", script, str(weights)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_one_network_speaks_under_several_identities() -> None:
    data = voice_made.weights()
    vector, origin = (CHANCE.normal(0, 1, SPEAKER_SIZE).astype(np.float16).astype(np.float32) for _ in range(2))
    manner = Manner(3.0, 0.5, -1.0, tone=CHANCE.normal(0, 1, 80).astype(np.float32))
    other = with_speaker(data, {"name": "other"}, vector, manner, origin)
    base, found = load_voice(data), load_voice(other)
    assert voice_card(other) == {"name": "other"} == found.card
    assert np.array_equal(found.speaker, vector) and np.array_equal(found.origin, origin)
    assert (found.manner.pitch_semitones, found.manner.pitch_range, found.manner.middle_semitones) == (3.0, 0.5, -1.0)
    assert found.manner.tone is not None and manner.tone is not None and np.array_equal(found.manner.tone, manner.tone)
    assert not base.origin.any() and base.manner.tone is None
    wishes = Prosody(frames=CLIP.frames, variation=0.0)
    third_up = load_voice(with_speaker(data, {}, np.zeros(SPEAKER_SIZE), Manner(3.0)))
    low, high = (voice.speak(CLIP.symbols, wishes).pitch_hz for voice in (base, third_up))
    both = (low > 0) & (high > 0)
    assert np.median(high[both] / low[both]) > 1.1
    for one, two in zip(load_networks(data), load_networks(other), strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_a_file_without_one_of_its_weights_is_damaged() -> None:
    from safetensors.numpy import load, save

    data = voice_made.weights()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])["__metadata__"]
    for lost in ("vocoder.enter.bias", "acoustic.reader.blocks.0.widen.weight", "speaker"):
        state = {name: value for name, value in load(data).items() if name != lost}
        if lost == "speaker":
            state[lost] = np.zeros(3, np.float16)
        with pytest.raises(ModelError, match="damaged"):
            load_voice(save(state, metadata=header))
