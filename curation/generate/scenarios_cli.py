"""`curate generate scenarios` and `curate generate chat`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
import orjson

from curation.core import made
from curation.core.app import App, pass_app
from curation.core.errors import ProjectError
from curation.core.sources import ScenarioSource
from curation.core.ui import count

_ADD = "add to sources.yaml: scenarios: {kind: scenarios, licence: apache-2.0}"


@click.command()
@click.argument("names", nargs=-1, metavar="[SOURCE]…")
@click.option("--dry-run", is_flag=True, help="Only say what would be made, and what it would cost at most.")
@pass_app
def scenarios(app: App, names: tuple[str, ...], dry_run: bool) -> None:
    """Make dialogues with difficult clients, and tell how varied they are.

    Without an endpoint they speak the scenarios' own lines and cost nothing.
    Whoever is at risk in them leaves in no mix before a person has released it.
    """
    wanted = _wanted(app, names)
    if dry_run:
        _estimate(app, wanted)
        return
    views = app.bring("raw", tuple(wanted))
    reports = {name: _report(app, name, source) for name, source in wanted.items()}
    if app.ui.json:
        app.ui.emit({n: {"records": views[n].rows, **r} for n, r in reports.items()}, sort_keys=False)
        return
    for name, report in reports.items():
        _show(app, name, report)
    app.ui.say(f"{count(sum(v.rows for v in views.values()), 'record')}; next: curate run")


def _wanted(app: App, names: tuple[str, ...]) -> dict[str, ScenarioSource]:
    enabled = app.project.enabled(names)
    found = {name: source for name, source in enabled.items() if isinstance(source, ScenarioSource)}
    other = [name for name in names if name not in found]
    if other or not found:
        raise ProjectError(
            f"'{other[0]}' is no source of scenarios" if other else "this project has no source of scenarios",
            where="sources.yaml",
            fix=_ADD,
        )
    return found


def _estimate(app: App, wanted: Mapping[str, ScenarioSource]) -> None:
    from curation.generate.endpoint import estimate
    from curation.generate.scenario import read

    document: dict[str, Any] = {}
    for name, source in wanted.items():
        decided = made.revision(app.project, name, source)
        found = [read(path) for path in made.material(app.project, name, source).values()]
        here = made.note(app.project, name, decided) is not None
        used = None if here or not source.endpoint else estimate(app.project, name, source, found)
        spec = app.project.settings.endpoints[source.endpoint] if source.endpoint else None
        document[name] = {
            "by": source.endpoint or "template",
            "scenarios": len(found),
            "dialogues": len(found) * source.variations,
            "made": here,
            "requests": used.requests if used else 0,
            "cached": used.cached if used else 0,
            "tokens_in": used.tokens_in if used else 0,
            "tokens_out": used.tokens_out if used else 0,
            "cost": round(used.cost, 4) if used else 0.0,
            "max_cost": spec.max_cost if spec else None,
        }
    if app.ui.json:
        app.ui.emit(document)
        return
    columns = ("by", "dialogues", "made", "requests", "tokens_in", "tokens_out", "cost", "max_cost")
    app.ui.table(("source", *columns), [(name, *(facts[c] for c in columns)) for name, facts in document.items()])
    app.ui.say("at most; nothing was made or sent: this was a dry run")


def _report(app: App, name: str, source: ScenarioSource) -> dict[str, Any]:
    from curation.generate.diversity import measured

    decided = made.revision(app.project, name, source)
    known = made.note(app.project, name, decided)
    if known is None:
        return {"scenarios": {}, "rejected": {}, "whole": None, "one_of_each": None}
    rows: dict[str, list[Any]] = {}
    for file in made.located(app.project, name, source):
        rows[file.path.name.partition(".")[0]] = [orjson.loads(line) for line in file.path.read_bytes().splitlines()]
    return {
        "scenarios": {scenario: measured(found) for scenario, found in rows.items()},
        "rejected": known["rejected"],
        "whole": measured([row for found in rows.values() for row in found]),
        "one_of_each": measured([found[0] for found in rows.values()]),
    }


def _show(app: App, name: str, report: Mapping[str, Any]) -> None:
    if report["whole"] is None:
        app.ui.say(
            f"{name}: what was made is gone from here, for rows of it were withdrawn; there is nothing to measure"
        )
        return
    head = ("scenario", "n", "d-1", "d-2", "d-3", "sBLEU", "first", "last", "told")
    whole = (("all", report["whole"]), ("one of each", report["one_of_each"]))
    app.ui.table(head, [_line(scenario, m) for scenario, m in (*report["scenarios"].items(), *whole)])
    app.ui.out("")
    app.ui.table(
        ("client turn", "resistance held"),
        [(turn, f"{share:.0%}") for turn, share in enumerate(report["whole"]["resistance_held"], start=1)],
    )
    if report["rejected"]:
        said = ", ".join(f"{reason} {number}" for reason, number in report["rejected"].items())
        app.ui.say(f"{name}: dialogues given up: {said}")
    app.ui.say("d-n: share of n-grams that differ; sBLEU: likeness among dialogues; first, last: resistance, 1 to 5;")
    app.ui.say("told: share of client turns that tell something")


def _line(scenario: str, m: Mapping[str, Any]) -> Sequence[Any]:
    shares = [m[k] for k in ("distinct_1", "distinct_2", "distinct_3", "self_bleu")]
    levels = [m[k] for k in ("resistance_first", "resistance_last")]
    return (
        scenario,
        m["dialogues"],
        *("" if v is None else f"{v:.2f}" for v in shares),
        *("" if v is None else f"{v:.1f}" for v in levels),
        "" if m["turns_told"] is None else f"{m['turns_told']:.0%}",
    )


@click.command()
@click.argument("scenario")
@click.option("--endpoint", metavar="NAME", help="Let an endpoint of curate.toml speak [the scenario's own lines].")
@click.option("--variation", type=click.IntRange(1), default=1, show_default=True, help="Another day of this client.")
@pass_app
def chat(app: App, scenario: str, endpoint: str | None, variation: int) -> None:
    """Sit opposite the client of SCENARIO: you are the therapist.

    One line a turn; an empty line is a silence; the end of input ends the hour.
    Nothing of it is kept but an endpoint's replies.
    """
    from curation.generate.scenario import load
    from curation.generate.simulate import TemplateSimulator, UserSimulator

    found = load(app.project.root / "scenarios")
    if scenario not in found:
        raise ProjectError(f"no scenario is called '{scenario}'", where="scenarios", fix=f"known: {', '.join(found)}")
    sitting: UserSimulator = TemplateSimulator(variation=variation)
    if endpoint:
        from curation.generate.endpoint import EndpointSimulator
        from curation.methods.endpoint import client as connect

        one = connect(app.project.settings.endpoints, endpoint, made.folder(app.project, "chat") / made.REPLIES)
        sitting = EndpointSimulator(one.ask, variation=variation)
    sitting.reset(found[scenario])
    app.ui.say(found[scenario].who)
    said = None
    while said is None or not said.left:
        app.ui.say("you:")
        line = sys.stdin.readline()
        if not line:
            return
        ending = said is not None and said.done
        said = sitting.step(line.strip())
        app.ui.out(said.text)
        app.ui.say(f"({said.emotion}; resistance {said.resistance} of 5{'; the hour is ending' * said.done})")
        if ending:
            return
