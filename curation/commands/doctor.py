"""`curate doctor`: is everything here that the work needs? Each failure comes with its fix."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click

from curation.core.app import App, pass_app
from curation.core.errors import CurateError, MissingError, ProjectError, RetryError
from curation.core.project import KEY_FILE, NoProjectError, Project
from curation.core.stage import library_version
from curation.core.ui import count

EXTRAS = {
    "hf": ("huggingface_hub", "pull from Hugging Face"),
    "pii": ("presidio_analyzer", "scrub personal data"),
    "tag": ("safetensors", "tag emotions"),
    "train": ("torch", "train adapters"),
}

OPTIONAL = {
    "voice": ("yt_dlp", "videos, podcasts, recordings"),
    "knowledge": ("pypdf", "documents as questions and answers"),
    "review": ("argilla", "people review"),
    "ray": ("ray", "several machines"),
}
"""Needed only by what asks for them; see `_asked`."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `error` is the kind of error it is where it fails."""

    name: str
    ok: bool
    found: str
    fix: str = ""
    error: type[CurateError] = ProjectError


def checks(app: App) -> Iterator[Check]:
    """Look at Python, extras, disk and project."""
    yield Check(
        "python", sys.version_info >= (3, 11), sys.version.split()[0], "install Python 3.11 or newer", MissingError
    )
    for extra, (module, purpose) in EXTRAS.items():
        yield _extra(extra, module, purpose, needed=True)
    try:
        project = app.project
    except NoProjectError as error:
        # Only a folder that was named has to be a project.
        yield Check("project", app.start is None, "there is none here", error.fix or "")
        return
    except CurateError as error:
        where = f" ({error.where})" if error.where else ""
        yield Check("project", False, error.what + where, error.fix or "", type(error))
        return
    yield from _project_checks(project)


def _project_checks(project: Project) -> Iterator[Check]:
    yield Check("project", True, f"{len(project.sources)} source(s)")
    asked = _asked(project)
    for extra, (module, purpose) in OPTIONAL.items():
        yield _extra(extra, module, purpose, needed=extra in asked)
    yield from _server(project)
    mode = (project.root / KEY_FILE).stat().st_mode & 0o777
    yield Check("project key", mode == 0o600, f"mode {mode:o}", f"chmod 600 {KEY_FILE}")
    if project.data.exists():
        mode = project.data.stat().st_mode & 0o777
        yield Check("data folder", mode == 0o700, f"mode {mode:o}", "chmod 700 data")
    yield from _bases(project)
    free = shutil.disk_usage(project.root).free
    yield Check("disk", free > 2 << 30, f"{free / 1e9:.0f} GB free", "free some space; curate gc helps", RetryError)


def _extra(extra: str, module: str, purpose: str, *, needed: bool) -> Check:
    here = importlib.util.find_spec(module) is not None
    version = library_version(module.replace("_", "-")) if here else "not installed"
    unasked = "" if here or needed else ", and nothing here asks for it"
    fix = f"pip install 'curation[{extra}]'"
    return Check(f"extra {extra}", here or not needed, f"{version}{unasked} ({purpose})", fix, MissingError)


def _asked(project: Project) -> set[str]:
    """The optional extras that this project needs."""
    kinds = {source.kind for source in project.enabled().values()}
    asked = {extra for extra, kind in (("voice", "youtube"), ("knowledge", "knowledge")) if kind in kinds}
    return asked | ({"ray"} if project.settings.engine == "ray" else set())


def _server(project: Project) -> Iterator[Check]:
    """The annotation server of the project, where there is one."""
    if importlib.util.find_spec("argilla") is None:
        return
    from curation.review.argilla import SERVER_FILE, server_of
    from curation.review.server import environment

    installed = any(environment.place().glob("*/.complete"))
    if not (project.data / SERVER_FILE).exists():
        found = "installed" if installed else "not installed yet; the first curate review serve does it"
        yield Check("server", True, f"annotation server {found}")
        return
    try:
        sets = server_of(project.data).names()
        yield Check("server", True, f"annotation server runs, {count(len(sets), 'data set')}")
    except MissingError:
        yield Check("server", True, "annotation server does not answer now; to start it: curate review serve")
    except CurateError as error:
        yield Check("server", False, error.what, error.fix or "", type(error))


def _bases(project: Project) -> Iterator[Check]:
    """Does the base of each training recipe, where it is here, speak the template that the recipe names?"""
    if importlib.util.find_spec("transformers") is None:
        return
    from curation.train.adapters import recipes
    from curation.train.agreement import compare

    for name, recipe in recipes(project).items():
        try:
            found = compare(recipe, project.root)
            yield Check(f"base {name}", True, found)
        except MissingError as error:
            yield Check(f"base {name}", True, f"not here yet: {error.fix}" if error.fix else "not here yet")
        except CurateError as error:
            yield Check(f"base {name}", False, error.what, error.fix or "", type(error))


@click.command()
@pass_app
def doctor(app: App) -> None:
    """Check the installation and, inside a project, the project."""
    found = list(checks(app))
    if app.ui.json:
        app.ui.emit([{"name": c.name, "ok": c.ok, "found": c.found, "fix": c.fix} for c in found])
    else:
        for check in found:
            app.ui.out(
                f"{'ok  ' if check.ok else 'FAIL'} {check.name:<16} {check.found}"
                + ("" if check.ok or not check.fix else f"\n     mend: {check.fix}")
            )
    failed = [check for check in found if not check.ok]
    if failed:
        # A project that is wrong comes before what is missing around it.
        worst = min(failed, key=lambda check: check.error.exit_code)
        names = ", ".join(check.name for check in failed)
        raise worst.error(f"{count(len(failed), 'check')} failed: {names}", fix=worst.fix)
