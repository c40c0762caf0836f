"""Make a mix, once: gate, select, split, screen, write; and answer what is in the mixes that were made."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.core import files
from curation.core.annotations import Annotations
from curation.core.declare import plain
from curation.core.errors import CurateError, GateError, IntegrityError, ProjectError
from curation.core.project import Project
from curation.core.records import source_of
from curation.core.sources import Source, YoutubeSource
from curation.core.stage import library_version
from curation.core.store import Store, StoredTable, View
from curation.export import (
    benchmarks,
    conditions,
    croissant,
    decontaminate,
    gates,
    mix,
    people,
    tally,
    trainers,
    where,
    write,
)
from curation.export.benchmarks import Benchmark
from curation.export.card import card, licences
from curation.export.conditions import Residual
from curation.export.count import Counter as TokenCounter
from curation.export.count import counter
from curation.export.gates import Right
from curation.export.index import Index, build_index
from curation.export.people import People
from curation.export.recipe import MixRecipe
from curation.export.split import SIDES, leakage
from curation.export.take import Taken
from curation.methods import hold, screen
from curation.version import __version__

VERSION = 10
"""Raise it whenever the same recipe and rows can give other bytes."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Exported:
    """A finished export. `new` is false where it was there already and nothing was written."""

    folder: Path
    manifest: Mapping[str, Any]
    new: bool


def export(
    project: Project,
    recipe: MixRecipe,
    views: Mapping[str, View],
    *,
    say: Say = lambda line: None,
    residual: Residual | None = None,
) -> Exported:
    """Make a mix from the cleaned and tagged tables of its sources, or find that it is made already.

    Args:
        project: the project; its annotations and lock are read.
        recipe: what is asked for.
        views: the tables of every source that can be used, by source name.
        say: gets lines for the user: progress, shortages.
        residual: measures what is left of personal data; called only where the recipe has a limit for it.

    Raises:
        GateError: a source may leave only on a person's word, and has none; nothing was written.
        GateError: a condition of the recipe does not hold, and nobody overrides it; nothing was written.
        GateError: rows of a source were not screened for risk, or people agree too little; nothing was written.
        ProjectError: the recipe names a source that has no tables yet.
    """
    plan = planned(project, recipe, views)
    key = plan.key
    parent = project.data / "exports" / recipe.mix
    folder = parent / key[:16]
    new = not (folder / "manifest.json").exists()
    if new:
        overrides = _pass(recipe, plan, residual)
        _make(folder, project.key, recipe, plan, overrides, say)
    manifest = files.read_sealed(folder / "manifest.json")
    pointer = {"mix": recipe.mix, "key": key, "folder": folder.name}
    if not (parent / "latest.json").exists() or files.read_sealed(parent / "latest.json") != pointer:
        files.write_sealed(parent / "latest.json", pointer)
    return Exported(folder, manifest, new)


def _pass(recipe: MixRecipe, plan: Planned, residual: Residual | None) -> list[dict[str, Any]]:
    """Ask every condition of the recipe; returns the overrides with what each let pass."""
    found = [*conditions.refusals(recipe.gates, plan.views, plan.rights)]
    waiting, left = {}, None
    if recipe.gates.risk == "refuse":
        waiting = hold.count_waiting(plan.views, plan.people.settings, plan.people.released)
    if recipe.gates.residual is not None:
        if residual is None:
            raise ProjectError("what is left of personal data cannot be measured here", fix="curate export")
        left = residual(plan.views)
    found += conditions.refused_rows(recipe.gates, waiting, left)
    return conditions.settle(recipe.mix, found, recipe.overrides)


@dataclass(frozen=True)
class Planned:
    """A mix before it is made: what it would be made of, and the key that all of this decides.

    Where there are benchmarks, `raw` has the tables that the sources were cleaned from.
    """

    views: Mapping[str, View]
    raw: Mapping[str, StoredTable]
    rights: Mapping[str, Right]
    people: People
    benchmarks: tuple[Benchmark, ...]
    counter: TokenCounter
    missing: Mapping[str, str]
    ingredients: Mapping[str, Any]
    key: str


def planned(project: Project, recipe: MixRecipe, views: Mapping[str, View]) -> Planned:
    """What `export` would make; costs no work on rows.

    Raises:
        GateError: a source may leave only on a person's word, and has none.
        ProjectError: the recipe names a source that has no tables yet, or that is switched off; or a tag that no
            source has; or its tokenizer does not go with the template.
        MissingError: its tokenizer is not on this machine.
    """
    used, missing = _used(project, recipe, views)
    _check_tags(recipe, used)
    lock = project.lock()
    rights = gates.rights({name: project.sources[name] for name in used}, lock)
    people.check_agreement(project, used, recipe.mix, preferences=recipe.task == "dpo" or recipe.chosen_as_sft)
    said = people.read(project, used)
    tests = tuple(benchmarks.read(files.safe_join(project.root, name)) for name in recipe.decontaminate)
    tokens = counter(project, recipe.tokenizer)
    ingredients = {
        "version": VERSION,
        "curation": __version__,
        "screen": screen.VERSION,
        "libraries": {name: library_version(name) for name in ("polars", "pyarrow")},
        "recipe": plain(recipe),
        "tokenizer": dict(tokens.facts),
        "missing": missing,
        "sources": {
            name: _source_facts(project.sources[name], lock.sources.get(name), rights[name], view)
            for name, view in used.items()
        },
        "benchmarks": {test.name: test.facts() for test in tests},
        "risk": {
            "hold_at": hold.HOLD_AT,
            "hold_flags": sorted(project.settings.risk.hold_flags),
            "hold_unscreened": project.settings.risk.hold_unscreened,
            "strata": _strata(project, used),
        },
        "annotations": said.facts(),
    }
    raw = _raw(project, used) if tests else {}
    return Planned(used, raw, rights, said, tests, tokens, missing, ingredients, files.digest(ingredients))


def _raw(project: Project, names: Iterable[str]) -> dict[str, StoredTable]:
    store, pinned = Store(project.raw / "tables"), project.lock().sources
    found = {name: store.find(name, "raw", pinned[name].table) for name in names if name in pinned}
    return {name: table for name, table in found.items() if table is not None}


def made(project: Project, recipe: MixRecipe, views: Mapping[str, View]) -> Path | None:
    """The folder of a mix as it would be now, if it is exported already."""
    folder = project.data / "exports" / recipe.mix / planned(project, recipe, views).key[:16]
    return folder if (folder / "manifest.json").exists() else None


def _used(project: Project, recipe: MixRecipe, views: Mapping[str, View]) -> tuple[dict[str, View], dict[str, str]]:
    """The sources of a mix that have rows here; and of those that have none, where the recipe lets it pass, why."""
    names = recipe.wanted if recipe.wanted is not None else tuple(n for n in project.enabled() if n in views)
    missing: dict[str, str] = {}
    for name in names:
        known = name in project.sources
        if known and not project.sources[name].enabled:
            why, fix = "which is switched off", "set enabled: true for it, or take it out of the mix"
        elif name not in views:
            why = "which has no rows here"
            fix = f"curate pull {name}   (is it enabled in sources.yaml?)"
            if not known:
                fix = f"sources here: {', '.join(project.sources) or 'none yet'}"
        else:
            continue
        if recipe.on_missing == "refuse":
            raise ProjectError(
                f"the mix '{recipe.mix}' asks for the source '{name}', {why}",
                where="sources.yaml",
                fix=f"{fix}; or let it count as a shortage: on_missing: short",
            )
        missing[name] = "switched off" if known and not project.sources[name].enabled else "not here"
    used = {name: views[name] for name in sorted(set(names) - set(missing))}
    for name, view in used.items():
        if hold.unscreened(view):
            raise GateError(
                f"the rows of '{name}' were not screened for risk, so nothing of them may leave",
                where=f"the mix '{recipe.mix}'",
                fix=f"curate tag run {name}",
            )
    return used, dict(sorted(missing.items()))


def _check_tags(recipe: MixRecipe, used: Mapping[str, View]) -> None:
    tags = [tag for each in (recipe.where, *(p.where for p in recipe.resolved.values())) for tag in each.tags]
    if tags and used:
        asked = where.columns_of(tags)
        known = {
            name: view.read(view.parts[0], [c for c in view.columns if c in asked]).schema
            for name, view in used.items()
            if view.parts
        }
        for field in write.pairs_columns(recipe):
            known = {name: schema.append(field) for name, schema in known.items()}
        where.check(tags, known, f"the mix '{recipe.mix}'")


def _strata(project: Project, used: Mapping[str, View]) -> list[dict[str, Any]]:
    """What was released without being read row by row, in the words of whoever answers for it."""
    said = Annotations(project.root / "annotations").values(hold.STRATUM)
    return [{"source": source_of(name), **value} for name, value in sorted(said.items()) if source_of(name) in used]


def _source_facts(source: Source, entry: Any, right: Right, view: View) -> dict[str, Any]:
    return {
        "id": entry.id if entry else None,
        "revision": entry.revision if entry else None,
        "licence": right.licence,
        "licence_class": right.kind,
        "accept": plain(right.accept),
        "stated_licence": right.stated,
        **({"permission": plain(source.permission)} if isinstance(source, YoutubeSource) else {}),
        "priority": source.priority,
        "tables": {table.manifest["step"]: _key(table) for table in view.tables},
    }


def _key(table: StoredTable) -> str:
    # A table of a step over all sources is new whenever any of them changes; what it says of this one need not be.
    return files.digest(table.manifest["parts"]) if "across" in table.manifest else table.key


def _make(
    folder: Path, key: bytes, recipe: MixRecipe, plan: Planned, overrides: list[dict[str, Any]], say: Say
) -> None:
    views, rights = plan.views, plan.rights
    ingredients = {**plan.ingredients, "key": plan.key, "mix": recipe.mix}
    index = build_index(key, recipe, views, plan.people, plan.counter, say)
    given = decontaminate.mark(index, views, plan.raw, plan.benchmarks)
    ingredients["benchmarks"] = {
        name: {**facts, **given[name]} for name, facts in plan.ingredients["benchmarks"].items()
    }
    priority = {name: facts["priority"] for name, facts in ingredients["sources"].items()}
    found = mix.select(index, recipe, priority, rights, tuple(plan.missing))
    tally.check(recipe, found)
    whole = write.schema(recipe, any("emotion" in view.columns for view in views.values()))
    reasoning = bool((index.selected & index.reasoned).any())
    languages: Counter[str] = Counter()
    replaced: dict[str, Counter[str] | None] = {n: Counter() if "pii" in v.columns else None for n, v in views.items()}
    left: list[Any] = []
    counts: dict[str, int] = {}
    with files.replacing_dir(folder) as aside:
        with contextlib.ExitStack() as stack:
            lines = trainers.lines(recipe, reasoning=reasoning)
            sinks = [stack.enter_context(write.Sink(aside, side, whole, lines)) for side in SIDES]
            for part in write.rows(index, found.taken, recipe, views, rights, screen.flag, whole, plan.people):
                side = index.sides.of[part.index]
                for number, sink in enumerate(sinks):
                    sink.add(part.rows.filter(pa.array(side == number)))
                left.append(part.taken)
                languages.update(code or "unknown" for code in part.rows.column("language").to_pylist())
                if part.replaced is not None:
                    replaced[part.source] = (replaced[part.source] or Counter()) + Counter(part.replaced)
        for name, sink in zip(SIDES, sinks, strict=True):
            for file in sink.files:
                # An empty file is no data set: loaders refuse it.
                if name != "train" and not sink.count:
                    (aside / file).unlink()
                else:
                    counts[file] = sink.count
        trainers.write_configs(aside, recipe, {n: s.count for n, s in zip(SIDES, sinks, strict=True)})
        counts[write.LEFT_OUT] = write.write_left_out(aside, index)
        ingredients["sources"] = {
            name: {
                **facts,
                "personal_data": None if (found_ := replaced[name]) is None else dict(sorted(found_.items())),
            }
            for name, facts in ingredients["sources"].items()
        }
        taken = found.taken.at_places(left)
        ingredients["asked"] = tally.rows_asked(recipe, found)
        manifest = _manifest(index, ingredients, {n: s.count for n, s in zip(SIDES, sinks, strict=True)}, taken)
        manifest["overrides"] = overrides
        manifest["amounts"] = tally.tally(recipe, index, found, taken)
        manifest["split"] = {
            "joined": int(index.sides.joined[index.selected].sum()),
            "leakage": leakage(index.sides.of, np.unique(taken.row), index.shared),
        }
        manifest["risk"] = {**plan.ingredients["risk"], "released": int(_is_among(index, plan.people.released).sum())}
        manifest["people"] = people.known_to(plan.people, index.id, index.selected)
        voices = Counter(index.persona.take(pa.array(taken.row)).to_pylist())
        manifest |= {"personas": dict(sorted(voices.items())), "languages": dict(sorted(languages.items()))}
        _describe(aside, manifest, counts, whole)
    _tell(manifest, say)


def _describe(folder: Path, manifest: dict[str, Any], counts: Mapping[str, int], schema: pa.Schema) -> None:
    """Write what says what an export is: card, licences, Croissant, manifest, checksums."""
    manifest["files"] = write.describe(folder, counts)
    described = croissant.croissant(manifest, schema)
    texts = {
        "README.md": card(manifest),
        "LICENSES": licences(manifest),
        croissant.FILE: json.dumps(described, indent=1, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    manifest["files"] = dict(sorted({**manifest["files"], **write.describe(folder, {}, texts)}.items()))
    files.write_sealed(folder / "manifest.json", manifest)
    own = write.describe(folder, {}, ("manifest.json",))
    (folder / "SHA256SUMS").write_bytes(write.checksums({**manifest["files"], **own}))


def _is_among(index: Index, ids: frozenset[str]) -> Any:
    """Which of the rows that are taken are among these."""
    known = pc.is_in(index.id, value_set=pa.array(sorted(ids), pa.string())).to_numpy(zero_copy_only=False)
    return known & index.selected


def _manifest(index: Index, ingredients: dict[str, Any], written: Mapping[str, int], taken: Taken) -> dict[str, Any]:
    selected = int(index.selected.sum())
    sources = {}
    asked = ingredients.pop("asked")
    again = np.bincount(index.source[taken.row], minlength=len(index.names))
    for number, (name, counted) in enumerate(index.counts().items()):
        left_out = {k.removeprefix("left_out/"): n for k, n in counted.items() if k.startswith("left_out/")}
        if counted["seen"] != counted["selected"] + sum(left_out.values()):
            raise CurateError(f"rows of the source '{name}' got lost in the mix", fix="this is a bug of curate")
        sources[name] = {
            **ingredients["sources"][name],
            "seen": counted["seen"],
            "selected": counted["selected"],
            "repeats": int(again[number]) - counted["selected"],
            "left_out": left_out,
            "asked": asked.get(name),
            "share": round(int(again[number]) / len(taken.row), 6) if len(taken.row) else 0.0,
        }
    if sum(written.values()) != len(taken.row) or len(np.unique(taken.row)) != selected:
        raise CurateError("the files of the mix do not hold the rows that were selected", fix="this is a bug of curate")
    rows = {"seen": len(index.id), "selected": selected, "repeats": len(taken.row) - selected, **written}
    used = [Right(s["licence"], s["licence_class"]) for s in sources.values() if s["selected"]]
    return {**ingredients, "sources": sources, "rows": rows, "licence_class": gates.most_restrictive(used)}


def _tell(manifest: Mapping[str, Any], say: Say) -> None:
    rows = manifest["rows"]
    held = "".join(f", {rows[side]:,} {side}" for side in SIDES[1:] if rows[side])
    again = f", {rows['repeats']:,} of them again" if rows["repeats"] else ""
    say(f"{manifest['mix']}: {rows['selected']:,} of {rows['seen']:,} rows ({rows['train']:,} train{again}{held})")
    voices = ", ".join(f"{n} {v['share_got']:.1%}" for n, v in manifest["amounts"]["voices"].items() if v["got"])
    if voices:
        say(f"{manifest['mix']}: voices by {manifest['amounts']['unit']}: {voices}")
    for line in tally.shortages(manifest["amounts"]):
        say(f"{manifest['mix']}: shortage: {line}")
    if rows["validation"] + rows["test"]:
        shared = ", ".join(f"{name} {count}" for name, count in manifest["split"]["leakage"].items())
        say(f"{manifest['mix']}: held-out rows that share something with a trained one: {shared}")


def latest(project: Project, name: str) -> Path | None:
    """The folder of the last export of a mix, or None before the first.

    Raises:
        IntegrityError: the pointer is damaged, or points nowhere.
    """
    parent = project.data / "exports" / name
    if not (parent / "latest.json").exists():
        return None
    folder = files.safe_join(parent, files.read_sealed(parent / "latest.json")["folder"])
    if not (folder / "manifest.json").exists():
        raise IntegrityError(f"the last export of '{name}' is gone", where=str(folder), fix=f"curate export {name}")
    return folder


def exports(project: Project) -> Iterator[Path]:
    """The folder of every finished export, in order of mix and key."""
    for path in sorted((project.data / "exports").glob("*/*/manifest.json")):
        if not path.parent.name.startswith(files.TEMP_PREFIX):
            yield path.parent


def verify_exports(project: Project) -> Iterator[str]:
    """Check every byte below data/exports; yields the path in the project of each file that is wrong or unknown."""
    root = project.data / "exports"
    known: set[Path] = set()
    for path in sorted([*root.glob("*/latest.json"), *root.glob("*/*/manifest.json")]):
        known.add(path)
        try:
            document = files.read_sealed(path)
        except IntegrityError:
            yield str(path.relative_to(project.root))
            continue
        if path.name == "latest.json":
            if not (path.parent / document["folder"] / "manifest.json").exists():
                yield str(path.relative_to(project.root))
            continue
        expected = {name: entry["sha256"] for name, entry in document["files"].items()}
        sums = write.checksums({**document["files"], path.name: {"sha256": files.sha256_file(path)}})
        for name in (*expected, "SHA256SUMS"):
            file = path.parent / name
            known.add(file)
            good = file.exists() and (
                file.read_bytes() == sums if name == "SHA256SUMS" else files.sha256_file(file) == expected[name]
            )
            if not good:
                yield str(file.relative_to(project.root))
    for path in sorted(p for p in root.rglob("*") if p.is_file() and p not in known) if root.is_dir() else ():
        yield str(path.relative_to(project.root))


def exports_with(project: Project, record_id: str) -> list[str]:
    """The exports, as paths in the project, that a record left in."""
    return [
        str(folder.relative_to(project.root))
        for folder in exports(project)
        if any(_rows_of(folder / f"{side}.parquet", record_id, ["id"]) for side in SIDES)
    ]


def left_out(project: Project, record_id: str) -> list[tuple[str, str]]:
    """The exports, as paths in the project, that saw a record and left it out, each with the reason."""
    return [
        (str(folder.relative_to(project.root)), _reason(row["reason"], row["witness"], row["score"]))
        for folder in exports(project)
        for row in _rows_of(folder / write.LEFT_OUT, record_id, ["id", "reason", "witness", "score"])
    ]


def _reason(reason: str, witness: str | None, score: float | None) -> str:
    if witness is None:
        return reason
    if reason == "near_duplicate":
        return f"near-duplicate of {witness} (similarity {score:.3f})"
    return f"twin of {witness}" if reason == "twin" else f"{reason} by the test item {witness}"


def _rows_of(path: Path, record_id: str, columns: list[str]) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        table = pq.ParquetFile(path).read(columns=columns)
    except (pa.ArrowException, OSError):
        raise IntegrityError(
            "a file of an export cannot be read", where=f"{path.parent.name}/{path.name}", fix="run: curate verify"
        ) from None
    return list(table.filter(pc.equal(table.column("id"), record_id)).to_pylist())
