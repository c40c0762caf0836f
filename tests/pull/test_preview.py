"""What a pull would do, and who must click or bring a token; nothing is downloaded or written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from curation.cli import main
from curation.core.errors import GateError, RetryError
from curation.core.project import Project
from curation.demo.hub import Fault, LoopbackHub, publish
from curation.pull import huggingface
from curation.pull.preview import preview
from curation.pull.pull import bring_all
from tests.pull.support import Make, all_rows

pytest.importorskip("huggingface_hub")

QA = {"kind": "qa", "user": "q", "assistant": "a"}


def rows(*numbers: int, column: str = "a") -> bytes:
    return b"".join(b'{"q": "q%d", "%s": "a"}\n' % (n, column.encode()) for n in numbers)


FILES = {"a.jsonl": rows(1), "b.jsonl": rows(2, 3), "c.jsonl": rows(4)}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    from huggingface_hub import constants

    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(huggingface, "_PATIENCE_S", 0.5)
    root = tmp_path / "hub"
    publish(root, "demo/open", FILES, card={"license": "mit"})
    publish(root, "demo/gated", {"d.jsonl": rows(1)}, card={}, gated="manual")
    with LoopbackHub(root) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


def declare(make: Make, flags: dict[str, Any] | None = None, **more: Any) -> Project:
    return make.project(
        {
            "open": {"kind": "huggingface", "id": "demo/open", "adapter": QA, **more},
            "shut": {"kind": "huggingface", "id": "demo/gated", "adapter": QA},
            "mine": {"kind": "files", "path": "mine.jsonl", "adapter": QA},
            "far": {"kind": "files", "path": "https://example.org/x.jsonl", "adapter": QA, "licence": "mit"},
        },
        **(flags or {}),
    )


def look(project: Project, *names: str, **more: Any) -> Any:
    return preview(project, project.enabled(names), **more)


def downloads(hub: LoopbackHub) -> list[str]:
    return [r.path for r in hub.requests if "/resolve/" in r.path]


def test_what_would_be_pulled_is_shown_and_nothing_is_done(make: Make, hub: LoopbackHub) -> None:
    make.file("mine.jsonl", rows(7))
    project = declare(make, max_files=2)
    before = sorted(p for p in make.root.rglob("*"))
    found = look(project)
    assert sorted(p for p in make.root.rglob("*")) == before
    assert downloads(hub) == []
    shown = found["open"]
    assert (shown.id, shown.licence, shown.gated, shown.cached) == ("demo/open", "mit", False, False)
    assert (shown.files, shown.left_out, shown.size) == (2, 1, sum(len(FILES[n]) for n in ("a.jsonl", "b.jsonl")))
    assert shown.todo is None
    assert shown.error is None
    shut = found["shut"]
    assert (shut.id, shut.files, shut.gated, type(shut.error)) == ("demo/gated", 1, True, GateError)
    assert "HF_TOKEN" in str(shut.todo)
    assert (found["mine"].files, found["mine"].cached) == (1, True)
    assert "accept" in str(found["mine"].todo)
    assert (found["far"].files, found["far"].cached, found["far"].error) == (None, False, None)


def test_after_the_pull_it_is_here_and_offline_enough(make: Make, hub: LoopbackHub) -> None:
    make.file("mine.jsonl", rows(7))
    project = declare(make)
    bring_all(project, project.enabled(("open", "mine")))
    asked = len(hub.requests)
    offline = declare(make, {"offline": True})
    found = look(offline)
    assert len(hub.requests) == asked
    assert found["open"].cached
    assert found["shut"].error is not None
    assert found["far"].error is not None
    old = found["open"].revision
    new = publish(hub.root, "demo/open", {"a.jsonl": rows(1)}, card={"license": "mit"})
    assert look(project, "open")["open"].revision == old
    moved = look(project, "open", update=True)["open"]
    assert (moved.revision, moved.pinned, moved.cached) == (new, old, False)


def test_the_command_says_who_must_do_what(
    make: Make, hub: LoopbackHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make.file("mine.jsonl", rows(7))
    declare(make)
    root = ["--project", str(make.root)]
    assert main([*root, "pull", "--dry-run", "open", "shut"]) == 5
    out, err = capsys.readouterr()
    assert "demo/open" in out and "ask for access" in out and "dry run" in err
    assert main([*root, "pull", "--dry-run", "open", "mine"]) == 0
    capsys.readouterr()
    # One that is blocked stops no other; what a person must click comes before what only needs another try.
    assert main([*root, "--json", "pull", "open", "shut", "mine"]) == 5
    out, _ = capsys.readouterr()
    done = json.loads(out)
    assert set(done["pulled"]) == {"open", "mine"}
    assert done["blocked"]["shut"]["exit_code"] == 5
    assert "HF_TOKEN" in done["blocked"]["shut"]["mend"]
    assert main([*root, "pull", "shut", "mine"]) == 5
    out, _ = capsys.readouterr()
    assert "to do" in out and "ask for access" in out
    monkeypatch.setenv("HF_TOKEN", "hf_ok")
    with LoopbackHub(hub.root, faults=[Fault("demo/gated", status=503, times=1000)]) as busy:
        monkeypatch.setenv("HF_ENDPOINT", busy.endpoint)
        assert main([*root, "pull", "shut", "mine"]) == 75
        assert isinstance(look(declare(make), "shut")["shut"].error, RetryError)


def test_caps_come_before_the_download(make: Make, hub: LoopbackHub) -> None:
    told: list[str] = []
    project = declare(make, max_bytes=len(FILES["a.jsonl"]) + len(FILES["b.jsonl"]))
    first = bring_all(project, project.enabled(("open",)), say=told.append).pulled["open"]
    assert {path.rpartition("/")[2] for path in downloads(hub)} == {"a.jsonl", "b.jsonl"}
    assert (first.entry.rows, set(first.entry.files), first.entry.left_out) == (3, {"a.jsonl", "b.jsonl"}, 1)
    assert any("leave out 1 more" in line for line in told)
    # Without the cap only what is missing is fetched, and the table is another one.
    project = declare(make)
    second = bring_all(project, project.enabled(("open",)), say=told.append).pulled["open"]
    assert (second.entry.rows, second.entry.left_out) == (4, 0)
    assert second.table.key != first.table.key
    assert [p.rpartition("/")[2] for p in downloads(hub)].count("a.jsonl") <= 2  # its HEAD and its GET
    assert {r["id"] for r in all_rows(first.table)} < {r["id"] for r in all_rows(second.table)}


def test_an_update_that_changes_the_columns_is_refused_until_accepted(make: Make, hub: LoopbackHub) -> None:
    project = declare(make)
    first = bring_all(project, project.enabled(("open",))).pulled["open"]
    new = b'{"q": "q1", "a": "a", "more": true}\n'
    sha = publish(hub.root, "demo/open", {"a.jsonl": new}, card={"license": "cc-by-4.0"})
    refused = bring_all(project, project.enabled(("open",)), update=True)
    assert "columns of the files changed" in str(refused.errors["open"])
    assert project.lock().sources["open"] == first.entry
    told: list[str] = []
    moved = bring_all(project, project.enabled(("open",)), update=True, accept_schema=True, say=told.append)
    assert moved.pulled["open"].entry.revision == sha
    said = "\n".join(told)
    for words in ("rows 4 -> 1", "licence mit -> cc-by-4.0", "schema ", "revision "):
        assert words in said
    # From then on it needs no hub.
    shutil.rmtree(hub.root)
    offline = declare(make, {"offline": True})
    assert bring_all(offline, offline.enabled(("open",))).pulled["open"].entry.revision == sha
