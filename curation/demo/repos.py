"""Data set repos on disk, as the loopback hub serves them.

A repo is `<root>/datasets/<namespace>/<name>/`: one folder of files for each commit, and a `meta.json` with

- `refs`: branch or tag -> commit; `commits`: every commit that is served
- `cards`: commit -> the card's metadata; `card`: for commits not named there
- `gated`: false, "auto" or "manual"; `private`; `tokens`: those that open a gated or private repo
- `renamed_to`: the id that the repo has now; every request is sent there
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import yaml

SEGMENT = r"[A-Za-z0-9_][\w.-]*"
"""One half of a repo id, as a regular expression: no separators and no leading dot."""

# Files of these kinds are large by the .gitattributes that the hub gives to a new data set.
_LARGE_FILE_SUFFIXES = (".parquet", ".arrow", ".gz", ".zst", ".zip")

Json = dict[str, Any]


def publish(
    root: Path,
    repo_id: str,
    files: Mapping[str, bytes],
    *,
    card: Mapping[str, Any],
    gated: Literal[False, "auto", "manual"] = False,
    tokens: Iterable[str] = ("hf_ok",),
) -> str:
    """Write a commit of a data set and make it `main`; older commits stay.

    Args:
        root: the hub's folder.
        repo_id: "namespace/name".
        files: path inside the repo -> content. A README.md with the card is added when there is none.
        card: the card's metadata, such as {"license": "mit"}.
        gated: whether files need one of `tokens`.
        tokens: the tokens that are let in.

    Returns:
        The commit: SHA-1 over the id, paths and contents, so equal content is an equal commit.

    Raises:
        ValueError: the id or a path would leave the repo's folder.
    """
    if not re.fullmatch(rf"{SEGMENT}/{SEGMENT}", repo_id):
        raise ValueError(f"not a repo id: {repo_id!r}")
    tree = dict(files)
    if "README.md" not in tree:
        tree["README.md"] = f"---\n{yaml.safe_dump(dict(card), sort_keys=True)}---\n# {repo_id}\n".encode()
    for name in tree:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ValueError(f"path outside the repo: {name!r}")
    contents = [(name, hashlib.sha1(data).hexdigest()) for name, data in sorted(tree.items())]
    sha = hashlib.sha1(json.dumps([repo_id, contents]).encode()).hexdigest()
    home = root / "datasets" / repo_id
    if not (home / sha).is_dir():
        aside = home / f".{sha}"
        shutil.rmtree(aside, ignore_errors=True)
        for name, data in tree.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).write_bytes(data)
        aside.rename(home / sha)
    meta = read_meta(root, repo_id) or {}
    meta["refs"] = {**meta.get("refs", {}), "main": sha}
    meta["commits"] = [*(c for c in meta.get("commits", []) if c != sha), sha]
    meta["cards"] = {**meta.get("cards", {}), sha: dict(card)}
    meta |= {"gated": gated, "tokens": list(tokens)}
    fresh = home / ".meta.json"
    fresh.write_text(json.dumps(meta, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(fresh, home / "meta.json")
    return sha


def read_meta(root: Path, repo_id: str) -> Json | None:
    """The repo's meta.json, or None where there is no such repo."""
    try:
        meta: Json = json.loads((root / "datasets" / repo_id / "meta.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return meta


def commit_files(root: Path, repo_id: str, meta: Json, revision: str) -> tuple[str, dict[str, Path]] | None:
    """The commit that a branch, tag or commit names and its files by their path in the repo, or None."""
    sha = meta["refs"].get(revision, revision)
    if sha not in {*meta["refs"].values(), *meta.get("commits", [])}:
        return None
    home = root / "datasets" / repo_id / sha
    return sha, {p.relative_to(home).as_posix(): p for p in sorted(home.rglob("*")) if p.is_file()}


@lru_cache(maxsize=4096)
def _digests(path: Path, mtime_ns: int, size: int) -> tuple[str, str]:
    """The git blob id and the SHA-256 of a file, read in pieces; time and size stand for its content."""
    with path.open("rb") as stream:
        blob = hashlib.file_digest(stream, lambda: hashlib.sha1(b"blob %d\0" % size)).hexdigest()
        stream.seek(0)
        return blob, hashlib.file_digest(stream, "sha256").hexdigest()


def entry(name: str, path: Path) -> Json:
    """A file as the tree and paths-info endpoints describe it."""
    stat = path.stat()
    blob, sha256 = _digests(path, stat.st_mtime_ns, stat.st_size)
    described: Json = {"type": "file", "path": name, "size": stat.st_size, "oid": blob}
    if name.endswith(_LARGE_FILE_SUFFIXES):
        described["lfs"] = {"oid": sha256, "size": stat.st_size, "pointerSize": 134}
    return described


def folder(name: str) -> Json:
    """A folder as the tree and paths-info endpoints describe it."""
    return {"type": "directory", "path": name, "size": 0, "oid": hashlib.sha1(name.encode()).hexdigest()}


def sibling(name: str, path: Path, blobs: bool) -> Json:
    """A file as dataset_info lists it, with sizes and hashes where `?blobs=true` asks for them."""
    if not blobs:
        return {"rfilename": name}
    file = entry(name, path)
    listed: Json = {"rfilename": name, "size": file["size"], "blobId": file["oid"]}
    if "lfs" in file:
        listed["lfs"] = {"sha256": file["lfs"]["oid"], "size": file["size"], "pointerSize": 134}
    return listed
