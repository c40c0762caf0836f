"""Addresses, titles and playlists that try to be options, commands, paths or ways into an inner network."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yt_dlp")

from curation.core.errors import ProjectError
from curation.core.project import Project, make_key
from curation.pull.media import gather
from curation.pull.media import site as home
from curation.pull.media.site import Rules, Site, check_url
from curation.pull.media.troubles import Trouble
from tests.pull.media.site_server import LoopbackIE, LoopbackListIE
from tests.pull.media.site_server import Site as Server
from tests.pull.media.test_gather import NAME, errors, pull, source, table, video
from tests.pull.media.tracks import recognised, spoken

ADDRESSES = (
    "--exec=touch /tmp/pwned",
    "-o/tmp/x",
    "--config-location=/tmp/evil.conf",
    "--load-info-json=/etc/passwd",
    "file:///etc/passwd",
    "ytsearch10:anything",
    "ytdl://x",
    "https://user:secret@site.example/list",
    "https://site.example/a\n--exec id",
    "https://site.example/%0d%0aX: 1",
    "http://site.example/plain",
    "https://127.0.0.1/watch",
    "https://2130706433/watch",
    "https://[::1]/watch",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.8/list",
    "https://site.example:22/x",
    "gopher://site.example/x",
    "data:text/html,hello",
    ":ytfav",
    "/etc/passwd",
    "$(touch /tmp/pwned)",
)
HOSTILE = (
    "../../../../tmp/pwned",
    "/etc/cron.d/pwned",
    "a; touch /tmp/pwned",
    "$(touch /tmp/pwned) `id`",
    "%(title)s %(exec)s.%(ext)s",
    "--exec touch",
    "\x1b]0;pwned\x07\x1b[2J",
    "x" * 5000,
    "nul\x00byte",
    "con\\..\\..\\pwned",
)


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_that_is_no_address_of_a_public_site_is_refused(url: str) -> None:
    with pytest.raises(ProjectError):
        check_url(url, ())
    with pytest.raises((ProjectError, Trouble)):
        Site(Rules(sleep_s=0)).look(url)
    with pytest.raises(Trouble) as caught:  # as an entry of a playlist would
        Site(Rules(sleep_s=0)).info(url)
    assert caught.value.kind == "refused_address"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(home, "EXTRACTORS", [LoopbackIE(), LoopbackListIE()])
    with Server() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, server: Server) -> Project:
    make_key(tmp_path)
    (tmp_path / "sources.yaml").write_text("sources: {}\n")
    return Project.open(tmp_path, {"allow_hosts": [f"127.0.0.1:{server.port}"]})


def everything(root: Path) -> set[str]:
    return {os.fspath(p.relative_to(root)) for p in root.rglob("*")}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_site_calls_things_is_part_of_no_path_and_no_command(
    text: str, project: Project, server: Server
) -> None:
    captions = {"en-orig": [{"ext": "json3", "url": server.base + "/a.json3"}]}
    server.files["/a.json3"] = recognised(spoken("all is well"), 3000)
    formats = [{"format_id": text, "url": server.base + "/a.webm", "ext": text, "acodec": "opus", "vcodec": "none"}]
    named = {key: text for key in ("title", "channel", "channel_id", "license", "uploader", "alt_title")}
    server.videos["V-1"] = video(server, "/a.webm", automatic_captions=captions, formats=formats, **named)
    server.lists["L-1"] = ["V-1"]
    pull(project, source(urls=server.base + "/list/L-1", model="no-such-model"))
    [kept] = table(project, "media")
    assert kept["title"] is None or (len(kept["title"]) <= 300 and kept["title"].isprintable())
    assert len(table(project, "segments")) == 1
    names = everything(project.root)
    assert not any("pwned" in name or "passwd" in name or len(name) > 200 for name in names)
    assert not Path("/tmp/pwned").exists()
    assert all(name.startswith(("data", "keys", "sources.yaml")) for name in names)


@pytest.mark.parametrize("text", [t for t in HOSTILE if "\x00" not in t], ids=lambda t: ascii(t)[:20])
def test_a_downloaded_recording_lies_under_our_name(text: str, server: Server, tmp_path: Path) -> None:
    server.files["/a.webm"] = b"sound" * 100
    info = {**video(server, "/a.webm"), "id": text, "title": text, "extractor": "x", "extractor_key": "X",
            "webpage_url": server.base}  # fmt: skip
    info["formats"][0]["ext"] = text
    asked = Site(Rules((f"127.0.0.1:{server.port}",), sleep_s=0))
    with contextlib.suppress(Trouble):
        asked.audio(info, tmp_path / "item")
    assert everything(tmp_path) <= {"item", "item/audio"}
    assert not Path("/tmp/pwned").exists()


def test_a_playlist_leads_to_no_inner_host_and_no_file(project: Project, server: Server) -> None:
    server.lists["L-1"] = ["file:///etc/passwd", "http://127.0.0.2:1/x", "https://169.254.169.254/", "ytsearch:x://y"]
    pull(project, source(urls=server.base + "/list/L-1"))
    assert set(errors(project).values()) == {"refused_address"} and len(errors(project)) == 4


def test_a_redirect_or_a_caption_leads_to_no_inner_host(project: Project, server: Server) -> None:
    with Server() as inner:
        inner.files["/secret.json3"] = recognised(spoken("the secret"), 3000)
        server.redirect["/hop.json3"] = inner.base + "/secret.json3"
        for number, url in enumerate(
            (server.base + "/hop.json3", inner.base + "/secret.json3", "file:///etc/hostname")
        ):
            captions = {"en-orig": [{"ext": "json3", "url": url}]}
            server.videos[f"V-{number}"] = video(server, "/a.webm", automatic_captions=captions)
        server.lists["L-1"] = list(server.videos)
        pull(project, source(urls=server.base + "/list/L-1"))
    assert table(project, "segments") == []
    artefacts = gather.Ledger(gather._ledger_path(project, NAME)).lines()
    assert sum("refused_address" in line.artefact for line in artefacts) == 3


def test_neither_settings_nor_plug_ins_of_the_user_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    for place in ("yt-dlp", "yt-dlp.conf", ".config/yt-dlp/config", "yt-dlp/config"):
        path = tmp_path / place
        if not path.exists() and not path.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            if place != "yt-dlp":
                path.write_text("--exec 'touch pwned'\n-o pwned\n")
    plugin = tmp_path / "yt-dlp" / "plugins" / "evil" / "yt_dlp_plugins" / "extractor"
    plugin.mkdir(parents=True)
    (plugin / "evil.py").write_text("open('pwned', 'w').write('x')\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    server.files["/a.webm"] = b"sound"
    asked = Site(Rules((f"127.0.0.1:{server.port}",), sleep_s=0))
    path, _ = asked.audio({**video(server, "/a.webm"), "id": "1", "extractor": "x"}, tmp_path / "item")
    assert path.read_bytes() == b"sound" and not (tmp_path / "pwned").exists()
