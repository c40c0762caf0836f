"""The sections about what the rows hold: personal data that was replaced, languages, emotions, risk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from curation.report.figures import Bar, Segment, bars
from curation.report.markup import Column, number, percent, table, text
from curation.report.summary import SourceSummary, Summary, ranked
from curation.report.way import more

_WIDE = 6
_BARS = 10


def personal_data(summary: Summary, limit: int) -> str:
    """Places replaced, by label and source."""
    return _counted(
        summary.sources,
        summary.personal_data,
        lambda source: source.personal_data,
        ("personal", "Places of personal data replaced", "place"),
        limit,
    )


def emotions(summary: Summary, limit: int) -> str:
    """Turns, by emotion and source."""
    return _counted(
        summary.sources,
        summary.emotions,
        lambda source: source.emotions,
        ("emotions", "Turns with each emotion", "turn"),
        limit,
    )


def risk(summary: Summary, limit: int) -> str:
    """From rows screened to rows that wait: a bar and a column for each level, and a table of flags."""
    found = summary.risk
    levels = [f"level.{level}" for level in range(6)] + (["unscreened"] if "unscreened" in found else [])
    whole = sum(found.get(level, 0) for level in levels)
    figure = bars(
        "risk",
        "Rows by risk level",
        f"The levels of {whole} rows that were screened.",
        [
            Bar(_level(level), number(found.get(level, 0)), (Segment(found.get(level, 0) / whole, "kept"),))
            for level in levels
        ],
    )
    columns = (
        Column("Source"),
        *(Column(_level(level), "n") for level in levels),
        Column("Waiting", "n"),
        Column("Released", "n"),
    )
    sources = sorted((s for s in summary.sources if s.risk), key=lambda s: (-s.waiting, s.name))
    lines = [
        (text(s.name), *(number(s.risk.get(level, 0)) for level in levels), number(s.waiting), number(s.released))
        for s in sources[:limit]
    ]
    flags = ranked({n.removeprefix("flag."): count for n, count in found.items() if n.startswith("flag.")})
    cells = [(text(name.replace("_", " ")), number(count)) for name, count in flags]
    return (
        f"<figure><figcaption>Rows by risk level</figcaption>{figure}</figure>"
        + table("Risk levels by source", columns, lines)
        + more(len(sources) - limit, "source")
        + (table("Rows by flag", (Column("Flag"), Column("Rows", "n")), cells) if cells else "")
    )


def _level(name: str) -> str:
    return "Not screened" if name == "unscreened" else f"Level {name.removeprefix('level.')}"


def languages(summary: Summary) -> str:
    """Rows left, by language."""
    counts = ranked(summary.languages)
    whole = sum(summary.languages.values())
    shown, rest = counts[:_BARS], counts[_BARS:]
    if rest:
        shown = [*shown, (f"{len(rest)} more languages", sum(count for _, count in rest))]
    figure = bars(
        "languages",
        "Rows by language",
        f"The languages of {whole} kept rows, the most frequent first.",
        [Bar(name, percent(count, whole), (Segment(count / whole, "kept"),)) for name, count in shown],
    )
    cells = [(text(name), number(count), percent(count, whole)) for name, count in shown]
    return (
        '<div class="pair"><figure>'
        f"<figcaption>Share of kept rows by language (ISO 639-1)</figcaption>{figure}</figure>"
        + table("Rows by language", (Column("Language"), Column("Rows", "n"), Column("Share", "n")), cells)
        + "</div>"
    )


def _counted(
    sources: Sequence[SourceSummary],
    totals: Mapping[str, int],
    of: Callable[[SourceSummary], Mapping[str, int]],
    said: tuple[str, str, str],
    limit: int,
) -> str:
    """Bars of the totals, and a table of sources against the most frequent labels."""
    name, title, noun = said
    counts = ranked(totals)
    most = counts[0][1]
    whole = sum(totals.values())
    rest = counts[_BARS:]
    rows = [Bar(label.replace("_", " "), number(n), (Segment(n / most, "kept"),)) for label, n in counts[:_BARS]]
    if rest:
        # Together they can be more than the first, so their bar may be cut; its colour says that it is no single label.
        together = sum(n for _, n in rest)
        rows.append(Bar(f"{len(rest)} more labels", number(together), (Segment(min(1.0, together / most), "s4"),)))
    figure = bars(name, title, f"{whole} {noun}s in all; the longest bar is {most}.", rows)
    labels = [label for label, _ in counts[:_WIDE]]
    found = sorted((s for s in sources if sum(of(s).values())), key=lambda s: (-sum(of(s).values()), s.name))
    others = len(counts) > _WIDE
    columns = (
        Column("Source"),
        *(Column(label.replace("_", " "), "n") for label in labels),
        *((Column("other", "n"),) if others else ()),
        Column("All", "n"),
    )
    return (
        f"<figure><figcaption>{text(title)}</figcaption>{figure}</figure>"
        + table(
            f"{title}, by source",
            columns,
            [_line(text(source.name), of(source), labels, others, shaded=True) for source in found[:limit]],
            _line("All sources", totals, labels, others),
        )
        + more(len(found) - limit, "source")
    )


def _line(
    name: str, counts: Mapping[str, int], labels: Sequence[str], others: bool, *, shaded: bool = False
) -> tuple[str, ...]:
    """A row of the table; shades let the eye compare what sources are made of."""
    whole = sum(counts.values())
    shown = [counts.get(label, 0) for label in labels]
    rest = (number(whole - sum(shown)),) if others else ()
    cells = [_shade(number(n), n / whole) if shaded and n else number(n) for n in shown]
    return (name, *cells, *rest, number(whole))


def _shade(cell: str, share: float) -> str:
    return f'<span class="shade" style="--v:{share:.2f}">{cell}</span>'
