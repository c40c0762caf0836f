"""`curate generate knowledge` and `curate generate cards`."""

from __future__ import annotations

import click

from curation.core.app import App, pass_app
from curation.core.errors import ProjectError
from curation.core.project import Project
from curation.core.sources import KNOWLEDGE_TOPICS, KnowledgeSource
from curation.generate.chosen import of_kind


def _chosen(project: Project, names: tuple[str, ...]) -> dict[str, KnowledgeSource]:
    fix = "add one: {kind: knowledge, path: documents/, licence: …}; see docs/knowledge.md"
    return of_kind(project, names, KnowledgeSource, "knowledge", fix)


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Read the documents; say what would be made and what it would cost.")
@pass_app
def knowledge(app: App, sources: tuple[str, ...], dry_run: bool) -> None:
    """Make cited questions and answers of your documents.

    Of PDF, Markdown, HTML, or chunks as JSONL: by templates over the documents'
    own words, or worded by the endpoint that a source names. Without SOURCES:
    all sources of knowledge.
    """
    from curation.core import made

    project = app.project
    chosen = _chosen(project, sources)
    if dry_run:
        for name, source in chosen.items():
            _foresee(app, name, source)
        app.ui.say("nothing was made or sent: this was a dry run")
        return
    views = app.bring("raw", tuple(chosen))
    told = {}
    for name, source in chosen.items():
        # None where a record was withdrawn: then nothing is kept that it could be read in.
        note = made.note(project, name, made.revision(project, name, source)) or {}
        told[name] = {"records": views[name].rows, **{what: note[what] for what in _TOLD if what in note}}
    if app.ui.json:
        app.ui.emit(told)
        return
    for name, what in told.items():
        of = f" of {what['cards']} cards" if "cards" in what else "; pages and cards went with a withdrawn record"
        app.ui.out(f"{name}: {what['records']} records{of}")
        for reason, number in what.get("rejected", {}).items():
            app.ui.out(f"  {number:>6} cards without a record: {reason}")
        for reason, number in what.get("sentences_refused", {}).items():
            app.ui.out(f"  {number:>6} sentences that make no card: {reason}")
        if what.get("pages_screened"):
            app.ui.out(f"  {what['pages_screened']:>6} pages left out, for they hold what must not exist")
    app.ui.say(f"next: curate generate cards {next(iter(told))}, then: curate run")


_TOLD = ("cards", "rejected", "sentences_refused", "pages_screened")


def _foresee(app: App, name: str, source: KnowledgeSource) -> None:
    from curation.core import made
    from curation.generate import asking, knowledge
    from curation.methods import endpoint

    project = app.project
    content = knowledge.read(project, name, source, app.ui.say)
    cards = [card for of_file in content.cards.values() for card in of_file]
    app.ui.say(f"{name}: {sum(map(len, content.pages.values()))} pages, {len(cards)} cards")
    if source.endpoint:
        replies = made.folder(project, name) / made.REPLIES
        client = endpoint.client(project.settings.endpoints, source.endpoint, replies)
        app.ui.say(f"{name}: {knowledge.estimate(client, asking.requests(cards))}")


@click.command()
@click.argument("source")
@click.option(
    "--topic", metavar="SET.LABEL", help="Only cards on a topic, such as big-five.neuroticism, or on all of a set."
)
@click.option("--rejected", is_flag=True, help="Only cards that became no record.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many.")
@pass_app
def cards(app: App, source: str, topic: str | None, rejected: bool, limit: int) -> None:
    """List the claims of a source with their places.

    Each citation is checked against the stored page. The claims are texts as
    they are, not scrubbed.
    """
    from curation.generate import stored

    if topic is not None:
        _check_topic(topic)
    _chosen(app.project, (source,))
    found = stored.cards(app.project, source)
    wanted = [
        card
        for card in found
        if (topic is None or card["topic"] == topic or (card["topic"] or "").partition(".")[0] == topic)
        and (not rejected or card["reject"])
    ]
    if app.ui.json:
        app.ui.emit(wanted[:limit])
        return
    for card in wanted[:limit]:
        place = f"{card['document']}, {'section' if card['section'] else 'page'} {card['page']}"
        app.ui.out(f"{card['card']}  {place}, {card['start']}-{card['end']}  {card['topic'] or 'no topic'}")
        app.ui.out(f"  {card['claim']}" + (f"\n  no record: {card['reject']}" if card["reject"] else ""))
    app.ui.say(f"{min(limit, len(wanted))} of {len(wanted)} cards; every citation agrees with its page")


def _check_topic(topic: str) -> None:
    from curation.core import taxonomies

    known = [f"{name}.{label}" for name in KNOWLEDGE_TOPICS for label in taxonomies.load(name).ids]
    if topic not in (*known, *KNOWLEDGE_TOPICS):
        fix = taxonomies.nearest(topic, (*known, *KNOWLEDGE_TOPICS))
        raise ProjectError(f"no topic is called '{topic}'", where="--topic", fix=fix[:200])
