"""What has to be set before argilla-server is imported, for it reads its settings while it is imported."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

REDIS_URL = "ARGILLA_REDIS_URL"


@dataclass(frozen=True)
class Home:
    """The server's folder, which only its owner can read.

    Attributes:
        path: holds `argilla.db` (answers, until they are pulled), `search.db` (derived), `secret`, `server.json`.
    """

    path: Path

    @property
    def credentials(self) -> Path:
        """Names, passwords and keys of all accounts."""
        return self.path / "server.json"

    @property
    def secret(self) -> Path:
        """The key that signs sessions; a restart logs nobody out."""
        return self.path / "secret"

    @property
    def page(self) -> Path:
        """Where the server puts the files of its page, anew at every start."""
        return self.path / "page"


def prepare(home: Home) -> None:
    """Set argilla-server up for this home: closed to other origins, silent towards the world."""
    os.umask(0o077)
    for name in [n for n in os.environ if n.startswith("ARGILLA_") and n != REDIS_URL]:
        del os.environ[name]
    os.environ.update(
        ARGILLA_HOME_PATH=str(home.path),
        ARGILLA_SEARCH_ENGINE="embedded",
        ARGILLA_AUTH_SECRET_KEY=home.secret.read_text("utf-8").strip(),
        ARGILLA_AUTH_OAUTH_CFG=str(home.path / "no-oauth.yaml"),
        ARGILLA_CORS_ORIGINS="[]",
        ARGILLA_DOCS_ENABLED="0",  # its page loads scripts from elsewhere
        ARGILLA_ENABLE_SHARE_YOUR_PROGRESS="0",
        ARGILLA_SHOW_HUGGINGFACE_SPACE_PERSISTENT_STORAGE_WARNING="0",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_HUB_OFFLINE="1",
        HF_DATASETS_OFFLINE="1",
        HF_HOME=str(home.path / "huggingface"),
        DO_NOT_TRACK="1",
        OPENBLAS_NUM_THREADS="1",  # one product of a matrix with a vector is not worth the waking of others
    )
    home.page.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(home.page)
