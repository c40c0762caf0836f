"""`curate tag`."""

from __future__ import annotations

from pathlib import Path

import click

from curation.core import files
from curation.core.annotations import Annotations
from curation.core.app import App, engine_option, pass_app
from curation.core.errors import ProjectError
from curation.core.ui import count


@click.group()
def tag() -> None:
    """Tag emotions, empathy, strategies and risk."""


@tag.command()
@click.argument("sources", nargs=-1)
@engine_option
@pass_app
def run(app: App, sources: tuple[str, ...]) -> None:
    """Tag every turn with the emotions it expresses, rate empathy where there is
    a head for it, and screen each row for risk.

    Pulls and cleans first what is not up to date.
    """  # noqa: D205
    views = app.bring("tagged", sources)
    if app.ui.json:
        app.ui.emit({name: {"rows": view.rows} for name, view in views.items()})
        return
    app.ui.table(("source", "tagged"), [(name, view.rows) for name, view in views.items()])
    app.ui.say(f"{count(len(views), 'source')} tagged; next: curate export")


@tag.command()
@click.argument("head")
@click.option("--file", "paths", type=click.Path(path_type=Path, dir_okay=False), multiple=True,
              help="Also learn from JSON lines: text, label. May be given several times.")  # fmt: skip
@click.option("--judges", is_flag=True, help="Also learn from endpoints' answers, where no person answered.")
@click.option("--dry-run", is_flag=True, help="Fit and measure, but keep nothing.")
@pass_app
def fit(app: App, head: str, paths: tuple[Path, ...], judges: bool, dry_run: bool) -> None:
    """Fit HEAD on what people answered in this project: empathy, esconv8,
    mi-therapist or mi-client.

    Writes heads/HEAD.safetensors, which curate tag run finds. Prints how the
    answers of five held-out folds agree with people, beside a head that always
    gives the most frequent answer. Learn from files only with the right to.
    """  # noqa: D205
    from curation.tag import answered, fit_head, heads

    kind = heads.known(head)
    found = answered.from_files(kind, paths)
    said = [a for a in Annotations(app.project.root / "annotations").current() if answered.question(kind, a.question)]
    if said:
        here = sorted({a.record.partition(":")[0] for a in said} & set(app.project.enabled()))
        views = app.bring("records", tuple(here)) if here else {}
        by_people = answered.from_annotations(kind, said, views, judges=judges)
        found.examples += by_people.examples
        found.left_out += by_people.left_out
    for reason, number in sorted(found.left_out.items()):
        app.ui.say(f"  {number:>6} left out: {reason}")
    if not found.examples:
        raise ProjectError(
            f"nobody answered anything that '{head}' could learn from",
            where="annotations",
            fix=f"have turns rated ({', '.join(kind.questions)}), or name --file; see docs/tagging.md",
        )
    data, measured = fit_head.fit(kind, found.examples)
    path = app.project.root / heads.FOLDER / f"{head}.safetensors"
    if not dry_run:
        with app.project.writing():
            files.write_bytes(path, data)
    if app.ui.json:
        told = {name: one.document() for name, one in measured.items()}
        app.ui.emit({"head": head, "examples": len(found.examples), "left_out": dict(found.left_out), "held_out": told})
        return
    columns = ("question", "answers", "macro-F1", "majority", "accuracy", "majority")
    app.ui.table(columns, [
        (name, sum(m.examples.values()), f"{m.macro_f1:.3f}", f"{m.majority_f1:.3f}", f"{m.accuracy:.3f}",
         f"{m.majority_accuracy:.3f}") for name, m in measured.items()
    ])  # fmt: skip
    kept = "nothing was kept: this was a dry run" if dry_run else f"{heads.FOLDER}/{path.name}; next: curate tag run"
    app.ui.say(f"{count(len(found.examples), 'turn')} learned from; {kept}")


@tag.command()
@click.argument("rubric")
@click.argument("sources", nargs=-1)
@click.option("--endpoint", required=True, help="An endpoint of curate.toml that rates.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Rate so many at most.")
@click.option("--dry-run", is_flag=True, help="Say what it would use at most; send nothing.")
@pass_app
def judge(app: App, rubric: str, sources: tuple[str, ...], endpoint: str, limit: int, dry_run: bool) -> None:
    """Let an endpoint rate conversations by RUBRIC (empathy or eq, of
    labeling/rubrics).

    What it answers is kept apart from people's answers: curate tag fit learns
    from it with --judges, and the report names it. Rows that wait for a person
    because of their risk are not sent. Going on: the same command again.
    """  # noqa: D205
    from curation.tag import judge as judging

    asked = judging.load(app.project, rubric)
    views = app.bring("tagged", sources)
    found = judging.asked(app.project, asked, endpoint, views, limit, dry=dry_run)
    if app.ui.json:
        app.ui.emit(dict(found) if not dry_run else vars(found))
    elif dry_run:
        app.ui.say(f"{found.requests} requests, at most {found.tokens_in} + {found.tokens_out} tokens, cost "
                   f"{found.cost:.4f}; nothing was sent: this was a dry run")  # fmt: skip
    else:
        app.ui.say(f"{found['rated']} rated, {found['refused']} replies of no use; next: curate report")
