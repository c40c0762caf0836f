"""The section about a voice: is the person told from others, how do they speak, how much do rows sound like them?"""

from __future__ import annotations

from curation.report.figures import Shape, shapes
from curation.report.markup import Column, number, percent, table, text, words
from curation.report.summary import SourceSummary, Summary, VoiceSummary
from curation.report.way import legend, more

_RATES = 2
_TENTHS = (("Below 0.1", range(1)), ("0.1 to 0.5", range(1, 5)), ("0.5 and above", range(5, 10)))


def voice(summary: Summary, limit: int) -> str:
    """All of it; needs a profile."""
    found = summary.voice
    if found is None:
        return ""
    return _apart(found) + _habits(found) + _sources(summary, limit)


def _apart(found: VoiceSummary) -> str:
    rows = [
        Shape(
            f"Windows of {each.length} words",
            f"AUC {each.auc:.2f}, from {each.low:.2f} to {each.high:.2f}",
            each.own_shares,
            each.others_shares,
        )
        for each in found.windows
    ]
    figure = shapes(
        "voice",
        "Windows of the person and of others",
        "For each length of window, how alike the person's own windows are to them, standing, and others' windows, "
        "hanging; unlike at the left, alike at the right.",
        rows,
        ("kept", "s0"),
    )
    columns = (
        Column("Words", "n"),
        Column("AUC", "n"),
        Column("95 % interval", "n"),
        Column("Same kind of transcript", "n"),
        Column("Own windows", "n"),
        Column("Recordings", "n"),
        Column("Others' windows", "n"),
        Column("People", "n"),
    )
    cells = [
        (
            number(each.length),
            f"{each.auc:.3f}",
            f"{each.low:.3f} to {each.high:.3f}",
            "–" if each.same_kind is None else f"{each.same_kind:.3f}",
            *map(number, (each.own, each.recordings, each.others, each.people)),
        )
        for each in found.windows
    ]
    key = legend([("kept", "the person"), ("s0", "others")])
    limits = "".join(f"<li>{text(limit, 200)}</li>" for limit in found.limits)
    return (
        f"<figure><figcaption>How alike windows are to the person: unlike left, alike right</figcaption>{key}{figure}"
        "</figure>"
        + table("How well the person is told from others, on words that were held out", columns, cells)
        + (f'<ul class="soft">{limits}</ul>' if limits else "")
    )


def _habits(found: VoiceSummary) -> str:
    columns = (Column("Measure"), Column("Person", "n"), Column("Others", "n"))
    cells = [(words(name), _said(found.measures[name]), _said(found.others.get(name))) for name in found.measures]
    return (
        f"<p>Says more often than others: {text(', '.join(found.says_more), 300)}.<br>"
        f"Says less often: {text(', '.join(found.says_less), 300)}.</p>"
        + table("Ways of speaking; rates are per hundred words", columns, cells)
    )


def _said(value: float | None) -> str:
    if value is None or float(value).is_integer():
        return number(value)
    return f"{value:.{_RATES}f}"


def _sources(summary: Summary, limit: int) -> str:
    sources = sorted((s for s in summary.sources if s.voice.get("read")), key=lambda s: (-s.voice["read"], s.name))
    if not sources:
        return ""
    columns = (
        Column("Source"),
        Column("Read", "n"),
        *(Column(head, "n") for head, _ in _TENTHS),
        Column("Too short", "n"),
        Column("No answer", "n"),
        Column("Not English", "n"),
    )
    cells = [
        (
            text(source.name),
            number(source.voice["read"]),
            *(percent(_between(source, tenths), source.voice["read"]) for _, tenths in _TENTHS),
            *(number(source.voice.get(name, 0)) for name in ("too_short", "no_answer", "language")),
        )
        for source in sources[:limit]
    ]
    return table("Likeness of rows by source: the person's own words would be spread evenly", columns, cells) + more(
        len(sources) - limit, "source"
    )


def _between(source: SourceSummary, tenths: range) -> int:
    return sum(source.voice.get(f"likeness.{tenth}", 0) for tenth in tenths)
