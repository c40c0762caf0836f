"""The stage `near_dup` over the stores of several sources, as the pipeline runs it."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.clean.near_dup import NearDupSpec, near_dup
from curation.core import across, declare, files
from curation.core.engine import Engine
from curation.core.records import RECORD_SCHEMA, empty_dropped
from curation.core.stage import Call, Step
from curation.core.store import Store, View
from curation.methods import known
from curation.methods.duplicate import pairs_of
from curation.methods.keep import keep_best
from tests.clean.helpers import record, turn
from tests.methods.test_near import brute_force, chats, corpora


class Rows:
    """Records in memory, as a project stage sees them."""

    def __init__(self, rows, part=7):
        self.table = pa.Table.from_pylist(sorted(rows, key=lambda r: r["id"]), schema=RECORD_SCHEMA)
        self.part = part

    def batches(self, columns):
        for start in range(0, len(self.table), self.part):
            yield self.table.slice(start, self.part).select(["id", *(c for c in columns if c != "pii")])

    def take(self, ids, columns):
        for batch in self.batches(columns):
            yield batch.filter(pa.compute.is_in(batch["id"], value_set=ids))


def said(name, texts, **more):
    """Chats of one user turn; ids in the order of the texts."""
    return [{**record(i, [turn("user", text)], **more), "id": f"{name}:{i:016x}"} for i, text in enumerate(texts)]


def run(sources, workers=1, part=7, **spec):
    made = near_dup.run({n: Rows(r, part) for n, r in sorted(sources.items())}, {}, NearDupSpec(**spec), workers)
    return pa.concat_tables([made[name].kept for name in sorted(made)])


def told(table):
    """For each record that has any: its near-duplicates."""
    rows = table.select(["id", "duplicate"]).to_pylist()
    return {r["id"]: {n["id"]: n["similarity"] for n in r["duplicate"]["near"]} for r in rows if r["duplicate"]["near"]}


def best(table, rank, eligible=None):
    near = pa.compute.struct_field(table["duplicate"].combine_chunks(), "near")
    pairs, _ = pairs_of(near, table["id"].combine_chunks())
    return keep_best(pairs, np.asarray(rank), eligible)


def words(count, seed=0):
    return " ".join(
        random.Random(seed).choices([a + b + c for a in "bcdfgh" for b in "aeiou" for c in "lmnprs"], k=count)
    )


# ------------------------------------------------------------------------------------------------- invariants


@given(corpora(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_law_the_best_of_near_duplicates_is_kept_with_a_witness_for_every_other(texts, rng):
    """No two kept at or above the threshold; whoever goes has a kept, better ranked witness; order does not matter."""
    homes = [rng.choice("abc") for _ in texts]
    numbers = rng.sample(range(10_000), len(texts))
    ids = [f"{home}:{number:016x}" for home, number in zip(homes, numbers, strict=True)]
    rank = dict(zip(ids, rng.sample(range(len(ids)), len(ids)), strict=True))
    truth = {frozenset((ids[a], ids[b])): s for (a, b), s in brute_force(texts, 0.8).items()}
    rows = {
        n: [{**record(0, [turn("user", t)]), "id": i} for i, t in zip(ids, texts, strict=True) if i[0] == n]
        for n in "abc"
    }
    table = run(rows, exact=True)
    there = table["id"].to_pylist()
    kept = best(table, [rank[i] for i in there])
    stays = {i for i, k in zip(there, kept.kept, strict=True) if k}
    assert not any(pair <= stays for pair in truth)
    for i, witness, similarity in zip(there, kept.witness, kept.similarity, strict=True):
        assert (witness == -1) == (i in stays)
        if i not in stays:
            w = there[witness]
            assert w in stays and rank[w] < rank[i] and truth[frozenset((i, w))] == pytest.approx(float(similarity))
    # Another order of rows, other parts, more workers: the same bytes. And sketches find what the exact join finds.
    for n in rows:
        rng.shuffle(rows[n])
    assert run(rows, workers=2, exact=True).equals(table)
    clusters = {}
    for row in table.to_pylist():
        clusters.setdefault(row["duplicate"]["cluster"], set()).add(row["id"])
    alone = clusters.pop(None, set())
    assert all(first == min(members) and len(members) > 1 for first, members in clusters.items())
    assert all(any(pair <= members for members in clusters.values()) for pair in truth)
    assert not any(pair & alone for pair in truth)


def test_default_and_exact_find_the_same_and_workers_change_nothing():
    texts = [words(120, i // 3) + f" and {i}" * (i % 3) for i in range(300)]
    rows = {"a": said("a", texts[:100]), "b": said("b", texts[100:])}
    table = run(rows)
    assert len(told(table)) == 300
    assert run(rows, workers=2).equals(table)
    assert run(rows, exact=True).select(["id", "duplicate"]).equals(table.select(["id", "duplicate"]))


@pytest.mark.slow
@pytest.mark.laws
def test_the_invariants_hold_on_a_hundred_thousand_records():
    """The default engine; pairs that it misses are counted against the exact join."""
    texts = chats(100_000)
    rows = {"a": said("a", texts[:60_000]), "b": said("b", texts[60_000:])}
    table = run(rows, part=20_000)
    near = pa.compute.struct_field(table["duplicate"].combine_chunks(), "near")
    found, _ = pairs_of(near, table["id"].combine_chunks())
    truth, _ = pairs_of(
        pa.compute.struct_field(run(rows, part=20_000, exact=True)["duplicate"].combine_chunks(), "near"),
        table["id"].combine_chunks(),
    )
    keys = [
        dict(zip(zip(p.left.tolist(), p.right.tolist(), strict=True), p.similarity.tolist(), strict=True))
        for p in (found, truth)
    ]
    missed = keys[1].keys() - keys[0].keys()
    print(f"{len(keys[1])} pairs by the exact join, {len(missed)} missed")
    assert len(keys[1]) > 60_000 and len(missed) <= 1e-4 * len(keys[1])
    assert all(keys[1][pair] == similarity for pair, similarity in keys[0].items())
    rank = np.random.default_rng(5).permutation(len(texts))
    kept = best(table, rank)
    assert not any(kept.kept[a] and kept.kept[b] for a, b in keys[1].keys() - missed)
    gone = np.flatnonzero(~kept.kept)
    assert len(gone) > 20_000 and kept.kept[kept.witness[gone]].all() and (rank[kept.witness[gone]] < rank[gone]).all()
    assert all(keys[1][i, w] >= 0.8 for i, w in zip(gone.tolist(), kept.witness[gone].tolist(), strict=True))
    for name in rows:
        random.Random(1).shuffle(rows[name])
    assert run(rows, part=7_000, workers=2).equals(table)


# ------------------------------------------------------------------------------------------------- what is compared


def test_short_exchanges_under_one_long_persona_prompt_lose_none():
    prompt = turn("system", words(300, 1))
    rows = [
        record(i, [prompt, turn("user", words(10, 2 * i + 5)), turn("assistant", words(12, 2 * i + 6))])
        for i in range(2000)
    ]
    table = run({"demo": rows})
    assert not told(table) and best(table, range(2000)).kept.all()


def test_a_preference_is_never_a_near_duplicate_of_a_chat():
    text, answer = words(80, 1), words(80, 2)
    talk = record(1, [turn("user", text), turn("assistant", answer)])
    pair = record(
        2,
        [turn("user", text)],
        kind="preference",
        chosen=[turn("assistant", answer)],
        rejected=[turn("assistant", "no")],
    )
    again = {**pair, "id": "demo:0000000000000003", "rejected": [turn("assistant", "nope no")]}
    for exact in (False, True):
        found = told(run({"demo": [talk, pair, again]}, exact=exact))
        assert set(found) == {pair["id"], again["id"]}


def test_the_same_prompt_with_other_answers_is_no_near_duplicate():
    def pair(i, chosen, rejected):
        return record(
            i,
            [turn("user", words(15, 1))],
            kind="preference",
            chosen=[turn("assistant", chosen)],
            rejected=[turn("assistant", rejected)],
        )

    rows = [
        pair(0, words(30, 2), words(30, 3)),
        pair(1, words(30, 4), words(30, 5)),
        pair(2, words(30, 6), words(30, 6)),
    ]
    made = near_dup.run({"demo": Rows(rows)}, {}, NearDupSpec(), 1)["demo"]
    assert not told(made.kept) and made.notes == {"answers_alike": 1}
    assert [row["duplicate"]["answers"] for row in made.kept.to_pylist()][2] == 1.0


def test_a_chat_that_is_cut_off_is_a_part_of_the_whole_one_but_no_single_text_is():
    turns = [
        turn("user", words(60, 1)),
        turn("assistant", words(60, 2)),
        turn("user", words(60, 3)),
        turn("assistant", words(60, 4)),
    ]
    whole, cut = record(1, turns), record(2, turns[:2])
    table = run({"demo": [whole, cut]})
    assert told(table) == {whole["id"]: {cut["id"]: 1.0}, cut["id"]: {whole["id"]: 1.0}}
    assert table.to_pylist()[0]["duplicate"]["near"][0]["kind"] == "part"
    assert told(run({"demo": [whole, cut]}, exact=True)) == told(table)
    assert not told(run({"demo": [whole, cut]}, containment=0.0))
    one_turn = said("demo", [words(240, 1), " ".join(words(240, 1).split()[:120])])
    assert not told(run({"demo": one_turn}))


def test_boilerplate_does_not_make_near_duplicates():
    notice = words(100, 1)
    rows = [f"{notice} {words(12, i)}" for i in range(2, 6)]
    assert len(told(run({"demo": said("demo", rows)}))) == 4
    assert not told(run({"demo": said("demo", rows)}, boilerplate=(notice,)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 0.0},
        {"threshold": 1.2},
        {"containment": 2.0},
        {"short_grams": 6},
        {"short_words": 3},
        {"max_bucket": 0},
    ],
)
def test_parameters_that_mean_nothing_are_refused(wrong):
    document = declare.Document({"stages": {"near_dup": wrong}})
    with pytest.raises(files.CurateError):
        declare.bind(NearDupSpec, document, ("stages", "near_dup"))


# ------------------------------------------------------------------------------------------------- bad input


BAD = [
    *("", " \n\t", "…!?", "😀😀 😀", "a", "a b", "A, b!"),
    *("我很难过" * 30, "我很难过" * 30 + "。", "word " * 200_000, "x" * 1_000_000),
]


def test_awkward_texts_are_told_apart_or_together_and_nothing_fails():
    table = run({"demo": [*said("demo", BAD), record(99, [turn("system", "only")]), record(100, [])]})
    near = {int(i[5:], 16): {int(o[5:], 16) for o in others} for i, others in told(table).items()}
    assert near == {6: {5}, 8: {7}}
    assert not len(run({"demo": []}))


def test_a_bucket_of_many_is_bounded_and_counted():
    rows = said("demo", [f"{words(100, 1)} {i}" for i in range(300)])
    made = near_dup.run({"demo": Rows(rows, 100)}, {}, NearDupSpec(max_bucket=5), 1)["demo"]
    assert made.notes["not_compared"] > 0 and made.notes["in_clusters"] == 300
    assert sum(len(n) for n in told(made.kept).values()) < 300 * 2 * 25 * 5
    assert best(made.kept, range(300)).kept.sum() < 100


# ------------------------------------------------------------------------------------------------- in the store


class Project:
    """Sources in a store, and the step over them."""

    def __init__(self, root: Path):
        self.engine = Engine(Store(root))

    def view(self, name, rows):
        parts = {}
        for digit in "0123456789abcdef":
            mine = sorted((r for r in rows if r["id"].partition(":")[2].startswith(digit)), key=lambda r: r["id"])
            table = pa.Table.from_pylist(mine, schema=RECORD_SCHEMA)
            parts[digit] = self.engine.store.write_part(
                name, "records", files.digest([digit, mine]), table, empty_dropped(), {}
            )
        key = files.digest([p.key for p in parts.values()])
        return View(
            (
                self.engine.store.publish(
                    name, "records", key, parts, columns=RECORD_SCHEMA.names, ingredients=[], rows_in=len(rows)
                ),
            )
        )

    def run(self, sources, **spec):
        step = Step("near_dup", (Call(near_dup, NearDupSpec(**spec)),))
        tables = across.run(self.engine, step, {name: self.view(name, rows) for name, rows in sources.items()})
        return {
            str(path.relative_to(self.engine.store.root)): path.read_bytes()
            for name, t in tables.items()
            for path in [
                t.folder / f"{t.key}.json",
                *(t.folder / "parts" / f"{p.key}{s}" for p in t.parts.values() for s in (".json", ".parquet")),
            ]
        }


def hashed(name, texts, start=0):
    rows = said(name, texts)
    return [{**row, "id": f"{name}:{files.digest([name, i])[:16]}"} for i, row in enumerate(rows, start)]


@pytest.fixture
def sketches(monkeypatch):
    """How many texts were sketched, run by run."""
    counted = []

    def count(texts, *more, **options):
        counted.append(len(texts))
        return original(texts, *more, **options)

    original = known.sketch_all
    monkeypatch.setattr(known, "sketch_all", count)
    return counted


OLD = [words(100, i // 2) + " more" * (i % 2) for i in range(200)]


@pytest.mark.parametrize("where", ["a", "c"])
@pytest.mark.parametrize("max_bucket", [1, 256])
def test_new_rows_cost_in_proportion_and_give_the_bytes_of_a_full_run(tmp_path, sketches, where, max_bucket):
    new = [words(100, i) + " new" for i in range(20)]
    grown = {"a": hashed("a", OLD), "b": hashed("b", OLD[:50])}
    step_by_step = Project(tmp_path / "one")
    step_by_step.run(grown, max_bucket=max_bucket)
    grown = {**grown, where: [*grown.get(where, ()), *hashed(where, new, 1000)]}
    sketches.clear()
    found = step_by_step.run(grown, max_bucket=max_bucket)
    assert sum(sketches) == 20
    assert found == Project(tmp_path / "two").run(grown, max_bucket=max_bucket)


def test_a_withdrawn_record_leaves_no_trace(tmp_path):
    rows = hashed("a", [words(80, 1), words(80, 1) + " one", words(80, 1) + " two", words(80, 9)])
    project = Project(tmp_path / "one")
    before = project.run({"a": rows})
    assert any(rows[0]["id"].encode() in data for data in before.values())
    left = project.run({"a": rows[1:]})
    assert left == Project(tmp_path / "two").run({"a": rows[1:]})
    assert not any(rows[0]["id"].encode() in data for data in left.values())


def test_texts_that_change_are_compared_anew(tmp_path):
    project = Project(tmp_path / "one")
    rows = hashed("a", OLD)
    project.run({"a": rows})
    changed = [
        {**r, "messages": [turn("user", words(100, 7) + " again")]} if i % 10 == 0 else r for i, r in enumerate(rows)
    ]
    assert project.run({"a": changed}) == Project(tmp_path / "two").run({"a": changed})


@pytest.mark.slow
def test_a_million_identical_records_make_a_star():
    ids = pa.array([f"a:{i:016x}" for i in range(1_000_000)])
    one = pa.array(
        [[turn("user", "the very same words"), turn("assistant", "every time")]], RECORD_SCHEMA.field("messages").type
    )

    class Equal(Rows):
        def __init__(self):
            kind = pa.array(["chat"]).take(pa.array(np.zeros(len(ids), np.int64)))
            self.table = pa.table(
                {"id": ids, "kind": kind, "messages": one.take(pa.array(np.zeros(len(ids), np.int64)))}
            )
            self.part = 20_000

        def batches(self, columns):
            return super().batches([c for c in columns if c in self.table.column_names])

    made = near_dup.run({"a": Equal()}, {}, NearDupSpec(), 1)["a"]
    assert made.notes == {"in_clusters": 1_000_000, "same_words": 999_999}
    assert best(made.kept, range(1_000_000)).kept.sum() == 1
