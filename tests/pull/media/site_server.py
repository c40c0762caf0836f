"""A media site on loopback: pages, playlists, recordings, captions, and everything that can go wrong with them.

What yt-dlp asks of a site is answered by an extractor of our own (below), as one that yt-dlp ships would: it reads the
page, and raises what such extractors raise. Feeds and plain files need none; yt-dlp's generic extractor reads them.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.utils import ExtractorError, GeoRestrictedError, UserNotLive


@dataclass
class Site:
    """What the site holds, and what it was asked for.

    Attributes:
        files: bytes by path.
        videos: what the page of a video says, by id; `error` says how it fails.
        lists: ids by playlist.
        status: status that a path answers with instead.
        cut: bytes after which a path's connection is cut, and how often.
        pace: seconds between two pieces of 16 kB, by path.
        log: paths in the order in which they were asked for, each with its Range.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    videos: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    cut: dict[str, tuple[int, int]] = field(default_factory=dict)
    pace: dict[str, float] = field(default_factory=dict)
    log: list[tuple[str, str | None]] = field(default_factory=list)
    redirect: dict[str, str] = field(default_factory=dict)
    port: int = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, part: str) -> int:
        return sum(part in path for path, _ in self.log)

    def __enter__(self) -> Site:
        site = self

        class Handler(_Handler):
            holder = site

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


_TYPES = {"vtt": "text/vtt", "json3": "application/json", "xml": "application/rss+xml", "webm": "audio/webm",
          "m4a": "audio/mp4", "ogg": "audio/ogg", "wav": "audio/wav", "json": "application/json"}  # fmt: skip


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    holder: Site

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a client that was killed
            super().handle()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        site, path = self.holder, self.path.partition("?")[0]
        site.log.append((self.path, self.headers.get("Range")))
        if path in site.redirect:
            self.send_response(302)
            self.send_header("Location", site.redirect[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = self._page(path)
        status = site.status.get(path, 200 if data is not None else 404)
        if status != 200 or data is None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        total, start = len(data), 0
        if wanted := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or ""):
            start = min(int(wanted[1]), total)
            data = data[start : int(wanted[2]) + 1 if wanted[2] else total]
            status = 206 if start < total else 416
        self.send_response(status)
        self.send_header("Content-Type", _TYPES.get(path.rpartition(".")[2], "application/octet-stream"))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(data)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{start + len(data) - 1}/{total}")
        self.end_headers()
        if self.command == "HEAD":
            return
        after, times = site.cut.get(path, (0, 0))
        if times and after < len(data):
            site.cut[path] = (after, times - 1)
            self.wfile.write(data[:after])
            self.close_connection = True
            self.connection.close()
            return
        pause = site.pace.get(path, 0.0)
        try:
            for place in range(0, len(data), 16_384):
                self.wfile.write(data[place : place + 16_384])
                self.wfile.flush()
                time.sleep(pause)
        except OSError:
            self.close_connection = True

    def _page(self, path: str) -> bytes | None:
        site = self.holder
        kind, _, name = path.strip("/").partition("/")
        if kind == "api-list" and name in site.lists:
            return json.dumps(site.lists[name]).encode()
        if kind == "api-video" and name in site.videos:
            return json.dumps(site.videos[name]).encode()
        return site.files.get(path)


class LoopbackIE(InfoExtractor):
    IE_NAME = "loopback"
    _VALID_URL = r"(?P<base>http://127\.0\.0\.1:\d+)/watch/(?P<id>[\w-]+)"

    def _real_extract(self, url: str) -> dict[str, Any]:
        base, video = self._match_valid_url(url).group("base", "id")
        page: Mapping[str, Any] = self._download_json(f"{base}/api-video/{video}", video)
        if said := page.get("error"):
            kinds = {"geo": GeoRestrictedError, "offline": UserNotLive}
            raise kinds[said]("blocked") if said in kinds else ExtractorError(said, expected=True)
        return {**page, "id": video, "webpage_url": url}


class LoopbackListIE(InfoExtractor):
    IE_NAME = "loopback:list"
    _VALID_URL = r"(?P<base>http://127\.0\.0\.1:\d+)/list/(?P<id>[\w-]+)"

    def _real_extract(self, url: str) -> dict[str, Any]:
        base, name = self._match_valid_url(url).group("base", "id")
        ids = self._download_json(f"{base}/api-list/{name}", name)
        where, kinds = {"L": "list", "V": "watch"}, {"L": "LoopbackList", "V": "Loopback"}
        entries = [
            self.url_result(i, None, i)
            if "://" in i
            else self.url_result(f"{base}/{where[i[0]]}/{i}", kinds[i[0]], i, f"t {i}")
            for i in ids
        ]
        return self.playlist_result(entries, name, "A list")
