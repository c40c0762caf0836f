"""Ray, really started: on two CPUs, on the loopback interface. A start takes seconds, hence `slow`."""

import functools
import importlib.util
import os
import random
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curation.clean.near_dup import NearDupSpec, near_dup
from curation.core import across, engine_ray, files, pool, records
from curation.core.engine import Engine
from curation.core.errors import GateError, MissingError, ProjectError, RetryError
from curation.core.project import Project
from curation.core.stage import Call, Context, Step
from curation.core.store import Store, View
from curation.methods.candidates import candidates, spread_candidates
from tests.core import ray_work
from tests.core.small import raw_table
from tests.core.test_store import snapshot

HEAP = pa.schema([("k", pa.uint64()), ("row", pa.int64())])
TABLES = [
    pa.table({"k": [i % 7 for i in range(n, n + 10)], "row": list(range(n, n + 10))}, schema=HEAP)
    for n in range(0, 200, 10)
]


def _rows(heaps):
    return sorted((row["k"], row["row_sum"], row["row_count"]) for heap in heaps for row in heap)


def test_the_local_pool_shuffles_to_one_heap():
    (heap,) = pool.Processes(1).shuffle(TABLES, "k", ray_work.sums)
    assert sum(row["row_count"] for row in heap) == 200
    assert not list(pool.Processes(1).shuffle([HEAP.empty_table()], "k", ray_work.sums))


def test_the_project_key_stays_out_of_what_travels(tmp_path):
    key = b"\x07" * 32
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "project.key").write_text(key.hex())
    data = engine_ray._pickled({"job": Context(key, "s")})
    assert key not in data and key.hex().encode() not in data
    found = engine_ray._unpickled(data, tmp_path)["job"]
    assert (found.key, found.source) == (key, "s")


def test_a_worker_that_sees_no_project_or_runs_other_code_says_so(tmp_path):
    batch = pa.table({"place": [0], "item": pa.array([engine_ray._pickled(1)], pa.binary())})

    def said(made_of):
        (row,) = engine_ray._at_work(batch, engine_ray._pickled(ray_work.double), tmp_path, made_of).to_pylist()
        return row

    import pickle

    assert "does not see the project's folder" in str(pickle.loads(said("other")["result"]))
    (tmp_path / "sources.yaml").write_text("sources: {}\n")
    assert "another curate" in str(pickle.loads(said("other")["result"]))
    assert pickle.loads(said(engine_ray._made_of())["result"]) == 2


def test_without_the_extra_it_is_said_before_any_work(tmp_path, monkeypatch):
    from curation.commands.pipeline import workers
    from tests.laws.projects import make_project

    made = make_project(tmp_path / "p", chats=1, questions=1, pairs=1)
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "ray" else found(name, *a))
    said = made.fails(6, "clean", "--engine", "ray")
    assert "pip install 'curation[ray]'" in said
    assert not (made.root / "data" / "tables").exists()
    project = Project.open(made.root, {"engine": "ray"})
    with pytest.raises(MissingError), workers(project):
        pass
    with workers(Project.open(made.root)) as local:
        assert local is None


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    from tests.laws.projects import make_project

    return make_project(tmp_path_factory.mktemp("ray") / "p").root


@pytest.fixture(scope="module")
def ray(root):
    if importlib.util.find_spec("ray") is None:
        pytest.skip("the extra `ray` is not installed")
    with engine_ray.RayPool(root, 2) as started:
        yield started


@pytest.mark.slow
def test_every_item_is_done_once_and_knows_its_place(ray):
    assert sorted(ray.each(ray_work.double, range(10))) == [(i, 2 * i) for i in range(10)]
    assert list(ray.each(ray_work.double, [])) == []


@pytest.mark.slow
def test_a_worker_reads_the_key_where_it_lies(ray, root):
    assert list(ray.each(ray_work.key_of, [Context(b"not this one", "s")])) == [(0, Project.open(root).key)]


@pytest.mark.slow
def test_rows_of_one_key_stay_together(ray):
    assert _rows(ray.shuffle(TABLES, "k", ray_work.sums)) == _rows(
        pool.Processes(1).shuffle(TABLES, "k", ray_work.sums)
    )
    assert not list(ray.shuffle([HEAP.empty_table()], "k", ray_work.sums))


@pytest.mark.slow
def test_errors_come_home_as_ours_without_a_row(ray, capfd):
    with pytest.raises(GateError, match="refused") as caught:
        list(ray.each(ray_work.refuse, [1, 2]))
    assert (caught.value.where, caught.value.fix, caught.value.exit_code) == ("here", "ask", 5)
    with pytest.raises(Exception, match="ValueError") as bug:
        list(ray.each(ray_work.quote, [1]))
    said = "".join(capfd.readouterr())
    assert "text of a row" not in str(bug.value) + said
    assert bug.value.exit_code == 1


@pytest.mark.slow
def test_a_worker_killed_in_mid_run_costs_no_item_and_no_row(ray, tmp_path, capfd):
    assert sorted(ray.each(ray_work.die_once, [(i, str(tmp_path)) for i in range(8)])) == [(i, i) for i in range(8)]
    (tmp_path / "died").unlink()
    heaps = ray.shuffle(TABLES, "k", functools.partial(ray_work.die_once_in_a_heap, str(tmp_path)))
    assert _rows(heaps) == _rows(pool.Processes(1).shuffle(TABLES, "k", ray_work.sums))
    assert (tmp_path / "died").exists()
    assert capfd.readouterr().out == ""  # data only


@pytest.mark.slow
def test_work_that_kills_every_worker_ends_with_an_error(ray):
    with pytest.raises(RetryError, match="lost a worker"):
        list(ray.each(ray_work.die, [1]))
    assert list(ray.each(ray_work.double, [4])) == [(0, 8)]


@pytest.mark.slow
def test_real_stages_give_the_bytes_of_one_process(ray, tmp_path):
    from curation.clean.normalise import NormaliseSpec, normalise

    step, context = Step("n", (Call(normalise, NormaliseSpec()),)), Context(Project.open(ray.root).key, "s")
    results = []
    for spread in (None, ray):
        store = Store(tmp_path / str(len(results)))
        table = raw_table(store, [f"word {i}" for i in range(60)])
        done = Engine(store, pool_rows=0, pool=spread).run(step, View((table,)), context)
        results.append((done.key, {k: v for k, (v, _) in snapshot(store.root).items()}))
    assert results[0] == results[1]


def _by_heaps(tables, key, work):
    """Rows of one key in one heap, several keys in a heap, rows in no order."""
    whole = pa.concat_tables(tables)
    for rest in range(3):
        heap = whole.filter(pa.array(whole[key].to_numpy() % 3 == rest))
        yield work(heap.take(np.random.default_rng(rest).permutation(len(heap))))


@pytest.mark.parametrize("bound", [1, 2, 5, 100])
def test_candidates_found_bucket_by_bucket_are_those_found_at_once(bound):
    bands = np.random.default_rng(bound).integers(0, 12, (200, 4), dtype=np.uint32) << np.uint32(25)
    here = candidates(bands, bound)
    there = spread_candidates(bands, bound, shuffle=_by_heaps)
    assert [a.tolist() for a in here[:2]] == [a.tolist() for a in there[:2]] and here[2] == there[2]
    assert len(here[0]) > 100 and (here[2] > 0) == (bound < 100)


@pytest.mark.slow
def test_near_duplicates_on_ray_are_those_of_one_process(ray, tmp_path):
    """Two sources with copies in and between them, over several parts each."""
    words = [f"w{i}" for i in range(40)]
    texts = [" ".join([*random.Random(i // 3).sample(words, 30), f"end{i}"]) for i in range(90)]
    step, results = Step("near_dup", (Call(near_dup, NearDupSpec()),)), []
    for spread in (None, ray):
        store = Store(tmp_path / str(len(results)))
        views = {name: View((chats(store, name, mine),)) for name, mine in (("a", texts[::2]), ("b", texts[1::2]))}
        tables = across.run(Engine(store, pool_rows=0, pool=spread), step, views)
        assert len(views["a"].parts) > 1
        assert sum(table.totals("notes")["in_clusters"] for table in tables.values()) > 40
        results.append({k: v for k, (v, _) in snapshot(store.root).items()})
    assert results[0] == results[1]


def chats(store, source, texts):
    """A published table of chats of one turn each, eight a part or so."""
    table = raw_table(store, texts, part_rows=8, source=source)
    parts = {}
    for name in table.parts:
        rows = table.read(name)
        turns = [[{"role": "user", "content": text, "reasoning": None}] for text in rows["language"].to_pylist()]
        place = rows.schema.get_field_index("messages")
        rows = rows.set_column(place, "messages", pa.array(turns, rows.schema.field("messages").type))
        key = files.digest(records.digests(rows))
        parts[name] = store.write_part(source, "records", key, rows, records.empty_dropped(), {})
    whole = files.digest(sorted(part.key for part in parts.values()))
    columns = records.RECORD_SCHEMA.names
    return store.publish(source, "records", whole, parts, columns=columns, ingredients=[], rows_in=len(texts))


@pytest.mark.slow
def test_it_listens_on_loopback_asks_for_a_token_and_hides_its_folder(ray):
    import ray as library

    context = library.get_runtime_context()
    folder = next(Path(tempfile.gettempdir()).glob(f"curate-ray-{os.getpid()}-*"))
    assert folder.stat().st_mode & 0o777 == 0o700
    host, port = context.gcs_address.rsplit(":", 1)
    assert host == "127.0.0.1"
    others = {i[4][0] for i in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
    for address in others:
        with socket.socket() as probe:
            # Not `connect`, which the tests' guard of the network forbids.
            assert probe.connect_ex((address, int(port))) != 0
    stranger = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")} | {"RAY_AUTH_MODE": "disabled"}
    code = f"import ray._raylet as r; r.GcsClient(address='{context.gcs_address}').internal_kv_keys(b'')"
    try:
        done = subprocess.run([sys.executable, "-c", code], env=stranger, capture_output=True, timeout=60)
        assert done.returncode != 0 and b"InvalidAuthToken" in done.stderr
    except subprocess.TimeoutExpired as refused:
        assert b"InvalidAuthToken" in (refused.stderr or b"")


@pytest.mark.slow
def test_a_cluster_that_is_not_there_and_a_way_that_does_not_work(ray):
    code = (
        "import sys; from pathlib import Path; from curation.core.engine_ray import RayPool\n"
        "from curation.core.errors import CurateError\n"
        "try:\n    list(RayPool(Path('.')).each(abs, [1]))\n"
        "except CurateError as e: print(e); sys.exit(e.exit_code)"
    )
    for address, exit_code in (("127.0.0.1:1", 6), ("ray://127.0.0.1:1", 3)):
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "RAY_ADDRESS": address}, capture_output=True, timeout=100
        )
        assert done.returncode == exit_code, (done.stdout, done.stderr)
        assert address.encode() in done.stdout


@pytest.mark.slow
def test_ray_imported_before_us_is_refused(monkeypatch):
    from curation.core import ray_start

    monkeypatch.setitem(sys.modules, "ray", sys)
    with pytest.raises(ProjectError, match="imported before"):
        ray_start._private.__wrapped__()  # its answer is kept for the whole process
