"""A data set of a hub at one commit, and which of its files a source takes."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curation.core import files
from curation.core.errors import ProjectError
from curation.core.sources import HubSource


@dataclass(frozen=True)
class Listing:
    """A data set at one commit.

    Attributes:
        asked: the id that the source declares; `id` is the one it has now.
        sha: the commit.
        gated: does access need a click or a token?
        licence: what the data card says at that commit.
        files: size, SHA-256 of large files and git's blob id of each file, by name.
    """

    asked: str
    id: str
    sha: str
    gated: bool
    licence: str | None
    files: Mapping[str, Mapping[str, Any]]

    def licence_text(self) -> str | None:
        """The hash by which the hub knows the licence's text: of a LICENSE file, else of the data card."""
        for stem in ("license", "licence", "copying", "readme"):
            for name in sorted(self.files):
                if name.lower().partition(".")[0] == stem:
                    known = self.files[name]
                    return known["sha256"] or known["blob"]
        return None

    def matching(self, source: HubSource) -> list[str]:
        """The files that the source's patterns match, sorted.

        Raises:
            ProjectError: there are none, or a name leads out of its folder.
        """
        names = sorted(n for n in self.files if any(fnmatch.fnmatchcase(n, pattern) for pattern in source.files))
        # The hub client's own description of a data set lies among the data.
        names = [n for n in names if n.rpartition("/")[2] != "dataset_infos.json"]
        if not names:
            shown = ", ".join(ascii(n)[1:-1] for n in sorted(self.files)[:8])
            raise ProjectError(
                f"no file of {self.id} matches the patterns of the source",
                where=f"files: {', '.join(source.files)}",
                fix=f"files there: {shown or 'none'}",
            )
        for name in names:
            files.safe_join(Path("/nowhere"), name)
        return names

    def chosen(self, source: HubSource) -> list[str]:
        """The files to read: the first of the matching ones that `max_files` and `max_bytes` leave room for.

        Raises:
            ProjectError: as `matching`, or there is no room for the first one.
        """
        names = self.matching(source)[: source.max_files]
        if source.max_bytes is None:
            return names
        room = source.max_bytes
        for count, name in enumerate(names):
            size = self.files[name]["size"]
            # A file whose size the hub does not tell may be of any size.
            if size is None or size > room:
                if not count:
                    raise ProjectError(
                        f"the first file of {self.id} is larger than 'max_bytes' of the source",
                        where=ascii(name)[1:-1],
                        fix=f"raise max_bytes, to {size} at least" if size else "take max_bytes away",
                    )
                return names[:count]
            room -= size
        return names

    def size(self, source: HubSource) -> int:
        """Bytes of the chosen files, as far as the hub tells them."""
        return sum(self.files[n]["size"] or 0 for n in self.chosen(source))

    def left_out(self, source: HubSource) -> int:
        """How many files match the patterns and are not read because of the source's caps."""
        return len(self.matching(source)) - len(self.chosen(source))
