"""`curate review serve` and `curate review users`, as a person uses them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from curation.cli import main
from curation.review.server import credentials, environment
from tests.review.server.site import free_port

pytestmark = pytest.mark.server


@pytest.fixture
def project(tmp_path):
    assert main(["init", str(tmp_path / "p")]) == 0
    return tmp_path / "p"


def curate(project, *words):
    return main(["--project", str(project), "review", *words])


@contextlib.contextmanager
def serving(project, port, *words):
    line = [sys.executable, "-m", "curation", "--project", str(project), "review", "serve", "--port", str(port), *words]
    command = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield command, command.stdout.readline().strip()
    finally:
        if command.poll() is None:
            command.send_signal(signal.SIGINT)
        command.wait(30)
        command.stdout.close()
        command.stderr.close()


def signs_in(url, name, password):
    data = f"username={name}&password={password}".encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url + "/api/v1/token", data=data)) as answer:
            return answer.status in (200, 201)
    except urllib.error.HTTPError:
        return False


def up(url):
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(url, timeout=5).status == 200
    return False


def test_a_server_for_a_project_and_its_people(project, capsys):
    port = free_port()
    with serving(project, port) as (command, url):
        assert url == f"http://127.0.0.1:{port}"
        found = json.loads((project / "data" / "review" / "server.json").read_text())
        assert found["url"] == url and found["workspace"] == "curate"
        for each in (found["owner"], *found["annotators"]):
            assert signs_in(url, each["username"], each["password"])
        assert curate(project, "serve", "--port", str(free_port())) == 75
        assert "running" in capsys.readouterr().err

        assert curate(project, "users", "add", "clinician-a") == 0
        name, password = capsys.readouterr().out.split()
        assert name == "clinician-a" and signs_in(url, name, password)
        assert curate(project, "users", "remove", "annotator-1") == 0
        first = found["annotators"][0]
        assert not signs_in(url, first["username"], first["password"])
        capsys.readouterr()
        assert curate(project, "users", "list", "--json") == 0
        listed = {each["username"]: each["role"] for each in json.loads(capsys.readouterr().out)}
        assert listed == {
            "owner": "owner",
            "annotator-2": "annotator",
            "clinician-a": "annotator",
            "annotator-1": "removed",
        }
        os.kill(command.pid, signal.SIGKILL)  # whoever started it dies: it must not stay
        end = time.monotonic() + 20
        while up(url) and time.monotonic() < end:
            time.sleep(0.1)
        assert not up(url)


@pytest.mark.slow
def test_ctrl_c_ends_it_and_what_was_said_is_said_once(project, capsys):
    port = free_port()
    with serving(project, port, "--name", "review.example.org") as (command, url):
        assert url == "https://review.example.org"
        request = urllib.request.Request(f"http://127.0.0.1:{port}", headers={"Host": "review.example.org"})
        assert urllib.request.urlopen(request).status == 200
        found = json.loads((project / "data" / "review" / "server.json").read_text())
        command.send_signal(signal.SIGINT)
        assert command.wait(30) == 0
        said = command.stderr.read()
        assert found["owner"]["password"] in said and "stopped" in said
    assert curate(project, "users", "reset", "owner") == 0
    name, password = capsys.readouterr().out.split()
    assert curate(project, "users", "add", "x") == 0
    _, other = capsys.readouterr().out.split()
    with serving(project, port) as (command, url):
        assert signs_in(url, name, password) and signs_in(url, "x", other)
        assert not signs_in(url, name, found["owner"]["password"])
        os.kill(int(subprocess.check_output(["pgrep", "-P", str(command.pid)]).split()[0]), signal.SIGKILL)
        assert command.wait(30) == 4
        said = command.stderr.read()
        assert password not in said and "acknowledged are kept" in said


def test_what_cannot_be_served_is_said_before_anything_starts(project, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "bring", lambda *a, **k: pytest.fail("too late"))
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert curate(project, "serve", "--port", str(taken.getsockname()[1])) == 3
    assert "--port" in capsys.readouterr().err
    assert curate(project, "serve", "--port", "0") == 2
    home = credentials.home(type("P", (), {"data": project / "data"}))
    for text in ("", "{}", "[1]", '{"url": 1}', '{"url": "x", "owner": {}, "annotators": [], "workspace": "c"}'):
        (home / "server.json").write_text(text)
        assert curate(project, "users", "list") == 4
        assert "delete the file" in capsys.readouterr().err


def test_names_of_people(project, capsys, monkeypatch):
    for name in ("", "Anna Smith", "../x", "ä", "x" * 41, "-x", "owner", "annotator-1"):
        assert curate(project, "users", "add", "--", name) == 3
    for command in ("remove", "reset"):
        assert curate(project, "users", command, "nobody") == 3
    assert curate(project, "users", "remove", "owner") == 3
    assert not (project / "data" / "review" / "argilla.db").exists()  # before the first start the file is enough
    assert curate(project, "users", "add", "x1") == 0
    capsys.readouterr()
    monkeypatch.setenv("ARGILLA_API_URL", "http://elsewhere:6900")
    assert curate(project, "users", "add", "x2") == 3
    assert "ARGILLA_API_URL" in capsys.readouterr().err


def test_an_environment_that_may_not_be_made_is_named(project, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    port = str(free_port())
    assert main(["--project", str(project), "--offline", "review", "serve", "--port", port]) == 6
    assert "without --offline" in capsys.readouterr().err
    monkeypatch.setattr(environment.sys, "version_info", (3, 14, 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert curate(project, "serve", "--port", port) == 6
    assert "3.13" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("way", ["uv", "pip"])
def test_an_environment_is_made_once_and_a_half_made_one_again(monkeypatch, tmp_path, way):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    lock = tmp_path / "small.lock"  # the same way with fewer packages
    text = environment.LOCK.read_text()
    block = text[text.index("\nclick==") + 1 :]
    lines = block.splitlines()
    end = next(i for i, line in enumerate(lines) if i and not line.startswith(" "))
    lock.write_text("\n".join(lines[:end]) + "\n")
    monkeypatch.setattr(environment, "LOCK", lock)
    if way == "pip":
        monkeypatch.setattr(environment, "_uv", lambda: None)
    said = []
    python = environment.bring(said.append)
    assert subprocess.check_output([python, "-c", "import click; print(click.__name__)"], text=True).strip() == "click"
    assert environment.bring(said.append) == python and len(said) == 1
    (Path(python).parents[1] / ".complete").unlink()
    assert environment.bring(said.append) == python and len(said) == 2
    lock.write_text("no-such-package-of-anybody==1.0 --hash=sha256:" + "0" * 64)
    from curation.core.errors import RetryError

    with pytest.raises(RetryError):
        environment.bring(said.append)
