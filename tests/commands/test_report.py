from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from curation.commands import pipeline, runs
from curation.commands.report import report, summarise, write_report
from curation.core import files
from curation.core.app import App
from curation.core.errors import IntegrityError
from curation.core.project import Project, make_key
from curation.core.records import RECORD_SCHEMA, as_dropped, empty_dropped
from curation.core.store import WHOLE, Store, StoredTable
from curation.core.ui import Ui
from curation.methods.eq import DOMAINS, EQ
from curation.methods.hold import RISK
from curation.tag.arcs import ARC

CANARY = "Marlene Canary, 030 5550199"
SOURCES = """
sources:
  talks:
    kind: files
    path: talks.jsonl
    licence: mit
    persona: client
    adapter: {kind: turns}
  odd:
    kind: huggingface
    id: someone/odd
    licence: other
    adapter: {kind: turns}
  vouched:
    kind: huggingface
    id: someone/vouched
    accept: {licence: custom, by: R. Meyer, reason: asked them}
    adapter: {kind: turns}
  resting:
    kind: files
    path: more.jsonl
    enabled: false
    adapter: {kind: turns}
"""

EMOTION = pa.struct(
    [
        ("model", pa.string()),
        ("quality", pa.string()),
        ("turns", pa.list_(pa.struct([("labels", pa.list_(pa.string())), ("top", pa.float32())]))),
    ]
)


def publish(
    store: Store, step: str, table: pa.Table, dropped: pa.Table, notes: Mapping[str, int], stages: tuple[str, ...]
) -> StoredTable:
    part = store.write_part("talks", step, f"{step}-part", table, dropped, notes)
    return store.publish(
        "talks", step, f"{step}-key", {WHOLE: part}, columns=table.column_names,
        ingredients=[{"stage": stage} for stage in stages], rows_in=len(table) + len(dropped),
    )  # fmt: skip


def turns(count: int) -> dict[str, Any]:
    return {"model": "tiny", "quality": "preview (English)", "turns": [{"labels": ["joy"] * (i % 2), "top": 0.5}
                                                                       for i in range(count)]}  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> list[StoredTable]:
    """Twelve rows read: 2 became no record, 1 was empty, 3 were duplicates, 6 are left; each step lost what it says."""
    ids = [f"talks:{i:016x}" for i in range(12)]
    rows = pa.Table.from_pylist(
        [
            {"id": i, "kind": "chat", "messages": [{"role": "user", "content": CANARY, "reasoning": None}],
             "persona": "client", "language": None if i == ids[0] else "en"}
            for i in ids
        ],
        schema=RECORD_SCHEMA,
    )  # fmt: skip
    store, raw_store = Store(tmp_path / "data" / "tables"), Store(tmp_path / "data" / "raw" / "tables")
    raw = publish(raw_store, "raw", rows.slice(0, 10), as_dropped(ids[10:], "pull", ["bad_role", "screen"]), {}, ())
    stages = ("normalise", "language", "screen", "text_digest", "scrub")
    notes = {"scrub.EMAIL": 4, "scrub.PHONE": 9, "language.unknown": 1}
    clean = publish(store, "records", rows.slice(0, 9), as_dropped(ids[9:10], "normalise", "empty"), notes, stages)
    only_ids = pa.table({"id": ids[:6]})
    unique = publish(
        store, "exact_dup", only_ids, as_dropped(ids[6:9], "exact_dup", "duplicate"), {"folded": 3}, ("exact_dup",)
    )
    emotions = pa.array([None if i == 5 else turns(i) for i in range(6)], EMOTION)
    tagged = publish(store, "emotion", only_ids.append_column("emotion", emotions), empty_dropped(), {}, ("emotion",))
    nothing = [publish(store, step, only_ids, empty_dropped(), {}, (step,)) for step in ("near_dup", "filters")]
    notes = {"empathy.explorations.0": 4, "empathy.explorations.2": 2, "strategies.no_head": 6}
    nothing.append(publish(store, "heads", only_ids, empty_dropped(), notes, ("empathy", "strategies")))
    side = {"turns": 6, "first": -0.5, "last": 0.25, "delta": 0.75, "slope": 0.1, "spread": 0.3, "lowest": 2}
    arcs = [{"client": {**side, "recovery": i or None} if i < 4 else None, "assistant": None,
             "missing": None if i < 4 else "few_turns"} for i in range(6)]  # fmt: skip
    domain = {"n_evidence": 3, "method": "proxy", "instrument": "x", "version": 1}
    eq = [{name: {**domain, "value": i / 10} if name == "emotional_awareness" else None for name in DOMAINS}
          for i in range(6)]  # fmt: skip
    described = only_ids.append_column("arc", pa.array(arcs, ARC)).append_column("eq", pa.array(eq, EQ))
    nothing.append(publish(store, "voice", only_ids, empty_dropped(), {"voice.no_profile": 6}, ("voice",)))
    nothing.append(publish(store, "eq", described, empty_dropped(), {}, ("arc", "eq")))
    found = [{"level": 3 if i == 1 else 0, "flags": [], "why": None, "turns": [], "spans": []} for i in range(6)]
    notes = {"risk.level.0": 5, "risk.level.3": 1}
    screened = only_ids.append_column("risk", pa.array(found, RISK))
    return [raw, clean, unique, *nothing, tagged, publish(store, "risk", screened, empty_dropped(), notes, ("risk",))]


@pytest.fixture
def project(tmp_path: Path, tables: list[StoredTable], monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "sources.yaml").write_text(SOURCES)
    make_key(tmp_path)
    project = Project.open(tmp_path)
    monkeypatch.setattr(pipeline, "every_table", lambda p: {n: tables if n == "talks" else [] for n in p.sources})
    done = [pipeline.Done("talks", "pull", 12, 10, 1.5), pipeline.Done("talks", "records", 10, 9, 2.0)]
    runs.record(project, done)
    runs.record(project, [pipeline.Done("talks", "records", 10, 9, 0.5)])
    export = project.data / "exports" / "sft"
    manifest = {
        "mix": "sft",
        "recipe": {"task": "sft", "rows": 8},
        "rows": {"seen": 6, "selected": 5, "train": 4, "validation": 1},
        "sources": {"talks": {"selected": 5, "asked": 8, "left_out": {"twin": 1}}},
        "personas": {"client": 5},
        "licence_class": "permissive",
        "files": {"train.parquet": {"sha256": "ab" * 32, "bytes": 900, "rows": 4}},
    }
    files.write_sealed(export / "0123456789abcdef" / "manifest.json", manifest)
    files.write_sealed(export / "latest.json", {"mix": "sft", "key": "0123", "folder": "0123456789abcdef"})
    adapter = project.data / "adapters" / "pixel" / "0123456789abcdef"
    facts = {
        "recipe": {"mix": "sft"},
        "base": {"name": "tiny-mistral", "revision": None},
        "steps": 3,
        "counts": {"rows_encoded": 4, "trained_tokens": 77},
        "losses": {"first_step": 3.0, "last_step": 1.0, "before": {"all": 3.2}, "after": {"all": float("nan")}},
    }
    files.write_bytes(adapter / "manifest.json", json.dumps(facts).encode())
    files.write_bytes(adapter / "metrics.jsonl", b"".join(b'{"loss": %d}\n' % loss for loss in (3, 2, 1)))
    lines = [
        ["sft: loss, all", 3.2, 1.1],
        ["sft: loss, source talks", 3.0, 1.0],
        ["dpo: preference accuracy", None, 0.75],
    ]
    files.write_bytes(
        project.data / "scorecards" / "pixel" / "0123456789abcdef.json", json.dumps({"lines": lines}).encode()
    )
    return project


@pytest.fixture
def app(project: Project) -> App:
    return App(Ui(), project.root)


def state(root: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.stat().st_ino, p.stat().st_mtime_ns) for p in root.rglob("*") if p.is_file()}


def test_the_summary_says_what_the_manifests_say(project: Project) -> None:
    summary = summarise(project)
    talks = summary.sources[0]
    assert (talks.rows_read, talks.rows_kept) == (12, 6)
    assert [(s.name, s.rows_in, s.rows_kept, s.seconds) for s in talks.steps] == [
        ("raw", 12, 10, 1.5), ("records", 10, 9, 0.5), ("exact_dup", 9, 6, None), ("near_dup", 6, 6, None),
        ("filters", 6, 6, None), ("heads", 6, 6, None), ("voice", 6, 6, None), ("eq", 6, 6, None),
        ("emotion", 6, 6, None), ("risk", 6, 6, None),
    ]  # fmt: skip
    assert sum(talks.reasons.values()) == 6
    assert talks.personal_data == {"PHONE": 9, "EMAIL": 4}
    assert talks.languages == {"en": 5, "unknown": 1}
    assert talks.emotions == {"joy": 0 + 0 + 1 + 1 + 2}
    assert talks.risk == {"level.0": 5, "level.3": 1} and (talks.waiting, talks.released) == (1, 0)
    assert not talks.unfinished
    assert talks.empathy == {"explorations.0": 4, "explorations.2": 2} and not talks.strategies
    assert talks.arcs == {"described": 4, "few_turns": 2, "recovered": 3, "client.first": -0.5, "client.last": 0.25}
    awareness = summary.eq[0]
    assert (awareness.records, awareness.withheld, awareness.correlation) == ({"proxy": 6}, True, None)
    assert awareness.mean["proxy"] == pytest.approx(0.25)
    (mix,), (adapter,) = summary.mixes, summary.adapters
    assert (mix.rows, mix.asked, mix.got, mix.left_out, mix.key) == (
        5, {"talks": 8}, {"talks": 5}, {"twin": 1}, "0123456789abcdef",
    )  # fmt: skip
    assert (adapter.curve, adapter.before, adapter.after) == ((3.0, 2.0, 1.0), {"all": 3.2}, {})
    assert adapter.name == "pixel/0123456789abcdef"
    assert adapter.scores == {"sft: loss, all": (3.2, 1.1), "dpo: preference accuracy": (None, 0.75)}


def test_notices_name_what_a_reader_must_know(project: Project) -> None:
    assert {notice.kind: notice.names for notice in summarise(project).notices} == {
        "licence": ("odd",),
        "accepted": ("vouched",),
        "disabled": ("resting",),
        "unfinished": ("odd", "vouched"),
        "preview": ("tiny",),
    }


def test_a_second_report_writes_nothing_and_a_changed_one_does(app: App, tables: list[StoredTable]) -> None:
    path = write_report(app)
    assert path == app.project.data / "report.html" and path.stat().st_mode & 0o777 == 0o600
    before = state(app.project.root)
    assert write_report(app) == path
    assert state(app.project.root) == before
    tables.pop()
    write_report(app)
    changed = {name for name, value in state(app.project.root).items() if before[name] != value}
    assert changed == {str(path)}
    assert "Screened for risk" not in path.read_text()


def test_no_text_of_a_row_is_on_the_page_or_in_the_json(app: App) -> None:
    page = write_report(app).read_text()
    document = json.dumps(summarise(app.project).document())
    for piece in CANARY.replace(",", "").split():
        assert piece not in page and piece not in document


def test_the_command_prints_the_path_or_the_numbers(app: App) -> None:
    runner = CliRunner()
    # With the names of the real command: click keeps the help option of a command from its first use.
    plain = runner.invoke(report, obj=app)
    assert plain.output.strip() == str(app.project.data / "report.html") and plain.exit_code == 0
    app.ui.json = True
    document = json.loads(runner.invoke(report, obj=app).output)
    assert document["version"] == 1 and document["totals"]["rows_read"] == 12
    assert document["sources"][0]["steps"][2]["reasons"] == {"exact_dup/duplicate": 3}


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("exports/sft/latest.json", "sft"),
        ("exports/sft/0123456789abcdef/manifest.json", "sft"),
        ("adapters/pixel/0123456789abcdef/manifest.json", "pixel/0123456789abcdef"),
        ("adapters/pixel/0123456789abcdef/metrics.jsonl", "pixel/0123456789abcdef"),
        ("scorecards/pixel/0123456789abcdef.json", "pixel/0123456789abcdef"),
    ],
)
@pytest.mark.parametrize("content", [b"{}", b"[1]", b"\xff{", b'{"loss": '])
def test_what_cannot_be_read_is_named_and_the_rest_shown(
    project: Project, broken: str, name: str, content: bytes
) -> None:
    (project.data / broken).write_bytes(content)
    summary = summarise(project)
    assert ("unreadable", (name,)) in [(notice.kind, notice.names) for notice in summary.notices]
    assert summary.rows_read == 12 and len(summary.mixes) + len(summary.adapters) == 1


def test_a_pointer_cannot_lead_out_of_its_folder(project: Project) -> None:
    pointer = {"mix": "sft", "key": "0", "folder": "../../../elsewhere"}
    files.write_sealed(project.data / "exports" / "sft" / "latest.json", pointer)
    assert summarise(project).mixes == ()


def test_a_damaged_source_is_named_and_the_others_shown(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = IntegrityError("a part of a table is missing")
    monkeypatch.setattr(pipeline, "every_table", lambda p: dict.fromkeys(p.sources, damaged))
    summary = summarise(project)
    assert ("unreadable", ("odd", "talks", "vouched")) in [(n.kind, n.names) for n in summary.notices]
    assert [source.name for source in summary.sources] == ["talks", "odd", "vouched", "resting"]
