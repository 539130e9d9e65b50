"""The marks of a file, read back from the file itself: manifest, watermark, visible label."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from av_models.domain.errors import MediaError
from av_models.domain.provenance import Provenance, Verdict

__all__ = ["verdict_of"]

_N_PICTURES = 5
_DETECT_HZ = 32_000


def verdict_of(path: Path, configs_dir: Path, media_dir: Path) -> Verdict:
    """All marks of a file. Raises MediaError when it cannot be read."""
    from av_models.forensics.verify import judge
    from av_models.io.provenance import verify_master
    from av_models.io.watermark import MARKED_FROM

    provenance = verify_master(path)
    consent_ids = _consent_ids(provenance, configs_dir, media_dir)
    return judge(path.name, provenance, _watermark(path), MARKED_FROM, _label(path), consent_ids)


def _watermark(path: Path) -> float | None:
    from av_models.io.audio import read_audio
    from av_models.io.watermark import detect_audio

    try:
        samples = read_audio(path, _DETECT_HZ)
    except MediaError:
        return None
    return detect_audio(samples, _DETECT_HZ)


def _label(path: Path) -> float | None:
    """The middle likeness of a few pictures from all over the file."""
    from av_models.forensics.verify import label_likeness
    from av_models.io.label import ai_label
    from av_models.io.video import frame_times, read_pictures

    try:
        n_frames = len(frame_times(path))
        wanted = [n_frames * (2 * number + 1) // (2 * _N_PICTURES) for number in range(_N_PICTURES)]
        pictures = [picture.rgb for picture in read_pictures(path, sorted(set(wanted)))]
    except MediaError:
        return None
    height_px, width_px = pictures[0].shape[:2]
    label = ai_label(width_px, height_px)
    return median(label_likeness(rgb, label) for rgb in pictures)


def _consent_ids(provenance: Provenance, configs_dir: Path, media_dir: Path) -> list[str]:
    from av_models.io.consent import all_records
    from av_models.io.provenance import proves

    shelf = all_records(configs_dir, media_dir) if provenance.consent_proofs else ()
    return [one.record.id for one in shelf if one.record and proves(provenance, one.record)]
