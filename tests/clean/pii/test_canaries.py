from __future__ import annotations

import dataclasses

import pyarrow as pa
import pytest

from curation.clean.pii.canaries import SENTENCES, plant
from curation.clean.pii.entries import Entry
from curation.clean.pii.finding import LABELS
from curation.clean.scrub import ScrubSpec, scrub
from curation.core.records import TEXT_COLUMNS, as_dropped
from curation.core.stage import Call, Context, Output
from curation.methods.texts import Texts

pytest.importorskip("presidio_analyzer")

KEY = b"k" * 32


def keeps(batch: pa.RecordBatch, spec: ScrubSpec, context: Context) -> Output:
    kept = batch.select(["id", *TEXT_COLUMNS])
    return Output(pa.Table.from_batches([kept]).append_column("pii", pa.nulls(len(kept), scrub.types["pii"])))


def drops(batch: pa.RecordBatch, spec: ScrubSpec, context: Context) -> Output:
    return Output(keeps(batch.slice(0, 0), spec, context).kept, as_dropped(batch.column("id"), "scrub", "all"))


def only(column: str):  # type: ignore[no-untyped-def]
    """A scrub that knows one column and empties it."""

    def run(batch: pa.RecordBatch, spec: ScrubSpec, context: Context) -> Output:
        texts = Texts.of(batch, (column,))
        kept = keeps(batch, spec, context).kept
        emptied = texts.put(pa.array([t and "gone" for t in texts.values.to_pylist()], pa.string()))[column]
        return Output(kept.set_column(kept.schema.get_field_index(column), column, emptied))

    return run


def planted(run=None, **spec):  # type: ignore[no-untyped-def]
    stage = dataclasses.replace(scrub, run=run) if run else scrub
    return plant(Call(stage, ScrubSpec(**spec)), KEY)


def test_every_label_is_planted_in_every_column() -> None:
    assert tuple(SENTENCES) == LABELS
    assert all(text.count("{") == text.count("}") > 0 for texts in SENTENCES.values() for text in texts)
    missed = {column: sum(one.found for one in planted(only(column)).values()) for column in TEXT_COLUMNS}
    # A scrub that forgets the other columns finds a share of the canaries, never all: messages and reasoning are one.
    total = sum(map(len, SENTENCES.values()))
    assert sum(missed.values()) == total and all(total // 6 < found < total // 2 for found in missed.values())


def test_a_scrub_that_does_nothing_finds_nothing_and_one_that_drops_lets_nothing_pass() -> None:
    assert {one.found for one in planted(keeps).values()} == {0}
    assert all(one.found == one.planted for one in planted(drops).values())


def test_the_projects_own_settings_count() -> None:
    assert planted()["EMAIL"].found == 4
    assert planted(min_score=1.0)["PHONE"].found < planted()["PHONE"].found == 4
    everywhere = Entry("allow", value="tess.varnholt@mail.example")
    assert planted(entries=(everywhere,))["EMAIL"].found == 3
    assert planted(entries=(dataclasses.replace(everywhere, scope="source:chats"),))["EMAIL"].found == 4
