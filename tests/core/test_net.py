"""The door for URLs: what it lets through, what it refuses, and that it dials what it checked."""

from __future__ import annotations

import hashlib
import http.server
import os
import shutil
import socket
import ssl
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.core.errors import CurateError, GateError, MissingError, ProjectError, RetryError
from curation.core.hosts import is_public
from curation.core.net import Fetched, download

BODY = bytes(range(256)) * 1000
MARK = "CANARY7391"


class Handler(http.server.BaseHTTPRequestHandler):
    """One path for each way in which a server can behave."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, dict[str, str]]]

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.close_connection = True
        type(self).seen.append((self.path, dict(self.headers)))
        path, _, query = self.path.partition("?")
        if path.startswith("/status/"):
            self._send(int(path.removeprefix("/status/")), MARK.encode())
        elif path == "/to":
            self._raw(f"HTTP/1.1 302 Found\r\nLocation: {query}\r\nContent-Length: 0\r\n\r\n".encode())
        elif path.startswith("/hop/"):
            left = int(path.removeprefix("/hop/"))
            self._send(302 if left else 200, BODY, Location=f"{left - 1}") if left else self._send(200, BODY)
        elif path == "/cut":
            self._raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        elif path == "/cut-chunk":
            self._raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nff\r\nno")
        elif path == "/chunked":
            self._raw(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n yo\r\n0\r\n\r\n"
            )
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
    Handler.seen = []
    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


def get(url: str, folder: Path, *allow: str, most: int = 10_000_000, seconds: float = 5.0) -> Fetched:
    return download(url, folder / "file", allow_hosts=allow, max_bytes=most, timeout_s=seconds)


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str] | Exception) -> list[str]:
    """A name service that gives its answers one after another, and notes what it was asked."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [(family[ip_address(a.partition("%")[0]).version], 1, 6, "", (a, port)) for a in answer]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """No connection is made; the addresses that were dialled are noted."""
    calls: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        calls.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return calls


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


@pytest.mark.parametrize("entry", ["http://a", "a/b", "a@b", "a:b", "127.1", "", "a b", "[::1", "a:70000"])
def test_an_allowed_host_in_another_form_is_refused(entry: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        get("https://example.org/", tmp_path, entry)


# ------------------------------------------------------------------------------------- redirects and caps


@pytest.mark.parametrize("target", ["/plain", "plain", "//{host}/plain", "http://{host}/plain?sig=s3"])
def test_redirects_are_followed(server: Server, tmp_path: Path, target: str) -> None:
    fetched = get(f"http://{server.host}/to?{target.format(host=server.host)}", tmp_path, server.host)
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
    with pytest.raises(ProjectError):
        get(
            f"http://{server.host}/to?{target}"
            if target.isprintable() and " " not in target and "\\" not in target and "%0d" not in target
            else f"http://{server.host}/to",
            tmp_path,
            server.host,
        )
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
    with pytest.raises(RetryError, match="within 0.4 seconds"):
        get(f"http://{server.host}/{path}", tmp_path, server.host, seconds=0.4)
    assert time.monotonic() - started < 1.2
    assert os.listdir(tmp_path) == []


def test_the_time_cap_holds_against_a_slow_name_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(2))
    started = time.monotonic()
    with pytest.raises(RetryError, match="within 0.2 seconds"):
        get("https://slow.example.org/", tmp_path, seconds=0.2)
    assert time.monotonic() - started < 1


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


def test_a_dead_host_and_an_unknown_name_are_worth_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(RetryError, match="ConnectionRefusedError"):
            get(f"http://{host}/", tmp_path, host)
    names(monkeypatch, socket.gaierror(-2, "Name or service not known"))
    with pytest.raises(RetryError, match="cannot be found"):
        get("https://nowhere.example.org/", tmp_path)


def test_a_target_that_cannot_be_written(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


# ----------------------------------------------------------------------------------------- hostile URLs

HOSTILE = [
    # schemes
    "file:///etc/passwd",
    "ftp://example.org/x",
    "gopher://example.org:6379/_INFO",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "//example.org/x",
    "example.org/x",
    "https:example.org",
    "https:///x",
    "",
    "http://example.org/plain-http",
    # loopback, private, link-local and reserved addresses
    "https://127.0.0.1/",
    "https://0.0.0.0/",
    "https://10.1.2.3/",
    "https://100.64.0.1/",
    "https://168.63.129.16/",
    "https://169.254.169.254/latest/meta-data/",
    "https://172.16.0.1/",
    "https://192.0.0.192/",
    "https://192.0.2.1/",
    "https://192.88.99.1/",
    "https://192.168.1.1/",
    "https://198.18.0.1/",
    "https://203.0.113.9/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    # other spellings of addresses
    "https://127.1/",
    "https://127.0.1/",
    "https://0/",
    "https://0x7f.1/",
    "https://0x7f000001/",
    "https://0X7F.0.0.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://2130706433/",
    "https://8.8.2056/",
    "https://127.0.0.1./",
    "https://127.0.0.1.0x/",
    "https://１２７.０.０.１/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://%31%32%37.0.0.1/",
    # IPv6
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::a00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://[2001:db8::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fec0::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    "https://[100::1]/",
    "https://[3fff::1]/",
    "https://[::1/",
    "https://a[::1]/",
    "https://[v1.x]/",
    # names that lead inside
    "https://localhost/",
    "https://LOCALHOST./",
    "https://metadata.google.internal/",
    "https://127.0.0.1.nip.example/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
    # credentials and confusion about where the host ends
    "https://user@example.org/",
    "https://user:pw@example.org/",
    "https://:@example.org/",
    "https://example.org@127.0.0.1/",
    "https://example.org\\@127.0.0.1/",
    "https:\\\\example.org\\x",
    "https://example.org\\.evil.test/",
    "https://example.org%2f@127.0.0.1/",
    "https://example.org%00.evil.test/",
    "https://example.org／@127.0.0.1/",
    "https://a..b/",
    "https://.example.org/",
    "https://-a.example.org/",
    f"https://{'a' * 64}.example.org/",
    f"https://{'a.' * 130}org/",
    "https://fa\u00df.example.org/",
    "https://a\u200db.example.org/",
    "https://exa\u2028mple.org/",
    # smuggling
    "https://example.org/\r\nX-Injected: 1",
    "https://example.org/a\nb",
    "https://exam\tple.org/",
    "https://example.org/a\x00b",
    "https://example.org/%0d%0aX:1",
    "https://example.org/%00",
    " https://example.org/",
    "https://example.org/a b",
    "https://example.org/\ud800",
    "https://example.org/" + "a" * 9000,
    # ports
    "https://example.org:22/",
    "https://example.org:0/",
    "https://example.org:8443/",
    "https://example.org:99999/",
    "https://example.org:+443/",
    "https://example.org:４４３/",
    "https://example.org:443:443/",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_urls_are_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    inside = {"localhost": "127.0.0.1", "metadata.google.internal": "169.254.169.254"}
    inside["127.0.0.1.nip.example"] = "127.0.0.1"

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        return [(2, 1, 6, "", (inside.get(host, "93.184.216.34"), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(ProjectError) as caught:
        get(url, tmp_path)
    assert dialled == []
    assert all(line.isprintable() for line in caught.value.lines())
    assert len(caught.value.lines()) <= 3


def test_the_table_is_long_enough() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 40


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{MARK}@example.org/",
        f"https://user:{MARK}/{MARK}@example.org/",
        f"https://user:a?{MARK}#{MARK}@example.org/",
        f"https:\\\\user:{MARK}@example.org/",
        f"https://example.org:22/?{MARK}",
        f"https://example.org:22/#{MARK}",
        f"https://10.0.0.1/x?{MARK}#{MARK}",
        f"I told her {MARK} yesterday",
        f"data:text/plain,{MARK}",
        f"https://and then {MARK}",
    ],
)
def test_refusals_show_no_credentials_query_fragment_or_row_text(url: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        get(url, tmp_path)
    assert MARK not in str(caught.value)


# ------------------------------------------------------------------------------ what is checked is dialled


def test_a_name_that_changes_its_address_after_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    asked = names(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    with pytest.raises(RetryError):
        get("https://rebind.example.org/", tmp_path)
    assert asked == ["rebind.example.org"]
    assert dialled == [("93.184.216.34", 443)]


def test_only_the_public_ones_of_mixed_addresses_are_dialled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    mixed = ["127.0.0.1", "64:ff9b::a00:1", "8.8.8.8", "fe80::1%lo", "2606:4700::1111", "10.0.0.1", "8.8.8.8"]
    names(monkeypatch, mixed)
    with pytest.raises(RetryError):
        get("https://mixed.example.org/", tmp_path)
    assert dialled == [("8.8.8.8", 443), ("2606:4700::1111", 443)]


@pytest.mark.parametrize(
    "answer", [["127.0.0.1"], ["::1"], ["::ffff:93.184.216.34"], ["10.0.0.1", "fd00::1"], []]
)
def test_a_name_that_leads_inside_is_refused(
    answer: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    names(monkeypatch, answer)
    with pytest.raises(ProjectError, match="not on the public internet"):
        get("https://inside.example.org/", tmp_path)
    assert dialled == []


def test_an_address_in_the_url_asks_no_name_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    asked = names(monkeypatch, ["127.0.0.1"])
    for url in ("https://8.8.8.8/", "https://[2606:4700:0::1111]/"):
        with pytest.raises(RetryError):
            get(url, tmp_path)
    assert (asked, dialled) == ([], [("8.8.8.8", 443), ("2606:4700::1111", 443)])


def test_names_in_other_scripts_are_asked_for_in_ascii(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    asked = names(monkeypatch, ["8.8.8.8"])
    with pytest.raises(RetryError):
        get("https://Bücher.Example./", tmp_path)
    assert asked == ["xn--bcher-kva.example"]


def test_a_dead_address_leaves_time_for_the_next(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(monkeypatch, ["::1", "127.0.0.1"], OSError())
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
    names(monkeypatch, ["127.0.0.1"])
    with pytest.raises(ProjectError):
        get(
            f"http://own.example.org:{server.server_port}/to?http://{server.host}/",
            tmp_path,
            "own.example.org",
        )
    assert [path for path, _ in Handler.seen] == [f"/to?http://{server.host}/"]


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(2**125, 2**126 - 1).map(IPv6Address))
def test_what_counts_as_public_is_global_for_the_standard_library_too(
    address: IPv4Address | IPv6Address,
) -> None:
    if is_public(address):
        assert address.is_global
        assert not (address.is_multicast or address.is_reserved or address.is_link_local)


def test_common_public_addresses_are_public() -> None:
    for text in ("1.1.1.1", "8.8.8.8", "93.184.216.34", "192.0.1.1", "2606:4700::1111", "2a00:1450:4001::1"):
        assert is_public(ip_address(text))


# ------------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ]
        + ["-keyout", str(path), "-out", f"{path}.crt", "-subj", "/CN=data.example.org"]
        + ["-addext", "subjectAltName=DNS:data.example.org"],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], tuple[str, list[Any]]]]:
    """A TLS server that is told what to answer; the names that clients asked for are noted."""
    running: list[socket.socket] = []

    def start(reply: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") -> tuple[str, list[Any]]:
        asked: list[Any] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _sock, name, _context: asked.append(name)
        listener = socket.create_server(("127.0.0.1", 0))
        running.append(listener)

        def serve() -> None:
            try:
                raw, _ = listener.accept()
                with context.wrap_socket(raw, server_side=True) as sock:
                    asked.append(sock.recv(4096))
                    sock.sendall(reply)
                    sock.shutdown(socket.SHUT_RDWR)  # without the closing word of TLS
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        return f"data.example.org:{listener.getsockname()[1]}", asked

    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    names(monkeypatch, ["127.0.0.1"])
    yield start
    for listener in running:
        listener.close()


def test_tls_names_the_host_and_not_the_address(
    tls: Callable[..., tuple[str, list[Any]]], tmp_path: Path
) -> None:
    host, asked = tls()
    assert get(f"https://{host}/x", tmp_path, host).size == 2
    assert asked[0] == "data.example.org"
    assert f"\r\nHost: {host}\r\n".encode() in asked[1]


def test_a_certificate_for_another_name_or_of_unknown_origin_is_refused(
    tls: Callable[..., tuple[str, list[Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, asked = tls()
    other = host.replace("data", "other")
    with pytest.raises(ProjectError, match="certificate"):
        get(f"https://{other}/x", tmp_path, other)
    host, asked = tls()
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    with pytest.raises(ProjectError, match="certificate"):
        get(f"https://{host}/x", tmp_path, host)
    assert asked == ["data.example.org"]


def test_a_tls_stream_that_just_ends_was_cut(
    tls: Callable[..., tuple[str, list[Any]]], tmp_path: Path
) -> None:
    host, _ = tls(b"HTTP/1.1 200 OK\r\n\r\nhalf a file")
    with pytest.raises(RetryError):
        get(f"https://{host}/x", tmp_path, host)
    assert os.listdir(tmp_path) == []


def test_https_is_not_left_for_http(
    tls: Callable[..., tuple[str, list[Any]]], server: Server, tmp_path: Path
) -> None:
    reply = f"HTTP/1.1 301 Moved\r\nLocation: http://{server.host}/\r\nContent-Length: 0\r\n\r\n"
    host, _ = tls(reply.encode())
    with pytest.raises(ProjectError, match="from https to plain http"):
        get(f"https://{host}/x", tmp_path, host, server.host)
    assert Handler.seen == []
