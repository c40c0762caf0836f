"""The credentials file: the address of the server, and the accounts that it is to have. Only its owner can read it."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from pathlib import Path
from typing import Any

from curation.core import files
from curation.core.errors import IntegrityError, ProjectError
from curation.core.project import Project

FILE = "server.json"
WORKSPACE = "curate"
FIRST_ANNOTATORS = ("annotator-1", "annotator-2")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def home(project: Project) -> Path:
    """The server's folder in a project."""
    return project.data / "review"


def new_account(name: str) -> dict[str, str]:
    """An account with a random password and key.

    Raises:
        ProjectError: the name is none that the server takes.
    """
    if not _NAME.fullmatch(name):
        raise ProjectError(
            f"{ascii(name)[:60]} cannot be a user name",
            fix="use up to 40 small letters, digits, '-' and '_'; a pseudonym is best, for it is stored with answers",
        )
    return {"username": name, "password": secrets.token_urlsafe(18), "api_key": secrets.token_urlsafe(32)}


def read(folder: Path) -> dict[str, Any] | None:
    """The credentials of a server's folder; None where there are none yet.

    Raises:
        IntegrityError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    with files.os_errors(path):
        data = path.read_bytes()
    with contextlib.suppress(ValueError, KeyError, TypeError):
        found: dict[str, Any] = json.loads(data)
        accounts = [found["owner"], *found["annotators"]]
        texts = [each[name] for each in accounts for name in ("username", "password", "api_key")]
        if all(isinstance(text, str) for text in (*texts, found["url"], found["workspace"])):
            found.setdefault("removed", [])
            return found
    raise IntegrityError(
        "the credentials of the review server are damaged",
        where=f"data/review/{FILE}",
        fix="delete the file: new credentials are made at the next start, answers stay",
    )


def begin(folder: Path, url: str) -> dict[str, Any]:
    """Make the first credentials, and the key that signs sessions."""
    made = {
        "url": url,
        "owner": new_account("owner"),
        "annotators": [new_account(name) for name in FIRST_ANNOTATORS],
        "workspace": WORKSPACE,
        "removed": [],
    }
    write(folder, made)
    return made


def ensure_secret(folder: Path) -> None:
    """Have a key that signs sessions; it outlives restarts, so that nobody is logged out."""
    path = folder / "secret"
    if not path.exists() or path.stat().st_size < 32:
        files.write_bytes(path, secrets.token_hex(32).encode() + b"\n")


def write(folder: Path, found: dict[str, Any]) -> None:
    """Replace the credentials, whole or not at all."""
    files.write_bytes(folder / FILE, json.dumps(found, indent=1).encode() + b"\n")
