"""Sources are pinned at the first pull, and one that is blocked never stops the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curation.core.annotations import Annotations
from curation.core.errors import GateError, IntegrityError, ProjectError
from curation.core.lock import Lock
from curation.core.project import Project
from curation.demo.hub import LoopbackHub, publish
from curation.pull import ingest
from curation.pull.pull import Outcome, bring, bring_all, raw_table
from tests.pull.support import Make, all_rows

pytest.importorskip("huggingface_hub")

QA = {"kind": "qa", "user": "q", "assistant": "a"}


def rows(*numbers: int) -> bytes:
    return b"".join(b'{"q": "q%d", "a": "a", "t": 1}\n' % n for n in numbers)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "hub"
    publish(root, "demo/open", {"d.jsonl": rows(1, 2)}, card={"license": "mit"})
    publish(root, "demo/gated", {"d.jsonl": rows(1)}, card={}, gated="manual")
    with LoopbackHub(root) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


def declare(make: Make, **more: Any) -> Project:
    return make.project(
        {
            "shut": {"kind": "huggingface", "id": "demo/gated", "adapter": QA},
            "open": {"kind": "huggingface", "id": "demo/open", "adapter": QA, **more},
            "wrong": {"kind": "files", "path": "none.jsonl", "adapter": QA},
            "mine": {"kind": "files", "path": "mine.jsonl", "adapter": QA},
        }
    )


def pull(project: Project, *names: str, **more: Any) -> Outcome:
    return bring_all(project, project.enabled(names), **more)


def test_one_blocked_source_stops_no_other(make: Make, hub: LoopbackHub) -> None:
    make.file("mine.jsonl", rows(7))
    project = declare(make)
    told: list[str] = []
    outcome = pull(project, say=told.append)
    assert set(outcome.pulled) == {"open", "mine"}
    assert {n: type(e) for n, e in outcome.errors.items()} == {"shut": GateError, "wrong": ProjectError}
    assert all(p.changed for p in outcome.pulled.values())
    lock = Lock.read(project.lock_path)
    assert set(lock.sources) == {"open", "mine"}
    entry = lock.sources["open"]
    assert (entry.id, entry.licence, entry.gated, entry.rows) == ("demo/open", "mit", False, 2)
    assert entry.identity == ("q", "a")
    assert list(entry.files) == ["d.jsonl"]
    assert entry.table == outcome.pulled["open"].table.key
    assert {r["licence"] for r in all_rows(outcome.pulled["open"].table)} == {"mit"}
    assert not any("q1" in line for line in told)


def test_a_second_pull_does_nothing_and_asks_nobody(
    make: Make, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.file("mine.jsonl", rows(7))
    project = declare(make)
    first = pull(project, "open", "mine")
    asked = len(hub.requests)
    written = {p: p.stat().st_mtime_ns for p in make.root.rglob("*") if p.is_file()}
    monkeypatch.setattr(ingest, "read", None)
    second = pull(project, "open", "mine")
    assert len(hub.requests) == asked
    assert not any(p.changed for p in second.pulled.values())
    assert {n: p.table for n, p in second.pulled.items()} == {n: p.table for n, p in first.pulled.items()}
    again = {p: p.stat().st_mtime_ns for p in make.root.rglob("*") if p.is_file()}
    assert {p for p in again if again[p] != written.get(p)} == set()


def test_the_pin_stays_until_an_update(make: Make, hub: LoopbackHub) -> None:
    project = declare(make)
    first = pull(project, "open").pulled["open"]
    new = publish(hub.root, "demo/open", {"d.jsonl": rows(1, 2, 3)}, card={"license": "apache-2.0"})
    assert pull(project, "open").pulled["open"].entry == first.entry
    told: list[str] = []
    second = pull(project, "open", update=True, say=told.append).pulled["open"]
    assert second.changed
    assert (second.entry.revision, second.entry.rows, second.entry.licence) == (new, 3, "apache-2.0")
    assert any("rows 2 -> 3" in line for line in told)
    assert any("licence mit -> apache-2.0" in line for line in told)
    assert {r["id"] for r in all_rows(first.table)} < {r["id"] for r in all_rows(second.table)}
    # A full commit in sources.yaml is a pin of its own.
    back = declare(make, revision=first.entry.revision)
    assert pull(back, "open").pulled["open"].entry == first.entry


def test_identity_stays_as_it_was_at_the_first_pull(make: Make, hub: LoopbackHub) -> None:
    first = pull(declare(make), "open").pulled["open"]
    project = declare(make, adapter={"kind": "qa", "user": ["q", "t"], "assistant": "a"})
    second = pull(project, "open").pulled["open"]
    assert second.entry.identity == ("q", "a")
    assert [r["id"] for r in all_rows(first.table)] == [r["id"] for r in all_rows(second.table)]
    assert all_rows(second.table)[0]["messages"][0]["content"].endswith("\n\n1")


def test_local_files_are_read_as_they_are_now(make: Make, hub: LoopbackHub) -> None:
    make.file("mine.jsonl", rows(7))
    project = declare(make)
    first = pull(project, "mine").pulled["mine"]
    assert raw_table(project, "mine", project.sources["mine"]) == first.table
    make.file("mine.jsonl", rows(7, 8))
    assert raw_table(project, "mine", project.sources["mine"]) is None
    second = pull(project, "mine").pulled["mine"]
    assert (second.entry.rows, second.changed) == (2, True)
    (make.root / "mine.jsonl").unlink()
    assert raw_table(project, "mine", project.sources["mine"]) == second.table


def test_raw_table_follows_the_declaration_without_a_network(
    make: Make, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = declare(make)
    assert raw_table(project, "open", project.sources["open"]) is None
    table = pull(project, "open").pulled["open"].table
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert raw_table(project, "open", project.sources["open"]) == table
    changed = declare(make, persona="client")
    assert raw_table(changed, "open", changed.sources["open"]) is None
    for path in sorted((project.raw / "downloads").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert raw_table(project, "open", project.sources["open"]) == table


def test_other_bytes_under_the_pinned_commit_are_refused(make: Make, hub: LoopbackHub) -> None:
    project = declare(make)
    entry = pull(project, "open").pulled["open"].entry
    for path in sorted((project.raw / "downloads").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    home = hub.root / "datasets/demo/open" / entry.revision / "d.jsonl"
    home.write_bytes(rows(9, 9))
    # Nothing to make, nothing to fetch; but another persona means reading the files once more.
    assert not bring(project, "open", project.sources["open"]).changed
    assert not list((project.raw / "downloads").glob("*/*"))
    project = declare(make, persona="client")
    with pytest.raises(IntegrityError, match="not those"):
        bring(project, "open", project.sources["open"])
    assert project.lock().sources["open"] == entry


def test_no_download_is_kept_of_a_source_with_withdrawn_rows(make: Make, hub: LoopbackHub) -> None:
    project = declare(make)
    record = all_rows(pull(project, "open").pulled["open"].table)[0]
    lines = (b"q1", b"q2")
    folder = project.raw / "downloads" / "open"
    assert any(line in p.read_bytes() for line in lines for p in folder.rglob("*.jsonl"))
    Annotations(make.root / "annotations").forget({record["id"]})
    assert pull(project, "open").pulled["open"].table.rows == 1
    assert not folder.exists()
    # Up to date: nothing is fetched again, and the hub is not even asked.
    asked = len(hub.requests)
    assert pull(project, "open").pulled["open"].table.rows == 1
    assert (len(hub.requests), folder.exists()) == (asked, False)
    # Read once more under another adapter, or by wish: fetched, and cleared away again.
    for changed, update in ((declare(make, persona="client"), False), (declare(make, persona="client"), True)):
        found = pull(changed, "open", update=update).pulled["open"].table
        assert record["id"] not in {r["id"] for r in all_rows(found)}
        assert not folder.exists()
    assert len(hub.requests) > asked


def test_no_record_at_all_is_said(make: Make, hub: LoopbackHub) -> None:
    make.file("mine.jsonl", b'{"q": "x", "a": ""}\n')
    told: list[str] = []
    project = declare(make)
    assert pull(project, "mine", say=told.append).pulled["mine"].table.rows == 0
    assert any("none of 1 rows" in line and "1 pull/no_answer" in line for line in told)
