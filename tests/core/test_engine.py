import dataclasses
import random

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.core import stage
from curation.core.engine import Engine
from curation.core.errors import CurateError, MissingError
from curation.core.stage import Call, Context, Output, Step
from curation.core.store import Store, View
from tests.core.small import SHOUT, TWINS, ShoutSpec, raw_table, step, view_of
from tests.core.test_store import WORDS, snapshot


@pytest.mark.parametrize("batch_rows", [1, 7, 64, 1000])
def test_batches_do_not_matter(store, context, tmp_path, batch_rows):
    raw = raw_table(store, WORDS)
    reference = Engine(store).run(step(SHOUT), view_of(raw), context)
    other = Store(tmp_path / "other")
    again = Engine(other, batch_rows=batch_rows).run(step(SHOUT), view_of(raw_table(other, WORDS)), context)
    assert again.key == reference.key
    assert {k: v for k, (v, _) in snapshot(other.root).items()} == {k: v for k, (v, _) in snapshot(store.root).items()}


def test_running_again_does_no_work(store, engine, context):
    raw = raw_table(store, WORDS)
    first = engine.run(step(SHOUT), view_of(raw), context)
    before = snapshot(store.root)
    assert engine.run(step(SHOUT), view_of(raw), context) == first
    assert snapshot(store.root) == before


def test_only_the_changed_part_is_computed_again(store, engine, context):
    engine.run(step(SHOUT), view_of(raw_table(store, WORDS)), context)
    more = view_of(raw_table(store, [*WORDS, "one more"]))
    assert len(engine.missing_parts(step(SHOUT), more, context)) == 1
    done = []
    engine.run(step(SHOUT), more, context, lambda n, total: done.append((n, total)))
    assert done == [(len(more.parts), len(more.parts))]


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(ShoutSpec)])
def test_every_field_of_a_spec_changes_the_key(store, engine, context, field):
    view = view_of(raw_table(store, WORDS))
    changed = {"minimum": 3, "fail_at": "nothing"}[field]
    assert engine.key(step(SHOUT), view, context) != engine.key(step(SHOUT, **{field: changed}), view, context)


def test_version_library_model_and_source_change_the_key(store, engine, context, monkeypatch):
    view = view_of(raw_table(store, WORDS))
    keys = {engine.key(step(SHOUT), view, context)}
    for change in ({"version": 2}, {"libraries": ("pyarrow",)}, {"models": lambda spec: {"m": "1"}}):
        keys.add(engine.key(step(dataclasses.replace(SHOUT, **change)), view, context))
    keys.add(engine.key(step(SHOUT), view, Context(context.key, "other")))
    monkeypatch.setattr(stage, "library_version", lambda name: "9.9")
    keys.add(engine.key(step(dataclasses.replace(SHOUT, libraries=("pyarrow",))), view, context))
    assert len(keys) == 6


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.text("abc", max_size=3), min_size=1, max_size=30))
def test_rows_in_are_rows_kept_plus_rows_dropped(tmp_path_factory, words):
    store = Store(tmp_path_factory.mktemp("law"))
    engine, context = Engine(store, batch_rows=3), Context(b"k" * 32, "s")
    view = view_of(raw_table(store, words))
    for stage_ in (SHOUT, TWINS):
        table = engine.run(step(stage_), view, context)
        manifest = table.manifest
        assert manifest["rows_in"] == view.rows == manifest["rows_kept"] + manifest["rows_dropped"]
        assert sum(table.totals("reasons").values()) == manifest["rows_dropped"]
        view = view.over(table)
        assert view.rows == manifest["rows_kept"] == sum(len(b) for b in view.batches([]))


def test_a_stage_that_raises_publishes_nothing_and_says_no_text(store, engine, context):
    view = view_of(raw_table(store, WORDS))
    with pytest.raises(CurateError) as caught:
        engine.run(step(SHOUT, fail_at="word7"), view, context)
    assert "word7" not in str(caught.value)
    assert "ValueError" in str(caught.value)
    assert engine.find(step(SHOUT, fail_at="word7"), view, context) is None
    assert not list((store.root / "s" / "test_shout").glob("*.json"))


def _lossy(batch, spec, context):
    return Output(pa.table({"id": batch.column("id")[1:]}))


def test_a_stage_that_loses_a_row_is_stopped(store, engine, context):
    lossy = stage.stage("test_lossy", version=1, spec=ShoutSpec)(_lossy)
    with pytest.raises(CurateError, match="lost or added rows"):
        engine.run(Step("test_lossy", (Call(lossy, ShoutSpec()),)), view_of(raw_table(store, WORDS)), context)


def test_a_missing_extra_is_found_before_work(store, engine, context):
    lacking = dataclasses.replace(SHOUT, extra="voice", modules=("no_such_module_here",))
    with pytest.raises(MissingError, match=r"curation\[voice\]") as caught:
        engine.run(step(lacking), view_of(raw_table(store, WORDS)), context)
    assert caught.value.exit_code == 6
    assert not (store.root / "s" / "test_shout").exists()


def test_two_workers_give_the_bytes_of_one(tmp_path):
    """Real stages in real processes: the tests' own stages live where a fresh interpreter cannot import them."""
    from curation.clean.normalise import NormaliseSpec, normalise

    texts = [f"word {i}" for i in range(60)]
    results = []
    for workers in (1, 2):
        store = Store(tmp_path / str(workers))
        table = raw_table(store, texts)
        engine = Engine(store, workers=workers, pool_rows=0)
        done = engine.run(Step("n", (Call(normalise, NormaliseSpec()),)), View((table,)), Context(b"k" * 32, "s"))
        results.append((done.key, {k: v for k, (v, _) in snapshot(store.root).items()}))
    assert results[0] == results[1]


def test_shuffled_rows_give_the_same_table(tmp_path):
    keys = set()
    for seed in range(3):
        store = Store(tmp_path / str(seed))
        raw = raw_table(store, random.Random(seed).sample(WORDS, len(WORDS)))
        keys.add(Engine(store).run(step(SHOUT), view_of(raw), Context(b"k" * 32, "s")).key)
    assert len(keys) == 1


def test_what_a_stage_leaves_out_for_a_part_changes_no_key_and_no_row_of_it(store, engine, context):
    view = view_of(raw_table(store, WORDS))
    target = view.parts[0]
    only = dataclasses.replace(
        SHOUT, narrow=lambda spec, source, parts: spec if source == "s" and target in parts else ShoutSpec()
    )
    first = engine.run(step(only), view, context)
    assert engine.missing_parts(step(only, minimum=100), view, context) == [target]
    changed = engine.run(step(only, minimum=100), view, context)
    assert {name for name in view.parts if changed.parts[name] != first.parts[name]} == {target}
    assert changed.parts[target].rows == 0 and changed.rows > 0
    assert changed.manifest["ingredients"][0]["spec"]["minimum"] == 100
    elsewhere = Context(context.key, "other")
    assert engine.key(step(only, minimum=100), view, elsewhere) == engine.key(step(only), view, elsewhere)
