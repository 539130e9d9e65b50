"""Leave is given for what a record covers, and refused by name for everything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from av_models.domain.consent import Purpose
from av_models.domain.errors import ConsentError, InputError
from av_models.domain.speech import Voice
from av_models.io.consent import clear_cast, revoke_record
from av_models.io.consent_keys import new_key, write_issuer
from tests.consent.records import PURPOSE, TODAY, Desk, cast_of, make_desk, voice_named

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def footage(tmp_path: Path) -> tuple[Path, Path]:
    source, actor = tmp_path / "source.mp4", tmp_path / "actor.mp4"
    source.write_bytes(b"a source")
    actor.write_bytes(b"an actor")
    return source, actor


@pytest.fixture
def desk(tmp_path: Path, footage: tuple[Path, Path]) -> Desk:
    made = make_desk(tmp_path)
    made.issue_for(*footage)
    return made


def refused(desk: Desk, footage: tuple[Path, Path], purpose: Purpose = PURPOSE, today: date = TODAY) -> ConsentError:
    with pytest.raises(ConsentError) as caught:
        clear_cast(desk.configs_dir, desk.media_dir, cast_of(*footage), purpose, today)
    assert caught.value.exit_code == 77
    assert caught.value.remedy
    return caught.value


def test_leave_names_the_record_behind_each_part(desk: Desk, footage: tuple[Path, Path]) -> None:
    clearance = clear_cast(desk.configs_dir, desk.media_dir, cast_of(*footage), PURPOSE, TODAY)
    assert [(one.role, one.consent_id, one.right) for one in clearance.records] == [
        ("voice", "test-voice", "voice"),
        ("source", "test-source", "face"),
        ("actor", "test-actor", "performance"),
    ]
    again = clear_cast(desk.configs_dir, desk.media_dir, cast_of(*footage), PURPOSE, TODAY)
    assert again == clearance, "equal leave must be an equal value, or nothing downstream is cached"


def test_the_samples_are_cleared_as_committed(tmp_path: Path) -> None:
    samples = REPOSITORY / "media" / "samples"
    cast = cast_of(samples / "source_a.mp4", samples / "actor_b.mp4", "espeak-default")
    clearance = clear_cast(REPOSITORY / "configs", tmp_path, cast, PURPOSE)
    assert clearance.consent_ids == ("espeak-default", "source_a", "actor_b")


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("use", {"uses": ["film"]}),
        ("territory", {"territories": ["DE", "FR"]}),
        ("language", {"languages": ["de"]}),
        ("expired", {"valid_until": "2026-11-20"}),
        ("not-yet-valid", {"valid_from": "2026-11-22", "valid_until": "2027-01-01"}),
    ],
)
def test_scope_and_dates(desk: Desk, footage: tuple[Path, Path], rule: str, changes: dict[str, object]) -> None:
    (desk.configs_dir / "consent" / "test-source.json").unlink()
    desk.issue("narrow", ["face"], [footage[0]], **changes)
    error = refused(desk, footage, today=date(2026, 11, 21))
    assert (error.rule, error.subject) == (rule, "narrow")


def test_both_ends_of_the_period_count(desk: Desk, footage: tuple[Path, Path]) -> None:
    for day in (date(2026, 1, 1), date(2099, 12, 31)):
        clear_cast(desk.configs_dir, desk.media_dir, cast_of(*footage), PURPOSE, day)


def test_consent_must_last_until_publication(desk: Desk, footage: tuple[Path, Path]) -> None:
    assert refused(desk, footage, replace(PURPOSE, date="2100-01-01")).rule == "expired"


def test_the_right_must_be_granted(desk: Desk, footage: tuple[Path, Path]) -> None:
    (desk.configs_dir / "consent" / "test-actor.json").unlink()
    desk.issue("face-only", ["face"], [footage[1]])
    assert refused(desk, footage).rule == "right"


def test_a_fitting_record_is_found_among_several(desk: Desk, footage: tuple[Path, Path]) -> None:
    desk.issue("a-face-only", ["face"], [footage[1]])
    desk.issue("b-film-only", ["performance"], [footage[1]], uses=["film"], subject="Subject of test-actor")
    clearance = clear_cast(desk.configs_dir, desk.media_dir, cast_of(*footage), PURPOSE, TODAY)
    assert clearance.consent_id("actor") == "test-actor"


@pytest.mark.parametrize("revoked", [False, True])
def test_two_people_of_one_file_are_not_taken_for_each_other(
    desk: Desk, footage: tuple[Path, Path], revoked: bool
) -> None:
    """Least of all where one of them took the consent back: the other's must not do for both."""
    desk.issue("second-face", ["face"], [footage[0]])
    if revoked:
        revoke_record(desk.configs_dir, desk.media_dir, "second-face", "changed my mind")
    error = refused(desk, footage)
    assert (error.rule, error.subject) == ("ambiguous", "source.mp4")
    assert "second-face" in str(error) and "test-source" in str(error)
    for source_consent in ("test-source", *([] if revoked else ["second-face"])):
        cast = cast_of(*footage, source_consent=source_consent)
        assert clear_cast(desk.configs_dir, desk.media_dir, cast, PURPOSE, TODAY).consent_id("source") == source_consent


def test_a_damaged_record_of_another_person_is_not_forgotten(desk: Desk, footage: tuple[Path, Path]) -> None:
    desk.issue("second-face", ["face"], [footage[0]])
    (desk.configs_dir / "consent" / "evidence" / "second-face.txt").write_text("I do not consent.\n")
    assert refused(desk, footage).rule == "ambiguous"


def test_a_renewed_consent_is_the_same_persons(desk: Desk, footage: tuple[Path, Path]) -> None:
    desk.issue("older", ["face"], [footage[0]], subject="Subject of test-source", valid_until="2026-11-20")
    day = date(2026, 11, 21)
    clearance = clear_cast(desk.configs_dir, desk.media_dir, cast_of(*footage), PURPOSE, day)
    assert clearance.consent_id("source") == "test-source"


def test_footage_that_no_record_names(desk: Desk, footage: tuple[Path, Path]) -> None:
    footage[0].write_bytes(b"another take")
    error = refused(desk, footage)
    assert (error.rule, error.subject) == ("missing", "source.mp4")
    assert "flow consent new --right face --media source.mp4" in str(error)


def test_footage_that_the_named_record_does_not_cover(desk: Desk, footage: tuple[Path, Path]) -> None:
    footage[0].write_bytes(b"another take")
    cast = cast_of(*footage, source_consent="test-source")
    with pytest.raises(ConsentError) as caught:
        clear_cast(desk.configs_dir, desk.media_dir, cast, PURPOSE, TODAY)
    assert caught.value.rule == "media"


def cleared_voice(desk: Desk, footage: tuple[Path, Path], voice: Voice) -> str:
    cast = replace(cast_of(*footage), voice=voice)
    return clear_cast(desk.configs_dir, desk.media_dir, cast, PURPOSE, TODAY).consent_id("voice")


def test_weights_of_a_voice_must_all_be_covered(desk: Desk, footage: tuple[Path, Path], tmp_path: Path) -> None:
    weights, settings = tmp_path / "v.onnx", tmp_path / "v.onnx.json"
    weights.write_bytes(b"weights")
    settings.write_bytes(b"{}")
    desk.issue("singer", ["voice"], [weights], kind="living_adult")
    assert cleared_voice(desk, footage, voice_named("singer", weights)) == "singer"
    with pytest.raises(ConsentError) as caught:
        cleared_voice(desk, footage, voice_named("singer", weights, settings))
    assert caught.value.rule == "media"


def test_a_persons_record_does_not_cover_a_voice_without_weights(desk: Desk, footage: tuple[Path, Path]) -> None:
    desk.issue("singer", ["voice"], [footage[0]], kind="living_adult")
    with pytest.raises(ConsentError) as caught:
        cleared_voice(desk, footage, voice_named("singer"))
    assert caught.value.rule == "media"


def test_revocation_blocks_at_once(desk: Desk, footage: tuple[Path, Path]) -> None:
    clear_cast(desk.configs_dir, desk.media_dir, cast_of(*footage), PURPOSE, TODAY)
    revoke_record(desk.configs_dir, desk.media_dir, "test-actor", "the actor asked for it")
    error = refused(desk, footage)
    assert (error.rule, error.subject) == ("revoked", "test-actor")
    assert "the actor asked for it" in str(error)


def test_an_issuer_that_nobody_knows(desk: Desk, footage: tuple[Path, Path]) -> None:
    (desk.configs_dir / "consent" / "issuers" / "test-issuer.pem").unlink()
    assert refused(desk, footage).rule == "issuer"


def test_an_issuer_under_another_ones_name(desk: Desk, footage: tuple[Path, Path]) -> None:
    write_issuer(desk.configs_dir, "test-issuer", new_key())
    assert refused(desk, footage).rule == "issuer"


def test_evidence_that_was_exchanged(desk: Desk, footage: tuple[Path, Path]) -> None:
    (desk.configs_dir / "consent" / "evidence" / "test-source.txt").write_text("I do not consent.\n")
    assert refused(desk, footage).rule == "evidence"


def test_two_records_of_one_id(desk: Desk, footage: tuple[Path, Path]) -> None:
    own = desk.media_dir / "consent"
    own.mkdir(parents=True)
    (own / "test-voice.json").write_bytes((desk.configs_dir / "consent" / "test-voice.json").read_bytes())
    assert refused(desk, footage).rule == "ambiguous"


@pytest.mark.parametrize("use", ["sexual", "election", "deception"])
def test_uses_that_no_consent_permits(desk: Desk, footage: tuple[Path, Path], use: str) -> None:
    assert refused(desk, footage, replace(PURPOSE, use=use)).rule == "forbidden-use"


@pytest.mark.parametrize(
    "wrong", [{"use": "fun"}, {"territory": "Germany"}, {"language": "english!"}, {"date": "soon"}]
)
def test_a_purpose_that_makes_no_sense_is_bad_input(
    desk: Desk, footage: tuple[Path, Path], wrong: dict[str, str]
) -> None:
    with pytest.raises(InputError) as caught:
        clear_cast(desk.configs_dir, desk.media_dir, cast_of(*footage), replace(PURPOSE, **wrong), TODAY)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("granted", "wanted", "given"),
    [
        ({"territories": ["EU"]}, {"territory": "DE"}, True),
        ({"territories": ["EU"]}, {"territory": "US"}, False),
        ({"territories": ["DE"]}, {"territory": "EU"}, False),
        ({"languages": ["en"]}, {"language": "en-us"}, True),
        ({"languages": ["en-GB"]}, {"language": "en-US"}, False),
        ({"languages": ["en"]}, {"language": "eng"}, False),
    ],
)
def test_what_a_territory_and_a_language_cover(
    tmp_path: Path, footage: tuple[Path, Path], granted: dict[str, object], wanted: dict[str, str], given: bool
) -> None:
    desk = make_desk(tmp_path / "other")
    for record, right, media in (("v", "voice", []), ("s", "face", [footage[0]]), ("a", "performance", [footage[1]])):
        desk.issue(record, [right], media, **granted)
    cast, purpose = cast_of(*footage, "v"), replace(PURPOSE, **wanted)
    if given:
        assert clear_cast(desk.configs_dir, desk.media_dir, cast, purpose, TODAY).purpose == purpose
    else:
        with pytest.raises(ConsentError):
            clear_cast(desk.configs_dir, desk.media_dir, cast, purpose, TODAY)


def test_every_role_needs_leave_for_its_own_voice(desk: Desk, footage: tuple[Path, Path]) -> None:
    desk.issue("annas-voice", ["voice"], [], languages=["en"])
    cast = replace(cast_of(*footage), roles=(("ANNA", voice_named("annas-voice")),))
    clearance = clear_cast(desk.configs_dir, desk.media_dir, cast, PURPOSE, TODAY)
    assert clearance.consent_id("voice of ANNA") == "annas-voice"
    with pytest.raises(ConsentError) as caught:
        clear_cast(desk.configs_dir, desk.media_dir, cast, replace(PURPOSE, language="de"), TODAY)
    assert (caught.value.rule, caught.value.subject) == ("language", "annas-voice")
