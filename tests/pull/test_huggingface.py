"""The real hub client against a hub on loopback: pinned bytes, or an error that says what to do."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from curation.core import files
from curation.core.errors import CurateError, GateError, IntegrityError, MissingError, ProjectError, RetryError
from curation.core.project import Project
from curation.core.sources import HubSource
from curation.demo.hub import Fault, LoopbackHub, publish
from curation.pull import huggingface
from curation.pull.huggingface import cached, fetch
from tests.pull.support import Make

pytest.importorskip("huggingface_hub")

ADAPTER = {"kind": "turns"}
LARGE = bytes(range(256)) * 8000


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "hub"
    publish(root, "demo/open", {"d.jsonl": b"old\n"}, card={"license": "cc-by-4.0"})
    publish(
        root,
        "demo/open",
        {"d.jsonl": b"new\n", "data/big.parquet": LARGE, "data/x[1].jsonl": b"x\n", "dataset_infos.json": b"{}"},
        card={"license": "other", "license_name": "rail-d"},
    )
    publish(root, "demo/gated", {"d.jsonl": b"shut\n"}, card={"license": "mit"}, gated="auto", tokens=("hf_in",))
    old = root / "datasets/demo/renamed"
    old.mkdir()
    (old / "meta.json").write_text(json.dumps({"refs": {}, "renamed_to": "demo/open"}))
    return root


Serve = Callable[..., LoopbackHub]


@pytest.fixture
def serve(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    running: list[LoopbackHub] = []

    def start(*faults: Fault) -> LoopbackHub:
        hub = LoopbackHub(root, faults=faults)
        running.append(hub.__enter__())
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        return hub

    yield start
    for hub in running:
        hub.__exit__()


def commits(root: Path, repo: str = "demo/open") -> list[str]:
    return list(json.loads((root / "datasets" / repo / "meta.json").read_text())["commits"])


def declared(
    make: Make, repo: str = "demo/open", flags: Mapping[str, Any] | None = None, **more: Any
) -> tuple[Project, HubSource]:
    project = make.project({"s": {"kind": "huggingface", "id": repo, "adapter": ADAPTER, **more}}, **(flags or {}))
    source = project.sources["s"]
    assert isinstance(source, HubSource)
    return project, source


def contents(data: Any) -> dict[str, bytes]:
    assert all(f.sha256 == files.sha256_file(f.path) for f in data)
    return {f.name: f.path.read_bytes() for f in data}


def test_a_commit_is_fetched_whole_private_and_silently(
    make: Make, root: Path, serve: Serve, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    serve()
    project, source = declared(make)
    told: list[str] = []
    listing, data = fetch(project, "s", source, None, told.append)
    assert contents(data) == {"d.jsonl": b"new\n", "data/big.parquet": LARGE, "data/x[1].jsonl": b"x\n"}
    assert (listing.id, listing.sha, listing.gated, listing.licence) == ("demo/open", commits(root)[1], False, "rail-d")
    assert {f.uri for f in data} == {"hf://datasets/demo/open"}
    assert len(told) == 1
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    for path in (project.raw / "downloads").rglob("*"):
        if ".cache" not in path.parts:
            assert stat.S_IMODE(path.stat().st_mode) in (0o600, 0o700), path.name


def test_what_is_here_needs_no_hub(make: Make, root: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = serve()
    project, source = declared(make)
    old, new = commits(root)
    fetch(project, "s", source, old)
    fetch(project, "s", source, new)
    asked = len(hub.requests)
    assert contents(fetch(project, "s", source, old)[1]) == {"d.jsonl": b"old\n"}
    assert len(hub.requests) == asked
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    offline, source = declared(make, flags={"offline": True})
    assert contents(fetch(offline, "s", source, new)[1])["d.jsonl"] == b"new\n"
    with pytest.raises(MissingError):
        fetch(offline, "s", source, "a" * 40)
    # Another data set under the same name, or files that were not chosen before, are not here.
    assert cached(*(declared(make, "demo/gated")[0], "s", declared(make, "demo/gated")[1]), new) is None


def test_a_renamed_data_set_a_branch_and_chosen_files(make: Make, root: Path, serve: Serve) -> None:
    serve()
    project, source = declared(make, "demo/renamed", revision="main", files=["*.jsonl"])
    listing, data = fetch(project, "s", source, None)
    assert listing.id == "demo/open"
    assert contents(data) == {"d.jsonl": b"new\n", "data/x[1].jsonl": b"x\n"}
    project, source = declared(make, "demo/renamed", files=["data/*"])
    assert set(contents(fetch(project, "s", source, listing.sha)[1])) == {"data/big.parquet", "data/x[1].jsonl"}
    # The note of the commit knows the files of both.
    project, source = declared(make, "demo/renamed", files=["*.jsonl"])
    assert cached(project, "s", source, listing.sha) is not None


def test_a_gated_set_with_and_without_a_token(make: Make, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = serve()
    project, source = declared(make, "demo/gated")
    with pytest.raises(GateError) as error:
        fetch(project, "s", source, None)
    assert f"{hub.endpoint}/datasets/demo/gated" in str(error.value)
    assert "HF_TOKEN" in str(error.value)
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    with pytest.raises(GateError, match="no access") as error:
        fetch(project, "s", source, None)
    assert "hf_other" not in str(error.value)
    monkeypatch.setenv("HF_TOKEN", "hf_in")
    listing, data = fetch(project, "s", source, None)
    assert listing.gated
    assert contents(data) == {"d.jsonl": b"shut\n"}
    # A token taken away later changes nothing for what was pinned.
    monkeypatch.delenv("HF_TOKEN")
    assert contents(fetch(project, "s", source, listing.sha)[1]) == {"d.jsonl": b"shut\n"}


@pytest.mark.parametrize(
    ("repo", "more", "kind", "word"),
    [
        ("demo/none", {}, ProjectError, "no such data set"),
        ("demo/open", {"revision": "v9"}, ProjectError, "v9"),
        ("not an id", {}, ProjectError, "namespace/name"),
        ("demo/open", {"files": ["*.arrow"]}, ProjectError, "data/big.parquet"),
    ],
)
def test_wrong_declarations(
    make: Make, serve: Serve, repo: str, more: dict[str, Any], kind: type[CurateError], word: str
) -> None:
    serve()
    project, source = declared(make, repo, **more)
    with pytest.raises(kind) as error:
        fetch(project, "s", source, None)
    assert word in str(error.value)
    assert len(str(error.value).splitlines()) <= 6


def test_a_dead_hub_is_given_up_soon(make: Make, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    project, source = declared(make)
    assert huggingface._PATIENCE_S < 10
    monkeypatch.setattr(huggingface, "_PATIENCE_S", 1.0)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    start = time.monotonic()
    with pytest.raises(RetryError):
        fetch(project, "s", source, None)
    serve(Fault(".", status=503, times=1000))
    with pytest.raises(RetryError, match="503"):
        fetch(project, "s", source, "b" * 40)
    assert time.monotonic() - start < 4


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/api/datasets", status=503, times=2),
        Fault("/api/datasets", status=429, times=1, headers={"Retry-After": "1"}),
        Fault("GET .*big.parquet", truncate_bytes=1000, times=1),
        Fault("resolve", status=503, times=1),
    ],
    ids=["503", "429", "cut", "503 on a file"],
)
def test_a_passing_trouble_is_survived(make: Make, serve: Serve, fault: Fault) -> None:
    serve(fault)
    project, source = declared(make)
    assert contents(fetch(project, "s", source, None)[1])["data/big.parquet"] == LARGE


def test_trouble_never_gives_other_bytes(make: Make, root: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trap of `load_dataset(revision=...)`: another revision lies here when the hub fails."""
    monkeypatch.setattr(huggingface, "_PATIENCE_S", 1.0)
    serve()
    project, source = declared(make)
    old, new = commits(root)
    fetch(project, "s", source, old)
    serve(Fault(".", status=503, times=1000))
    with pytest.raises(RetryError):
        fetch(project, "s", source, new)
    assert contents(fetch(project, "s", source, old)[1]) == {"d.jsonl": b"old\n"}


def test_a_damaged_download_is_fetched_again_or_missed(make: Make, root: Path, serve: Serve) -> None:
    serve()
    project, source = declared(make)
    sha = fetch(project, "s", source, None)[0].sha
    path = project.raw / "downloads/s" / sha / "data/big.parquet"
    path.write_bytes(b"tampered" + LARGE[8:])
    offline, source = declared(make, flags={"offline": True})
    with pytest.raises(MissingError):
        fetch(offline, "s", source, sha)
    assert contents(fetch(project, "s", source, sha)[1])["data/big.parquet"] == LARGE


def test_a_hub_that_sends_other_bytes_is_not_believed(
    make: Make, root: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    project, source = declared(make)
    monkeypatch.setattr(huggingface, "_is_whole", lambda path, known: path.name != "d.jsonl")
    with pytest.raises(IntegrityError, match="1 downloaded"):
        fetch(project, "s", source, None)
    monkeypatch.undo()
    assert not list((project.raw / "downloads/s").glob("*.json"))


@pytest.mark.parametrize(
    "name", ["../evil.jsonl", "/etc/evil.jsonl", "a/../../evil.jsonl", "a\\..\\evil.jsonl", "~/e.jsonl"]
)
def test_hostile_file_names_are_refused(make: Make, name: str) -> None:
    _, source = declared(make)
    listing = huggingface.Listing("demo/open", "demo/open", "a" * 40, False, None, {name: {"size": 1}})
    with pytest.raises(ProjectError, match="outside"):
        listing.chosen(source)


def test_the_lock_tells_another_licence_text_and_the_download_tells_how_far_it_is(tmp_path, monkeypatch):
    from curation.demo.hub import Fault, LoopbackHub, publish
    from curation.pull import huggingface
    from curation.pull.pull import bring
    from tests.laws.projects import make_project

    rows = b"".join(b'{"q": "How do I rest, %d?", "a": "%s"}\n' % (i, b"Slowly. " * 50_000) for i in range(20))
    card = {"license": "mit"}
    publish(tmp_path / "hub", "a/b", {"x.jsonl": rows, "LICENSE.txt": b"one"}, card=card)
    made = make_project(tmp_path / "p", chats=1, questions=1, pairs=1)
    (made.root / "sources.yaml").write_text(
        "sources:\n  s: {kind: huggingface, id: a/b, adapter: {kind: qa, user: q, assistant: a}}\n"
    )
    told = []
    monkeypatch.setattr(huggingface, "_GLANCE_S", 0.01)
    with LoopbackHub(tmp_path / "hub", faults=[Fault("x.jsonl", delay_s=0.3, times=3)]) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        project = made.project
        first = bring(project, "s", project.sources["s"], progress=lambda *seen: told.append(seen)).entry
        publish(tmp_path / "hub", "a/b", {"x.jsonl": rows, "LICENSE.txt": b"two"}, card=card)
        second = bring(project, "s", project.sources["s"], update=True).entry
    assert first.licence_text and second.licence_text and first.licence_text != second.licence_text
    assert any(total > 7000 for _, total in told) and all(0 <= done <= total or not total for done, total in told)
