"""A run that is cut off anywhere leaves no half table, and the next run gives the bytes of a clean one."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from curation.core import files
from tests.laws.projects import Made, make_project
from tests.laws.zygote import Zygote

SMALL = {"chats": 12, "questions": 8, "pairs": 6, "part_rows": 100}


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A clean run of the small project: the bytes that every recovery must reach."""
    project = make_project(tmp_path_factory.mktemp("crash") / "clean", **SMALL)
    project.run("run")
    return project.tables()


def count_points(tmp_path, monkeypatch):
    points = []
    project = make_project(tmp_path / "count", **SMALL)
    monkeypatch.setattr(files, "checkpoint", lambda operation, path: points.append(operation))
    project.run("run")
    monkeypatch.undo()
    return points


def fail_at(monkeypatch, point):
    seen = iter(range(10**6))

    def checkpoint(operation, path):
        if next(seen) == point:
            raise OSError(28, "no space left")

    monkeypatch.setattr(files, "checkpoint", checkpoint)


def check_every(tmp_path, monkeypatch, clean, step):
    points = count_points(tmp_path, monkeypatch)
    tried = range(0, len(points), step)
    for point in tried:
        project = make_project(tmp_path / "p", **SMALL)
        fail_at(monkeypatch, point)
        said = project.fails(75, "run")
        monkeypatch.undo()
        assert "disk is full" in said and "Traceback" not in said
        project.run("verify")
        project.run("run")
        project.run("gc")  # the sources that did not fail were compared without the one that did
        assert project.tables() == clean, f"point {point} ({points[point]})"
        shutil.rmtree(project.root)
    print(f"{len(tried)} of {len(points)} write, fsync and rename points: 0 corrupt, 0 differ")


def test_some_points_of_failure(tmp_path, monkeypatch, clean):
    check_every(tmp_path, monkeypatch, clean, 47)


@pytest.mark.laws
@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_every_point_of_failure(tmp_path, monkeypatch, clean):
    check_every(tmp_path, monkeypatch, clean, 1)


def kill_runs(tmp_path, clean, kills, seed):
    rng = random.Random(seed)
    hit = 0
    with Zygote() as zygote:
        project = make_project(tmp_path / "timed", **SMALL)
        start = time.monotonic()
        zygote.start("--project", project.root, "-q", "run")
        assert zygote.wait() == 0
        whole = time.monotonic() - start
        for number in range(kills):
            project = make_project(tmp_path / f"p{number}", **SMALL)
            pid = zygote.start("--project", project.root, "-q", "run")
            time.sleep(rng.uniform(0, whole * 1.05))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            hit += os.WIFSIGNALED(zygote.wait())
            Made(project.root).run("verify")
            zygote.start("--project", project.root, "-q", "run")
            assert zygote.wait() == 0
            Made(project.root).run("gc")
            assert project.tables() == clean, f"kill {number}"
            shutil.rmtree(project.root)
    print(f"{kills} SIGKILLs, {hit} in mid-run of {whole:.1f} s: 0 corrupt, 0 differ")
    assert hit >= kills // 2


def test_some_random_kills(tmp_path, clean):
    kill_runs(tmp_path, clean, 3, seed=1)


@pytest.mark.laws
@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_fifty_random_kills(tmp_path, clean):
    kill_runs(tmp_path, clean, 50, seed=2)


def test_an_interrupt_is_told_and_the_next_run_goes_on(tmp_path, clean):
    with Zygote() as zygote:
        project = make_project(tmp_path / "p", **SMALL)
        pid = zygote.start("--project", project.root, "run")
        time.sleep(0.3)
        os.kill(pid, signal.SIGINT)
        status = zygote.wait()
        assert os.WIFEXITED(status) and os.WEXITSTATUS(status) in (130, 0)
    project.run("run")
    assert project.tables() == clean


def test_verify_finds_200_of_200_flipped_bits(copy):
    rng = random.Random(3)
    paths = [
        copy.root / name for name in copy.files() if name.startswith("data/") and not name.startswith("data/report")
    ]
    found = 0
    for _ in range(200):
        path = rng.choice(paths)
        data = path.read_bytes()
        broken = bytearray(data)
        broken[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(broken))
        from curation.commands.verify import damaged

        found += str(path.relative_to(copy.root)) in set(damaged(copy.project))
        path.write_bytes(data)
    print(f"{found} of 200 flipped bits found over {len(paths)} files")
    assert found == 200


def test_verify_says_so_and_repair_makes_it_good(copy):
    before = copy.tables()
    victim = next(copy.root.glob("data/tables/chats/records/parts/*.parquet"))
    victim.write_bytes(b"x" + victim.read_bytes()[1:])
    assert str(victim.relative_to(copy.root)) in copy.fails(4, "verify")
    copy.run("verify", "--repair")
    copy.run("run")
    assert copy.tables() == before
    copy.run("verify")


def test_a_second_writer_is_refused_with_75(copy):
    with copy.project.writing():
        assert "another curate command" in copy.fails(75, "run")


def test_eight_writers_at_once_make_one_result(tmp_path, clean):
    with Zygote() as zygote:
        project = make_project(tmp_path / "p", **SMALL)
        code = ("import sys; from curation.cli import main; sys.exit(main(sys.argv[1:]))",)
        others = [
            subprocess.Popen(
                [sys.executable, "-c", *code, "--project", str(project.root), "-q", "pull"], stderr=subprocess.DEVNULL
            )
            for _ in range(3)
        ]
        codes = {process.wait() for process in others}
        assert codes <= {0, 75} and 0 in codes
        zygote.start("--project", project.root, "-q", "run")
        assert zygote.wait() == 0
    assert project.tables() == clean
