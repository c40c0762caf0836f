"""Scores and residual risk on a terminal, at most 80 columns wide."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from curation.clean.pii.score import LabelScore, Rate, Score, wilson
from curation.clean.residual import Residual
from curation.core.ui import Ui, count

_FEW_IDS = 3


def show_score(ui: Ui, found: Score) -> None:
    """Recall, recall with the right label, and precision by label, with 95 % intervals; then what the types mean."""
    rows = [_score_row(name, found.labels[name]) for name in sorted(found.labels)]
    rows.append(_score_row("together", found.total))
    header = ("label", "spans", "recall", "95 %", "labelled", "findings", "precision", "95 %")
    ui.table(header, rows)
    ui.out("")
    whole, chars = found.whole, found.characters
    ui.out(f"all {whole.of} spans of the file, with and without a label: recall {_share(whole)} {_interval(whole)}")
    ui.out(f"in characters: recall {_share(chars['recall'])}, precision {_share(chars['precision'])}")
    ui.out("")
    ui.out("types of the file and the labels they were compared with:")
    for kind, label in sorted(found.mapping.items()):
        rate = found.left_out.get(kind)
        ui.out(f"  {kind:<20} {label or f'none: {rate.of if rate else 0} spans, recall {_share(rate)}'}")


def _score_row(name: str, one: LabelScore) -> tuple[Any, ...]:
    return (
        name,
        one.recall.of,
        _share(one.recall),
        _interval(one.recall),
        _share(one.labelled),
        one.precision.of,
        _share(one.precision),
        _interval(one.precision),
    )


def _share(rate: Rate | None) -> str:
    share = rate.share if rate else None
    return "-" if share is None else f"{share:.3f}"


def _interval(rate: Rate) -> str:
    found = wilson(rate.hits, rate.of)
    return "" if found is None else f"{found[0]:.2f}-{found[1]:.2f}"


def show_residual(ui: Ui, found: Residual) -> None:
    """Each part of the report with its counts, and a few ids where there is something to look at."""
    ui.out("planted canaries")
    ui.table(
        ("  label", "planted", "found", "missed"),
        [(f"  {name}", one.planted, one.found, one.planted - one.found) for name, one in found.canaries.items()],
    )
    for name, risk in found.sources.items():
        told = risk.document()
        ui.out("")
        ui.out(f"{name}: {count(told['records'], 'record')}")
        _wrapped(ui, f"  languages: {_counts(told['languages'])}; refused by scrub: {_counts(told['refused'])}")
        _line(ui, "found by a second pass", told["second_pass"], "")
        _line(ui, "capitalised words", told["capitalised"], count(told["capitalised"]["words"], "word"))
        _line(ui, "  never in lower case", told["never_lower_case"], count(told["never_lower_case"]["words"], "word"))
        _line(ui, "digit runs", told["digit_runs"], count(told["digit_runs"]["places"], "place"))
        quasi = told["quasi_identifiers"]
        _line(ui, "may point at a person", {"records": quasi["combined"], "ids": []}, _counts(quasi["kinds"]))
        few = {"records": quasi["small"], "ids": quasi["ids"]}
        _line(ui, "  shared by few", few, "k " + _counts(quasi["k"]))
    ui.out("")
    _show_people(ui, found)
    for record, shape in found.shapes:
        ui.out(f"  {record}  {shape}")


def _line(ui: Ui, what: str, told: Mapping[str, Any], more: str) -> None:
    _wrapped(ui, f"  {what:<22} {count(told['records'], 'record'):>14}" + (f"  {more}" if more else ""))
    for record in _few(told["ids"]):
        ui.out(f"  {'':<22} {record}")


def _wrapped(ui: Ui, line: str) -> None:
    for part in textwrap.wrap(line, 80, subsequent_indent=" " * 4, drop_whitespace=False) or [""]:
        ui.out(part.rstrip())


def _few(ids: Sequence[str]) -> list[str]:
    return [*ids[:_FEW_IDS], *(["…"] if len(ids) > _FEW_IDS else [])]


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in found.items()) or "none"


def _show_people(ui: Ui, found: Residual) -> None:
    people = found.people
    if people is None:
        ui.out("people: none has looked yet for what was missed (pii_missed, pii_wrong)")
        return
    ui.out(f"people: {count(people.records, 'record')} looked at")
    for name, rates in (("recall", people.recall), ("precision", people.precision)):
        for label in sorted(rates, key=lambda label: (label != "all", label)):
            rate = rates[label]
            ui.out(f"  {name:<10} {label:<10} {rate.hits:>5} of {rate.of:<5} {_share(rate)}  {_interval(rate)}")
    if people.unread:
        ui.out(f"  {count(people.unread, 'answer')} of another shape, or about records that are not here")
