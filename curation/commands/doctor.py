"""`curate doctor`: is everything here that the work needs? Each failure comes with its fix."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click

from curation.core.app import App, pass_app
from curation.core.errors import CurateError, MissingError
from curation.core.project import KEY_FILE, Project
from curation.core.stage import library_version

EXTRAS = {
    "hf": ("huggingface_hub", "pull from Hugging Face"),
    "pii": ("presidio_analyzer", "scrub personal data"),
    "tag": ("safetensors", "tag emotions"),
    "train": ("torch", "train adapters"),
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def checks(app: App) -> Iterator[Check]:
    """Look at Python, extras, disk and project."""
    yield Check("python", sys.version_info >= (3, 11), sys.version.split()[0], "install Python 3.11 or newer")
    for extra, (module, purpose) in EXTRAS.items():
        here = importlib.util.find_spec(module) is not None
        version = library_version(module.replace("_", "-")) if here else "not installed"
        yield Check(f"extra {extra}", here, f"{version} ({purpose})", f"pip install 'curation[{extra}]'")
    try:
        project = app.project
    except CurateError as error:
        yield Check("project", False, error.what, error.fix or "")
        return
    yield from _project_checks(project)


def _project_checks(project: Project) -> Iterator[Check]:
    yield Check("project", True, f"{len(project.sources)} source(s)")
    mode = (project.root / KEY_FILE).stat().st_mode & 0o777
    yield Check("project key", mode == 0o600, f"mode {mode:o}", f"chmod 600 {KEY_FILE}")
    if project.data.exists():
        mode = project.data.stat().st_mode & 0o777
        yield Check("data folder", mode == 0o700, f"mode {mode:o}", "chmod 700 data")
    free = shutil.disk_usage(project.root).free
    yield Check("disk", free > 2 << 30, f"{free / 1e9:.0f} GB free", "free some space; curate gc helps")


@click.command()
@pass_app
def doctor(app: App) -> None:
    """Check the installation and, inside a project, the project."""
    found = list(checks(app))
    if app.ui.json:
        app.ui.emit([vars(check) for check in found])
    else:
        for check in found:
            app.ui.out(
                f"{'ok  ' if check.ok else 'FAIL'} {check.name:<12} {check.found}"
                + ("" if check.ok or not check.fix else f"\n     mend: {check.fix}")
            )
    failed = [check for check in found if not check.ok]
    if failed:
        raise MissingError(f"{len(failed)} check(s) failed: {', '.join(c.name for c in failed)}", fix=failed[0].fix)
