"""The door for URLs: what it lets through, what it refuses, and that it dials what it checked."""

from __future__ import annotations

import hashlib
import http.server
import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.core import net
from curation.core.errors import CurateError, GateError, MissingError, ProjectError, RetryError
from curation.core.net import Fetched, download

BODY = bytes(range(256)) * 1000
MARK = "CANARY7391"


class Handler(http.server.BaseHTTPRequestHandler):
    """One path for each way in which a server can behave."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, dict[str, str]]]
    location = ""

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.close_connection = True
        type(self).seen.append((self.path, dict(self.headers)))
        path = self.path.partition("?")[0]
        if path.startswith("/status/"):
            self._send(int(path.removeprefix("/status/")), MARK.encode())
        elif path == "/to":
            self._raw(f"HTTP/1.1 302 Found\r\nLocation: {self.location}\r\n\r\n".encode())
        elif path.startswith("/hop/"):
            left = int(path.removeprefix("/hop/"))
            self._send(302 if left else 200, BODY, Location=f"{left - 1}") if left else self._send(200, BODY)
        elif path == "/cut":
            self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        elif path == "/cut-chunk":
            self._raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nff\r\nno")
        elif path == "/chunked":
            self._raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n yo\r\n0\r\n\r\n")
        elif path == "/endless":
            self._drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 5000, 0.0)
        elif path == "/drip":
            self._drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x", 0.05)
        elif path == "/drip-header":
            self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", 0.05)
        elif path == "/silent":
            time.sleep(1.5)
        elif path == "/noise":
            self._raw(f"{MARK} is no HTTP\r\n\r\n".encode())
        else:
            self._send(200, BODY, **{"Content-Type": "Application/X-Test; charset=utf-8"})

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _raw(self, data: bytes) -> None:
        self.wfile.write(data)

    def _drip(self, start: bytes, piece: bytes, pause: float) -> None:
        try:
            self.wfile.write(start)
            for _ in range(10_000):
                self.wfile.write(piece)
                time.sleep(pause)
        except OSError:
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    Handler.seen, Handler.location = [], ""
    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def get(url: str, folder: Path, *allow: str, most: int = 10_000_000, seconds: float = 5.0) -> Fetched:
    return download(url, folder / "file", allow_hosts=allow, max_bytes=most, timeout_s=seconds)


def names(monkeypatch: pytest.MonkeyPatch, *answer: str) -> list[str]:
    """A name service with one answer for every name; the list says what it was asked."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        if not answer:
            raise socket.gaierror(-2, "Name or service not known")
        return [(None, None, None, "", (address, port)) for address in answer]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


# ------------------------------------------------------------------------------------------- what works


def test_a_file_comes_whole(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    fetched = get(f"http://{server.host}/a/b?token=abc#part", tmp_path, server.host)
    assert (tmp_path / "file").read_bytes() == BODY
    assert fetched == Fetched(
        hashlib.sha256(BODY).hexdigest(), len(BODY), f"http://{server.host}/a/b", "application/x-test"
    )
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["file"]
    path, headers = Handler.seen[0]
    assert path == "/a/b?token=abc"
    assert headers["Host"] == server.host
    assert headers.keys().isdisjoint({"Authorization", "Cookie", "Referer"})


def test_a_path_in_another_script_is_percent_encoded(server: Server, tmp_path: Path) -> None:
    get(f"http://{server.host}/gespräch/%7Ex?q=ü", tmp_path, server.host)
    assert Handler.seen[0][0] == "/gespr%C3%A4ch/%7Ex?q=%C3%BC"


def test_chunks_are_put_together(server: Server, tmp_path: Path) -> None:
    assert get(f"http://{server.host}/chunked", tmp_path, server.host).size == 8
    assert (tmp_path / "file").read_bytes() == b"hello yo"


def test_an_allowed_host_without_a_port_means_any_port(server: Server, tmp_path: Path) -> None:
    assert get(f"http://{server.host}/", tmp_path, "127.0.0.1").size == len(BODY)


# ------------------------------------------------------------------------------------- redirects and caps


@pytest.mark.parametrize("target", ["/plain", "plain", "//{host}/plain", "http://{host}/plain?sig=s3", "/plain  "])
def test_redirects_are_followed(server: Server, tmp_path: Path, target: str) -> None:
    Handler.location = target.format(host=server.host)
    fetched = get(f"http://{server.host}/to", tmp_path, server.host)
    assert fetched.final_url == f"http://{server.host}/plain"


def test_five_redirects_and_no_more(server: Server, tmp_path: Path) -> None:
    assert get(f"http://{server.host}/hop/5", tmp_path, server.host).size == len(BODY)
    with pytest.raises(ProjectError, match="more than 5 redirects"):
        get(f"http://{server.host}/hop/6", tmp_path, server.host)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "https://user:pw@example.org/",
        "https:\\\\example.org/",
        "/a\x00b",
        "/a b",
        "/%0d%0aX:1",
        "http://127.0.0.1:1/",
        "http://[bad/",
        "",
    ],
)
def test_a_redirect_is_checked_like_any_url(server: Server, tmp_path: Path, target: str) -> None:
    Handler.location = target
    with pytest.raises(ProjectError):
        get(f"http://{server.host}/to", tmp_path, server.host)
    assert len(Handler.seen) == 1
    assert os.listdir(tmp_path) == []


def test_a_file_may_be_as_long_as_the_cap_and_no_longer(server: Server, tmp_path: Path) -> None:
    assert get(f"http://{server.host}/", tmp_path, server.host, most=len(BODY)).size == len(BODY)
    for path in ("", "endless", "chunked"):
        (tmp_path / "file").unlink(missing_ok=True)
        with pytest.raises(ProjectError, match="longer than 7 bytes"):
            get(f"http://{server.host}/{path}", tmp_path, server.host, most=7)
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", ["drip", "drip-header", "silent"])
def test_the_time_cap_holds_against_slow_servers(server: Server, tmp_path: Path, path: str) -> None:
    started = time.monotonic()
    with pytest.raises(RetryError, match=r"within 0\.4 seconds"):
        get(f"http://{server.host}/{path}", tmp_path, server.host, seconds=0.4)
    assert time.monotonic() - started < 1.2
    assert os.listdir(tmp_path) == []


def test_the_time_cap_holds_against_a_slow_name_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()

    def look_up(*_: Any, **__: Any) -> list[Any]:
        done.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    started = time.monotonic()
    with pytest.raises(RetryError, match=r"within 0\.2 seconds"):
        get("https://slow.example.org/", tmp_path, seconds=0.2)
    assert time.monotonic() - started < 1
    done.set()


# ---------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("status/401", GateError),
        ("status/403", GateError),
        ("status/404", MissingError),
        ("status/410", MissingError),
        ("status/429", RetryError),
        ("status/500", RetryError),
        ("status/503", RetryError),
        ("status/206", ProjectError),
        ("status/400", ProjectError),
        ("cut", RetryError),
        ("cut-chunk", RetryError),
        ("noise", RetryError),
    ],
)
def test_failures_keep_the_old_file_and_show_no_secret(
    server: Server, tmp_path: Path, path: str, kind: type[CurateError]
) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(kind) as caught:
        get(f"http://{server.host}/{path}?key={MARK}#{MARK}", tmp_path, server.host)
    assert MARK not in str(caught.value)
    assert f"{server.host}/{path}" in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_dead_host_and_an_unknown_name_are_worth_another_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(RetryError, match="ConnectionRefusedError"):
            get(f"http://{host}/", tmp_path, host)
    names(monkeypatch)
    with pytest.raises(RetryError, match="cannot be found"):
        get("https://nowhere.example.org/", tmp_path)


def test_a_target_that_cannot_be_written(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProjectError, match="No such file"):
        get(f"http://{server.host}/", tmp_path / "missing", server.host)
    (tmp_path / "file").mkdir()
    with pytest.raises(ProjectError, match="cannot be written"):
        get(f"http://{server.host}/", tmp_path, server.host)
    assert os.listdir(tmp_path) == ["file"]

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RetryError, match="No space left"):
        get(f"http://{server.host}/", tmp_path, server.host)
    assert os.listdir(tmp_path) == ["file"]


# ------------------------------------------------------------------------------------ names and allowances


def test_a_dead_address_leaves_time_for_the_next(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(monkeypatch, "::1", "127.0.0.1")
    host = f"two.example.org:{server.server_port}"
    get(f"http://{host}/", tmp_path, host)
    assert asked == ["two.example.org"]
    assert Handler.seen[0][1]["Host"] == host


@pytest.mark.parametrize("entry", ["other.example.org", "127.0.0.2", "127.0.0.1:1", "0.0.1"])
def test_allowing_one_host_allows_no_other(entry: str, server: Server, tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        get(f"http://{server.host}/", tmp_path, entry)
    assert Handler.seen == []


def test_an_allowed_name_does_not_allow_its_address(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, "127.0.0.1")
    Handler.location = f"http://{server.host}/"
    with pytest.raises(ProjectError):
        get(f"http://own.example.org:{server.server_port}/to", tmp_path, "own.example.org")
    assert [path for path, _ in Handler.seen] == ["/to"]


def test_a_post_goes_to_the_named_server_only() -> None:
    for url in (
        "http://127.0.0.1:9/v1",
        "https://169.254.169.254/v1",
        "file:///etc/passwd",
        "https://a:b@example.org/",
    ):
        with pytest.raises(CurateError) as error:
            net.post(url, MARK.encode(), max_bytes=1000, timeout_s=1)
        assert MARK not in str(error.value)


@pytest.mark.parametrize("headers", [{"A": "b\r\nC: d"}, {"A\n": "b"}])
def test_a_header_cannot_smuggle_another(headers: dict[str, str]) -> None:
    with pytest.raises(ProjectError):
        net.post("https://example.org/", b"", headers=headers, max_bytes=1000, timeout_s=1)
