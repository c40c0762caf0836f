"""What the README and CONTRIBUTING say works as written: their commands and snippets are run, not read."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def blocks(page, language):
    """The code blocks of a page that are marked with a language, '' for those that are not."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.S | re.M)
    return [text for marked, text in found if marked == language]


def curate(*args, cwd, package=ROOT, code=0):
    env = {**os.environ, "PYTHONPATH": str(package)}
    command = [sys.executable, "-m", "curation", *args]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The project of the README: its commands up to `curate run`, with a questions.csv of three rows."""
    folder = tmp_path_factory.mktemp("readme")
    commands = [line for block in blocks("README.md", "") for line in block.splitlines()]
    assert "curate init my-project" in commands and "cd my-project" in commands
    curate("init", "my-project", cwd=folder)
    (snippet,) = blocks("README.md", "yaml")
    (folder / "my-project" / "sources.yaml").write_text(snippet)
    with (folder / "my-project" / "questions.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["title", "question", "answer", "topic"])
        for i in range(3):
            writer.writerow(
                [f"Trouble sleeping {i}", "I lie awake and worry about work.", f"That is hard, {i}.", "sleep"]
            )
    curate("run", cwd=folder / "my-project")
    return folder / "my-project"


@pytest.fixture
def own(project, tmp_path):
    """A copy that a test may change."""
    return Path(shutil.copytree(project, tmp_path / "my-project"))


def test_the_readme_commands_run(project):
    commands = [line.partition("#")[0].split() for block in blocks("README.md", "") for line in block.splitlines()]
    named = [c[1:] for c in commands if c[:1] == ["curate"] and c[1] != "init"]
    # The server runs until Ctrl-C (tests/review/server starts it), and training needs a base (tests/demo has one).
    elsewhere = [["review", "serve"], ["train", "run"]]
    assert all(command in named for command in [["run"], ["status"], ["show", "questions"], *elsewhere])
    said = {tuple(command): curate(*command, cwd=project) for command in named if command not in elsewhere}
    for command in elsewhere:
        curate(*command, "--help", cwd=project)
    ids = said["show", "questions"].split()
    assert len(ids) == 3
    shown = curate("show", ids[0], cwd=project)
    assert "risk 0" in shown and "eq:" in shown and "{'" not in shown
    told = curate("why", ids[0], cwd=project)
    # The story in the README has the lines of a real one.
    story = next(block for block in blocks("README.md", "") if block.startswith("read "))
    steps = [line.split()[0] for line in story.splitlines()]
    assert [line.split()[0] for line in told.splitlines()][:11] == [s for s in steps if s != "train"]


def test_the_notebook_snippet_runs(project, monkeypatch):
    monkeypatch.chdir(project.parent)
    (snippet,) = blocks("README.md", "python")
    names: dict = {}
    exec(snippet, names)
    assert names["frame"].height == names["tidy"].height == 3
    assert {"id", "messages", "emotion"} <= set(names["frame"].columns)
    assert names["project"].sources == ["questions"]


def test_what_a_notebook_asks_wrongly_is_answered_clearly(project):
    import curation
    from curation.core.errors import ProjectError

    opened = curation.open(project)
    assert opened.read("origin").height == opened.read("raw", "questions").height == 3
    assert opened.read("dropped").height == 0
    for wrong in (
        lambda: opened.read("nothing"),
        lambda: opened.read("raw", "none"),
        lambda: opened.run_stage("nothing", opened.read()),
        lambda: opened.run_stage("normalise", opened.read(), max_char=3),
    ):
        with pytest.raises(ProjectError):
            wrong()
    assert opened.run_stage("normalise", opened.read("raw"), max_chars=10).height == 0


def test_contributing_adds_a_source(own):
    (source,) = [b for b in blocks("CONTRIBUTING.md", "yaml") if b.startswith("sources:")]
    (own / "sources.yaml").write_text(source)
    turns = [{"from": "human", "value": "I feel low today."}, {"from": "gpt", "value": "I am here. What happened?"}]
    (own / "chats.jsonl").write_text(json.dumps({"conversations": turns}) + "\n")
    assert "my-chats" in curate("pull", "my-chats", cwd=own)


def test_contributing_adds_a_mix(own):
    (mix,) = [b for b in blocks("CONTRIBUTING.md", "yaml") if b.startswith("mix:")]
    name = re.search(r"mix: (\S+)", mix)[1]
    (own / "exports" / "mixes" / f"{name}.yaml").write_text(mix)
    assert name in curate("export", name, cwd=own)


def test_contributing_adds_a_stage(tmp_path):
    """Follow the page to the letter in a copy of the package."""
    package = tmp_path / "tree"
    shutil.copytree(ROOT / "curation", package / "curation", ignore=shutil.ignore_patterns("__pycache__"))
    (code,) = blocks("CONTRIBUTING.md", "python")
    (package / "curation" / "clean" / "shout.py").write_text(code)
    pipeline = package / "curation" / "commands" / "pipeline.py"
    text = pipeline.read_text()
    text = text.replace('("normalise", ', '("normalise", "shout", ', 1)
    pipeline.write_text(
        text.replace("import curation.clean.scrub\n", "import curation.clean.scrub\nimport curation.clean.shout\n")
    )
    (tmp_path / "x.jsonl").write_text('{"text": "hello"}\n')
    tried = curate("try", "shout", "--file", "x.jsonl", cwd=tmp_path, package=package)
    assert json.loads(tried) == {"text": "hello"}
    for folder in ("schemas", "exports", "labeling", "scenarios"):
        shutil.copytree(ROOT / folder, package / folder)
    curate("init", "p", cwd=tmp_path, package=package)
    project = tmp_path / "p"
    (project / "sources.yaml").write_text(
        "sources:\n  a:\n    kind: files\n    path: a.jsonl\n    licence: mit\n"
        "    adapter: {kind: qa, user: q, assistant: a}\n"
    )
    (project / "a.jsonl").write_text('{"q": "How do I rest?", "a": "Slowly, and without blame."}\n')
    (project / "curate.toml").write_text("[stages.shout]\nmin_turns = 9\n")
    curate("clean", cwd=project, package=package)
    records = curate("--json", "report", cwd=project, package=package)
    assert "few_turns" in records
    (project / "curate.toml").write_text("[stages.shout]\nmin_turn = 9\n")
    curate("clean", cwd=project, package=package, code=3)
