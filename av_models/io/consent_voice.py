"""Is the voice in a sample the voice that consented? Asked of the record, answered by comparison, logged either way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.consent import Purpose, VoiceReference
from ..domain.consent_rules import check_voice, voice_reference
from .consent import find_record, record_path
from .consent_ledgers import log_event, refusals_logged
from .consent_records import voice_recording_path

__all__ = ["SampleLikeness", "clear_likeness", "clear_reference"]


@dataclass(frozen=True, slots=True)
class SampleLikeness:
    """sample: its name.  likeness: cosine to the subject's voice recording.  least: what a sample so long must have."""

    sample: str
    likeness: float
    least: float


def clear_reference(
    configs_dir: Path, media_dir: Path, consent_id: str, purpose: Purpose, digests: Collection[str]
) -> VoiceReference:
    """The recording with which samples of these digests will be compared; ConsentError('voice-recording') without one.

    A refusal is written into the audit log.
    """
    with refusals_logged(media_dir, purpose):
        return voice_reference(find_record(configs_dir, media_dir, consent_id), digests)


def clear_likeness(
    configs_dir: Path,
    media_dir: Path,
    consent_id: str,
    purpose: Purpose,
    digests: Collection[str],
    compare: Callable[[VoiceReference, Path | None], Sequence[SampleLikeness]],
) -> tuple[SampleLikeness, ...]:
    """Leave to clone the voice in samples: every one of them sounds like the recording in which the subject is heard.

    digests: of the samples.  compare: likeness of every sample to the reference, whose recording lies at the given path
    if it is kept. The decision is written into the audit log, either way.
    Raises ConsentError: voice-recording, voice-match, evidence, and as `find_record` does.
    """
    with refusals_logged(media_dir, purpose):
        record = find_record(configs_dir, media_dir, consent_id)
        reference = voice_reference(record, digests)
        kept = voice_recording_path(record_path(configs_dir, media_dir, consent_id), record)
        found = tuple(compare(reference, kept if kept and kept.is_file() else None))
        for one in found:
            check_voice(record, one.sample, one.likeness, one.least)
    likest = [f"{one.sample}: {one.likeness:.3f} of {one.least:.3f}" for one in found]
    log_event(media_dir, "voice-matched", {"consent_id": consent_id, "samples": likest, "digests": sorted(digests)})
    return found
