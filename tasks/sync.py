"""Lips against speech in any clip, as stages: whose lips move, what is heard, and how well the two go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_models.domain.errors import InputError, MediaError
from av_models.domain.media import Footage, MediaRef
from av_models.domain.speech import Phone, Word
from av_models.domain.sync import LipSync, PhoneTimes, Wording
from av_models.lips.expected import spoken_in
from av_models.lips.measure import Heard, Lips, measure_lips
from av_models.lips.speaker import LipRun
from tasks.artifacts import in_run
from tasks.caching import stage
from tasks.progress import Progress
from tasks.workspace import store

__all__ = ["measure_clip", "watch_lips"]

SPEECH_HZ = 16_000
REACH_MS = 1000.0
_QUIETEST_RMS = 1e-4
# Median over the phones: 0.98 for the right text, 0.05 for another one.
_LEAST_CONFIDENCE = 0.5


@stage("2")
def watch_lips(footage: Footage) -> MediaRef:
    """The lips of everybody in the clip: .npz with `time_s` (n,), the middle of each frame, and for every one of R
    runs of a face `frames_R` (k,), `gap_R` (k,) over mouth width and `box_R` (k, 4) px."""
    path = store().path(footage.media)
    with _named(footage):
        return store().put_arrays(**_watched(path, footage))


def _watched(path: Path, footage: Footage) -> dict[str, NDArray[np.generic]]:
    from av_models.face.onlooker import Run, follow_everybody
    from av_models.face.witness import Looker
    from av_models.io.video import frame_times, read_pictures
    from av_models.lips.sync import lip_gaps

    found: dict[str, NDArray[np.generic]] = {"time_s": _middles(np.array([float(t) for t in frame_times(path)]))}
    with Progress("watch lips", footage.n_frames, label=footage.name) as progress:
        for one in follow_everybody(read_pictures(path), Looker()):
            if isinstance(one, Run):
                number = (len(found) - 1) // 3
                found[f"frames_{number}"] = np.array(one.frames)
                found[f"gap_{number}"] = lip_gaps(np.array(one.landmarks))
                found[f"box_{number}"] = np.array(one.boxes)
            else:
                progress.reach(one + 1)
    return found


@contextmanager
def _named(footage: Footage) -> Iterator[None]:
    """Errors name the file as the user did, not the place where it is kept."""
    try:
        yield
    except MediaError as error:
        error.message = error.message.replace(str(store().path(footage.media)), footage.name)
        raise


@stage("2")
def measure_clip(footage: Footage, wording: Wording) -> LipSync:
    """Offset, drift, closures and stillness of the speaking face, by the times that are known, by the text, or by the
    sound alone, whichever there is.

    Raises MediaError when there is no sound, or no face at all.
    """
    if footage.audio is None:
        raise MediaError(footage.name, "it has no sound", "Give a file with picture and sound.")
    seen = store().arrays(watch_lips(footage) if in_run() else watch_lips.fn(footage))
    runs = _runs(seen)
    if not runs:
        problem = "no face is seen in it from the front for half a second"
        raise MediaError(footage.name, problem, "Give a clip that shows the speaker's face, upright, 80 px or taller.")
    heard = _listen(footage, wording)
    found = _measured(seen, runs, heard)
    if found.offset_ms is None and heard.times is PhoneTimes.ALIGNED:
        # Perhaps it is the text that does not belong: what the sound alone says is worth a try.
        alone = _measured(seen, runs, _listen(footage, Wording()))
        if alone.offset_ms is not None:
            return replace(alone, reason="The text is not used: the lips follow the sound, but not these words in it.")
    return found


def _measured(seen: dict[str, NDArray[np.generic]], runs: Sequence[LipRun], heard: Heard) -> LipSync:
    from av_models.lips.expected import target_of_phones
    from av_models.lips.speaker import speaking_face

    times_s = np.asarray(seen["time_s"], np.float64)
    gap, box = np.full(len(times_s), np.nan), np.full((len(times_s), 4), np.nan)
    target = target_of_phones(heard.phones, float(times_s[-1]) + 1)
    for number in speaking_face(runs, times_s, target, REACH_MS):
        gap[runs[number].frames] = runs[number].gap
        box[runs[number].frames] = seen[f"box_{number}"]
    series = store().put_arrays(time_s=times_s, gap=gap, target=target.opening(times_s), box=box)
    return measure_lips(Lips(gap, times_s), heard, series, REACH_MS)


def _runs(seen: dict[str, NDArray[np.generic]]) -> tuple[LipRun, ...]:
    numbers = range((len(seen) - 1) // 3)
    return tuple(
        LipRun(np.asarray(seen[f"frames_{n}"], np.int64), np.asarray(seen[f"gap_{n}"], np.float64)) for n in numbers
    )


def _listen(footage: Footage, wording: Wording) -> Heard:
    from av_models.io.audio import read_audio

    with _named(footage):
        samples = read_audio(store().path(footage.media), SPEECH_HZ)
    if wording.phones:
        return Heard(spoken_in(wording.phones, wording.words), PhoneTimes.KNOWN)
    if not samples.size or float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) < _QUIETEST_RMS:
        return Heard((), PhoneTimes.HEARD, reason="The sound is silent.")
    reason = ""
    if wording.text.strip():
        found = lay_text(samples, wording)
        if found.phones:
            return Heard(spoken_in(found.phones, found.words), PhoneTimes.ALIGNED, reason=found.reason)
        reason = f"The text is not used: {found.reason[0].lower()}{found.reason[1:]}"
    from av_models.alignment.unscripted import hear_phones

    return Heard(spoken_in(hear_phones(samples, SPEECH_HZ), ()), PhoneTimes.HEARD, reason=reason)


@dataclass(frozen=True, slots=True)
class LaidText:
    """Empty when the text could not be laid over the sound. reason: why, or which words are in doubt, a sentence."""

    words: tuple[Word, ...] = ()
    phones: tuple[Phone, ...] = ()
    reason: str = ""


def lay_text(samples: NDArray[np.float32], wording: Wording) -> LaidText:
    """Words and phones of what is said in samples at SPEECH_HZ."""
    from av_models.alignment.aligner import get_aligner
    from av_models.speech.script import read_script

    try:
        lines = read_script(wording.text, wording.language).lines
        whole = replace(lines[0], tokens=tuple(token for line in lines for token in line.tokens))
        found = get_aligner("pocketsphinx").align(samples, SPEECH_HZ, whole, wording.language, ((), ()))
    except InputError as error:
        return LaidText(reason=error.message)
    sure = [phone.confidence for phone in found.phones if phone.confidence is not None]
    if sure and float(np.median(sure)) < _LEAST_CONFIDENCE:
        return LaidText(reason="Most of its words are not heard in the sound.")
    doubts = found.verdict.sentence if found.verdict is not None and found.verdict.doubts else ""
    return LaidText(found.words, found.phones, doubts)


def _middles(starts_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """When each picture was taken. One that is held for longer was taken no later, so a short frame's half counts."""
    if len(starts_s) < 2:
        return starts_s
    return np.asarray(starts_s + np.percentile(np.diff(starts_s), 10) / 2)
