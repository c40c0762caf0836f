"""A detected adapter holds for the columns it was confirmed for; other columns are refused until a person says yes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from curation.cli import main
from curation.core.errors import ProjectError
from curation.core.lock import Lock
from curation.core.project import Project
from curation.demo.hub import LoopbackHub, publish
from curation.pull.pull import bring
from curation.pull.schema import schema_digest
from tests.pull.support import Make

QA = {"kind": "qa", "user": "question", "assistant": "answer"}


def rows(*more: str, count: int = 12) -> list[dict[str, Any]]:
    return [{"question": f"What is {n}?", "answer": f"It is {n}.", **dict.fromkeys(more, "x")} for n in range(count)]


def jsonl(*more: str) -> bytes:
    return b"".join(json.dumps(r).encode() + b"\n" for r in rows(*more))


def declared(root: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((root / "sources.yaml").read_text("utf-8"))["sources"])


def run(make: Make, *words: str) -> int:
    return main(["--project", str(make.root), *words])


def pull(make: Make, name: str = "set", **more: Any) -> Any:
    project = Project.open(make.root, {})
    return bring(project, name, project.sources[name], **more)


def test_digest() -> None:
    one = schema_digest([{"a": "str", "b": "int"}])
    assert one == schema_digest([{"b": "float"}, {"a": "str|null"}, {"a": "str", "b": "int"}])
    assert len({one, schema_digest([{"a": "str"}]), schema_digest([{"a": "str", "b": "str"}]), schema_digest([])}) == 4


def test_accept_writes_an_entry_that_pulls(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make.project({})
    make.file("in/set.json", rows("topic"))
    assert run(make, "sources", "detect", str(make.root / "in/set.json"), "--accept") == 0
    entry = declared(make.root)["set"]
    assert entry["path"] == "in/set.json"
    assert entry["adapter"] == {**QA, "keep": ["topic"]}
    assert "example 3" in capsys.readouterr().out
    table = pull(make)
    assert table.table.rows == 12
    assert table.entry.schema == entry["confirmed"]


def test_accept_refuses(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make.project({"mine": {"kind": "files", "path": "set.json", "adapter": QA}})
    make.file("set.json", rows())
    make.file("plain.json", [{"text": "Nothing that anyone said."}])
    before = declared(make.root)
    for path, name in (("set.json", "mine"), ("plain.json", "plain"), ("set.json", "no good name")):
        assert run(make, "sources", "detect", str(make.root / path), "--accept", "--name", name) == 3
    assert declared(make.root) == before
    assert "no proposal to accept" in capsys.readouterr().err


def test_detect_needs_no_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "set.json"
    path.write_text(json.dumps(rows()))
    assert main(["sources", "detect", str(path), "--json"]) == 0
    (proposal,) = json.loads(capsys.readouterr().out)["proposals"]
    assert proposal["adapter"] == QA
    assert len(proposal["trial"]["examples"]) == 3


def test_an_adapter_for_other_columns_is_refused(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make.project({"set": {"kind": "files", "path": "set.json", "adapter": QA, "confirmed": "0" * 64}})
    make.file("set.json", rows())
    assert run(make, "pull", "set") == 3
    assert "--accept-schema" in capsys.readouterr().err
    assert not Lock.read(make.root / "sources.lock.yaml").sources
    assert not list((make.root / "data/raw/tables").rglob("manifest.json"))
    assert run(make, "pull", "set", "--accept-schema") == 0
    assert run(make, "pull", "set") == 0


def test_a_hand_written_adapter_is_confirmed_by_its_first_pull(make: Make) -> None:
    make.project({"set": {"kind": "files", "path": "set.json", "adapter": QA}})
    make.file("set.json", rows())
    first = pull(make)
    make.file("set.json", rows(count=14))
    assert pull(make).entry.schema == first.entry.schema
    make.file("set.json", rows("label", count=14))
    with pytest.raises(ProjectError, match="columns of the files changed"):
        pull(make)
    assert Lock.read(make.root / "sources.lock.yaml").sources["set"].rows == 14
    changed = pull(make, accept_schema=True)
    assert changed.entry.schema != first.entry.schema
    assert pull(make).entry == changed.entry


def test_an_adapter_rewritten_by_hand_is_confirmed_again(make: Make) -> None:
    make.project({"set": {"kind": "files", "path": "set.json", "adapter": QA}})
    make.file("set.json", rows())
    pull(make)
    make.file("set.json", rows("topic"))
    make.project({"set": {"kind": "files", "path": "set.json", "adapter": {**QA, "keep": ["topic"]}}})
    assert pull(make).changed


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("huggingface_hub")
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "hub"
    # The second file is the larger one and need not be fetched.
    files = {"b/1.jsonl": jsonl(), "b/0.jsonl": jsonl() * 3}
    publish(root, "demo/set", files, card={"license": "cc-by-nc-4.0"}, gated="auto")
    with LoopbackHub(root) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        monkeypatch.setenv("HF_TOKEN", "hf_ok")
        yield running


def test_the_hub(make: Make, hub: LoopbackHub, capsys: pytest.CaptureFixture[str]) -> None:
    make.project({})
    assert run(make, "sources", "detect", "demo/set", "--accept") == 0
    out = capsys.readouterr().out
    assert "cc-by-nc-4.0 (non-commercial)" in out and "gated" in out
    assert not any(r.path.endswith("b/0.jsonl") and r.verb == "GET" for r in hub.requests)
    first = pull(make)
    assert (first.table.manifest["rows_in"], first.entry.schema) == (48, declared(make.root)["set"]["confirmed"])
    # Another column upstream: the pin holds, an update is refused until a person says yes.
    publish(hub.root, "demo/set", {"b/0.jsonl": jsonl("label")}, card={"license": "cc-by-nc-4.0"}, gated="auto")
    assert pull(make).entry == first.entry
    with pytest.raises(ProjectError, match="columns of the files changed"):
        pull(make, update=True)
    assert Lock.read(make.root / "sources.lock.yaml").sources["set"] == first.entry
    assert pull(make, update=True, accept_schema=True).entry.revision != first.entry.revision
    assert not pull(make).changed


def test_the_hub_offline(make: Make, hub: LoopbackHub) -> None:
    make.project({})
    assert main(["--project", str(make.root), "--offline", "sources", "detect", "demo/set"]) == 6
    assert hub.requests == []
