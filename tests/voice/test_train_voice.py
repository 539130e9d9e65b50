"""`train-voice`: leave first, then a corpus, a voice with its card, and a voice that speaks under that leave only."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "consent"))

from corpus_made import SENTENCES, folder_of, record, said
from records import Desk, make_desk

from av_models.domain.errors import ConsentError, InputError, MediaError
from av_models.io.consent import outputs_under, revoke_record
from flows.speak import load_speaking, speak
from flows.train_voice import VoiceRun, train_voice
from tasks.corpus import corpus_clips, list_recordings, prepare_corpus


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="module")
def desk(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    from prefect.settings import PREFECT_RESULTS_LOCAL_STORAGE_PATH, temporary_settings

    made = make_desk(tmp_path_factory.mktemp("desk"))
    (made.configs_dir / "voices.yaml").write_text("voices: {}\n")
    results = made.media_dir / "results"
    with pytest.MonkeyPatch.context() as patch, temporary_settings({PREFECT_RESULTS_LOCAL_STORAGE_PATH: results}):
        patch.setenv("UNDERSTUDY_MEDIA", str(made.media_dir))
        patch.setenv("UNDERSTUDY_CONFIGS", str(made.configs_dir))
        yield made


def run_of(recordings: Path, **changes: Any) -> VoiceRun:
    return VoiceRun(
        **{"recordings": str(recordings), "name": "ada", "max_steps": 1, "width": 32, "held_out": "s0[36]", **changes}
    )


def test_nothing_is_listened_to_without_leave(recordings: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import flows.train_voice as flow

    monkeypatch.setattr(flow, "prepare_corpus", lambda *_: pytest.fail("a recording was opened"))
    with pytest.raises(ConsentError) as error:
        train_voice(run_of(recordings))
    assert (error.value.rule, error.value.exit_code) == ("missing", 77)
    desk.issue("face-only", ["face"], [recordings])
    with pytest.raises(ConsentError) as error:
        train_voice(run_of(recordings, consent="face-only"))
    assert error.value.rule == "right"


def test_a_record_covers_the_folder_as_it_was(recordings: Path, desk: Desk, tmp_path: Path) -> None:
    other = folder_of(tmp_path / "other", SENTENCES[:2])
    desk.issue("other", ["voice"], [other])
    with pytest.raises(ConsentError) as error:
        train_voice(run_of(recordings, consent="other"))
    assert error.value.rule == "media"


def test_a_voice_is_made_registered_speaks_and_is_taken_back(recordings: Path, desk: Desk, tmp_path: Path) -> None:
    desk.issue("ada-consent", ["voice"], [recordings], licence="CC0 1.0")
    made = train_voice(run_of(recordings, consent="ada-consent", out=str(tmp_path / "out")))
    folder = desk.media_dir / "voices" / "ada"
    assert (made["folder"], made["clips"], made["refused"]) == (str(folder), len(SENTENCES), 0)
    card = json.loads((folder / "card.json").read_text())
    assert (card["consent"], card["licence"], card["data"]["held_out"]) == ("ada-consent", "CC0 1.0", 2)
    assert card["training"]["vocoder"]["steps"] == 1 and card["held_out"]["mcd_db"] > 0
    # After so short a training nothing that it says is right, and the check has to say so.
    assert card["check"] == made["check"] and (card["check"]["sentences"], card["check"]["flawed"]) == (2, 1.0)
    assert {path.name for path in folder.iterdir()} == {
        *("voice.yaml", "ada.safetensors", "card.json", "curves.png", "samples")
    }
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"corpus.json", "corpus.png"}

    further = run_of(recordings, name="ada-two", start_from="ada", width=0, critic=True, out=str(tmp_path / "out"))
    train_voice(further.model_copy(update={"consent": "ada-consent"}))
    card = json.loads((desk.media_dir / "voices" / "ada-two" / "card.json").read_text())
    assert card["training"]["before"] == {"vocoder": 1, "acoustic": 1}
    assert card["training"]["critic"]["steps"] == 1

    spoken = load_speaking("Good evening.", "ada", (), 7, "demonstration", "worldwide", False, tmp_path / "spoken")
    assert speak(spoken)["consent_ids"] == ["ada-consent"]
    assert "voice" in {output.what for output in outputs_under(desk.media_dir, "ada-consent")}
    (folder / "ada.safetensors").write_bytes((folder / "ada.safetensors").read_bytes() + b"\0")
    with pytest.raises(ConsentError) as error:  # other weights than those that were made under it
        speak(spoken)
    assert error.value.rule == "media"
    revoke_record(desk.configs_dir, desk.media_dir, "ada-consent", "changed my mind")
    with pytest.raises(ConsentError) as error:
        train_voice(run_of(recordings, consent="ada-consent"))
    assert error.value.rule == "revoked"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "Ada Lovelace"}, "cannot name a voice"),
        ({"language": "xx-unknown"}, "English only"),
        ({"held_out": "("}, "no pattern"),
        ({"recordings": "/nowhere"}, "does not exist"),
    ],
)
def test_a_wrong_request_is_refused(recordings: Path, desk: Desk, changes: dict[str, str], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        train_voice(run_of(recordings).model_copy(update=changes))


def test_too_few_good_clips_are_refused_with_what_was_wrong(desk: Desk, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "few", SENTENCES[:3])
    (folder / "transcripts.tsv").write_text("".join(f"s0{n}\tSomething else entirely was said.\n" for n in (1, 2, 3)))
    desk.issue("few", ["voice"], [folder])
    with pytest.raises(MediaError, match="not what its transcript says"):
        train_voice(run_of(folder, consent="few", out=str(tmp_path / "out")))
    assert json.loads((tmp_path / "out" / "corpus.json").read_text())["refused"] == 3


def test_a_preparation_goes_on_where_it_was_and_repeats_only_what_changed(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from av_models.speech.corpus import clips as module

    folder = folder_of(tmp_path / "some", SENTENCES[:4], pitch=56)
    record(folder / "copy.wav", [said(SENTENCES[0], pitch=56)])
    (folder / "broken.flac").write_bytes(b"no sound" * 9)
    with (folder / "transcripts.tsv").open("a") as table:
        table.write(f"copy\t{SENTENCES[0]}\nbroken\tNobody hears this.\n")
    looked_at: list[str] = []
    real = module.clips_of
    monkeypatch.setattr(
        module, "clips_of", lambda sound, text, *rest: looked_at.append(text) or real(sound, text, *rest)
    )

    def prepared() -> Any:
        return prepare_corpus.fn(list_recordings.fn(folder, None, "en-us"), str(folder), "s02")

    first = prepared()
    assert len(looked_at) == 5 and (first.n_clips, first.n_held_out, first.n_refused) == (4, 1, 2)
    from tasks.workspace import store

    reasons = store().json(first.report)["reasons"]
    assert reasons == {"a copy": 1, "not readable": 1}
    assert [clip.id for row, clip in corpus_clips(first) if row["held_out"]] == ["s02"]
    assert prepared() == first and len(looked_at) == 5
    text = (folder / "transcripts.tsv").read_text()
    (folder / "transcripts.tsv").write_text(text.replace(SENTENCES[3], SENTENCES[3].replace("notebook", "note book")))
    assert prepared() != first and len(looked_at) == 6
