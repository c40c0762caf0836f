"""A source of recordings through the real yt-dlp and the real faster-whisper, from a site on loopback."""

from __future__ import annotations

import hashlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

pytest.importorskip("yt_dlp")
pytest.importorskip("faster_whisper")

from curation.core import transcripts
from curation.core.errors import MissingError, ProjectError
from curation.core.project import Project, make_key
from curation.pull.media import gather, ledger
from curation.pull.media.ledger import Ledger, Line
from curation.pull.media.listen import Heard
from curation.pull.media.segments import Segment
from curation.pull.media.troubles import Trouble
from tests.pull.media import sounds
from tests.pull.media.site_server import Site
from tests.pull.media.tracks import recognised, rolling, spoken

NAME = "voice"
TALK = "what do you do when you are tired you rest and then you rest again no no no really"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    running = Clock()
    real = ledger.Ledger.__init__
    monkeypatch.setattr(ledger.Ledger, "__init__", lambda self, path, clock=running: real(self, path, clock))
    return running


@pytest.fixture
def project(tmp_path: Path, site: Site, short_words: None) -> Callable[..., Project]:
    make_key(tmp_path)

    def made(allow: bool = True, **flags: Any) -> Project:
        (tmp_path / "sources.yaml").write_text("sources: {}\n")
        flags = {"allow_hosts": [f"127.0.0.1:{site.port}"] if allow else [], **flags}
        return Project.open(tmp_path, flags)

    return made


def source(**declared: Any) -> Any:
    from curation.core.declare import Document, bind
    from curation.core.sources import Sources

    entry = {"kind": "youtube", "sleep_s": 0.0, **declared}
    return bind(Sources, Document({"sources": {NAME: entry}}, {}, "t")).sources[NAME]


def pull(project: Project, wanted: Any, *, update: bool = False) -> list[str]:
    said: list[str] = []
    with project.writing():
        gather.bring(project, NAME, wanted, update=update, say=said.append)
    return said


def lines(project: Project) -> dict[str, list[Line]]:
    """The ledger by the site's own id of each item, the lists under 'list'."""
    with Ledger(transcripts.folder(project, NAME) / "ledger.db") as kept:
        names = {item.key: item.video for item in kept.items()}
        found: dict[str, list[Line]] = {}
        for line in kept.lines():
            found.setdefault(names.get(line.item, "list"), []).append(line)
    return found


def errors(project: Project) -> dict[str, str]:
    return {name: w.error for name, ls in lines(project).items() for w in ls if w.error}


def table(project: Project, which: str) -> list[dict[str, Any]]:
    return pq.read_table(transcripts.table(project, NAME, which)).to_pylist()


def video(site: Site, path: str, **more: Any) -> dict[str, Any]:
    return {
        "title": "A talk",
        "duration": 9,
        "language": "en",
        "channel": "Someone",
        "channel_id": "UC1",
        "license": "Creative Commons Attribution license (reuse allowed)",
        "upload_date": "20260102",
        "formats": [{"format_id": "251", "url": site.base + path, "ext": "webm", "acodec": "opus", "vcodec": "none"}],
        **more,
    }


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("recordings")
    samples, _ = sounds.lay_out(
        folder, [sounds.silence(folder, 1), (sounds.SENTENCES[0], "en-us"), sounds.silence(folder, 1)]
    )
    talk = sounds.write_wav(folder / "talk.wav", samples)
    quiet = sounds.write_wav(folder / "quiet.wav", sounds.pink_noise(folder, 8))
    return {
        "talk": sounds.encode(talk, folder / "talk.webm").read_bytes(),
        "talk.m4a": sounds.encode(talk, folder / "talk.m4a").read_bytes(),
        "quiet": sounds.encode(quiet, folder / "quiet.webm").read_bytes(),
    }


def fill(site: Site, recordings: dict[str, bytes]) -> None:
    """A playlist of eighteen, most of which fail in ways of their own."""
    site.files |= {
        "/talk.webm": recordings["talk"],
        "/quiet.webm": recordings["quiet"],
        "/talk.m4a": recordings["talk.m4a"],
        "/broken.webm": recordings["talk"][:300] + b"\0" * 5000,
        "/a.json3": recognised(spoken(TALK), 9000),
        "/a.vtt": rolling(spoken(TALK), 9000),
        "/m.vtt": b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>What is it?\n\n"
        b"00:02.000 --> 00:04.000\n<v Bo>No, no, no.\n",
        "/bad.json3": b'{"events": [',
        "/translated.json3": recognised(spoken("never this"), 900),
    }
    auto = {"en-orig": [{"ext": "vtt", "url": site.base + "/a.vtt"}, {"ext": "json3", "url": site.base + "/a.json3"}],
            "en": [{"ext": "json3", "url": site.base + "/translated.json3?tlang=en"}]}  # fmt: skip
    site.status |= {"/limited.json3": 429, "/gone.webm": 404, "/forbidden.webm": 403}

    def captions(path: str) -> dict[str, Any]:
        return {"en-orig": [{"ext": "json3", "url": site.base + path}]}

    hostile = "../../../etc/passwd'; \x1b[31mrm -rf ~\"`$(id)` %(title)s " + "x" * 300
    site.videos = {
        "V-auto": video(site, "/talk.webm", automatic_captions=auto),
        "V-manual": video(site, "/talk.webm", automatic_captions=auto,
                          subtitles={"en": [{"ext": "vtt", "url": site.base + "/m.vtt"}]}),
        "V-audio": video(site, "/talk.webm", title=hostile, channel=hostile),
        "V-quiet": video(site, "/quiet.webm"),
        "V-badcap": video(site, "/talk.m4a", automatic_captions=captions("/bad.json3")),
        "V-limited": video(site, "/talk.webm", automatic_captions=captions("/limited.json3")),
        "V-private": {"error": "Private video. Sign in if you've been granted access to this video"},
        "V-removed": {"error": "Video unavailable. This video has been removed by the uploader"},
        "V-age": {"error": "Sign in to confirm your age. This video may be inappropriate for some users."},
        "V-geo": {"error": "geo"},
        "V-bot": {"error": "Sign in to confirm you're not a bot. Use --cookies"},
        "V-member": {"error": "Join this channel to get access to members-only content like this video"},
        "V-live": {"error": "offline"},
        "V-soon": video(site, "/talk.webm", live_status="is_upcoming"),
        "V-gone": video(site, "/gone.webm"),
        "V-forbidden": video(site, "/forbidden.webm"),
        "V-broken": video(site, "/broken.webm"),
        "V-short": video(site, "/talk.webm", duration=3600),
    }  # fmt: skip
    site.lists = {"L-all": list(site.videos)}


# ---------------------------------------------------------------------------- a scripted listener, openly a fake one


class FakeListener:
    """Says what it is told to: the tiny model cannot detect languages."""

    fingerprint = "fake"

    def __init__(self, heard: dict[str, Heard]) -> None:
        self.heard = heard
        self.asked: list[str | None] = []

    def hear(self, path: Path, language: str | None) -> Heard:
        self.asked.append(language)
        return self.heard[path.name]


def _heard(language: str, probability: float) -> Heard:
    return Heard(5000, ((0.0, 5.0),), language, probability, (Segment(0, 4000, "words"),))


EXPECTED = {
    "V-limited": "rate_limited", "V-private": "private", "V-removed": "removed", "V-age": "age_restricted",
    "V-geo": "geo_blocked", "V-bot": "bot_check", "V-member": "members_only", "V-live": "live", "V-soon": "live",
    "V-gone": "not_found", "V-forbidden": "forbidden", "V-broken": "broken_media", "V-short": "cut_media",
}  # fmt: skip


@sounds.needs_sound
def test_a_playlist_becomes_transcripts_and_every_failure_a_line_of_the_ledger(
    project: Callable[..., Project],
    site: Site,
    recordings: dict[str, bytes],
    whisper: Path,
    clock: Clock,
    tmp_path: Path,
) -> None:
    fill(site, recordings)
    (tmp_path / "models").mkdir()
    shutil.copytree(whisper, tmp_path / "models" / "asr")
    here, wanted = project(), source(urls=f"{site.base}/list/L-all", model="models/asr")
    said = pull(here, wanted)

    assert errors(here) == EXPECTED
    media = {row["video"]: row for row in table(here, "media")}
    assert list(media) == list(site.videos)
    assert media["V-auto"]["licence"].startswith("Creative Commons") and media["V-auto"]["channel_id"] == "UC1"
    made = {next(v for v, m in media.items() if m["item"] == row["item"]): row for row in table(here, "transcripts")}
    assert {v: row["kind"] for v, row in made.items()} == {
        "V-auto": "auto", "V-manual": "manual", "V-audio": "model", "V-quiet": "model", "V-badcap": "model",
    }  # fmt: skip
    segments = {v: [s for s in table(here, "segments") if s["item"] == media[v]["item"]] for v in made}
    assert " ".join(s["text"] for s in segments["V-auto"]) == TALK
    assert [(s["speaker"], s["text"]) for s in segments["V-manual"]] == [("Ann", "What is it?"), ("Bo", "No, no, no.")]
    assert segments["V-audio"] and segments["V-badcap"] and not segments["V-quiet"]
    assert made["V-audio"]["model"] and 3000 < made["V-audio"]["speech_ms"] < 6000 and made["V-quiet"]["speech_ms"] == 0
    assert made["V-auto"]["sha256"] == hashlib.sha256(site.files["/a.json3"]).hexdigest()
    assert site.asked("/translated.json3") == 0 and site.asked("/a.vtt") == 0
    assert any("5 items transcribed, 10 wait for another try, 3 were given up" in line for line in said)
    # Nothing that a site says is part of a name, and nothing lies outside the data folder or is readable by others.
    written = [p for p in tmp_path.rglob("*") if p.is_file() and "models" not in p.parts]
    assert all(p.is_relative_to(tmp_path / "data") or p.parent in (tmp_path, tmp_path / "keys") for p in written)
    assert all("passwd" not in p.name and len(p.name) < 60 for p in written)
    assert not any(p.stat().st_mode & 0o077 for p in written if "data" in p.parts)
    assert "\x1b" not in media["V-audio"]["title"] and len(media["V-audio"]["title"]) <= 300
    assert not list(transcripts.folder(here, NAME).rglob("audio*"))  # dropped once it was heard

    # Again: nothing at all is asked for, of what is done, of what waits and of what was given up.
    site.log.clear()
    before = {p: p.read_bytes() for p in transcripts.folder(here, NAME).glob("*.parquet")}
    pull(here, wanted)
    assert site.log == []
    assert {p: p.read_bytes() for p in before} == before
    assert not gather.due(here, NAME, wanted)

    # An hour later the captions that were refused, and what else has waited long enough; and these only.
    clock.now += 3601
    site.status.pop("/limited.json3")
    site.files["/limited.json3"] = recognised(spoken("and so it goes"), 5000)
    assert gather.due(here, NAME, wanted)
    pull(here, wanted)
    looked_at = {path.rpartition("/")[2] for path, _ in site.log if "api-video" in path}
    assert looked_at == {"V-limited", "V-short"}
    assert "V-limited" not in errors(here)


@pytest.mark.slow
def test_nothing_is_tried_for_ever_and_nothing_is_lost(
    project: Callable[..., Project], site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A year of trying. What the recordings hold is scripted: a fake listener finds one damaged, one cut short."""

    class Ears(FakeListener):
        def hear(self, path: Path, language: str | None) -> Heard:
            if path.read_bytes() == b"broken":
                raise Trouble("broken_media")
            return _heard("en", 0.9)

    monkeypatch.setattr(gather, "make_listener", lambda project, source: Ears({}))
    fill(site, {name: b"sound" for name in ("talk", "quiet", "talk.m4a")})
    site.files["/broken.webm"] = b"broken"
    here, wanted = project(), source(urls=f"{site.base}/list/L-all", model="asr")
    pull(here, wanted)
    assert errors(here) == EXPECTED
    for _ in range(10):
        clock.now += 31 * 86_400
        pull(here, wanted)
    site.log.clear()
    clock.now += 365 * 86_400
    pull(here, wanted)
    assert site.log == [] and not gather.due(here, NAME, wanted)
    assert all(w.state in ("given_up", "done") for ls in lines(here).values() for w in ls)
    assert set(errors(here)) == set(EXPECTED) - {"V-limited"}  # its recording was taken in the end
    assert len(table(here, "media")) == len(site.videos)

    # A person may ask for it all the same.
    captions = {"en-orig": [{"ext": "json3", "url": site.base + "/a.json3"}]}
    site.videos["V-private"] = video(site, "/talk.webm", automatic_captions=captions)
    pull(here, wanted, update=True)
    assert "V-private" not in errors(here)


def test_captions_alone_need_no_model_and_no_recording(
    project: Callable[..., Project], site: Site, clock: Clock
) -> None:
    site.files["/a.json3"] = recognised(spoken(TALK), 9000)
    captions = {"en-orig": [{"ext": "json3", "url": site.base + "/a.json3"}]}
    site.videos = {
        "V-1": video(site, "/none.webm", automatic_captions=captions),
        "V-2": video(site, "/none.webm"),
        "V-3": video(site, "/none.webm", automatic_captions=captions),
    }
    site.lists = {"L-1": ["V-1", "V-2"], "L-2": ["L-1", "V-3"]}
    here, wanted = project(), source(urls=f"{site.base}/list/L-2")
    pull(here, wanted)
    assert site.asked(".webm") == 0
    assert errors(here) == {"V-2": "no_model"}
    assert [row["video"] for row in table(here, "media") if row["title"]] == ["V-3", "V-1", "V-2"]
    assert len(table(here, "transcripts")) == 2

    # A list that changed: what is new is taken, what is gone stays and is marked, what is done is not asked for again.
    site.videos["V-4"] = video(site, "/none.webm", automatic_captions=captions)
    site.lists["L-2"] = ["V-4", "L-1"]
    site.log.clear()
    said = pull(here, wanted, update=True)
    assert site.asked("V-4") == 1 and site.asked("V-1") == 0 and site.asked("V-3") == 0
    assert {row["video"]: row["listed"] for row in table(here, "media")}["V-3"] is False
    assert len(table(here, "transcripts")) == 3 and any("no longer listed" in line for line in said)

    # A list that cannot be had loses nothing.
    site.status["/api-list/L-2"] = 503
    pull(here, wanted, update=True)
    assert len(table(here, "transcripts")) == 3 and errors(here)["list"] == "server"

    # An address that is taken out of the declaration takes what was made of it along.
    site.status.clear()
    pull(here, source(urls=f"{site.base}/watch/V-1"))
    assert [row["video"] for row in table(here, "media")] == ["V-1"] and len(table(here, "transcripts")) == 1


@sounds.needs_sound
def test_a_feed_and_a_plain_file_through_the_generic_extractor(
    project: Callable[..., Project], site: Site, recordings: dict[str, bytes], whisper: Path, tmp_path: Path
) -> None:
    site.files |= {
        "/1/ep.webm": recordings["talk"],
        "/2/ep.webm": recordings["quiet"],
        "/alone.m4a": recordings["talk.m4a"],
    }
    episodes = "".join(
        f"<item><title>E{n}</title><link>{site.base}/{n}/ep.webm</link><enclosure url='{site.base}/{n}/ep.webm' "
        "type='audio/webm' length='1'/></item>" for n in (1, 2)
    )  # fmt: skip
    site.files["/feed.xml"] = (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>S</title>{episodes}</channel></rss>".encode()
    )
    shutil.copytree(whisper, tmp_path / "asr")
    here = project()
    pull(here, source(urls=[f"{site.base}/feed.xml", f"{site.base}/alone.m4a"], model="asr", keep_audio=True))
    assert errors(here) == {}
    rows = {m["url"].removeprefix(site.base): m["item"] for m in table(here, "media")}
    assert set(rows) == {"/1/ep.webm", "/2/ep.webm", "/alone.m4a"}
    spoken_in = {s["item"] for s in table(here, "segments")}
    assert spoken_in == {rows["/1/ep.webm"], rows["/alone.m4a"]}
    kept = {p.read_bytes() for p in transcripts.folder(here, NAME).rglob("audio")}
    assert kept == {recordings["talk"], recordings["quiet"], recordings["talk.m4a"]}  # as they were sent


_CHILD = """
import sys
from pathlib import Path
from curation.core.project import Project
from curation.pull.media import gather
from tests.pull.media.test_gather import NAME, source
root, url, host = sys.argv[1:]
project = Project.open(Path(root), {"allow_hosts": [host]})
gather.bring(project, NAME, source(urls=url, model="asr", keep_audio=True), update=False, say=print)
"""


@sounds.needs_sound
def test_killed_in_mid_download_it_goes_on_where_it_was(
    project: Callable[..., Project], site: Site, recordings: dict[str, bytes], whisper: Path, tmp_path: Path
) -> None:
    shutil.copytree(whisper, tmp_path / "asr")
    whole = recordings["talk.m4a"]
    site.files |= {"/long.m4a": whole}
    site.pace["/long.m4a"] = 0.6
    here = project()
    url = f"{site.base}/long.m4a"
    child = subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path), url, f"127.0.0.1:{site.port}"])
    part = None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and (part is None or part.stat().st_size < 16_000):
        part = next(iter(transcripts.folder(here, NAME).rglob("audio.part")), None)
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert part is not None and 0 < part.stat().st_size < len(whole)
    site.pace.clear()
    site.log.clear()
    pull(here, source(urls=url, model="asr", keep_audio=True))
    assert any(wanted and wanted.startswith("bytes=") and wanted != "bytes=0-" for _, wanted in site.log)
    [kept] = transcripts.folder(here, NAME).rglob("audio")
    assert kept.read_bytes() == whole
    assert table(here, "segments")
    site.log.clear()
    pull(here, source(urls=url, model="asr", keep_audio=True))
    assert site.log == []


@sounds.needs_sound
def test_a_connection_that_is_cut_is_gone_on_with(
    project: Callable[..., Project], site: Site, recordings: dict[str, bytes], whisper: Path, tmp_path: Path
) -> None:
    shutil.copytree(whisper, tmp_path / "asr")
    site.files["/a.m4a"] = recordings["talk.m4a"]
    site.cut["/a.m4a"] = (20_000, 1)
    here = project()
    pull(here, source(urls=f"{site.base}/a.m4a", model="asr", keep_audio=True))
    [kept] = transcripts.folder(here, NAME).rglob("audio")
    assert kept.read_bytes() == recordings["talk.m4a"]


# ------------------------------------------------------------------------------------------------------- local files


def test_files_of_the_project_need_no_network_and_no_extra(
    project: Callable[..., Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    (tmp_path / "talks").mkdir()
    (tmp_path / "talks/one.json3").write_bytes(recognised(spoken(TALK), 9000))
    (tmp_path / "talks/two.vtt").write_bytes(b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n")
    (tmp_path / "talks/two.webm").write_bytes(b"never read, for it has captions")
    (tmp_path / "talks/bad.vtt").write_bytes(b"oh no")
    here, wanted = project(offline=True), source(path="talks/*", language="en")
    pull(here, wanted)
    assert errors(here) == {"talks/bad.vtt": "broken_captions"}
    assert {m["video"] for m in table(here, "media")} == {"talks/one.json3", "talks/two.vtt", "talks/bad.vtt"}
    assert "Hello." in {s["text"] for s in table(here, "segments")}
    # A file that changed is read again, one that is gone takes its transcript along.
    (tmp_path / "talks/two.vtt").write_bytes(b"WEBVTT\n\n00:01.000 --> 00:02.000\nGoodbye.\n")
    (tmp_path / "talks/one.json3").unlink()
    pull(here, wanted)
    assert [s["text"] for s in table(here, "segments")] == ["Goodbye."]


def test_offline_what_is_on_a_site_waits_for_the_network(project: Callable[..., Project], site: Site) -> None:
    with pytest.raises(MissingError, match="offline"):
        pull(project(offline=True), source(urls=f"{site.base}/list/L-1"))


def test_a_damaged_ledger_says_so(project: Callable[..., Project], tmp_path: Path) -> None:
    from curation.core.errors import IntegrityError

    here = project()
    (tmp_path / "a.vtt").write_bytes(b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n")
    pull(here, source(path="a.vtt"))
    path = transcripts.folder(here, NAME) / "ledger.db"
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(IntegrityError, match="damaged"):
        pull(here, source(path="a.vtt"))


def test_what_must_not_exist_is_kept_nowhere(
    project: Callable[..., Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa

    from curation.methods import screen

    monkeypatch.setattr(screen, "flag_texts", lambda texts: pa.array(["MARKED" in text for text in texts.to_pylist()]))
    (tmp_path / "a.vtt").write_bytes(b"WEBVTT\n\n00:01.000 --> 00:02.000\nA MARKED text.\n")
    here = project()
    said = pull(here, source(path="a.vtt"))
    assert errors(here) == {"a.vtt": "screened"} and not table(here, "segments")
    assert any("a.vtt" in line and "must not exist" in line for line in said)
    assert not any(b"MARKED" in p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file())


def test_the_language_that_is_heard_is_recorded_and_a_wrong_one_refused(
    project: Callable[..., Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("en.wav", "de.wav", "unsure.wav"):
        (tmp_path / name).write_bytes(b"sound")
    fake = FakeListener({"en.wav": _heard("en", 0.99), "de.wav": _heard("de", 0.97), "unsure.wav": _heard("nn", 0.4)})
    monkeypatch.setattr(gather, "make_listener", lambda project, source: fake)
    here = project()
    pull(here, source(path="*.wav", language="en", model="asr"))
    assert errors(here) == {"de.wav": "wrong_language"}
    assert sorted((t["language"], t["language_probability"]) for t in table(here, "transcripts")) == [
        ("en", 0.99), ("nn", 0.4),
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------------- declarations


@pytest.mark.parametrize(
    "declared",
    [{}, {"urls": "https://a.example", "sleep_s": -1}, {"urls": "https://a.example", "max_mb": 0},
     {"urls": "https://a.example", "captions": "maybe"}, {"path": "x", "permission": {"by": "me"}}],
)  # fmt: skip
def test_a_wrong_declaration_is_refused(declared: dict[str, Any]) -> None:
    with pytest.raises(ProjectError):
        source(**declared)


def test_cookies_and_tokens_are_used_only_where_they_are_named(
    project: Callable[..., Project], site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = project()
    rules = gather.make_site(here, NAME, source(urls=site.base + "/list/L")).rules
    assert rules.cookies is None and rules.po_token is None
    with pytest.raises(ProjectError, match="no file"):
        gather.make_site(here, NAME, source(urls=site.base + "/list/L", cookies="cookies.txt"))
    with pytest.raises(ProjectError, match="not set"):
        gather.make_site(here, NAME, source(urls=site.base + "/list/L", po_token="PO_TOKEN_X"))
    with pytest.raises(ProjectError, match="outside"):
        gather.make_site(here, NAME, source(urls=site.base + "/list/L", cookies="../cookies.txt"))
    (tmp_path / "cookies.txt").write_text("# Netscape HTTP Cookie File\n")
    monkeypatch.setenv("PO_TOKEN_X", "web+abc")
    rules = gather.make_site(
        here, NAME, source(urls=site.base + "/list/L", cookies="cookies.txt", po_token="PO_TOKEN_X")
    ).rules
    assert rules.cookies == tmp_path / "cookies.txt" and rules.po_token == "web+abc"
