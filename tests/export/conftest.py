import sys
from pathlib import Path

import pyarrow as pa
import pytest

from curation.methods import screen

sys.path.append(str(Path(__file__).parent))  # for export_stand: the tests here are no package


@pytest.fixture
def planted(monkeypatch):
    """A screen that flags what says PLANTED, wherever it stands."""

    def flag(table):
        return pa.array(["PLANTED" in str(row) for row in table.to_pylist()], pa.bool_())

    monkeypatch.setattr(screen, "flag", flag)
