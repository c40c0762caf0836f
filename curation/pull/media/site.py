"""The home of yt-dlp: lists, metadata, captions and audio of any site that it knows.

It is used as a library. It reads no configuration and no plug-in of the user's, starts no shell and no external
downloader, merges and converts nothing, names no file by what a site says, and reaches only addresses that pass the
same rules as every other download of a project.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.core import files, hosts
from curation.core.errors import ProjectError, RetryError
from curation.pull.media.captions import Track
from curation.pull.media.troubles import Trouble, classify, full_disk

AUDIO = "audio"
"""Name of a downloaded item in its folder, whatever the site calls it; PyAV looks into a file to see what it is."""
_MOST_CAPTIONS = 64 << 20

EXTRACTORS: list[Any] = []
"""Extractors of sites that yt-dlp does not know, for whoever brings some along: instances, asked before its own."""


@dataclass(frozen=True)
class Rules:
    """How a source is fetched.

    Attributes:
        allow_hosts: hosts whose private addresses may be reached, as in curate.toml.
        sleep_s: pause between two requests of a site.
        max_kb_s: no faster download.
        max_mb: a larger item is refused.
        cookies: a cookies.txt of the user's, where they named one.
        po_token: a proof-of-origin token, where the user named the variable that holds it.
    """

    allow_hosts: tuple[str, ...] = ()
    sleep_s: float = 5.0
    max_kb_s: int = 4000
    max_mb: int = 2048
    cookies: Path | None = None
    po_token: str | None = None


def check_url(url: str, allow_hosts: Sequence[str]) -> str:
    """An address that may be asked for, or a refusal: no option, no search, no file, no inner network.

    Raises:
        ProjectError: it is no https address of a public host, nor one of a host that the project allows.
    """
    place = hosts.check(url, hosts.allowed(allow_hosts))
    try:
        address = ipaddress.ip_address(place.host)
    except ValueError:
        return url
    if not place.allowed and not hosts.is_public(address):
        hosts.refuse("the host is not on the public internet", place.shown, "if it is your own server, allow host:port")
    return url


class Site:
    """What can be asked of sites under some rules. Every failure is a `Trouble` with its class."""

    def __init__(self, rules: Rules, sleep: Callable[[float], None] = time.sleep) -> None:
        self.rules = rules
        self._sleep = sleep
        self._asked = False

    def look(self, url: str) -> list[tuple[str, str, str]]:
        """The items behind an address as (url, extractor, id), with one flat listing and no request per item.

        Raises:
            Trouble: the list cannot be had.
        """
        check_url(url, self.rules.allow_hosts)
        with self._asking({"extract_flat": True}) as ydl:
            info = ydl.extract_info(url, download=False)
        return list(self._entries(info, url, 0))

    def info(self, url: str) -> dict[str, Any]:
        """The metadata of an item, formats and captions among it; or of a list, under `entries`.

        Raises:
            Trouble: it cannot be had, or there is no recording yet.
        """
        self._check(url)
        with self._asking({"extract_flat": True, "noplaylist": True}) as ydl:
            info = ydl.extract_info(url, download=False)
        if not isinstance(info, dict):
            raise Trouble("other")
        if info.get("live_status") in ("is_live", "is_upcoming") or info.get("is_live"):
            raise Trouble("live")
        if (blocked := _AVAILABILITY.get(str(info.get("availability")))) is not None and not info.get("formats"):
            raise Trouble(blocked)
        return info

    def entries(self, info: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """The items of what turned out to be a list."""
        return list(self._entries(info, str(info.get("webpage_url") or ""), 0))

    def captions(self, track: Track) -> bytes:
        """The bytes of a caption track.

        Raises:
            Trouble: they cannot be had.
        """
        self._check(track.url)
        with self._asking({}) as ydl, ydl.urlopen(track.url) as response:
            data = response.read(_MOST_CAPTIONS + 1)
        if len(data) > _MOST_CAPTIONS:
            raise Trouble("too_large")
        return bytes(data)

    def audio(self, info: Mapping[str, Any], folder: Path) -> tuple[Path, str]:
        """Download the sound of an item and return where it lies and its format; a part that is here is gone on with.

        The container stays as it is: no conversion, no merging.

        Raises:
            Trouble: it cannot be had.
        """
        files.make_dir(folder)
        options = {
            "format": "bestaudio/best",
            "paths": {"home": os.fspath(folder)},
            "outtmpl": {"default": AUDIO},
            "ratelimit": self.rules.max_kb_s * 1000,
            "max_filesize": self.rules.max_mb << 20,
        }
        with self._asking(options) as ydl:
            for each in info.get("formats") or [info]:
                if isinstance(each, Mapping) and isinstance(each.get("url"), str):
                    self._check(each["url"])
            done = ydl.process_ie_result(dict(info), download=True)
        path = folder / AUDIO
        if not path.is_file():
            kept = (folder / f"{AUDIO}.part").exists()
            raise Trouble("cut_media" if kept else "too_large")
        path.chmod(files.PRIVATE_FILE)
        return path, str((done or {}).get("format_id") or "")

    def _entries(self, info: Any, url: str, depth: int) -> Iterator[tuple[str, str, str]]:
        if not isinstance(info, Mapping):
            return
        if info.get("_type") in ("playlist", "multi_video"):
            for entry in info.get("entries") or () if depth < 4 else ():
                yield from self._entries(entry, "", depth + 1)
            return
        found = info.get("webpage_url") or info.get("url") or url
        if not isinstance(found, str) or not found:
            return
        # Of a page that was read whole, the address that was asked for: the one of its media expires.
        found = url if url and info.get("_type", "video") == "video" else found
        extractor = info.get("ie_key") or info.get("extractor_key") or "url"
        video = info.get("id")
        # The generic extractor calls an item by its file's name, which two of a site may share.
        if extractor in ("Generic", "url") or not isinstance(video, str) or not video:
            video = found
        yield found, str(extractor), video

    def _check(self, url: str) -> None:
        try:
            check_url(url, self.rules.allow_hosts)
        except ProjectError:
            raise Trouble("refused_address") from None

    def _asking(self, options: Mapping[str, Any]) -> _Asking:
        if self._asked and self.rules.sleep_s:
            self._sleep(self.rules.sleep_s)
        self._asked = True
        return _Asking(self.rules, options)


_AVAILABILITY: Mapping[str, str] = {
    "private": "private",
    "needs_auth": "needs_login",
    "premium_only": "members_only",
    "subscriber_only": "members_only",
}


class _Asking:
    """A yt-dlp for one errand; what it raises comes out as a `Trouble`."""

    def __init__(self, rules: Rules, options: Mapping[str, Any]) -> None:
        self._ydl = _made(rules, options)

    def __enter__(self) -> Any:
        return self._ydl

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._ydl.close()
        if isinstance(error, Exception) and not isinstance(error, Trouble):
            if full_disk(error):
                raise RetryError(
                    "the disk is full; what was fetched is kept", fix="free some space, then go on"
                ) from None
            raise Trouble(classify(error)) from None


def _made(rules: Rules, more: Mapping[str, Any]) -> Any:
    os.environ.setdefault("YTDLP_NO_PLUGINS", "1")
    from yt_dlp import YoutubeDL
    from yt_dlp.globals import plugin_dirs

    plugin_dirs.value = []
    allow = hosts.allowed(rules.allow_hosts)

    class Door(YoutubeDL):
        """Every request passes here."""

        def urlopen(self, req: Any) -> Any:
            _check_dialled(req if isinstance(req, str) else req.url, allow)
            response = super().urlopen(req)
            try:
                _check_dialled(response.url, allow)  # where redirects led
            except Trouble:
                response.close()
                raise
            return response

    options: dict[str, Any] = {
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "logger": _Silent(),
        "color": "never",
        "cachedir": False,
        "ignoreerrors": False,
        "ignore_no_formats_error": True,
        "allowed_extractors": ["default"],
        "enable_file_urls": False,
        "geo_bypass": False,
        "check_formats": False,
        "fixup": "never",
        "postprocessors": [],
        "external_downloader": {},
        "hls_prefer_native": True,
        "writeinfojson": False,
        "writesubtitles": False,
        "writeautomaticsub": False,
        "overwrites": False,
        "continuedl": True,
        "updatetime": False,
        "retries": 2,
        "fragment_retries": 2,
        "extractor_retries": 1,
        "file_access_retries": 0,
        "socket_timeout": 30,
        "sleep_interval_requests": rules.sleep_s,
        "playlistend": 100_000,
        **more,
    }
    if rules.cookies is not None:
        options["cookiefile"] = os.fspath(rules.cookies)
    if rules.po_token is not None:
        options["extractor_args"] = {"youtube": {"po_token": [rules.po_token]}}
    ydl = Door(options, auto_init=False)
    for extractor in EXTRACTORS:
        ydl.add_info_extractor(extractor)
    ydl.add_default_info_extractors()
    return ydl


class _Silent:
    """Messages of sites hold titles and addresses: none is shown or kept."""

    def debug(self, message: str) -> None:
        """Nothing."""

    info = warning = error = debug


def _check_dialled(url: Any, allow: hosts.Allowed) -> None:
    """Refuse what leads to no public host, name look-up included; what the site says is no exception."""
    try:
        place = hosts.check(re.sub(r"#.*", "", str(url)), allow)
    except ProjectError:
        raise Trouble("refused_address") from None
    if place.allowed:
        return
    try:
        found = {ipaddress.ip_address(row[4][0]) for row in socket.getaddrinfo(place.host, place.port)}
    except (OSError, ValueError):
        raise Trouble("network") from None
    if not all(hosts.is_public(address) for address in found):
        raise Trouble("refused_address")
