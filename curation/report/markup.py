"""Names and numbers as HTML: escaped, printable, of bounded length."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from curation.core.redact import printable

LONGEST = 48
"""Characters that are shown of a name; sources.yaml allows 60, reasons and licences any number."""

_NARROW = "\u202f"


def text(value: object, longest: int = LONGEST) -> str:
    """Anything as HTML text: nothing in it can be markup, hide, or turn the reading direction."""
    shown = printable(str(value))
    return html.escape(shown if len(shown) <= longest else shown[: longest - 1] + "…")


def words(identifier: str) -> str:
    """A name of ours as a reader would say it: `too_short` is `too short`."""
    return text(identifier.replace("_", " "))


def number(value: float | None) -> str:
    """`3 512` with narrow spaces that do not break; a dash for what is not known."""
    return "–" if value is None else f"{value:,.0f}".replace(",", _NARROW)


def percent(part: float, whole: float) -> str:
    """A share to one decimal that never says 0 or 100 of what is a little more or less."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if 0 < share < 0.1:
        return f"&lt;{_NARROW}0.1{_NARROW}%"
    if 99.9 < share < 100:
        return f"&gt;{_NARROW}99.9{_NARROW}%"
    return f"{share:.0f}{_NARROW}%" if share in (0, 100) else f"{share:.1f}{_NARROW}%"


def duration(seconds: float | None) -> str:
    """`0.4 s`, `38 s`, `2.6 min`, `12 min`, `3.5 h`."""
    if seconds is None:
        return "–"
    for limit, unit, digits, name in ((9.95, 1, 1, "s"), (99.5, 1, 0, "s"), (597, 60, 1, "min"), (5970, 60, 0, "min")):
        if seconds < limit:
            return f"{seconds / unit:.{digits}f}{_NARROW}{name}"
    return f"{seconds / 3600:.1f}{_NARROW}h"


def size(count: int) -> str:
    """Bytes in binary units: `812 B`, `3.4 MiB`."""
    value, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.{0 if unit == 'B' else 1}f}{_NARROW}{unit}"


@dataclass(frozen=True)
class Column:
    """A column of a table; `look` is a CSS class: `n` for numbers, `w` for text that may wrap, none for names."""

    head: str
    look: str = ""


def table(caption: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], foot: Sequence[str] = ()) -> str:
    """A table that scrolls sideways where it is too wide; the first cell of each row is its header.

    Args:
        caption: said to screen readers and shown above; escaped here.
        columns: heads are escaped here.
        rows: cells as HTML, as many as columns.
        foot: cells of a last row with totals.
    """
    head = "".join(f'<th scope="col"{_look(c.look)}>{text(c.head)}</th>' for c in columns)
    lines = [_row(columns, row) for row in rows]
    bottom = f"<tfoot>{_row(columns, foot)}</tfoot>" if foot else ""
    name = text(caption, 200)
    return (
        f'<div class="scroll" role="region" aria-label="{name}" tabindex="0"><table><caption>{name}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>{bottom}</table></div>\n"
    )


def _row(columns: Sequence[Column], cells: Sequence[str]) -> str:
    first, *rest = zip(columns, cells, strict=True)
    return (
        f'<tr><th scope="row"{_look(first[0].look)}>{first[1]}</th>'
        + "".join(f"<td{_look(column.look)}>{cell}</td>" for column, cell in rest)
        + "</tr>\n"
    )


def _look(look: str) -> str:
    return f' class="{look}"' if look else ""
