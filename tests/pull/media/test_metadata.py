"""What YouTube says of a video, as hand-written info-dicts through yt-dlp's own `process_ie_result`."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yt_dlp")

from curation.pull.media import site as home
from curation.pull.media.captions import choose
from curation.pull.media.kept import facts_of
from curation.pull.media.site import Rules, Site
from curation.pull.media.troubles import Trouble, classify
from tests.pull.media.site_server import Site as Server


@pytest.fixture
def server() -> Any:
    with Server() as running:
        running.files |= {"/140.m4a": b"m4a" * 50, "/251.webm": b"webm" * 50, "/18.mp4": b"mp4" * 50}
        yield running


def info(server: Server, **more: Any) -> dict[str, Any]:
    """A video as YouTube's extractor describes one."""
    base = server.base
    track = [{"ext": "json3", "url": base + "/c.json3"}, {"ext": "vtt", "url": base + "/c.vtt"}]
    translated = [{"ext": e, "url": f"{base}/c.{e}?tlang=de"} for e in ("json3", "vtt")]
    return {
        "_type": "video", "id": "abcdefghijk", "extractor": "youtube", "extractor_key": "Youtube", "title": "A talk",
        "webpage_url": "https://www.youtube.com/watch?v=abcdefghijk", "duration": 61.5, "channel": "Someone",
        "channel_id": "UC123", "license": "Creative Commons Attribution license (reuse allowed)",
        "availability": "public", "live_status": "not_live", "language": "en-US", "upload_date": "20260304",
        "formats": [
            {"format_id": "18", "ext": "mp4", "url": base + "/18.mp4", "acodec": "mp4a.40.2", "vcodec": "avc1",
             "height": 360},
            {"format_id": "140", "ext": "m4a", "url": base + "/140.m4a", "acodec": "mp4a.40.2", "vcodec": "none",
             "abr": 129},
            {"format_id": "251", "ext": "webm", "url": base + "/251.webm", "acodec": "opus", "vcodec": "none",
             "abr": 130},
        ],
        "subtitles": {},
        "automatic_captions": {"en-orig": track, "en": track, "de": translated},
        **more,
    }  # fmt: skip


def asked(server: Server) -> Site:
    return Site(Rules((f"127.0.0.1:{server.port}",), sleep_s=0))


def processed(server: Server, raw: dict[str, Any]) -> dict[str, Any]:
    """As `extract_info` hands it on."""
    with home._made(Rules((f"127.0.0.1:{server.port}",), 0), {}) as ydl:
        return dict(ydl.process_ie_result(copy.deepcopy(raw), download=False))


def test_the_best_sound_is_taken_as_it_is(server: Server, tmp_path: Path) -> None:
    path, chosen = asked(server).audio(processed(server, info(server)), tmp_path / "item")
    assert chosen == "251" and path.read_bytes() == b"webm" * 50
    assert [p for p, _ in server.log] == ["/251.webm"]


def test_without_a_track_of_sound_alone_the_whole_is_taken(server: Server, tmp_path: Path) -> None:
    raw = info(server)
    raw["formats"] = raw["formats"][:1]
    path, chosen = asked(server).audio(processed(server, raw), tmp_path / "item")
    assert chosen == "18" and path.read_bytes() == b"mp4" * 50


def test_facts_and_captions_survive_the_processing(server: Server) -> None:
    found = processed(server, info(server))
    assert facts_of(found) == {
        "title": "A talk", "channel": "Someone", "channel_id": "UC123", "availability": "public", "language": "en-US",
        "licence": "Creative Commons Attribution license (reuse allowed)", "published": "20260304",
        "duration_ms": 61_500,
    }  # fmt: skip
    track = choose(found, None)
    assert track and (track.kind, track.language, track.format) == ("auto", "en", "json3")
    assert track.url.endswith("/c.json3")


def test_a_manual_track_comes_first_and_a_chat_is_none(server: Server) -> None:
    written = {"en-US": [{"ext": "vtt", "url": server.base + "/m.vtt"}], "live_chat": [{"ext": "json", "url": "x"}]}
    track = choose(processed(server, info(server, subtitles=written)), None)
    assert track and (track.kind, track.language) == ("manual", "en-US")


@pytest.mark.parametrize(
    ("more", "kind"),
    [({"live_status": "is_live"}, "live"), ({"live_status": "is_upcoming", "formats": []}, "live"),
     ({"availability": "private", "formats": []}, "private"),
     ({"availability": "subscriber_only", "formats": []}, "members_only"),
     ({"availability": "needs_auth", "formats": []}, "needs_login")],
)  # fmt: skip
def test_what_cannot_be_had_is_told_by_its_metadata(
    more: dict[str, Any], kind: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yt_dlp.extractor.common import InfoExtractor

    raw = info(server, **more)

    class Scripted(InfoExtractor):
        _VALID_URL = r"http://127\.0\.0\.1:\d+/watch"

        def _real_extract(self, url: str) -> dict[str, Any]:
            return copy.deepcopy(raw)

    monkeypatch.setattr(home, "EXTRACTORS", [Scripted()])
    with pytest.raises(Trouble) as caught:
        asked(server).info(server.base + "/watch")
    assert caught.value.kind == kind


def test_a_recording_that_is_too_large_is_not_begun(server: Server, tmp_path: Path) -> None:
    server.files["/251.webm"] = b"x" * (2 << 20)
    small = Site(Rules((f"127.0.0.1:{server.port}",), sleep_s=0, max_mb=1))
    with pytest.raises(Trouble) as caught:
        small.audio(processed(server, info(server)), tmp_path / "item")
    assert caught.value.kind == "too_large" and not (tmp_path / "item" / "audio").exists()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("ERROR: [youtube] x: Sign in to confirm you’re not a bot. Use --cookies-from-browser", "bot_check"),
        ("[youtube] x: Private video. Sign in if you've been granted access to this video", "private"),
        ("[youtube] x: Video unavailable. This video is no longer available because the YouTube account associated "
         "with this video has been terminated.", "removed"),
        ("[youtube] x: Sign in to confirm your age. This video may be inappropriate for some users.", "age_restricted"),
        ("[youtube] x: The uploader has not made this video available in your country", "geo_blocked"),
        ("[youtube] x: Join this channel to get access to members-only content", "members_only"),
        ("[youtube] x: Premieres in 3 hours", "live"),
        ("[youtube] x: This video is DRM protected", "drm"),
        ("Unable to download video subtitles: HTTP Error 429: Too Many Requests", "rate_limited"),
        ("Unsupported URL: https://example.org", "unsupported"),
        ("something new", "other"),
    ],
)  # fmt: skip
def test_what_sites_say_has_a_class(said: str, kind: str) -> None:
    assert classify(RuntimeError(said)) == kind
