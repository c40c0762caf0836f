"""How values are kept so that they compare as Elasticsearch compares them: as a keyword, and as a number."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator
from typing import Any

from .words import whole

_EPOCH = datetime.datetime(1970, 1, 1)


def plain(value: Any) -> Any:
    """The value behind a member of an enumeration."""
    return value.value if isinstance(value, enum.Enum) else value


def number(value: Any) -> float | None:
    """A number, or a number that was written as a text; else None."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def keyword(value: Any) -> str:
    """The one spelling of a value as a keyword."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return whole(str(value))


def pairs(value: Any) -> Iterator[tuple[str, float | None]]:
    """(keyword, number) of a value; of each where it is a list. Nested values (spans, rankings) are not searched."""
    for each in value if isinstance(value, (list, tuple, set)) else (value,):
        single = plain(each)
        if single is not None and not isinstance(single, (dict, list, tuple)):
            yield keyword(single), number(single)


def seconds(moment: Any) -> float | None:
    """A date as seconds since 1970 UTC, so that dates compare as numbers; numbers stay what they are."""
    if isinstance(moment, str):
        value = number(moment)
        if value is not None:
            return value
        moment = datetime.datetime.fromisoformat(moment.replace("Z", "+00:00"))
    if isinstance(moment, datetime.datetime):
        if moment.tzinfo is not None:
            moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
        return (moment - _EPOCH).total_seconds()
    return number(moment)


def stamp(moment: Any) -> str:
    """The spelling in which the server's database and the index compare when something was changed."""
    if isinstance(moment, datetime.datetime):
        return moment.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    return str(moment)
