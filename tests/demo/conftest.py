"""A real hub client in a process of its own: HF_ENDPOINT and HF_HOME are read when it is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def client(tmp_path: Path) -> Callable[..., Any]:
    """Run code against an endpoint in a fresh process; what it leaves in `answer` comes back."""

    pytest.importorskip("huggingface_hub")

    def run(endpoint: str, code: str) -> Any:
        script = (
            "import json\nfrom huggingface_hub import HfApi, constants, snapshot_download\n"
            "from huggingface_hub.errors import *\n"
            f"api = HfApi()\n{textwrap.dedent(code)}\nprint(json.dumps(answer))\n"
        )
        outside = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
        settings = {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "NO_PROXY": "127.0.0.1",
        }
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=outside | settings,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run
