"""Near-duplicates in a mix: the best of those it may take stays, and none is lost for one that it may not."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from export_stand import SCHEMA, Memory, make_project, publish, quick_law, record
from hypothesis import given
from hypothesis import strategies as st

from curation.core.annotations import Annotations, Answer
from curation.export.count import Estimate
from curation.export.export import export, left_out
from curation.export.gates import Right, classify
from curation.export.index import ALL_REASONS, build_index
from curation.export.mix import select
from curation.export.people import People
from curation.export.recipe import MixRecipe, Persona, Splits
from curation.methods.duplicate import DUPLICATE

SFT = MixRecipe(mix="m", task="sft")
NOBODY = People({}, frozenset())


def duplicate(cluster=None, near=(), words=10):
    items = [{"id": i, "similarity": s, "kind": "same words" if s == 1 else "similar"} for i, s in near]
    return {"words": words, "cluster": cluster, "near": items, "answers": None}


def rows_of(names, pairs, words=None):
    """Records of source and number, with what `near_dup` would say; `pairs` maps two of them to a similarity."""
    made = {name: record(*name) for name in names}
    first = sorted(names, key=lambda n: made[n]["id"])
    near = {name: [] for name in names}
    for (a, b), similarity in pairs.items():
        if similarity < 1:
            near[a].append((made[b]["id"], similarity))
            near[b].append((made[a]["id"], similarity))
        else:
            low, high = sorted((a, b), key=first.index)
            near[high].append((made[low]["id"], 1.0))
    touched = {n for pair in pairs for n in pair}
    return {
        n: {**made[n], "duplicate": duplicate("c" if n in touched else None, near[n], (words or {}).get(n, 10))}
        for n in names
    }


def views_of(folder, rows, sources=None):
    project = make_project(folder, {n: {} for n in sorted({n[0] for n in rows})})
    names = sources or sorted({n[0] for n in rows})
    return project, {
        s: publish(project, s, [r for n, r in rows.items() if n[0] == s], types={"duplicate": DUPLICATE}) for s in names
    }


def decided(rows, *, sources=None, recipe=SFT, people=NOBODY, priority=None, licences=None):
    names = sources or sorted({n[0] for n in rows})
    schema = SCHEMA.append(pa.field("duplicate", DUPLICATE))
    views = {s: Memory([r for n, r in rows.items() if n[0] == s], schema=schema) for s in names}
    index = build_index(bytes(32), recipe, views, people, Estimate(), lambda line: None)
    licences = {name: (licences or {}).get(name, "MIT") for name in views}
    rights = {name: Right(licence, classify(licence)) for name, licence in licences.items()}
    select(index, recipe, {name: (priority or {}).get(name, 0) for name in views}, rights)
    ids = index.id.to_pylist()
    names = {row["id"]: name for name, row in rows.items()}
    gone = {names[i]: ALL_REASONS[r] for i, r in zip(ids, index.reason, strict=True) if r}
    witness = {names[ids[k]]: (names[w], round(index.similarity.get(k, 0), 3)) for k, w in index.witness.items()}
    return gone, witness


A, B, C = ("a", 1), ("b", 1), ("c", 1)


def test_the_best_stays_with_a_witness_for_the_others():
    rows = rows_of([A, B, C], {(A, B): 0.9, (B, C): 0.85}, words={B: 30})
    assert decided(rows) == (dict.fromkeys((A, C), "near_duplicate"), {A: (B, 0.9), C: (B, 0.85)})
    # What is near to a row that goes is no reason to go.
    gone, witness = decided(rows, priority={"a": 5})
    assert (gone, witness) == ({B: "near_duplicate"}, {B: (A, 0.9)})


@pytest.mark.parametrize("given", ["approved", "licence", "priority", "length"])
def test_the_order_of_preference(given):
    """Each of them outranks those after it."""
    after = ["approved", "licence", "priority", "length"]
    better, worse = {given}, set(after[after.index(given) + 1 :])
    rows = rows_of([A, B], {(A, B): 0.9}, words={A: 99} if "length" in worse else {B: 99} if "length" in better else {})
    people = People({rows[B]["id"]: "approve"}, frozenset()) if "approved" in better else NOBODY
    licences = {"b": "MIT", "a": "CC-BY-4.0"} if "licence" in better else {"a": "MIT", "b": "CC-BY-4.0"}
    if "licence" not in better | worse:
        licences = {}
    priority = {"b": 1} if "priority" in better else {"a": 1} if "priority" in worse else {}
    gone, _ = decided(rows, people=people, licences=licences, priority=priority)
    assert gone == {A: "near_duplicate"}


def test_a_text_is_not_lost_for_a_near_duplicate_that_the_mix_does_not_take():
    rows = rows_of([A, B], {(A, B): 0.9}, words={A: 99})
    assert decided(rows, sources=["b"]) == ({}, {})
    rejected = People({rows[A]["id"]: "reject"}, frozenset())
    assert decided(rows, people=rejected) == ({A: "rejected"}, {})
    held = People({}, frozenset(), frozenset({rows[A]["id"]}))
    assert decided(rows, people=held) == ({A: "held"}, {})
    # Another voice teaches something else.
    rows[A]["persona"] = "client"
    both = MixRecipe(mix="m", task="sft", personas={"client": Persona(opening="Hi"), "assistant": Persona()})
    assert "near_duplicate" not in decided(rows, recipe=both)[0].values()


def test_rows_are_linked_over_one_of_the_same_words_that_stands_in_no_source_of_the_mix():
    """C has the words of B, which alone is compared with A."""
    rows = rows_of([A, B, C], {(A, B): 0.9, (B, C): 1.0})
    assert decided(rows, sources=["a", "c"]) == ({C: "near_duplicate"}, {C: (A, 0.9)})


def test_a_twin_of_a_row_that_goes_names_what_stays():
    rows = rows_of([A, B, C], {(A, B): 0.9, (B, C): 1.0, (A, C): 0.9}, words={A: 99})
    rows[C]["text_digest"] = rows[B]["text_digest"]
    gone, witness = decided(rows)
    assert gone == dict.fromkeys((B, C), "near_duplicate") and witness == {B: (A, 0.9), C: (A, 0.9)}


@quick_law
@given(st.data())
def test_law_no_pair_is_kept_and_every_witness_is(data):
    names = [(s, n) for s in "ab" for n in range(4)]
    pairs = data.draw(
        st.dictionaries(
            st.tuples(st.sampled_from(names), st.sampled_from(names)).filter(lambda p: p[0] < p[1]),
            st.sampled_from([0.8, 0.9]),
            max_size=10,
        )
    )
    rows = rows_of(names, pairs, words={n: data.draw(st.integers(1, 3)) for n in names})
    rejected = data.draw(st.sets(st.sampled_from(names)))
    people = People({rows[n]["id"]: "reject" for n in rejected}, frozenset())
    gone, witness = decided(rows, people=people)
    assert not any(a not in gone and b not in gone for a, b in pairs)
    assert set(witness) == {n for n, reason in gone.items() if reason == "near_duplicate"}
    for name, (other, similarity) in witness.items():
        assert other not in gone and pairs[min(name, other), max(name, other)] == similarity


def test_what_is_left_out_says_of_whom_and_how_similar_and_clusters_fall_on_one_side(tmp_path):
    names = [("a", n) for n in range(60)] + [("b", n) for n in range(60)]
    pairs = {(("a", n), ("b", n)): 0.875 for n in range(60)}
    rows = rows_of(names, pairs)
    for n in names:
        rows[n]["duplicate"]["cluster"] = f"cluster {n[1]}"
        rows[n]["persona"] = "client" if n[0] == "a" and n[1] < 30 else "assistant"
    project, views = views_of(tmp_path / "p", rows)
    voices = {"client": Persona(opening="Hi"), "assistant": Persona()}
    both = MixRecipe(mix="m", task="sft", personas=voices, splits=Splits(validation=0.6))
    done = export(project, both, views)
    table = pq.read_table(done.folder / "left_out.parquet")
    near = table.filter(pc.equal(table["reason"], "near_duplicate")).to_pylist()
    assert len(near) == 30 and {row["score"] for row in near} == {0.875}
    assert left_out(project, near[0]["id"]) == [
        (str(done.folder.relative_to(project.root)), f"near-duplicate of {near[0]['witness']} (similarity 0.875)")
    ]
    numbers = {row["id"]: name[1] for name, row in rows.items()}
    sides = {}
    for side in ("train", "validation"):
        path = done.folder / f"{side}.parquet"
        if path.exists():
            for i in pq.read_table(path, columns=["id"])["id"].to_pylist():
                sides.setdefault(numbers[i], set()).add(side)
    assert all(len(found) == 1 for found in sides.values()) and len(sides) == 60
    assert {"validation"} in sides.values() and {"train"} in sides.values()
    assert "near_duplicate" in (done.folder / "README.md").read_text()


def test_an_answer_of_a_person_changes_who_stays(tmp_path):
    rows = rows_of([A, B], {(A, B): 0.9}, words={A: 99})
    project, views = views_of(tmp_path / "p", rows)
    first = export(project, SFT, views)
    Annotations(project.root / "annotations").add([Answer(rows[B]["id"], "decision", "approve", "ann")])
    second = export(project, SFT, views)
    for done, stays in ((first, A), (second, B)):
        assert pq.read_table(done.folder / "train.parquet")["id"].to_pylist() == [rows[stays]["id"]]
    assert pa.types.is_floating(pq.read_table(first.folder / "left_out.parquet")["score"].type)
