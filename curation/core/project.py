"""A project on disk: its sources, its settings with the origin of each, its key, and where things lie."""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from curation.core import declare, files
from curation.core.declare import Document, doc
from curation.core.endpoints import EndpointSpec
from curation.core.errors import ProjectError
from curation.core.lock import Lock
from curation.core.sources import Source, Sources

SOURCES_FILE = "sources.yaml"
SETTINGS_FILE = "curate.toml"
LOCK_FILE = "sources.lock.yaml"
KEY_FILE = "keys/project.key"


class NoProjectError(ProjectError):
    """There is no project here."""


RiskFlag = Literal[
    "self_harm", "harm_to_others", "abuse_disclosure", "minor", "psychosis", "eating_disorder", "substance"
]
"""What a text can be about that puts somebody at risk; see `schemas/taxonomies/risk.yaml`."""


@dataclass(frozen=True)
class RiskSettings:
    """What waits for a person before it may leave, and how much of their time that takes."""

    hold_flags: tuple[RiskFlag, ...] = doc(
        "flags that hold a row back whatever its level; from level 2 on every row is held", default=()
    )
    hold_unscreened: bool = doc("hold back rows in languages that the screen has no rules for", default=True)
    minutes: float = doc("minutes that a person needs to read and decide on one row", default=3.0)
    sample: int = doc("rows of a stratum that people read before the rest of it can be released", default=60)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.minutes <= 0 or self.sample < 1:
            raise ValueError("'minutes' must be above 0 and 'sample' at least 1")


@dataclass(frozen=True)
class Settings:
    """What can be set in curate.toml, the user's config, CURATE_* variables and flags."""

    workers: int = doc("processes for stages; 0: as many as there are cores", default=0)
    engine: Literal["local", "ray"] = doc(
        "where stages run: in processes of this machine, or on Ray (extra `ray`; the cluster that RAY_ADDRESS names)",
        default="local",
    )
    batch_rows: int = doc("rows that a stage sees at a time; changes no result", default=1000)
    part_rows: int = doc("rows above which a table is cut into more parts", default=20_000)
    offline: bool = doc("never use the network", default=False)
    allow_hosts: tuple[str, ...] = doc("hosts that file sources may name by address", default=())
    stages: Mapping[str, Mapping[str, Any]] = doc("parameters of stages, by stage", default_factory=dict)
    risk: RiskSettings = doc("what is held back for people", default_factory=RiskSettings)
    endpoints: Mapping[str, EndpointSpec] = doc(
        "endpoints that text of this project may be sent to, by name", default_factory=dict
    )

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, low in (("workers", 0), ("batch_rows", 1), ("part_rows", 1)):
            if getattr(self, name) < low:
                raise ValueError(f"'{name}' must be at least {low}")

    @property
    def processes(self) -> int:
        """Worker processes to use."""
        return self.workers or os.cpu_count() or 1


@dataclass(frozen=True)
class Project:
    """An opened project. Opening reads declarations only, no data."""

    root: Path
    sources: Mapping[str, Source]
    settings: Settings
    document: Document = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def open(
        cls, start: Path | None = None, flags: Mapping[str, Any] | None = None, *, keyless: bool = False
    ) -> Project:
        """Open the project of a folder or of the nearest parent that has a sources.yaml.

        Args:
            start: folder to begin at; the working folder by default.
            flags: settings given on the command line, as dotted names.
            keyless: whether a missing key is no error but one of this process: for what keeps nothing.

        Raises:
            NoProjectError: no project here.
            ProjectError: a declaration that is wrong, or a key that is missing or damaged.
        """
        root = find_root(start or Path.cwd())
        declared = declare.load(root / SOURCES_FILE)
        sources = declare.bind(Sources, declared)
        document = layered_settings(root, flags or {})
        key = secrets.token_bytes(32) if keyless and not (root / KEY_FILE).exists() else read_key(root)
        return cls(root, sources.sources, declare.bind(Settings, document), document, key)

    @property
    def data(self) -> Path:
        """Everything derived; private and git-ignored."""
        return self.root / "data"

    @property
    def raw(self) -> Path:
        """The only place with text that is not scrubbed."""
        return self.data / "raw"

    @property
    def lock_path(self) -> Path:
        """sources.lock.yaml."""
        return self.root / LOCK_FILE

    def lock(self) -> Lock:
        """What the sources were at their last pull."""
        return Lock.read(self.lock_path)

    def enabled(self, chosen: tuple[str, ...] = ()) -> dict[str, Source]:
        """The chosen sources, or all that are enabled.

        Raises:
            ProjectError: a name that is no source of this project.
        """
        for name in chosen:
            if name not in self.sources:
                raise ProjectError(
                    f"no source is called '{name}'",
                    where=SOURCES_FILE,
                    fix=f"sources here: {', '.join(self.sources) or 'none yet'}",
                )
        return {n: s for n, s in self.sources.items() if (n in chosen if chosen else s.enabled)}

    def writing(self) -> Any:
        """The lock that every command which writes below data/ holds."""
        return files.locked(self.data / ".lock", holding="this project")


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds a sources.yaml."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / SOURCES_FILE).exists():
            return folder
    raise NoProjectError(
        "this is no curate project: there is no sources.yaml here or above",
        where=str(start),
        fix="curate init   (or: cd into a project, or name one with --project DIR)",
    )


def read_key(root: Path) -> bytes:
    """The key of the project in a folder.

    Raises:
        ProjectError: it is missing or damaged.
    """
    path = root / KEY_FILE
    with files.os_errors(path):
        if not path.exists():
            raise ProjectError(
                "the project key is missing; ids cannot be made without it",
                where=KEY_FILE,
                fix="for a new project: curate init" if is_unused(root) else "put your backup of it back there",
            )
        try:
            key = bytes.fromhex(path.read_text("ascii").strip()) if path.is_file() else b""
        except ValueError:
            key = b""
    if len(key) != 32:
        raise ProjectError("the project key is damaged", where=KEY_FILE, fix="put your backup of it back there")
    return key


def is_unused(root: Path) -> bool:
    """Whether nothing of a project was made with a key yet, so that a new one contradicts nothing."""
    return not any((root / name).exists() for name in (LOCK_FILE, "data", "annotations"))


def make_key(root: Path) -> None:
    """Give a new project its key: 32 random bytes, mode 0600; an existing key stays."""
    if not (root / KEY_FILE).exists():
        files.write_bytes(root / KEY_FILE, secrets.token_hex(32).encode() + b"\n")


def user_config() -> Path:
    """The user's own settings, valid for every project."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "curate" / "config.toml"


def layered_settings(root: Path, flags: Mapping[str, Any]) -> Document:
    """All settings in one document whose places name the origin: flag > CURATE_* > project > user > default."""
    layers: list[Document] = []
    for path in (user_config(), root / SETTINGS_FILE):
        if path.exists():
            found = declare.load(path)
            name = "user" if path == user_config() else "project"
            places = {p: f"{name} {place}" for p, place in found.places.items()}
            layers.append(Document(found.value, places, found.name))
    env = {
        k[len("CURATE_") :].lower().replace("__", "."): (k, v)
        for k, v in os.environ.items()
        if k.startswith("CURATE_") and k[len("CURATE_") :].split("__")[0].lower() in _NAMES
    }
    layers.append(
        _from_dotted({k: _from_env(k, v) for k, (_, v) in env.items()}, {k: f"env {n}" for k, (n, _) in env.items()})
    )
    given = {k: v for k, v in flags.items() if v is not None}
    layers.append(_from_dotted(given, {k: f"flag --{k}" if k in _FLAGS else f"flag --set {k}" for k in given}))
    value: dict[str, Any] = {}
    origin: dict[tuple[str | int, ...], str] = {}
    for layer in layers:
        _merge(value, layer.value)
        origin.update({p: place for p, place in layer.places.items() if p})
    return Document(value, origin, SETTINGS_FILE)


_NAMES = {f.name for f in dataclasses.fields(Settings)}
_SWITCHES = {f.name for f in dataclasses.fields(Settings) if isinstance(f.default, bool)}
_FLAGS = ("workers", "engine", "offline")
"""Settings with a flag of their own; the others are given with --set."""


def _from_dotted(values: Mapping[str, Any], origins: Mapping[str, str]) -> Document:
    nested: dict[str, Any] = {}
    places: dict[tuple[str | int, ...], str] = {}
    for dotted, item in values.items():
        *parents, last = dotted.split(".")
        target: Any = nested
        for parent in parents:
            target = target.setdefault(parent, {}) if isinstance(target, dict) else None
        if not isinstance(target, dict) or isinstance(target.get(last), dict):
            raise ProjectError(
                f"'{dotted}' and another setting contradict each other: one is a value, the other a table",
                where=origins[dotted],
                fix="leave one of the two out; see: curate config show",
            )
        target[last] = item
        places[tuple(dotted.split("."))] = origins[dotted]
    return Document(nested, places, "environment")


def _parse(text: str) -> Any:
    """A value from an environment variable or `--set`, read as TOML would read it, else as text."""
    try:
        return declare.parse_toml(f"v = {text}", "value").value["v"]
    except ProjectError:
        return text


def _from_env(name: str, text: str) -> Any:
    """As `_parse`, but a switch may be a number or written large: the environment knows no types."""
    words = {"1": True, "true": True, "0": False, "false": False}
    return words.get(text.strip().lower(), text) if name in _SWITCHES else _parse(text)


def parse_setting(assignment: str) -> tuple[str, Any]:
    """`scrub.min_score=0.5` as a dotted setting of stages and its value."""
    name, equals, value = assignment.partition("=")
    if not equals or not name.strip():
        raise ProjectError(
            f"'{assignment}' is no setting", fix="write NAME=VALUE, for example stages.scrub.min_score=0.5"
        )
    return name.strip(), _parse(value.strip())


def _merge(target: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for key, item in layer.items():
        if isinstance(item, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], item)
        else:
            target[key] = dict(item) if isinstance(item, Mapping) else item


def origins(document: Document) -> list[tuple[str, Any, str]]:
    """Every setting as (dotted name, value, origin), defaults included, for `config show --origin`."""
    settings = declare.plain(declare.bind(Settings, document))
    rows = []
    for name, value in _flatten(settings):
        path = tuple(name.split("."))
        place = next((document.places[path[:i]] for i in range(len(path), 0, -1) if path[:i] in document.places), None)
        rows.append((name, value, place if place and _given(document.value, path) else "default"))
    return rows


def _flatten(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, item in value.items():
        rows += _flatten(item, f"{prefix}{key}.") if isinstance(item, dict) and item else [(prefix + key, item)]
    return rows


def _given(value: Any, path: tuple[str, ...]) -> bool:
    for step in path:
        if not isinstance(value, Mapping) or step not in value:
            return False
        value = value[step]
    return True
