"""What the tags of a record say in words, for a persona's system prompt and for the exported rows."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.export.recipe import META, Persona
from curation.methods.texts import one_array

LANGUAGES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
"""English names of ISO 639-1 codes; a code that is not here adds no sentence about the language."""

MOST_EMOTIONS = 3


def emotion_labels(column: pa.Array, turns: npt.NDArray[np.int64], wanted: npt.NDArray[np.bool_]) -> list[list[str]]:
    """The labels of the emotion tag, one list a record: the most frequent first, then by name; `neutral` left out.

    Args:
        column: n tags, structs whose `turns` hold the `labels` of each message.
        turns: int64 (n,), the messages of each record.
        wanted: bool (sum of turns,), the messages whose labels count.
    """
    lists = pc.struct_field(column, "turns")
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    tagged = lengths == turns
    which = np.repeat(np.arange(len(turns)), turns)[wanted & np.repeat(tagged, turns)]
    kept = np.zeros(int(lengths.sum()), np.bool_)
    kept[np.repeat(tagged, lengths)] = wanted[np.repeat(tagged, turns)]
    counted: list[Counter[str]] = [Counter() for _ in range(len(turns))]
    for row, labels in zip(
        which.tolist(), pc.struct_field(lists.flatten(), "labels").filter(pa.array(kept)).to_pylist(), strict=True
    ):
        counted[row].update(label for label in labels or () if label != "neutral")
    return [sorted(counts, key=lambda label: (-counts[label], label)) for counts in counted]


def has_emotion(table: pa.Table, wanted: frozenset[str]) -> npt.NDArray[np.bool_]:
    """Which records have a turn that is tagged with one of the labels; a record without the tag has none."""
    if "emotion" not in table.column_names:
        return np.zeros(len(table), np.bool_)
    turns = pc.struct_field(one_array(table.column("emotion")), "turns")
    labels = pc.struct_field(turns.flatten(), "labels")
    row = pc.list_parent_indices(turns).take(pc.list_parent_indices(labels))
    found = np.zeros(len(table), np.bool_)
    found[row.filter(pc.is_in(labels.flatten(), value_set=pa.array(sorted(wanted)))).to_numpy()] = True
    return found


def system_prompt(
    persona: Persona, language: str | None, emotions: Sequence[str], kept: Mapping[str, str | None]
) -> str | None:
    """A persona's system prompt for a record, with the details whose tags the record has.

    Args:
        persona: the voice.
        language: of the record, as an ISO 639-1 code.
        emotions: of the record, the most frequent first.
        kept: what the record's adapter keeps.
    """
    if persona.system is None:
        return None
    known = {
        "emotions": ", ".join(emotions[:MOST_EMOTIONS]).replace("_", " "),
        "language": LANGUAGES.get(language or "", ""),
    }
    said = [persona.system.strip()]
    for sentence in persona.details:
        pieces = [(text, name) for text, name, _, _ in string.Formatter().parse(sentence)]
        told = {
            name: kept.get(name.removeprefix(META)) if name.startswith(META) else known[name]
            for _, name in pieces
            if name is not None
        }
        if all(told.values()):
            said.append("".join(text + (told[name] or "" if name is not None else "") for text, name in pieces).strip())
    return " ".join(said)
