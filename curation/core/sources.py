"""sources.yaml as frozen dataclasses: where rows come from, and under which rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from curation.core.adapter import Adapter, Names, Qa, Turns, names
from curation.core.declare import doc

KNOWLEDGE_TOPICS = ("big-five", "attachment4", "defence-mechanisms", "clinical-interview")
"""The taxonomies whose labels have terms to find them by."""


def _check_caps(source: Any, *caps: str) -> None:
    for cap in caps:
        if (most := getattr(source, cap)) is not None and most < 1:
            raise ValueError(f"'{cap}' must be at least 1; to leave a source out: enabled: false")


Persona = Literal["assistant", "client", "neutral"]


@dataclass(frozen=True)
class Accept:
    """A person's word that a source may be used although its licence is unknown or restricted."""

    licence: str = doc("the licence it is used under")
    by: str = doc("who decided")
    reason: str = doc("why; printed on the data card")


@dataclass(frozen=True, kw_only=True)
class About:
    """What a source says about itself beside where it is: its rights, its voice, its rank."""

    licence: str | None = doc("SPDX identifier", default=None)
    persona: Persona = doc("whose voice its rows teach", default="neutral")
    priority: int = doc("of two near-duplicates the one of the higher priority stays", default=0)
    enabled: bool = doc("false: the source is left out everywhere", default=True)
    accept: Accept | None = doc(
        "needed before rows leave under an unknown, non-commercial or AGPL licence", default=None
    )
    note: str | None = doc("for people", default=None)


@dataclass(frozen=True, kw_only=True)
class Tabular(About):
    """Rows that come from elsewhere, in columns that an adapter has to name."""

    max_rows: int | None = doc("take only the first rows of each file", default=None)
    confirmed: str | None = doc(
        "digest of the columns that the adapter was confirmed for, written by `sources detect --accept`; other columns "
        "are refused. None: an adapter written by hand, which its first pull confirms",
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class HubSource(Tabular):
    """A Hugging Face data set, pinned to a commit in sources.lock.yaml."""

    kind: Literal["huggingface"]
    id: str = doc("namespace/name on the hub")
    adapter: Adapter = doc("how its columns become records")
    files: tuple[str, ...] = doc("patterns of the files to read", default=("*.parquet", "*.jsonl", "*.json", "*.csv"))
    revision: str | None = doc("branch, tag or commit to pin at the first pull", default=None)
    licence: str | None = doc("SPDX identifier; by default what the data card says", default=None)
    max_files: int | None = doc("download only the first files by name", default=None)
    max_bytes: int | None = doc("download the first files by name, up to so many bytes in all", default=None)

    def __post_init__(self) -> None:
        """Check the caps."""
        _check_caps(self, "max_rows", "max_files", "max_bytes")


@dataclass(frozen=True, kw_only=True)
class FileSource(Tabular):
    """Files on this machine, or at an address of a host that the project allows."""

    kind: Literal["files"]
    path: Names = doc("jsonl, json, csv, tsv or parquet files; patterns allowed; or an https address")
    adapter: Adapter = doc("how their columns become records")

    def __post_init__(self) -> None:
        """Check the range."""
        _check_caps(self, "max_rows")


@dataclass(frozen=True, kw_only=True)
class ScenarioSource(About):
    """Dialogues made of the project's scenarios: from their own lines, or by an endpoint in two roles."""

    kind: Literal["scenarios"]
    path: str = doc("folder of scenario files, relative to the project", default="scenarios")
    only: tuple[str, ...] = doc("ids of the scenarios to take; by default all of the folder", default=())
    variations: int = doc("dialogues of each scenario", default=4)
    seed: int = doc("another seed makes other dialogues", default=17)
    endpoint: str | None = doc(
        "endpoint of curate.toml that plays client and therapist; none: the scenarios' own lines", default=None
    )
    licence: str | None = doc("SPDX identifier of the scenarios", default=None)
    persona: Persona = doc("whose voice its rows teach", default="client")

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 1 <= self.variations <= 10_000:
            raise ValueError("'variations' must be from 1 to 10,000")

    # What is made has one shape, so nobody declares it.
    max_rows: ClassVar[int | None] = None
    confirmed: ClassVar[str | None] = None
    adapter: ClassVar[Adapter] = Turns(
        kind="turns",
        trim_trailing_user=False,
        group="scenario",
        keep=("scenario", "variation", "seed", "moves", "emotions", "resistance", "told", "risk_level", "flags",
              "who", "voice", "model", "prompt"),
    )  # fmt: skip
    own_meta: ClassVar[tuple[str, ...]] = adapter.keep

    @property
    def synthetic(self) -> str:
        """The method that makes its rows."""
        return "endpoint" if self.endpoint else "template"


@dataclass(frozen=True, kw_only=True)
class KnowledgeSource(About):
    """Questions and answers made of documents that the user brings: PDF, Markdown, HTML, or chunks of such."""

    kind: Literal["knowledge"]
    path: Names = doc("files or folders below the project: pdf, md, html, or jsonl of chunks (text, source, page)")
    endpoint: str | None = doc(
        "endpoint of curate.toml that words question and answer; none: templates over the document's own words",
        default=None,
    )
    topics: tuple[str, ...] = doc("taxonomies whose terms give a claim its topic", default=KNOWLEDGE_TOPICS)
    max_pages: int = doc("a PDF with more pages is refused", default=5000)
    max_mb: int = doc("a larger file is refused", default=512)
    max_seconds: int = doc("reading one document may take so much processor time", default=900)
    licence: str | None = doc("SPDX identifier of the documents; none is an unknown licence", default=None)
    persona: Persona = doc("whose voice its rows teach", default="assistant")

    def __post_init__(self) -> None:
        """Check the limits."""
        _check_caps(self, "max_pages", "max_mb", "max_seconds")

    max_rows: ClassVar[int | None] = None
    confirmed: ClassVar[str | None] = None
    adapter: ClassVar[Adapter] = Qa(
        kind="qa",
        user="question",
        assistant="answer",
        group="chunk",
        keep=("document", "document_sha256", "page", "section", "start", "end", "quote_sha256", "card", "topic",
              "model", "prompt"),
    )  # fmt: skip
    # `document` and `section` are the user's words.
    own_meta: ClassVar[tuple[str, ...]] = (
        "document_sha256", "page", "start", "end", "quote_sha256", "card", "topic", "model", "prompt",
    )  # fmt: skip

    @property
    def synthetic(self) -> str:
        """The method that makes its rows."""
        return "endpoint" if self.endpoint else "template"


@dataclass(frozen=True)
class Permission:
    """What whoever speaks allowed, and where that can be read."""

    reference: str = doc("where it can be read: contract, mail, page")
    by: str = doc("who gave it")
    scope: Literal["analysis", "training"] = doc(
        "what it covers; analysis: nothing leaves in a mix", default="analysis"
    )
    others: Literal["none", "agreed", "not asked"] = doc(
        "other people who are to be heard; where they were not asked, nothing leaves in a mix", default="not asked"
    )
    revoked: str | None = doc(
        "day on which it was taken back: the next run removes everything that was made of the source", default=None
    )


@dataclass(frozen=True, kw_only=True)
class YoutubeSource(About):
    """What a person says in videos, podcasts or recordings: transcripts, and dialogues made of them."""

    kind: Literal["youtube"]
    urls: Names | None = doc(
        "https addresses of playlists, channels, videos or feeds; any site that yt-dlp knows", default=None
    )
    path: Names | None = doc(
        "recordings or caption files (vtt, json3, srt, ass) below the project; patterns allowed", default=None
    )
    language: str | None = doc(
        "language spoken, such as en; none: what the site says, or what is detected", default=None
    )
    captions: Literal["prefer", "only", "never"] = doc(
        "prefer: captions, and the recording where there are none; only; never", default="prefer"
    )
    model: str | None = doc("folder of a speech model below the project; none: nothing is transcribed", default=None)
    host: str | None = doc(
        "name by which captions mark the person whose voice is wanted; none: whoever answers", default=None
    )
    max_items: int | None = doc("take only the first items", default=None)
    keep_audio: bool = doc("keep recordings after they are transcribed", default=False)
    sleep_s: float = doc("pause between two requests", default=5.0)
    max_kb_s: int = doc("download no faster, in kB a second", default=4000)
    max_mb: int = doc("a larger recording is refused", default=2048)
    cookies: str | None = doc("cookies.txt below the project, for what needs an account", default=None)
    po_token: str | None = doc("environment variable that holds a proof-of-origin token", default=None)
    permission: Permission | None = doc("without one nothing leaves in a mix", default=None)
    licence: str | None = doc("SPDX identifier; the licence of a recording gives no right to the voice", default=None)
    persona: Persona = doc("whose voice its rows teach", default="assistant")

    def __post_init__(self) -> None:
        """Check what types cannot say."""
        if not names(self.urls) and not names(self.path):
            raise ValueError("'urls' or 'path' must name something")
        _check_caps(self, "max_items", "max_kb_s", "max_mb")
        if not 0 <= self.sleep_s <= 3600:
            raise ValueError("'sleep_s' must be from 0 to 3600")

    max_rows: ClassVar[int | None] = None
    confirmed: ClassVar[str | None] = None
    endpoint: ClassVar[str | None] = None
    synthetic: ClassVar[str | None] = None
    adapter: ClassVar[Adapter] = Turns(
        kind="turns",
        trim_trailing_user=True,
        group="video",
        keep=("video", "start_ms", "end_ms", "method", "transcript"),
    )
    own_meta: ClassVar[tuple[str, ...]] = ("video", "start_ms", "end_ms", "method", "transcript")

    @property
    def revoked(self) -> bool:
        """Was the permission taken back?"""
        return self.permission is not None and self.permission.revoked is not None


MadeSource = ScenarioSource | KnowledgeSource | YoutubeSource
"""Sources whose rows are made here, of other material. Each says which of its kept columns hold nothing but ids,
numbers and terms that were made here, too (`own_meta`): no text of people, so that scrub leaves it alone."""

Source = HubSource | FileSource | ScenarioSource | KnowledgeSource | YoutubeSource


@dataclass(frozen=True)
class Sources:
    """The sources of a project."""

    sources: Mapping[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the names: they stand in ids and folder names."""
        for name in self.sources:
            if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum() and len(name) <= 60):
                raise ValueError(f"source name {name!r}: use letters, digits, '-' and '_' (at most 60)")
