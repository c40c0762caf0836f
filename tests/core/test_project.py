import stat

import pytest

from curation.core import project as projects
from curation.core.errors import ProjectError
from curation.core.lock import Entry, Lock
from curation.core.project import Project

SOURCES = """
sources:
  a: {kind: files, path: a.csv, adapter: {kind: qa, user: q, assistant: a}}
  b: {kind: files, path: b.csv, enabled: false, adapter: {kind: qa, user: q, assistant: a}}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "sources.yaml").write_text(SOURCES)
    projects.make_key(tmp_path)
    return tmp_path


def test_a_project_is_found_from_below(root):
    (root / "deep" / "er").mkdir(parents=True)
    assert Project.open(root / "deep" / "er").root == root


def test_outside_a_project_the_error_says_how_to_start(tmp_path):
    with pytest.raises(ProjectError, match="curate init"):
        Project.open(tmp_path)


def test_enabled_and_chosen_sources(root):
    project = Project.open(root)
    assert list(project.enabled()) == ["a"]
    assert list(project.enabled(("b",))) == ["b"]
    with pytest.raises(ProjectError, match="sources here: a, b"):
        project.enabled(("c",))


def test_flag_beats_env_beats_project_beats_user_beats_default(root, monkeypatch, tmp_path):
    user = tmp_path / "home" / "curate" / "config.toml"
    user.parent.mkdir(parents=True)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(user.parents[1]))

    def workers(flags=None):
        project = Project.open(root, flags)
        place = {name: place for name, _, place in projects.origins(project.document)}["workers"]
        return project.settings.workers, place

    assert workers() == (0, "default")
    user.write_text("workers = 1\n")
    assert workers() == (1, "user config.toml:1")
    (root / "curate.toml").write_text("# ours\nworkers = 2\n")
    assert workers() == (2, "project curate.toml:2")
    monkeypatch.setenv("CURATE_WORKERS", "3")
    assert workers() == (3, "env CURATE_WORKERS")
    assert workers({"workers": 4}) == (4, "flag --workers")


def test_stage_parameters_come_from_every_layer(root, monkeypatch):
    (root / "curate.toml").write_text("[stages.scrub]\nmin_score = 0.3\nlabels = ['A']\n")
    monkeypatch.setenv("CURATE_STAGES__SCRUB__MIN_SCORE", "0.4")
    project = Project.open(root, dict([projects.parse_setting("stages.scrub.labels=['B']")]))
    assert project.settings.stages == {"scrub": {"min_score": 0.4, "labels": ["B"]}}
    places = {name: place for name, _, place in projects.origins(project.document)}
    assert places["stages.scrub.min_score"] == "env CURATE_STAGES__SCRUB__MIN_SCORE"
    assert places["stages.scrub.labels"].startswith("flag")


def test_a_wrong_setting_names_its_origin(root, monkeypatch):
    (root / "curate.toml").write_text("\nworkrs = 2\n")
    with pytest.raises(ProjectError, match="did you mean 'workers'") as caught:
        Project.open(root)
    assert "project curate.toml:2" in str(caught.value)
    (root / "curate.toml").unlink()
    monkeypatch.setenv("CURATE_WORKERS", "many")
    with pytest.raises(ProjectError, match="env CURATE_WORKERS"):
        Project.open(root)
    with pytest.raises(ProjectError, match="NAME=VALUE"):
        projects.parse_setting("workers")


def test_the_key_is_private_made_once_and_checked(root):
    path = root / projects.KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    projects.make_key(root)
    assert path.read_bytes() == before
    path.write_text("short")
    with pytest.raises(ProjectError, match="damaged"):
        Project.open(root)
    path.unlink()
    with pytest.raises(ProjectError, match="missing"):
        Project.open(root)


def test_the_key_is_in_no_representation(root):
    project = Project.open(root)
    assert project.key.hex() not in repr(project)
    assert repr(project.key) not in repr(project)


def test_the_lock_round_trips_and_is_readable(tmp_path):
    entry = Entry(
        revision="c" * 40,
        files={"a.csv": "f" * 64},
        identity=("q", "a"),
        schema="s",
        adapter="a",
        rows=3,
        table="t",
        id="x/y",
        licence="mit",
        gated=True,
    )
    lock = Lock().with_entry("b", entry).with_entry("a", entry)
    path = tmp_path / "sources.lock.yaml"
    lock.write(path)
    assert Lock.read(path) == lock
    assert path.read_text().startswith("#")
    lock.with_entry("a", None).write(path)
    assert list(Lock.read(path).sources) == ["b"]
    assert Lock.read(tmp_path / "none.yaml") == Lock()
