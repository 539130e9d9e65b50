"""`python -m flows.train_boundaries`: the weights of `av_models.alignment.boundaries`, made again.

It takes speech with exact times (made here with espeak-ng, and WAV files with a TextGrid beside them, such as flite's)
and recordings of people; those without a transcript are read by pocketsphinx's recogniser first, and only words that
fit are used. About half an hour on two cores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from av_models.alignment.boundary_training import Example

__all__ = ["main"]

RATE_HZ = 16_000
_VARIANTS = (
    *("m1", "m2", "m3", "m4", "m5", "m6", "f1", "f2", "f3", "f4", "f5"),
    *("edward", "edward2", "steph", "linda", "Gene", "max"),
    *("",) * 5,
)
_RATES_WPM = (130, 150, 165, 180, 200)
_SUFFIXES = {".opus", ".wav", ".flac"}
_LONGEST_S = 10
_LEAST_FIT, _LEAST_PHONE_FIT = -1.2, -4.0
_FEWEST_WORDS = 5
_HELD_OUT = 10
# How often each kind is drawn: labelled, spoken by espeak-ng, with a transcript, without.
_SHARES = (1.0, 0.6, 0.7, 1.0)
_VARIED = (3, 3, 1, 2)


def main(
    labelled: Annotated[Path, typer.Option(help="Folder of WAV files with TextGrids: tiers words and phones.")],
    read: Annotated[Path, typer.Option(help="Folder with transcripts.tsv (name, text) and the recordings in audio/.")],
    unread: Annotated[Path, typer.Option(help="Folder of recordings without transcripts.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    steps: Annotated[int, typer.Option(help="Of each of the two rounds.")] = 2400,
    most: Annotated[int, typer.Option(help="Recordings of each kind.")] = 700,
) -> None:
    """Train on speech with exact times, time the recordings with that, train on all."""
    from safetensors.numpy import save_file

    from av_models.alignment.boundary_training import retimed, train_boundaries, vary

    rng = np.random.default_rng(0)
    texts = _transcripts(read)
    exact = [list(_labelled(labelled)), list(_spoken(list(texts.values()), rng))]
    people = [list(_recordings(read, texts, most)), list(_recordings(unread, {}, most))]
    sets = [[*one, *(vary(e, rng) for e in one * (n - 1))] for one, n in zip(exact, _VARIED[:2], strict=True)]
    typer.echo(f"exact: {[len(one) for one in exact]}, people: {[len(one) for one in people]}")
    first = train_boundaries(list(zip(sets, _SHARES[:2], strict=True)), steps // 2, on_step=_report)
    timed = [[retimed(example, first) for example in one] for one in people]
    sets += [[*one, *(vary(e, rng) for e in one * (n - 1))] for one, n in zip(timed, _VARIED[2:], strict=True)]
    last = train_boundaries(list(zip(sets, _SHARES, strict=True)), steps, on_step=_report)
    save_file({name: value.astype(np.float16) for name, value in last.items()}, out)


def _report(step: int, loss: float) -> None:
    if step % 200 == 0:
        typer.echo(f"step {step}: loss {loss:.3f}")


def _transcripts(folder: Path) -> dict[str, str]:
    """By name; every tenth prompt is held out."""
    rows = (line.split("\t") for line in (folder / "transcripts.tsv").read_text(encoding="utf-8").splitlines())
    return {name: text for name, text in sorted(rows) if int(name.split("_")[1][1:]) % _HELD_OUT}


def _labelled(folder: Path) -> Iterator[Example]:
    from av_models.alignment.boundary_training import example_of
    from av_models.io.audio import read_audio
    from av_models.io.textgrid import read_textgrid

    for path in sorted(folder.glob("*.wav")):
        _, phones = read_textgrid(path.with_suffix(".TextGrid"))
        yield example_of(read_audio(path, RATE_HZ), [(p.label, float(p.start)) for p in phones])


def _spoken(texts: Sequence[str], rng: np.random.Generator) -> Iterator[Example]:
    """By espeak-ng, which knows the sample of every phone."""
    from av_models.alignment.boundary_training import example_of
    from av_models.alignment.forced import as_16khz
    from av_models.speech.registry import get_engine
    from av_models.speech.script import read_script

    for number in range(240):
        text = texts[int(rng.integers(len(texts)))]
        settings = {"variant": _VARIANTS[number % len(_VARIANTS)], "rate_wpm": str(rng.choice(_RATES_WPM))}
        said = get_engine("espeak").synthesize(read_script(text).lines[0], settings, (), "en-us", 1)
        phones = [(phone.label, float(phone.start)) for phone in said.phones]
        yield example_of(as_16khz(said.samples, said.rate_hz), phones)


def _recordings(folder: Path, texts: dict[str, str], most: int) -> Iterator[Example]:
    """Recordings with their phones laid roughly; parts of which the aligner is not sure are left out."""
    from av_models.alignment.boundary_training import example_of
    from av_models.alignment.forced import NO_WORD, plain_ways
    from av_models.alignment.pronounced import word_pronunciations
    from av_models.alignment.recordings import lay_text
    from av_models.alignment.trellis import Prices
    from av_models.io.audio import read_audio
    from av_models.speech.script import read_script

    paths = sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES)
    chosen = [path for path in paths if not texts or path.stem in texts]
    np.random.default_rng(1).shuffle(chosen)
    for path in chosen[:most]:
        sound = read_audio(path, RATE_HZ)[: _LONGEST_S * RATE_HZ]
        words = read_script(texts[path.stem]).lines[0].spoken if texts else tuple(_guessed(sound))
        if len(words) < _FEWEST_WORDS:
            continue
        heard = lay_text(sound, plain_ways(word_pronunciations(words, "en-us")), Prices(forced=True))
        poor = {p.word for p in heard if p.word != NO_WORD and p.fit < (_LEAST_PHONE_FIT if not texts else -np.inf)}
        fits = [[p.fit for p in heard if p.word == index] for index in range(len(words))]
        poor |= {index for index, several in enumerate(fits) if not texts and np.mean(several or [-9]) < _LEAST_FIT}
        unsure = [p.start_s for p in heard if p.word in poor]
        yield example_of(sound, [(p.label, p.start_s) for p in heard], without=unsure)


@lru_cache(maxsize=1)
def _recogniser() -> Any:
    from pocketsphinx import Decoder, get_model_path

    folder = Path(get_model_path("en-us"))
    paths = {"hmm": folder / "en-us", "lm": folder / "en-us.lm.bin", "dict": folder / "cmudict-en-us.dict"}
    return Decoder(**{key: str(path) for key, path in paths.items()}, loglevel="FATAL", maxhmmpf=3000)


def _guessed(sound: np.ndarray) -> Iterator[str]:
    """Words as pocketsphinx's recogniser hears them."""
    level = np.clip(sound / max(float(np.abs(sound).max()), 1e-9) * 0.5, -1, 1)
    decoder = _recogniser()
    decoder.start_utt()
    decoder.process_raw((level * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    for segment in decoder.seg():
        if segment.word[0] not in "<[":
            yield str(segment.word).partition("(")[0]


if __name__ == "__main__":
    typer.run(main)
