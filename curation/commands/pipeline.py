"""The order of the stages, and how tables are brought up to date along it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

import curation.clean.exact_dup
import curation.clean.filters
import curation.clean.language
import curation.clean.near_dup
import curation.clean.normalise
import curation.clean.screen
import curation.clean.scrub
import curation.tag.arcs
import curation.tag.emotion
import curation.tag.empathy
import curation.tag.eq
import curation.tag.risk
import curation.tag.strategies
import curation.tag.voice  # noqa: F401 - importing a stage registers it
from curation.commands import runs, together
from curation.core import across
from curation.core.app import App
from curation.core.engine import Engine
from curation.core.errors import CurateError, IntegrityError, ProjectError, RetryError, require
from curation.core.plan import Node, extend, plan
from curation.core.pool import Pool
from curation.core.project import Project
from curation.core.records import RECORD_SCHEMA, source_of
from curation.core.stage import REGISTRY, Call, Context, Step, require_step
from curation.core.store import WHOLE, Store, StoredTable, View

STEPS: Mapping[str, tuple[str, ...]] = {
    "records": ("normalise", "language", "screen", "text_digest", "scrub"),
    "exact_dup": ("exact_dup",),
    "near_dup": ("near_dup",),
    "filters": ("filters",),
    "emotion": ("emotion",),
    "heads": ("empathy", "strategies"),
    "eq": ("arc", "eq"),
    "voice": ("voice",),
    "risk": ("risk",),
}
"""Steps in order, each with the stages it runs. Stages of one step run in memory over one batch: the text before
`scrub` is never stored outside data/raw. `near_dup` runs over all enabled sources at once; no step of one source waits
for it or reads what it says."""

CARRIED = tuple(name for name in RECORD_SCHEMA.names if name != "id")
"""What `records` takes over from the raw table: all of a record, which no stage after it can reach any more."""

CLEAN = ("records", "exact_dup", "near_dup", "filters")
"""The filters come last, so that a change of a threshold makes nothing anew but what they keep."""

UPTO = {"raw": (), "records": CLEAN, "tagged": tuple(STEPS)}


def steps(project: Project, names: tuple[str, ...] = tuple(STEPS)) -> tuple[Step, ...]:
    """The steps with the parameters this project sets for their stages.

    Raises:
        ProjectError: a parameter that does not exist, or is of another type; a stage that does not exist.
    """
    known = {stage for stages in STEPS.values() for stage in stages}
    for name in project.settings.stages:
        if name not in known:
            raise project.document.error(
                ("stages", name), f"no stage is called '{name}'", f"stages: {', '.join(sorted(known))}"
            )
    return tuple(
        Step(name, tuple(call(project, stage) for stage in STEPS[name]), CARRIED if name == "records" else ())
        for name in names
    )


def call(project: Project | None, name: str) -> Call:
    """A stage with its parameters from the settings, or with its defaults outside a project."""
    return REGISTRY[name].called(project)


def with_needs(project: Project | None, name: str, there: Sequence[str]) -> tuple[Call, ...]:
    """A stage and, before it, those that write what it reads and is not `there`: for rows that come from nowhere."""
    chosen = call(project, name)
    calls: dict[str, Call] = {}
    for column in chosen.stage.reads:
        if column not in there:
            writer = next(s.name for s in REGISTRY.values() if column in s.writes and s.name != name)
            calls |= {one.stage.name: one for one in with_needs(project, writer, there)}
    return (*calls.values(), chosen)


def engine(project: Project, pool: Pool | None = None) -> Engine:
    """The engine of a project, on processes of this machine if no other pool is given."""
    settings = project.settings
    return Engine(Store(project.data / "tables"), settings.processes, settings.batch_rows, pool=pool)


@contextlib.contextmanager
def workers(project: Project) -> Iterator[Pool | None]:
    """The pool that the settings name; None: processes of this machine. Ray is started when there is work for it.

    Raises:
        MissingError: the setting is `ray`, and the extra is not installed.
    """
    if project.settings.engine == "local":
        yield None
        return
    require("ray", "ray")
    from curation.core.engine_ray import RayPool

    with RayPool(project.root, project.settings.workers) as pool:
        yield pool


def context(project: Project, source: str) -> Context:
    """What stages may know about a source."""
    return Context(project.key, source)


@dataclass
class Done:
    """What `bring` had to do for one step; for the run's record."""

    source: str
    step: str
    rows_in: int
    rows_kept: int
    seconds: float


def bring(app: App, upto: str, chosen: tuple[str, ...] = ()) -> dict[str, View]:
    """Bring the tables of the chosen sources up to date, as far as asked, and return their views.

    One source that fails does not stop the others; the gravest error is raised at the end.

    Raises:
        CurateError: a source could not be brought up to date; or with --no-build, would have to be.
    """
    views, errors = bring_each(app, upto, chosen)
    if errors:
        raise gravest(errors)
    return views


def bring_each(app: App, upto: str, chosen: tuple[str, ...] = ()) -> tuple[dict[str, View], list[CurateError]]:
    """What `bring` does, with the errors of the sources that failed beside the views of the others."""
    project = app.project
    wanted = steps(project, UPTO[upto])
    require_step(wanted)
    views: dict[str, View] = {}
    errors: list[CurateError] = []
    done: list[Done] = []
    with project.writing(), workers(project) as pool:
        try:
            for name, source in project.enabled(chosen).items():
                try:
                    raw = _raw(app, name, source, done)
                    views[name] = _steps(app, raw, together.own(wanted), name, done, pool)
                except CurateError as error:
                    errors.append(error)
                    app.ui.say(f"  {name:<14} {error.what}")
            for step in wanted:
                if step.shape == "project" and views:
                    try:
                        views = _together(app, step, views, done, pool)
                    except CurateError as error:
                        # Without it a mix would hold what it should leave out: so no source counts as ready.
                        errors.append(error)
                        app.ui.say(f"  {step.name:<14} {error.what}")
                        views = {}
        finally:
            try:
                runs.record(project, done)
            except CurateError as error:
                # Said with the others, so that it hides none of them.
                errors.append(error)
    return views, errors


def gravest(errors: Sequence[CurateError]) -> CurateError:
    """The error to end with: what a person must act on comes before what merely needs another try."""
    return min(errors, key=lambda error: (isinstance(error, RetryError), error.exit_code))


def _raw(app: App, name: str, source: Any, done: list[Done]) -> StoredTable:
    from curation.generate.make import make
    from curation.pull.pull import bring as pull
    from curation.pull.pull import raw_table

    found = raw_table(app.project, name, source)
    if found is not None:
        return found
    if not app.build:
        raise ProjectError(f"'{name}' is not pulled", fix=f"curate pull {name}")
    with app.ui.timed(name), app.ui.progress(f"pull {name}") as progress:
        pulled = pull(app.project, name, source, make=make, say=app.ui.say, progress=progress)
    _tell(app, name, "pull", pulled.table, app.ui.seconds(name), done)
    return pulled.table


def _steps(
    app: App, raw: StoredTable, wanted: tuple[Step, ...], name: str, done: list[Done], pool: Pool | None
) -> View:
    runner, where = engine(app.project, pool), context(app.project, name)
    view = View((raw,))
    for step in wanted:
        table = runner.find(step, view, where)
        if table is None:
            if not app.build:
                raise ProjectError(f"'{step.name}' of '{name}' is not up to date", fix="curate status; curate run")
            label = f"{step.name} {name}"
            with app.ui.timed(label), app.ui.progress(label) as progress:
                table = runner.run(step, view, where, progress)
            _tell(app, name, step.name, table, app.ui.seconds(label), done)
        view = extend(view, step, table)
    return view


def _together(app: App, step: Step, views: dict[str, View], done: list[Done], pool: Pool | None) -> dict[str, View]:
    """The views with the table of a step that sees all enabled sources, as far as they are up to date."""
    project, runner = app.project, engine(app.project, pool)
    position = together.place(step, steps(project))
    enabled = project.enabled()
    grounds = {name: View(view.tables[:position]) for name, view in views.items() if name in enabled}
    if set(enabled) - set(grounds):
        others = {n: p.nodes for n, p in _plans(project, ()).items() if isinstance(p, _Planned) and n not in views}
        grounds |= together.grounds(others, position)
    if not grounds:
        return views
    found = across.find(runner, step, grounds)
    if found is None:
        if not app.build:
            raise ProjectError(f"'{step.name}' is not up to date", fix="curate status; curate run")
        with app.ui.timed(step.name), app.ui.progress(step.name):
            found = across.run(runner, step, grounds)
        rows = sum(table.rows for table in found.values())
        for name, table in sorted(found.items()):
            _tell(app, name, step.name, table, app.ui.seconds(step.name) * table.rows / max(rows, 1), done)
    return {n: together.laid(view, found[n], position) if n in found else view for n, view in views.items()}


def _tell(app: App, source: str, step: str, table: StoredTable, seconds: float, done: list[Done]) -> None:
    manifest = table.manifest
    reasons = ", ".join(f"{r.partition('/')[2]} {n}" for r, n in table.totals("reasons").items())
    app.ui.say(
        f"  {source:<14} {step:<10} {manifest['rows_in']:>7} -> {manifest['rows_kept']:<7} {seconds:6.1f} s"
        + (f"  dropped: {reasons}" if reasons else "")
    )
    done.append(Done(source, step, manifest["rows_in"], manifest["rows_kept"], seconds))


def nodes(project: Project, chosen: tuple[str, ...] = ()) -> dict[str, list[Node] | None]:
    """For each source what is fresh and what is not, without doing anything; None where it is not pulled."""
    wanted = project.enabled(chosen)
    found = _plans(project, chosen)
    result: dict[str, list[Node] | None] = {}
    for name in wanted:
        planned = found[name]
        if isinstance(planned, CurateError):
            raise planned
        result[name] = planned.nodes if planned else None
    return result


@dataclass(frozen=True)
class _Planned:
    """A source as it stands: its raw table and the state of every step."""

    raw: StoredTable
    nodes: list[Node]


def _plans(project: Project, more: Iterable[str]) -> dict[str, _Planned | CurateError | None]:
    """Every enabled source and some more as they stand; None where one is not pulled, an error where it is damaged."""
    from curation.pull.pull import raw_table

    runner, wanted, enabled = engine(project), steps(project), project.enabled()
    found: dict[str, _Planned | CurateError | None] = {}
    for name in dict.fromkeys((*enabled, *more)):
        try:
            raw = raw_table(project, name, project.sources[name])
            own = together.own(wanted)
            found[name] = None if raw is None else _Planned(raw, plan(runner, raw, own, context(project, name)))
        except IntegrityError as error:
            found[name] = error
    taking = {n: p.nodes for n, p in found.items() if isinstance(p, _Planned) and n in enabled}
    for position, step in enumerate(wanted):
        if step.shape == "project":
            views = together.grounds(taking, together.place(step, wanted))
            try:
                states = together.nodes(runner, step, views, taking)
            except IntegrityError as error:
                found |= dict.fromkeys(taking, error)
                break
            for name, node in states.items():
                taking[name].insert(position, node)
    return found


def foresee(app: App, upto: str, chosen: tuple[str, ...] = ()) -> dict[str, list[dict[str, str]]]:
    """For each source the steps that `bring` would run, each with the reason, without doing anything."""
    found: dict[str, list[dict[str, str]]] = {}
    for name, planned in nodes(app.project, chosen).items():
        wanted = [node for node in planned or () if node.step.name in UPTO[upto] and node.state != "fresh"]
        found[name] = [{"step": node.step.name, "why": "; ".join(node.why)} for node in wanted]
        if planned is None:
            found[name] = [{"step": "pull", "why": "not pulled, or changed since"}]
            found[name] += [{"step": step, "why": "a step before it runs first"} for step in UPTO[upto]]
    return found


def tables(project: Project, name: str) -> list[StoredTable]:
    """The current tables of a source in order, raw first, as far as they are up to date."""
    if name not in project.sources:
        return []
    found = every_table(project)[name]
    if isinstance(found, CurateError):
        raise found
    return found


def every_table(project: Project) -> dict[str, list[StoredTable] | CurateError]:
    """The same for every source, enabled or not; the error where one is damaged."""
    return {
        name: found
        if isinstance(found, CurateError)
        else [found.raw, *(node.table for node in found.nodes if node.table is not None)]
        if found
        else []
        for name, found in _plans(project, project.sources).items()
    }


def taken(project: Project, name: str, upto: str) -> tuple[str, ...]:
    """The steps as far as asked that a source takes part in: one that is switched off is compared with no other."""
    together_ = {step.name for step in steps(project) if step.shape == "project"}
    return tuple(s for s in UPTO[upto] if s not in together_ or project.sources[name].enabled)


def view(project: Project, name: str) -> View | None:
    """The cleaned and tagged rows of a source as they stand, or None before it is cleaned."""
    found = tables(project, name)[1:]
    return View(tuple(found)) if found else None


def part_of(table: StoredTable, record: str) -> str | None:
    """The name of the part that would hold a record."""
    digits = record.partition(":")[2]
    return next((name for name in table.parts if name == WHOLE or digits.startswith(name)), None)


def row_of(table: StoredTable, record: str) -> dict[str, Any] | None:
    """A record as one table has it, or None."""
    part = part_of(table, record)
    if part is None:
        return None
    ids = table.read(part, ["id"]).column("id")
    index = pc.index(ids, record).as_py()
    return table.read(part).slice(index, 1).to_pylist()[0] if index >= 0 else None


def drop_of(table: StoredTable, record: str) -> dict[str, Any] | None:
    """How a table dropped a record, or None."""
    part = part_of(table, record)
    if part is None or not table.parts[part].dropped:
        return None
    dropped = table.read_dropped(part)
    index = pc.index(dropped.column("id"), record).as_py()
    return dropped.slice(index, 1).to_pylist()[0] if index >= 0 else None


def stored(project: Project, record: str) -> dict[str, Any] | None:
    """What pull made of a record: its row, or how it was refused; None if it never was."""
    found = tables(project, source_of(record))[:1]
    return (row_of(found[0], record) or drop_of(found[0], record)) if found else None


def missing(how: str, record: str) -> ProjectError:
    """There is no such record."""
    return ProjectError(
        f"no record {how} {ascii(record)[:80]}",
        fix="ids look like SOURCE:0123456789abcdef; list some with: curate show SOURCE",
    )
