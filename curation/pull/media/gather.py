"""Bring the transcripts of a source up to date: list, look, captions or else the recording, listen, write the tables.

One item at a time is asked for, politely; while it is, another thread listens to the recording before it. What is done
is never asked for again, and what failed only when the ledger says that it is time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.core import files, transcripts
from curation.core.adapter import names
from curation.core.errors import MissingError, ProjectError, require
from curation.core.project import Project
from curation.core.sources import YoutubeSource
from curation.core.ui import count
from curation.methods import screen
from curation.methods.style import profile
from curation.pull.media import captions, rttm, tables
from curation.pull.media.kept import Kept, Transcript, facts_of, spoken
from curation.pull.media.ledger import FILE, Item, Ledger, Line, item_key
from curation.pull.media.listen import Heard, Listener, Whisper, fingerprint
from curation.pull.media.segments import Segment, Unreadable
from curation.pull.media.site import Rules, Site, check_url
from curation.pull.media.troubles import SETTLED_BY_PEOPLE, Trouble

Say = Callable[[str], None]

_SURE = 0.8
_SHORTER_MS = 5000
_SOUND = "sound"
"""Artefact of the line that says how a recording turned out: it outlives the download, or tries would not add up."""
_CAPTIONED = f"captions-{transcripts.VERSION}"


def make_site(project: Project, name: str, source: YoutubeSource) -> Site:
    """What may be asked of sites for a source.

    Raises:
        ProjectError: an address or the file of cookies is refused, or the variable of the token is not set.
    """
    for url in names(source.urls):
        check_url(url, project.settings.allow_hosts)
    cookies = files.safe_join(project.root, source.cookies) if source.cookies else None
    if cookies is not None and not cookies.is_file():
        raise ProjectError(
            f"there is no file '{source.cookies}'", where=f"source '{name}'", fix="export one, or take cookies out"
        )
    token = os.environ.get(source.po_token) if source.po_token else None
    if source.po_token and not token:
        raise ProjectError(
            f"the variable '{source.po_token}' is not set", where=f"source '{name}'", fix="set it, or take po_token out"
        )
    return Site(
        Rules(project.settings.allow_hosts, source.sleep_s, source.max_kb_s, source.max_mb, cookies, token or None)
    )


def make_listener(project: Project, source: YoutubeSource) -> Listener | None:
    """The model of a source, loaded; None where it names none.

    Raises:
        MissingError: the extra or the model is missing.
    """
    if source.model is None or source.captions == "only":
        return None
    require("voice", "faster_whisper")
    return Whisper(files.safe_join(project.root, source.model))


def due(project: Project, name: str, source: YoutubeSource) -> bool:
    """Would a pull have something to do? Asks no site and reads no recording."""
    path = _ledger_path(project, name)
    if source.revoked or not path.exists():
        return False
    with Ledger(path) as ledger:
        return _lists_wait(ledger, source) or any(_open(item, ledger, source) for item in ledger.items())


def bring(project: Project, name: str, source: YoutubeSource, *, update: bool, say: Say) -> None:
    """Bring the transcripts up to date. Hold `project.writing()` around it.

    Args:
        project: the project.
        name: the source's name.
        source: its declaration.
        update: list everything again, and try once more what failed.
        say: told what became of it.

    Raises:
        ProjectError: the declaration names what may not be fetched or does not exist.
        MissingError: something has to be fetched and the project is offline, or an extra or model is missing.
    """
    folder = transcripts.folder(project, name)
    if source.revoked:
        _remove(project, name, say)
        return
    asked = transcripts.asked(project, name, source)
    # Read before anything is fetched: a broken file is known at once, not after hours.
    told = transcripts.speakers(project, name, source)
    speakers = {shown: rttm.read(path, f"{shown.rpartition('.')[0]}.rttm") for shown, path in told.items()}
    with Ledger(_ledger_path(project, name)) as ledger:
        known = transcripts.note(project, name)
        again = update or ledger.about("asked") != asked or _lists_wait(ledger, source)
        run = _Run(project, name, source, ledger, Kept(folder), say)
        if again:
            if update or ledger.about("asked") != asked:
                ledger.lift(None if update else SETTLED_BY_PEOPLE)
            run.list_all()
            run.drop_stale()
            ledger.set_about("asked", asked)
        changed = run.items()
        whole = known and all(transcripts.table(project, name, which).exists() for which in transcripts.TABLES)
        if changed or again or not whole:
            tables.publish(folder, ledger, asked, speakers)
        run.tell()


def _ledger_path(project: Project, name: str) -> Path:
    return transcripts.folder(project, name) / "ledger.db"


def _remove(project: Project, name: str, say: Say) -> None:
    """Remove everything that was made of a source whose permission was taken back."""
    places = [project.raw / "downloads" / name, project.raw / "tables" / name, project.data / "tables" / name]
    found = [place for place in places if place.exists()]
    for place in found:
        shutil.rmtree(place)
    if found:
        say(f"{name}: the permission was taken back: recordings, transcripts and tables of it are removed")
    if profile.drop(project, (name,)):
        say(f"{name}: the profile of a voice that was learned of it is removed")


def _lists_wait(ledger: Ledger, source: YoutubeSource) -> bool:
    """Is it time to ask for a list again that could not be had?"""
    keys = [item_key("list", url) for url in names(source.urls)]
    return any(ledger.line(key, "list") is not None and ledger.may(key, "list") for key in keys)


def _open(item: Item, ledger: Ledger, source: YoutubeSource) -> bool:
    """Is there something to do for an item now?"""
    lines = ledger.lines(item.key)
    if _is_done(lines, source) or not item.listed:
        return False
    return not any(line.state == "given_up" or not ledger.may(item.key, line.stage, line.artefact)
                   for line in lines if line.state != "done")  # fmt: skip


def _is_done(lines: list[Line], source: YoutubeSource) -> bool:
    return any(line.stage in ("transcript", "list") and line.state == "done" for line in lines)


@dataclass
class _Run:
    """One run over a source."""

    project: Project
    name: str
    source: YoutubeSource
    ledger: Ledger
    kept: Kept
    say: Say
    _site: Site | None = None
    _listener: Listener | None = None

    # -------------------------------------------------------------------------------------------------- what there is

    def list_all(self) -> None:
        """Take note of everything that the source names; what is gone from its lists is kept and marked."""
        keys = self.ledger.add([(shown, FILE, shown) for shown in self._own_files()], FILE)
        complete = True
        for url in names(self.source.urls):
            try:
                found = self.site().look(url)
            except Trouble as trouble:
                complete = False
                self.ledger.failed(item_key("list", url), "list", "", trouble.kind)
                self.say(f"{self.name}: a list could not be had ({trouble.kind}); what is known of it stays")
                continue
            self.ledger.done(item_key("list", url), "list")
            keys += self.ledger.add(found, url)
        if complete and (gone := self.ledger.unlist(keys + self._children())):
            self.say(f"{self.name}: {gone} items are no longer listed; what was made of them stays")

    def _children(self) -> list[str]:
        """Items of lists that were found in lists: they stay, for those are not listed again."""
        return [
            key for line in self.ledger.lines() if line.stage == "list" and line.artefact for key in [line.artefact]
        ]

    def drop_stale(self) -> None:
        """Forget items that the declaration no longer names, and transcripts that it would make otherwise now."""
        own = self._own_files()
        urls = names(self.source.urls)
        model = self._fingerprint()
        for item in list(self.ledger.items()):
            if item.video not in own if item.extractor == FILE else item.origin not in urls:
                self.kept.drop_text(item.key)
                self.ledger.remove(item.key)
                continue
            line = next((w for w in self.ledger.lines(item.key) if (w.stage, w.state) == ("transcript", "done")), None)
            if line is None:
                continue
            captioned = line.artefact.startswith("captions-")
            stale = line.artefact != _CAPTIONED if captioned else model not in (None, line.artefact)
            if captioned and self.source.captions == "never":
                stale = True
            if item.extractor == FILE:
                kept = self.kept.transcript(item.key)
                stale = stale or kept is None or kept["sha256"] != files.sha256_file(own[item.video])
            if stale:
                self.ledger.drop(item.key, "transcript", "captions", "audio")

    def _fingerprint(self) -> str | None:
        """What the model of the source is, where it is here."""
        if self.source.model is None or importlib.util.find_spec("faster_whisper") is None:
            return None
        folder = files.safe_join(self.project.root, self.source.model)
        return fingerprint(folder) if folder.is_dir() else None

    def _own_files(self) -> dict[str, Path]:
        """The project's files, without recordings that have captions beside them."""
        found = transcripts.local(self.project, self.name, self.source)
        stems = {shown.rpartition(".")[0] for shown in found if transcripts.is_captions(shown)}
        return {
            shown: path
            for shown, path in found.items()
            if transcripts.is_captions(shown)
            or self.source.captions == "never"
            or shown.rpartition(".")[0] not in stems
            if not (transcripts.is_captions(shown) and self.source.captions == "never")
        }

    def site(self) -> Site:
        """The sites, once something is asked of them."""
        if self.project.settings.offline:
            raise MissingError(
                f"'{self.name}' has to be fetched, and the project is offline",
                fix=f"go online, then: curate pull {self.name}",
            )
        if self._site is None:
            require("voice", "yt_dlp")
            self._site = make_site(self.project, self.name, self.source)
        return self._site

    def listener(self) -> Listener | None:
        """The model, once there is something to listen to."""
        if self._listener is None:
            self._listener = make_listener(self.project, self.source)
        return self._listener

    # ------------------------------------------------------------------------------------------------------- the items

    def items(self) -> bool:
        """Do what can be done for each item now; returns whether anything was."""
        changed = False
        with _Ears() as ears:
            for item in self._taken():
                if not _open(item, self.ledger, self.source):
                    continue
                changed = True
                with self._recording(item):
                    path = self._own(item) if item.extractor == FILE else self._fetched(item)
                    if path is not None:
                        self._listen(ears, item, path)
                # The recording before this one may be through by now; no more than two wait.
                self._take(ears, most=1)
            self._take(ears, most=0)
        return changed

    def _taken(self) -> Iterator[Item]:
        for number, item in enumerate(self.ledger.items()):
            if self.source.max_items is not None and number >= self.source.max_items:
                return
            yield item

    @contextmanager
    def _recording(self, item: Item, stage: str = "info") -> Iterator[None]:
        """Whatever goes wrong with an item is a line of the ledger, and stops no other."""
        try:
            yield
        except _Waits:
            pass
        except Trouble as trouble:
            self.ledger.failed(item.key, trouble.stage or stage, trouble.artefact, trouble.kind)

    def _own(self, item: Item) -> Path | None:
        """A file of the project: captions are read, a recording is to be heard."""
        path = files.safe_join(self.project.root, item.video)
        if not path.is_file():
            raise Trouble("not_found", "info")
        if not self.kept.facts(item.key):
            self.kept.write_facts(item.key, facts_of({"title": path.stem, "language": self.source.language}))
        self.ledger.done(item.key, "info")
        if not transcripts.is_captions(path):
            return path
        data = path.read_bytes()
        found = _read(data, path.suffix.lower().lstrip("."))
        self._keep(item, Transcript("file", self.source.language, _sha256(data), tuple(found)), _CAPTIONED)
        return None

    def _fetched(self, item: Item) -> Path | None:
        """Captions where there are any, else the recording; None where nothing is left to hear."""
        here = self.ledger.line(item.key, "audio", "")
        path = self.kept.place(item.key) / "audio"
        if here and here.state == "done" and path.is_file():
            return path
        info = self.site().info(item.url)
        if info.get("_type") in ("playlist", "multi_video"):
            for key in self.ledger.add(self.site().entries(info), item.origin):
                self.ledger.done(item.key, "list", key)
            self.ledger.done(item.key, "list")
            return None
        self.kept.write_facts(item.key, facts_of(info))
        self.ledger.done(item.key, "info")
        if self.source.captions != "never" and self._captioned(item, info):
            return None
        if self.source.captions == "only":
            raise Trouble("no_audio", "captions")
        if self.source.model is None:
            raise Trouble("no_model", "transcript")
        try:
            path, _ = self.site().audio(info, self.kept.place(item.key))
        except Trouble as trouble:
            raise Trouble(trouble.kind, "audio") from None
        self.ledger.done(item.key, "audio", sha256=files.sha256_file(path))
        return path

    def _captioned(self, item: Item, info: Mapping[str, Any]) -> bool:
        """Read the captions of an item, if it has any that are of use."""
        track = captions.choose(info, self.source.language)
        if track is None:
            return False
        if self.source.language and not track.language.lower().startswith(self.source.language.lower()):
            raise Trouble("wrong_language", "captions", track.language)
        artefact = f"{track.kind}:{track.language}:{track.format}"
        if any(line.artefact.startswith(f"{artefact}:") for line in self.ledger.lines(item.key)):
            return False  # tried in vain
        try:
            data = self.site().captions(track)
            found = _read(data, track.format)
        except Trouble as trouble:
            line = self.ledger.failed(item.key, "captions", artefact, trouble.kind)
            if line.state == "waiting" and trouble.kind in ("rate_limited", "network", "server", "bot_check"):
                # Captions are better than what we would hear, and a site that says "not so fast" means all of it.
                raise _Waits from None
            self.ledger.drop(item.key, "captions")
            self.ledger.done(item.key, "captions", f"{artefact}:{trouble.kind}")
            return False
        files.write_bytes(self.kept.place(item.key) / f"captions.{track.format}", data)
        self.ledger.done(item.key, "captions", artefact, sha256=_sha256(data))
        if not spoken(found):
            return False
        self._keep(item, Transcript(track.kind, track.language, _sha256(data), tuple(found)), _CAPTIONED)
        return True

    # ----------------------------------------------------------------------------------------------------- to the ears

    def _listen(self, ears: _Ears, item: Item, path: Path) -> None:
        listener = self.listener()
        if listener is None:
            raise Trouble("no_model", "transcript")
        language = self.source.language or self.kept.facts(item.key).get("language")
        ears.add(item, path, lambda: listener.hear(path, _base(language)))

    def _take(self, ears: _Ears, most: int) -> None:
        """Keep what was heard, until no more than `most` recordings wait."""
        while len(ears.waiting) > most:
            item, path, job = ears.waiting.pop(0)
            with self._recording(item, "transcript"):
                try:
                    heard = job.result()
                except Trouble as trouble:
                    self._discard(item)
                    raise Trouble(trouble.kind, "audio", _SOUND) from None
                self._keep_heard(item, path, heard)

    def _keep_heard(self, item: Item, path: Path, heard: Heard) -> None:
        listener = self.listener()
        assert listener is not None
        expected = self.kept.facts(item.key).get("duration_ms")
        if expected and heard.duration_ms < 0.9 * expected and expected - heard.duration_ms > _SHORTER_MS:
            self._discard(item)
            raise Trouble("cut_media", "audio", _SOUND)
        wanted = _base(self.source.language)
        if wanted and heard.language and _base(heard.language) != wanted and (heard.probability or 0) >= _SURE:
            raise Trouble("wrong_language", "transcript")
        transcript = Transcript(
            "model",
            heard.language,
            files.sha256_file(path),
            heard.segments,
            language_probability=heard.probability,
            model=listener.fingerprint,
            duration_ms=heard.duration_ms,
            speech_ms=round(sum(end - start for start, end in heard.regions) * 1000),
            decoded_again=heard.again,
        )
        if self.ledger.line(item.key, "audio", _SOUND):
            self.ledger.done(item.key, "audio", _SOUND)
        self._keep(item, transcript, listener.fingerprint)
        if not self.source.keep_audio and item.extractor != FILE:
            self.kept.drop_audio(item.key)

    def _discard(self, item: Item) -> None:
        """A download that is of no use is made anew next time."""
        if item.extractor != FILE:
            self.kept.drop_audio(item.key)
            self.ledger.drop_line(item.key, "audio")

    def _keep(self, item: Item, transcript: Transcript, artefact: str) -> None:
        """Keep a transcript, unless it holds what must not exist: then nothing of the item is kept."""
        whole = " ".join(segment.text for segment in transcript.segments)
        if screen.flag_texts(pa.array([whole], pa.string())).true_count:
            self.kept.drop_text(item.key)
            place = f"; the file itself stays: {ascii(item.video)[1:-1]}" if item.extractor == FILE else ""
            self.say(f"{self.name}: item {item.key} holds what must not exist; nothing of it is kept here{place}")
            raise Trouble("screened", "transcript")
        digest = self.kept.write_transcript(item.key, transcript)
        self.ledger.done(item.key, "transcript", artefact, sha256=digest)

    def tell(self) -> None:
        """Say how many items are done, wait or were given up, and why."""
        done = waiting = given_up = nothing = 0
        why: Counter[str] = Counter()
        for item in self.ledger.items():
            lines = self.ledger.lines(item.key)
            if any(line.stage == "list" for line in lines):
                continue
            if _is_done(lines, self.source):
                done += 1
                continue
            failed = [line for line in lines if line.state != "done"]
            why.update(line.error for line in failed if line.error)
            if any(line.state == "given_up" for line in failed):
                given_up += 1
            elif failed:
                waiting += 1
            else:
                nothing += 1
        reasons = ", ".join(f"{kind} {number}" for kind, number in sorted(why.items()))
        self.say(
            f"{self.name}: {count(done, 'item')} transcribed"
            + (f", {waiting} wait for another try" if waiting else "")
            + (f", {given_up} were given up" if given_up else "")
            + (f", {nothing} not looked at yet" if nothing else "")
            + (f" ({reasons})" if reasons else "")
        )


class _Ears:
    """One thread that listens, while the next recording is fetched."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Item, Path, Future[Heard]]] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="listen")

    def __enter__(self) -> _Ears:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def add(self, item: Item, path: Path, hear: Callable[[], Heard]) -> None:
        """Have a recording heard as soon as the one before it is through."""
        self.waiting.append((item, path, self._pool.submit(hear)))


class _Waits(Exception):
    """An item waits for its captions; the ledger knows already."""


def _read(data: bytes, format: str) -> list[Segment]:
    try:
        return captions.read(data, format)
    except Unreadable:
        raise Trouble("broken_captions", "captions") from None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _base(language: str | None) -> str | None:
    return language.replace("_", "-").partition("-")[0].lower() if language else None
