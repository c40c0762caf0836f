"""Which URLs are refused, and that exactly the address that was checked is dialled. Nothing connects here."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.core.errors import ProjectError, RetryError
from curation.core.hosts import is_public
from curation.core.net import Fetched, download

MARK = "CANARY7391"


def get(url: str, folder: Path, *allow: str) -> Fetched:
    return download(url, folder / "file", allow_hosts=allow, max_bytes=10, timeout_s=5.0)


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


@pytest.mark.parametrize("entry", ["http://a", "a/b", "a@b", "a:b", "127.1", "", "a b", "[::1", "a:70000"])
def test_an_allowed_host_in_another_form_is_refused(entry: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        get("https://example.org/", tmp_path, entry)


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


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["::1"], ["::ffff:93.184.216.34"], ["10.0.0.1", "fd00::1"], []])
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
