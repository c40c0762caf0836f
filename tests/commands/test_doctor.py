"""What doctor says of the extras that only some projects need, and of the annotation server."""

import importlib.util
import json

import pytest

from curation.commands import doctor
from tests.laws.projects import make_project

VIDEOS = """
  talks:
    kind: youtube
    urls: https://example.org/list
"""


@pytest.fixture
def made(tmp_path):
    return make_project(tmp_path / "project", chats=2, questions=2, pairs=2)


@pytest.fixture
def without_voice(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None if name == "yt_dlp" else real(name))


def checks(made, code=0):
    out = made.run("--json", "doctor", code=code)
    return {check["name"]: check for check in json.loads(out)}


def test_an_extra_that_nothing_asks_for_may_be_absent(made, without_voice):
    assert checks(made)["extra voice"] == {
        "name": "extra voice",
        "ok": True,
        "found": "not installed, and nothing here asks for it (videos, podcasts, recordings)",
        "fix": "pip install 'curation[voice]'",
    }


def test_a_source_asks_for_its_extra(made, without_voice):
    with (made.root / "sources.yaml").open("a") as stream:
        stream.write(VIDEOS)
    assert checks(made, code=6)["extra voice"]["ok"] is False


def test_keys_of_the_annotation_server_that_others_can_read_are_a_failure(made):
    pytest.importorskip("argilla")
    folder = made.root / "data" / "review"
    folder.mkdir(parents=True)
    (folder / "server.json").write_text("{}")
    (folder / "server.json").chmod(0o644)
    (made.root / "data").chmod(0o700)
    found = checks(made, code=3)["server"]
    assert not found["ok"] and found["fix"].startswith("chmod 600")
