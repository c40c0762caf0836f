"""A media site, a tiny speech model, and projects that pull from them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pull.media import tiny_whisper


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("faster_whisper")
    pytest.importorskip("torch")
    base = tmp_path_factory.getbasetemp()
    # Under xdist every process has a folder of its own in one that they share.
    return tiny_whisper.build((base.parent if base.name.startswith("popen-") else base) / "whisper")


@pytest.fixture
def short_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random model never comes to an end by itself, whatever temperature it is tried at."""
    from curation.pull.media import listen

    monkeypatch.setattr(listen, "TEMPERATURES", [0.0])
    monkeypatch.setattr(listen, "MOST_TOKENS", 6)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    pytest.importorskip("yt_dlp")
    from curation.pull.media import site as home
    from tests.pull.media.site_server import LoopbackIE, LoopbackListIE, Site

    monkeypatch.setattr(home, "EXTRACTORS", [LoopbackIE(), LoopbackListIE()])
    with Site() as running:
        yield running
