"""Fold identical records of one source: a digest in the fused pass, and the fold over all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import as_dropped, keyed
from curation.core.stage import Batches, Context, Output, stage
from curation.methods.texts import Turns


@dataclass(frozen=True)
class TextDigestSpec:
    """What makes two records one; there is nothing to set."""


@dataclass(frozen=True)
class ExactDupSpec:
    """How identical records are folded; there is nothing to set."""


@stage(
    "text_digest",
    version=1,
    spec=TextDigestSpec,
    reads=("kind", "messages", "chosen", "rejected", "label"),
    writes=("text_digest",),
    types={"text_digest": pa.string()},
)
def text_digest(batch: pa.RecordBatch, spec: TextDigestSpec, context: Context) -> Output:
    """Write a keyed digest of who says what, without regard to case and blanks.

    Two records have the same digest when kind, label and all turns (role, reasoning, text) are the same. `meta`
    does not count. Taken before scrubbing, where different people's data are still different.
    """
    whole = pc.binary_join_element_wise(
        batch.column("kind"),
        pc.if_else(pc.is_valid(batch.column("label")), pc.cast(batch.column("label"), pa.string()), "-"),
        *(_written_out(batch.column(name)) for name in ("messages", "chosen", "rejected")),
        "\x1d",
    )
    digests = [keyed(context.key, "duplicate", text.casefold()) for text in whole.to_pylist()]
    return Output(pa.table({"id": batch.column("id"), "text_digest": pa.array(digests, pa.string())}))


def _written_out(column: pa.Array) -> pa.StringArray:
    """One string a row that tells its turns apart; separators are control characters, which no text holds."""
    turns = Turns.of(column)
    parts = [pc.fill_null(part, "") for part in (turns.role, _bare(turns.reasoning), _bare(turns.content))]
    lines = pc.binary_join_element_wise(*parts, "\x1f")
    bounds = np.concatenate([[0], np.cumsum(turns.lengths)]).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(pa.array(bounds), lines), "\x1e")
    return pc.if_else(pa.array(turns.null), "\x1c", joined)


def _bare(texts: pa.StringArray) -> pa.StringArray:
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, r"[\s\x1c-\x1f]+", " "))


@stage("exact_dup", version=1, spec=ExactDupSpec, reads=("text_digest",), shape="corpus")
def exact_dup(batches: Batches, spec: ExactDupSpec, context: Context) -> Output:
    """Keep the record with the smallest id of each digest; the others name it as their witness.

    Holds ids and digests in memory, about 120 bytes a row. A record without a digest is kept.
    """
    schema = pa.schema([("id", pa.string()), ("text_digest", pa.string())])
    table = pa.concat_tables([schema.empty_table(), *(b.select(schema.names).cast(schema) for b in batches())])
    table = table.sort_by("id").combine_chunks()
    ids, digests = (table.column(name).combine_chunks() for name in schema.names)
    codes = digests.dictionary_encode().indices
    known = codes.is_valid().to_numpy(zero_copy_only=False)
    spots = np.arange(len(ids))
    first = spots.copy()
    # Codes are given in order of appearance, so the first spot of a code is that of its smallest id.
    _, heads, back = np.unique(pc.drop_null(codes).to_numpy(), return_index=True, return_inverse=True)
    first[known] = spots[known][heads][back]
    again = first != spots
    dropped = as_dropped(
        ids.filter(pa.array(again)), "exact_dup", "duplicate", witness=ids.take(pa.array(first[again])).to_pylist()
    )
    kept = pa.table({"id": ids.filter(pa.array(~again))})
    return Output(kept, dropped, {"folded": len(dropped)})
