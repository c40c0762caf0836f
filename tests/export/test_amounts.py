"""What a mix asks for and what it gets: shares in tokens, phases, voices, repeats, shortages; what moves nothing."""

import dataclasses
import random

import numpy as np
import pyarrow.parquet as pq
import pytest
from export_stand import make_project, publish, record, turns
from hypothesis import given
from hypothesis import strategies as st

from curation.core.errors import ProjectError
from curation.export.asked import Condition
from curation.export.export import export
from curation.export.recipe import Budget, MixRecipe, Persona, Phase, Portion, Splits, Where
from curation.export.take import first_fit, homes, spread, take
from curation.methods.duplicate import DUPLICATE

VOICES = {"assistant": Persona(), "client": Persona(system="Client.", opening="Hello."), "neutral": Persona()}


def chats(source, count, *, words=(5, 60), persona="assistant", start=0, **more):
    """Conversations of different lengths that share nothing."""
    made = []
    for n in range(start, start + count):
        chance = random.Random(f"{source}{n}")
        said = [" ".join(f"{source}{n}w{k}" for k in range(chance.randint(*words))) for _ in range(2)]
        made.append(record(source, n, persona=persona, messages=turns(f"u: {said[0]}", f"a: {said[1]}"), **more))
    return made


def stand(folder, rows, **more):
    project = make_project(folder, {name: {} for name in rows})
    return project, {name: publish(project, name, of, **more) for name, of in rows.items()}


def read(made, side="train"):
    path = made.folder / f"{side}.parquet"
    return pq.read_table(path).to_pylist() if path.exists() else []


def shares(rows, column, of="n_tokens"):
    total = sum(row[of] for row in rows)
    return {name: sum(r[of] for r in rows if r[column] == name) / total for name in {r[column] for r in rows}}


ROWS = {
    "long": chats("long", 300, words=(100, 200)),
    "short": chats("short", 1500, words=(3, 12)),
    "client": chats("client", 500, persona="client"),
    "mixed": [*chats("mixed", 200), *chats("mixed", 200, persona="client", start=200)],
}


@pytest.mark.parametrize("count", ["total", "supervised"])
def test_shares_in_tokens_are_met_within_half_a_percent(tmp_path, count):
    project, views = stand(tmp_path, ROWS)
    asked = {"long": 0.3, "short": 0.25, "client": 0.2, "mixed": 0.25}
    recipe = MixRecipe(
        mix="m", task="sft", personas=VOICES, budget=Budget(tokens=30_000, count=count), shares=asked,
        splits=Splits(0.1, 0.1),
    )  # fmt: skip
    made = export(project, recipe, views)
    rows = read(made)
    column = "n_tokens" if count == "total" else "n_trained"
    got = shares(rows, "source", column)
    assert all(abs(got[name] - share) < 0.005 for name, share in asked.items())
    assert abs(sum(row[column] for row in rows) - 30_000) < 150
    for name, share in asked.items():
        facts = made.manifest["amounts"]["portions"][name]
        assert facts["asked"] == round(30_000 * share) and abs(facts["share_got"] - got[name]) < 1e-6
    for side in ("validation", "test"):
        held = read(made, side)
        assert abs(sum(row[column] for row in held) - 30_000 / 8) < 30_000 / 8 * 0.3
    assert made.manifest["split"]["leakage"] == {"group": 0, "prompt": 0, "text": 0, "cluster": 0}


def test_portions_of_several_sources_and_voices(tmp_path):
    project, views = stand(tmp_path, ROWS)
    portions = {
        "care": Portion(sources=("long", "mixed"), share=0.5, where=Where(personas=("assistant",))),
        "clients": Portion(share=0.3, where=Where(personas=("client",))),
        "rest": Portion(share=0.2, sources=("short", "client"), weights=None),
    }
    recipe = MixRecipe(mix="m", task="sft", personas=VOICES, budget=Budget(tokens=20_000), portions=portions)
    made = export(project, recipe, views)
    rows = read(made)
    got = shares(rows, "portion")
    assert all(abs(got[name] - portion.share) < 0.005 for name, portion in portions.items())
    assert {r["persona"] for r in rows if r["portion"] == "clients"} == {"client"}
    care = shares([r for r in rows if r["portion"] == "care"], "source")
    assert abs(care["long"] - 0.5) < 0.02
    # A client's row belongs to the first portion that takes it, so the last one has only what is short.
    assert {r["source"] for r in rows if r["portion"] == "rest"} == {"short"}


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_without_shares_amounts_follow_size_and_temperature(tmp_path, temperature):
    project, views = stand(tmp_path, {name: ROWS[name] for name in ("long", "short")})
    recipe = MixRecipe(mix="m", task="sft", budget=Budget(tokens=20_000), temperature=temperature, splits=Splits(0.0))
    rows = read(export(project, recipe, views))
    every = read(export(project, MixRecipe(mix="all", task="sft", splits=Splits(0.0)), views))
    has = np.array([sum(r["n_tokens"] for r in every if r["source"] == n) for n in ("long", "short")], float)
    want = has ** (1 / temperature) / (has ** (1 / temperature)).sum()
    got = shares(rows, "source")
    assert abs(got["long"] - want[0]) < 0.005 and abs(got["short"] - want[1]) < 0.005


def test_voices_are_balanced_and_portions_keep_their_shares(tmp_path):
    project, views = stand(tmp_path, ROWS)
    recipe = MixRecipe(
        mix="m", task="sft", personas=VOICES, budget=Budget(tokens=20_000), balance={"assistant": 0.6, "client": 0.4},
        portions={"a": Portion(sources=("long",), share=0.3), "b": Portion(sources=("mixed", "client"), share=0.7)},
    )  # fmt: skip
    made = export(project, recipe, views)
    rows = read(made)
    voices, portions = shares(rows, "persona"), shares(rows, "portion")
    assert abs(voices["assistant"] - 0.6) < 0.005 and abs(voices["client"] - 0.4) < 0.005
    assert abs(portions["a"] - 0.3) < 0.005
    # A balance that the voices of the portions cannot meet is missed, and that is said.
    said = []
    one = dataclasses.replace(recipe, balance={"assistant": 0.1, "client": 0.9})
    made = export(project, one, views, say=said.append)
    assert abs(shares(read(made), "portion")["a"] - 0.3) < 0.005
    assert any("voice client" in line and "shortage" in line for line in said)


def test_phases_have_their_own_shares_and_ramps(tmp_path):
    project, views = stand(tmp_path, {"short": ROWS["short"], "many": chats("many", 900, words=(5, 30))})
    phases = (
        Phase("foundation", 0.6, {"many": 0.7, "short": 0.3}),
        Phase("enhancement", 0.4, {"many": 0.5, "short": 0.5}, ramp_to={"many": 0.1, "short": 0.9}),
    )
    recipe = MixRecipe(
        mix="m", task="sft", budget=Budget(tokens=30_000), phases=phases, splits=Splits(0.1),
        portions={"many": Portion(sources=("many",), share=0.5), "short": Portion(sources=("short",), share=0.5)},
    )  # fmt: skip
    made = export(project, recipe, views)
    rows = read(made)
    first, second = ([r for r in rows if r["phase"] == p.name] for p in phases)
    assert abs(sum(r["n_tokens"] for r in first) - 18_000) < 90
    assert abs(shares(first, "portion")["many"] - 0.7) < 0.005
    assert abs(shares(second, "portion")["many"] - 0.3) < 0.01
    assert len({r["id"] for r in rows}) == len(rows)
    # In order of `at` the share of `many` goes evenly from one half to a tenth.
    early = [r for r in second if r["at"] < 0.25]
    late = [r for r in second if r["at"] >= 0.75]
    assert abs(shares(early, "portion")["many"] - 0.45) < 0.06
    assert abs(shares(late, "portion")["many"] - 0.15) < 0.06
    assert made.manifest["amounts"]["phases"]["enhancement"]["portions"]["many"]["asked"] == 3600


def test_rows_are_repeated_as_often_as_allowed_and_no_more(tmp_path):
    project, views = stand(tmp_path, {"few": chats("few", 20), "many": chats("many", 400)})
    portions = {
        "few": Portion(sources=("few",), share=0.5, max_epochs=3),
        "many": Portion(sources=("many",), share=0.5),
    }
    recipe = MixRecipe(mix="m", task="sft", budget=Budget(tokens=12_000), portions=portions, splits=Splits(0.0))
    said = []
    made = export(project, recipe, views, say=said.append)
    few = [r for r in read(made) if r["source"] == "few"]
    times = {i: sorted(r["epoch"] for r in few if r["id"] == i) for i in {r["id"] for r in few}}
    has = sum(r["n_tokens"] for r in few if r["epoch"] == 1)
    assert len(times) == 20 and {len(t) for t in times.values()} <= {1, 2, 3} and len(few) > 40
    assert all(t == list(range(1, len(t) + 1)) for t in times.values())
    assert min(3 * has, 6000) - sum(r["n_tokens"] for r in few) < 60
    assert made.manifest["rows"]["repeats"] == len(few) - 20
    assert made.manifest["rows"]["train"] == len(read(made))
    sources = made.manifest["sources"]["few"]
    assert (sources["selected"], sources["repeats"]) == (20, len(few) - 20)
    twice = dataclasses.replace(recipe, budget=None, portions={"few": Portion(sources=("few",), epochs=2)})
    assert len(read(export(project, twice, views))) == 40


def test_shortages_are_said_redistributed_or_refused(tmp_path):
    project, views = stand(tmp_path, {"few": chats("few", 10), "many": chats("many", 400)})
    recipe = MixRecipe(
        mix="m", task="sft", budget=Budget(tokens=10_000), shares={"few": 0.5, "many": 0.5}, splits=Splits(0.0)
    )
    said = []
    made = export(project, recipe, views, say=said.append)
    few = sum(r["n_tokens"] for r in read(made) if r["source"] == "few")
    assert f"m: shortage: few has {few:,} of the 5,000 tokens asked for" in said
    assert f"few has {few:,} of the 5,000 tokens" in (made.folder / "README.md").read_text()
    rows = read(export(project, dataclasses.replace(recipe, on_short="redistribute"), views))
    assert abs(sum(r["n_tokens"] for r in rows) - 10_000) < 60
    with pytest.raises(ProjectError, match="few has"):
        export(project, dataclasses.replace(recipe, mix="f", on_short="fail"), views)
    assert not (project.data / "exports" / "f").exists()


def test_a_source_of_three_rows_and_a_big_share(tmp_path):
    project, views = stand(tmp_path, {"tiny": chats("tiny", 3), "many": chats("many", 300)})
    for on_short in ("less", "redistribute"):
        recipe = MixRecipe(
            mix=on_short, task="sft", budget=Budget(tokens=8_000), shares={"tiny": 0.9, "many": 0.1},
            on_short=on_short, splits=Splits(0.0),
        )  # fmt: skip
        rows = read(export(project, recipe, views))
        assert sum(r["source"] == "tiny" for r in rows) == 3


def test_sources_that_are_not_here_are_refused_or_counted_as_short(tmp_path):
    project, views = stand(tmp_path, {"one": chats("one", 100)})
    recipe = MixRecipe(
        mix="m", task="sft", budget=Budget(tokens=4_000), splits=Splits(0.0),
        portions={"p": Portion(sources=("one", "gone"), share=0.5), "q": Portion(sources=("away",), share=0.5)},
    )  # fmt: skip
    with pytest.raises(ProjectError, match="gone"):
        export(project, recipe, views)
    said = []
    made = export(project, dataclasses.replace(recipe, on_missing="short"), views, say=said.append)
    assert "m: shortage: q has 0 of the 2,000 tokens asked for" in said
    assert "m: shortage: p: gone has 0 of the 1,000 tokens asked for (0 there)" in said
    assert made.manifest["missing"] == {"away": "not here", "gone": "not here"}
    assert abs(sum(r["n_tokens"] for r in read(made)) - 2_000) < 60  # what `one` has fills the portion


def test_a_mix_of_which_nothing_is_here_is_short_of_everything(tmp_path):
    project, _ = stand(tmp_path, {"one": []})
    recipe = MixRecipe(mix="m", task="sft", budget=Budget(tokens=99), shares={"gone": 1.0}, on_missing="short")
    said = []
    made = export(project, recipe, {}, say=said.append)
    assert "m: shortage: gone has 0 of the 99 tokens asked for" in said and read(made) == []
    assert made.manifest["rows"]["seen"] == 0


def test_limits_for_groups_and_sources(tmp_path):
    rows = {"one": [{**r, "group": f"g{n % 7}"} for n, r in enumerate(chats("one", 70))]}
    project, views = stand(tmp_path, rows)
    made = export(project, MixRecipe(mix="m", task="sft", per_group=2, splits=Splits(0.0)), views)
    assert len(read(made)) == 14 and made.manifest["sources"]["one"]["left_out"] == {"per_group": 56}
    recipe = MixRecipe(mix="n", task="sft", portions={"p": Portion(epochs=1, max_rows_per_source=9)})
    assert made.manifest["rows"]["selected"] == 14 and export(project, recipe, views).manifest["rows"]["selected"] == 9


def test_rows_are_chosen_by_any_tag(tmp_path):
    rows = [
        {**r, "meta": [{"key": "topic", "value": ["grief", "work"][n % 2]}, {"key": "votes", "value": str(n)}],
         "synthetic": "template" if n < 10 else None}
        for n, r in enumerate(chats("one", 40))
    ]  # fmt: skip
    project, views = stand(tmp_path, {"one": rows})

    def taken(**tags):
        names = {name.replace("__", "."): condition for name, condition in tags.items()}
        recipe = MixRecipe(mix="m", task="sft", where=Where(tags=names), splits=Splits(0.0))
        numbers = {r["id"]: n for n, r in enumerate(rows)}
        return sorted(numbers[r["id"]] for r in read(export(project, recipe, views)))

    assert taken(meta__topic=Condition(is_in=("grief",))) == list(range(0, 40, 2))
    assert taken(meta__votes=Condition(min=30, max=33)) == [30, 31, 32, 33]
    assert taken(synthetic=Condition(exists=False)) == list(range(10, 40))
    assert taken(synthetic=Condition(not_in=("template",))) == list(range(10, 40))
    assert taken(risk__level=Condition(max=0)) == list(range(40))
    assert taken(risk__flags=Condition(exists=True)) == []
    with pytest.raises(ProjectError, match=r"risk\.levl"):
        taken(risk__levl=Condition(max=0))
    with pytest.raises(ProjectError, match="messages"):
        taken(messages__content=Condition(exists=True))


def test_every_row_has_one_reason_and_the_amounts_agree_with_a_recount(tmp_path):
    project, views = stand(tmp_path, ROWS)
    recipe = MixRecipe(
        mix="m", task="sft", personas=VOICES, budget=Budget(tokens=9_000), where=Where(languages=("en",)),
        portions={
            "a": Portion(sources=("long",), share=0.6, max_epochs=2),
            "b": Portion(sources=("client", "mixed"), share=0.4, where=Where(personas=("client",))),
        },
    )  # fmt: skip
    made = export(project, recipe, views)
    gone = pq.read_table(made.folder / "left_out.parquet").to_pylist()
    rows = [r for side in ("train", "validation") for r in read(made, side)]
    ids = [r["id"] for r in gone] + sorted({r["id"] for r in rows})
    assert sorted(ids) == sorted(r["id"] for name, of in ROWS.items() if name != "short" for r in of)
    assert sum(1 for r in gone if r["reason"] == "portion") == 200
    for name, facts in made.manifest["amounts"]["portions"].items():
        assert facts["got"] == sum(r["n_tokens"] for r in read(made) if r["portion"] == name)
        for source, of in facts["sources"].items():
            mine = [r for r in read(made) if (r["portion"], r["source"]) == (name, source)]
            assert of["got"] == sum(r["n_tokens"] for r in mine)


PORTIONS = {
    "a": Portion(sources=("a",), tokens=2_000), "b": Portion(sources=("b",), tokens=3_000, max_epochs=2),
}  # fmt: skip
PHASES = (Phase("one", 0.5), Phase("two", 0.5))


def mixed(folder, rows, portions=PORTIONS, **more):
    recipe = MixRecipe(mix="m", task="sft", portions=portions, phases=PHASES, splits=Splits(0.1), **more)
    project, views = stand(folder, rows, types={"duplicate": DUPLICATE})
    made = export(project, recipe, views)
    return {
        (side, r["source"], r["phase"], r["id"], r["epoch"]): r["at"]
        for side in ("train", "validation")
        for r in read(made, side)
    }


def test_an_added_source_leaves_the_rows_of_the_others_in_place(tmp_path):
    rows = {"a": chats("a", 120), "b": chats("b", 60)}
    before = mixed(tmp_path / "1", rows)
    more = {**PORTIONS, "c": Portion(sources=("c",), tokens=1_500)}
    after = mixed(tmp_path / "2", {**rows, "c": chats("c", 90)}, more)
    assert {k: v for k, v in after.items() if k[1] != "c"} == before
    assert any(k[1] == "c" for k in after)


@pytest.mark.parametrize("seed", range(4))
def test_a_removed_row_changes_only_rows_of_its_source_and_phase(tmp_path, seed):
    rows = {"a": chats("a", 120), "b": chats("b", 200)}
    before = mixed(tmp_path / "1", rows)
    victim = random.Random(seed).choice(sorted(before))
    left = {name: [r for r in of if r["id"] != victim[3]] for name, of in rows.items()}
    changed = {k[:4] for k in before.keys() ^ mixed(tmp_path / "2", left).keys()}
    assert changed and {k[1:3] for k in changed} == {victim[1:3]}, (victim, changed)


def test_a_removed_row_of_a_cluster_gives_its_place_to_another_of_it(tmp_path):
    rows = {"a": chats("a", 120), "b": chats("b", 200)}
    kept = next(k for k in sorted(mixed(tmp_path / "0", rows)) if k[1] == "a" and k[0] == "train")
    one, two = next(r for r in rows["a"] if r["id"] == kept[3]), rows["b"][7]
    for row, other, words in ((one, two, 99), (two, one, 9)):
        near = [{"id": other["id"], "similarity": 0.9, "kind": "similar"}]
        row["duplicate"] = {"words": words, "cluster": "c", "near": near, "answers": None}
    before = mixed(tmp_path / "1", rows)
    assert not any(k[3] == two["id"] for k in before)
    after = mixed(tmp_path / "2", {**rows, "a": [r for r in rows["a"] if r is not one]})
    changed = {k[:4] for k in before.keys() ^ after.keys()}
    # In `a` its phase; in `b` at most what makes room for the one that may be taken now.
    home = {k[2] for k in after if k[3] == two["id"]}
    assert {k[2] for k in changed if k[1] == "a"} <= {kept[2]}
    assert {k[2] for k in changed if k[1] == "b"} <= (home or {k[2] for k in changed if k[1] == "b"})


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(0, 400))
def test_law_first_fit_takes_in_order_and_leaves_no_room_for_another(sizes, most):
    size = np.array(sizes, np.int64)
    found = first_fit(size, most)
    assert list(found) == sorted(set(found.tolist())) and size[found].sum() <= most
    left = most - size[found].sum()
    rest = [k for k in range(len(size)) if k not in set(found.tolist())]
    assert not rest or left < size.max() or most >= size.sum()
    assert len(found) or not rest or size.min() > most


@given(
    st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1)), max_size=50),
    st.lists(st.integers(0, 60), min_size=1, max_size=3),
    st.integers(1, 3),
)
def test_law_no_phase_gets_more_than_it_asked_and_no_row_comes_too_often(rows, wanted, passes):
    size = np.array([s for s, _ in rows], np.int64)
    parts = np.full(len(wanted), 1 / len(wanted))
    home = homes(np.array([c for _, c in rows]), parts)
    places, phases, epochs = take(np.arange(len(rows)), size, home, np.array(wanted, float), passes)
    for phase, amount in enumerate(wanted):
        assert size[places[phases == phase]].sum() <= amount
    for row in set(places.tolist()):
        assert sorted(epochs[places == row].tolist()) == list(range(1, int((places == row).sum()) + 1))
        assert (places == row).sum() <= passes
    # What is short is short because everything was taken as often as it may be, but for what does not fit.
    short = sum(wanted) - size[places].sum()
    assert short < max(9, 1) * len(wanted) or len(places) == passes * len(rows) or short <= 9 * len(wanted)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=40), st.floats(0, 1), st.floats(0.01, 1))
def test_law_places_in_a_phase_are_in_order_and_between_its_ends(sizes, start, end):
    at = spread(np.arange(len(sizes)), np.array(sizes, np.int64), start, end)
    assert (np.diff(at) >= -1e-9).all() and at.min() >= 0 and at.max() <= 1
