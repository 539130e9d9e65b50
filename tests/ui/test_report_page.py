"""The page of a finished production, from small real files, opened in a real browser: from disk, and served."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from browser import Page
from master_made import RATE, Made, make_master

from av_models.domain.media import MediaRef
from av_models.domain.provenance import ManifestState, Provenance, Verdict
from av_models.domain.quality import Coverage, IdentityMatch, QualityReport, SoundFacts, StageTime
from av_models.domain.speech import CheckedSpeech, Flaw, FlawKind
from av_models.domain.sync import Closure, Drift, FalseClosure, LipSync, OffsetAt, PhoneTimes, Stillness, Twitch
from av_models.io.preview import encode_jpeg
from av_models.io.store import Store

SECTIONS = (
    "master",
    "sheet",
    "measured",
    "lips",
    "fit",
    "speech",
    "faces",
    "model",
    "swap",
    "consent",
    "stages",
    "next",
    "making",
)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output folder as a run leaves it, with its report."""
    from tasks import reporting
    from tasks.quality import write_report

    media = tmp_path_factory.mktemp("media")
    out = media / "out" / "a <talk> & more"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNDERSTUDY_MEDIA", str(media))
        store = Store(media / "store")
        made = make_master(media, store)
        deliver(made, store, out)
        stages = (StageTime("synthesize", 3, 3, 0, 0.1, 0.1), StageTime("train_swapper", 1, 0, 0, 201.3, 201.3))
        patch.setattr(reporting, "stage_times", lambda _: stages)
        write_report.fn(
            out,
            {"script": "media/samples/hello.txt", "profile": "draft", "training": {"seed": 7}},
            clearance=made.clearance,
            script=made.script,
            model=made.model,
            master=made.master,
            quality=quality(store),
            reference=sync_of(store.put_bytes(b"not looked at", ".npz"), (), ()),
            checked=(listened_to(made),),
        )
    return out


def listened_to(made: Made) -> CheckedSpeech:
    """Its only line: a tail was cured by another take, a word is still missing."""
    speech = made.master.timeline.placements[0].alignment.speech
    lost = Flaw(FlawKind.SWALLOWED, "river", Fraction(6, 5), Fraction(6, 5))
    return CheckedSpeech(speech, (lost,), (Flaw(FlawKind.TAIL, "", Fraction(3), Fraction(5)),), 4)


def deliver(made: Made, store: Store, out: Path) -> None:
    for folder in ("speech", "alignment", "faces", "model", "swap"):
        (out / folder).mkdir(parents=True)
    shutil.copy(made.path, out / "master.mp4")
    shutil.copy(made.path, out / "swap" / "preview.mp4")
    speech = made.master.timeline.placements[0].alignment.speech
    shutil.copy(store.path(speech.audio), out / "speech" / "001.wav")
    shutil.copy(store.path(made.master.captions_vtt), out / "captions.vtt")
    (out / "alignment" / "001.TextGrid").write_text("")
    sheet = encode_jpeg(np.full((120, 200, 3), 120, np.uint8))
    for name in ("faces/source.jpg", "faces/actor.jpg", "model/preview.jpg"):
        (out / name).write_bytes(sheet)


def quality(store: Store) -> QualityReport:
    """Figures of every grade, one missed closure in frame 70 and one false one."""
    n = 165
    gap = 0.15 + 0.1 * np.sin(np.arange(n) / 3)
    gap[30:34] = np.nan
    box = np.tile([170.0, 180.0, 340.0, 350.0], (n, 1))
    series = store.put_arrays(
        time_s=(np.arange(n) + 0.5) / 25, gap=gap, target=np.abs(np.sin(np.arange(n) / 3)), box=box
    )
    closures = (Closure("M", "my", 1.56, 1.67, 40, 0.02, True), Closure("B", "big", 2.76, 2.81, 70, 0.12, False))
    wrong = (FalseClosure("AE", "and", 4.5, 112, 0.02),)
    sync = sync_of(series, closures, wrong)
    provenance = Provenance(ManifestState.UNTRUSTED)
    marks = Verdict(
        "master.mp4", provenance, 0.99, True, None, False, (), True, False, "Unchanged since it was signed."
    )
    cover = Coverage(n, n, n, ())
    match = IdentityMatch(5, 33, 0.31, 0.58, 0.65, 0.97)
    return QualityReport(RATE, sync, match, cover, SoundFacts(-16.1, -1.2, 3.0), marks, 6.6, 6.61)


def sync_of(series: MediaRef, closures: tuple[Closure, ...], wrong: tuple[FalseClosure, ...]) -> LipSync:
    return LipSync(
        offset_ms=-12.0,
        offset_error_ms=4.0,
        picture_late_ms=-12.0,
        sound_late_ms=0.0,
        times=PhoneTimes.KNOWN,
        target="phones",
        correlation=0.7,
        code_late_ms=2.0,
        code_error_ms=1.0,
        code_correlation=0.9,
        drift=Drift(1.5, 4.0, 60.0, 6),
        stretches=(OffsetAt(3.0, -11.0),),
        closed_gap=0.05,
        closures=closures,
        chance=0.3,
        false_closures=wrong,
        n_open_vowels=12,
        stillness=Stillness(1.2, 0.15, (Twitch(4.4, 110, 0.3),)),
        n_seen=161,
        n_frames=165,
        series=series,
    )


@pytest.fixture(scope="module")
def served(output: Path) -> Iterator[str]:
    """The media directory's `out`, as `flow ui` serves it."""
    import socket

    from flows.deploy import _served, media_pages

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with _served(media_pages(output.parent), "127.0.0.1", port):
        yield f"http://127.0.0.1:{port}"


def test_every_section_is_there(output: Path) -> None:
    text = (output / "report.html").read_text()
    for section in SECTIONS:
        assert f'id="{section}"' in text
    assert not [name for name in SECTIONS if f'href="#{name}"' in text and f'id="{name}"' not in text]


def test_facts_have_their_stable_keys(output: Path) -> None:
    facts = json.loads((output / "report.json").read_text())
    assert {
        *(
            "format",
            "measured",
            "figures",
            "sync",
            "identity",
            "coverage",
            "sound",
            "marks",
            "script",
            "speech",
            "faces",
        ),
        *("model", "timeline", "consent", "consent_ids", "stages", "next", "versions", "seeds", "weights", "inputs"),
        *("machine", "production", "peak_memory_mb", "run", "made_at", "title", "self_check"),
    } <= facts.keys()
    assert facts["measured"]["av_offset_ms"] == -12.0
    assert [facts["self_check"][key] for key in ("lines", "takes", "lines_left")] == [1, 4, 1]
    assert facts["measured"]["closure_share"] == 0.5
    assert facts["consent_ids"] == ["sample-voice", "sample-source", "sample-actor"]
    assert facts["seeds"] == {"training.seed": 7, "lines": "7"}
    assert [stage["cached"] for stage in facts["stages"]] == [True, False]
    assert any(weight["sha256"] and weight["licence"] for weight in facts["weights"])
    assert facts["inputs"]["source"].startswith("source_a.mp4 (SHA-256 ")


def test_the_page_works_from_disk(output: Path, page: Page) -> None:
    page.open((output / "report.html").as_uri())
    assert page.evaluate("document.title") == "A word from the studio · Understudy"
    check_media(page)
    check_pictures(page)
    assert page.problems == []


def test_the_page_works_when_served_and_seeks(output: Path, served: str, page: Page) -> None:
    page.open(f"{served}/")
    page.open(page.evaluate("document.querySelector('main a').href"))
    check_media(page)
    check_pictures(page)
    second = page.evaluate(
        """(async () => {
            const player = document.getElementById('player');
            const seeked = new Promise(done => player.addEventListener('seeked', done, {once: true}));
            document.querySelector('.misses button.seek').click();
            await seeked;
            return player.currentTime;
        })()"""
    )
    assert second == pytest.approx(2.76 - 0.2, abs=0.05)
    assert page.problems == []


@pytest.mark.parametrize("width_px", [360, 820, 1440])
def test_nothing_hangs_over_the_edge(output: Path, page: Page, width_px: int) -> None:
    page.resize(width_px, 900)
    page.open((output / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px


def test_everything_can_be_named_and_reached(output: Path, page: Page) -> None:
    page.open((output / "report.html").as_uri())
    nameless = """[...document.querySelectorAll('img, audio, video:not(#player), svg, button, a')].filter(one =>
        !(one.alt || one.ariaLabel || one.textContent.trim() || one.querySelector('img[alt], title'))).length"""
    assert page.evaluate(nameless) == 0
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(one => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert page.evaluate("document.documentElement.lang") == "en"


def test_text_is_readable_in_light_and_dark(output: Path, page: Page) -> None:
    """WCAG 2.1 AA: 4.5 to 1 for text."""
    contrast = """(() => {
        const light = text => {
            const parts = text.match(/[0-9.]+/g).slice(0, 3).map(one => one / 255)
                .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
        };
        const card = light(getComputedStyle(document.querySelector('section')).backgroundColor);
        return Math.min(...[...document.querySelectorAll('.grade, .rule, .lead, figcaption, a, dt')].map(one => {
            const ink = light(getComputedStyle(one).color);
            return (Math.max(ink, card) + 0.05) / (Math.min(ink, card) + 0.05);
        }));
    })()"""
    page.open((output / "report.html").as_uri())
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        assert page.evaluate(contrast) >= 4.5


def test_what_the_self_check_found_is_told_line_by_line(output: Path, page: Page) -> None:
    page.open((output / "report.html").as_uri())
    rows = page.evaluate("[...document.querySelectorAll('#speech tbody tr')].map(one => one.innerText).join('|')")
    assert "“river” swallowed at 1.20 s" in rows and "over-long tail at 3.00 s" in rows
    assert "1 line, 4 takes, 1 not right yet" in page.evaluate("document.querySelector('#speech').innerText")


def check_media(page: Page) -> None:
    """The master has sound, picture and captions that the browser understands."""
    facts = page.evaluate(
        """(async () => {
            const player = document.getElementById('player');
            const track = document.querySelector('track');
            if (player.readyState < 1) await new Promise(done => player.addEventListener('loadedmetadata', done));
            if (track.readyState < 2) await new Promise(done => track.addEventListener('load', done));
            const cues = [...player.textTracks[0].cues].map(cue => cue.text);
            return [player.duration, player.videoWidth, player.textTracks[0].mode, cues.join('|')];
        })()"""
    )
    assert facts == [pytest.approx(6.6, abs=0.05), 512, "showing", "Hello, and welcome\nto the studio."]


def check_pictures(page: Page) -> None:
    """Sheets, preview, waveform and the thumbnail of the missed closure all load."""
    page.evaluate("document.querySelectorAll('img').forEach(one => one.loading = 'eager')")
    loaded = page.evaluate(
        """Promise.all([...document.images].map(async one => {
            await one.decode();
            return [decodeURI(one.src).split('/').slice(-2).join('/'), one.naturalWidth > 20];
        }))"""
    )
    assert {name for name, seen in loaded if seen} == {
        *(
            "report/closure-00040.jpg",
            "report/closure-00070.jpg",
            "report/sheet.jpg",
            "report/wave-001.png",
            "faces/source.jpg",
            "faces/actor.jpg",
            "model/preview.jpg",
        ),
    }
    assert page.evaluate("document.querySelectorAll('svg.lips polyline.gap').length") == 2
