import pyarrow as pa
import pytest

from curation.core import across, stage
from curation.core.across import Rows
from curation.core.errors import CurateError
from curation.core.stage import Call, Output, Step
from curation.core.store import View
from tests.core.small import ShoutSpec, raw_table
from tests.core.test_store import snapshot


def _echoes(sources, previous, spec, workers, pool):
    """Of each record, the other sources that hold the same word; `previous` may save nothing here."""
    SEEN.append(sorted(previous))
    if spec.fail_at:
        raise ValueError("row text")
    held = {}
    for name, rows in sources.items():
        for batch in rows.batches(("language",)):
            for word in batch.column("language").to_pylist():
                held.setdefault(word, set()).add(name)
    outputs = {}
    for name, rows in sources.items():
        made = [
            (row["id"], ",".join(sorted(held[row["language"]] - {name})))
            for batch in rows.batches(("language",))
            for row in batch.to_pylist()
        ]
        kept = pa.table({"id": [i for i, _ in made], "group": pa.array([w for _, w in made], pa.string())})
        outputs[name] = Output(kept, notes={"rows": len(made)})
    return outputs


SEEN: list[list[str]] = []
ECHOES = stage.stage("test_echoes", version=1, spec=ShoutSpec, reads=("language",), writes=("group",), shape="project")(
    _echoes
)


def _step(**parameters):
    return Step("test_echoes", (Call(ECHOES, ShoutSpec(**parameters)),))


def _views(store, **words):
    return {name: View((raw_table(store, w, source=name),)) for name, w in words.items()}


A, B = ["one", "two", "three", "four", "five", "six"], ["two", "six", "seven"]


def _said(tables):
    return {
        name: {row["id"]: row["group"] for part in table.parts for row in table.read(part).to_pylist()}
        for name, table in tables.items()
    }


def test_every_source_gets_a_table_of_what_was_said_about_it(engine, store):
    views = _views(store, a=A, b=B)
    tables = across.run(engine, _step(), views)
    assert sorted(_said(tables)["a"].values()) == ["", "", "", "", "b", "b"]
    assert sorted(_said(tables)["b"].values()) == ["", "a", "a"]
    assert views["a"].over(tables["a"]).read(views["a"].parts[0], ["group"]).column_names == ["id", "group"]


def test_running_again_does_no_work(engine, store):
    views = _views(store, a=A, b=B)
    first = across.run(engine, _step(), views)
    before = snapshot(store.root)
    assert across.find(engine, _step(), views) == first == across.run(engine, _step(), views)
    assert snapshot(store.root) == before


def test_a_row_in_one_source_changes_what_is_said_of_another_and_no_more_parts_than_it_must(engine, store):
    across.run(engine, _step(), _views(store, a=A, b=B))
    parts = set(store.folder("a", "test_echoes").glob("parts/*.parquet"))
    views = _views(store, a=A, b=[*B, "five"])
    assert across.find(engine, _step(), views) is None
    tables = across.run(engine, _step(), views)
    assert sorted(_said(tables)["a"].values()) == ["", "", "", "b", "b", "b"]
    new = set(store.folder("a", "test_echoes").glob("parts/*.parquet")) - parts
    assert len(new) == 1 < len(views["a"].parts)


def test_the_last_run_of_the_same_spec_is_handed_over_whole(engine, store):
    SEEN.clear()
    across.run(engine, _step(), _views(store, a=A, b=B))
    across.run(engine, _step(), _views(store, a=A, b=[*B, "nine"], c=["ten"]))
    across.run(engine, _step(minimum=3), _views(store, a=A))
    assert SEEN == [[], ["a", "b"], []]


def test_a_stage_that_fails_publishes_nothing_and_quotes_nothing(engine, store):
    with pytest.raises(CurateError) as error:
        across.run(engine, _step(fail_at="x"), _views(store, a=A, b=B))
    assert "row text" not in str(error.value)
    assert not store.folder("a", "test_echoes").exists()


@pytest.mark.parametrize("size", [4, 100])
def test_rows_are_taken_by_id_from_their_parts_only(store, size):
    view = View((raw_table(store, A, part_rows=size),))
    ids = sorted(i for batch in view.batches([]) for i in batch.column("id").to_pylist())[1::3]
    taken = pa.concat_tables(Rows(view).take(pa.array(ids), ("language",)))
    assert taken.column("id").to_pylist() == ids
