"""What every command gets: the terminal, the project, and the way to have tables brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from curation.core.project import Project
from curation.core.store import View
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

    @cached_property
    def project(self) -> Project:
        """The project at hand, opened at first use."""
        return Project.open(self.start, self.flags)

    def bring(self, upto: str, sources: tuple[str, ...] = ()) -> Mapping[str, View]:
        """Bring tables up to date as far as 'raw', 'records' (cleaned) or 'tagged', and lay them over each other."""
        assert self.bring_tables is not None
        return self.bring_tables(self, upto, sources)

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
        for name, steps in found.items():
            for step in steps or [{"step": "", "why": "up to date"}]:
                self.ui.out(f"{name:<16} {step['step']:<10} {step['why']}")
        for name, what in (last or {}).items():
            self.ui.out(f"{name:<16} {what}")
        self.ui.say("nothing was done: this was a dry run")

    def bring_mix(self, mix: str) -> Path:
        """Bring a mix's export up to date and return its folder."""
        assert self.bring_export is not None
        return self.bring_export(self, mix)


pass_app = click.make_pass_decorator(App)
"""Decorates a click command whose first argument is the App."""
