from __future__ import annotations

import re

import pytest

from curation.report.figures import ROW, Bar, Segment, bars, sparkline


def widths(svg: str, look: str) -> list[float]:
    return [float(w) for w in re.findall(rf'class="{look}" x="[\d.]+%" y="\d+" width="([\d.]+)%', svg)]


def test_segments_stand_side_by_side_and_never_leave_the_figure() -> None:
    svg = bars("f", "t", "d", [Bar("a", "1", (Segment(0.5, "kept"), Segment(0.3, "s0"), Segment(0.9, "s1")))])
    assert (widths(svg, "kept"), widths(svg, "s0"), widths(svg, "s1")) == ([50.0], [30.0], [20.0])
    assert 'class="s1" x="80%"' in svg


def test_a_sliver_is_still_seen_and_nothing_is_nothing() -> None:
    svg = bars("f", "t", "d", [Bar("a", "1", (Segment(0.0001, "kept"), Segment(0.0, "s0")))])
    assert 'class="kept" x="0%" y="20" width="2"' in svg and 's0"' not in svg


def test_a_figure_is_as_high_as_its_rows_and_names_itself() -> None:
    svg = bars("f", "A <title>", "what it shows", [Bar("a", "1", ()), Bar("b", "2", ())])
    assert f'height="{2 * ROW}"' in svg
    assert '<title id="f-t">A &lt;title&gt;</title><desc id="f-d">what it shows</desc>' in svg
    assert 'role="img" aria-labelledby="f-t f-d"' in svg


@pytest.mark.parametrize("count", [2, 3, 159, 160, 161, 1000, 12_345])
def test_a_curve_keeps_its_ends_within_the_frame(count: int) -> None:
    svg = sparkline("c", "t", "d", [float(count - i) for i in range(count)])
    (points,) = re.findall(r'class="curve" points="([^"]+)"', svg)
    pairs = [tuple(map(float, point.split(","))) for point in points.split()]
    assert len(pairs) == min(count, 160)
    assert pairs[0] == (0.0, 4.0) and pairs[-1] == (300.0, 86.0)


def test_a_flat_curve_is_no_division_by_zero() -> None:
    assert "nan" not in sparkline("c", "t", "d", [1.0, 1.0])
