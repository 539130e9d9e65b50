"""A master whose truth is known: the first seconds of the actor sample, which its sound and its phones fit exactly.

Nothing was swapped in it, so an honest measurement finds good lips and the wrong face.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import ffmpeg
import numpy as np

from av_models.domain.consent import Clearance, ClearedRecord, Purpose, Right, SubjectKind
from av_models.domain.edit import Anchor, Lips, LipsChoice, Master, Placement, Shot, SwappedClip, Timeline
from av_models.domain.face import FaceProblem, FaceSet, FaceTrack, ProblemRange, SwapModel
from av_models.domain.media import MediaRef
from av_models.domain.script import Line, Script, Token, TokenKind
from av_models.domain.speech import Alignment, Phone, Speech, Utterance, Voice, Word
from av_models.domain.swap import FaceSwap, PlateMatch
from av_models.face.backend import get_backend
from av_models.face.witness import Witness, watch
from av_models.io.audio import read_audio, wav_bytes
from av_models.io.ffmpeg_command import run_graph
from av_models.io.preview import encode_jpeg
from av_models.io.probe import probe_footage
from av_models.io.store import Store
from av_models.io.video import frame_times, read_pictures

SAMPLES = Path(__file__).parents[2] / "media" / "samples"
RATE = Fraction(25)
SPEECH_RATE_HZ = 22_050
CLIP_S = 6.6
LATE_MS = 80
KEPT_ACTOR = ProblemRange(100, 103, FaceProblem.TURNED_AWAY)

# Ends in milliseconds, known exactly from the synthesiser of the sample's sound.
_PHONES = (
    "sil 119, HH 212, AH1 261, L 396, OW1 694, sil 876, AE1 999, N 1041, D 1092, W 1228, EH1 1321, L 1427, K 1526, "
    "AH1 1562, M 1671, T 1767, AH1 1876, DH 1939, AH1 1974, S 2108, T 2151, UW1 2274, D 2299, IY1 2414, OW1 2658, "
    "sil 2761, M 2805, AY1 2969, N 3012, EY1 3262, M 3345, IH1 3423, Z 3504, B 3580, AA1 3759, B 3812, F 3919, "
    "AW1 4070, L 4162, ER1 4309, sil 4490, AE1 4593, N 4632, D 4656, W 4752, IY1 4844, HH 4891, AE1 5023, V 5088, "
    "AH1 5135, V 5227, EH1 5284, R 5393, IY1 5488, B 5561, IH1 5637, G 5692, P 5835, R 5928, OW1 5992, G 6068, R 6143, "
    "AE1 6188, M 6265, F 6347, AO1 6389, R 6456, sil 6600"
)
_WORDS = (
    "hello 119 694, and 876 1092, welcome 1092 1671, to 1671 1876, the 1876 1974, studio 1974 2658, my 2761 2969, "
    "name 2969 3345, is 3345 3504, bob 3504 3812, fowler 3812 4309, and 4490 4656, we 4656 4844, have 4844 5088, "
    "a 5088 5135, very 5135 5488, big 5488 5692, program 5692 6265, for 6265 6456"
)


@dataclass(frozen=True)
class Made:
    """What `measure_master` and `write_report` take, and the file itself."""

    path: Path
    clearance: Clearance
    script: Script
    master: Master
    model: SwapModel
    shots: tuple[Shot, ...]
    clips: tuple[SwappedClip, ...]


def make_master(folder: Path, store: Store, sound_late_ms: int = 0) -> Made:
    """The clip with its sound delayed, and a timeline that knows nothing of that."""
    path = folder / "master.mp4"
    clip = ffmpeg.input(str(SAMPLES / "actor_b.mp4"), t=CLIP_S)
    sound = clip.audio.filter("adelay", delays=sound_late_ms, all=1)
    coding = {"vcodec": "libx264", "preset": "veryfast", "crf": 17, "acodec": "aac", "frames:v": round(CLIP_S * RATE)}
    run_graph(ffmpeg.output(clip.video, sound, str(path), t=CLIP_S, **coding), path, "cutting it")
    timeline = _timeline(store)
    model = _model(store)
    video, n_frames = store.put_file(path), timeline.n_frames
    assert len(frame_times(path)) == n_frames
    captions = store.put_bytes(b"WEBVTT\n\n00:00.100 --> 00:02.500\nHello, and welcome\nto the studio.\n", ".vtt")
    master = Master(timeline, video, captions, captions, captions, captions, -16.0, -1.0)
    match = PlateMatch(captions, 1.0, 0.0)
    face = FaceSwap(model.weights, model.actor.track, match, _mouth(store, n_frames))
    shots = (Shot(tuple(Fraction(i) / RATE for i in range(n_frames)), RATE, (face,)),)
    clips = (SwappedClip(video, n_frames, (1.0,) * n_frames, (KEPT_ACTOR,)),)
    lines = tuple(placement.alignment.speech.utterance.line for placement in timeline.placements)
    return Made(path, _clearance(), Script("A word from the studio", "en-US", lines), master, model, shots, clips)


def _timeline(store: Store) -> Timeline:
    words = tuple(Word(text, _s(start), _s(end)) for text, start, end in (row.split() for row in _WORDS.split(", ")))
    phones, start = [], Fraction(0)
    for label, end in (row.split() for row in _PHONES.split(", ")):
        phones.append(Phone(label, start, _s(end)))
        start = phones[-1].end
    samples = read_audio(SAMPLES / "actor_b.mp4", SPEECH_RATE_HZ)[: round(CLIP_S * SPEECH_RATE_HZ)]
    line = Line("", tuple(Token(TokenKind.WORD, word.text, (word.text,)) for word in words))
    voice = Voice("rms", "flite", "en-US", (), (), "BSD", "sample-voice")
    audio = store.put_bytes(wav_bytes(samples, SPEECH_RATE_HZ), ".wav")
    speech = Speech(Utterance(line, voice, 7), audio, SPEECH_RATE_HZ, len(samples), (), ())
    n_frames = round(CLIP_S * RATE)
    anchors = (Anchor(0, Fraction(0)), Anchor(n_frames - 1, (n_frames - 1) / RATE))
    placement = Placement(
        Alignment(speech, "engine", words, tuple(phones), None), 0, n_frames, Fraction(0), anchors, "cut"
    )
    return Timeline(RATE, (placement,), LipsChoice(Lips.KEEP, "the actor says these words"))


def _model(store: Store) -> SwapModel:
    curve = [
        {"train_s": 20.0 * n, "step": 60 * n, "source_db": 24 + n / 2, "actor_db": 23.8 + n / 2} for n in range(1, 9)
    ]
    picture = store.put_bytes(encode_jpeg(np.full((64, 96, 3), 160, np.uint8)), ".jpg")
    source, actor = (_faces(store, name) for name in ("source_a", "actor_b"))
    card = store.put_json({"curve": curve})
    return SwapModel(
        store.put_bytes(b"weights", ".safetensors"), card, picture, source, actor, 128, 480, 160.0, 28.0, "budget"
    )


def _faces(store: Store, name: str) -> FaceSet:
    footage = probe_footage(SAMPLES / f"{name}.mp4", store)
    ref = store.put_bytes(b"not looked at", ".npz")
    problems = (ProblemRange(20, 22, FaceProblem.BLURRED),)
    track = FaceTrack(footage, ref, ref, _identity(name), footage.n_frames - 3, 1, problems, "dlib")
    return FaceSet(track, (ref,), 200, 128, f"sample-{name}")


@lru_cache
def _identity(name: str) -> tuple[float, ...]:
    witness = Witness([], get_backend("dlib").descriptor)
    seen = watch(read_pictures(SAMPLES / f"{name}.mp4", range(0, 200, 25)), witness)
    return tuple(np.mean([one.descriptor for one in seen], axis=0).tolist())


def _mouth(store: Store, n_frames: int) -> MediaRef:
    return store.put_arrays(mouth=np.zeros((n_frames, 8), np.float32))


def _clearance() -> Clearance:
    kinds = (("voice", Right.VOICE), ("source", Right.FACE), ("actor", Right.PERFORMANCE))
    records = (
        ClearedRecord(role, f"sample-{role}", f"The {role}", SubjectKind.FICTIONAL, right, "CC0-1.0", "ab" * 32)
        for role, right in kinds
    )
    return Clearance(Purpose("demonstration", "worldwide", "en-US"), tuple(records))


def _s(milliseconds: str) -> Fraction:
    return Fraction(int(milliseconds), 1000)
