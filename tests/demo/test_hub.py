"""The loopback hub against the real client libraries."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from curation.demo.hub import Fault, LoopbackHub, publish

FIXTURE = Path(__file__).parents[2] / ".." / "shared" / "data" / "hub_fixture"
BIG = bytes(range(256)) * 12_000  # 3 MB, more than one piece
Client = Callable[..., Any]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "hub"
    publish(root, "demo/open", {"rows.jsonl": b'{"a": 1}\n'}, card={"license": "cc-by-4.0"})
    files = {"rows.jsonl": b'{"a": 2}\n', "data/one.parquet": BIG, "data/deep/two.txt": b"two"}
    publish(root, "demo/open", files, card={"license": "mit"})
    gated = {"rows.jsonl": b'{"a": 3}\n'}
    publish(root, "demo/gated", gated, card={"license": "mit"}, gated="auto", tokens=("hf_let_in",))
    old = root / "datasets" / "demo" / "old"
    old.mkdir()
    (old / "meta.json").write_text(json.dumps({"refs": {}, "renamed_to": "demo/open"}))
    return root


def commits(root: Path) -> list[str]:
    return list(json.loads((root / "datasets/demo/open/meta.json").read_text())["commits"])


def test_info_gives_commit_licence_at_that_commit_and_files(root: Path, client: Client) -> None:
    old, new = commits(root)
    code = f"""
    now = api.dataset_info("demo/open", files_metadata=True)
    then = api.dataset_info("demo/open", revision="{old}")
    shut = api.dataset_info("demo/gated")
    files = {{s.rfilename: [s.size, s.lfs.sha256 if s.lfs else None] for s in now.siblings}}
    answer = [now.sha, now.card_data.license, then.sha, then.card_data.license, now.gated, shut.gated, files]
    """
    with LoopbackHub(root) as hub:
        answer = client(hub.endpoint, code)
    assert answer[:6] == [new, "mit", old, "cc-by-4.0", False, "auto"]
    assert set(answer[6]) == {"README.md", "rows.jsonl", "data/one.parquet", "data/deep/two.txt"}
    assert answer[6]["data/one.parquet"] == [len(BIG), hashlib.sha256(BIG).hexdigest()]
    assert answer[6]["rows.jsonl"] == [9, None]


def test_snapshot_is_the_pinned_commit_and_only_the_files_asked_for(root: Path, client: Client) -> None:
    old, new = commits(root)
    code = f"""
    from pathlib import Path
    def pull(revision, pattern):
        wanted = dict(repo_type="dataset", revision=revision, allow_patterns=pattern)
        home = Path(snapshot_download("demo/open", **wanted))
        return {{p.relative_to(home).as_posix(): p.stat().st_size for p in home.rglob("*") if p.is_file()}}
    answer = [pull("{old}", "*.jsonl"), pull("{new}", "data/*"), pull("main", "rows.jsonl")]
    """
    with LoopbackHub(root) as hub:
        answer = client(hub.endpoint, code)
    assert answer[0] == {"rows.jsonl": 9}
    assert answer[1] == {"data/one.parquet": len(BIG), "data/deep/two.txt": 3}
    assert set(answer[2]) == {*answer[1], "rows.jsonl"}
    assert any(r.path.endswith(f"/resolve/{old}/rows.jsonl") for r in hub.requests)
    assert not any("README" in r.path for r in hub.requests)


def test_tree_comes_in_pages_and_paths_info_knows_files_and_folders(root: Path, client: Client) -> None:
    code = """
    names = lambda entries: sorted(e.path for e in entries)
    answer = [
        names(api.list_repo_tree("demo/open", repo_type="dataset", recursive=True)),
        names(api.list_repo_tree("demo/open", repo_type="dataset")),
        names(api.list_repo_tree("demo/open", "data", repo_type="dataset")),
        names(api.get_paths_info("demo/open", ["data", "rows.jsonl", "none"], repo_type="dataset")),
    ]
    """
    with LoopbackHub(root, page_size=2) as hub:
        answer = client(hub.endpoint, code)
    everything = ["README.md", "data", "data/deep", "data/deep/two.txt", "data/one.parquet", "rows.jsonl"]
    assert answer[0] == everything
    assert answer[1] == ["README.md", "data", "rows.jsonl"]
    assert answer[2] == ["data/deep", "data/one.parquet"]
    assert answer[3] == ["data", "rows.jsonl"]
    assert sum("cursor=" in r.query for r in hub.requests) == 3


def test_what_cannot_be_had_raises_the_clients_own_errors(root: Path, client: Client) -> None:
    code = """
    def raised(call, *args, **kwargs):
        try:
            call(*args, **kwargs)
        except HfHubHTTPError as error:
            return [type(error).__name__, error.response.status_code]
    check, info = api.auth_check, api.dataset_info
    answer = [
        raised(check, "demo/gated", repo_type="dataset"),
        raised(check, "demo/gated", repo_type="dataset", token="hf_stranger"),
        raised(check, "demo/gated", repo_type="dataset", token="hf_let_in"),
        raised(check, "demo/open", repo_type="dataset"),
        raised(info, "demo/none"),
        raised(info, "demo/none", token="hf_let_in"),
        raised(info, "demo/open", revision="f" * 40),
        raised(api.hf_hub_download, "demo/open", "none.txt", repo_type="dataset"),
        raised(api.hf_hub_download, "demo/gated", "rows.jsonl", repo_type="dataset"),
        api.whoami(token="hf_let_in")["type"],
    ]
    """
    with LoopbackHub(root) as hub:
        answer = client(hub.endpoint, code)
    assert answer == [
        ["GatedRepoError", 401],
        ["GatedRepoError", 403],
        None,
        None,
        ["RepositoryNotFoundError", 401],
        ["RepositoryNotFoundError", 404],
        ["RevisionNotFoundError", 404],
        ["RemoteEntryNotFoundError", 404],
        ["GatedRepoError", 401],
        "user",
    ]


def test_a_renamed_repo_answers_under_its_new_id(root: Path, client: Client) -> None:
    code = """
    path = api.hf_hub_download("demo/old", "rows.jsonl", repo_type="dataset")
    answer = [api.dataset_info("demo/old").id, open(path).read()]
    """
    with LoopbackHub(root) as hub:
        assert client(hub.endpoint, code) == ["demo/open", '{"a": 2}\n']
    assert 307 in {r.status for r in hub.requests}


def test_a_cut_download_is_resumed_where_it_stopped(root: Path, client: Client) -> None:
    code = """
    import hashlib
    constants.DOWNLOAD_CHUNK_SIZE = 1 << 20  # the client keeps whole chunks only, of 10 MB by default
    path = api.hf_hub_download("demo/open", "data/one.parquet", repo_type="dataset")
    answer = hashlib.sha256(open(path, "rb").read()).hexdigest()
    """
    with LoopbackHub(root, faults=[Fault("one.parquet", truncate_bytes=1_500_000)]) as hub:
        assert client(hub.endpoint, code) == hashlib.sha256(BIG).hexdigest()
    gets = [r for r in hub.requests if r.verb == "GET" and r.path.endswith("one.parquet")]
    assert [r.status for r in gets] == [200, 206]
    assert gets[1].range == "bytes=1048576-"


def test_injected_statuses_end_after_their_number_of_times(root: Path, client: Client) -> None:
    code = """
    def status(id):
        try:
            api.dataset_info(id)
        except HfHubHTTPError as error:
            return [error.response.status_code, error.response.headers.get("Retry-After")]
    answer = [status("demo/open"), status("demo/open"), status("demo/open"), status("demo/gated")]
    """
    fault = Fault("^GET /api/datasets/demo/open$", status=503, times=2, headers={"Retry-After": "1"})
    with LoopbackHub(root, faults=[fault]) as hub:
        assert client(hub.endpoint, code) == [[503, "1"], [503, "1"], None, None]
    assert [r.status for r in hub.requests] == [503, 503, 200, 200]


def test_datasets_library_streams_from_the_hub(root: Path, client: Client) -> None:
    pytest.importorskip("datasets")
    code = """
    from datasets import load_dataset
    answer = list(load_dataset("demo/open", data_files="rows.jsonl", split="train", streaming=True))
    """
    with LoopbackHub(root) as hub:
        assert client(hub.endpoint, code) == [{"a": 2}]


@pytest.mark.skipif(not FIXTURE.is_dir(), reason="the shared hub fixture is not here")
def test_a_foreign_hub_folder_is_served_too(client: Client) -> None:
    code = """
    moved = api.dataset_info("moremilk/CoT_Heartbreak_and_Breakups")
    big = api.dataset_info("Locutusque/hercules-v6.9", files_metadata=True)
    answer = [moved.id, moved.gated, sum(s.size for s in big.siblings) > 0]
    """
    with LoopbackHub(FIXTURE) as hub:
        assert client(hub.endpoint, code) == ["mattwesney/CoT_Heartbreak_and_Breakups", "auto", True]


def ask(hub: LoopbackHub, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(hub.endpoint).netloc, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@pytest.mark.parametrize(
    ("span", "status", "part"),
    [
        ("bytes=10-19", 206, BIG[10:20]),
        ("bytes=3071990-", 206, BIG[-10:]),
        ("bytes=-5", 206, BIG[-5:]),
        ("bytes=0-99999999", 206, BIG),
        ("bytes=99999999-", 416, None),
        ("lines=1-2", 200, BIG),
    ],
)
def test_ranges(root: Path, span: str, status: int, part: bytes | None) -> None:
    with LoopbackHub(root) as hub:
        got, body = ask(hub, "/datasets/demo/open/resolve/main/data/one.parquet", Range=span)
    assert got == status
    assert part is None or body == part


@pytest.mark.parametrize(
    "path",
    [
        "/datasets/../../resolve/main/meta.json",
        "/datasets/demo/../resolve/main/meta.json",
        "/datasets/demo/open/resolve/main/../meta.json",
        "/datasets/demo/open/resolve/main/%2e%2e/meta.json",
        "/datasets/demo/open/resolve/..%2fopen/meta.json",
        "/api/datasets/demo/open/tree/%2e%2e",
        "/api/datasets/demo/open/commit/main",
    ],
)
def test_nothing_but_published_files_is_served(root: Path, path: str) -> None:
    with LoopbackHub(root) as hub:
        assert ask(hub, path)[0] == 404


def test_a_delayed_answer_comes_late_and_a_closed_hub_does_not_answer(root: Path) -> None:
    with LoopbackHub(root, faults=[Fault("whoami", delay_s=0.3)]) as hub:
        kept = http.client.HTTPConnection(urlsplit(hub.endpoint).netloc, timeout=10)
        start = time.monotonic()
        kept.request("GET", "/api/whoami-v2", headers={"Authorization": "Bearer hf_secret"})
        assert kept.getresponse().read()
        assert time.monotonic() - start >= 0.3
        assert "hf_secret" not in repr(hub.requests)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        kept.request("GET", "/api/whoami-v2")
        kept.getresponse()


def test_publishing_equal_content_is_the_same_commit_and_older_ones_stay(tmp_path: Path) -> None:
    def commit(text: bytes) -> str:
        return publish(tmp_path, "a/b", {"x.txt": text}, card={"license": "mit"})

    first, second, again = commit(b"1"), commit(b"2"), commit(b"1")
    assert first == again != second
    meta = json.loads((tmp_path / "datasets/a/b/meta.json").read_text())
    assert meta["refs"] == {"main": first}
    assert sorted(meta["commits"]) == sorted([first, second])
    assert (tmp_path / "datasets/a/b" / second / "x.txt").read_bytes() == b"2"
    assert commit(b"1") == publish(tmp_path / "elsewhere", "a/b", {"x.txt": b"1"}, card={"license": "mit"})


@pytest.mark.parametrize(("repo", "path"), [("a/../b", "x"), ("../b", "x"), ("a/b", "../x"), ("a/b", "/x")])
def test_publishing_outside_the_repo_is_refused(tmp_path: Path, repo: str, path: str) -> None:
    with pytest.raises(ValueError):
        publish(tmp_path, repo, {path: b""}, card={})
    assert list(tmp_path.iterdir()) == []
