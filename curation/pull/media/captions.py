"""Caption files of every format, by the end of their names, and which of a video's tracks is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from curation.core.errors import require
from curation.pull.media import json3, vtt
from curation.pull.media.segments import Segment, Unreadable

FORMATS = ("vtt", "json3", "srt", "ass", "ssa")
"""In the order in which they are preferred where people wrote the captions: WebVTT keeps the names of voices."""
_RECOGNISED = ("json3", "vtt", "srt")
"""The same for a recogniser's: json3 has the words with confidences and nothing twice."""

Kind = Literal["manual", "auto"]


@dataclass(frozen=True)
class Track:
    """A caption track: written by people or by a recogniser, in which language and format, at which address."""

    kind: Kind
    language: str
    format: str
    url: str


def read(data: bytes, format: str) -> list[Segment]:
    """The segments of a caption file.

    Raises:
        Unreadable: it is not of this format.
        MissingError: the extra `voice` is needed for this format and not installed.
    """
    if format == "json3":
        return json3.read(data)
    if format == "vtt":
        return vtt.read(data)
    require("voice", "pysubs2")
    import pysubs2

    try:
        lines = pysubs2.SSAFile.from_string(data.decode("utf-8-sig", errors="replace"), format_=format)
    except (pysubs2.Pysubs2Error, ValueError, KeyError, LookupError):
        raise Unreadable(f"no {format}") from None
    found = [
        vtt.Cue(max(line.start, 0), max(line.end, line.start, 0), tuple(line.plaintext.split("\n")))
        for line in lines
        if not line.is_comment
    ]
    if not found and data.strip():
        raise Unreadable(f"no {format}, or without a line")
    return vtt.from_cues(found)


def choose(info: Mapping[str, Any], language: str | None) -> Track | None:
    """The track to read: what people wrote in the video's language, else what the site recognised, never a translation.

    Args:
        info: what yt-dlp knows of a video.
        language: the one that the source declares; it counts where the site names none.
    """
    recognised = _tracks(info, "automatic_captions")
    original = next((name for name in recognised if name.endswith("-orig")), None)
    spoken = info.get("language") or (original or "").removesuffix("-orig") or language
    if not isinstance(spoken, str) or not spoken:
        return None
    written = _tracks(info, "subtitles")
    for name in _of_language(written, spoken):
        if found := _best(written[name], FORMATS):
            return Track("manual", name, *found)
    # Under `xx` itself the site may offer a translation; the address tells.
    for name in (f"{spoken}-orig", f"{_base(spoken)}-orig", *_of_language(recognised, spoken)):
        if found := _best(recognised.get(name, ()), _RECOGNISED):
            return Track("auto", name.removesuffix("-orig"), *found)
    return None


def _tracks(info: Mapping[str, Any], field: str) -> dict[str, Sequence[Any]]:
    found = info.get(field)
    if not isinstance(found, Mapping):
        return {}
    return {str(n): t for n, t in found.items() if n != "live_chat" and isinstance(t, Sequence) and t}


def _of_language(tracks: Mapping[str, Any], spoken: str) -> list[str]:
    """Names of tracks in a language: its own, then its base's, then other variants of that."""
    base = _base(spoken)
    exact = [n for n in (spoken, base) if n in tracks]
    return list(dict.fromkeys([*exact, *sorted(n for n in tracks if _base(n) == base and not n.endswith("-orig"))]))


def _base(language: str) -> str:
    return language.replace("_", "-").partition("-")[0].lower()


def _best(offers: Sequence[Any], formats: Sequence[str]) -> tuple[str, str] | None:
    for wanted in formats:
        for offer in offers:
            url = offer.get("url") if isinstance(offer, Mapping) else None
            if isinstance(url, str) and offer.get("ext") == wanted and "tlang" not in parse_qs(urlsplit(url).query):
                return wanted, url
    return None


__all__ = ["FORMATS", "Kind", "Track", "Unreadable", "choose", "read"]
