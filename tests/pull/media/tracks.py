"""Caption tracks of our own making, in the shapes that sites send, each with the words that were spoken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """A track and the truth about it."""

    name: str
    format: str
    data: bytes
    words: str
    noise: tuple[str, ...] = ()
    speakers: tuple[str | None, ...] | None = None
    turns: int | None = None
    starts: tuple[int, ...] = field(default=())


def stamp(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


Line = Sequence[tuple[int, str]]
"""Words of a line of a recogniser, each with its start."""


def rolling(lines: Sequence[Line], end: int, *, blank: bool = True, tagged: bool = True) -> bytes:
    """The lines as a recogniser's WebVTT shows them: the one before above, the new one below, a hold between two."""
    out = ["WEBVTT", "Kind: captions", "Language: en", ""]
    above = " " if blank else None
    for place, line in enumerate(lines):
        after = lines[place + 1][0][0] if place + 1 < len(lines) else end
        new = line[0][1]
        for start, word in line[1:]:
            new += f"<{stamp(start)}><c> {word}</c>" if tagged else f" {word}"
        plain = " ".join(word for _, word in line)
        out.append(f"{stamp(line[0][0])} --> {stamp(after - 10)} align:start position:0%")
        out += [above] if above is not None else []
        out += [new, ""]
        out.append(f"{stamp(after - 10)} --> {stamp(after)} align:start position:0%")
        out += [plain, *([" "] if blank else []), ""]
        above = plain
    return "\n".join(out).encode()


def recognised(lines: Sequence[Line], end: int) -> bytes:
    """The same as json3: a window, and after every line an event that rolls the display."""
    events: list[dict[str, object]] = [{"tStartMs": 0, "dDurationMs": end, "id": 1, "wpWinPosId": 1, "wsWinStyleId": 1}]
    for place, line in enumerate(lines):
        start = line[0][0]
        # A line stands until the one after the next begins, so windows overlap.
        until = lines[place + 2][0][0] if place + 2 < len(lines) else end
        segs = [{"utf8": line[0][1], "acAsrConf": 0}]
        segs += [{"utf8": f" {word}", "tOffsetMs": at - start, "acAsrConf": 242} for at, word in line[1:]]
        events.append({"tStartMs": start, "dDurationMs": until - start, "wWinId": 1, "segs": segs})
        if place + 1 < len(lines):
            after = lines[place + 1][0][0]
            events.append(
                {"tStartMs": after - 10, "dDurationMs": until - after + 10, "wWinId": 1, "aAppend": 1,
                 "segs": [{"utf8": "\n"}]}
            )  # fmt: skip
    return json.dumps({"wireMagic": "pb3", "events": events}).encode()


def spoken(text: str, start: int = 400, step: int = 300, per_line: int = 6) -> list[Line]:
    """Words dealt to lines, one every `step` milliseconds."""
    words = text.split()
    timed = [(start + step * place, word) for place, word in enumerate(words)]
    return [timed[place : place + per_line] for place in range(0, len(timed), per_line)]


HESITANT = (
    "so I told him no no no and he said okay and I said no no no again because when you are tired "
    "you are tired you know and that is that"
)
REPEATED_LINE: list[Line] = [
    [(0, "we"), (300, "breathe"), (600, "in")],
    [(3000, "we"), (3300, "breathe"), (3600, "in")],
    [(6000, "we"), (6300, "breathe"), (6600, "in")],
    [(9000, "and"), (9300, "out")],
]
SHORT_LINES: list[Line] = [[(0, "no")], [(900, "no")], [(1800, "no")], [(2700, "please")], [(3600, "no")]]


def _vtt(*blocks: str) -> bytes:
    return ("WEBVTT\n\n" + "\n\n".join(blocks) + "\n").encode()


def _with_speakers() -> bytes:
    lines = spoken(">> how are you today >> fine thanks for asking me >> good to hear", per_line=5)
    return rolling(lines, 6000)


SAMPLES: tuple[Sample, ...] = (
    Sample("rolling", "vtt", rolling(spoken(HESITANT), 11_000), HESITANT),
    Sample("rolling without padding", "vtt", rolling(spoken(HESITANT), 11_000, blank=False), HESITANT),
    Sample("rolling with CRLF", "vtt", rolling(spoken(HESITANT), 11_000).replace(b"\n", b"\r\n"), HESITANT),
    Sample(
        "the same line three times",
        "vtt",
        rolling(REPEATED_LINE, 11_000),
        "we breathe in we breathe in we breathe in and out",
    ),
    Sample("lines of one word", "vtt", rolling(SHORT_LINES, 5000), "no no no please no"),
    Sample("word times stripped", "vtt", rolling(spoken(HESITANT), 11_000, tagged=False), HESITANT),
    Sample(
        "speaker marks, rolling",
        "vtt",
        _with_speakers(),
        "how are you today fine thanks for asking me good to hear",
        turns=3,
    ),
    Sample(
        "entities, rolling",
        "vtt",
        rolling([[(0, "R&amp;D"), (300, "is&nbsp;fun\u200b")], [(1000, "5"), (1300, "&lt;"), (1600, "7")]], 2500),
        "R&D is fun 5 < 7",
    ),
    Sample(
        "sounds, rolling",
        "vtt",
        rolling(
            [[(0, "[Music]")], [(3000, "hello"), (3300, "[Applause]"), (3600, "there")], [(5000, "[Music]")]], 9000
        ),
        "hello there",
        noise=("[Music]", "[Applause]", "[Music]"),
    ),
    Sample("json3", "json3", recognised(spoken(HESITANT), 11_000), HESITANT),
    Sample(
        "json3, the same line",
        "json3",
        recognised(REPEATED_LINE, 11_000),
        "we breathe in we breathe in we breathe in and out",
        starts=(0, 3000, 6000),
    ),
    Sample(
        "json3, speakers and sounds",
        "json3",
        recognised([[(0, "[Music]")], [(2000, ">> hello"), (2300, "you")], [(3000, ">> hello"), (3300, "me")]], 4000),
        "hello you hello me",
        noise=("[Music]",),
        turns=2,
    ),
    Sample(
        "json3 by people",
        "json3",
        json.dumps(
            {
                "events": [
                    {"tStartMs": 0, "dDurationMs": 900, "segs": [{"utf8": "Yes."}]},
                    {"tStartMs": 900, "dDurationMs": 900, "segs": [{"utf8": "Yes."}]},
                    {"tStartMs": 2000, "dDurationMs": 900, "segs": [{"utf8": "INTERVIEWER: Go\non, please."}]},
                ]
            }
        ).encode(),
        "Yes. Yes. Go on, please.",
        speakers=(None, None, "INTERVIEWER"),
    ),
    Sample(
        "written, twice the same",
        "vtt",
        _vtt("00:00.000 --> 00:01.000\nYes.", "00:01.000 --> 00:02.000\nYes.", "00:02.000 --> 00:03.000\nYes, yes."),
        "Yes. Yes. Yes, yes.",
        starts=(0, 1000, 2000),
    ),
    Sample(
        "voices",
        "vtt",
        _vtt(
            "intro\n00:00:01.000 --> 00:00:03.000 align:start\n<v Mary Ann>How have you <i>been</i>?",
            "00:00:03.000 --> 00:00:05.000\n<v.loud Tom>Tired.</v>\n<v Mary Ann>Tired?",
        ),
        "How have you been? Tired. Tired?",
        speakers=("Mary Ann", "Tom", "Mary Ann"),
    ),
    Sample(
        "notes, styles, regions and cue names",
        "vtt",
        b"\xef\xbb\xbfWEBVTT - made by hand\n\nNOTE\nnobody says this\n\nSTYLE\n::cue { color: lime }\n\n"
        b"REGION\nid:fred\nwidth:40%\n\n7\n00:01.000 --> 00:02.000 line:0\nOne thing\nmore.\n\nNOTE nor this\n\n"
        b"8\n01:00:00.000 --> 01:00:01.500\nAn hour later.\n",
        "One thing more. An hour later.",
        starts=(1000, 3_600_000),
    ),
    Sample(
        "space-only lines inside cues",
        "vtt",
        _vtt("00:00.000 --> 00:02.000\n \nfirst line\n \nsecond line", "00:02.000 --> 00:03.000\nthird"),
        "first line second line third",
    ),
    Sample(
        "two speakers with dashes",
        "vtt",
        _vtt("00:00.000 --> 00:02.000\n- Are you well?\n- I am.", "00:02.000 --> 00:03.000\n- Good."),
        "Are you well? I am. Good.",
        turns=3,
    ),
    Sample(
        "sounds and sung lines, written",
        "vtt",
        _vtt(
            "00:00.000 --> 00:01.000\n(door slams)",
            "00:01.000 --> 00:02.000\n♪ la la la ♪",
            "00:02.000 --> 00:04.000\n[laughs] I (sort of) like it [ __ ]",
        ),
        "I (sort of) like it [ __ ]",
        noise=("(door slams)", "♪ la la la ♪", "[laughs]"),
    ),
    Sample(
        "less than is no tag",
        "vtt",
        _vtt("00:00.000 --> 00:01.000\nI <3 you & 2 &lt; 3 <b>now</b>"),
        "I <3 you & 2 < 3 now",
    ),
    Sample(
        "SubRip",
        "srt",
        b"1\n00:00:01,000 --> 00:00:02,000\n<i>No,</i> no, no.\n\n2\n00:00:02,000 --> 00:00:03,000\nNo, no, no.\n\n"
        b"3\n00:00:03,500 --> 00:00:04,000\n- Why?\n- Because.\n",
        "No, no, no. No, no, no. Why? Because.",
        turns=2,
    ),
    Sample(
        "SubRip of a rolling track",
        "srt",
        b"\n".join(
            b"%d\n%s --> %s\n%s\n" % (n, a.encode(), b.encode(), t)
            for n, (a, b, t) in enumerate(
                (
                    ("00:00:00,000", "00:00:01,990", b"no no"),
                    ("00:00:01,990", "00:00:02,000", b"no no"),
                    ("00:00:02,000", "00:00:03,990", b"no no\nno no"),
                    ("00:00:03,990", "00:00:04,000", b"no no"),
                    ("00:00:04,000", "00:00:05,990", b"no no\nI mean it"),
                    ("00:00:05,990", "00:00:06,000", b"I mean it"),
                ),
                1,
            )
        ),
        "no no no no I mean it",
    ),
    Sample(
        "Advanced SubStation",
        "ass",
        b"[Script Info]\nScriptType: v4.00+\n\n[Events]\n"
        b"Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
        b"Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not this\n"
        b"Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\i1}Well{\\i0}, well,\\Nwell.\n",
        "Well, well, well.",
    ),
)
