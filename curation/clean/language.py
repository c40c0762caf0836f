"""Note each record's language before anything asks which rules fit it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curation.core.stage import Context, Output, stage
from curation.methods.language import identify
from curation.methods.texts import Turns


@dataclass(frozen=True)
class LanguageSpec:
    """How languages are told; there is nothing to set."""


@stage("language", version=1, spec=LanguageSpec, reads=("messages",), writes=("language",), libraries=("py3langid",))
def language(batch: pa.RecordBatch, spec: LanguageSpec, context: Context) -> Output:
    """Write the ISO 639-1 code of what user and assistant say, null where it cannot be told.

    System and tool turns do not count: they are often English whatever people speak.
    """
    turns = Turns.of(batch.column("messages"))
    spoken = pc.fill_null(pc.is_in(turns.role, value_set=pa.array(["user", "assistant"])), False)
    rows = turns.rows[spoken.to_numpy(zero_copy_only=False)]
    bounds = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=batch.num_rows))]).astype(np.int32)
    content = pc.fill_null(turns.content.filter(spoken), "")
    found = identify(pc.binary_join(pa.ListArray.from_arrays(pa.array(bounds), content), "\n"))
    return Output(pa.table({"id": batch.column("id"), "language": found}), notes={"unknown": found.null_count})
