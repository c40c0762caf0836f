"""Local files stay where they are; addresses come through the one door."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from curation.core import files
from curation.core.errors import MissingError, ProjectError
from curation.pull import hashes
from curation.pull.hashes import sha256_files
from curation.pull.local import locate
from tests.pull.support import Make

ADAPTER = {"kind": "turns"}


def found(make: Make, path: Any, *, update: bool = False, fetch: bool = True, **flags: Any) -> list[tuple[str, str]]:
    project = make.project({"s": {"kind": "files", "path": path, "adapter": ADAPTER}}, **flags)
    data = locate(project, "s", project.sources["s"], update=update, fetch=fetch)
    assert all(f.sha256 == files.sha256_file(f.path) for f in data)
    return [(f.name, f.uri) for f in data]


def test_paths_and_patterns_in_name_order(make: Make, tmp_path: Path) -> None:
    for name in ("data2/b.jsonl", "data2/a.jsonl", "data2/deep/c.jsonl", "one.csv"):
        make.file(name, b"x")
    (tmp_path / "outside.csv").write_bytes(b"y")
    assert found(make, "one.csv") == [("one.csv", "file:one.csv")]
    assert [n for n, _ in found(make, ["one.csv", "data2/**/*.jsonl"])] == [
        "data2/a.jsonl",
        "data2/b.jsonl",
        "data2/deep/c.jsonl",
        "one.csv",
    ]
    assert [n for n, _ in found(make, "../outside.csv")] == ["../outside.csv"]
    # An absolute path is read, but no table or lock file names it.
    assert found(make, str(tmp_path / "outside.csv")) == [("outside.csv", "file:outside.csv")]


def test_nothing_found_or_one_name_twice_is_an_error(make: Make, tmp_path: Path) -> None:
    for place in ("none.csv", "*.parquet", "keys"):
        with pytest.raises(ProjectError, match="no file matches"):
            found(make, place)
    make.file("a.csv", b"x")
    with pytest.raises(ProjectError, match="two files"):
        found(make, ["a.csv", str(make.root / "a.csv")])


def test_an_address_is_downloaded_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, tuple[str, ...]]] = []

    def download(url: str, target: Path, *, allow_hosts: tuple[str, ...], max_bytes: int, timeout_s: float) -> None:
        assert max_bytes > 0
        assert timeout_s > 0
        asked.append((url, allow_hosts))
        files.write_bytes(target, b"%d" % len(asked))

    net = types.ModuleType("curation.core.net")
    net.download = download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "curation.core.net", net)
    monkeypatch.setattr("curation.core.net", net, raising=False)
    url = "https://data.example.org/sets/talk.jsonl?part=2"
    with pytest.raises(MissingError):
        found(make, url, offline=True)
    with pytest.raises(MissingError):
        found(make, url, fetch=False)
    first = found(make, url, allow_hosts=["data.example.org"])
    assert first == found(make, url, offline=True)
    ((name, uri),) = first
    assert name.endswith("/talk.jsonl")
    assert uri == "https://data.example.org/sets/talk.jsonl"
    assert asked == [(url, ("data.example.org",))]
    found(make, url, update=True)
    assert len(asked) == 2
    with pytest.raises(ProjectError, match="outside"):
        found(make, "https://data.example.org/sets/..")


def test_hashes_are_remembered_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, memory = tmp_path / "d.csv", tmp_path / "hashes.json"
    data.write_bytes(b"one")
    os.utime(data, ns=(10**18, 10**18))
    first = sha256_files(memory, [data])
    assert first == {data: files.sha256_file(data)}
    monkeypatch.setattr(hashes, "_SMALL", 0)
    sha256_files(memory, [data])
    monkeypatch.setattr(hashes.files, "sha256_file", lambda path: "read again")
    assert sha256_files(memory, [data]) == first
    os.utime(data, ns=(10**18, 10**18 + 1))
    assert sha256_files(memory, [data]) == {data: "read again"}
    memory.write_text("damaged")
    assert sha256_files(memory, [data]) == {data: "read again"}


def test_a_file_that_may_still_change_is_not_remembered(tmp_path: Path) -> None:
    data, memory = tmp_path / "d.csv", tmp_path / "hashes.json"
    data.write_bytes(b"one")
    sha256_files(memory, [data])
    stamp = data.stat().st_mtime_ns
    data.write_bytes(b"two")
    os.utime(data, ns=(stamp, stamp))
    assert sha256_files(memory, [data]) == {data: files.sha256_file(data)}
