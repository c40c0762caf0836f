"""What the tests of security share: a project in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pull.support import Make


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return Make(tmp_path)
