"""What goes wrong with videos: classes of errors, and when each is worth another try."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
LONGEST_PAUSE_S = 30 * _DAY


@dataclass(frozen=True)
class Patience:
    """When something is tried again: the first pause, doubled each time up to a month, and how many tries in all."""

    pause_s: int
    tries: int


NEVER = Patience(0, 1)

CLASSES: Mapping[str, Patience] = {
    "private": Patience(7 * _DAY, 3),
    "removed": Patience(7 * _DAY, 2),
    "age_restricted": NEVER,
    "geo_blocked": NEVER,
    "members_only": NEVER,
    "needs_login": NEVER,
    "drm": NEVER,
    "live": Patience(_DAY, 10),
    "bot_check": Patience(6 * _HOUR, 5),
    "rate_limited": Patience(_HOUR, 8),
    "network": Patience(5 * _MINUTE, 8),
    "server": Patience(30 * _MINUTE, 6),
    "not_found": Patience(_DAY, 3),
    "forbidden": Patience(_DAY, 3),
    "cut_media": Patience(5 * _MINUTE, 4),
    "broken_media": Patience(_DAY, 2),
    "broken_captions": Patience(_DAY, 2),
    "too_large": NEVER,
    "no_audio": NEVER,
    "unsupported": NEVER,
    "refused_address": NEVER,
    "wrong_language": NEVER,
    "screened": NEVER,
    "no_model": NEVER,
    "other": Patience(_HOUR, 4),
}
"""By class. What a person has to settle (an account, a region, a setting) is never tried again by itself;
`curate pull SOURCE --update` tries everything once more."""


SETTLED_BY_PEOPLE = tuple(kind for kind, patience in CLASSES.items() if patience is NEVER and kind != "screened")
"""What another declaration may mend."""


class Trouble(Exception):
    """Something about one item that is recorded, and stops no other; holds no text.

    Attributes:
        kind: one of `CLASSES`.
        stage, artefact: the line of the ledger that it belongs to, where whoever raises it knows.
    """

    def __init__(self, kind: str, stage: str | None = None, artefact: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.stage = stage
        self.artefact = artefact


_SAID: tuple[tuple[str, str], ...] = (
    ("bot_check", r"not a bot|confirm you.re human|captcha|unusual traffic"),
    ("age_restricted", r"confirm your age|age.?restricted|inappropriate for some users|age limit"),
    ("members_only", r"members.only|join this channel|subscribers? only|premium|requires? payment|purchase|rental"),
    ("private", r"private video|video is private|is private\b"),
    ("geo_blocked", r"in your country|geo.?restrict|from your location|not available in your (?:region|location)"),
    ("removed", r"has been removed|been terminated|account.{0,20}(?:terminated|closed)|no longer available"
                r"|video (?:is )?unavailable|does not exist|been deleted"),
    ("live", r"premieres in|live event will begin|is upcoming|is offline|not currently live|live stream recording"),
    ("drm", r"\bDRM\b"),
    ("needs_login", r"sign in|log ?in|account credentials|cookies"),
    ("rate_limited", r"too many requests|rate.?limit|try again later|HTTP Error 429"),
    ("unsupported", r"unsupported url|is not a valid url|no suitable extractor"),
    ("no_audio", r"no video formats found|requested format is not available"),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(pattern, re.I)) for kind, pattern in _SAID)

_STATUS: Mapping[int, str] = {
    401: "needs_login", 402: "members_only", 403: "forbidden", 404: "not_found", 408: "network", 410: "removed",
    425: "network", 429: "rate_limited", 451: "geo_blocked",
}  # fmt: skip


def classify(error: BaseException) -> str:
    """The class of whatever yt-dlp or the network raised.

    What a site says comes before the status it sent, and that before the kind of the exception: sites explain a 403.
    """
    chain = list(_causes(error))
    for each in chain:
        if isinstance(each, Trouble):
            return each.kind
    said = " ".join(str(each) for each in chain)[:4000]
    for kind, pattern in _PATTERNS:
        if pattern.search(said):
            return kind
    for each in chain:
        status = getattr(each, "status", None) or getattr(each, "code", None)
        if isinstance(status, int) and 400 <= status < 600:
            return _STATUS.get(status, "server" if status >= 500 else "other")
    names = {type(each).__name__ for each in chain}
    if names & {"GeoRestrictedError"}:
        return "geo_blocked"
    if names & {"UserNotLive"}:
        return "live"
    if names & {"UnsupportedError"}:
        return "unsupported"
    if names & {"IncompleteRead", "ContentTooShortError"}:
        return "network"
    if names & {"TransportError", "SSLError", "ProxyError", "ConnectionError", "TimeoutError"} or any(
        isinstance(each, ConnectionError | TimeoutError) for each in chain
    ):
        return "network"
    return "other"


def full_disk(error: BaseException) -> bool:
    """Is it the disk that stands in the way of everything?"""
    return any(isinstance(e, OSError) and e.errno in (errno.ENOSPC, errno.EDQUOT) for e in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and what it came from, as Python and yt-dlp keep it."""
    todo, seen = [error], set()
    while todo:
        each = todo.pop(0)
        if id(each) in seen or not isinstance(each, BaseException):
            continue
        seen.add(id(each))
        yield each
        kept = getattr(each, "exc_info", None)
        inner = kept[1] if isinstance(kept, tuple) and len(kept) > 1 else None
        todo += [e for e in (inner, getattr(each, "cause", None), each.__cause__, each.__context__) if e is not None]
