"""json3, the captions of YouTube's own player: words with offsets and, where a recogniser wrote them, confidences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from curation.pull.media.marks import tidy
from curation.pull.media.segments import Segment, Token, Unreadable, from_cue, from_tokens


def read(data: bytes) -> list[Segment]:
    """The segments of a track.

    Raises:
        Unreadable: it is no json3.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise Unreadable("no JSON, or cut off") from None
    events = document.get("events") if isinstance(document, dict) else None
    if not isinstance(events, list):
        raise Unreadable("no list of events")
    spoken = [event for event in events if isinstance(event, dict) and isinstance(event.get("segs"), list)]
    if any(_is_recognised(event) for event in spoken):
        return list(from_tokens(sorted(_tokens(spoken), key=lambda token: token.start_ms)))
    return [segment for event in spoken for segment in _cue(event)]


def _is_recognised(event: Mapping[str, Any]) -> bool:
    """Was this event written word by word? People's captions have neither offsets nor confidences."""
    return bool(event.get("aAppend")) or any(
        isinstance(seg, dict) and ("tOffsetMs" in seg or "acAsrConf" in seg) for seg in event["segs"]
    )


def _tokens(events: list[dict[str, Any]]) -> Iterator[Token]:
    for event in events:
        begin = _ms(event, "tStartMs")
        end = begin + _ms(event, "dDurationMs")
        for seg in event["segs"]:
            if not isinstance(seg, dict) or not isinstance(seg.get("utf8"), str):
                continue
            # Line breaks are events of their own, which roll the display on and say nothing.
            if text := tidy(seg["utf8"]):
                start = begin + _ms(seg, "tOffsetMs")
                yield Token(start, max(end, start), text, _confidence(seg.get("acAsrConf")))


def _cue(event: Mapping[str, Any]) -> Iterator[Segment]:
    whole = "".join(seg["utf8"] for seg in event["segs"] if isinstance(seg, dict) and isinstance(seg.get("utf8"), str))
    lines = [line for line in map(tidy, whole.split("\n")) if line]
    begin = _ms(event, "tStartMs")
    yield from from_cue(begin, begin + _ms(event, "dDurationMs"), lines)


def _ms(holder: Mapping[str, Any], name: str) -> int:
    value = holder.get(name, 0)
    return min(max(int(value), 0), 2**31 - 1) if isinstance(value, int | float) else 0


def _confidence(value: object) -> float | None:
    # 0 stands for "not told" as often as for 0.
    return round(value / 255, 4) if isinstance(value, int) and 0 < value <= 255 else None
