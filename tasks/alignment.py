"""Alignment as a stage: when each word and each phone of a line is heard."""

from __future__ import annotations

from av_models.alignment.aligner import Aligned, Aligner
from av_models.domain.errors import InputError
from av_models.domain.media import MediaRef
from av_models.domain.script import Line
from av_models.domain.speech import Alignment, Speech
from tasks.caching import stage
from tasks.progress import Progress
from tasks.workspace import store

__all__ = ["SOUND_HZ", "align", "align_recording"]

SOUND_HZ = 16_000


@stage("3")
def align(speech: Speech, aligner: str) -> Alignment:
    """Words and phones with times. aligner: 'auto', or the one to be used whatever the engine knows."""
    from av_models.alignment.aligner import get_aligner
    from av_models.io.audio import read_wav

    samples, rate_hz = read_wav(store().path(speech.audio))
    utterance = speech.utterance
    found = get_aligner(aligner).align(
        samples, rate_hz, utterance.line, utterance.voice.language, (speech.words, speech.phones)
    )
    return Alignment(speech, found.aligner, found.words, found.phones, found.score)


@stage("1")
def align_recording(recording: MediaRef, line: Line, language: str, aligner: str, times: MediaRef | None) -> Aligned:
    """Words and phones of a whole recording, sound or video of any length. times: what another program found."""
    from av_models.alignment.aligner import get_aligner
    from av_models.alignment.sphinx import SphinxAligner
    from av_models.io.audio import read_audio

    samples = read_audio(store().path(recording), SOUND_HZ)
    if times is not None:
        return _imported(times, aligner).align(samples, SOUND_HZ, line, language, ((), ()))
    if aligner not in ("auto", "pocketsphinx"):
        return get_aligner(aligner).align(samples, SOUND_HZ, line, language, ((), ()))
    with Progress("align", max(1, len(samples) // SOUND_HZ), unit="s") as progress:
        listening = SphinxAligner(lambda done_s: progress.reach(int(done_s)))
        return listening.align(samples, SOUND_HZ, line, language, ((), ()))


def _imported(times: MediaRef, aligner: str) -> Aligner:
    """By the kind of the file, which must not contradict the aligner that was asked for."""
    from av_models.alignment.imported import ImportedTimes, WhisperxTimes
    from av_models.io.aligned_files import read_times
    from av_models.io.textgrid import read_textgrid

    kind = "textgrid" if times.suffix == ".textgrid" else "whisperx"
    if aligner not in ("auto", kind):
        remedy = f"Leave --aligner out, or give --aligner {kind}."
        raise InputError(f"Times from a file are not those of the aligner '{aligner}'.", remedy)
    path = store().path(times)
    return ImportedTimes(*read_textgrid(path)) if kind == "textgrid" else WhisperxTimes(read_times(path))
