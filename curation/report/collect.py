"""From manifests, tag columns and run records to the numbers of the report. What is missing stays out."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curation.core import files
from curation.core.errors import CurateError
from curation.core.lock import Entry
from curation.core.sources import Source
from curation.core.store import StoredTable, View
from curation.methods.eq import LEAST, Domain
from curation.methods.licences import that_counts
from curation.methods.style.profile import Profile
from curation.methods.style.separation import LIMITS, Separation
from curation.report.summary import (
    AdapterSummary,
    EqSummary,
    ExportedFile,
    MixSummary,
    SourceSummary,
    StepSummary,
    VoiceSummary,
    VoiceWindows,
    ranked,
)

Seconds = Mapping[tuple[str, str], float]
"""Wall time by (source, step)."""

_PULL = "pull"
_RAW = "raw"
_SCRUB = "scrub."
_RISK = "risk."
_MOST_STEPS = 2000


def latest_seconds(history: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], float]:
    """The time of the latest run of each step, from the records of all runs, oldest first."""
    found: dict[tuple[str, str], float] = {}
    for run in history:
        for item in run["done"]:
            found[item["source"], _RAW if item["step"] == _PULL else item["step"]] = item["seconds"]
    return found


def source_summary(
    name: str,
    source: Source,
    entry: Entry | None,
    tables: Sequence[StoredTable],
    expected: Sequence[str],
    seconds: Seconds,
) -> tuple[SourceSummary, frozenset[str]]:
    """What became of one source, and the models that tagged it with preview quality.

    Args:
        name: its name in sources.yaml.
        source: its declaration.
        entry: its pin; None before the first pull.
        tables: its current tables in order, raw first, as far as they are up to date.
        expected: every step there could be after raw, in order.
        seconds: of its steps' latest runs.

    Raises:
        IntegrityError: a table cannot be read.
    """
    steps = tuple(_step(table, seconds.get((name, str(table.manifest["step"])))) for table in tables)
    done = {step.name for step in steps}
    stated = that_counts(source.licence, entry.licence if entry else None)
    cleaned = View(tuple(tables[1:])) if len(tables) > 1 else None
    emotions, previews = _emotions(cleaned) if cleaned else ({}, frozenset())
    return (
        SourceSummary(
            name=name,
            kind=source.kind,
            persona=source.persona,
            licence=source.accept.licence if source.accept else stated,
            revision=entry.revision if entry else None,
            accepted_by=source.accept.by if source.accept else None,
            enabled=source.enabled,
            steps=steps,
            unfinished=tuple(step for step in (_RAW, *expected) if step not in done) if source.enabled else (),
            personal_data=_labels(steps, _SCRUB),
            arcs=_arcs(cleaned) if cleaned else {},
            empathy=_labels(steps, "empathy.", without=("no_head",)),
            strategies=_labels(steps, "strategies.", without=("no_head",)),
            voice=_labels(steps, "voice.", without=("no_profile",)),
            risk=_labels(steps, _RISK),
            languages=_languages(cleaned) if cleaned else {},
            emotions=emotions,
        ),
        previews,
    )


def _step(table: StoredTable, seconds: float | None) -> StepSummary:
    manifest, reasons = table.manifest, table.totals("reasons")
    name = str(manifest["step"])
    # The pull is no registered stage.
    known = [_PULL] if name == _RAW else [str(item["stage"]) for item in manifest["ingredients"]]
    stages = dict.fromkeys([*known, *(label.partition("/")[0] for label in reasons)])
    return StepSummary(
        name, tuple(stages), manifest["rows_in"], manifest["rows_kept"], reasons, table.totals("notes"), seconds
    )


def _labels(steps: Sequence[StepSummary], stage: str, without: Sequence[str] = ()) -> dict[str, int]:
    found: Counter[str] = Counter()
    for step in steps:
        found.update({n.removeprefix(stage): count for n, count in step.notes.items() if n.startswith(stage)})
    return dict(ranked({name: count for name, count in found.items() if name not in without}))


def _arcs(view: View) -> dict[str, float]:
    """How many rows have an arc, where the arcs begin and end on the mean, and how many come back."""
    counts: Counter[str] = Counter()
    sums: dict[str, float] = {}
    for batch in view.batches(["arc"]) if "arc" in view.columns else ():
        column = batch.column("arc")
        counts.update(_count(pc.fill_null(pc.struct_field(column, "missing"), "described")))
        for side in ("client", "assistant"):
            struct = pc.struct_field(column, side).drop_null()
            counts[f"{side}.rows"] += len(struct)
            for name in ("first", "last"):
                at = f"{side}.{name}"
                sums[at] = sums.get(at, 0.0) + math.fsum(pc.struct_field(struct, name).to_pylist())
            if side == "client":
                counts["recovered"] += len(struct) - pc.struct_field(struct, "recovery").null_count
    means = {name: total / counts[f"{name.partition('.')[0]}.rows"] for name, total in sums.items()
             if counts[f"{name.partition('.')[0]}.rows"]}  # fmt: skip
    return {**{name: count for name, count in counts.items() if not name.endswith(".rows")}, **means} if counts else {}


def eq_summaries(found: Mapping[str, Domain]) -> tuple[EqSummary, ...]:
    """The domains as the report shows them; none where no row has a value."""
    if not any(domain.records for domain in found.values()):
        return ()
    return tuple(
        EqSummary(
            name,
            domain.records,
            domain.mean,
            domain.check.pairs,
            domain.check.correlation,
            domain.check.withheld,
            LEAST,
        )
        for name, domain in found.items()
    )


def voice_summary(found: Profile) -> VoiceSummary:
    """The profile of a voice as the report shows it."""
    more, less = found.habits()
    every = found.voice.separation
    return VoiceSummary(
        sources=found.sources,
        windows=tuple(_windows(length, each) for length, each in every.items()),
        measures=asdict(found.own),
        others=asdict(found.others),
        says_more=more,
        says_less=less,
        limits=tuple(dict.fromkeys(LIMITS[name] for each in every.values() for name in each.limits())),
    )


def _windows(length: int, found: Separation) -> VoiceWindows:
    ends = (
        found.own.percentiles[0],
        found.own.percentiles[-1],
        found.others.percentiles[0],
        found.others.percentiles[-1],
    )
    low, high = min(ends), max(ends)
    return VoiceWindows(
        length,
        found.auc,
        found.low,
        found.high,
        found.same_kind,
        found.own.windows,
        found.own.units,
        found.others.windows,
        found.others.units,
        found.own.histogram(low, high),
        found.others.histogram(low, high),
    )


def _languages(view: View) -> dict[str, int]:
    found: Counter[str] = Counter()
    for batch in view.batches(["language"]) if "language" in view.columns else ():
        found.update(_count(pc.fill_null(batch.column("language"), "unknown")))
    return dict(ranked(found))


def _emotions(view: View) -> tuple[dict[str, int], frozenset[str]]:
    """Turns by label, and the models that call themselves a preview."""
    found: Counter[str] = Counter()
    previews: set[str] = set()
    for batch in view.batches(["emotion"]) if "emotion" in view.columns else ():
        column = batch.column("emotion").drop_null()
        turns = pc.list_flatten(pc.struct_field(column, "turns"))
        found.update(_count(pc.list_flatten(pc.struct_field(turns, "labels"))))
        told = {
            field.name: pc.unique(pc.struct_field(column, field.name)).to_pylist()
            for field in column.type
            if field.name in ("model", "quality")
        }
        if any("preview" in str(value) for values in told.values() for value in values):
            previews |= {str(model) for model in told.get("model", ()) if model is not None} or {"emotion"}
    return dict(ranked(found)), frozenset(previews)


def _count(values: pa.ChunkedArray | pa.Array) -> dict[str, int]:
    counted = pc.value_counts(values.drop_null())
    return dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))


def mixes(root: Path) -> tuple[list[MixSummary], list[str]]:
    """The current export of every mix below `root`, by name, and the names of those that cannot be read."""
    found: list[MixSummary] = []
    broken: list[str] = []
    for pointer in sorted(root.glob("*/latest.json")):
        try:
            folder = files.safe_join(pointer.parent, str(files.read_sealed(pointer)["folder"]))
            found.append(_mix(folder.name, files.read_sealed(folder / "manifest.json")))
        except (CurateError, KeyError, TypeError, AttributeError):
            broken.append(pointer.parent.name)
    return found, broken


def _mix(key: str, manifest: Mapping[str, Any]) -> MixSummary:
    sources: Mapping[str, Mapping[str, Any]] = manifest["sources"]
    left_out: Counter[str] = Counter()
    for facts in sources.values():
        left_out.update(facts.get("left_out") or {})
    rows = manifest["rows"]
    return MixSummary(
        name=manifest["mix"],
        task=manifest["recipe"]["task"],
        key=key,
        rows=rows["selected"],
        rows_asked=(manifest["recipe"].get("budget") or {}).get("rows"),
        asked={n: facts["asked"] for n, facts in sources.items() if facts.get("asked") is not None},
        got={n: facts["selected"] for n, facts in sources.items()},
        personas=dict(ranked(manifest.get("personas") or {})),
        splits={side: rows[side] for side in ("train", "validation") if side in rows},
        left_out=dict(ranked(left_out)),
        licence=manifest.get("licence_class"),
        files=tuple(
            ExportedFile(n, f["bytes"], f["sha256"], f.get("rows")) for n, f in sorted(manifest["files"].items())
        ),
    )


def adapters(root: Path) -> tuple[list[AdapterSummary], list[str]]:
    """Every adapter below `root`, by name, and the names of those that cannot be read."""
    found: list[AdapterSummary] = []
    broken: list[str] = []
    for path in sorted(root.glob("*/*/manifest.json")):
        if path.parent.name.startswith("."):
            continue  # a run that is going on, or was killed
        name = f"{path.parent.parent.name}/{path.parent.name}"
        card = root.parent / "scorecards" / f"{name}.json"
        try:
            scores = _scores(json.loads(card.read_bytes())) if card.is_file() else {}
            found.append(_adapter(name, path.parent, json.loads(path.read_bytes()), scores))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            broken.append(name)
    return found, broken


def _scores(card: Mapping[str, Any]) -> dict[str, tuple[float | None, float | None]]:
    """What a scorecard measured, base and adapter, but for the losses of single sources."""
    lines = [(str(name), _finite(base), _finite(own)) for name, base, own in card["lines"]]
    return {name: (base, own) for name, base, own in lines if "loss, source" not in name}


def _adapter(
    name: str, folder: Path, manifest: Mapping[str, Any], scores: dict[str, tuple[float | None, float | None]]
) -> AdapterSummary:
    losses, counts = manifest["losses"], manifest["counts"]
    return AdapterSummary(
        name=name,
        mix=manifest["recipe"]["mix"],
        base=manifest["base"]["name"],
        revision=manifest["base"].get("revision"),
        steps=manifest["steps"],
        rows=counts["rows_encoded"],
        trained_tokens=counts["trained_tokens"],
        first_loss=_finite(losses.get("first_step")),
        last_loss=_finite(losses.get("last_step")),
        before=_losses(losses.get("before")),
        after=_losses(losses.get("after")),
        curve=_curve(folder / "metrics.jsonl"),
        scores=scores,
    )


def _losses(values: Mapping[str, Any] | None) -> dict[str, float]:
    checked = {name: _finite(value) for name, value in sorted((values or {}).items())}
    return {name: value for name, value in checked.items() if value is not None}


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _curve(path: Path) -> tuple[float, ...]:
    """The loss of every step, of a long run evenly chosen ones, the last among them."""
    if not path.is_file():
        return ()
    values = [_finite(json.loads(line)["loss"]) for line in path.read_bytes().splitlines()]
    known = [value for value in values if value is not None]
    stride = math.ceil(len(known) / _MOST_STEPS) or 1
    return tuple(known[(len(known) - 1) % stride :: stride])
