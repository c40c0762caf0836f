"""The stage `voice`: how much the answering side sounds like the person whose profile the project has.

Without a profile the column is null and nothing is read; `curate generate profile` makes one.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from curation.core.declare import doc
from curation.core.project import Project
from curation.core.stage import Context, Output, stage
from curation.methods.style import profile
from curation.methods.style.profile import Profile
from curation.tag.taggers import ModelFolder

VOICE = pa.struct(
    [
        ("profile", pa.string()),
        ("words", pa.int32()),
        ("length", pa.int32()),
        ("similarity", pa.float32()),
        ("likeness", pa.float32()),
        ("others", pa.float32()),
        ("missing", pa.string()),
    ]
)
"""The column `voice`, of all that the answering side says in a record; of a pair, with the better answer.

`profile` is the digest of the profile's file. `length`: the windows of words it was read in; `similarity`: the cosine
to the person, from -1 to 1; `likeness`: the share of the person's own windows of that length that are less like them,
so about 0.5 for their own words; `others`: the share of other people's windows that are less like the person.
`missing` says why there is no number: no_answer, too_short or language. Without a profile the whole tag is null."""

_ENGLISH = ("en", None)


@dataclass(frozen=True)
class VoiceSpec:
    """Whose voice."""

    file: str = doc("profile of the project that curate generate profile wrote", default=profile.FILE)


def _models(spec: VoiceSpec) -> Mapping[str, str]:
    path = _path(spec)
    return {"profile": profile.fingerprint(path)} if path else {}


def _prepare(spec: VoiceSpec, project: Project) -> VoiceSpec:
    path = profile.place(project)
    there = path.is_file() and not profile.withdrawn(project, path)
    return replace(spec, file=ModelFolder.of(path) if there else spec.file)


def _path(spec: VoiceSpec) -> Path | None:
    found = getattr(spec.file, "path", "")
    return Path(found) if found else None


@functools.lru_cache(maxsize=2)
def _read(path: Path, digest: str) -> Profile:
    return profile.read(path)


def _trial(text: str, made: Mapping[str, Any]) -> Mapping[str, Any]:
    tag = made["voice"]
    if tag is None:
        return {"missing": "no profile; make one: curate generate profile SOURCE"}
    return {key: value for key, value in tag.items() if value is not None}


@stage(
    "voice",
    version=1,
    spec=VoiceSpec,
    reads=("messages", "chosen", "language"),
    writes=("voice",),
    types={"voice": VOICE},
    models=_models,
    prepare=_prepare,
    trial=_trial,
    speaker="assistant",
)
def voice(batch: pa.RecordBatch, spec: VoiceSpec, context: Context) -> Output:
    """Read what the answering side says; every row is kept."""
    size = len(batch)
    path = _path(spec)
    if path is None:
        column = pa.nulls(size, VOICE)
        return Output(pa.table({"id": batch.column("id"), "voice": column}), notes={"no_profile": size})
    found = _read(path, profile.fingerprint(path))
    notes: Counter[str] = Counter()
    tags = [_tag(found, text, language, notes) for text, language in _answers(batch)]
    return Output(pa.table({"id": batch.column("id"), "voice": pa.array(tags, VOICE)}), notes=notes)


def _answers(batch: pa.RecordBatch) -> Iterator[tuple[str, str | None]]:
    """For each row all that the answering side says, and its language."""
    for messages, chosen, language in zip(
        *(batch.column(name).to_pylist() for name in ("messages", "chosen", "language")), strict=True
    ):
        turns = [*messages, *(chosen or ())]
        yield "\n".join(turn["content"] or "" for turn in turns if turn["role"] == "assistant"), language


def _tag(found: Profile, text: str, language: str | None, notes: Counter[str]) -> dict[str, Any]:
    made: dict[str, Any] = {"profile": found.fingerprint[:12]}
    reading = found.voice.read(text) if language in _ENGLISH and text.strip() else None
    if reading is None:
        why = "no_answer" if not text.strip() else "language" if language not in _ENGLISH else "too_short"
        notes[why] += 1
        return {**made, "missing": why}
    notes["read"] += 1
    notes[f"likeness.{min(int(reading.likeness * 10), 9)}"] += 1
    return {**made, **vars(reading)}
