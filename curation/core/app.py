"""What every command gets: the terminal, the project, and the way to have tables brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from curation.core.errors import ProjectError
from curation.core.made import Make
from curation.core.project import NoProjectError, Project
from curation.core.records import source_of
from curation.core.store import WHOLE, Store, View
from curation.core.ui import Ui

Bring = Callable[["App", str, tuple[str, ...]], Mapping[str, View]]
"""(app, how far, chosen sources) -> the view of each source. The commands on top inject it, for a verb may not
import the verbs before it."""

BringMix = Callable[["App", str], Path]
"""(app, mix) -> the folder of its current export."""


IF_CHANGED = "written anew where its rows, its recipe or people's answers have changed"
"""What becomes of a mix, as far as it can be told before its rows are there."""

Foresee = Callable[["App", str, tuple[str, ...]], dict[str, list[dict[str, str]]]]
"""(app, how far, chosen sources) -> for each source the steps that `Bring` would run, and why."""


@dataclass
class App:
    """The object behind every click command (`ctx.obj`)."""

    ui: Ui
    start: Path | None = None
    flags: dict[str, Any] = field(default_factory=dict)
    build: bool = True
    bring_tables: Bring | None = None
    bring_export: BringMix | None = None
    foresee: Foresee | None = None
    make: Make | None = None

    @cached_property
    def project(self) -> Project:
        """The project at hand, opened at first use."""
        return Project.open(self.start, self.flags)

    @cached_property
    def settings_of(self) -> Project | None:
        """The project whose settings count for what keeps nothing, so that it needs no key; None outside of one."""
        try:
            return Project.open(self.start, self.flags, keyless=True)
        except NoProjectError:
            return None

    def bring(self, upto: str, sources: tuple[str, ...] = ()) -> Mapping[str, View]:
        """Bring tables up to date as far as 'raw', 'records' (cleaned) or 'tagged', and lay them over each other."""
        assert self.bring_tables is not None
        return self.bring_tables(self, upto, sources)

    def check_known(self, record: str) -> None:
        """Refuse what is no record of the last pull.

        Raises:
            ProjectError: there is no such record, or its source is not pulled.
        """
        source, digits = source_of(record), record.partition(":")[2]
        self.project.enabled((source,))
        entry = self.project.lock().sources.get(source)
        table = Store(self.project.raw / "tables").find(source, "raw", entry.table) if entry else None
        if table is None:
            raise ProjectError(f"'{source}' is not pulled, so it has no records", fix=f"curate pull {source}")
        part = next((name for name in table.parts if name == WHOLE or digits.startswith(name)), None)
        if part is None or record not in table.read(part, ["id"]).column("id").to_pylist():
            raise ProjectError(f"no record is called {ascii(record)[:80]}", fix=f"list some with: curate show {source}")

    def dry_run(self, upto: str, sources: tuple[str, ...] = (), last: Mapping[str, str] | None = None) -> None:
        """Say what `bring` would do, and what the command would do after it, without doing any of it.

        Args:
            upto: as for `bring`.
            sources: as for `bring`.
            last: what comes after the tables, with what would become of it.
        """
        assert self.foresee is not None
        found = self.foresee(self, upto, sources)
        if self.ui.json:
            self.ui.emit({**found, **({"then": dict(last)} if last else {})})
            return
        wide = max(16, *map(len, [*found, *(last or {})]))
        for name, steps in found.items():
            for step in steps or [{"step": "", "why": "up to date"}]:
                self.ui.out(f"{name:<{wide}} {step['step']:<10} {step['why']}")
        for name, what in (last or {}).items():
            self.ui.out(f"{name:<{wide}} {what}")
        self.ui.say("nothing was done: this was a dry run")

    def bring_mix(self, mix: str) -> Path:
        """Bring a mix's export up to date and return its folder."""
        assert self.bring_export is not None
        return self.bring_export(self, mix)


def _choose_engine(context: click.Context, option: click.Parameter, given: str | None) -> None:
    if given is not None:
        context.find_root().obj.flags["engine"] = given


engine_option = click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    expose_value=False,
    callback=_choose_engine,
    help="Where stages run: here, or on Ray (see docs/scale.md). [local]",
)
"""For commands that run stages; the same as the setting `engine`."""

pass_app = click.make_pass_decorator(App)
"""Decorates a click command whose first argument is the App."""
