"""What the tags of a record say in words, for a persona's system prompt and for the exported rows."""

from __future__ import annotations

import itertools
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curation.export.recipe import Persona

LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian",
    "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}
"""English names of ISO 639-1 codes; a code that is not here adds no sentence about the language."""

MOST_EMOTIONS = 3
_SILENT = {"neutral", ""}


def emotion_labels(column: pa.ChunkedArray | pa.Array, turns: npt.NDArray[np.int64] | None = None,
                   wanted: npt.NDArray[np.bool_] | None = None) -> list[list[str]]:
    """The labels of an emotion column, one list a row: the most frequent first, then by name, `neutral` left out.

    Labels are the text of the column itself, or of its field `labels` or `label`, however deep in lists and structs.

    Args:
        column: n rows, one tag each or one for each turn.
        turns: int64 (n,), the number of turns of each row.
        wanted: bool (sum of turns,), the turns that count; used where the column has one tag for each turn.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.nulls(0, array.type)
    rows = _text_lists(array)
    if pa.types.is_list(array.type) and turns is not None and wanted is not None:
        inner = _text_lists(array.flatten())
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        if not pa.types.is_string(array.type.value_type) and np.array_equal(lengths, turns):
            inner = [labels if keep else [] for labels, keep in zip(inner, wanted.tolist(), strict=True)]
            starts = np.concatenate(([0], np.cumsum(lengths))).tolist()
            rows = [[x for turn in inner[a:b] for x in turn] for a, b in itertools.pairwise(starts)]
    return [_ranked(labels) for labels in rows]


def _ranked(labels: list[str]) -> list[str]:
    counted = Counter(label for label in labels if label not in _SILENT)
    return sorted(counted, key=lambda label: (-counted[label], label))


def _text_lists(array: pa.Array) -> list[list[str]]:
    kind = array.type
    if pa.types.is_string(kind):
        return [[x] if x is not None else [] for x in array.to_pylist()]
    if pa.types.is_list(kind) and pa.types.is_string(kind.value_type):
        return [[x for x in row or [] if x is not None] for row in array.to_pylist()]
    if pa.types.is_list(kind):
        inner = _text_lists(array.flatten())
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        starts = np.concatenate(([0], np.cumsum(lengths))).tolist()
        return [[x for item in inner[a:b] for x in item] for a, b in itertools.pairwise(starts)]
    if pa.types.is_struct(kind):
        for name in ("labels", "label", "turns"):
            if kind.get_field_index(name) >= 0:
                return _text_lists(pc.struct_field(array, name))
    return [[] for _ in range(len(array))]


def system_prompt(persona: Persona, language: str | None, emotions: Sequence[str]) -> str | None:
    """A persona's system prompt for a record, with the details whose tags the record has."""
    if persona.system is None:
        return None
    known = {"emotions": ", ".join(emotions[:MOST_EMOTIONS]).replace("_", " "),
             "language": LANGUAGES.get(language or "", "")}
    said = [persona.system.strip()]
    for sentence in persona.details:
        names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
        if all(known[name] for name in names):
            said.append(sentence.format(**known).strip())
    return " ".join(said)
