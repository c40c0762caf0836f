"""The report as one HTML page that needs nothing else: no script, no request, no row's text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from curation.report import ability, content, outcome, voice, way
from curation.report.markup import number, percent, text
from curation.report.style import STYLE
from curation.report.summary import Notice, Summary

MOST_BYTES = 200 * 1024
"""A page that can be mailed and opens at once. Where it would be larger, lists are cut shorter."""

_LIMITS = (30, 15, 5)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_NOTICES = {
    "licence": "Licence unknown, non-commercial or AGPL, and vouched for by nobody: nothing of it can be exported",
    "accepted": "Licence unknown or restricted, used on a person's recorded word",
    "disabled": "Switched off, and left out everywhere",
    "unfinished": "Not up to date: these numbers stop before the last step (curate run)",
    "preview": "Emotion labels of preview quality, not yet checked on conversations like these",
    "unreadable": "Could not be read and is missing here (curate verify)",
}

_NAMED = 12


def render(summary: Summary) -> str:
    """The page for a summary: the same summary gives the same page, at most 200 KiB."""
    page = ""
    for limit in _LIMITS:
        page = _page(summary, limit)
        if len(page.encode()) <= MOST_BYTES:
            break
    return page


def _page(summary: Summary, limit: int) -> str:
    name = text(summary.project)
    sections = list(_sections(summary, limit))
    links = "".join(f'<a href="#{key}">{title}</a>' for key, title, _, _ in sections)
    run = (
        f'<p class="soft">Last run that changed a table: {text(_moment(summary.last_run))}</p>'
        if summary.last_run
        else ""
    )
    parts = "".join(
        f'<section id="{key}"><h2>{title}</h2><p class="lead">{lead}</p>\n{body}</section>\n'
        for key, title, lead, body in sections
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{name}: curation report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<header><p class="kicker">Curation report</p><h1>{name}</h1>{run}'
        f'<nav aria-label="Sections">{links}</nav></header>\n'
        f"<main>\n{_numbers(summary)}{_notices(summary.notices)}{parts}</main>\n"
        "<footer>Numbers and names only: no text of any conversation stands on this page. "
        "What became of one record, and why: <code>curate why ID</code>. "
        "The same numbers for programs: <code>curate --json report</code>.</footer>\n</body>\n</html>\n"
    )


def _sections(summary: Summary, limit: int) -> Iterator[tuple[str, str, str, str]]:
    """Id, title, lead and body of each section that has something to show."""
    found: tuple[tuple[object, str, str, str, Callable[[], str]], ...] = (
        (
            summary.rows_read,
            "stages",
            "From rows to records",
            "Every row that was read is either kept or dropped for a reason that was counted; none vanishes.",
            lambda: way.funnel(summary),
        ),
        (
            summary.sources,
            "by-source",
            "Source by source",
            "What each source brought, and what is left of it.",
            lambda: way.by_source(summary, limit),
        ),
        (
            summary.personal_data,
            "personal-data",
            "Personal data",
            "Places where personal data was recognised and replaced before anything was stored for use. "
            "What no rule recognises is not counted here.",
            lambda: content.personal_data(summary, limit),
        ),
        (
            summary.languages,
            "language",
            "Languages",
            "Found by rule, record by record; short texts can stay unknown.",
            lambda: content.languages(summary),
        ),
        (
            summary.emotions,
            "emotion",
            "Emotions",
            "What a model says each turn expresses. A turn can carry several emotions or none; it is a model's guess, "
            "not a clinical judgement.",
            lambda: content.emotions(summary, limit),
        ),
        (
            any(source.arcs.get("described") for source in summary.sources),
            "arcs",
            "Arcs",
            "How the valence of each side moves from the first third of a conversation to the last. It describes; good "
            "help and bad are not told apart by it, so nothing is kept or dropped for it.",
            lambda: ability.arcs(summary, limit),
        ),
        (
            summary.empathy or summary.strategies,
            "empathy",
            "Empathy and strategies",
            "How far answers react, interpret and explore, and what turns do, by the heads that were fitted on this "
            "project's own answers.",
            lambda: ability.empathy(summary),
        ),
        (
            summary.eq,
            "ability",
            "Emotional ability",
            "Five domains of what the answering side shows. A proxy counts forms of words; where people's ratings do "
            "not bear it out, or nobody has checked, it goes into no export.",
            lambda: ability.domains(summary),
        ),
        (
            summary.voice,
            "voice",
            "Voice",
            "How one person speaks, by words that tell of no topic, and how far their words are told from others'. It "
            "is a habit of wording that is measured: neither who somebody is, nor whether what they say is any good.",
            lambda: voice.voice(summary, limit),
        ),
        (
            summary.risk,
            "risk",
            "Risk",
            "What written rules and a small model found in the rows. From level 2 on a row waits for a person and "
            "leaves in no mix. It is no diagnosis, and some of what is said obliquely is missed.",
            lambda: content.risk(summary, limit),
        ),
        (
            summary.mixes,
            "mixes",
            "Mixes",
            "The training data that was exported: what the recipe asked for, what it got, what was left out and why.",
            lambda: outcome.mixes(summary, limit),
        ),
        (
            summary.sources,
            "rights",
            "Licences and sources",
            "By what right each source is used, and exactly which version of it.",
            lambda: way.rights(summary, limit),
        ),
        (
            summary.adapters,
            "adapters",
            "Adapters",
            "What was trained, and how well it predicts conversations it has not seen, before and after.",
            lambda: outcome.adapters(summary, limit),
        ),
        (
            summary.seconds,
            "time",
            "Time",
            "Only steps with something to do take time; the next run of unchanged data takes none.",
            lambda: outcome.time(summary),
        ),
    )
    return ((key, title, lead, body()) for there, key, title, lead, body in found if there)


def _numbers(summary: Summary) -> str:
    read, kept = summary.rows_read, summary.rows_kept
    used = sum(bool(source.steps) for source in summary.sources)
    replaced = sum(summary.personal_data.values())
    mixed = sum(mix.rows for mix in summary.mixes)
    cards = (
        ("Rows read", number(read), f"from {_count(used, 'source')}"),
        ("Rows kept", number(kept), f"{percent(kept, read)} of those read"),
        ("Rows dropped", number(read - kept), f"for {_count(len(summary.reasons), 'reason')}"),
        ("Personal data", number(replaced), f"{'place' if replaced == 1 else 'places'} replaced"),
        ("Exported", number(mixed), f"rows in {_count(len(summary.mixes), 'mix', 'mixes')}"),
        ("Trained", number(len(summary.adapters)), "adapter" if len(summary.adapters) == 1 else "adapters"),
    )
    return (
        '<dl class="numbers">'
        + "".join(
            f'<div><dt>{name}</dt><dd class="big">{value}</dd><dd class="small">{note}</dd></div>'
            for name, value, note in cards
        )
        + "</dl>\n"
    )


def _count(count: int, noun: str, plural: str | None = None) -> str:
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def _moment(stamp: str) -> str:
    """An ISO 8601 time as people read it."""
    return stamp.replace("T", " ").replace("+00:00", " UTC")


def _notices(notices: tuple[Notice, ...]) -> str:
    if not notices:
        return ""
    lines = []
    for notice in notices:
        names = [text(name) for name in notice.names[:_NAMED]]
        if len(notice.names) > _NAMED:
            names.append(f"{number(len(notice.names) - _NAMED)} more")
        lines.append(f"<li>{_NOTICES[notice.kind]}: <strong>{', '.join(names)}</strong></li>")
    return (
        '<section class="notices" aria-label="Notices"><h2>Before you read on</h2>'
        f"<ul>{''.join(lines)}</ul></section>\n"
    )
