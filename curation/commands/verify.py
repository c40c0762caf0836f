"""`curate verify`: is every stored byte the byte that was written?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import click

from curation.core import files
from curation.core.app import App, pass_app
from curation.core.errors import IntegrityError
from curation.core.project import Project
from curation.core.store import Store


def damaged(project: Project) -> Iterator[str]:
    """The path, relative to the project, of every file that is not what was written."""
    from curation.core.annotations import Annotations
    from curation.export.export import verify_exports
    from curation.pull.withdraw import verify_downloads
    from curation.train.adapters import verify_adapters

    for root in (project.raw / "tables", project.data / "tables"):
        for path in Store(root).verify():
            yield str((root / path).relative_to(project.root))
    yield from verify_downloads(project)
    yield from verify_exports(project)
    yield from verify_adapters(project)
    for run in sorted((project.data / "runs").glob("*.json")):
        try:
            files.read_sealed(run)
        except IntegrityError:
            yield str(run.relative_to(project.root))
    try:
        list(Annotations(project.root / "annotations").history())
    except IntegrityError:
        yield "annotations/answers.jsonl"


@click.command()
@click.option("--repair", is_flag=True, help="Delete damaged tables; the next run makes them anew.")
@pass_app
def verify(app: App, repair: bool) -> None:
    """Check every byte below data/ and the annotations."""
    project = app.project
    with project.writing():
        # Under the lock nobody is writing: what lies beside its target was left by a killed run.
        files.remove_asides(project.data)
        wrong = list(damaged(project))
        if app.ui.json:
            app.ui.emit({"damaged": wrong})
        for path in () if app.ui.json else wrong:
            app.ui.out(path)
        if repair:
            wrong = _repair(project, wrong)
            app.ui.say("damaged derived files were deleted; next: curate run")
    if wrong:
        raise IntegrityError(
            f"{len(wrong)} damaged or unknown file(s)",
            where=wrong[0],
            fix="derived files: curate verify --repair; annotations: curate review restore FILE",
        )
    app.ui.say("every stored byte is the byte that was written")


def _repair(project: Project, wrong: list[str]) -> list[str]:
    """Delete what is damaged and can be made anew; returns what is left for people to mend."""
    while derived := [path for path in wrong if path.startswith("data/")]:
        for path in derived:
            place = project.root / path
            place.unlink(missing_ok=True)
            if place.parent.name == "parts":
                # Without its seal the part counts for nothing, and a table without all its parts is found next.
                place.with_name(place.name.partition(".")[0] + ".json").unlink(missing_ok=True)
            if "exports" in place.parts or "adapters" in place.parts:
                shutil.rmtree(place.parent, ignore_errors=True)
        wrong = list(damaged(project))
    return wrong
