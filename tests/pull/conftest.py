"""What the tests of pull share: a project in a temporary folder, and the screen where it is not built yet."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import pyarrow as pa
import pytest

from tests.pull.support import Make


def _stand_in_for_screen() -> None:
    package = types.ModuleType("curation.methods")
    module = types.ModuleType("curation.methods.screen")
    module.VERSION = 1  # type: ignore[attr-defined]
    module.flag = lambda batch: pa.repeat(False, len(batch))  # type: ignore[attr-defined]
    package.screen = module  # type: ignore[attr-defined]
    sys.modules.update({"curation.methods": package, "curation.methods.screen": module})


if importlib.util.find_spec("curation.methods") is None:
    _stand_in_for_screen()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return Make(tmp_path)
