"""The sections about what turns do to each other: arcs, empathy and strategies, domains of emotional ability."""

from __future__ import annotations

from collections.abc import Sequence

from curation.core import taxonomies
from curation.report.figures import Bar, Move, Segment, bars, moves
from curation.report.markup import Column, number, percent, table, text, words
from curation.report.summary import EqSummary, SourceSummary, Summary, ranked
from curation.report.way import legend, more

_SIDES = (("client", "s0", "who seeks help"), ("assistant", "kept", "who answers"))
_LEVELS = (("0", "track", "not there"), ("1", "s3", "weak"), ("2", "kept", "strong"))
_METHODS = {"human": "people", "judge": "a judge", "proxy": "proxy"}


def arcs(summary: Summary, limit: int) -> str:
    """From where to where the valence of each side goes, by source."""
    found = sorted(
        (s for s in summary.sources if s.arcs.get("described")), key=lambda s: (-s.arcs["described"], s.name)
    )
    shown = found[:limit]
    rows = [
        Move(
            f"{source.name}: {said}",
            _from_to(source, side),
            _share(source.arcs[f"{side}.first"]),
            _share(source.arcs[f"{side}.last"]),
            look,
        )
        for source in shown
        for side, look, said in _SIDES
        if f"{side}.first" in source.arcs
    ]
    figure = moves(
        "arcs",
        "Mean valence, first third to last",
        "Each line runs from the first third of the conversations, a hollow dot, to the last, on a scale from "
        "unpleasant at the left to pleasant at the right.",
        rows,
    )
    columns = (
        Column("Source"),
        Column("Described", "n"),
        Column("Too short", "n"),
        Column("No valence", "n"),
        Column("Client, first → last", "n"),
        Column("Answers, first → last", "n"),
        Column("Client comes back", "n"),
    )
    cells = [
        (
            text(source.name),
            *(number(source.arcs.get(n, 0)) for n in ("described", "few_turns", "not_tagged")),
            *(_from_to(source, side) for side, _, _ in _SIDES),
            percent(source.arcs.get("recovered", 0), source.arcs["described"]),
        )
        for source in shown
    ]
    key = legend([(look, said) for _, look, said in _SIDES])
    return (
        "<figure><figcaption>Mean valence, from the first third (hollow) to the last (full); unpleasant left, pleasant "
        f"right</figcaption>{key}{figure}</figure>"
        + table("Conversations with an arc, by source", columns, cells)
        + more(len(found) - len(shown), "source")
    )


_ENDS = ("first", "last")


def _share(valence: float) -> float:
    return (valence + 1) / 2


def _from_to(source: SourceSummary, side: str) -> str:
    if f"{side}.first" not in source.arcs:
        return "–"
    return " → ".join(f"{source.arcs[f'{side}.{n}']:+.2f}".replace("-", "−") for n in _ENDS)


def empathy(summary: Summary) -> str:
    """Levels of the three mechanisms, and labels of the strategies, over all sources."""
    return (_mechanisms(summary) if summary.empathy else "") + _strategies(summary)


def _mechanisms(summary: Summary) -> str:
    names = sorted({name.rpartition(".")[0] for name in summary.empathy})
    counts = {name: [summary.empathy.get(f"{name}.{level}", 0) for level, _, _ in _LEVELS] for name in names}
    rows = [
        Bar(
            name.replace("_", " "),
            f"{percent(found[1] + found[2], sum(found))} there",
            tuple(
                Segment(count / sum(found), look, f"{said}: {count}")
                for count, (_, look, said) in zip(found[::-1], _LEVELS[::-1], strict=True)
            ),
        )
        for name, found in counts.items()
    ]
    figure = bars(
        "empathy",
        "Empathy of answers",
        "The share of answers in which each mechanism is strong, weak, absent.",
        rows,
    )
    key = legend([(look, said) for _, look, said in _LEVELS[::-1]])
    columns = (Column("Mechanism"), *(Column(said.capitalize(), "n") for _, _, said in _LEVELS), Column("Answers", "n"))
    cells = [(words(name), *map(number, found), number(sum(found))) for name, found in counts.items()]
    return f"<figure><figcaption>Answers by mechanism and level</figcaption>{key}{figure}</figure>" + table(
        "Answers by mechanism and level", columns, cells
    )


def _strategies(summary: Summary) -> str:
    sides: dict[str, dict[str, int]] = {}
    for name, count in summary.strategies.items():
        side, _, label = name.partition(".")
        sides.setdefault(side, {})[label] = count
    parts = []
    for side, found in sorted(sides.items()):
        whole = sum(found.values())
        cells = [(words(label), number(count), percent(count, whole)) for label, count in ranked(found)]
        columns = (Column("Label"), Column("Turns", "n"), Column("Share", "n"))
        parts.append(table(f"What turns do: {side}", columns, cells))
    return "".join(parts)


def domains(summary: Summary) -> str:
    """Each domain: its mean, who says so, and how the proxy goes with people's ratings."""
    rows = []
    for domain in summary.eq:
        best = next((m for m in _METHODS if domain.records.get(m)), None)
        said = "nothing can be said" if best is None else _said(domain, best)
        look = "s4" if best == "proxy" and domain.withheld else "kept"
        segments = () if best is None else (Segment(domain.mean[best], look, said),)
        rows.append(Bar(_label(domain), said, segments))
    figure = bars(
        "eq",
        "Means of the five domains",
        "Each bar is a mean from 0 to 1, by people where they rated.",
        rows,
    )
    key = legend([("kept", "rated, or a proxy that people bear out"), ("s4", "a proxy that is withheld from exports")])
    columns = (
        Column("Domain"),
        *(Column(head, "n") for name in _METHODS.values() for head in (f"By {name}, rows", "Mean")),
        Column("Proxy against people", "w"),
    )
    cells = [
        (
            text(_label(domain)),
            *(cell for method in _METHODS for cell in _method(domain, method)),
            _checked(domain),
        )
        for domain in summary.eq
    ]
    return f"<figure><figcaption>Means of the five domains, from 0 to 1</figcaption>{key}{figure}</figure>" + table(
        "The five domains: who says what, and what the proxies are worth", columns, cells
    )


def _label(domain: EqSummary) -> str:
    return taxonomies.load("eq-domains")[domain.name].label


def _said(domain: EqSummary, method: str) -> str:
    rows = domain.records[method]
    return f"{domain.mean[method]:.2f} by {_METHODS[method]}, {number(rows)} row{'s' * (rows != 1)}"


def _method(domain: EqSummary, method: str) -> Sequence[str]:
    mean = domain.mean.get(method)
    return number(domain.records.get(method)), "–" if mean is None else f"{mean:.2f}"


def _checked(domain: EqSummary) -> str:
    if not domain.records.get("proxy") and not domain.pairs:
        return '<span class="soft">there is no proxy</span>'
    if domain.correlation is None:
        return f"not checked, {number(domain.pairs)} rated rows: withheld"
    said = f"correlation {domain.correlation:+.2f} over {number(domain.pairs)} rows".replace("-", "−")
    return f"{said}: {f'below {domain.least:g}, withheld' if domain.withheld else 'kept'}"
