"""What goes wrong is answered with what, where and how to mend it, in six lines, with the right exit code."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from curation.cli import main
from tests.laws.projects import Made, chat, clear, make_project, question, write_csv, write_jsonl

ONE = "sources:\n  a:\n    kind: files\n    path: {path}\n    licence: mit\n    adapter: {adapter}\n"
QA = "{kind: qa, user: question, assistant: answer}"


@pytest.fixture(scope="session")
def ran(tmp_path_factory):
    """A small project that was run; not to be changed."""
    made = make_project(tmp_path_factory.mktemp("ran") / "project", chats=6, questions=4, pairs=3)
    made.run("run")
    return made


@pytest.fixture
def own(ran, tmp_path):
    """A copy of it that a test may change."""
    shutil.copytree(ran.root, tmp_path / "project")
    return type(ran)(tmp_path / "project")


@pytest.fixture
def empty(tmp_path):
    """A project without sources."""
    assert main(["init", str(tmp_path / "p")]) == 0
    return Made(tmp_path / "p")


@pytest.fixture
def shut():
    """A folder in which modes count even where the tests run as root; call it to make a path unreadable."""
    root = Path(tempfile.mkdtemp())
    closed: list[Path] = []
    was_root = os.geteuid() == 0

    def close(path):
        closed.append(path)
        if was_root:
            for found in (root, *root.rglob("*")):
                os.chown(found, 65534, 65534)
        path.chmod(0)
        if was_root:
            os.seteuid(65534)

    yield root, close
    if was_root:
        os.seteuid(0)
    for path in closed:
        path.chmod(0o700)
    shutil.rmtree(root)


# -------------------------------------------------------------------------------------------------- damaged and absent


def test_a_damaged_ledger_is_an_integrity_error_with_a_mend(own):
    folder = own.root / "data" / "adapters" / "demo" / "0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "ledger.parquet").write_bytes(b"PAR1 this is none PAR1")
    record = sorted(own.ids("chats"))[0]
    for command in (["why", record], ["train", "trace", "--row", record]):
        clear(own.fails(4, *command), "ledger", "data/adapters/demo/0123456789abcdef", "curate verify --repair")
    assert "data/adapters/demo/0123456789abcdef/manifest.json" in own.fails(4, "verify")
    own.run("verify", "--repair")
    assert not folder.exists()


def test_a_reader_who_leaves_is_no_error(ran):
    command = [sys.executable, "-m", "curation", "--project", str(ran.root), "show", "chats"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    out, into = os.pipe()
    os.close(out)
    done = subprocess.run(command, stdout=into, stderr=subprocess.PIPE, env=env, text=True)
    os.close(into)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_needs_no_installed_distribution(monkeypatch, capsys):
    import importlib.metadata

    from curation.version import __version__

    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_a_key_that_is_a_folder_is_a_clear_error(empty):
    key = empty.root / "keys" / "project.key"
    key.unlink()
    key.mkdir()
    clear(empty.fails(3, "status"), "keys/project.key", "backup")
    clear(empty.fails(3, "doctor"), "backup")


@pytest.mark.parametrize(
    ("place", "commands"),
    [
        ("keys/project.key", ["status", "doctor"]),
        ("keys", ["status", "doctor"]),
        ("annotations", ["export", "why ID"]),
        ("annotations/answers.jsonl", ["export", "why ID"]),
        ("data", ["status", "show chats", "gc", "show ID", "why ID"]),
        ("data/tables", ["status", "show chats", "gc"]),
        ("exports/mixes", ["status", "export"]),
        ("sources.yaml", ["status"]),
    ],
)
def test_what_may_not_be_read_is_a_clear_error(ran, shut, place, commands):
    root, close = shut
    made = type(ran)(root / "project")
    shutil.copytree(ran.root, made.root)
    record = sorted(made.ids("chats"))[0]
    made.run("review", "answer", record, "decision", "approve", "--by", "ann")
    made.run("export")
    made.run("status")
    close(made.root / place)
    for command in commands:
        said = made.fails(3, *command.replace("ID", record).split())
        clear(said)
        assert "check its owner and mode" in said


def test_init_where_one_may_not_write_is_a_clear_error(shut, capsys):
    root, close = shut
    (root / "closed").mkdir()
    close(root / "closed")
    assert main(["init", str(root / "closed" / "x")]) == 3
    clear(capsys.readouterr().err, "check its owner and mode")


def test_a_setting_that_is_a_value_and_a_table_is_refused(empty):
    for first, second in (("workers=1", "workers.x=2"), ("workers.x=2", "workers=1"), ("stages.a=1", "stages.a.b=1")):
        clear(empty.fails(3, "--set", first, "--set", second, "status"), "--set")


# ----------------------------------------------------------------------------------------------- mends, places, codes


def test_init_gives_a_project_its_missing_key_only_while_nothing_was_made_with_one(empty):
    key = empty.root / "keys" / "project.key"
    key.unlink()
    clear(empty.fails(3, "status"), "curate init")
    assert main(["init", str(empty.root)]) == 0
    empty.run("status")
    (empty.root / "sources.lock.yaml").write_text("sources: {}\n")
    key.unlink()
    said = empty.fails(3, "status")
    clear(said, "backup")
    assert "curate init" not in said
    assert main(["init", str(empty.root)]) == 3
    assert not key.exists()


def test_a_damaged_lock_says_how_to_get_it_back(own):
    (own.root / "sources.lock.yaml").write_text("sources: {chats: {rows: many}}\n")
    clear(own.fails(3, "status"), "sources.lock.yaml:1", "version control")
    (own.root / "sources.lock.yaml").write_text("sources: [\n")
    clear(own.fails(3, "pull"), "sources.lock.yaml", "version control")


TRAINING = """\
name: one
mix: sft
base: {path: b, template: chatml}
lora:
  r: 0
  alpha: 16
optim: {lr: 0.005, steps: 12}
max_tokens: 1024
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("", "", 5),
        ("  r: 0", "  r: 8\n  dropout: 1.5", 6),
        ("  r: 0\n  alpha: 16\noptim: {lr: 0.005, steps: 12}", "  r: 8\n  alpha: 16\noptim: {lr: 0.005}", 7),
        (
            "  r: 0\n  alpha: 16\noptim: {lr: 0.005, steps: 12}\nmax_tokens: 1024",
            "  r: 8\n  alpha: 16\noptim: {lr: 0.1, steps: 1}\nmax_tokens: 2",
            8,
        ),
    ],
)
def test_a_mistake_in_a_training_recipe_has_file_and_line(empty, old, new, line):
    (empty.root / "exports" / "training").mkdir(exist_ok=True)
    (empty.root / "exports" / "training" / "one.yaml").write_text(TRAINING.replace(old, new) if old else TRAINING)
    assert f"one.yaml:{line}" in empty.fails(3, "train", "run", "one")


def test_a_setting_is_blamed_on_where_it_was_given(empty, monkeypatch):
    assert "where: flag --set part_rows" in empty.fails(3, "--set", "part_rows=0", "status")
    (empty.root / "curate.toml").write_text("workers = 1\nbatch_rows = 0\n")
    assert "where: project curate.toml:2" in empty.fails(3, "status")
    (empty.root / "curate.toml").write_text("")
    monkeypatch.setenv("CURATE_PART_ROWS", "-1")
    assert "where: env CURATE_PART_ROWS" in empty.fails(3, "status")


def test_switches_in_the_environment_may_be_numbers(empty, monkeypatch):
    for value, meant in (("1", True), ("0", False), ("true", True), ("FALSE", False)):
        monkeypatch.setenv("CURATE_OFFLINE", value)
        assert empty.json("config", "show")["offline"]["value"] is meant
    monkeypatch.setenv("CURATE_OFFLINE", "2")
    assert "env CURATE_OFFLINE" in empty.fails(3, "status")


def test_doctor_outside_a_project_looks_at_the_installation_only(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) in (0, 6)  # imports it; the extras may be missing
    capsys.readouterr()
    monkeypatch.setattr("curation.commands.doctor.EXTRAS", {})
    assert main(["doctor"]) == 0
    assert "FAIL" not in capsys.readouterr().out
    assert main(["--project", str(tmp_path), "doctor"]) == 3


def test_doctor_fails_with_the_code_of_what_it_found(empty, monkeypatch, capsys):
    (empty.root / "keys" / "project.key").unlink()
    empty.fails(3, "doctor")
    assert main(["init", str(empty.root)]) == 0
    monkeypatch.setattr("curation.commands.doctor.EXTRAS", {"hf": ("no_such_module", "nothing")})
    empty.fails(6, "doctor")
    found = json.loads(empty.run("--json", "doctor", code=6))
    assert set(found[0]) == {"name", "ok", "found", "fix"}


def test_an_error_has_six_lines_whatever_its_names_hold(capsys):
    assert main(["--project", "/x\n\n\n\n\n\n\nerror: y", "status"]) == 3
    assert len(capsys.readouterr().err.splitlines()) <= 6
    assert main(["st\x1b[31matus"]) == 2
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("flags", [["-v", "status"], ["-qv", "status"], ["status", "-v"], ["status", "-vq"]])
def test_verbose_shows_a_stack(tmp_path, monkeypatch, capsys, flags):
    from curation.core import project

    def broken(start=None, flags=None):
        raise KeyError("secret text of a row")

    monkeypatch.setattr(project.Project, "open", broken)
    assert main(flags) == 1
    said = capsys.readouterr().err
    assert "KeyError" in said and "test_cli_errors.py" in said and "secret" not in said


# -------------------------------------------------------------------------------------------------------- declarations


def test_a_declaration_that_never_ends_is_refused(empty):
    path = empty.root / "sources.yaml"
    for target in ("/dev/zero", str(empty.root)):
        path.unlink()
        path.symlink_to(target)
        clear(empty.fails(3, "status"), "no regular file")
    path.unlink()
    os.mkfifo(path)
    clear(empty.fails(3, "status"), "no regular file")


@pytest.mark.parametrize(
    "text", ["Keep the secret: never tell.", "A token = a coin; the password: swordfish is a joke.", "secret"]
)
def test_a_sentence_about_secrets_is_none(empty, text):
    adapter = "{kind: qa, user: question, assistant: answer, system_text: " + json.dumps(text) + "}"
    (empty.root / "sources.yaml").write_text(ONE.format(path="q.csv", adapter=adapter))
    empty.run("status")


@pytest.mark.parametrize(
    "text", ["hf_" + "a1B2" * 9, "use hf_" + "a1B2" * 9 + " for it", "https://jo:pw@x.org/y", "password=swordfish"]
)
def test_what_is_shaped_like_a_secret_is_refused_and_not_shown(empty, text):
    (empty.root / "sources.yaml").write_text(ONE.format(path="q.csv", adapter=QA) + f"    note: {json.dumps(text)}\n")
    said = empty.fails(3, "status")
    assert "looks like a secret" in said and "a1B2" not in said and "swordfish" not in said


def test_a_key_named_like_a_secret_has_no_value_here(empty):
    assert "looks like a secret" in empty.fails(3, "--set", "stages.scrub.api_key='x'", "status")


# ------------------------------------------------------------------------------------------------ flags and dry runs


@pytest.mark.parametrize(
    "command",
    [
        ["status", "--json"],
        ["status", "--json", "chats"],
        ["config", "show", "--json"],
        ["sources", "list", "--json", "-q"],
    ],
)
def test_json_may_follow_the_command(ran, command):
    json.loads(ran.run(*command))


def test_a_value_that_looks_like_a_flag_is_a_value(empty):
    assert json.loads(empty.run("try", "normalise", "--text", "--json"))["text"] == "--json"


def test_quiet_may_follow_the_command(ran):
    ran.run("status", "-q")
    assert "up to date" not in ran.said
    ran.run("status")
    assert "up to date" in ran.said


def test_a_dry_run_does_nothing_and_says_what_would_be_done(own):
    def state():
        return {n: d for n, (d, _) in own.files().items() if not n.endswith("hashes.json")}

    write_csv(own.root / "questions.csv", [question(i) for i in range(5)])
    (own.root / "curate.toml").write_text("workers = 1\npart_rows = 12\n[stages.normalise]\nmax_chars = 9999\n")
    before = state()
    for command in ("run", "pull", "clean", "export"):
        said = own.run(command, "--dry-run")
        assert "questions" in said and ("pull" in said or command == "pull"), command
        assert json.loads(own.run(command, "--dry-run", "--json")), command
    assert state() == before
    said = own.run("clean", "--dry-run", "chats")
    assert "records" in said and "max_chars" in said and "questions" not in said
    assert "emotion" not in said
    assert "sft" in own.run("run", "--dry-run") and "sft" in own.run("export", "sft", "--dry-run")
    assert "emotion" in own.run("run", "--dry-run", "chats")
    own.fails(3, "clean", "--dry-run", "nothing")
    own.fails(3, "export", "--dry-run", "nothing")


def test_a_dry_run_of_what_is_up_to_date_says_so(ran):
    assert "up to date" in ran.run("clean", "--dry-run")
    assert ran.json("clean", "--dry-run")["chats"] == []


# ------------------------------------------------------------------------------------------------------- for people


def test_rows_count_from_one_for_people(own):
    write_jsonl(own.root / "chats.jsonl", [chat(1)])
    own.run("pull")
    own.run("gc")
    (record,) = own.ids("chats")
    assert "chats.jsonl, row 1" in own.run("why", record)


def test_show_says_that_a_source_is_not_cleaned(empty):
    (empty.root / "q.csv").write_text("question,answer\na,b\n")
    (empty.root / "sources.yaml").write_text(ONE.format(path="q.csv", adapter=QA))
    clear(empty.fails(3, "show", "a"), "'a' is not cleaned", "curate clean a")


def test_the_demo_names_every_missing_extra_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("curation.commands.demo.find_spec", lambda name: None)
    assert main(["demo", str(tmp_path / "d")]) == 6
    assert "pip install 'curation[hf,pii,tag,train]'" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()
