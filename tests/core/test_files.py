import errno
import json
import os
import stat
import subprocess
import sys

import pytest

from curation.core import files
from curation.core.errors import CurateError, IntegrityError, ProjectError, RetryError


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_written_files_are_private_whatever_the_umask(tmp_path):
    old = os.umask(0)
    try:
        files.write_bytes(tmp_path / "a" / "b" / "x", b"1")
    finally:
        os.umask(old)
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    assert mode(tmp_path / "a" / "b" / "x") == 0o600


@pytest.mark.parametrize("operation", ["write", "fsync", "rename"])
def test_a_failure_at_any_point_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, operation):
    target = tmp_path / "x"
    files.write_bytes(target, b"old")

    def fail(op, path):
        if op == operation:
            raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(files, "checkpoint", fail)
    with pytest.raises(RetryError, match="disk is full"):
        files.write_bytes(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("operation", ["write", "fsync", "rename"])
def test_a_folder_appears_whole_or_not_at_all(tmp_path, monkeypatch, operation):
    def fail(op, path):
        if op == operation:
            raise OSError(errno.EIO, "io")

    monkeypatch.setattr(files, "checkpoint", fail)
    with pytest.raises(IntegrityError), files.replacing_dir(tmp_path / "d") as aside:
        (aside / "f").write_text("1")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_replaces_an_older_one(tmp_path):
    for text in ("1", "2"):
        with files.replacing_dir(tmp_path / "d") as aside:
            (aside / text).write_text(text)
    assert [p.name for p in (tmp_path / "d").iterdir()] == ["2"]
    assert [p.name for p in tmp_path.iterdir()] == ["d"]


@pytest.mark.parametrize(
    ("number", "error", "code"),
    [
        (errno.ENOSPC, RetryError, 75),
        (errno.EROFS, ProjectError, 3),
        (errno.EACCES, ProjectError, 3),
        (errno.EIO, IntegrityError, 4),
        (errno.ENOENT, ProjectError, 3),
        (errno.EMFILE, ProjectError, 3),
    ],
)
def test_what_the_system_refuses_becomes_an_error_with_a_true_exit_code(tmp_path, number, error, code):
    with pytest.raises(error) as caught, files.os_errors(tmp_path):
        raise OSError(number, os.strerror(number))
    assert caught.value.exit_code == code
    assert len(caught.value.lines()) <= 6


def test_a_second_writer_is_told_so_at_once(tmp_path):
    hold = (
        "import sys, time\nfrom pathlib import Path\nfrom curation.core import files\n"
        "with files.locked(Path(sys.argv[1]), holding='x'):\n    print('held', flush=True)\n    time.sleep(30)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path / "lock")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RetryError, match="another curate command"), files.locked(tmp_path / "lock", holding="x"):
            pass
    finally:
        process.kill()
        process.wait()
    with files.locked(tmp_path / "lock", holding="x"):
        pass


def test_an_appended_line_never_joins_one_that_was_cut_off(tmp_path):
    path = tmp_path / "log"
    files.append_lines(path, [b"one"])
    with path.open("ab") as stream:
        stream.write(b"tw")
    files.append_lines(path, [b"three"])
    assert path.read_bytes() == b"one\nthree\n"


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "~/x",
        "a\\b",
        "a\x00b",
        "a\nb",
        "",
        ".",
        "..",
        "a//b",
        "C:/x",
        "n" * 300,
        "a/" + "n" * 201,
        "\x1b[31m",
        "a/./b",
        "a/..",
    ],
)
def test_a_name_from_outside_cannot_leave_its_folder(tmp_path, name):
    with pytest.raises(ProjectError):
        files.safe_join(tmp_path, name)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    with pytest.raises(ProjectError):
        files.safe_join(tmp_path / "root", "link/x")
    assert files.safe_join(tmp_path / "root", "a/b.txt") == tmp_path / "root" / "a" / "b.txt"


def test_every_flipped_bit_of_a_sealed_document_is_found(tmp_path):
    path = tmp_path / "d.json"
    files.write_sealed(path, {"rows": 3, "name": "é", "parts": ["a", "b"]})
    assert files.read_sealed(path) == {"rows": 3, "name": "é", "parts": ["a", "b"]}
    data = path.read_bytes()
    for index in range(len(data) * 8):
        broken = bytearray(data)
        broken[index // 8] ^= 1 << index % 8
        path.write_bytes(bytes(broken))
        with pytest.raises(IntegrityError):
            files.read_sealed(path)


def test_leftovers_of_killed_runs_are_removed(tmp_path):
    (tmp_path / f"{files.TEMP_PREFIX}x").write_text("half")
    (tmp_path / f"{files.TEMP_PREFIX}d").mkdir()
    (tmp_path / "keep").write_text("whole")
    assert files.remove_asides(tmp_path) == 2
    assert [p.name for p in tmp_path.iterdir()] == ["keep"]


def test_canonical_json_has_one_spelling():
    assert files.canonical_json({"b": 1, "a": [True, None, "é"]}) == '{"a":[true,null,"é"],"b":1}'.encode()
    assert files.digest({"a": 1, "b": 2}) == files.digest(json.loads('{"b": 2, "a": 1}'))
    with pytest.raises(ValueError):
        files.canonical_json(float("nan"))


def test_errors_survive_the_way_home_from_a_worker():
    import pickle

    error = pickle.loads(pickle.dumps(RetryError("what", where="where", fix="fix")))
    assert isinstance(error, RetryError)
    assert (error.what, error.where, error.fix) == ("what", "where", "fix")
    assert isinstance(error, CurateError)
