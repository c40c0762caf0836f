"""The door for URLs over TLS: whose certificate counts, and what a cut stream is."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.core.errors import ProjectError, RetryError
from curation.core.net import Fetched, download

Start = Callable[..., tuple[str, list[Any]]]


def get(url: str, folder: Path, *allow: str) -> Fetched:
    return download(url, folder / "file", allow_hosts=allow, max_bytes=1000, timeout_s=5.0)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-keyout", str(path), "-out", f"{path}.crt", "-subj", "/CN=data.example.org"),
            *("-addext", "subjectAltName=DNS:data.example.org"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
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
    row = (None, None, None, "")
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, port, **_: [(*row, ("127.0.0.1", port))])
    yield start
    for listener in running:
        listener.close()


def test_tls_names_the_host_and_not_the_address(tls: Start, tmp_path: Path) -> None:
    host, asked = tls()
    assert get(f"https://{host}/x", tmp_path, host).size == 2
    assert asked[0] == "data.example.org"
    assert f"\r\nHost: {host}\r\n".encode() in asked[1]


def test_a_certificate_for_another_name_or_of_unknown_origin_is_refused(
    tls: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


def test_a_tls_stream_that_just_ends_was_cut(tls: Start, tmp_path: Path) -> None:
    host, _ = tls(b"HTTP/1.1 200 OK\r\n\r\nhalf a file")
    with pytest.raises(RetryError):
        get(f"https://{host}/x", tmp_path, host)
    assert os.listdir(tmp_path) == []


def test_https_is_not_left_for_http(tls: Start, tmp_path: Path) -> None:
    host, _ = tls(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(ProjectError, match="from https to plain http"):
        get(f"https://{host}/x", tmp_path, host, "127.0.0.1:9")
