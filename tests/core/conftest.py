import pytest

from curation.core.engine import Engine
from curation.core.stage import Context
from curation.core.store import Store
from tests.core.small import KEY


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "tables")


@pytest.fixture
def engine(store):
    return Engine(store)


@pytest.fixture
def context():
    return Context(KEY, "s")
