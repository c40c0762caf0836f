"""The page as it is served: nothing in it comes from elsewhere, and nothing that a record holds can run in it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Where the page writes what it was given into itself as markup: the text of fields and turns, titles, notes, messages.
# Left are icons, its own translations, and markdown, which it disinfects.
_AS_MARKUP = re.compile(
    rb"innerHTML:(\w\._s\((?:\w|\w\.(?:fieldText|text|title|message|content|settings\.dataset\.name))\))"
)
# Text that looks like markup is shown by it as a page in a frame.
_IN_A_FRAME = re.compile(rb"(isHTML:function isHTML\(\)\{return)/[^}]*\.test\(this\.fieldText\)")
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_FONTS = re.compile(rb"@import (?:url\()?[\"']?https://fonts\.googleapis\.com/[^;\"')]*[\"']?\)?;?")


def clean(folder: Path) -> str:
    """Mend the page's files, and return its content security policy.

    Requests to other hosts go, and text is shown as text: a "<3" in a conversation is neither lost nor does it shift
    the spans that people mark, and markup is seen instead of obeyed. Scripts run only from the server's own files, and
    those few that are written into the page itself, by their digests.

    Raises:
        RuntimeError: the page is not the one that this was written for, and might show text as markup.
    """
    hashes = set()
    mended = 0
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
        if path.suffix in (".br", ".gz"):
            path.unlink()  # compressed copies, which the server does not send
        elif path.suffix in (".js", ".css", ".html"):
            data = path.read_bytes()
            changed = _FONTS.sub(b"", data)
            if path.suffix == ".js":
                changed, fields = _AS_MARKUP.subn(rb"textContent:\1", changed)
                changed, frames = _IN_A_FRAME.subn(rb"\1!1", changed)
                mended += frames if fields else 0
            if changed != data:
                path.write_bytes(changed)
            if path.suffix == ".html":
                hashes |= {base64.b64encode(hashlib.sha256(s).digest()).decode() for s in _INLINE.findall(data)}
    if not mended:
        raise RuntimeError("the page of this version of the server is not known")
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in sorted(hashes))])
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'self'",
            "frame-ancestors 'none'",
        )
    )


_CLOSED = re.compile(r"/+(api/+(v1/+)?)?(docs|redoc|openapi\.json)(/.*)?")
"""Lists of what can be asked, the pages of which load scripts from elsewhere."""


class Fenced:
    """The server behind two checks: only by the names that are its own, and with headers that browsers obey.

    A page of another site that has its name point to this machine is refused by the first.
    """

    def __init__(self, app: Any, policy: str, hosts: set[str]) -> None:
        self.app = app
        self.hosts = {host.lower() for host in hosts}
        self.headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-curate-text", b"as-text"),  # tells curate that fields need no escaping for this page
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        named = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if _without_port(named).lower() not in self.hosts:
            await self._refuse(send, 421, b"this server does not go by that name")
            return
        if _CLOSED.fullmatch(scope["path"]):
            await self._refuse(send, 404, b"not here")
            return
        fresh = [(b"cache-control", b"no-store")] if scope["path"].startswith("/api/") else []

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [h for h in message["headers"] if h[0].lower() != b"cache-control" or not fresh]
                message = {**message, "headers": [*kept, *self.headers, *fresh]}
            await send(message)

        await self.app(scope, receive, with_headers)

    async def _refuse(self, send: Send, status: int, why: bytes) -> None:
        headers = [(b"content-type", b"text/plain"), *self.headers]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": why})


def _without_port(named: str) -> str:
    return re.sub(r":\d+$", "", named)
