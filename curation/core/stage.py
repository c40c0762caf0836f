"""What a stage is: a typed function with a frozen spec and a version, in one of two shapes."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from curation.core.declare import bind, plain
from curation.core.errors import require
from curation.core.project import Project
from curation.core.records import empty_dropped

Shape = Literal["row", "corpus", "project"]


@dataclass(frozen=True)
class Context:
    """What a stage may know besides its rows: the project key and the source the rows come from."""

    key: bytes = field(repr=False)
    source: str


@dataclass(frozen=True)
class Output:
    """What a stage gives back for a batch.

    Attributes:
        kept: `id` and the columns the stage writes, in the order of the rows that stay.
        dropped: rows of `DROPPED_SCHEMA`, one for each that does not.
        notes: counters for the report, summed over batches.
    """

    kept: pa.RecordBatch | pa.Table
    dropped: pa.Table = field(default_factory=empty_dropped)
    notes: Mapping[str, int] = field(default_factory=dict)


Batches = Callable[[], Iterator[pa.Table]]
"""A corpus stage gets a function that starts a fresh pass over all batches, in id order."""


Prepare = Callable[[Any, Project], Any]
Trial = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
Narrow = Callable[[Any, str, Sequence[str]], Any]


@dataclass(frozen=True)
class Stage:
    """A registered stage.

    Attributes:
        models: from the spec to the fingerprint of every model that decides its output.
        prepare: from a spec as it is set, and the project, to the spec with what stands in files of the project.
        narrow: from a spec, a source and names of its parts to the spec with only what can decide their output.
            What it leaves out is in no key, so that a change of it makes nothing anew.
        trial: from a text and the columns written of it to what `curate try` shows of them.
        open: from a spec to one that drops nothing, so that `curate try` can show what was measured of dropped rows.
        speaker: who says a text that `curate try` is given without its conversation.
    """

    name: str
    version: int
    shape: Shape
    spec: type
    run: Callable[..., Any]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    types: Mapping[str, pa.DataType]
    libraries: tuple[str, ...]
    models: Callable[[Any], Mapping[str, str]]
    extra: str | None
    modules: tuple[str, ...]
    prepare: Prepare
    narrow: Narrow
    trial: Trial | None
    open: Callable[[Any], Any] | None = None
    speaker: str = "user"

    def called(self, project: Project | None) -> Call:
        """The stage with its parameters from the settings, or with its defaults outside a project."""
        if project is None:
            return Call(self, self.spec())
        given = self.name in project.settings.stages
        spec = bind(self.spec, project.document, ("stages", self.name)) if given else self.spec()
        return Call(self, self.prepare(spec, project))

    def ingredients(self, spec: Any) -> dict[str, Any]:
        """Everything of the stage itself that decides its output, as plain values for a key.

        A field of the spec whose metadata says `key: False` is left to `models`: it names a model by where it lies.
        """
        aside = {f.name for f in dataclasses.fields(spec) if not f.metadata.get("key", True)}
        return {
            "stage": self.name,
            "version": self.version,
            "spec": {name: value for name, value in plain(spec).items() if name not in aside},
            "libraries": {name: library_version(name) for name in self.libraries},
            "models": dict(self.models(spec)),
        }


@dataclass(frozen=True)
class Call:
    """A stage with the spec it is to run with."""

    stage: Stage
    spec: Any


@dataclass(frozen=True)
class Step:
    """Stages that run as one pass in memory and publish one table. Most steps hold one stage.

    Attributes:
        carry: columns published as they come, beside those that the stages write.
    """

    name: str
    calls: tuple[Call, ...]
    carry: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        """Row, corpus or project; a pass of several stages holds row stages only."""
        return self.calls[0].stage.shape

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns the pass needs from the tables before it."""
        have: set[str] = set()
        needs = list(self.carry)
        for call in self.calls:
            needs += [c for c in call.stage.reads if c not in have and c not in needs]
            have.update(call.stage.writes)
        return tuple(needs)

    @property
    def writes(self) -> tuple[str, ...]:
        """The columns the pass publishes, in the order they first appear."""
        return tuple(dict.fromkeys([*self.carry, *(column for call in self.calls for column in call.stage.writes)]))

    def over(self, source: str, parts: Sequence[str]) -> Step:
        """The pass with only what can decide its output for these parts of a source."""
        calls = tuple(Call(call.stage, call.stage.narrow(call.spec, source, parts)) for call in self.calls)
        return dataclasses.replace(self, calls=calls)

    def ingredients(self) -> list[dict[str, Any]]:
        """Of every stage in the pass, what decides its output."""
        return [call.stage.ingredients(call.spec) for call in self.calls]


REGISTRY: dict[str, Stage] = {}


def stage(
    name: str,
    *,
    version: int,
    spec: type,
    reads: tuple[str, ...] = (),
    writes: tuple[str, ...] = (),
    types: Mapping[str, pa.DataType] | None = None,
    shape: Shape = "row",
    libraries: tuple[str, ...] = (),
    models: Callable[[Any], Mapping[str, str]] = lambda spec: {},
    extra: str | None = None,
    modules: tuple[str, ...] = (),
    prepare: Prepare = lambda spec, project: spec,
    narrow: Narrow = lambda spec, source, parts: spec,
    trial: Trial | None = None,
    open: Callable[[Any], Any] | None = None,
    speaker: str = "user",
) -> Callable[[Callable[..., Output | Mapping[str, Output]]], Stage]:
    """Register a function as a stage.

    A row stage has the signature `(batch: pa.RecordBatch, spec, context) -> Output` and its result for a row may
    not depend on the other rows. A corpus stage has `(batches: Batches, spec, context) -> Output`. A project stage
    sees every source: `(sources: Mapping[str, Rows], previous: Mapping[str, Rows], spec, workers: int,
    pool: Pool | None) -> Mapping[str, Output]` (see `core.across`).

    Args:
        name: one word, used in tables, drops and the configuration.
        version: raise it whenever the same input can give another output.
        spec: the frozen dataclass of its parameters.
        reads: columns it needs besides `id`.
        writes: columns it publishes besides `id`.
        types: Arrow types of written columns that the record contract does not have.
        shape: row, corpus or project.
        libraries: distributions whose version can change the result.
        models: from the spec to the fingerprints of the models it loads.
        extra: the optional extra the stage needs, with `modules` to look for.
        modules: importable names that must be there before work starts.
        prepare: adds to a spec what stands in files of the project; see `Stage`.
        narrow: leaves out of a spec what does not concern some parts of a source; see `Stage`.
        trial: what `curate try` shows of one text; see `Stage`.
        open: a spec that drops nothing; see `Stage`.
        speaker: who says a text without a conversation; see `Stage`.
    """

    def register(run: Callable[..., Output | Mapping[str, Output]]) -> Stage:
        made = Stage(
            name,
            version,
            shape,
            spec,
            run,
            reads,
            writes,
            dict(types or {}),
            libraries,
            models,
            extra,
            modules,
            prepare,
            narrow,
            trial,
            open,
            speaker,
        )
        REGISTRY[name] = made
        return made

    return register


def library_version(distribution: str) -> str:
    """The installed version of a distribution, or 'absent'."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def require_step(steps: tuple[Step, ...]) -> None:
    """Check that the extras of all stages are installed, before any of them starts.

    Raises:
        MissingError: names the extra and the line that installs it.
    """
    for step in steps:
        for call in step.calls:
            if call.stage.extra:
                require(call.stage.extra, *call.stage.modules)
