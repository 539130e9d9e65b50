from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pysubs2
import pytest
from edits import LEAD, aligned, timeline, utterance

from av_models.domain.edit import Timeline
from av_models.domain.production import CaptionNames
from av_models.domain.script import Token, TokenKind
from av_models.domain.speech import Word
from av_models.io.subtitles import Cue, fast_cues, lay_out_captions, srt, vtt

LONG = (
    "When the lighthouse keeper finally opened the door, the wind had already taken the roof, the shutters and the "
    "better part of the winter's wood. He looked at the sea for a while. Then he laughed, because there was nothing "
    "else to be done, and because the kettle, of all things, was still standing on the stove."
)


def joined(cues: tuple[Cue, ...]) -> str:
    return " ".join(line for cue in cues for line in cue.lines)


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(24000, 1001)])
@pytest.mark.parametrize("word_s", [Fraction(1, 5), Fraction(2, 5)])
def test_captions_keep_every_rule(rate: Fraction, word_s: Fraction) -> None:
    edit = timeline([utterance(LONG, word_s), utterance("Yes."), utterance(LONG, word_s)], rate)
    cues = lay_out_captions(edit)
    assert joined(cues) == f"{LONG} Yes. {LONG}"
    for cue in cues:
        assert len(cue.lines) <= 2 and max(map(len, cue.lines)) <= 42
        assert (cue.start * rate).denominator == (cue.end * rate).denominator == 1
    for before, after in pairwise(cues):
        assert before.end <= after.start - 2 / rate
        assert before.end - before.start >= 1 or before.end == after.start - 2 / rate
    assert cues[-1].end <= edit.duration


def test_slow_speech_can_be_read_at_ease() -> None:
    for cue in lay_out_captions(timeline([utterance(LONG, Fraction(2, 5))])):
        assert sum(map(len, cue.lines)) / (cue.end - cue.start) <= 17


def test_captions_end_where_sentences_and_clauses_end() -> None:
    cues = lay_out_captions(timeline([utterance(LONG)]))
    endings = [cue.lines[-1][-1] for cue in cues]
    assert sum(ending in ",." for ending in endings) >= len(endings) - 1


def test_a_long_pause_starts_a_new_caption() -> None:
    edit = timeline([utterance("I waited and nobody came", pauses={2: Fraction(2)})])
    assert [cue.lines for cue in lay_out_captions(edit)] == [("I waited",), ("and nobody came",)]


def test_a_caption_appears_with_its_first_word() -> None:
    first, second = lay_out_captions(timeline([utterance("Hello there, friend."), utterance("And good night to you.")]))
    assert Fraction(0) <= LEAD - first.start < Fraction(1, 25)
    assert first.end < second.start


def test_captions_show_what_is_written_not_what_is_spoken() -> None:
    tokens = [
        Token(TokenKind.WORD, "It", ("it",)),
        Token(TokenKind.WORD, "costs", ("costs",)),
        Token(TokenKind.PAUSE, pause_ms=400),
        Token(TokenKind.WORD, "$5.20.", ("five", "dollars", "twenty")),
    ]
    words = [Word(w, Fraction(n), Fraction(n + 1)) for n, w in enumerate(["it", "costs", "five", "dollars", "twenty"])]
    cues = lay_out_captions(timeline([aligned(tokens, words, Fraction(5))]))
    assert joined(cues) == "It costs $5.20."
    assert cues[-1].end >= LEAD + 5


def test_words_that_the_aligner_lost_are_shown_all_the_same() -> None:
    whole = utterance("one two three four five")
    kept = tuple(word for word in whole.words if word.text not in ("two", "five"))
    cues = lay_out_captions(timeline([aligned(whole.speech.utterance.line.tokens, kept, whole.speech.duration)]))
    assert joined(cues) == "one two three four five"


def test_a_word_longer_than_a_line_is_shown_whole() -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
    assert joined(lay_out_captions(timeline([utterance(f"Das {word} ruht.")]))) == f"Das {word} ruht."


def test_an_utterance_of_pauses_has_no_caption() -> None:
    edit = timeline([aligned([Token(TokenKind.PAUSE, pause_ms=400)], [], Fraction(2, 5))])
    assert lay_out_captions(edit) == ()
    assert "-->" not in srt(()) and vtt(()).startswith("WEBVTT")


def test_srt_and_vtt_reopen_with_equal_times_and_words() -> None:
    cues = lay_out_captions(timeline([utterance(LONG)], Fraction(24000, 1001)))
    for text in (srt(cues), vtt(cues)):
        reopened = pysubs2.SSAFile.from_string(text)
        assert [(event.start, event.end) for event in reopened] == [
            (round(cue.start * 1000), round(cue.end * 1000)) for cue in cues
        ]
        assert [event.plaintext for event in reopened] == ["\n".join(cue.lines) for cue in cues]
    assert vtt(cues).startswith("WEBVTT\n")


def test_signs_that_players_take_for_commands_are_made_harmless() -> None:
    cue = Cue(Fraction(1), Fraction(2), ("R&D <b> {\\i1} \\N",))
    assert "R&D ‹b› (/i1) /N" in srt([cue])
    assert "R&amp;D &lt;b&gt; (/i1) /N" in vtt([cue])


def conversation(
    *lines: tuple[str, str], word_s: Fraction = Fraction(3, 10), rate: Fraction = Fraction(25)
) -> Timeline:
    """Lines of (role, text)."""
    edit = timeline([utterance(text, word_s) for _, text in lines], rate)
    placements = []
    for (role, _), placement in zip(lines, edit.placements, strict=True):
        speech = placement.alignment.speech
        line = replace(speech.utterance.line, role=role)
        speech = replace(speech, utterance=replace(speech.utterance, line=line))
        placements.append(replace(placement, alignment=replace(placement.alignment, speech=speech)))
    return replace(edit, placements=tuple(placements))


def test_speakers_are_named_or_dashed_when_they_change() -> None:
    edit = conversation(("Anna", "Hello."), ("Anna", "Are you there?"), ("Bob", "Yes, I am."), ("Anna", "Good."))

    def shown(names: CaptionNames) -> list[str]:
        return [" ".join(cue.lines) for cue in lay_out_captions(edit, names)]

    assert shown(CaptionNames.NONE) == ["Hello.", "Are you there?", "Yes, I am.", "Good."]
    assert shown(CaptionNames.NAMES) == ["ANNA: Hello.", "Are you there?", "BOB: Yes, I am.", "ANNA: Good."]
    assert shown(CaptionNames.DASH) == ["Hello.", "Are you there?", "– Yes, I am.", "– Good."]


@pytest.mark.parametrize(
    ("rate", "names"),
    [
        (Fraction(24000, 1001), CaptionNames.NAMES),
        (Fraction(25), CaptionNames.NONE),
        (Fraction(60000, 1001), CaptionNames.DASH),
    ],
)
def test_a_long_script_keeps_every_limit(rate: Fraction, names: CaptionNames) -> None:
    lines = [("Anna" if n % 3 else "Bob", LONG) for n in range(12)]
    edit = conversation(*lines, word_s=Fraction(2, 5), rate=rate)
    cues = lay_out_captions(edit, names)
    assert len(cues) > 50
    for cue in cues:
        assert len(cue.lines) <= 2 and all(len(line) <= 42 for line in cue.lines)
        assert cue.chars_per_s <= 17
        assert (cue.start * rate).denominator == (cue.end * rate).denominator == 1
    for before, after in pairwise(cues):
        assert after.start - before.end >= 2 / rate
    assert cues[-1].end <= edit.duration
    assert fast_cues(cues) == ()


def test_speech_that_is_too_fast_to_read_is_told_and_not_cut() -> None:
    edit = timeline([utterance(LONG, Fraction(3, 20))])
    cues = lay_out_captions(edit)
    fast = fast_cues(cues)
    assert fast and all(cue.chars_per_s > 17 for cue in fast)
    assert joined(cues) == LONG


def test_words_of_no_length_do_not_put_two_captions_on_one_frame() -> None:
    edit = timeline([utterance(LONG, Fraction(0), {0: Fraction(1)})])
    cues = lay_out_captions(edit)
    assert all(before.end <= after.start for before, after in pairwise(cues))
