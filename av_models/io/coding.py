"""How each preset is coded: FFmpeg's encoders, pixel formats and settings, and what the container must say."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from av_models.domain.errors import InputError
from av_models.domain.production import Preset, Profile

__all__ = ["AAC_BIT_RATE", "EXACT_TIMESCALE", "Coding", "coding_of"]

AAC_BIT_RATE = 192_000
_KEY_PICTURE_S = 2

EXACT_TIMESCALE = 240_000
"""Ticks a second of edit lists: samples at 48 kHz and pictures at 23.976 to 60 a second are whole numbers of them.
FFmpeg's own 1000 would round the length of the sound to a millisecond."""

_QUALITY: dict[tuple[Preset, Profile], dict[str, Any]] = {
    (Preset.H264, Profile.DRAFT): {"preset": "veryfast", "crf": 19},
    (Preset.H264, Profile.FINAL): {"preset": "slow", "crf": 16},
    (Preset.H265, Profile.DRAFT): {"preset": "veryfast", "crf": 21},
    (Preset.H265, Profile.FINAL): {"preset": "medium", "crf": 17},
}


@dataclass(frozen=True, slots=True)
class Coding:
    """picture: FFmpeg's output settings for the picture.  pixel_format: what is encoded.  overlay: the name that the
    overlay filter has for it.  sound: FFmpeg's name of the sound's encoder."""

    container: str
    picture: dict[str, Any]
    pixel_format: str
    overlay: str
    sound: str

    @property
    def sound_settings(self) -> dict[str, Any]:
        return {"c:a": self.sound} | ({"b:a": AAC_BIT_RATE} if self.sound == "aac" else {})


def coding_of(preset: Preset, bit_depth: int, profile: Profile, rate: Fraction, width: int, height: int) -> Coding:
    """Errors: InputError for a size that the preset cannot hold."""
    if preset is Preset.DNXHR and (width < 256 or height < 120):
        problem = f"DNxHR cannot hold a picture of {width}x{height} px: it needs at least 256x120 px."
        raise InputError(problem, "Take another preset, such as prores.")
    mp4 = preset.suffix == ".mp4"
    subsampling = "422" if preset in (Preset.PRORES, Preset.DNXHR) else "420"
    deep = bit_depth > 8
    return Coding(
        container="mp4" if mp4 else "mov",
        picture=_encoder(preset, deep, rate) | _QUALITY.get((preset, profile), {}),
        pixel_format=f"yuv{subsampling}p10le" if deep else f"yuv{subsampling}p",
        overlay=f"yuv{subsampling}p10" if deep else f"yuv{subsampling}",
        sound="aac" if mp4 else "pcm_s24le",
    )


def _encoder(preset: Preset, deep: bool, rate: Fraction) -> dict[str, Any]:
    key_pictures = {"g": round(_KEY_PICTURE_S * rate)}
    match preset:
        case Preset.H264:
            return {"c:v": "libx264", **key_pictures}
        case Preset.H265:
            # hvc1, not FFmpeg's hev1: Apple's players take no other.
            return {"c:v": "libx265", "tag:v": "hvc1", "x265-params": "log-level=error", **key_pictures}
        case Preset.PRORES:
            return {"c:v": "prores_ks", "profile:v": "hq", "vendor": "apl0"}
        case Preset.DNXHR:
            return {"c:v": "dnxhd", "profile:v": "dnxhr_hqx" if deep else "dnxhr_sq"}
        case Preset.FFV1:
            # Version 3 with checksums in every slice, each picture for itself, as archives ask (RFC 9043, FADGI).
            return {"c:v": "ffv1", "level": 3, "slices": 4, "slicecrc": 1, "g": 1}
