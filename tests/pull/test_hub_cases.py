"""`hub_cases.yaml`, case by case, with the real hub client: the pinned bytes or a clear failure, never other bytes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from curation.cli import cli
from curation.core.errors import CurateError
from curation.core.project import Project
from curation.demo.hub import Fault, LoopbackHub, publish
from curation.pull import huggingface
from curation.pull.pull import raw_table
from tests.pull.support import Make, all_rows

pytest.importorskip("huggingface_hub")

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "hub_cases.yaml").read_text("utf-8"))["cases"]
SLOW = {"the hub fails after it named the commit, before it lists the files"}
"""Cases in which the client itself waits for long."""

SOURCE = {
    "kind": "huggingface",
    "id": "demo/set",
    "files": ["*.jsonl", "*.parquet"],
    "adapter": {"kind": "turns", "field": "conversations", "role_key": "from", "content_key": "value"},
}
DEAD = "http://127.0.0.1:9"
TOKEN = "hf_in"


def commit(version: str) -> dict[str, bytes]:
    """The files of a version: no row of it is in another one."""
    letters = random.Random(version)

    def row(number: int) -> dict[str, Any]:
        noise = "".join(letters.choices("abcdefghij", k=80))
        return {
            "conversations": [
                {"from": "human", "value": f"{version} question {number}"},
                {"from": "gpt", "value": f"{version} answer {number} {noise}"},
            ]
        }

    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([row(n) for n in range(40)]), sink)
    lines = "".join(json.dumps(row(n)) + "\n" for n in range(40, 60))
    return {"data/rows.parquet": sink.getvalue().to_pybytes(), "rows.jsonl": lines.encode()}


class World:
    """A hub on loopback, and a project that pulls from it."""

    def __init__(self, folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch, *, gated: bool) -> None:
        self.root, self.make, self.patch = folder / "hub", make, monkeypatch
        self.shut: dict[str, Any] = {"gated": "manual" if gated else False, "tokens": [TOKEN]}
        self.sha = {"v1": self.publish("v1")}
        self.hub: LoopbackHub | None = None
        self.patch.setenv("HF_TOKEN", TOKEN)
        make.project({"s": SOURCE})

    def publish(self, version: str, licence: str = "mit") -> str:
        return publish(self.root, "demo/set", commit(version), card={"license": licence}, **self.shut)

    @property
    def home(self) -> Path:
        return self.root / "datasets/demo/set"

    def meta(self, **changes: Any) -> dict[str, Any]:
        """The hub's knowledge of the set, after changes."""
        path = self.home / "meta.json"
        meta: dict[str, Any] = {**json.loads(path.read_text()), **changes}
        path.write_text(json.dumps(meta))
        return meta

    def serve(self, *faults: Fault, root: Path | None = None) -> None:
        self.stop()
        self.hub = LoopbackHub(root or self.root, faults=faults).__enter__()
        self.patch.setenv("HF_ENDPOINT", self.hub.endpoint)

    def stop(self) -> None:
        if self.hub:
            self.hub.__exit__()
        self.hub = None

    def pull(self, *words: str) -> CurateError | None:
        """Run the command; the error it ends with."""
        flags = ["--project", str(self.make.root), "--quiet", *(["--offline"] if "offline" in words else [])]
        try:
            cli.main([*flags, "pull", *(["--update"] if "update" in words else [])], standalone_mode=False)
        except CurateError as error:
            return error
        return None

    def prepare(self, here: str) -> None:
        """Pull v1, then v2; go back to the lock of v1; take away what does not lie here."""
        from huggingface_hub import _tree_cache, snapshot_download

        self.serve()
        assert self.pull() is None
        lock = self.lock.read_bytes()
        self.sha["v2"] = self.publish("v2")
        assert self.pull("update") is None
        assert self.made() == wanted("v2")
        assert self.hub is not None
        snapshot_download("demo/set", repo_type="dataset", revision="main", endpoint=self.hub.endpoint)
        self.lock.write_bytes(lock)
        shutil.rmtree(self.raw / "tables")
        _tree_cache._IN_MEMORY_TREE_CACHE.clear()  # the pull that counts stands for another process
        folder = self.raw / "downloads/s" / self.sha["v1"]
        if here == "nothing":
            shutil.rmtree(folder)
            folder.with_suffix(".json").unlink()
        elif here == "damaged":
            path = folder / "data/rows.parquet"
            whole = path.read_bytes()
            path.write_bytes(whole[:500] + bytes([whole[500] ^ 1]) + whole[501:])

    def change(self, what: str) -> list[Fault]:
        """Let something happen upstream."""
        if what == "no_token":
            self.patch.delenv("HF_TOKEN")
        elif what == "token_removed":
            self.meta(tokens=["hf_someone_else"])
        elif what == "token_revoked":
            return [Fault(".", status=401, times=1000)]
        elif what in ("branch_moved", "forced_push", "licence_changed"):
            self.sha["v3"] = self.publish("v3", "cc-by-nc-4.0" if what == "licence_changed" else "mit")
            if what == "forced_push":
                self.meta(commits=[self.sha["v3"]])
        elif what == "renamed":
            shutil.copytree(self.home, self.root / "datasets/other/name")
            self.meta(renamed_to="other/name")
        elif what == "deleted":
            shutil.rmtree(self.home)
        elif what == "file_changed":
            (self.home / self.sha["v1"] / "data/rows.parquet").write_bytes(commit("v9")["data/rows.parquet"])
        elif what == "wrong_commit":
            self.meta(refs={"main": self.sha["v2"], self.sha["v1"]: self.sha["v2"]})
        else:
            assert what == "dead"
        return []

    @property
    def lock(self) -> Path:
        return self.make.root / "sources.lock.yaml"

    @property
    def raw(self) -> Path:
        return self.make.root / "data/raw"

    def made(self) -> tuple[list[str], dict[str, str]]:
        """The texts of all records, and the digests of the files that the lock names."""
        project = Project.open(self.make.root)
        table = raw_table(project, "s", project.sources["s"])
        assert table is not None
        texts = [turn["content"] for row in all_rows(table) for turn in row["messages"]]
        return sorted(texts), dict(project.lock().sources["s"].files)

    def remains(self) -> set[str]:
        """What lies in data/raw and is no download: tables, half ones, spilled rows."""
        every = {p.relative_to(self.raw).as_posix() for p in self.raw.rglob("*") if p.is_file()}
        return {name for name in every if not name.startswith("downloads/") and name != "hashes.json"}


def wanted(version: str) -> tuple[list[str], dict[str, str]]:
    """What `World.made` says when every record is made of a version's bytes, and of all of them."""
    data = commit(version)
    table = pq.read_table(pa.BufferReader(data["data/rows.parquet"])).to_pylist()
    rows = table + [json.loads(line) for line in data["rows.jsonl"].splitlines()]
    texts = [turn["value"] for row in rows for turn in row["conversations"]]
    return sorted(texts), {name: hashlib.sha256(content).hexdigest() for name, content in data.items()}


@pytest.fixture(autouse=True)
def own_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A client without tokens and with a cache of its own, and less patience so that the tests are quick."""
    from huggingface_hub import constants

    for name in ("HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(huggingface, "_PATIENCE_S", 2.0)


@contextlib.contextmanager
def world_of(case: Mapping[str, Any], folder: Path, make: Make, patch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(folder, make, patch, gated=case.get("set") == "gated")
    try:
        yield world
    finally:
        world.stop()


def test_there_are_thirty_cases_and_twelve_of_them_end_in_bytes() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) == 30
    assert sum("bytes" in case for case in CASES) >= 12
    assert {case["name"] for case in CASES} > SLOW


@pytest.mark.laws
@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=[pytest.mark.slow] if c["name"] in SLOW else [], id=c["name"]) for c in CASES],
)
def test_hub_case(case: dict[str, Any], tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    with world_of(case, tmp_path, make, monkeypatch) as world:
        if not case.get("first"):
            world.prepare(case.get("here", "all"))
        healthy = Path(shutil.copytree(world.root, tmp_path / "healthy"))
        lock = world.lock.read_bytes() if world.lock.exists() else None

        faults = [Fault(**fault) for fault in case.get("fault", [])]
        for what in case.get("world", []):
            faults += world.change(what)
        world.serve(*faults)
        if "dead" in case.get("world", []):
            world.stop()
            monkeypatch.setenv("HF_ENDPOINT", DEAD)
        error = world.pull(*case.get("pull", []))

        if "bytes" in case:
            assert error is None
            assert world.made() == wanted(case["bytes"])
            entry = Project.open(make.root).lock().sources["s"]
            assert entry.revision == world.sha[case["bytes"]]
            assert entry.licence == case.get("licence", "mit")
            return
        assert error is not None
        assert (type(error).__name__, error.exit_code) == (case["error"], case["exit"])
        assert error.fix
        assert (world.lock.read_bytes() if world.lock.exists() else None) == lock
        assert world.remains() == set()
        # What failed leaves nothing behind that a later pull would believe.
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        world.serve(root=healthy)
        assert world.pull() is None
        assert world.made() == wanted("v1")
