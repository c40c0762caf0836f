"""Sixty file names that lead out of their folder, and forty addresses that lead into a private network: all refused."""

from __future__ import annotations

import http.server
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.core import files
from curation.core.errors import CurateError, ProjectError
from curation.demo import hub as demo_hub
from curation.demo.hub import LoopbackHub, publish
from curation.pull.huggingface import fetch
from curation.pull.local import locate
from tests.pull.support import Make

CLIMBING = (
    "..",
    "../x.jsonl",
    "../../x.jsonl",
    "../" * 40 + "etc/passwd",
    "a/..",
    "a/../b.jsonl",
    "a/../../x.jsonl",
    "a/b/../../../x.jsonl",
    "data/../../../keys/project.key",
    "../../../../sources.yaml",
    "../../../hashes.json",
    ".",
    "./x.jsonl",
    "a/./b.jsonl",
    ".//x.jsonl",
    "a//b.jsonl",
    "a/",
    "",
)
ABSOLUTE = (
    "/",
    "/x.jsonl",
    "//x.jsonl",
    "///etc/passwd",
    "/etc/cron.d/x",
    "/proc/self/environ",
    "/dev/shm/x.jsonl",
    "~",
    "~/.ssh/authorized_keys",
    "~root/x.jsonl",
    "C:/x.jsonl",
    "c:/Windows/x.jsonl",
    "c:x.jsonl",
    "Z:",
)
ARCHIVED = (  # as archives made on other systems spell them
    "..\\x.jsonl",
    "..\\..\\x.jsonl",
    "a\\..\\..\\x.jsonl",
    "..\\/x.jsonl",
    "/..\\x.jsonl",
    "\\x.jsonl",
    "a\\b.jsonl",
    "C:\\x.jsonl",
    "\\\\server\\share\\x.jsonl",
    "\\\\?\\C:\\x.jsonl",
)
UNSPEAKABLE = (
    "\x00",
    "x\x00.jsonl",
    "x.jsonl\x00.png",
    "a\nb.jsonl",
    "a\rb.jsonl",
    "a\tb.jsonl",
    "a/\n../x.jsonl",
    "a\x08b.jsonl",
    "a\x1b[2Jb.jsonl",
    "a\x7fb.jsonl",
    "a\x85b.jsonl",
    "a\x9b2Jb.jsonl",
    "\ud800.jsonl",
    "a/\udc80.jsonl",
)
LONG = ("a" * 201, "é" * 101 + ".jsonl", "a/" * 600 + "x.jsonl", "a/" * 2500 + "x.jsonl")
NAMES = (*CLIMBING, *ABSOLUTE, *ARCHIVED, *UNSPEAKABLE, *LONG)

Count = Callable[[str], None]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Count:
    def tell(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return tell


def everything(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_size for p in folder.rglob("*") if p.is_file()}


def test_sixty_hostile_names_of_a_hub_are_refused(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Count
) -> None:
    pytest.importorskip("huggingface_hub")
    assert len(set(NAMES)) == len(NAMES) == 60
    root = tmp_path / "hub"
    publish(root, "demo/set", {"a.jsonl": b"{}\n"}, card={})
    true_files = demo_hub.commit_files
    hostile: list[str] = []

    def with_hostile(*arguments: Any) -> Any:
        found = true_files(*arguments)
        return found and (found[0], {**found[1], hostile[-1]: found[1]["a.jsonl"]})

    monkeypatch.setattr(demo_hub, "commit_files", with_hostile)
    project = make.project(
        {"s": {"kind": "huggingface", "id": "demo/set", "files": ["*"], "adapter": {"kind": "turns"}}}
    )
    refused = 0
    with LoopbackHub(root) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        before = everything(tmp_path)
        for name in NAMES:
            hostile.append(name)
            with pytest.raises(ProjectError, match="leads outside its folder") as error:
                fetch(project, "s", project.sources["s"], None)  # type: ignore[arg-type]
            assert all(line.isprintable() for line in error.value.lines())
            refused += 1
        assert everything(tmp_path) == before
        assert not any("/resolve/" in request.path for request in hub.requests)
    told(f"hostile file names: {refused} of {len(NAMES)} refused")


def test_sixty_hostile_names_are_refused_where_names_are_joined(tmp_path: Path) -> None:
    for name in NAMES:
        with pytest.raises(ProjectError):
            files.safe_join(tmp_path, name)
    (tmp_path / "inside").symlink_to(tmp_path.parent)
    with pytest.raises(ProjectError):
        files.safe_join(tmp_path, "inside/x.jsonl")
    for name in ("x.jsonl", "data/train-00000-of-00001.parquet", "a b/ä.jsonl", "..x/y..", "日本/語.csv", "ab:c.csv"):
        assert files.safe_join(tmp_path, name) == tmp_path / name


PRIVATE_NAMES = {
    "intranet.example.org": "10.0.0.5",
    "metadata.example.org": "169.254.169.254",
    "loop.example.org": "127.0.0.1",
    "home.example.org": "192.168.1.1",
    "six.example.org": "::1",
    "mapped.example.org": "::ffff:10.0.0.1",
    "local.example.org": "fe80::1",
    "zero.example.org": "0.0.0.0",
}
DIRECT = (
    *(f"https://{name}/x.jsonl" for name in PRIVATE_NAMES),
    "http://example.org/x.jsonl",
    "https://127.0.0.1/x.jsonl",
    "https://127.1/x.jsonl",
    "https://2130706433/x.jsonl",
    "https://0x7f000001/x.jsonl",
    "https://0177.0.0.1/x.jsonl",
    "https://[::1]/x.jsonl",
    "https://[::ffff:127.0.0.1]/x.jsonl",
    "https://[fd00::1]/x.jsonl",
    "https://[2002:7f00:1::]/x.jsonl",
    "https://10.0.0.1/x.jsonl",
    "https://172.16.0.1/x.jsonl",
    "https://192.168.0.1/x.jsonl",
    "https://100.64.0.1/x.jsonl",
    "https://169.254.169.254/latest/meta-data/x.jsonl",
    "https://168.63.129.16/x.jsonl",
    "https://user:pw@example.org/x.jsonl",
    "https://example.org@10.0.0.1/x.jsonl",
    "https://example.org:22/x.jsonl",
    "https://example.org:6379/x.jsonl",
    "https://example.org/x.jsonl%0d%0aHost:%20inside",
    "https://example.org\\@10.0.0.1/x.jsonl",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x.jsonl",
)
REDIRECTS = (
    "https://127.0.0.1/x.jsonl",
    "http://169.254.169.254/latest/meta-data/",
    "//10.0.0.1/x.jsonl",
    "https://[::1]/x.jsonl",
    "https://2130706433/x.jsonl",
    "file:///etc/passwd",
    "https://intranet.example.org/x.jsonl",
    "http://127.0.0.1:1/x.jsonl",
)


class Redirector(http.server.BaseHTTPRequestHandler):
    """Sends everyone to `location`."""

    location = ""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.location)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def redirector() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirector) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_forty_addresses_into_a_private_network_are_refused(
    make: Make, monkeypatch: pytest.MonkeyPatch, redirector: str, told: Count
) -> None:
    dialled: list[Any] = []
    dial = socket.socket.connect

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        return [(None, None, None, "", (PRIVATE_NAMES[host], port))]

    def connect(self: socket.socket, address: Any) -> Any:
        dialled.append(address)
        return dial(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket.socket, "connect", connect)
    cases = [(address, "") for address in DIRECT]
    cases += [(f"http://{redirector}/{n}.jsonl", location) for n, location in enumerate(REDIRECTS)]
    assert len(set(cases)) == len(cases) == 40
    refused = 0
    for address, Redirector.location in cases:
        allow = [redirector] if Redirector.location else []
        declared = {"s": {"kind": "files", "path": address, "adapter": {"kind": "turns"}}}
        dialled.clear()
        with pytest.raises(CurateError) as error:
            project = make.project(declared, allow_hosts=allow)  # refuses an address with a password in it
            locate(project, "s", project.sources["s"])  # type: ignore[arg-type]
        assert type(error.value) is ProjectError, address
        assert "pw" not in str(error.value)
        # What may be dialled is the server that the project allows, which then sends us elsewhere.
        assert dialled == ([("127.0.0.1", int(redirector.rpartition(":")[2]))] if allow else []), address
        assert not [p for p in (make.root / "data").rglob("*") if p.is_file()]
        refused += 1
    told(f"addresses into a private network: {refused} of {len(cases)} refused")
