"""What a reviewer sees at a gate: Markdown with the pictures inside and the way to the files that play."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from av_models.domain.edit import SwappedClip
from av_models.domain.face import SwapModel
from av_models.domain.speech import CheckedSpeech
from tasks.artifacts import MOST_PICTURE_BYTES, inline_picture
from tasks.reporting import review_link
from tasks.workspace import store

__all__ = ["model_card", "speech_card", "swap_card"]

_MOST_WAVES = 6


def speech_card(checked: Sequence[CheckedSpeech], folder: Path) -> str:
    """Every line with its text, length, sound and what listening to it found; waveforms of the first few."""
    from av_models.forensics.self_check import outcome
    from av_models.io.audio import read_wav
    from av_models.io.preview import waveform_plot

    parts = [f"Self-check: {outcome(checked)}."]
    for number, one in enumerate(checked, start=1):
        speech = one.speech
        name = f"{number:03d}.wav"
        text = speech.utterance.line.written
        parts.append(f"**{number}.** {text} ({float(speech.duration):.1f} s, {_place(folder / 'speech' / name)})")
        parts += _heard(one)
        if number <= _MOST_WAVES:
            samples, rate_hz = read_wav(store().path(speech.audio))
            wave = waveform_plot(samples, rate_hz, speech.words, speech.phones)
            parts.append(inline_picture(wave, f"line {number}", MOST_PICTURE_BYTES // _MOST_WAVES))
    return "\n\n".join(parts)


def model_card(model: SwapModel, folder: Path) -> str:
    """The preview sheet and what training reached."""
    caption = (
        f"{model.n_steps} steps in {model.train_s:.0f} s, {model.heldout_psnr_db} dB on faces it never saw "
        f"({model.stopped_by}); {_place(folder / 'model' / 'preview.jpg')}"
    )
    return f"{caption}\n\n{inline_picture(store().read_bytes(model.preview), 'model preview')}"


def swap_card(clips: Sequence[SwappedClip], folder: Path) -> str:
    """A picture from the middle of every shot, a few at most, and the frames that were left as they were."""
    from av_models.io.preview import contact_sheet
    from av_models.io.video import read_pictures

    tiles = []
    for number, clip in enumerate(clips[:: max(1, len(clips) // 12)], start=1):
        picture = next(read_pictures(store().path(clip.video), [clip.n_frames // 2]))
        tiles.append((picture.rgb, f"shot {number}"))
    sheet = contact_sheet(tiles, 4, 240, "Swapped")
    left = [f"{part.last - part.first + 1} frames: {part.reason.value}" for clip in clips for part in clip.unswapped]
    lines = [_place(folder / "swap" / "preview.mp4"), *(f"left as they were, {one}" for one in left)]
    return "\n\n".join([*lines, inline_picture(sheet, "swapped frames")])


def _heard(one: CheckedSpeech) -> list[str]:
    """What the self-check says of a line that was not right at once."""
    left, cured = ("; ".join(flaw.sentence for flaw in flaws) for flaws in (one.flaws, one.cured))
    takes = f"{one.n_takes} takes" if one.n_takes > 1 else "1 take"
    told = ([f"⚠ not right: {left}"] if left else []) + ([f"cured: {cured}"] if cured else [])
    return [f"{takes}; {'; '.join(told)}"] if told else []


def _place(file: Path) -> str:
    """A link where the file is served, else its path."""
    link = review_link(file)
    return f"[{file.name}]({link})" if link else f"`{file}`"
