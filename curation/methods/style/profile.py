"""A project's profile of a voice: a file of numbers, without a word that tells what was said.

`generate profile` writes it, the stage `voice` reads texts with it, the report shows what it is worth.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curation.core import files
from curation.core.errors import IntegrityError
from curation.core.project import Project
from curation.core.sources import YoutubeSource
from curation.methods.style.delta import Delta
from curation.methods.style.measures import Measures
from curation.methods.style.separation import Separation, Spread
from curation.methods.style.voice import Voice
from curation.methods.style.words import VERSION as WORDS
from curation.methods.style.words import VOCABULARY

FILE = "voices/voice.json"
"""Below the folder of `curate.toml`, unless `[stages.voice]` names another."""

VERSION = (1, WORDS)

_HABITS = 12


@dataclass(frozen=True, eq=False)
class Profile:
    """What is known of a voice.

    Attributes:
        sources: of sources.yaml, whose words it was learned from.
        kinds: words of the person by how they became text.
        against: other people by the source they come from.
        own: what was counted of the person.
        others: and of the others.
        voice: what reads texts.
        fingerprint: sha256 of the file, hexadecimal; empty before it is written.
    """

    sources: tuple[str, ...]
    kinds: Mapping[str, int]
    against: Mapping[str, int]
    own: Measures
    others: Measures
    voice: Voice
    fingerprint: str = ""

    def habits(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Words that the person says more often than others, and those less often, the most telling first."""
        length = max(self.voice.delta)
        centroid = self.voice.delta[length].centroid
        order = np.argsort(-centroid, kind="stable")
        more = tuple(VOCABULARY[i] for i in order[:_HABITS] if centroid[i] > 0)
        less = tuple(VOCABULARY[i] for i in order[::-1][:_HABITS] if centroid[i] < 0)
        return more, less

    def document(self) -> dict[str, Any]:
        """All that people may want to read of it, as plain values."""
        more, less = self.habits()
        return {
            "sources": list(self.sources),
            "kinds": dict(self.kinds),
            "against": dict(self.against),
            "own": dataclasses.asdict(self.own),
            "others": dataclasses.asdict(self.others),
            "says_more": list(more),
            "says_less": list(less),
            "windows": {
                str(length): {
                    "auc": found.auc,
                    "interval": [found.low, found.high],
                    "auc_same_kind": found.same_kind,
                    "own": {"windows": found.own.windows, "recordings": found.own.units},
                    "others": {"windows": found.others.windows, "people": found.others.units},
                    "limits": list(found.limits()),
                }
                for length, found in self.voice.separation.items()
            },
        }

    def write(self, path: Path) -> None:
        """Keep it; the same profile gives the same bytes."""
        files.make_dir(path.parent)
        files.write_sealed(path, {"version": list(VERSION), **_plain(self)})


def _plain(profile: Profile) -> dict[str, Any]:
    return {
        "sources": list(profile.sources),
        "kinds": dict(profile.kinds),
        "against": dict(profile.against),
        "own": dataclasses.asdict(profile.own),
        "others": dataclasses.asdict(profile.others),
        "delta": {
            str(length): {
                name: [round(float(x), 9) for x in getattr(delta, name)] for name in ("mean", "spread", "centroid")
            }
            for length, delta in profile.voice.delta.items()
        },
        "separation": {str(length): dataclasses.asdict(found) for length, found in profile.voice.separation.items()},
    }


def place(project: Project) -> Path:
    """Where the project's profile lies, or would."""
    return project.root / Path(str(project.settings.stages.get("voice", {}).get("file", FILE))).expanduser()


def fingerprint(path: Path) -> str:
    """The digest of a profile's file."""
    return files.sha256_file(path)


def read(path: Path) -> Profile:
    """Read a profile.

    Raises:
        IntegrityError: the file is broken, or of another version.
    """
    fix = "make it anew: curate generate profile SOURCE"
    data = path.read_bytes()
    try:
        document = files.read_sealed(path)
    except IntegrityError:
        raise IntegrityError("the profile of a voice cannot be read", where=path.name, fix=fix) from None
    if document.get("version") != list(VERSION):
        raise IntegrityError("the profile of a voice belongs to another version", where=path.name, fix=fix)
    try:
        delta = {int(n): Delta(**{k: np.array(v, float) for k, v in d.items()}) for n, d in document["delta"].items()}
        separation = {int(n): _separation(s) for n, s in document["separation"].items()}
        return Profile(
            sources=tuple(document["sources"]),
            kinds=document["kinds"],
            against=document["against"],
            own=Measures(**document["own"]),
            others=Measures(**document["others"]),
            voice=Voice(delta, separation),
            fingerprint=hashlib.sha256(data).hexdigest(),
        )
    except (KeyError, TypeError, ValueError):
        raise IntegrityError("the profile of a voice cannot be read", where=path.name, fix=fix) from None


def _separation(found: Mapping[str, Any]) -> Separation:
    sides = {name: Spread(**{**found[name], "percentiles": tuple(found[name]["percentiles"])}) for name in _SIDES}
    return Separation(**{**found, **sides})


_SIDES = ("own", "others")


def withdrawn(project: Project, path: Path) -> bool:
    """Was the permission taken back for what a profile was learned from, or is its source gone?

    A person who takes back their permission takes back their profile, too: no text is read with it from then on. Of a
    file that cannot be read nobody knows; whoever reads texts with it is told.
    """
    try:
        learned = read(path)
    except IntegrityError:
        return False
    found = [project.sources.get(name) for name in learned.sources]
    return any(source is None or (isinstance(source, YoutubeSource) and source.revoked) for source in found)


def drop(project: Project, names: Collection[str]) -> bool:
    """Remove the profile where words of these sources went into it, the person's or others'; says whether it did."""
    path = place(project)
    if not path.is_file():
        return False
    try:
        found = read(path)
        gone = not set(names).isdisjoint({*found.sources, *found.against})
    except IntegrityError:
        gone = True  # what cannot be read may hold anything, and can be made anew
    if gone:
        with files.os_errors(path):
            path.unlink()
    return gone
