"""Dates in a text as people write them: their year, and the same date some days later, written the same way."""

from __future__ import annotations

import datetime
import re

_MONTHS = "January February March April May June July August September October November December".split()
_MONTH = re.compile(r"(?i)(?<![^\W_])(" + "|".join(f"{m}|{m[:3]}|{m[:4]}" for m in _MONTHS) + r")(?![^\W_])\.?")
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)")
_DAY = re.compile(r"(?<!\d)(3[01]|[12]\d|0?[1-9])(st|nd|rd|th)?(?![\d])", re.IGNORECASE)
_NUMERIC = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{2,4})")


def year(value: str) -> str | None:
    """The year that a date names with four digits, or None."""
    found = _YEAR.search(value)
    return found[0] if found else None


def shifted(value: str, days: int) -> str | None:
    """A date moved by days, in the form it has, or None where its form is not understood.

    Of a date without a year the month and day are moved as in a common year; one of month and year only by whole
    months. Numbers alone are read as year-month-day, or as month/day where that is possible, else as day/month.
    """
    numeric = _NUMERIC.fullmatch(value.strip())
    if numeric:
        return _shifted_numeric(numeric, days)
    named = _MONTH.search(value)
    if named is None or len(_MONTH.findall(value)) > 1:
        return None
    told, rest = _YEAR.search(value), value[: named.start()] + " " * len(named[0]) + value[named.end() :]
    if told:
        rest = rest[: told.start()] + "    " + rest[told.end() :]
    day = _DAY.search(rest)
    month = next(i for i, name in enumerate(_MONTHS, 1) if name.lower().startswith(named[1][:3].lower()))
    moved = _moved(int(told[0]) if told else 2001, month, int(day[1]) if day else 15, days)
    if moved is None:
        return None
    edits = [(named.start(1), named.end(1), _like(named[1], _MONTHS[moved.month - 1]))]
    if told:
        edits.append((told.start(), told.end(), str(moved.year)))
    if day:
        edits.append((day.start(), day.end(), str(moved.day) + (_nth(moved.day) if day[2] else "")))
    for start, end, new in sorted(edits, reverse=True):
        value = value[:start] + new + value[end:]
    return value


def _shifted_numeric(found: re.Match[str], days: int) -> str | None:
    a, sign, b, c = found.groups()
    if len(a) == 4:
        moved = _moved(int(a), int(b), int(c), days)
        return None if moved is None else f"{moved.year}{sign}{moved.month:02}{sign}{moved.day:02}"
    number = int(c) if len(c) == 4 else 2000 + int(c) if int(c) < 50 else 1900 + int(c)
    month_first = _moved(number, int(a), int(b), days)
    moved = month_first or _moved(number, int(b), int(a), days)
    if moved is None:
        return None
    first, second = (moved.month, moved.day) if month_first else (moved.day, moved.month)
    last = f"{moved.year}" if len(c) == 4 else f"{moved.year % 100:02}"
    wide = 2 if len(a) == 2 else 1
    return f"{first:0{wide}}{sign}{second:0{wide}}{sign}{last}"


def _moved(year: int, month: int, day: int, days: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day) + datetime.timedelta(days)
    except (ValueError, OverflowError):
        return None


def _like(old: str, new: str) -> str:
    new = new if len(old) > 4 or old.capitalize() in _MONTHS else new[:3]
    return new.lower() if old.islower() else new.upper() if old.isupper() else new


def _nth(day: int) -> str:
    return "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
