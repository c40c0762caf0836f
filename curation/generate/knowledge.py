"""Make the rows of a source of knowledge: documents → pages → cards → questions and answers, each with its citation."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from curation.core import files, made, taxonomies
from curation.core.errors import ProjectError, require
from curation.core.project import Project
from curation.core.sources import KNOWLEDGE_TOPICS, KnowledgeSource
from curation.generate import asking, documents
from curation.generate.asking import Worded
from curation.generate.cards import Card, cards
from curation.generate.page import Page
from curation.generate.questions import question
from curation.methods import endpoint, screen

Say = Callable[[str], None]

PAGES, CARDS = "pages.parquet", "cards.parquet"
"""Files beside the made rows: every page's text, and every card with what became of it."""

PAGES_SCHEMA = pa.schema(
    [
        ("document_sha256", pa.string()),
        ("document", pa.string()),
        ("page", pa.int64()),
        ("section", pa.string()),
        ("place", pa.int64()),
        ("text", pa.string()),
    ]
)
"""`place` counts the pages of a file; with the file's digest it names a page."""

CARDS_SCHEMA = pa.schema(
    [
        ("card", pa.string()),
        ("document_sha256", pa.string()),
        ("document", pa.string()),
        ("page", pa.int64()),
        ("section", pa.string()),
        ("place", pa.int64()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("quote_sha256", pa.string()),
        ("claim", pa.string()),
        ("topic", pa.string()),
        ("reject", pa.string()),
    ]
)
"""`reject` says why a card became no record, null where it became one."""


@dataclass(frozen=True)
class Read:
    """What the documents of a source hold.

    Attributes:
        pages: by the name of the file, the pages that may be kept.
        cards: by the name of the file.
        digests: SHA-256 of each file.
        refused: sentences that make no card, by reason.
        screened: pages left out because of what must not exist.
    """

    pages: Mapping[str, Sequence[Page]]
    cards: Mapping[str, Sequence[Card]]
    digests: Mapping[str, str]
    refused: Counter[str]
    screened: int


def read(project: Project, name: str, source: KnowledgeSource, say: Say) -> Read:
    """Read the documents of a source and find their cards; writes nothing.

    Raises:
        MissingError: the extra `knowledge` is not installed.
        ProjectError: a document that cannot be read, or an unknown taxonomy; also where no card is found at all.
    """
    require("knowledge", "pypdf", "markdown_it")
    for topic in source.topics:
        if topic not in KNOWLEDGE_TOPICS:
            fix = taxonomies.nearest(topic, KNOWLEDGE_TOPICS)
            raise ProjectError(f"no taxonomy with topics is called '{topic}'", where=f"source '{name}'", fix=fix)
    pages: dict[str, Sequence[Page]] = {}
    found: dict[str, Sequence[Card]] = {}
    digests: dict[str, str] = {}
    refused: Counter[str] = Counter()
    seen: set[str] = set()
    screened = 0
    aside = files.make_dir(project.raw)
    for shown, path in made.material(project, name, source).items():
        whole = documents.read(path, shown, source, aside)
        flags = screen.flag_texts(pa.array([page.text for page in whole], pa.string())).to_pylist()
        pages[shown] = [page for page, flag in zip(whole, flags, strict=True) if not flag]
        screened += sum(flags)
        digests[shown] = files.sha256_file(path)
        found[shown] = list(cards(pages[shown], shown, digests[shown], source.topics, seen, refused))
        say(f"{name}: {shown}: {len(whole)} pages, {len(found[shown])} cards")
    if not any(found.values()):
        raise ProjectError(
            "no sentence of these documents makes a card",
            where=f"source '{name}'",
            fix="a card is a whole sentence that stands alone; see docs/knowledge.md for what is left out",
        )
    return Read(pages, found, digests, refused, screened)


def make(project: Project, name: str, source: KnowledgeSource, say: Say) -> None:
    """Make the rows of a source and publish them for `pull` to read. Hold `project.writing()` around it.

    Raises:
        CurateError: as `read`, and as the endpoint's client; replies so far are kept, nothing is published.
    """
    decided = made.revision(project, name, source)
    content = read(project, name, source, say)
    all_cards = [card for of_file in content.cards.values() for card in of_file]
    worded = ask(project, name, source, all_cards, say) if source.endpoint else [_template(card) for card in all_cards]
    rejected = Counter(each.reject for each in worded if each.reject)
    records = len(all_cards) - rejected.total()
    if not records:
        raise ProjectError(
            f"none of the {len(all_cards)} cards became a record ({_counts(rejected)}); nothing was published",
            where=f"source '{name}'",
            fix="another model may do better" if source.endpoint else "an endpoint words what no template fits",
        )
    by_card = iter(worded)
    rows = {
        shown: b"".join(_row(card, each) for card, each in zip(of_file, by_card, strict=False) if not each.reject)
        for shown, of_file in content.cards.items()
    }
    beside = {PAGES: _parquet(_pages_table(content)), CARDS: _parquet(_cards_table(all_cards, worded))}
    about = {
        "cards": len(all_cards),
        "records": records,
        "rejected": dict(sorted(rejected.items())),
        "sentences_refused": dict(sorted(content.refused.items())),
        "pages_screened": content.screened,
    }
    made.publish(project, name, decided, rows, about, beside)
    say(f"{name}: {records} records of {len(all_cards)} cards ({source.synthetic})")


def ask(project: Project, name: str, source: KnowledgeSource, found: Sequence[Card], say: Say) -> list[Worded]:
    """Have an endpoint word every card; says before and after what it costs."""
    assert source.endpoint is not None
    client = endpoint.client(project.settings.endpoints, source.endpoint, made.folder(project, name) / made.REPLIES)
    asked = asking.requests(found)
    say(f"{name}: {estimate(client, asked)}")
    replies = client.ask_all(asked)
    used = client.usage
    say(f"{name}: {used.requests} requests, {used.cached} from the cache, {used.tokens_in} + {used.tokens_out} tokens"
        + (f", cost {used.cost:.4f}" if used.cost else ""))  # fmt: skip
    return [asking.understood(card, reply) for card, reply in zip(found, replies, strict=True)]


def estimate(client: endpoint.Client, asked: Sequence[endpoint.Request]) -> str:
    """What requests would use at most, in words."""
    most = client.estimate(asked)
    return (
        f"{most.requests} requests to '{client.name}', {most.cached} are cached; about {most.tokens_in} tokens to send,"
        f" at most {most.tokens_out} to receive" + (f", cost at most {most.cost:.4f}" if most.cost else "")
    )


def _template(card: Card) -> Worded:
    asked = question(card.claim, card.topic)
    return Worded(asked, card.claim) if asked else Worded(reject="no_template_fits")


def _row(card: Card, worded: Worded) -> bytes:
    document = {
        "question": worded.question,
        "answer": worded.answer,
        "document": card.document,
        "document_sha256": card.document_sha256,
        "page": card.page,
        "section": card.section,
        "start": card.start,
        "end": card.end,
        "quote_sha256": card.quote_sha256,
        "card": card.id,
        "topic": card.topic.id if card.topic else None,
        "chunk": f"{card.document_sha256}:{card.place}:{card.chunk[0]}",
        "model": worded.model,
        "prompt": worded.prompt,
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def _pages_table(content: Read) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for shown, pages in content.pages.items():
        for page in pages:
            rows.append(
                {
                    "document_sha256": content.digests[shown],
                    "document": page.document or shown,
                    "page": page.number,
                    "section": page.heading,
                    "place": page.place,
                    "text": page.text,
                }
            )
    return pa.Table.from_pylist(rows, schema=PAGES_SCHEMA)


def _cards_table(found: Sequence[Card], worded: Sequence[Worded]) -> pa.Table:
    rows = [
        {
            **{field: getattr(card, field) for field in CARDS_SCHEMA.names if field not in ("card", "topic", "reject")},
            "card": card.id,
            "topic": card.topic.id if card.topic else None,
            "reject": each.reject,
        }
        for card, each in zip(found, worded, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=CARDS_SCHEMA)


def _parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{reason} {number}" for reason, number in sorted(counts.items()))
