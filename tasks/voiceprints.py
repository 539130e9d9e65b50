"""The voice that a consent was spoken with, against the voices of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_models.domain.consent import VoiceReference
from av_models.domain.errors import ConsentError, MediaError, ModelError

if TYPE_CHECKING:
    from av_models.io.consent_voice import SampleLikeness

__all__ = ["likenesses", "require_speaker_encoder", "voiceprint_of"]

Array = NDArray[np.float32]

_RATE_HZ = 16_000
_NOT_MEASURED = "Nobody can tell whose voice it is: the speaker encoder is not installed."
_INSTALL = "Install it: pip install --no-deps resemblyzer==0.1.4."


def require_speaker_encoder() -> None:
    """ModelError without the weights that voices are compared with: the comparison is never left out."""
    from av_models.speech.speaker import speaker_encoder_there

    if not speaker_encoder_there():
        raise ModelError(_NOT_MEASURED, _INSTALL)


def voiceprint_of(path: Path) -> tuple[str, str]:
    """The voiceprint (hex) of the recording in which a subject is heard, and its encoder.

    MediaError when less than a few seconds of one clear voice are in it; ModelError without the encoder.
    """
    from av_models.speech.speaker_match import ENCODER, voiceprint

    return voiceprint(_embedding(path)), ENCODER


def likenesses(marks: Mapping[str, Array], reference: VoiceReference, kept: Path | None) -> Sequence[SampleLikeness]:
    """Likeness of samples to the voice of a record. marks: embeddings of windows (n, 256) by name of the sample.

    kept: the recording itself, which is measured again; else the voiceprint counts. ConsentError('voice-recording')
    when neither can be used.
    """
    from av_models.io.consent_voice import SampleLikeness
    from av_models.speech.speaker_match import match

    voice = _embedding(kept) if kept else _bound(reference)
    found = {name: match(windows, voice) for name, windows in marks.items()}
    return [SampleLikeness(name, one.likeness, one.least) for name, one in found.items()]


def _bound(reference: VoiceReference) -> Array:
    from av_models.speech.speaker_match import ENCODER, read_voiceprint

    try:
        if reference.encoder == ENCODER:
            return read_voiceprint(reference.voiceprint)
    except ValueError:
        pass
    raise ConsentError(
        "voice-recording",
        reference.name,
        "the recording is not kept here, and its voiceprint is of another encoder",
        "Put the recording back beside the record, or make a new record with --voice-recording.",
    )


def _embedding(path: Path) -> Array:
    """(256,) of unit length for one clear voice."""
    from av_models.io.audio import read_audio
    from av_models.speech.corpus.sound_check import measure_sound, sound_faults
    from av_models.speech.corpus.voices import two_voices
    from av_models.speech.sample import speech_s
    from av_models.speech.speaker import embed_windows
    from av_models.speech.speaker_match import LEAST_REFERENCE_S

    require_speaker_encoder()
    samples = read_audio(path, _RATE_HZ)
    facts = measure_sound(samples, _RATE_HZ)
    faults = [fault for fault in sound_faults(facts) if not fault.startswith("of telephone")]
    found_s = speech_s(samples, _RATE_HZ, facts) if not faults else 0.0
    if not faults and found_s < LEAST_REFERENCE_S:
        faults = [f"too short ({found_s:.1f} s of speech)"]
    windows = embed_windows(samples, _RATE_HZ) if not faults else np.zeros((0, 256), np.float32)
    if not faults and two_voices(windows):
        faults = ["of two people"]
    if faults:
        remedy = f"Record the subject alone, for {LEAST_REFERENCE_S:.0f} s or more: the spoken consent is best."
        raise MediaError(path.name, f"as a voice recording it is {'; '.join(faults)}", remedy)
    mean = windows.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)
