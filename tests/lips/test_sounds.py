"""Sounds that English does not have take the shape that IPA gives them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from av_models.lips.drive import drive, table_model
from av_models.lips.gestures import gestures_of
from av_models.lips.ipa import mixes_of
from av_models.lips.mouth import WIDTH
from av_models.lips.mouth_score import opening_share
from tests.lips.mouths_made import FACE, line, middles

TABLE = table_model(FACE)


def shape(label: str, ipa: str) -> tuple[float, float]:
    """Opening and width in the middle of a long sound."""
    phones = [replace(line(label, each_s=0.5)[0], ipa=ipa)]
    codes = drive(phones, middles(0.5, 50), TABLE)
    return float(opening_share(codes, FACE)[12]), float(codes[12, WIDTH])


@pytest.mark.parametrize("rounded,spread", [("yː", "iː"), ("ʏ", "ɪ"), ("øː", "eː"), ("œ", "ɛ"), ("ɔ", "ʌ"), ("u", "ɯ")])
def test_rounded_vowels_are_narrower_than_their_spread_sisters(rounded: str, spread: str) -> None:
    assert shape("IY1", rounded)[1] < shape("IY1", spread)[1] - 0.5


def test_vowels_open_with_their_height() -> None:
    for column in ("ieɛa", "yøœ", "uoɔɒ"):
        openings = [shape("AH1", vowel)[0] for vowel in column]
        assert openings == sorted(openings)


def test_pf_shuts_and_then_meets_the_teeth() -> None:
    phones = [line("AA1", each_s=0.2)[0], replace(line("P", each_s=0.2, start_s=0.2)[0], ipa="pf")]
    assert [gesture.name for gesture in gestures_of(phones)][1:-1] == ["AA", "P", "F"]
    shares = opening_share(drive(phones, middles(0.4, 100), TABLE), FACE)
    assert shares[22:28].min() <= 0.01
    assert shares[35] > 0.05


def test_a_german_r_is_not_rounded_as_an_english_one() -> None:
    assert shape("R", "ʁ")[1] > shape("R", "ɹ")[1] + 0.3


@pytest.mark.parametrize(
    "ipa,names", [("tʃ", ["T", "SH"]), ("ç", ["Y"]), ("kʷ", ["K"]), ("ã", ["AA"]), ("ɱ", ["V"]), ("ˈaɪ", ["AA", "IH"])]
)
def test_marks_and_compounds(ipa: str, names: list[str]) -> None:
    assert [max(mix, key=lambda part: part[1])[0] for mix in mixes_of(ipa)] == names


def test_a_sound_nobody_knows_falls_back_to_its_label() -> None:
    assert mixes_of("ǃ") == ()
    assert shape("AA1", "ǃ") == shape("AA1", "")


def test_shares_of_a_sound_add_to_one() -> None:
    for sound in "iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɞʌɔæɐaɶɑɒpbmfvθðszʃʒçxɣχʁhɦtdnlrɾɹjwɥkɡŋʔβɸʋɲʎ":
        (mix,) = mixes_of(sound)
        assert sum(share for _, share in mix) == pytest.approx(1.0)
