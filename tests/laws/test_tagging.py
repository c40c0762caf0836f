"""A run that is killed in mid-tagging leaves finished parts, and the next one gives the bytes of a clean run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.laws.projects import Made, make_project

pytest.importorskip("torch")
pytest.importorskip("transformers")

CHILD = """
import os, signal, sys
from curation.cli import main
from curation.core.store import Store
write, left = Store.write_part, [2]
def counted(self, source, step, *rest, **more):
    made = write(self, source, step, *rest, **more)
    if step == "emotion":
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
    return made
Store.write_part = counted
sys.exit(main(["--project", sys.argv[1], "tag", "run", "chats"]))
"""


@pytest.mark.timeout(600)
def test_killed_while_a_checkpoint_tags_then_run_again(tmp_path):
    import torch

    from curation.tag.groups import labels
    from tests.methods.encoders import build

    # As in the process that is killed: another number of threads adds in another order.
    torch.set_num_threads(1)
    project = make_project(tmp_path / "clean", chats=30, questions=2, pairs=2)
    build(project.root / "models" / "goemo", "roberta", list(labels()))
    with (project.root / "curate.toml").open("a") as settings:
        settings.write('\n[stages.emotion]\nmodel = "models/goemo"\nprecision = "float32"\n')
    project.run("clean", "chats")
    shutil.copytree(project.root, tmp_path / "killed")
    project.run("tag", "run", "chats")
    told = next((project.root / "data/tables/chats/emotion").glob("*.json")).read_text()
    assert '"goemo"' in told and str(tmp_path) not in told
    other = Made(tmp_path / "killed")
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, "-c", CHILD, str(other.root)], env=env, capture_output=True)
    assert ran.returncode == -9
    folder = other.root / "data/tables/chats/emotion"
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("parts/*.parquet")}
    assert len(finished) == 2 and not list(folder.glob("*.json"))
    other.run("tag", "run", "chats")
    assert other.tables() == project.tables()
    assert all(path.stat().st_mtime_ns == when for path, when in finished.items())
    assert len(list(folder.glob("parts/*.parquet"))) > 2
    steps, _ = other.written_by("tag", "run", "chats")
    assert not steps
