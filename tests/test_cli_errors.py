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
from tests.laws.projects import Made, chat, make_project, question, write_csv, write_jsonl

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


def clear(said, *wanted):
    """A message of at most six lines that is no bug of ours and has a mend."""
    lines = [line for line in said.splitlines() if line.startswith(("error:", "  where:", "  mend:"))]
    assert "a bug in curate" not in said and "Traceback" not in said, said
    assert 0 < len(lines) <= 6 and any(line.startswith("  mend:") for line in lines), said
    for text in wanted:
        assert text in said, said


# ------------------------------------------------------------------------------------------ rows stay out of messages


@pytest.mark.parametrize("name", ["q.csv", "q.tsv", "q.jsonl", "q.json"])
def test_a_file_without_a_header_does_not_show_its_first_row(empty, name):
    text = "My name is Jane Canary and I live at 7 Elm Road"
    if name.startswith("q.j"):
        (empty.root / name).write_text(
            json.dumps([{text: "x", "jane@canary.org": 1}] if name == "q.json" else {text: 1})
        )
    else:
        tab = "\t" if name == "q.tsv" else ","
        (empty.root / name).write_text(f"{text}{tab}That is hard to hear.\nmore{tab}text\n")
    (empty.root / "sources.yaml").write_text(ONE.format(path=name, adapter=QA))
    said = empty.fails(3, "pull")
    assert "anary" not in said
    clear(
        said,
        "looks like data, not like a header" if "js" not in name else "1 column" if name == "q.jsonl" else "2 columns",
    )


def test_columns_that_are_names_are_shown(empty):
    (empty.root / "q.csv").write_text("Title,patient text,answer\na,b,c\n")
    (empty.root / "sources.yaml").write_text(ONE.format(path="q.csv", adapter=QA))
    assert "columns there: Title, patient text, answer" in empty.fails(3, "pull")


# -------------------------------------------------------------------------------------------------- damaged and absent


def test_a_damaged_ledger_is_an_integrity_error_with_a_mend(own):
    folder = own.root / "data" / "adapters" / "demo" / "0123456789abcdef"
    folder.mkdir(parents=True)
    (folder / "ledger.parquet").write_bytes(b"PAR1 this is none PAR1")
    record = sorted(own.ids("chats"))[0]
    for command in (["why", record], ["train", "trace", record]):
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


@pytest.mark.parametrize("number", [0, -5])
def test_max_rows_is_at_least_one(empty, number):
    (empty.root / "q.csv").write_text("question,answer\na,b\n")
    text = ONE.format(path="q.csv", adapter=QA) + f"    max_rows: {number}\n"
    for declared in (text, text.replace("kind: files\n    path: q.csv", "kind: huggingface\n    id: a/b")):
        (empty.root / "sources.yaml").write_text(declared)
        assert "at least 1" in empty.fails(3, "status")
        assert "sources.yaml:7" in empty.said


@pytest.mark.parametrize("adapter", ["{kind: qa, user: [], assistant: a}", "{kind: qa, user: q, assistant: []}"])
def test_a_question_or_an_answer_without_a_column_is_refused(empty, adapter):
    (empty.root / "sources.yaml").write_text(ONE.format(path="q.csv", adapter=adapter))
    assert "at least one column" in empty.fails(3, "status")
    assert "sources.yaml:6" in empty.said


def test_a_hub_address_that_is_none_is_a_clear_error(empty, monkeypatch):
    (empty.root / "sources.yaml").write_text(
        "sources:\n  a:\n    kind: huggingface\n    id: a/b\n    adapter: {kind: turns}\n"
    )
    for address in ("http://[::1", "nonsense", "file:///etc"):
        monkeypatch.setenv("HF_ENDPOINT", address)
        clear(empty.fails(3, "pull"), "HF_ENDPOINT")


# ---------------------------------------------------------------------------------------------------------------- try


def test_try_refuses_text_that_is_none(empty):
    clear(empty.fails(2, "try", "normalise", "--text", "a\udcff"), "UTF-8")


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "user", "content": "hi", "reasoning": 5},
        {"role": "user", "content": None},
        {"role": "user", "content": 5},
        {"role": 3, "content": "hi"},
        "hi",
    ],
)
def test_try_names_the_row_whose_turns_are_wrong(empty, turn):
    path = empty.root / "rows.jsonl"
    path.write_text('{"text": "fine"}\n\n' + json.dumps({"messages": [turn]}) + "\n")
    clear(empty.fails(3, "try", "normalise", "--file", str(path)), "rows.jsonl:3")


def test_try_prints_json_whatever_the_text_holds(empty):
    text = 'a \x1b[31m "red" \u202e\u200b word, and \x07 a bell äöü'
    path = empty.root / "rows.jsonl"
    path.write_text(json.dumps({"text": text}) + "\n")
    printed = empty.run("try", "normalise", "--file", str(path))
    assert json.loads(printed)["text"] == text
    assert printed.isascii() and "\x1b" not in printed


# -------------------------------------------------------------------------------------------------------- sources add

FOUR = (
    "# ours\nsources:\n    chats:\n        kind: files\n        path: c.jsonl\n        adapter: {kind: turns}\n# end\n"
)


@pytest.mark.parametrize(
    "before",
    [FOUR, "", "# nothing yet\n", "sources: {}\n", "sources:  { }  # none\n", FOUR.replace("    ", "  "), None],
)
def test_a_source_is_added_to_any_layout(empty, before):
    path = empty.root / "sources.yaml"
    if before is not None:
        path.write_text(before)
    (empty.root / "one.yaml").write_text("kind: files\npath: q.csv\nlicence: mit\nadapter: " + QA + "\n")
    old = dict(empty.project.sources)
    empty.run("sources", "add", "more", str(empty.root / "one.yaml"))
    assert list(empty.project.sources) == [*old, "more"]
    assert {n: s for n, s in empty.project.sources.items() if n in old} == old
    assert "# ours" in path.read_text() or before != FOUR


def test_a_source_that_cannot_be_added_is_printed_to_be_added_by_hand(empty):
    path = empty.root / "sources.yaml"
    path.write_text("sources: {chats: {kind: files, path: c.jsonl, adapter: {kind: turns}}}\n")
    before = path.read_bytes()
    (empty.root / "one.yaml").write_text("kind: files\npath: q.csv\nadapter: " + QA + "\n")
    clear(empty.fails(3, "sources", "add", "more", str(empty.root / "one.yaml")), "by hand", "more:", "path: q.csv")
    assert path.read_bytes() == before
    (empty.root / "bad.yaml").write_bytes(b"kind: \xff\n")
    clear(empty.fails(3, "sources", "add", "more", str(empty.root / "bad.yaml")), "UTF-8")


# ------------------------------------------------------------------------------------------------------------- review


def test_an_answer_about_no_record_is_refused(own):
    clear(own.fails(3, "review", "answer", "chats:0000000000000000", "decision", "approve"), "no record")
    clear(own.fails(3, "review", "answer", "chats:zz", "decision", "approve", "--by", "ann"), "no record")
    assert not (own.root / "annotations" / "answers.jsonl").exists()


def test_an_answer_is_signed_with_a_pseudonym(own, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "jane.canary")
    record = sorted(own.ids("chats"))[0]
    own.run("review", "answer", record, "decision", "approve")
    own.run("review", "answer", record, "risk", "release")
    lines = (own.root / "annotations" / "answers.jsonl").read_text().splitlines()
    names = {json.loads(line)["annotator"] for line in lines}
    assert len(names) == 1 and "jane" not in str(lines)
    monkeypatch.setattr("getpass.getuser", lambda: "someone else")
    own.run("review", "answer", record, "decision", "approve")
    lines = (own.root / "annotations" / "answers.jsonl").read_text().splitlines()
    assert len({json.loads(line)["annotator"] for line in lines}) == 2

    def nobody():
        raise KeyError("no such user")

    monkeypatch.setattr("getpass.getuser", nobody)
    own.run("review", "answer", record, "decision", "approve")


def test_a_file_that_is_no_backup_is_not_restored(own):
    record = sorted(own.ids("chats"))[0]
    own.run("review", "answer", record, "decision", "approve", "--by", "ann")
    before = (own.root / "annotations" / "answers.jsonl").read_bytes()
    for text in ("id,answer\n1,yes\n", "", "no line end"):
        (own.root / "q.csv").write_text(text)
        for command in ("restore", "merge"):
            if command == "merge" and text != "id,answer\n1,yes\n":
                continue
            said = own.fails(4, "review", command, str(own.root / "q.csv"))
            clear(said, "q.csv", "curate review backup")
            assert "review restore FILE" not in said
        assert (own.root / "annotations" / "answers.jsonl").read_bytes() == before


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
        assert "questions" in said and "pull" in said, command
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
    for command in ("pull", "clean"):
        assert "up to date" in ran.run(command, "--dry-run")
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


def test_pull_tells_each_error_once(empty):
    (empty.root / "sources.yaml").write_text(
        ONE.format(path="none.csv", adapter=QA)
        + ONE.format(path="gone.csv", adapter=QA).replace("sources:\n  a", "  b")
    )
    said = empty.fails(3, "pull")
    assert said.count("none.csv") == 1 and said.count("gone.csv") == 1, said
    assert said.count("error:") == 2
