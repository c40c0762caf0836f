"""Who speaks when, as a diarisation wrote it down: read, refused, given to segments, and an interview in the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from curation.core import transcripts
from curation.core.declare import Document, bind
from curation.core.errors import ProjectError
from curation.core.project import Project, make_key
from curation.core.sources import Sources
from curation.generate import spoken
from curation.generate.interviews import spoken_items
from curation.pull.media import gather, rttm

ASKED = "What would you do on the first day?"
ANSWER = "I would start with the smallest thing that you can do today and leave the rest for tomorrow."
LABELLED = (
    ";; made by hand\n"
    "SPKR-INFO one 1 <NA> <NA> <NA> unknown SPEAKER_00 <NA> <NA>\n"
    "SPEAKER one 1 4.000 6.000 <NA> <NA> SPEAKER_01 <NA> <NA>\n"
    "SPEAKER one 1 0.000 3.900 <NA> <NA> SPEAKER_00 <NA> <NA>\n"
)


def line(start: str = "0", length: str = "1", name: str = "Ann", recording: str = "one") -> str:
    return f"SPEAKER {recording} 1 {start} {length} <NA> <NA> {name} <NA> <NA>\n"


def row(start_ms: int, text: str, *, words: bool = True, **more: Any) -> dict[str, Any]:
    """A segment of a word each half second."""
    each = [
        {"start_ms": start_ms + 500 * n, "end_ms": start_ms + 500 * n + 400, "text": word, "confidence": None}
        for n, word in enumerate(text.split())
    ]
    end_ms = each[-1]["end_ms"]
    return {"start_ms": start_ms, "end_ms": end_ms, "text": text, "kind": "speech", "speaker": None, "turn": False,
            "confidence": None, "no_speech": None, "words": each if words else None, **more}  # fmt: skip


def test_stretches_come_in_order_and_labels_are_of_their_recording(tmp_path: Path) -> None:
    path = tmp_path / "one.rttm"
    path.write_text(LABELLED + line("12", "0", "nobody-yet") + line("11", "0.5", "Ann"))
    assert rttm.read(path, "talks/one.rttm") == [
        (0, 3900, "talks/one SPEAKER_00"), (4000, 10_000, "talks/one SPEAKER_01"), (11_000, 11_500, "Ann"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "says", "where"),
    [
        (b"", "nobody speaks", "a.rttm"),
        (b"\xff\xfe\x00", "UTF-8", "a.rttm"),
        (b"WEBVTT\n", "not a line", "a.rttm:1"),
        (b"SPEAKER one 1 0 1\n", "not a line", "a.rttm:1"),
        ((line() + line(start="soon")).encode(), "seconds", "a.rttm:2"),
        (line(start="-1").encode(), "seconds", "a.rttm:1"),
        (line(length="nan").encode(), "seconds", "a.rttm:1"),
        (line(length="1e99").encode(), "seconds", "a.rttm:1"),
        (line(name="<NA>").encode(), "nobody", "a.rttm:1"),
        ((line() + line(recording="two")).encode(), "2 recordings", "a.rttm"),
    ],
)
def test_what_is_broken_says_where(tmp_path: Path, data: bytes, says: str, where: str) -> None:
    path = tmp_path / "a.rttm"
    path.write_bytes(data)
    with pytest.raises(ProjectError, match=says) as caught:
        rttm.read(path, "a.rttm")
    assert caught.value.where == where


def test_a_segment_is_parted_at_a_word_and_no_word_is_lost() -> None:
    told = [rttm.Stretch(0, 1480, "Ann"), rttm.Stretch(1480, 9000, "Bo")]
    found = rttm.marked([row(0, "is it late yes it is")], told)
    assert [(f["speaker"], f["text"], f["turn"], f["start_ms"], f["end_ms"]) for f in found] == [
        ("Ann", "is it late", False, 0, 1400), ("Bo", "yes it is", True, 1500, 2900),
    ]  # fmt: skip
    assert [w["text"] for f in found for w in f["words"]] == "is it late yes it is".split()


def test_without_words_most_of_the_time_decides_and_far_away_nobody_speaks() -> None:
    told = [rttm.Stretch(0, 1000, "Ann"), rttm.Stretch(1000, 3000, "Bo")]
    found = rttm.marked([row(0, "a b c d e f", words=False), row(9000, "who"), row(3300, "near")], told)
    assert [f["speaker"] for f in found] == ["Bo", None, "Bo"]


def test_captions_that_show_who_speaks_count() -> None:
    rows = [row(0, "hello", speaker="Cy"), row(900, "there")]
    assert rttm.marked(rows, [rttm.Stretch(0, 9000, "Ann")]) == rows


def test_an_unknown_voice_between_two_known_ones_hinders_no_interview() -> None:
    said = [spoken.Said(0, 900, ASKED, "a", True), spoken.Said(1000, 4000, ANSWER, "b", True),
            spoken.Said(5000, 5500, "(applause) bravo")]  # fmt: skip
    [found] = spoken.dialogues(said, None)
    assert found.turns == (("user", ASKED), ("assistant", ANSWER))


def test_a_file_beside_captions_makes_an_interview_of_them(tmp_path: Path) -> None:
    make_key(tmp_path)
    (tmp_path / "sources.yaml").write_text("sources: {}\n")
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks/one.vtt").write_text(
        f"WEBVTT\n\n00:00.500 --> 00:03.000\n{ASKED}\n\n00:04.200 --> 00:09.000\n{ANSWER}\n"
    )
    entry = {"kind": "youtube", "path": "talks/*", "language": "en"}
    source = bind(Sources, Document({"sources": {"v": entry}}, {}, "t")).sources["v"]
    here = Project.open(tmp_path, {"offline": True})

    def pull() -> list[str | None]:
        with here.writing():
            gather.bring(here, "v", source, update=False, say=lambda _: None)
        return [s["speaker"] for s in pq.read_table(transcripts.table(here, "v", "segments")).to_pylist()]

    assert pull() == [None, None]
    (tmp_path / "talks/one.rttm").write_text(LABELLED)
    assert pull() == ["talks/one SPEAKER_00", "talks/one SPEAKER_01"]
    [(_, _, said)] = spoken_items(here, "v")
    [found] = spoken.dialogues(said, None)
    assert found.method == "interview" and found.turns == (("user", ASKED), ("assistant", ANSWER))
    # A broken file stops the run before anything changes; one that is gone takes its speakers along.
    (tmp_path / "talks/one.rttm").write_text("oh no")
    with pytest.raises(ProjectError, match="not a line"):
        pull()
    (tmp_path / "talks/one.rttm").unlink()
    assert pull() == [None, None]
