"""From a voice and recordings to a test, answers and results: only with consent, marked, and alike to the ear."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "consent"))
sys.path.append(str(Path(__file__).parents[1] / "voice"))

from corpus_made import SENTENCES, folder_of
from records import Desk, make_desk

from av_models.domain.errors import ConsentError, InputError
from av_models.domain.listening import OPTIONS, RECORDING, SYNTHESIS, Part
from av_models.io.consent import outputs_under, revoke_record
from av_models.io.listening_answers import Answers
from av_models.io.listening_folder import CLIPS, read_test
from av_models.io.loudness import measure_loudness
from av_models.io.provenance import verify_master
from av_models.io.watermark import MARKED_FROM, detect_audio
from flows.listening import listening, load_listening
from flows.listening_results import ListeningResults, listening_results
from flows.listening_server import withdrawn

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("recordings"), SENTENCES[:6])


@pytest.fixture(scope="module")
def desk(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

    made = make_desk(tmp_path_factory.mktemp("desk"))
    (made.configs_dir / "voices.yaml").write_text((REPOSITORY / "configs" / "voices.yaml").read_text())
    results = made.media_dir / "results"
    with pytest.MonkeyPatch.context() as patch, temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: results}):
        patch.setenv("UNDERSTUDY_MEDIA", str(made.media_dir))
        patch.setenv("UNDERSTUDY_CONFIGS", str(made.configs_dir))
        yield made


def issue(desk: Desk, record_id: str, media: list[Path], use: str = "research") -> None:
    """Unless an earlier test has."""
    if not (desk.configs_dir / "consent" / f"{record_id}.json").exists():
        desk.issue(record_id, ["voice"], media, uses=[use])


def asked(recordings: Path, **changes: Any) -> dict[str, Any]:
    usual = {"name": "pilot", "voice": "espeak-default", "against": "espeak-bright", "recordings": str(recordings)}
    return usual | {"held_out": "s0[1-4]", "clips": 2, "pairs": 1, "title": "Ears", "headphones": False} | changes


def test_nobody_is_heard_without_leave(recordings: Path, desk: Desk) -> None:
    with pytest.raises(ConsentError, match="missing"):
        listening(load_listening(**asked(recordings)))
    issue(desk, "espeak-default", [])
    with pytest.raises(ConsentError, match="recordings"):
        listening(load_listening(**asked(recordings)))
    issue(desk, "for-show", [recordings], "demonstration")
    with pytest.raises(ConsentError) as error:
        listening(load_listening(**asked(recordings, consent="for-show")))
    assert error.value.rule == "use" and not (desk.media_dir / "listening" / "pilot").exists()


def test_a_test_is_made_heard_and_summed_up(recordings: Path, desk: Desk) -> None:
    issue(desk, "espeak-default", [])
    issue(desk, "speaker", [recordings])
    made = listening(load_listening(**asked(recordings, consent="speaker")))
    folder = desk.media_dir / "listening" / "pilot"
    test = read_test(folder)
    assert made["items"] == {"headphones": 0, "judge": 2, "check": 1, "prefer": 1}
    assert set(test.consent_ids) == {"espeak-default", "speaker"}
    assert {item.text for item in test.of(Part.JUDGE)} <= set(SENTENCES[:4])

    check_clips(folder)
    places = {output.place for output in outputs_under(desk.media_dir, "espeak-default")}
    assert {Path(place).name for place in places} == {
        path.name for path in (folder / CLIPS).iterdir() if RECORDING not in path.name
    }
    answers = Answers(folder)
    for _ in range(2):
        listener = answers.admit(test)
        for number, trial in enumerate(listener.plan):
            answers.keep(listener, number, trial.truth or OPTIONS[trial.part][0], [1], 4000)
    found = listening_results(ListeningResults(name="pilot"))
    out = desk.media_dir / "out" / "listening" / "pilot"
    report = json.loads((out / "report.json").read_text())
    assert report["judged"]["right"]["k"] == 4 == found["judged"]["right"]["n"] and len(report["answers"]) == 8
    assert report["preferred"]["voice"]["n"] == 2 and report["preferred"]["first"]["share"] == 1
    page = (out / "report.html").read_text()
    assert "Only 2 listeners" in page and (out / "results.png").read_bytes().startswith(b"\x89PNG")
    assert all((out / CLIPS / one["file"]).is_file() for one in report["judged"]["clips"])

    with pytest.raises(InputError, match="heard by 2 listeners"):
        listening(load_listening(**asked(recordings, consent="speaker")))
    assert withdrawn(test.consent_ids) == ""
    revoke_record(desk.configs_dir, desk.media_dir, "speaker", "changed my mind")
    assert "revoked" in withdrawn(test.consent_ids)


def check_clips(folder: Path) -> None:
    """Of one rate and loudness; what a machine said is watermarked, labelled and signed, a recording is not."""
    from av_models.io.audio import read_wav

    loud, rates = {}, set()
    for path in sorted((folder / CLIPS).iterdir()):
        samples, rate_hz = read_wav(path)
        rates.add(rate_hz)
        loud[path.name] = measure_loudness(path).integrated_lufs
        by_machine = RECORDING not in path.name
        assert (detect_audio(samples, rate_hz) > MARKED_FROM) is by_machine, path.name
        assert (b"AI-generated" in path.read_bytes()) is by_machine
        if by_machine:
            assert verify_master(path).source_types == ("algorithmicMedia",)
    assert len(rates) == 1 and max(loud.values()) - min(loud.values()) <= 0.15, loud
    assert any(SYNTHESIS in name for name in loud)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"recordings": "", "against": ""}, "nothing to compare"),
        ({"held_out": ""}, "trained nothing"),
        ({"held_out": "("}, "no pattern"),
        ({"held_out": "x99"}, "matches 'x99'"),
        ({"recordings": ""}, "nothing to say"),
        ({"name": "../x"}, "cannot name"),
        ({"against": "espeak-default"}, "with itself"),
        ({"against": "espeak-german"}, "one language"),
        ({"voice": "espeak-defualt"}, "Did you mean espeak-default"),
        ({"clips": 1}, "clips"),
        ({"texts": "gone.txt"}, "no file gone.txt"),
        ({"clips": 4}, "none is left for the pairs"),
    ],
)
def test_a_wrong_request_is_refused(recordings: Path, desk: Desk, changes: dict[str, Any], problem: str) -> None:
    issue(desk, "espeak-default", [])
    issue(desk, "speaker-too", [recordings])
    with pytest.raises(InputError, match=problem):
        listening(load_listening(**asked(recordings) | {"name": "other", "consent": "speaker-too"} | changes))
    assert not (desk.media_dir / "listening" / "other").exists()


def test_results_of_no_test_are_refused(desk: Desk) -> None:
    with pytest.raises(InputError, match="no listening test"):
        listening_results(ListeningResults(name="never-made"))
