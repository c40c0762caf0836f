import numpy as np
import pyarrow as pa
from export_stand import Memory, make_project, pair, publish, quick_law, record, turns
from hypothesis import given
from hypothesis import strategies as st

from curation.export.count import Estimate
from curation.export.gates import Right, classify
from curation.export.index import ALL_REASONS, build_index
from curation.export.mix import select
from curation.export.people import People
from curation.export.recipe import Budget, MixRecipe, Persona, Where

KEY = bytes(range(32))
NOBODY = People({}, frozenset())


def index_of(folder, rows_by_source, recipe, *, people=NOBODY, priority=None, licences=None, digits=0, tag=""):
    project = make_project(folder / f"p{tag}", {name: {} for name in rows_by_source})
    views = {name: publish(project, name, rows, digits=digits) for name, rows in rows_by_source.items()}
    return decide(views, recipe, people=people, priority=priority, licences=licences)


def decide(views, recipe, *, people=NOBODY, priority=None, licences=None):
    index = build_index(KEY, recipe, views, people, Estimate(), lambda line: None)
    licences = {name: (licences or {}).get(name, "MIT") for name in views}
    index.found = select(
        index,
        recipe,
        {name: (priority or {}).get(name, 0) for name in views},
        {name: Right(licence, classify(licence)) for name, licence in licences.items()},
    )
    return index


def held(index, source):
    """The rows of a source that are held out, taken or not."""
    which = (index.sides.of > 0) & (index.source == index.names.index(source))
    return index.id.filter(pa.array(which)).to_pylist()


def trained(index):
    """Rows taken for training by source."""
    found = index.found.taken.row[index.sides.of[index.found.taken.row] == 0]
    return {n: int((index.source[found] == k).sum()) for k, n in enumerate(index.names)}


def taken(index):
    return [i for i, kept in zip(index.id.to_pylist(), index.selected, strict=True) if kept]


def reasons(index):
    return {i: ALL_REASONS[r] for i, r in zip(index.id.to_pylist(), index.reason, strict=True)}


def test_every_reason_before_the_view(tmp_path):
    rows = {
        "": record("a", 1),
        "kind": pair("a", 2),
        "forgotten": record("a", 3),
        "rejected": record("a", 4),
        "persona": record("a", 5, persona="client"),
        "language": record("a", 6, language=None),
        "too_many_turns": record("a", 7, messages=turns("u: 1", "a: 2", "u: 3", "a: 4")),
    }
    recipe = MixRecipe(
        mix="m", task="sft", personas={"assistant": Persona()}, where=Where(languages=("en",), max_turns=2)
    )
    people = People({rows["rejected"]["id"]: "reject", rows[""]["id"]: "approve"}, frozenset({rows["forgotten"]["id"]}))
    index = index_of(tmp_path, {"a": list(rows.values())}, recipe, people=people)
    assert reasons(index) == {row["id"]: reason for reason, row in rows.items()}
    approved = MixRecipe(mix="m", task="sft", where=Where(approved=True, min_turns=2))
    found = reasons(index_of(tmp_path, {"a": list(rows.values())}, approved, people=people, tag=2))
    assert [i for i, reason in found.items() if not reason] == [rows[""]["id"]]


def test_kinds_by_task(tmp_path):
    rows = {"a": [record("a", 1), pair("a", 2), record("a", 3, kind="unpaired", chosen=turns("a: x"), label=True)]}
    for tag, (recipe, count) in enumerate(
        [
            (MixRecipe(mix="m", task="sft"), 1),
            (MixRecipe(mix="m", task="dpo"), 1),
            (MixRecipe(mix="m", task="sft", chosen_as_sft=True), 2),
        ]
    ):
        assert len(taken(index_of(tmp_path, rows, recipe, tag=tag))) == count


def test_emotions_by_label_and_by_group(tmp_path):
    kind = pa.struct([("turns", pa.list_(pa.struct([("labels", pa.list_(pa.string()))])))])

    def felt(number, *labels):
        tagged = None if labels == (None,) else {"turns": [{"labels": each} for each in labels]}
        return record("a", number) | {"emotion": tagged}

    rows = [felt(1, ["grief"], []), felt(2, None, ["joy", "love"]), felt(3, ["neutral"], None), felt(4, None)]
    project = make_project(tmp_path, {"a": {}})
    views = {"a": publish(project, "a", rows, types={"emotion": kind}, digits=1)}
    for names, numbers in (
        (("grief",), {0}),
        (("ekman7.sadness", "love"), {0, 1}),
        (("sentiment3.positive",), {1}),
        (("pride",), set()),
    ):
        index = decide(views, MixRecipe(mix="m", task="sft", where=Where(emotions=names)))
        assert set(taken(index)) == {rows[n]["id"] for n in numbers}
        assert set(reasons(index).values()) <= {"", "emotion"}
    untagged = {"a": publish(project, "a", rows)}
    assert taken(decide(untagged, MixRecipe(mix="m", task="sft", where=Where(emotions=("grief",))))) == []


def test_twins_keep_the_approved_then_the_freer_then_the_preferred_then_the_first_id(tmp_path):
    recipe = MixRecipe(mix="m", task="sft")
    rows = {name: [record(name, 1, messages=turns("u: Hi.", "a: Ho."))] for name in "abc"}
    ids = {name: of[0]["id"] for name, of in rows.items()}
    cases = [
        (
            {
                "people": People({ids["c"]: "approve"}, frozenset()),
                "priority": {"b": 9},
                "licences": {"c": "cc-by-4.0"},
            },
            "c",
        ),
        ({"licences": {"a": "gpl-3.0", "c": "cc-by-4.0"}, "priority": {"a": 9}}, "b"),
        ({"priority": {"c": 1}}, "c"),
        ({}, "a"),
    ]
    for tag, (given_, stays) in enumerate(cases):
        index = index_of(tmp_path, rows, recipe, tag=tag, **given_)
        assert taken(index) == [ids[stays]]
        assert set(index.witness.values()) == {ids[stays]} and len(index.witness) == 2


def test_twins_taught_in_two_voices_both_stay(tmp_path):
    rows = {
        name: [record(name, 1, messages=turns("u: Hi.", "a: Ho."), persona=persona)]
        for name, persona in (("a", "assistant"), ("b", "client"))
    }
    voices = {"assistant": Persona(), "client": Persona(opening="Hello.")}
    assert len(taken(index_of(tmp_path, rows, MixRecipe(mix="m", task="sft", personas=voices)))) == 2


def test_a_twin_that_may_not_leave_displaces_none(tmp_path):
    rows = {name: [record(name, 1, messages=turns("u: Hi.", "a: Ho."))] for name in "ab"}
    people = People({rows["a"][0]["id"]: "reject"}, frozenset())
    assert taken(index_of(tmp_path, rows, MixRecipe(mix="m", task="sft"), people=people)) == [rows["b"][0]["id"]]


def test_shares_are_met_and_shortage_is_no_redistribution(tmp_path):
    rows = {name: [record(name, n) for n in range(count)] for name, count in (("a", 60), ("b", 60), ("c", 3))}
    recipe = MixRecipe(mix="m", task="sft", budget=Budget(rows=40), shares={"a": 0.5, "b": 0.25, "c": 0.25})
    index = index_of(tmp_path, rows, recipe)
    assert index.found.amounts.portion_asked.tolist() == [[20, 10, 10]]
    assert trained(index) == {"a": 20, "b": 10, "c": 3 - len(held(index, "c"))}


def test_rows_and_caps(tmp_path):
    rows = {name: [record(name, n) for n in range(30)] for name in "ab"}
    capped = index_of(tmp_path, rows, MixRecipe(mix="m", task="sft", max_rows_per_source=7))
    assert {c["selected"] for c in capped.counts().values()} == {7}
    budget = index_of(tmp_path, rows, MixRecipe(mix="m", task="sft", budget=Budget(rows=20)), tag=2)
    train = budget.sides.of == 0
    for source in range(2):
        ranks = np.sort(budget.rank[train & (budget.source == source)])
        assert set(budget.rank[budget.selected & train & (budget.source == source)]) == set(ranks[:10])


def test_another_seed_or_mix_takes_other_rows(tmp_path):
    rows = {"a": [record("a", n) for n in range(60)]}
    found = [
        frozenset(taken(index_of(tmp_path, rows, recipe, tag=tag)))
        for tag, recipe in enumerate(
            [
                MixRecipe(mix="m", task="sft", budget=Budget(rows=20)),
                MixRecipe(mix="m", task="sft", budget=Budget(rows=20), seed=18),
                MixRecipe(mix="n", task="sft", budget=Budget(rows=20)),
            ]
        )
    ]
    assert len(set(found)) == 3


def test_an_added_source_leaves_the_rows_of_the_others(tmp_path):
    rows = {name: [record(name, n) for n in range(40)] for name in "ab"}
    recipe = MixRecipe(mix="m", task="sft", max_rows_per_source=11)
    before, after = (
        taken(index_of(tmp_path, some, recipe, tag=tag, digits=1))
        for tag, some in (("1", {"b": rows["b"]}), ("2", rows))
    )
    assert [i for i in after if i.startswith("b:")] == before
    alone, both = (
        MixRecipe(mix="m", task="sft", budget=Budget(rows=size), shares=shares)
        for size, shares in ((11, {"b": 1.0}), (22, {"a": 0.5, "b": 0.5}))
    )
    before, after = (
        taken(index_of(tmp_path, some, r, tag=f"x{len(some)}")) for some, r in (({"b": rows["b"]}, alone), (rows, both))
    )
    assert [i for i in after if i.startswith("b:")] == before


ROW = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["chat", "chat", "preference", "unpaired"]),
        "persona": st.sampled_from(["assistant", "client", "neutral"]),
        "language": st.sampled_from(["en", "de", None]),
        "group": st.sampled_from(["g1", "g2", None]),
        "text_digest": st.sampled_from(["d1", "d2", None]),
        "messages": st.sampled_from([turns("u: x", "a: y"), turns("u: x"), turns("a: y", "u: x", "a: z"), []]),
        "chosen": st.sampled_from([None, turns("a: c")]),
        "rejected": st.sampled_from([None, turns("a: r")]),
    }
)
RECIPE = st.builds(
    MixRecipe,
    mix=st.just("m"),
    task=st.sampled_from(["sft", "dpo"]),
    budget=st.none() | st.builds(Budget, rows=st.integers(1, 20)) | st.builds(Budget, tokens=st.integers(1, 400)),
    max_rows_per_source=st.none() | st.integers(1, 5),
    where=st.builds(Where, languages=st.none() | st.just(("en",)), min_turns=st.none() | st.just(2)),
)


@quick_law
@given(st.lists(st.tuples(st.sampled_from("ab"), ROW), max_size=25), RECIPE, st.randoms(use_true_random=False))
def test_rows_seen_are_rows_selected_and_left_out_whatever_the_order_of_parts(some, recipe, random):
    rows = {name: [record(name, n, **row) for n, (source, row) in enumerate(some) if source == name] for name in "ab"}
    index = decide({name: Memory(rows[name], random) for name in "ab"}, recipe)
    for name, counted in index.counts().items():
        left_out = [n for reason, n in counted.items() if reason.startswith("left_out/")]
        assert counted["seen"] == len(rows[name]) == counted["selected"] + sum(left_out)
    assert all(ALL_REASONS[r] or kept for r, kept in zip(index.reason, index.selected, strict=True))
    assert set(index.witness.values()) <= set(index.id.to_pylist())
    again = decide({name: Memory(rows[name], random) for name in random.sample("ab", 2)}, recipe)
    assert reasons(again) == reasons(index) and again.id == index.id
