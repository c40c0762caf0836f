"""The server talks to this machine only: every connection to elsewhere is refused, whoever asks for it.

Telemetry, the hub and web hooks to other machines fail here, not by their settings. The one exception is the Redis
server that the user names.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

_LOGGER = logging.getLogger("curate")
_NAMES = ("localhost", "")
_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname")


def close(redis_url: str | None) -> None:
    """Refuse connections from now on; it cannot be undone in this process."""
    allowed = _addresses(redis_url) if redis_url else set()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            address = args[1]
            host = address[0] if isinstance(address, tuple) and address else None
        elif event in _LOOKUPS:
            host = args[0]
        else:
            return
        if isinstance(host, (bytes, bytearray)):
            host = host.decode(errors="replace")
        if host is not None and host not in allowed and not is_local(host):
            _LOGGER.warning("refused a connection to another machine (%s)", event)
            raise PermissionError(f"this server may not connect to {host}")

    sys.addaudithook(hook)


def is_local(host: str) -> bool:
    """Whether a name or an address means this machine."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() in _NAMES or host == socket.gethostname()


def _addresses(url: str) -> set[str]:
    host = urlsplit(url).hostname
    if not host:
        return set()
    return {host} | {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
