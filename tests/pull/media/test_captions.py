"""Captions, word by word against the truth of tracks that we made ourselves."""

from __future__ import annotations

import contextlib
import itertools
import random
import time

import pytest

from curation.pull.media import captions, json3, vtt
from curation.pull.media.segments import PAUSE_MS, Segment, Unreadable
from tests.pull.media.tracks import HESITANT, SAMPLES, Line, Sample, recognised, rolling, spoken


def words(segments: list[Segment]) -> list[str]:
    return " ".join(s.text for s in segments if s.kind == "speech").split()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s.name)
def test_every_word_is_kept_once_and_none_is_lost(sample: Sample) -> None:
    found = captions.read(sample.data, sample.format)
    assert words(found) == sample.words.split()
    assert tuple(s.text for s in found if s.kind == "noise") == sample.noise
    said = [s for s in found if s.kind == "speech"]
    if sample.speakers is not None:
        assert tuple(s.speaker for s in said) == sample.speakers
    if sample.turns is not None:
        assert sum(s.turn for s in said) == sample.turns
    if sample.starts:
        assert tuple(s.start_ms for s in said)[: len(sample.starts)] == sample.starts
    assert all(0 <= s.start_ms <= s.end_ms for s in found)
    assert [s.start_ms for s in found] == sorted(s.start_ms for s in found)


def test_there_are_enough_samples() -> None:
    assert len(SAMPLES) >= 12


@pytest.mark.parametrize("seed", range(60))
def test_what_a_recogniser_wrote_reads_the_same_in_either_format(seed: int) -> None:
    """Few words and short lines, so that genuine repeats of words, lines and pairs of lines abound."""
    dice = random.Random(seed)
    clock, lines = 0, []
    for _ in range(dice.randint(1, 14)):
        line: list[tuple[int, str]] = []
        for _ in range(dice.randint(1, 3)):
            line.append((clock, dice.choice(("no", "yes", "well"))))
            clock += dice.randint(150, 500)
        lines.append(line)
        clock += dice.choice((0, 0, 100, 2500))
    gold = [word for line in lines for _, word in line]
    assert words(json3.read(recognised(lines, clock + 500))) == gold
    assert words(vtt.read(rolling(lines, clock + 500))) == gold


def test_words_carry_their_times_and_confidences() -> None:
    lines: list[Line] = spoken("one two three four five six seven", per_line=4)
    for found in (json3.read(recognised(lines, 4000)), vtt.read(rolling(lines, 4000))):
        spoken_words = [word for segment in found for word in segment.words]
        assert [word.start_ms for word in spoken_words] == [400 + 300 * n for n in range(7)]
        assert all(a.end_ms <= b.start_ms for a, b in itertools.pairwise(spoken_words))
    assert json3.read(recognised(lines, 4000))[0].words[1].confidence == round(242 / 255, 4)
    assert json3.read(recognised(lines, 4000))[0].words[0].confidence is None  # 0 is "not told"


def test_a_pause_parts_segments_and_nothing_else_does() -> None:
    lines: list[Line] = [[(0, "one"), (300, "two")], [(600, "three")], [(600 + 1500 + PAUSE_MS + 1, "four")]]
    assert [s.text for s in json3.read(recognised(lines, 9000))] == ["one two three", "four"]


def test_a_last_word_does_not_last_as_long_as_its_line_is_shown() -> None:
    [segment] = json3.read(recognised([[(0, "hello"), (300, "there")]], 60_000))
    assert segment.end_ms == 1800


@pytest.mark.parametrize(
    ("data", "format"),
    [(b"", "json3"), (b"[]", "json3"), (b'{"events": 3}', "json3"), (b'{"events": [', "json3"), (b"", "vtt"),
     (b"<html>Sorry</html>", "vtt"), (b"[Script Info]\nnonsense", "ass"), (b"no subtitle", "srt")],
)  # fmt: skip
def test_what_is_no_caption_file_says_so(data: bytes, format: str) -> None:
    with pytest.raises(Unreadable):
        captions.read(data, format)


def test_damaged_files_never_crash_and_never_take_long() -> None:
    dice = random.Random(7)
    began = time.process_time()
    for sample in SAMPLES:
        for _ in range(40):
            data = bytearray(sample.data)
            for _ in range(dice.randint(1, 30)):
                place = dice.randrange(len(data))
                match dice.randrange(3):
                    case 0:
                        data[place] = dice.randrange(256)
                    case 1:
                        del data[place : place + dice.randrange(20)]
                    case _:
                        data[place:place] = bytes(data[: dice.randrange(40)])
                data = data or bytearray(b" ")
            with contextlib.suppress(Unreadable):
                captions.read(bytes(data), sample.format)
    assert time.process_time() - began < 20


def test_odd_json3_is_read_as_far_as_it_goes() -> None:
    data = (
        b'{"events": [7, {"segs": "x"}, {"segs": [1, {"utf8": 5}, {"utf8": "a", "tOffsetMs": "x"}]},'
        b' {"tStartMs": -5, "dDurationMs": 1e99, "segs": [{"utf8": "b", "tOffsetMs": 9e99}]}]}'
    )
    assert sorted(words(json3.read(data))) == ["a", "b"]


def test_escape_sequences_and_invisible_characters_are_no_words() -> None:
    data = "WEBVTT\n\n00:00.000 --> 00:01.000\n\x1b[31mred\x1b[0m \u202eback\u202c \u200bzero\n".encode()
    assert words(vtt.read(data)) == ["red", "back", "zero"]


# ------------------------------------------------------------------------------------------------ which track is read

URL = "https://site.example/captions?lang=en"


def offers(*formats: str, url: str = URL) -> list[dict[str, str]]:
    return [{"ext": each, "url": url} for each in formats]


def test_people_come_before_recognisers_and_json3_before_its_rolling_copy() -> None:
    info = {
        "language": "en",
        "subtitles": {"de": offers("vtt"), "en-GB": offers("json3", "vtt"), "live_chat": offers("json")},
        "automatic_captions": {"en-orig": offers("vtt", "json3"), "en": offers("json3")},
    }
    chosen = captions.choose(info, None)
    assert chosen and (chosen.kind, chosen.language, chosen.format) == ("manual", "en-GB", "vtt")
    chosen = captions.choose({**info, "subtitles": {"de": offers("vtt")}}, None)
    assert chosen and (chosen.kind, chosen.language, chosen.format) == ("auto", "en", "json3")


def test_the_original_track_tells_the_language_where_the_site_does_not() -> None:
    info = {"subtitles": {"en": offers("vtt"), "de": offers("vtt")}, "automatic_captions": {"de-orig": offers("json3")}}
    chosen = captions.choose(info, "en")
    assert chosen and (chosen.kind, chosen.language) == ("manual", "de")


def test_a_translation_is_never_read() -> None:
    translated = offers("json3", "vtt", url=URL + "&tlang=en")
    info = {"language": "en", "subtitles": {"de": offers("vtt")}, "automatic_captions": {"en": translated}}
    assert captions.choose(info, "en") is None
    assert captions.choose(
        {"automatic_captions": {"en": translated, "fr-orig": offers("vtt")}}, "en"
    ) == captions.Track("auto", "fr", "vtt", URL)


def test_without_a_language_nothing_is_guessed() -> None:
    assert captions.choose({"subtitles": {"en": offers("vtt")}}, None) is None
    assert captions.choose({"subtitles": {"en": offers("vtt")}}, "en") is not None


@pytest.mark.parametrize(
    "info",
    [{}, {"subtitles": None}, {"subtitles": []}, {"subtitles": {"en": [{}]}}, {"subtitles": {"en": "x"}},
     {"language": 3, "automatic_captions": {"en": [{"url": 5, "ext": "vtt"}]}}],
)  # fmt: skip
def test_odd_metadata_has_no_track(info: dict[str, object]) -> None:
    assert captions.choose(info, "en") is None


def test_speed_is_above_two_megabytes_a_second_by_far() -> None:
    """A floor that a slow machine keeps, too; benchmarks/captions.py has the figure."""
    data = rolling(spoken(HESITANT * 200), 10_000_000)
    began = time.process_time()
    vtt.read(data)
    assert len(data) / 1e6 / (time.process_time() - began) > 0.5
