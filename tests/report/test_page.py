from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from curation.report.markup import LONGEST, number
from curation.report.page import MOST_BYTES, render
from curation.report.summary import ExportedFile, Notice, SourceSummary, StepSummary, Summary

VOID = {"meta", "br", "hr", "img", "input", "link"}

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "<img src='http://evil.example/x'>",
    "</title><b>",
    "</style><style>*{display:none}",
    "</svg><script>",
    "</table></div>",
    "</main></body></html>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?php",
    "<!DOCTYPE x>",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "&",
    "&amp;amp;",
    "&nbsp",
    "<",
    ">",
    '"',
    "'",
    "`",
    "javascript:alert(1)",
    "data:text/html,<script>",
    "//evil.example",
    "url(http://evil.example)",
    "@import 'x'",
    "expression(alert(1))",
    "{{7*7}}",
    "${7*7}",
    "{% raw %}",
    "=cmd()|' /C calc'!A0",
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\u202eevil",
    "\u2066iso",
    "zero\u200bwidth",
    "null\x00byte",
    "line\nbreak",
    "tab\there",
    "\ud800",
    "a" * 5000,
    "<b>" * 400,
    "&" * 300,
    "日本語の名前",
    "🙂" * 200,
)


class Page(HTMLParser):
    """Parses strictly: every element is closed by its own tag, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.order: list[str] = []
        self.text = ""
        self._cell: str | None = None
        self._caption: str | None = None
        self.feed(html)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self._cell = ""
        elif tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self._rows().append([])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open, f"<{tag}/> outside of a figure"
        self._begin(tag, attrs)

    def _begin(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"twice the same attribute on {tag}"
        self.tags[tag] += 1
        self.order.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"
        if tag in ("td", "th") and self._cell is not None:
            self._rows()[-1].append(self._cell)
            self._cell = None
        elif tag == "caption" and self._caption is not None:
            self.tables.setdefault(self._caption, [])
            self._last, self._caption = self._caption, None

    def _rows(self) -> list[list[str]]:
        return self.tables[self._last]

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell is not None:
            self._cell += data
        elif self._caption is not None:
            self._caption += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError("a declaration")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("a processing instruction")


def spoiled(summary: Summary, spoil: Callable[[str], str]) -> Summary:
    """The same summary with every name that comes from outside replaced. Names of stages and kinds are ours."""

    def names(counts: Any) -> dict[str, Any]:
        return {spoil(name): count for name, count in counts.items()}

    def source(old: SourceSummary) -> SourceSummary:
        steps = tuple(
            dataclasses.replace(
                step,
                reasons={f"{n.partition('/')[0]}/{spoil(n.partition('/')[2])}": c for n, c in step.reasons.items()},
            )
            for step in old.steps
        )
        return dataclasses.replace(
            old,
            name=spoil(old.name), kind=spoil(old.kind), persona=spoil(old.persona), steps=steps,
            licence=spoil(old.licence) if old.licence else None, revision=spoil(old.revision) if old.revision else None,
            accepted_by=spoil(old.accepted_by) if old.accepted_by else None, personal_data=names(old.personal_data),
            languages=names(old.languages), emotions=names(old.emotions),
        )  # fmt: skip

    mixes = tuple(
        dataclasses.replace(
            mix, name=spoil(mix.name), task=spoil(mix.task), key=spoil(mix.key),
            asked=names(mix.asked), got=names(mix.got),
            personas=names(mix.personas), left_out=names(mix.left_out),
            licence=spoil(mix.licence) if mix.licence else None,
            files=tuple(ExportedFile(spoil(f.name), f.bytes, spoil(f.sha256), f.rows) for f in mix.files),
        )
        for mix in summary.mixes
    )  # fmt: skip
    adapters = tuple(
        dataclasses.replace(
            a, name=spoil(a.name), mix=spoil(a.mix), base=spoil(a.base), before=names(a.before), after=names(a.after)
        )
        for a in summary.adapters
    )
    notices = tuple(Notice(n.kind, tuple(map(spoil, n.names))) for n in summary.notices)
    return dataclasses.replace(
        summary, project=spoil(summary.project), sources=tuple(map(source, summary.sources)), mixes=mixes,
        adapters=adapters, notices=notices, last_run=spoil(summary.last_run or ""),
    )  # fmt: skip


def figures(text: str) -> int:
    return int(re.sub(r"[^\d-]", "", text.replace("−", "-")) or 0)


def test_the_page_is_well_formed_and_the_same_every_time(summary: Summary) -> None:
    page = render(summary)
    found = Page(page)
    ids = [value for _, name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    assert page == render(summary)
    assert found.tags["html"] == found.tags["main"] == found.tags["h1"] == 1


def test_every_figure_says_what_it_is_and_has_a_table_after_it(summary: Summary) -> None:
    found = Page(render(summary))
    labels = [value.split() for _, name, value in found.attributes if name == "aria-labelledby"]
    ids = {value for _, name, value in found.attributes if name == "id"}
    assert len(labels) == found.tags["figure"] >= 9
    assert all(set(pair) <= ids for pair in labels)
    marks = [tag for tag in found.order if tag in ("figure", "table")]
    assert all(after == "table" for before, after in pairwise([*marks, "end"]) if before == "figure")


def test_nothing_is_loaded_and_nothing_runs(summary: Summary) -> None:
    page = render(summary)
    found = Page(page)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert ("meta", "content", policy) in found.attributes
    assert not {"script", "iframe", "object", "embed", "link", "img", "image", "use", "base", "form"} & set(found.tags)
    assert not [name for _, name, _ in found.attributes if name.startswith("on") or name in ("src", "srcset", "action")]
    assert all(value.startswith("#") for _, name, value in found.attributes if name in ("href", "xlink:href"))
    assert not re.search(r"https?:|//|url\(|@import|javascript:", page)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text[:24]))
def test_no_name_becomes_markup(summary: Summary, hostile: str) -> None:
    serial = iter(range(100_000))
    plain = Page(render(spoiled(summary, lambda name: f"n{next(serial)}")))
    serial = iter(range(100_000))
    page = render(spoiled(summary, lambda name: hostile[:30] + str(next(serial)) + hostile[30:]))
    found = Page(page)
    assert found.tags == plain.tags
    assert {(tag, name) for tag, name, _ in found.attributes} == {(tag, name) for tag, name, _ in plain.attributes}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", page)
    page.encode()
    longest = max(map(len, re.findall(r"\S{60,}", found.text)), default=0)
    assert longest <= 10 * LONGEST


def test_fifty_hostile_strings() -> None:
    assert len(set(HOSTILE)) >= 50


def test_the_numbers_add_up(summary: Summary) -> None:
    found = Page(render(summary))
    head, *rows, foot = found.tables["Rows left after each step that dropped any, by source"]
    for column in range(1, head.index("Kept")):
        assert sum(figures(row[column]) for row in rows) == figures(foot[column])
    assert figures(foot[1]) == summary.rows_read
    assert figures(foot[-1]) == summary.rows_read - summary.rows_kept == sum(summary.reasons.values())
    _, *stages = found.tables["Every stage, with the reasons for what it dropped"]
    assert figures(stages[0][1]) == summary.rows_read and figures(stages[-1][3]) == summary.rows_kept
    for before, after in pairwise(stages):
        assert figures(before[3]) == figures(after[1])
    for title in ("Places of personal data replaced, by source", "Turns with each emotion, by source"):
        _, *rows, foot = found.tables[title]
        assert [sum(map(figures, column)) for column in zip(*(row[1:] for row in rows), strict=True)] == [
            figures(cell) for cell in foot[1:]
        ]
        assert all(sum(map(figures, row[1:-1])) == figures(row[-1]) for row in [*rows, foot])
    assert number(summary.rows_kept) in found.text


def test_a_hundred_sources_stay_below_200_kib_and_the_totals_count_all(
    summary: Summary, make_source: Callable[..., SourceSummary], make_mix: Callable[[str], Any], make_adapter: Any
) -> None:
    ugly = "&<>\"'" * 12
    sources = tuple(
        make_source(
            f"{index:03}{ugly}", 5000 + index, licence=f"licence {index}{ugly}", revision=ugly,
            emotions={f"{ugly}{n}": n + 1 for n in range(28)}, personal_data={f"{n}{ugly}": n + 1 for n in range(40)},
            languages={f"{n}{ugly}": n + 1 for n in range(60)},
        )
        for index in range(100)
    )  # fmt: skip
    mixes = tuple(
        dataclasses.replace(make_mix(f"mix {n}{ugly}"), got={f"{ugly}{k}": k for k in range(100)},
                            left_out={f"{ugly}{k}": k for k in range(1, 40)})
        for n in range(20)
    )  # fmt: skip
    adapters = tuple(make_adapter(f"{ugly}{n}") for n in range(20))
    big = dataclasses.replace(
        summary, sources=sources, mixes=mixes, adapters=adapters,
        notices=tuple(Notice(n.kind, tuple(s.name for s in sources)) for n in summary.notices),
    )  # fmt: skip
    page = render(big)
    assert len(page.encode()) <= MOST_BYTES
    found = Page(page)
    foot = found.tables["Rows left after each step that dropped any, by source"][-1]
    assert figures(foot[1]) == sum(source.rows_read for source in sources)
    assert "more sources" in found.text


def test_an_empty_project_and_one_that_never_dropped_anything() -> None:
    assert "Curation report" in Page(render(Summary("empty"))).text
    quiet = SourceSummary("one", "files", "neutral", steps=(StepSummary("raw", ("pull",), 0, 0),))
    found = Page(render(Summary("quiet", sources=(quiet, SourceSummary("two", "files", "client")))))
    assert "0" in found.text and "nan" not in found.text.lower().replace("vanish", "")


def test_unknown_steps_and_stages_are_shown_under_their_own_names() -> None:
    step = StepSummary("filters", ("length", "quality"), 100, 60, {"length/short": 30, "odd": 10}, {}, 1.0)
    found = Page(render(Summary("p", sources=(SourceSummary("s", "files", "neutral", steps=(step,)),))))
    rows = {row[0]: row for row in found.tables["Every stage, with the reasons for what it dropped"]}
    assert [figures(cell) for cell in rows["length"][1:4]] == [100, 30, 70]
    assert [figures(cell) for cell in rows["quality"][1:4]] == [70, 10, 60]


def test_what_has_nothing_to_say_takes_no_room(summary: Summary, make_mix: Callable[[str], Any]) -> None:
    found = Page(render(summary))
    head = found.tables["Rows left after each step that dropped any, by source"][0]
    assert "Duplicates folded" in head and "Emotions tagged" not in head
    mix = dataclasses.replace(make_mix("m"), asked={}, got={"talks": 3, "silent": 0}, left_out={"kind": 2})
    found = Page(render(dataclasses.replace(summary, mixes=(mix,))))
    assert [row[0] for row in found.tables["What each source gave"]] == ["Source", "talks"]
    assert found.tables["Left out, and why"][1] == ["of another kind than this mix takes", "2"]


def test_one_more_is_no_plural(summary: Summary, make_mix: Callable[[str], Any]) -> None:
    files = tuple(ExportedFile(f"f{n}", 1, "0" * 64, None) for n in range(13))
    page = render(dataclasses.replace(summary, mixes=(dataclasses.replace(make_mix("m"), files=files),)))
    assert "1 more file:" in page


def test_notices_are_said_before_the_numbers(summary: Summary) -> None:
    text = Page(render(summary)).text
    assert text.index("Licence unknown") < text.index("From rows to records", text.index("Before you read on"))
    assert "fresh" in text[text.index("Before you read on") :]


def test_risk_is_told_in_counts(summary: Summary) -> None:
    page = render(summary)
    assert 'id="risk"' in page and "Level 3" in page and "Not screened" in page and "self harm" in page
    assert "Waiting" in page and "Released" in page


def test_a_voice_comes_with_what_it_is_worth(summary: Summary) -> None:
    page = render(summary)
    assert '<section id="voice">' in page and "0.951 to 0.999" in page and "AUC 0.84, from 0.80 to 0.88" in page
    assert "nobody else&#x27;s words became text in the same way" in page
    assert "Says more often than others: maybe, you know." in page and "Says less often: however." in page
    assert "Likeness of rows by source" in page and "80.0\u202f%" in page
    assert page.count('class="kept" x=') >= 7 and page.count('class="s0" x=') >= 6
    without = render(dataclasses.replace(summary, voice=None))
    assert 'id="voice"' not in without


def test_arcs_empathy_and_domains_say_what_they_are_worth(summary: Summary) -> None:
    page = render(summary)
    for section in ("arcs", "empathy", "ability"):
        assert f'<section id="{section}">' in page
    assert "−0.41 → −0.10" in page and "+0.12 → +0.38" in page
    assert "correlation +0.51 over 55 rows: kept" in page
    assert "correlation −0.08 over 12 rows: below 0.3, withheld" in page
    assert "0.20 by proxy, 1 row<" in page and "not checked, 0 rated rows: withheld" in page
    assert "there is no proxy" in page and "nothing can be said" in page
    assert "nothing is kept or dropped for it" in page
    without = render(dataclasses.replace(summary, eq=(), sources=summary.sources[4:]))
    assert 'id="arcs"' not in without and 'id="empathy"' not in without and 'id="ability"' not in without
