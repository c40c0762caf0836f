import random

import pyarrow as pa
import pytest

from curation.core import files
from curation.core.errors import IntegrityError
from curation.core.store import Store, prefix_digits
from tests.core.small import SHOUT, TWINS, raw_table, step, view_of

WORDS = [f"word{i}" for i in range(40)] + ["a", "b", "word1"]


def snapshot(root):
    return {str(p.relative_to(root)): (p.read_bytes(), p.stat().st_mtime_ns) for p in root.rglob("*") if p.is_file()}


def test_parts_grow_in_number_with_the_rows():
    assert [prefix_digits(n, 10) for n in (0, 10, 11, 160, 161)] == [0, 0, 1, 1, 2]


def test_what_is_written_is_read_back(store):
    table = raw_table(store, WORDS)
    again = Store(store.root).find("s", "raw", table.key)
    assert again == table
    words = [w for part in again.parts for w in again.read(part).column("language").to_pylist()]
    assert sorted(words) == sorted(WORDS)
    ids = [i for part in again.parts for i in again.read(part, ["id"]).column("id").to_pylist()]
    assert ids == sorted(ids)


def test_equal_work_is_equal_bytes_and_manifests_hold_no_time_or_place(tmp_path):
    one, two = Store(tmp_path / "one"), Store(tmp_path / "elsewhere" / "two")
    raw_table(one, WORDS)
    raw_table(two, random.Random(1).sample(WORDS, len(WORDS)))
    assert {k: v for k, (v, _) in snapshot(one.root).items()} == {k: v for k, (v, _) in snapshot(two.root).items()}
    assert str(tmp_path).encode() not in b"".join(v for v, _ in snapshot(one.root).values())


def test_a_new_row_changes_one_part(store):
    before = raw_table(store, WORDS).parts
    after = raw_table(store, [*WORDS, "one more"]).parts
    assert sum(before.get(name) != part for name, part in after.items()) == 1


def test_a_view_lays_tables_over_each_other(store, engine, context):
    raw = raw_table(store, WORDS)
    shouted = engine.run(step(SHOUT), view_of(raw), context)
    view = view_of(raw).over(shouted)
    assert view.rows == len(WORDS) - 2
    rows = pa.concat_tables(view.batches(["licence", "language"])).to_pylist()
    assert len(rows) == view.rows
    assert all(row["licence"] == row["language"].upper() for row in rows)
    twins = engine.run(step(TWINS), view, context)
    assert view.over(twins).rows == view.rows - 1
    assert twins.totals("reasons") == {"twins/twin": 1}
    left = pa.concat_tables(view.over(twins).batches()).to_pylist()
    assert len({row["licence"] for row in left}) == len(left) == view.over(twins).rows


def test_verify_finds_every_one_of_200_flipped_bits(store, engine, context):
    raw = raw_table(store, WORDS)
    engine.run(step(SHOUT), view_of(raw), context)
    assert list(store.verify()) == []
    paths = sorted(p for p in store.root.rglob("*") if p.is_file())
    rng = random.Random(7)
    for _ in range(200):
        path = rng.choice(paths)
        data = path.read_bytes()
        broken = bytearray(data)
        broken[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(broken))
        assert str(path.relative_to(store.root)) in list(store.verify())
        path.write_bytes(data)


def test_verify_names_what_is_missing_or_unknown(store):
    table = raw_table(store, WORDS)
    (store.root / "stranger").write_text("x")
    assert list(store.verify()) == ["stranger"]
    (store.root / "stranger").unlink()
    part = next(iter(table.parts.values()))
    (table.folder / "parts" / f"{part.key}.parquet").unlink()
    assert list(store.verify()) == [f"s/raw/parts/{part.key}.parquet"]
    (table.folder / "parts" / f"{part.key}.json").unlink()
    assert list(store.verify()) == [f"s/raw/{table.key}.json"]
    with pytest.raises(IntegrityError, match="missing"):
        store.find("s", "raw", table.key)


def test_a_damaged_part_is_an_integrity_error_not_a_traceback(store):
    table = raw_table(store, WORDS)
    name, part = next(iter(table.parts.items()))
    path = table.folder / "parts" / f"{part.key}.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(IntegrityError, match="cannot be read"):
        table.read(name)
    path.unlink()
    with pytest.raises(IntegrityError, match="missing"):
        table.read(name)


def test_sweep_keeps_what_live_tables_need(store, engine, context):
    raw = raw_table(store, WORDS)
    old = engine.run(step(SHOUT, minimum=1), view_of(raw), context)
    new = engine.run(step(SHOUT), view_of(raw), context)
    live = {("s", "raw", raw.key), ("s", "test_shout", new.key)}
    count, size = store.sweep(live, dry_run=True)
    assert count > 0 and size > 0
    assert store.find("s", "test_shout", old.key)
    assert store.sweep(live) == (count, size)
    assert store.find("s", "test_shout", old.key) is None
    assert list(store.verify()) == []
    assert [t.key for t in store.tables()] == sorted([raw.key, new.key], key=lambda k: k != raw.key)
    assert store.sweep(live) == (0, 0)


def test_a_failed_publish_leaves_no_table(store, engine, context, monkeypatch):
    raw = raw_table(store, WORDS)

    def fail(operation, path):
        if path.parent.name == "test_shout" and operation == "rename":
            raise OSError(28, "full")

    monkeypatch.setattr(files, "checkpoint", fail)
    with pytest.raises(Exception, match="disk is full"):
        engine.run(step(SHOUT), view_of(raw), context)
    assert engine.find(step(SHOUT), view_of(raw), context) is None
    monkeypatch.undo()
    before = snapshot(store.root)
    engine.run(step(SHOUT), view_of(raw), context)
    assert all(snapshot(store.root)[k] == v for k, v in before.items())  # finished parts were used, not made again
