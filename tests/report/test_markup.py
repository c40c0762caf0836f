from __future__ import annotations

import pytest

from curation.report import markup


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 9, "0 %"), (9, 9, "100 %"), (1, 100_000, "&lt; 0.1 %"), (99_999, 100_000, "&gt; 99.9 %"), (1, 3, "33.3 %"),
     (0, 0, "–")],
)  # fmt: skip
def test_percent_never_rounds_to_all_or_nothing(part: int, whole: int, shown: str) -> None:
    assert markup.percent(part, whole).replace("\u202f", " ") == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (0.04, "0.0 s"), (9.9, "9.9 s"), (38, "38 s"), (154, "2.6 min"), (720, "12 min"), (12_600, "3.5 h")],
)
def test_durations_read_well(seconds: float | None, shown: str) -> None:
    assert markup.duration(seconds).replace("\u202f", " ") == shown


@pytest.mark.parametrize(("count", "shown"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 << 30, "3.0 GiB")])
def test_sizes_read_well(count: int, shown: str) -> None:
    assert markup.size(count).replace("\u202f", " ") == shown


def test_text_is_cut_escaped_and_printable() -> None:
    assert markup.text("<b>&\"'") == "&lt;b&gt;&amp;&quot;&#x27;"
    assert markup.text("x" * 60) == "x" * 47 + "…"
    assert "\u202e" not in markup.text("a\u202eb") and "\x1b" not in markup.text("\x1b[0m")


def test_numbers_have_narrow_spaces_that_do_not_break() -> None:
    assert markup.number(1234567) == "1\u202f234\u202f567"
    assert markup.number(None) == "–"


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        markup.table("t", (markup.Column("a"), markup.Column("b")), [("1",)])
