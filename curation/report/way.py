"""The sections about the rows' way: what was read, what dropped it and why, from which source and by what right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curation.report.figures import Bar, Segment, bars
from curation.report.markup import Column, number, percent, table, text, words
from curation.report.summary import SourceSummary, StageTotal, Summary, ranked

STEPS = {
    "raw": "Pulled",
    "records": "Cleaned",
    "exact_dup": "Duplicates folded",
    "near_dup": "Near-duplicates found",
    "filters": "Filtered",
    "emotion": "Emotions tagged",
    "heads": "Empathy and strategies tagged",
    "eq": "Arcs and domains described",
    "voice": "Voices compared",
    "risk": "Screened for risk",
}
"""What readers call our steps; another step is called by its own name."""

_LOST = {
    "raw": "no record could be made",
    "records": "dropped by cleaning",
    "exact_dup": "folded as duplicate",
    "filters": "dropped by a filter",
}

_STAGES = {
    "pull": "Read into records",
    "normalise": "Tidied",
    "language": "Language found",
    "screen": "Screened",
    "text_digest": "Compared by digest",
    "scrub": "Personal data replaced",
    "exact_dup": "Exact duplicates folded",
    "near_dup": "Near-duplicates found",
    "filters": "Filtered",
    "emotion": "Emotions tagged",
    "empathy": "Empathy rated",
    "strategies": "Strategies labelled",
    "arc": "Arcs described",
    "eq": "Domains described",
    "voice": "Voices compared",
    "risk": "Screened for risk",
}

_LOOKS = {"raw": "s0", "records": "s1", "exact_dup": "s2", "emotion": "s3"}


def look(step: str) -> str:
    """The colour class of a step."""
    return _LOOKS.get(step, "s4")


def funnel(summary: Summary) -> str:
    """All rows, stage by stage."""
    stages = summary.stages()
    read = summary.rows_read
    left = read
    rows = [Bar("Read from the sources", number(read), (Segment(1.0 if read else 0.0, "kept"),))]
    for stage in (stage for stage in stages if stage.rows_dropped):
        left -= stage.rows_dropped
        rows.append(
            Bar(
                _stage(stage),
                f"{number(left)} (−{number(stage.rows_dropped)})",
                (Segment(_share(left, read), "kept"), Segment(_share(stage.rows_dropped, read), look(stage.step))),
            )
        )
    figure = bars(
        "funnel",
        "Rows left after each stage",
        f"Of {read} rows read, {summary.rows_kept} are left; the coloured end of each bar was dropped there.",
        rows,
    )
    cells = [
        (
            text(_stage(stage)),
            number(stage.rows_in),
            number(stage.rows_dropped),
            number(stage.rows_kept),
            _why(stage.reasons, 4),
        )
        for stage in stages
    ]
    columns = (Column("Stage"), Column("In", "n"), Column("Dropped", "n"), Column("Kept", "n"), Column("Reasons", "w"))
    return f"<figure><figcaption>Rows left after each stage that dropped any</figcaption>{figure}</figure>" + table(
        "Every stage, with the reasons for what it dropped", columns, cells
    )


def by_source(summary: Summary, limit: int) -> str:
    """Each source's way, as far as it is up to date."""
    sources = _largest(summary.sources, limit)
    names = dict.fromkeys(step.name for source in summary.sources for step in source.steps)
    losing = {step.name for source in summary.sources for step in source.steps if step.rows_dropped}
    # A column for every step would push the reasons out of sight; a step that drops nothing has nothing to show.
    steps = [step for step in names if step in losing]
    lost = [(look(step), _LOST.get(step, f"dropped by {step}")) for step in steps]
    key = legend([("kept", "kept"), *lost])
    figure = bars(
        "sources",
        "What became of each source's rows",
        "Each bar is one source: the share of its rows that is kept, then the share that each step dropped.",
        [_bar(source) for source in sources],
    )
    columns = (
        Column("Source"),
        Column("Read", "n"),
        *(Column(STEPS.get(step, step), "n") for step in steps),
        Column("Kept", "n"),
        Column("Dropped, and why", "w"),
    )
    foot = (
        "All sources",
        number(summary.rows_read),
        *(number(_after(summary.sources, step)) for step in steps),
        percent(summary.rows_kept, summary.rows_read),
        number(summary.rows_read - summary.rows_kept),
    )
    cells = [
        (
            text(source.name),
            number(source.rows_read),
            *(number(_after([source], step)) for step in steps),
            percent(source.rows_kept, source.rows_read),
            _why(source.reasons, 4),
        )
        for source in sources
    ]
    return (
        f"<figure><figcaption>Each source's rows, kept and dropped</figcaption>{key}{figure}</figure>"
        + table("Rows left after each step that dropped any, by source", columns, cells, foot)
        + more(len(summary.sources) - len(sources), "source", "; the totals count them")
    )


def rights(summary: Summary, limit: int) -> str:
    """Licences, and every source's kind, voice, licence and revision."""
    by_licence: dict[str, list[SourceSummary]] = {}
    for source in summary.sources:
        by_licence.setdefault(source.licence or "unknown", []).append(source)
    rows = {licence: sum(s.rows_kept for s in found) for licence, found in by_licence.items()}
    largest = ranked(rows)[:limit]
    licences = table(
        "Licences",
        (Column("Licence"), Column("Sources", "n"), Column("Rows kept", "n"), Column("Share", "n")),
        [
            (text(name), number(len(by_licence[name])), number(kept), percent(kept, summary.rows_kept))
            for name, kept in largest
        ],
    )
    sources = _largest(summary.sources, limit)
    register = table(
        "Sources",
        (Column("Source"), Column("Kind"), Column("Voice"), Column("Licence"), Column("Revision"), Column("State")),
        [
            (
                text(source.name),
                text(source.kind),
                text(source.persona),
                text(source.licence or "unknown"),
                f"<code>{text(source.revision[:12])}</code>" if source.revision else "–",
                _state(source),
            )
            for source in sources
        ],
    )
    return (
        f'<div class="half">{licences}</div>'
        + more(len(rows) - len(largest), "licence")
        + register
        + more(len(summary.sources) - len(sources), "source")
    )


def _stage(stage: StageTotal) -> str:
    name = _STAGES.get(stage.stage, stage.stage)
    return f"{name} at pull" if stage.step == "raw" and stage.stage != "pull" else name


def _largest(sources: Sequence[SourceSummary], limit: int) -> list[SourceSummary]:
    """The sources with the most rows, in the order of the project."""
    kept = {id(s) for s in sorted(sources, key=lambda s: (-s.rows_read, s.name))[:limit]}
    return [source for source in sources if id(source) in kept]


def _bar(source: SourceSummary) -> Bar:
    read = source.rows_read
    dropped = [
        Segment(
            _share(step.rows_dropped, read), look(step.name), f"{STEPS.get(step.name, step.name)}: −{step.rows_dropped}"
        )
        for step in source.steps
    ]
    said = (
        f"{number(source.rows_kept)} of {number(read)} · {percent(source.rows_kept, read)}" if read else "no rows yet"
    )
    return Bar(
        source.name, said, (Segment(_share(source.rows_kept, read), "kept", f"kept: {source.rows_kept}"), *dropped)
    )


def _after(sources: Sequence[SourceSummary], step: str) -> int | None:
    found = [s.rows_kept for source in sources for s in source.steps if s.name == step]
    return sum(found) if found else None


def _why(reasons: Mapping[str, int], most: int) -> str:
    if not reasons:
        return '<span class="soft">nothing</span>'
    shown = ranked(reasons)
    said = [f"{words(label.rpartition('/')[2])}&nbsp;{number(count)}" for label, count in shown[:most]]
    rest = shown[most:]
    if rest:
        said.append(f"{len(rest)} more reason{'s' * (len(rest) > 1)}&nbsp;{number(sum(count for _, count in rest))}")
    return " · ".join(said)


def _state(source: SourceSummary) -> str:
    said = []
    if not source.enabled:
        said.append("switched off")
    elif not source.steps:
        said.append("not pulled")
    elif source.unfinished:
        said.append("not up to date")
    else:
        said.append("in use")
    if source.accepted_by:
        said.append(f"accepted by {text(source.accepted_by)}")
    return ", ".join(said)


def legend(items: Sequence[tuple[str, str]]) -> str:
    """What the colours of a figure mean: (colour class, meaning) pairs."""
    marks = "".join(
        f'<li><svg width="10" height="10" aria-hidden="true"><rect class="{look}" width="10" height="10" rx="2"/></svg>'
        f"{text(label)}</li>"
        for look, label in items
    )
    return f'<ul class="legend">{marks}</ul>'


def more(count: int, noun: str, note: str = "", what: str = " with fewer rows") -> str:
    """A line that says how much of a list is not shown, or nothing."""
    if count <= 0:
        return ""
    said = f"{number(count)} more {noun}{'' if count == 1 else 's'}{what}"
    return f'<p class="soft">{said}: see <code>curate --json report</code>{note}.</p>\n'


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
