"""The sections about what came of it: mixes, adapters, and the time it took."""

from __future__ import annotations

from collections.abc import Mapping

from curation.report.figures import Bar, Segment, bars, sparkline
from curation.report.markup import Column, duration, number, percent, size, table, text, words
from curation.report.summary import AdapterSummary, MixSummary, Summary, ranked
from curation.report.way import STEPS, legend, look, more

_PARTS = 8
_LIST = 12

_REASONS = {
    "kind": "of another kind than this mix takes",
    "risk_unreleased": "at risk, and released by nobody yet",
    "near_duplicate": "near-duplicate of a row that stays",
    "twin": "the same text as a row that stays",
    "contaminated": "holds a benchmark's test question",
    "disputed": "people disagree",
}
"""Reasons that do not say by themselves what they mean; the others are called by their own names."""


def mixes(summary: Summary, limit: int) -> str:
    """Each mix: asked and got, voices, what was left out and why, files."""
    shown = summary.mixes[: min(_PARTS, limit)]
    return "".join(_mix(index, mix, min(_LIST, limit)) for index, mix in enumerate(shown)) + more(
        len(summary.mixes) - len(shown), "mix", what=""
    )


def _mix(index: int, mix: MixSummary, most: int) -> str:
    about = [
        {"sft": "Supervised fine-tuning", "dpo": "Preference pairs"}.get(mix.task, text(mix.task)),
        f"{number(mix.rows)} rows" + (f" of {number(mix.rows_asked)} asked" if mix.rows_asked is not None else ""),
        *(f"{words(name)} {number(count)}" for name, count in mix.splits.items()),
        *([f"licences: at most {text(mix.licence)}"] if mix.licence else []),
        f"export <code>{text(mix.key[:12])}</code>",
    ]
    # Of what nothing was asked and nothing came, there is nothing to show.
    rows = {name: mix.got.get(name, 0) for name in {*mix.asked, *mix.got}}
    names = [name for name, got in ranked(rows) if got or name in mix.asked]
    left = (_asked(index, mix, names, most) if names else "") + _files(mix, most)
    right = _personas(index, mix) + _left_out(mix, most)
    return (
        f'<div class="part"><h3>{text(mix.name)}</h3><p class="soft">{" · ".join(about)}</p>'
        f'<div class="pair"><div>{left}</div><div>{right}</div></div></div>\n'
    )


def _asked(index: int, mix: MixSummary, names: list[str], most: int) -> str:
    shown = names[:most]
    longest = max([1, *mix.got.values(), *mix.asked.values()])
    rows = []
    for name in shown:
        got, asked = mix.got.get(name, 0), mix.asked.get(name)
        missing = max(0, (asked or 0) - got)
        said = number(got) if asked is None else f"{number(got)} of {number(asked)} asked"
        rows.append(
            Bar(name, said, (Segment(got / longest, "kept"), Segment(missing / longest, "s0", f"short: {missing}")))
        )
    figure = bars(
        f"mix{index}",
        f"Rows of {mix.name} by source",
        "Rows that were exported, and in another colour those missing.",
        rows,
    )
    short = any(mix.got.get(name, 0) < asked for name, asked in mix.asked.items())
    key = legend([("kept", "exported"), ("s0", "missing of what was asked")]) if short else ""
    columns = (
        Column("Source"),
        *((Column("Asked", "n"),) if mix.asked else ()),
        Column("Got", "n"),
        Column("Share", "n"),
    )
    cells = [
        (
            text(n),
            *((number(mix.asked.get(n)),) if mix.asked else ()),
            number(mix.got.get(n, 0)),
            percent(mix.got.get(n, 0), mix.rows),
        )
        for n in shown
    ]
    return (
        f"<figure><figcaption>Rows by source</figcaption>{key}{figure}</figure>"
        + table("Asked and got" if mix.asked else "What each source gave", columns, cells)
        + more(len(names) - len(shown), "source", what="")
    )


def _personas(index: int, mix: MixSummary) -> str:
    if not mix.personas:
        return ""
    whole = sum(mix.personas.values())
    counts = ranked(mix.personas)
    rows = [Bar(f"{n}", percent(count, whole), (Segment(count / whole, "kept"),)) for n, count in counts]
    figure = bars(f"voice{index}", f"Voices of {mix.name}", "The share of rows that teach each voice.", rows)
    cells = [(text(name), number(count), percent(count, whole)) for name, count in counts]
    return f"<figure><figcaption>Whose voice the rows teach</figcaption>{figure}</figure>" + table(
        "Voices", (Column("Voice"), Column("Rows", "n"), Column("Share", "n")), cells
    )


def _left_out(mix: MixSummary, most: int) -> str:
    if not mix.left_out:
        return '<p class="soft">No row of its sources was left out.</p>'
    shown = ranked(mix.left_out)
    cells = [(_REASONS.get(reason) or words(reason), number(count)) for reason, count in shown[:most]]
    return table("Left out, and why", (Column("Reason"), Column("Rows", "n")), cells) + more(
        len(shown) - most, "reason", what=""
    )


def _files(mix: MixSummary, most: int) -> str:
    if not mix.files:
        return ""
    columns = (Column("File"), Column("Rows", "n"), Column("Size", "n"), Column("SHA-256"))
    cells = [
        (text(f.name), number(f.rows), size(f.bytes), f"<code>{text(f.sha256[:12])}</code>") for f in mix.files[:most]
    ]
    return table("Files", columns, cells) + more(len(mix.files) - most, "file", what="")


def adapters(summary: Summary, limit: int) -> str:
    """Each adapter: base, steps, losses before and after."""
    shown = summary.adapters[: min(_PARTS, limit)]
    return "".join(_adapter(index, adapter) for index, adapter in enumerate(shown)) + more(
        len(summary.adapters) - len(shown), "adapter", what=""
    )


def _adapter(index: int, adapter: AdapterSummary) -> str:
    revision = f" at <code>{text(adapter.revision[:12])}</code>" if adapter.revision else ""
    about = [
        f"on {text(adapter.base)}{revision}",
        f"learned from {text(adapter.mix)}",
        f"{number(adapter.rows)} rows, {number(adapter.trained_tokens)} trained tokens",
        f"{number(adapter.steps)} steps",
    ]
    losses = [("training, first and last step", adapter.first_loss, adapter.last_loss)]
    losses += [
        (f"held out, {name}", adapter.before.get(name), adapter.after.get(name))
        for name in sorted({*adapter.before, *adapter.after}, key=lambda n: (n != "all", n))
    ]
    figure = ""
    if len(adapter.curve) > 1:
        drawn = sparkline(
            f"loss{index}",
            f"Loss of {adapter.name}",
            f"From {adapter.curve[0]:.3f} in the first step to {adapter.curve[-1]:.3f} in the last.",
            adapter.curve,
        )
        ends = f"{adapter.curve[0]:.3f} → {adapter.curve[-1]:.3f}"
        figure = f"<figure><figcaption>Training loss by step: {ends}</figcaption>{drawn}</figure>"
    columns = (
        Column("Loss"),
        Column("Before", "n"),
        Column("After", "n"),
        Column("Change", "n"),
    )
    cells = [(text(name), _loss(a), _loss(b), _change(a, b)) for name, a, b in losses[:_LIST]]
    return (
        f'<div class="part"><h3>{text(adapter.name)}</h3><p class="soft">{" · ".join(about)}</p>'
        f'<div class="pair">{figure}<div>{table("Lower is better", columns, cells)}</div></div>'
        f"{_scorecard(adapter)}</div>\n"
    )


def _scorecard(adapter: AdapterSummary) -> str:
    if not adapter.scores:
        return ""
    columns = (Column("Held-out rows"), Column("Base", "n"), Column("Adapter", "n"), Column("Change", "n"))
    shown = list(adapter.scores.items())[:_LIST]
    cells = [(text(name), _loss(base), _loss(own), _change(base, own)) for name, (base, own) in shown]
    return table("Scorecard", columns, cells) + more(len(adapter.scores) - len(shown), "measure", what="")


def _loss(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


def _change(before: float | None, after: float | None) -> str:
    return "–" if before is None or after is None else f"{after - before:+.3f}".replace("-", "−")


def time(summary: Summary) -> str:
    """Seconds of the latest run of each step."""
    seconds = summary.seconds
    longest = max(seconds.values()) or 1.0
    rows = [Bar(STEPS.get(n, n), duration(spent), (Segment(spent / longest, look(n)),)) for n, spent in seconds.items()]
    figure = bars("time", "Time by step", "Wall time of the latest run of each step, all sources added up.", rows)
    handled = _rows(summary)
    cells = [
        (text(STEPS.get(n, n)), duration(spent), number(handled[n]), number(handled[n] / spent) if spent else "–")
        for n, spent in seconds.items()
    ]
    columns = (Column("Step"), Column("Time", "n"), Column("Rows", "n"), Column("Rows per second", "n"))
    return (
        '<div class="pair"><figure><figcaption>Wall time of the latest run of each step</figcaption>'
        + figure
        + "</figure>"
        + table("Time by step, all sources added up", columns, cells)
        + "</div>"
    )


def _rows(summary: Summary) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for step in (step for source in summary.sources for step in source.steps if step.seconds is not None):
        found[step.name] = found.get(step.name, 0) + step.rows_in
    return found
