"""Data sets of a Hugging Face hub: resolved to a commit, downloaded at that commit, checked.

This is the only file that imports `huggingface_hub`.

A data set is never loaded from the hub by name: what is read is a local file whose hash is known. Once the files of a
commit are here, the hub is not asked again, so an unreachable hub, a revoked token or a moved branch changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from curation.core import files
from curation.core.errors import CurateError, GateError, IntegrityError, MissingError, ProjectError, RetryError, require
from curation.core.project import Project
from curation.core.sources import HubSource
from curation.core.ui import count
from curation.pull.hashes import sha256_files
from curation.pull.ingest import DataFile, Progress
from curation.pull.listing import Listing

Say = Callable[[str], None]
T = TypeVar("T")

_PATIENCE_S = 8.0
_TIMEOUT_S = 5.0
_GLANCE_S = 0.5
_TOKEN = "set HF_TOKEN to a token that may read it"
_BUSY = (408, 429, 500, 502, 503, 504)


def cached(project: Project, name: str, source: HubSource, sha: str) -> tuple[Listing, tuple[DataFile, ...]] | None:
    """The files of a commit if they are all here and whole; None otherwise. Uses no network."""
    note = _folder(project, name) / f"{sha}.json"
    if not note.exists():
        return None
    stored = files.read_sealed(note)
    listing = Listing(**stored)
    if listing.asked != source.id:
        return None
    folder = _folder(project, name) / sha
    chosen = {n: files.safe_join(folder, n) for n in listing.chosen(source)}
    if not all(path.is_file() for path in chosen.values()):
        return None
    hashes = sha256_files(project.raw / "hashes.json", chosen.values())
    if any(listing.files[n].get("verified") != hashes[path] for n, path in chosen.items()):
        return None
    uri = f"hf://datasets/{listing.id}"
    return listing, tuple(DataFile(n, path, hashes[path], uri) for n, path in chosen.items())


def fetch(
    project: Project,
    name: str,
    source: HubSource,
    sha: str | None,
    say: Say = lambda text: None,
    progress: Progress = lambda done, total: None,
) -> tuple[Listing, tuple[DataFile, ...]]:
    """The files of a commit, downloaded where they are not here yet.

    Args:
        project: the project; files go to `data/raw/downloads/<source>/<commit>`.
        name: the source's name.
        source: its declaration.
        sha: the pinned commit; None resolves the branch or tag that the source names, or its main branch.
        say: told what is downloaded.
        progress: told how many kB of the files are here so far, and how many there will be.

    Raises:
        GateError: the data set is gated and this user has no access.
        ProjectError: no such data set, revision or file.
        RetryError: the hub cannot be reached or is busy; a cut download goes on where it stopped.
        MissingError: the project is offline and the files are not here.
        IntegrityError: what came is not what the hub promised.
    """
    if sha and (found := cached(project, name, source, sha)):
        return found
    _need_the_hub(project, name, source, sha)
    with _quiet():
        listing = _resolve(source, sha)
        if found := cached(project, name, source, listing.sha):
            return found
        _download(project, name, source, listing, say, progress)
    found = cached(project, name, source, listing.sha)
    if found is None:
        raise IntegrityError(
            "a downloaded file changed while it was read", where=source.id, fix=f"run again: curate pull {name}"
        )
    return found


def discard(project: Project, name: str, sha: str) -> None:
    """Forget the downloaded files of a commit, so that the next pull asks the hub for them again."""
    folder = _folder(project, name) / sha
    folder.with_suffix(".json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def resolve(project: Project, source: HubSource) -> Listing:
    """What a data set is now, without fetching its files; raises as `fetch`."""
    _need_the_hub(project, "", source, None)
    with _quiet():
        return _resolve(source, None)


def survey(project: Project, name: str, source: HubSource, sha: str | None) -> tuple[Listing, bool]:
    """What `fetch` would bring, and whether it is here already; downloads nothing and raises as `fetch`."""
    if sha and (found := cached(project, name, source, sha)):
        return found[0], True
    _need_the_hub(project, name, source, sha)
    with _quiet():
        listing = _resolve(source, sha)
    return listing, cached(project, name, source, listing.sha) is not None


def check_access(listing: Listing) -> None:
    """Ask the hub whether this user may download the files.

    Raises:
        GateError: not without a click or a token.
        RetryError: the hub cannot be reached or is busy.
    """
    from huggingface_hub import HfApi

    with _quiet():
        api = HfApi(endpoint=_endpoint())
        _patiently(lambda: api.auth_check(listing.id, repo_type="dataset"), listing.id, None)


def _need_the_hub(project: Project, name: str, source: HubSource, sha: str | None) -> None:
    if _offline(project):
        raise MissingError(
            "the files of this commit are not here, and the project is offline",
            where=f"{source.id} at {(sha or source.revision or 'main')[:12]}",
            fix=f"go online, then: curate pull {name}".rstrip(),
        )
    require("hf", "huggingface_hub")
    _endpoint()  # before the client is imported, which reads it, too


def _offline(project: Project) -> bool:
    return project.settings.offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")


def _folder(project: Project, name: str) -> Path:
    return project.raw / "downloads" / name


def _resolve(source: HubSource, sha: str | None) -> Listing:
    from huggingface_hub import HfApi

    api = HfApi(endpoint=_endpoint())
    revision = sha or source.revision
    info = _patiently(
        lambda: api.dataset_info(source.id, revision=revision, files_metadata=True, timeout=_TIMEOUT_S),
        source.id,
        revision,
    )
    if info.sha is None or (sha and info.sha != sha):
        raise IntegrityError(
            "the hub answered with another commit than the pinned one",
            where=source.id,
            fix="to move the pin: curate pull --update",
        )
    found = {
        s.rfilename: {"size": s.size, "sha256": s.lfs.sha256 if s.lfs else None, "blob": s.blob_id}
        for s in info.siblings or []
    }
    return Listing(source.id, info.id, info.sha, bool(info.gated), _licence(info.card_data), found)


def _licence(card: Any) -> str | None:
    fields = card.to_dict() if card else {}
    value = fields.get("license")
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return str(fields["license_name"]) if value == "other" and fields.get("license_name") else value and str(value)


def _download(project: Project, name: str, source: HubSource, listing: Listing, say: Say, progress: Progress) -> None:
    folder = _folder(project, name) / listing.sha
    chosen = {n: files.safe_join(folder, n) for n in listing.chosen(source)}
    if listing.gated:
        check_access(listing)
    size, more = listing.size(source) / 1e6, listing.left_out(source)
    capped = f"; the caps of the source leave out {more} more" if more else ""
    say(
        f"{name}: fetching {count(len(chosen), 'file')}, {size:.1f} MB, from {listing.id} at {listing.sha[:12]}{capped}"
    )
    files.make_dir(project.raw / "downloads")
    for path in chosen.values():
        files.make_dir(path.parent)
    for attempt in (1, 2):
        with files.os_errors(folder), _watched(folder, listing.size(source), progress):
            _patiently(lambda: _snapshot(listing, folder, chosen), listing.id, listing.sha)
        wrong = [n for n, path in chosen.items() if not _is_whole(path, listing.files[n])]
        if not wrong:
            break
        # The client trusts what lies in its folder; what is not whole has to go before it fetches it again.
        for n in wrong:
            chosen[n].unlink(missing_ok=True)
        if attempt == 2:
            raise IntegrityError(
                f"{len(wrong)} downloaded files are not what the hub promised",
                where=listing.id,
                fix=f"run again: curate pull {name}",
            )
    hashes = sha256_files(project.raw / "hashes.json", chosen.values())
    for path in chosen.values():
        path.chmod(files.PRIVATE_FILE)
    old = _folder(project, name) / f"{listing.sha}.json"
    before = files.read_sealed(old)["files"] if old.exists() else {}
    verified = {
        n: {**known, "verified": hashes[chosen[n]] if n in chosen else before.get(n, {}).get("verified")}
        for n, known in listing.files.items()
    }
    files.write_sealed(old, {**vars(listing), "files": verified})


@contextlib.contextmanager
def _watched(folder: Path, size: int, progress: Progress) -> Iterator[None]:
    """Tell twice a second how much of a download is here, partial files included."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(_GLANCE_S):
            # A file that the client moves while it is looked at is seen at the next glance.
            with contextlib.suppress(OSError, CurateError):
                here = sum(path.stat().st_size for path in files.files_below(folder))
                progress(min(here, size) // 1000, size // 1000)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _snapshot(listing: Listing, folder: Path, chosen: Mapping[str, Path]) -> None:
    from huggingface_hub import HfApi, snapshot_download

    snapshot_download(
        listing.id,
        repo_type="dataset",
        revision=listing.sha,
        local_dir=folder,
        allow_patterns=[n.translate({ord(c): f"[{c}]" for c in "*?["}) for n in chosen],
        endpoint=_endpoint(),
        etag_timeout=_TIMEOUT_S,
        max_workers=4,
    )
    if not all(path.exists() for path in chosen.values()):
        # The client is content with whatever lies in its folder where the hub lists no files. Perhaps it may not.
        HfApi(endpoint=_endpoint()).auth_check(listing.id, repo_type="dataset")
        raise ConnectionError


def _is_whole(path: Path, known: Mapping[str, Any]) -> bool:
    """Are these the bytes the hub named: by SHA-256 for large files, by git's blob id for small ones?"""
    if not path.is_file() or (known["size"] is not None and path.stat().st_size != known["size"]):
        return False
    if known["sha256"]:
        return bool(files.sha256_file(path) == known["sha256"])
    if known["blob"]:
        state = hashlib.sha1(b"blob %d\x00" % path.stat().st_size, usedforsecurity=False)
        state.update(path.read_bytes())
        return bool(state.hexdigest() == known["blob"])
    return True


def _endpoint() -> str | None:
    """HF_ENDPOINT as it is now: the client reads it only when it is first imported.

    Raises:
        ProjectError: it is no address.
    """
    address = os.environ.get("HF_ENDPOINT") or None
    with contextlib.suppress(ValueError):
        parts = urlsplit(address or "https://hub")
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return address
    fix = "set it to one like https://host, or take it out of the environment"
    raise ProjectError("HF_ENDPOINT is no address of a hub", where="env HF_ENDPOINT", fix=fix)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No telemetry and no output of the client; and no xet, whose cache would keep raw text outside the project."""
    settings = ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_PROGRESS_BARS", "HF_HUB_DISABLE_XET")
    os.environ.update(dict.fromkeys(settings, "1"))
    from huggingface_hub import constants, utils

    for setting in settings:
        # The client may have been imported before with other wishes.
        setattr(constants, setting, True)
    utils.disable_progress_bars()  # that module keeps a copy of the constant
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _patiently(call: Callable[[], T], repo: str, revision: str | None) -> T:
    """Call the hub; a busy or unreachable one again for some seconds, never for minutes."""
    start = time.monotonic()
    pause = 0.5
    while True:
        try:
            return call()
        except Exception as error:
            explained = _explain(error, repo, revision)
            if explained is None:
                raise
            asked_for = _retry_after(error)
            wait = pause if asked_for is None else asked_for
            if not isinstance(explained, RetryError) or time.monotonic() - start + wait > _PATIENCE_S:
                raise explained from None
        time.sleep(wait)
        pause *= 2


def _retry_after(error: Exception) -> float | None:
    response = getattr(error, "response", None)
    value = response.headers.get("Retry-After", "") if response is not None else ""
    return float(value) if value.isdigit() else None


def _explain(error: Exception, repo: str, revision: str | None) -> CurateError | None:
    """What the client raised, as an error with a mend; None for what is none of the hub's business."""
    from huggingface_hub import constants, errors

    page = f"{_endpoint() or constants.ENDPOINT}/datasets/{repo}"
    if isinstance(error, errors.GatedRepoError):
        known = error.response.status_code == 403
        return GateError(
            f"the data set is gated and {'this account has no access' if known else 'no valid token was sent'}",
            where=repo,
            fix=f"ask for access at {page}" + ("" if known else f", then {_TOKEN}"),
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return ProjectError(
            f"the data set has no revision '{(revision or 'main')[:40]}'",
            where=repo,
            fix="correct 'revision'; where a pinned commit is gone: curate pull --update",
        )
    if isinstance(error, errors.DisabledRepoError):
        return ProjectError("the hub has disabled this data set", where=repo, fix="set enabled: false for the source")
    if isinstance(error, errors.RepositoryNotFoundError):
        return ProjectError(
            "the hub knows no such data set, or it is private",
            where=repo,
            fix=f"check the id; for a private one {_TOKEN}",
        )
    if isinstance(error, errors.HFValidationError):
        return ProjectError("this is no id of a data set", where=repo, fix="write it as namespace/name")
    if isinstance(error, errors.EntryNotFoundError) and not isinstance(error, errors.LocalEntryNotFoundError):
        return ProjectError("a file of the data set is gone from the hub", where=repo, fix="curate pull --update")
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return GateError("the hub refused the token", where=repo, fix=_TOKEN)
    foreign = type(error).__module__.partition(".")[0]
    if (
        status in _BUSY
        or isinstance(error, (errors.LocalEntryNotFoundError, ConnectionError, TimeoutError))
        or (foreign.startswith(("httpx", "httpcore", "huggingface_hub", "requests")))
    ):
        what = "the hub cannot be reached or is busy" + (f" (status {status})" if status else "")
        return RetryError(what, where=repo, fix="try again later: what is downloaded stays")
    return None
