"""Which URLs and which addresses a download may reach: the rules, without a network."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import NoReturn
from urllib.parse import quote, urljoin, urlsplit

from curation.core.errors import ProjectError
from curation.core.redact import printable, scrub_secrets

Address = IPv4Address | IPv6Address
Allowed = frozenset[tuple[str, int | None]]

_PORTS = {"http": 80, "https": 443}
_LONGEST_URL = 8192
_SHOWN = 200
_SAFE = "%/:=&?~#+!$,;'@()*[]"  # what RFC 3986 gives a meaning to, and what is percent-encoded already

# IANA's registries of special-purpose IPv4 and IPv6 addresses, written out because the standard library's
# answers differ between patch releases. 168.63.129.16 is a cloud's inner service on a public address.
_CLOSED_4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
# Nothing outside 2000::/3 is global unicast (IPv4-mapped, NAT64, unique local, link-local, multicast ...);
# inside it lie protocol assignments with Teredo, documentation, and 6to4, which can carry any IPv4 address.
_OPEN_6 = ip_network("2000::/3")
_CLOSED_6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))

_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# What resolvers read as an IPv4 address in decimal, octal or hexadecimal, whole or in parts.
_NUMERIC = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\Z")
_TRICKS = re.compile(r"[\x00-\x20\x7f\\]|%0[0ad]", re.IGNORECASE)
# Letters that the standard library's IDNA (2003) leads to another host than a browser (2008) does.
_TWO_WAYS = re.compile("[\u00df\u1e9e\u03c2\u200c\u200d]")


@dataclass(frozen=True)
class Place:
    """A URL that passed every check that needs no name service.

    Attributes:
        scheme: "http" or "https".
        host: a name in its ASCII form, or an IP address in its usual spelling, without brackets.
        port: the port to dial.
        path: path and query, ASCII, as it is sent.
        allowed: whether the project's owner named this host, so that its address is not checked.
    """

    scheme: str
    host: str
    port: int
    path: str
    allowed: bool

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def bare(self) -> str:
        """The URL without its query and without anything shaped like a secret."""
        return printable(scrub_secrets(f"{self.scheme}://{self.authority}{self.path.partition('?')[0]}"))

    @property
    def shown(self) -> str:
        """The bare URL in a length that fits a message."""
        return self.bare[:_SHOWN]


def refuse(what: str, where: str, fix: str | None = None) -> NoReturn:
    """Raise the `ProjectError` of a download that will not be made."""
    raise ProjectError(f"download refused: {what}", where=where, fix=fix) from None


def allowed(entries: Collection[str]) -> Allowed:
    """Entries written "host" or "host:port", as pairs; the port is None where the entry names none.

    Raises:
        ProjectError: an entry is written in another way.
    """
    pairs = []
    for entry in entries:
        try:
            pairs.append(_authority(entry))
        except ValueError:
            refuse("an allowed host is neither 'host' nor 'host:port'", "the list of allowed hosts")
    return frozenset(pairs)


def check(url: str, allow: Allowed) -> Place:
    """Take a URL apart, or refuse it.

    Raises:
        ProjectError: not http(s), credentials, control characters, blanks or backslashes, a host in an
            unusual spelling; plain http or a port other than 80 and 443 where the host is not in `allow`.
    """
    where = _outline(url)
    if len(url) > _LONGEST_URL or _TRICKS.search(url):
        refuse("the URL is too long, or has blanks, control characters or backslashes", where)
    try:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS:
            refuse("only https URLs are fetched", where)
        if "@" in parts.netloc:
            refuse("the URL has credentials in it", where, "take out what stands before the '@'")
        host, given = _authority(parts.netloc)
        path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_SAFE)
    except ValueError:
        refuse("the URL is not well formed, or its host is written in an unusual way", where)
    port = _PORTS[parts.scheme] if given is None else given
    place = Place(parts.scheme, host, port, path, not allow.isdisjoint({(host, None), (host, port)}))
    if not place.allowed and place.scheme == "http":
        refuse("plain http can be read and changed on its way", place.shown, "use https, or allow the host")
    if not place.allowed and port not in _PORTS.values():
        refuse(f"port {port} is not a web server's", place.shown, "use port 443, or allow host:port")
    return place


def follow(place: Place, location: str, allow: Allowed) -> Place:
    """Where a redirect leads, checked like any other URL.

    Args:
        place: where the redirect came from.
        location: the header as `http.client` reads it (latin-1).
        allow: as in `check`.

    Raises:
        ProjectError: as in `check`, and for a step from https down to http.
    """
    location = location.strip(" \t")
    if not location or _TRICKS.search(location):
        refuse("the server redirects to nowhere, or with characters that no URL has", place.shown)
    target = quote(location, safe=_SAFE, encoding="latin-1")  # the server's own bytes
    try:
        url = urljoin(f"{place.scheme}://{place.authority}{place.path}", target)
    except ValueError:
        refuse("the server redirects to something that is no URL", place.shown)
    following = check(url, allow)
    if (place.scheme, following.scheme) == ("https", "http"):
        refuse("the server redirects from https to plain http", following.shown)
    return following


def is_public(address: Address) -> bool:
    """Whether an address belongs to one machine on the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in net for net in _CLOSED_4)
    return address in _OPEN_6 and not any(address in net for net in _CLOSED_6)


def _authority(text: str) -> tuple[str, int | None]:
    """Host and port in the one spelling that is compared, looked up and sent; ValueError if there is none."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:@/?#%\s]{1,253}))(?::([0-9]{0,5}))?", text)
    if match is None or int(match[3] or 0) > 65535 or _TWO_WAYS.search(text):
        raise ValueError
    port = int(match[3]) if match[3] else None
    if match[1]:
        return str(IPv6Address(match[1])), port
    host = match[2].encode("idna").decode("ascii").lower().removesuffix(".")
    if _NUMERIC.search(host):
        return str(IPv4Address(host)), port  # which takes the dotted decimal form only
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise ValueError
    return host, port


def _outline(url: str) -> str:
    """What may be shown of text that is not known to be a URL: it may be a password, or the text of a row."""
    match = re.match(r"(https?://)([\w.:\[\]/~-]*)", url, re.ASCII | re.IGNORECASE)
    if match is None:
        return "(not an http or https URL)"
    shown = match[1] if "@" in url else match[0]
    return scrub_secrets(shown)[:_SHOWN] + ("" if shown == url else "...")
