"""The label sets of schemas/taxonomies, typed: each label with our own definition, each set with source and licence.

They come with the package and are read when they are first asked for. A set may stand on a coarser one: the parent of
a `goemotions28` label is a label of `ekman7`, whose parent is one of `sentiment3`.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from curation.core import declare, files
from curation.core.declare import Document, declarations, doc
from curation.core.errors import ProjectError


@dataclass(frozen=True)
class Label:
    """One label of a set."""

    id: str = doc("what stands in tables and recipes")
    label: str = doc("what people read")
    definition: str = doc("in this project's own words")
    parent: str | None = doc("id of the label above it, in the set that `parents` names", default=None)
    level: int | None = doc("its place in an order that the set has", default=None)
    terms: tuple[str, ...] = doc(
        "words by which a text on it is known, whatever their case; '*' at the end stands for any ending", default=()
    )


@dataclass(frozen=True)
class Taxonomy:
    """A set of labels."""

    taxonomy: str = doc("its name, also that of its file")
    title: str = doc("what it is about")
    source: str = doc("where the set comes from, and what of it is ours")
    licence: str = doc("SPDX identifier of the file")
    labels: tuple[Label, ...] = doc("the labels, in the order of the set")
    parents: str | None = doc("the coarser set that its labels' parents belong to", default=None)
    note: str | None = doc("for people", default=None)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids in the order of the set."""
        return tuple(label.id for label in self.labels)

    def __getitem__(self, label: str) -> Label:
        return next(known for known in self.labels if known.id == label)


@functools.cache
def load(name: str) -> Taxonomy:
    """A label set by its name.

    Raises:
        ProjectError: there is no such set, or its file is not as it should be, with the line.
    """
    folder = declarations() / "schemas" / "taxonomies"
    known = [path.stem for path in files.yaml_in(folder)]
    if name not in known:
        raise ProjectError(f"no taxonomy is called '{name}'", where=str(folder), fix=nearest(name, known))
    document = declare.load(folder / f"{name}.yaml")
    taxonomy = declare.bind(Taxonomy, document)
    _check(taxonomy, document, name)
    return taxonomy


def _check(taxonomy: Taxonomy, document: Document, name: str) -> None:
    if taxonomy.taxonomy != name:
        raise document.error(("taxonomy",), f"the file is called '{name}', the set '{taxonomy.taxonomy}'")
    above = load(taxonomy.parents).ids if taxonomy.parents else ()
    seen: set[str] = set()
    for place, label in enumerate(taxonomy.labels):
        if label.id in seen:
            raise document.error(("labels", place, "id"), f"the label '{label.id}' stands here twice")
        if label.parent is not None and label.parent not in above:
            what = f"no label of {taxonomy.parents or 'a set above, which parents has to name,'} is '{label.parent}'"
            raise document.error(("labels", place, "parent"), what, nearest(label.parent, above))
        seen.add(label.id)


def nearest(word: str, known: Iterable[str]) -> str:
    """The mend for a label that does not exist: the one most like it, or all there are."""
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(known) or 'none'}"


def families(name: str) -> dict[str, frozenset[str]]:
    """By what a recipe may call them, the labels of a set that are meant.

    A label of the set by its id; one of a coarser set as `SET.LABEL`, which stands for all labels below it.
    """
    members: dict[str, set[str]] = {}
    for label in load(name).labels:
        for called in _called(load(name), label, ""):
            members.setdefault(called, set()).add(label.id)
    return {called: frozenset(ids) for called, ids in members.items()}


def _called(taxonomy: Taxonomy, label: Label, prefix: str) -> Iterator[str]:
    yield prefix + label.id
    if label.parent is not None and taxonomy.parents is not None:
        above = load(taxonomy.parents)
        yield from _called(above, above[label.parent], f"{above.taxonomy}.")
