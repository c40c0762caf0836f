"""The only door for URLs that users or rows supply: checked, capped in bytes and time, whole or nothing."""

from __future__ import annotations

import errno
import hashlib
import http.client
import io
import os
import queue
import re
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from curation.core.errors import GateError, MissingError, ProjectError, RetryError
from curation.core.hosts import Address, Place, allowed, check, follow, is_public, refuse
from curation.version import __version__

_MOST_REDIRECTS = 5
_PIECE = 1 << 16
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Fetched:
    """What a download brought.

    Attributes:
        sha256: hexadecimal digest of the bytes as the server sent them (nothing is decompressed).
        size: bytes.
        final_url: where the file lay after redirects, without query (signed links carry secrets there).
        content_type: the media type the server named, in lower case and without parameters, or "".
    """

    sha256: str
    size: int
    final_url: str
    content_type: str


class _Clock:
    """One budget of seconds for everything a download does, redirects included."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _TimedReader(io.RawIOBase):
    """The reading end of a socket on which every read is timed, so that a server that drips wins no time."""

    def __init__(self, sock: socket.socket, clock: _Clock) -> None:
        self._sock = sock
        self._clock = clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._clock.left())
        return self._sock.recv_into(buffer)


def download(url: str, target: Path, *, allow_hosts: Collection[str] = (), max_bytes: int, timeout_s: float) -> Fetched:
    """Fetch a file over https from a public server, and put it in place whole or not at all.

    The host's name is resolved once, addresses that are not globally routable are refused, and exactly a
    checked address is dialled. Redirects (at most 5) pass the same checks. No cookie, credential, referrer
    or proxy is used.

    Args:
        url: http or https, without credentials.
        target: the file to write (mode 0600), in a folder that exists. A file that is there is replaced.
        allow_hosts: "host" (any port) or "host:port". For exactly these, private addresses, plain http and
            other ports than 80 and 443 are accepted: name only servers you trust with that.
        max_bytes: anything longer is refused.
        timeout_s: seconds for the whole download, redirects and name look-ups included.

    Raises:
        ProjectError: the URL, where it leads or the file's size is refused, or the target cannot be written.
        GateError: the server wants a permission (401, 403, 451).
        MissingError: there is no such file (404, 410).
        RetryError: network failure, time-out, cut connection, busy or failing server, full disk.
    """
    clock = _Clock(timeout_s)
    allow = allowed(allow_hosts)
    place = check(url, allow)
    for _ in range(_MOST_REDIRECTS + 1):
        with closing(_dial(place, clock)) as sock:
            response = _ask(sock, place, clock)
            if response.status not in (301, 302, 303, 307, 308):
                _check_status(response.status, place)
                return _keep(response, target, place, clock, max_bytes)
            place = follow(place, response.headers.get("Location", ""), allow)
    refuse(f"more than {_MOST_REDIRECTS} redirects", place.shown)


@dataclass(frozen=True)
class Answer:
    """What a server said to a request.

    Attributes:
        status: the HTTP status.
        body: the whole body.
        retry_after_s: how long the server asks to be left alone, where it says so in seconds.
    """

    status: int
    body: bytes
    retry_after_s: float | None


def post(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str] = _NOTHING,
    allow_hosts: Collection[str] = (),
    max_bytes: int,
    timeout_s: float,
) -> Answer:
    """Send bytes to a server that the project's owner named, and return what it says, whatever its status.

    The checks are those of `download`; redirects are not followed, for what is sent is meant for this server alone.

    Args:
        url: http or https, without credentials.
        body: what is sent.
        headers: more headers, ASCII, without line breaks.
        allow_hosts: as for `download`.
        max_bytes: a longer answer is refused.
        timeout_s: seconds for the whole exchange.

    Raises:
        ProjectError: the URL or the answer's size is refused.
        RetryError: network failure, time-out, cut connection.
    """
    if any(set("\r\n") & set(name + value) for name, value in headers.items()):
        raise ProjectError("a header of a request holds a line break", fix="look at the value of the key's variable")
    clock = _Clock(timeout_s)
    place = check(url, allowed(allow_hosts))
    with closing(_dial(place, clock)) as sock:
        response = _ask(sock, place, clock, body, headers)
        wait = response.headers.get("Retry-After", "")
        whole = b"".join(_pieces(response, place, clock, max_bytes))
        return Answer(response.status, whole, float(wait) if re.fullmatch(r"[0-9]{1,6}", wait) else None)


def _addresses(place: Place, clock: _Clock) -> list[Address]:
    """The addresses of a host that may be dialled, in the order of the name service, which is asked once."""
    answers: queue.SimpleQueue[list[Address] | OSError | ValueError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            rows = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            answers.put([ip_address(row[4][0]) for row in rows])
        except (OSError, ValueError) as error:
            answers.put(error)

    try:
        found: list[Address] | OSError | ValueError = [ip_address(place.host)]
    except ValueError:
        # The look-up itself cannot be given a limit, but it need not be waited for.
        threading.Thread(target=look_up, daemon=True).start()
        try:
            found = answers.get(timeout=clock.left())
        except queue.Empty:
            raise TimeoutError from None
    if isinstance(found, OSError | ValueError):
        raise RetryError(f"the host's address cannot be found ({type(found).__name__})", where=place.shown)
    usable = list(dict.fromkeys(a for a in found if place.allowed or is_public(a)))
    if not usable:
        refuse("the host is not on the public internet", place.shown, "if it is your own server, allow host:port")
    return usable


@contextmanager
def _network(place: Place, clock: _Clock) -> Iterator[None]:
    # `from None`: messages of the network layer may hold what the server sent.
    try:
        yield
    except ssl.SSLCertVerificationError:
        refuse("the server's certificate cannot be trusted", place.shown)
    except TimeoutError:
        raise RetryError(f"no whole answer within {clock.seconds:g} seconds", where=place.shown) from None
    except (OSError, http.client.HTTPException) as error:
        raise RetryError(f"the connection failed ({type(error).__name__})", where=place.shown) from None


def _dial(place: Place, clock: _Clock) -> socket.socket:
    with _network(place, clock):
        addresses = _addresses(place, clock)
        for number, address in enumerate(addresses):
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                # A dead address leaves time for the next one.
                sock.settimeout(clock.left() / (len(addresses) - number))
                sock.connect((str(address), place.port))
                if place.scheme == "http":
                    return sock
                sock.settimeout(clock.left())
                # A TLS stream that ends without its closing word was cut.
                return ssl.create_default_context().wrap_socket(
                    sock, server_hostname=place.host, suppress_ragged_eofs=False
                )
            except OSError:
                sock.close()
                if number == len(addresses) - 1:
                    raise
    raise AssertionError("a host has at least one address")


def _ask(
    sock: socket.socket, place: Place, clock: _Clock, body: bytes | None = None, headers: Mapping[str, str] = _NOTHING
) -> http.client.HTTPResponse:
    method = "GET" if body is None else "POST"
    lines = (
        f"{method} {place.path} HTTP/1.1",
        f"Host: {place.authority}",
        f"User-Agent: curate/{__version__}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
        *(() if body is None else (f"Content-Length: {len(body)}",)),
    )
    with _network(place, clock):
        sock.settimeout(clock.left())
        sock.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii") + (body or b""))
        response = http.client.HTTPResponse(sock, method=method)
        response.fp.close()
        response.fp = io.BufferedReader(_TimedReader(sock, clock))
        response.begin()
    return response


def _check_status(status: int, place: Place) -> None:
    if status in (401, 403, 451):
        raise GateError(f"the server does not give this file to everyone (status {status})", where=place.shown)
    if status in (404, 410):
        raise MissingError(f"the server has no such file (status {status})", where=place.shown)
    if status in (408, 425, 429) or status >= 500:
        raise RetryError(f"the server cannot answer now (status {status})", where=place.shown)
    if status != 200:
        refuse(f"the server answered with status {status} instead of a file", place.shown)


def _pieces(response: http.client.HTTPResponse, place: Place, clock: _Clock, most: int) -> Iterator[bytes]:
    size = 0
    while True:
        if size + (response.length or 0) > most:
            refuse(f"the file is longer than {most} bytes", place.shown)
        with _network(place, clock):
            piece = response.read(_PIECE)
        if not piece:
            break
        size += len(piece)
        yield piece
    if response.length:
        raise RetryError(f"the connection was cut after {size} bytes", where=place.shown)


def _keep(response: http.client.HTTPResponse, target: Path, place: Place, clock: _Clock, max_bytes: int) -> Fetched:
    digest, size = hashlib.sha256(), 0
    try:
        handle, aside = tempfile.mkstemp(prefix=".fetch-", dir=target.parent)  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in _pieces(response, place, clock, max_bytes):
                    digest.update(piece)
                    size += file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, target)
        except BaseException:
            os.unlink(aside)
            raise
    except OSError as error:
        kind = RetryError if error.errno in (errno.ENOSPC, errno.EDQUOT) else ProjectError
        raise kind(f"a download cannot be written ({error.strerror})", where=str(target)) from None
    media = re.match(r"[\w.+-]+/[\w.+-]+", response.headers.get("Content-Type", ""), re.ASCII)
    return Fetched(digest.hexdigest(), size, place.bare, media[0].lower() if media else "")
