import shutil

import pytest

from tests.laws.projects import Made, make_project


@pytest.fixture
def made(tmp_path):
    """A fresh project."""
    return make_project(tmp_path / "project")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project after `curate run`, made once; tests that change it take a copy."""
    project = make_project(tmp_path_factory.mktemp("laws") / "project")
    project.run("run")
    return project


@pytest.fixture
def copy(finished, tmp_path):
    """A private copy of the finished project."""
    shutil.copytree(finished.root, tmp_path / "project", copy_function=shutil.copy2)
    return Made(tmp_path / "project")
