"""A Hugging Face Hub on the loopback interface, read side only.

It answers what `huggingface_hub` 2.4 and `datasets` 5.2 ask when they list and download a data set, so that
the demo and the tests run the same client code as a real pull: set `HF_ENDPOINT` to `LoopbackHub.endpoint`
before the client is imported. `repos.py` says how the data sets lie on disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from curation.demo.repos import SEGMENT, Json, commit_files, entry, folder, publish, read_meta, sibling

__all__ = ["Fault", "LoopbackHub", "Request", "publish"]

_REPO = f"datasets/({SEGMENT}/{SEGMENT})"
_API = re.compile(rf"/api/{_REPO}(?:/(revision|tree|paths-info|auth-check)(?:/([^/]+))?(?:/(.+))?)?")
_RESOLVE = re.compile(rf"/{_REPO}/resolve/([^/]+)/(.+)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the first `times` requests whose "VERB /path" the regular expression `path` finds.

    Args:
        path: searched in "VERB /path", the path unquoted and without its query.
        status: answer with this HTTP status instead of the real answer.
        times: how many requests are hit.
        delay_s: wait this many seconds before answering.
        truncate_bytes: for a file download, promise the whole length, send this many bytes and close.
        headers: added to the answer, such as {"Retry-After": "1"}.
    """

    path: str
    status: int | None = None
    times: int = 1
    delay_s: float = 0.0
    truncate_bytes: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """An answered request. `path` is unquoted, `range` the header; `token` says whether one was sent."""

    verb: str
    path: str
    query: str
    range: str | None
    token: bool
    status: int


class LoopbackHub:
    """Serve the data sets under `root` on a free port of 127.0.0.1 for as long as the `with` block lasts.

    Args:
        root: the folder that holds `datasets/`. It is read at every request: publishing while serving works.
        faults: what goes wrong, and how often.
        page_size: entries on a page of a tree listing.
    """

    def __init__(self, root: Path, *, faults: Iterable[Fault] = (), page_size: int = 1000) -> None:
        self.root = Path(root)
        self.page_size = page_size
        self._faults = tuple(faults)
        self._left = [fault.times for fault in self._faults]
        self._requests: list[Request] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """The value for HF_ENDPOINT, such as http://127.0.0.1:40123."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def requests(self) -> list[Request]:
        """The requests answered so far, in the order of their answers."""
        with self._lock:
            return list(self._requests)

    def _record(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def _take_fault(self, verb: str, path: str) -> Fault | None:
        """The first fault left that is meant for this request; it counts as used."""
        with self._lock:
            for number, fault in enumerate(self._faults):
                fits = verb == "GET" or fault.truncate_bytes is None
                if self._left[number] > 0 and fits and re.search(fault.path, f"{verb} {path}"):
                    self._left[number] -= 1
                    return fault
        return None


class _Refused(Exception):
    """The request ends here; from `code` the client library makes an exception class."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"X-Error-Code": code, "X-Error-Message": message, **headers} if code else headers


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, hub: LoopbackHub) -> None:
        self.hub = hub
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        # A kept-alive connection would go on being served by its thread after the hub is gone.
        super().server_close()
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client may hang up when it likes
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes; together they would wait for an ACK
    server: _Server

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self._path, self._query = unquote(url.path), parse_qs(url.query)
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._token = (self.headers.get("Authorization") or "").removeprefix("Bearer ").strip() or None
        self._fault = self.server.hub._take_fault(self.command, self._path)
        if self._fault:
            time.sleep(self._fault.delay_s)
        try:
            if self._fault and self._fault.status:
                raise _Refused(self._fault.status, "", "injected fault")
            self._route(url.path)
        except _Refused as refused:
            self._send_json({"error": str(refused)}, refused.headers, refused.status)

    do_HEAD = do_GET
    do_POST = do_GET

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if hasattr(self, "_path"):  # not set where the request line could not be read
            query, span = urlsplit(self.path).query, self.headers.get("Range")
            request = Request(self.command, self._path, query, span, self._token is not None, int(code))
            self.server.hub._record(request)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _route(self, raw_path: str) -> None:
        # Matched before unquoting: a revision such as refs%2Fconvert%2Fparquet is one segment.
        if raw_path == "/api/whoami-v2":
            if self._token is None:
                raise _Refused(401, "", "Invalid username or password.")
            self._send_json({"type": "user", "name": "visitor", "orgs": []})
        elif match := _API.fullmatch(raw_path):
            repo_id, what, revision, rest = match.groups()
            self._api(repo_id, what, unquote(revision or "main"), unquote(rest or ""))
        elif match := _RESOLVE.fullmatch(raw_path):
            self._resolve(match[1], unquote(match[2]), unquote(match[3]))
        else:
            raise _Refused(404, "RepoNotFound", "no such page")

    def _open(self, repo_id: str, revision: str, *, gate: bool) -> tuple[Json, str, dict[str, Path]]:
        """The meta.json, commit and files asked for; behind the `gate` only for the repo's own tokens."""
        root = self.server.hub.root
        meta = read_meta(root, repo_id)
        admitted = meta is not None and self._token in meta.get("tokens", ["hf_ok"])
        if meta is None or (meta.get("private") and not admitted):
            raise _Refused(404 if self._token else 401, "RepoNotFound", "Repository not found")
        if new_id := meta.get("renamed_to"):
            raise _Refused(307, "", "renamed", Location=self.path.replace(repo_id, new_id, 1))
        if gate and meta.get("gated") and not admitted:
            raise _Refused(403 if self._token else 401, "GatedRepo", f"Access to {repo_id} is restricted.")
        commit = commit_files(root, repo_id, meta, revision)
        if commit is None:
            raise _Refused(404, "RevisionNotFound", "Invalid rev id")
        return meta, *commit

    def _api(self, repo_id: str, what: str | None, revision: str, rest: str) -> None:
        meta, sha, files = self._open(repo_id, revision, gate=what not in (None, "revision"))
        if what == "auth-check":
            self._send_json({})
        elif what == "tree":
            self._tree(sha, files, rest.strip("/"))
        elif what == "paths-info":
            self._paths_info(files)
        else:
            self._info(repo_id, meta, sha, files)

    def _info(self, repo_id: str, meta: Json, sha: str, files: dict[str, Path]) -> None:
        card = meta.get("cards", {}).get(sha, meta.get("card", {}))
        blobs = self._query.get("blobs", ["false"])[0].lower() in ("true", "1")
        self._send_json(
            {
                "_id": hashlib.sha1(repo_id.encode()).hexdigest()[:24],
                "id": repo_id,
                "author": repo_id.split("/")[0],
                "sha": sha,
                "createdAt": "2026-01-01T00:00:00.000Z",
                "lastModified": "2026-01-01T00:00:00.000Z",
                "private": bool(meta.get("private")),
                "gated": meta.get("gated", False),
                "disabled": False,
                "downloads": 0,
                "likes": 0,
                "tags": [f"license:{card['license']}"] if "license" in card else [],
                "cardData": card,
                "siblings": [sibling(name, path, blobs) for name, path in files.items()],
            }
        )

    def _tree(self, sha: str, files: dict[str, Path], below: str) -> None:
        prefix = f"{below}/" if below else ""
        recursive = self._query.get("recursive", ["false"])[0].lower() in ("true", "1")
        entries: dict[str, Json] = {}
        for name, path in files.items():
            if name.startswith(prefix):
                parts = name.removeprefix(prefix).split("/")
                for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
                    parent = prefix + "/".join(parts[:depth])
                    entries.setdefault(parent, folder(parent))
                if recursive or len(parts) == 1:
                    entries[name] = entry(name, path)
        if below and not entries:
            raise _Refused(404, "EntryNotFound", "Entry not found")
        start = int(self._query.get("cursor", ["0"])[0])
        stop = start + self.server.hub.page_size
        headers = {"X-Repo-Commit": sha}
        if stop < len(entries):
            query = urlencode({**{k: v[0] for k, v in self._query.items()}, "cursor": stop})
            page = f"{self.server.hub.endpoint}{urlsplit(self.path).path}?{query}"
            headers["Link"] = f'<{page}>; rel="next"'
        self._send_json(list(entries.values())[start:stop], headers)

    def _paths_info(self, files: dict[str, Path]) -> None:
        if "json" in self.headers.get("Content-Type", ""):
            asked = json.loads(self._body)["paths"]
        else:
            asked = parse_qs(self._body.decode()).get("paths", [])
        found = []
        for name in (path.strip("/") for path in ([asked] if isinstance(asked, str) else asked)):
            if name in files:
                found.append(entry(name, files[name]))
            elif not name or any(other.startswith(f"{name}/") for other in files):
                found.append(folder(name))
        self._send_json(found)

    def _resolve(self, repo_id: str, revision: str, name: str) -> None:
        _, sha, files = self._open(repo_id, revision, gate=True)
        if name not in files:
            raise _Refused(404, "EntryNotFound", "Entry not found")
        file = entry(name, files[name])
        size = file["size"]
        tag = f'"{file["lfs"]["oid"] if "lfs" in file else file["oid"]}"'
        headers = {"X-Repo-Commit": sha, "ETag": tag, "Accept-Ranges": "bytes"}
        if "lfs" in file:
            headers |= {"X-Linked-ETag": tag, "X-Linked-Size": str(size)}
        status, start, stop = 200, 0, size
        if (span := _RANGE.match(self.headers.get("Range") or "")) and any(span.groups()):
            start = int(span[1]) if span[1] else max(0, size - int(span[2]))
            stop = min(int(span[2]) + 1, size) if span[1] and span[2] else size
            if start >= stop:
                raise _Refused(416, "", "no such range", **{"Content-Range": f"bytes */{size}"})
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        with files[name].open("rb") as stream:
            stream.seek(start)
            self._send(status, stream, stop - start, {**headers, "Content-Type": "application/octet-stream"})

    def _send_json(self, value: Any, headers: Mapping[str, str] | None = None, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self._send(
            status, io.BytesIO(body), len(body), {**(headers or {}), "Content-Type": "application/json"}
        )

    def _send(self, status: int, stream: BinaryIO, length: int, headers: Mapping[str, str]) -> None:
        """Send `length` bytes of `stream`, or fewer where a fault says so, piece by piece."""
        self.send_response(status)
        extra = self._fault.headers if self._fault else {}
        for key, value in {**headers, **extra, "Content-Length": str(length)}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        left = length
        if self._fault and self._fault.truncate_bytes is not None and self._fault.truncate_bytes < length:
            left = self._fault.truncate_bytes
            self.close_connection = True
        while left > 0 and (piece := stream.read(min(left, _CHUNK))):
            self.wfile.write(piece)
            left -= len(piece)
