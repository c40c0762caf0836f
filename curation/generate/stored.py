"""The cards of a source as they are kept, each held against the page that it cites."""

from __future__ import annotations

import hashlib
from typing import Any

import pyarrow.parquet as pq

from curation.core import made
from curation.core.errors import IntegrityError, ProjectError
from curation.core.project import Project
from curation.core.sources import KnowledgeSource
from curation.generate.knowledge import CARDS, PAGES


def cards(project: Project, name: str) -> list[dict[str, Any]]:
    """The cards of a source as it is declared now, in the order of its documents.

    Raises:
        ProjectError: they are not made yet.
        IntegrityError: a span of a page does not hold the words that its card quotes.
    """
    source = project.sources[name]
    assert isinstance(source, KnowledgeSource)
    decided = made.revision(project, name, source)
    if made.note(project, name, decided) is None:
        raise ProjectError(
            f"the cards of '{name}' are not here",
            fix=f"curate generate knowledge {name}   (where a record was withdrawn, pages and cards are not kept)",
        )
    folder = made.folder(project, name) / decided
    pages = pq.read_table(folder / PAGES, columns=["document_sha256", "place", "text"]).to_pylist()
    text = {(page["document_sha256"], page["place"]): page["text"] for page in pages}
    found: list[dict[str, Any]] = pq.read_table(folder / CARDS).to_pylist()
    for card in found:
        quote = text[card["document_sha256"], card["place"]][card["start"] : card["end"]]
        if hashlib.sha256(quote.encode()).hexdigest() != card["quote_sha256"]:
            raise IntegrityError(
                "a citation does not agree with its page", where=card["card"], fix="run: curate verify --repair"
            )
    return found
