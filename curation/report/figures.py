"""Figures as inline SVG: they stretch with the page, keep their letters' size, and need no script.

Widths are percentages of the figure, heights are pixels, colours are classes that the page's style sheet fills from
variables. Every figure has a title and a description; the page puts its numbers in a table beneath.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from curation.report.markup import text

ROW = 38
"""Height of a bar with its line of text, in pixels."""

_BAR = 12
_LETTERS = 34
_SHOWN = 2
"""Width below which a sliver of a bar would vanish, in pixels."""


@dataclass(frozen=True)
class Segment:
    """A piece of a bar: its share of the full width (0 to 1), the CSS class that colours it, its words when hovered."""

    share: float
    look: str
    says: str = ""


@dataclass(frozen=True)
class Bar:
    """A line of a figure: a label to the left, a value to the right (HTML), and segments from the left beneath them."""

    label: str
    value: str
    segments: tuple[Segment, ...]


def bars(name: str, title: str, description: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars, plain or stacked, each under a line of text.

    Args:
        name: an id, unique on the page.
        title: what the figure is; the first thing a screen reader says.
        description: what it shows, in a sentence.
        rows: from top to bottom.
    """
    lines = []
    for index, row in enumerate(rows):
        top = index * ROW
        lines.append(
            f'<text class="l" x="0" y="{top + 14}">{text(row.label, _LETTERS)}</text>'
            f'<text class="v" x="100%" y="{top + 14}">{row.value}</text>'
            f'<rect class="track" y="{top + 20}" width="100%" height="{_BAR}" rx="3"/>'
        )
        left = 0.0
        for segment in row.segments:
            share = max(0.0, min(segment.share, 1.0 - left))
            lines.append(_rect(left, share, top + 20, segment))
            left += share
    return _svg(name, title, description, len(rows) * ROW, "".join(lines))


def _rect(left: float, share: float, top: int, segment: Segment) -> str:
    if share <= 0:
        return ""
    says = f"<title>{text(segment.says, 120)}</title>" if segment.says else ""
    width = f"{_short(100 * share)}%" if share >= 0.004 else str(_SHOWN)
    return f'<rect class="{segment.look}" x="{_short(100 * left)}%" y="{top}" width="{width}" height="{_BAR}"' + (
        f">{says}</rect>" if says else "/>"
    )


@dataclass(frozen=True)
class Move:
    """A line of a figure of moves: a label, a value (HTML), and from where to where on a scale from 0 to 1."""

    label: str
    value: str
    start: float
    end: float
    look: str


def moves(name: str, title: str, description: str, rows: Sequence[Move]) -> str:
    """Lines from a hollow dot, where something begins, to a full one, where it ends; the middle of the scale is marked.

    Args:
        name: an id, unique on the page.
        title: what the figure is.
        description: what it shows, in a sentence.
        rows: from top to bottom.
    """
    lines = [f'<line class="axis" x1="50%" x2="50%" y1="0" y2="{len(rows) * ROW}"/>']
    for index, row in enumerate(rows):
        top, middle = index * ROW, index * ROW + 26
        start, end = (f"{_short(100 * min(max(at, 0.005), 0.995))}%" for at in (row.start, row.end))
        lines.append(
            f'<text class="l" x="0" y="{top + 14}">{text(row.label, _LETTERS)}</text>'
            f'<text class="v" x="100%" y="{top + 14}">{row.value}</text>'
            f'<line class="rail" x1="0" x2="100%" y1="{middle}" y2="{middle}"/>'
            f'<line class="move {row.look}" x1="{start}" x2="{end}" y1="{middle}" y2="{middle}"/>'
            f'<circle class="begin {row.look}" cx="{start}" cy="{middle}" r="4"/>'
            f'<circle class="{row.look}" cx="{end}" cy="{middle}" r="5"/>'
        )
    return _svg(name, title, description, len(rows) * ROW, "".join(lines))


@dataclass(frozen=True)
class Shape:
    """A line of a figure of shapes: a label, a value (HTML), and the shares of two sides in equal pieces of a scale."""

    label: str
    value: str
    above: Sequence[float]
    below: Sequence[float]


def shapes(name: str, title: str, description: str, rows: Sequence[Shape], looks: tuple[str, str]) -> str:
    """Two histograms each, one standing on a line and one hanging from it, so that neither hides the other.

    Args:
        name: an id, unique on the page.
        title: what the figure is.
        description: what it shows, in a sentence.
        rows: from top to bottom; both sides of one have as many pieces.
        looks: the CSS classes that colour the side above and the side below.
    """
    lines = []
    for index, row in enumerate(rows):
        top = index * _SHAPE
        middle = top + 22 + _SIDE
        most = max(*row.above, *row.below) or 1.0
        lines.append(
            f'<text class="l" x="0" y="{top + 14}">{text(row.label, _LETTERS)}</text>'
            f'<text class="v" x="100%" y="{top + 14}">{row.value}</text>'
            f'<line class="rail" x1="0" x2="100%" y1="{middle}" y2="{middle}"/>'
        )
        for shares, look, up in ((row.above, looks[0], True), (row.below, looks[1], False)):
            width = _short(100 / len(shares) - 0.6)
            for place, share in enumerate(shares):
                height = round(_SIDE * share / most)
                if height:
                    lines.append(
                        f'<rect class="{look}" x="{_short(100 * place / len(shares))}%" width="{width}%" '
                        f'y="{middle - height if up else middle}" height="{height}"/>'
                    )
    return _svg(name, title, description, len(rows) * _SHAPE, "".join(lines))


_SIDE = 34
_SHAPE = 22 + 2 * _SIDE + 14


def sparkline(name: str, title: str, description: str, values: Sequence[float]) -> str:
    """A curve without axes over its own range, from the first value at the left to the last at the right.

    Needs two values or more; at most 160 points are drawn, each the mean of the values that fall on it.
    """
    points = _thin(values, 160)
    low, high = min(points), max(points)
    span = (high - low) or 1.0
    path = " ".join(
        f"{_short(300 * i / (len(points) - 1))},{_short(4 + 82 * (high - value) / span)}"
        for i, value in enumerate(points)
    )
    drawing = (
        '<svg viewBox="0 0 300 90" width="100%" height="90" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon class="under" points="0,90 {path} 300,90"/><polyline class="curve" points="{path}"/></svg>'
    )
    return _svg(name, title, description, 90, drawing)


def _thin(values: Sequence[float], most: int) -> list[float]:
    if len(values) <= most:
        return list(values)
    bounds = [round(i * len(values) / most) for i in range(most + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in pairwise(bounds)]


def _svg(name: str, title: str, description: str, height: int, inside: str) -> str:
    return (
        f'<svg role="img" aria-labelledby="{name}-t {name}-d" width="100%" height="{height}">'
        f'<title id="{name}-t">{text(title, 120)}</title>'
        f'<desc id="{name}-d">{text(description, 240)}</desc>{inside}</svg>\n'
    )


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
