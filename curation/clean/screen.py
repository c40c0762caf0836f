"""The unconditional rule inside the fused pass: what it flags is dropped whole and published nowhere."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from curation.core.records import TEXT_COLUMNS, as_dropped
from curation.core.stage import Context, Output, stage
from curation.methods import screen as rule


@dataclass(frozen=True)
class ScreenSpec:
    """There is nothing to set: the rule has no override."""


@stage("screen", version=rule.VERSION, spec=ScreenSpec, reads=TEXT_COLUMNS)
def screen(batch: pa.RecordBatch, spec: ScreenSpec, context: Context) -> Output:
    """Drop the records that `curation.methods.screen` flags; write nothing."""
    flagged = rule.flag(batch)
    ids = batch.column("id")
    return Output(
        pa.table({"id": ids.filter(pc.invert(flagged))}), as_dropped(ids.filter(flagged), "screen", "unconditional")
    )
