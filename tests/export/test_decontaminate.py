import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from export_stand import make_project, pair, publish, record, turns

from curation.core.errors import ProjectError
from curation.export import benchmarks
from curation.export.export import export, left_out
from curation.export.recipe import Budget, MixRecipe, load

ASKED = [
    "A train leaves the harbour town at nine in the morning and reaches the hills by noon: how fast does it go?",
    "Name the three rivers that meet below the old glass works and say which of them is the longest by far.",
    "Why do cats purr?",
]


def words(text, first, last):
    return " ".join(text.split()[first:last])


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path, {"one": {}, "two": {}})
    benchmarks.write(tmp_path / "exports/benchmarks/own.parquet", dict(enumerate(ASKED, start=1)))
    return made


RECIPE = MixRecipe(mix="m", task="sft", decontaminate=("exports/benchmarks/own.parquet",))


def reasons(made):
    return {r["id"]: (r["reason"], r["witness"]) for r in pq.read_table(made.folder / "left_out.parquet").to_pylist()}


def asked(source, number, *said, **more):
    talk = [line for text in said for line in (f"u: {text}", f"a: answer {number}")]
    return record(source, number, messages=turns(*talk), **more)


def test_rows_that_give_a_test_item_away_are_left_out_and_name_it(project):
    rows = [
        asked("one", 1, f"Please solve this for me. {ASKED[0].upper()}"),
        asked("one", 2, words(ASKED[0], 0, 12)),  # 12 of 21 words
        asked("one", 3, words(ASKED[0], 0, 10)),  # 10 of 21
        asked("one", 4, "Hello", ASKED[1], persona="client"),
        asked("one", 5, "why do cats purr"),
        asked("one", 6, "and why do cats purr"),  # an item under eight words is only given away as a whole
        record("one", 7, messages=turns("u: Ask me something", f"a: {ASKED[0]}")),
    ]
    views = {
        "one": publish(project, "one", rows, digits=1),
        "two": publish(project, "two", [asked("two", 1, ASKED[1])]),
    }
    made = export(project, RECIPE, views)
    found = {n: reasons(made).get(r["id"]) for n, r in enumerate(rows, start=1)}
    assert {n: r and r[0] for n, r in found.items()} == {
        1: "contaminated", 2: "contaminated", 3: None, 4: "contaminated", 5: "contaminated", 6: None, 7: None,
    }  # fmt: skip
    assert [found[n][1].partition(" ")[0] for n in (1, 4, 5)] == ["own#1", "own#2", "own#3"]
    assert made.manifest["benchmarks"]["own"] | {"digest": 0} == {"items": 3, "given": 3, "rows": 5, "digest": 0}
    assert left_out(project, rows[0]["id"])[0][1].startswith("contaminated by the test item own#1 (")
    card = (made.folder / "README.md").read_text()
    assert "| own | 3 | 3 | 100.0% | 5 |" in card and "more than 2% of own" in card
    assert not any(ASKED[1] in p.read_text("latin-1") for p in made.folder.iterdir())


def test_a_row_that_holds_two_items_gives_both_away(project):
    views = {"one": publish(project, "one", [asked("one", 1, *ASKED[:2])]), "two": publish(project, "two", [])}
    assert export(project, RECIPE, views).manifest["benchmarks"]["own"]["given"] == 2


def test_what_is_left_out_is_made_up_for(project):
    rows = [asked("one", n, ASKED[0] + f" {n}") for n in range(5)] + [asked("one", n, f"hi {n}") for n in range(5, 15)]
    views = {"one": publish(project, "one", rows), "two": publish(project, "two", [])}
    made = export(project, MixRecipe(**{**vars(RECIPE), "budget": Budget(rows=4)}), views)
    assert made.manifest["rows"]["train"] == 4


def test_prompts_of_preferences_count_their_answers_do_not(project):
    rows = [pair("one", 1, messages=turns(f"u: {ASKED[0]}")), pair("one", 2, chosen=turns(f"a: {ASKED[0]}"))]
    views = {"one": publish(project, "one", rows), "two": publish(project, "two", [])}
    made = export(project, MixRecipe(**{**vars(RECIPE), "task": "dpo"}), views)
    assert list(reasons(made)) == [rows[0]["id"]]


def test_without_benchmarks_the_card_says_so(project):
    views = {"one": publish(project, "one", [asked("one", 1, ASKED[0])]), "two": publish(project, "two", [])}
    made = export(project, MixRecipe(mix="m", task="sft"), views)
    assert not reasons(made) and "compared with no benchmark" in (made.folder / "README.md").read_text()


def test_another_benchmark_under_the_same_name_makes_another_mix(project):
    views = {"one": publish(project, "one", [asked("one", 1, ASKED[0])]), "two": publish(project, "two", [])}
    first = export(project, RECIPE, views)
    benchmarks.write(project.root / RECIPE.decontaminate[0], {1: "something else that nobody here has said at all"})
    second = export(project, RECIPE, views)
    assert first.folder != second.folder and not reasons(second)


def test_a_hash_file_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "b.parquet"
    assert benchmarks.write(path, {1: ASKED[0], 2: "…", 7: ASKED[1]}) == 2
    found = benchmarks.read(path)
    assert found.numbers == [1, 7] and len(set(found.hashes)) == 2
    first = path.read_bytes()
    benchmarks.write(path, {1: ASKED[0], 2: "…", 7: ASKED[1]})
    assert path.read_bytes() == first
    assert not any(word.encode() in first for text in ASKED for word in text.split() if len(word) > 4)


@pytest.mark.parametrize("damage", ["bytes", "columns", "grams", "null", "version"])
def test_what_is_no_hash_file_is_refused(tmp_path, damage):
    path = tmp_path / "b.parquet"
    benchmarks.write(path, {1: ASKED[0]})
    table = pq.read_table(path)
    if damage == "bytes":
        path.write_bytes(b"PAR1 no")
    elif damage == "columns":
        pq.write_table(table.drop_columns("words"), path)
    elif damage == "version":
        pq.write_table(table.replace_schema_metadata({b"curate.hashes": b"0", b"curate.n": b"8"}), path)
    else:
        field = table.schema.field("grams")
        given = pa.array([[1, 2] if damage == "grams" else None], field.type)
        pq.write_table(table.set_column(3, field, given), path)
    with pytest.raises(ProjectError) as caught:
        benchmarks.read(path)
    assert "curate benchmark" in caught.value.fix


def test_the_questions_of_a_benchmark(tmp_path):
    path = tmp_path / "b.jsonl"
    rows = [
        {"q": "One?"},
        {"q": ["Two?", "And then?"]},
        {
            "q": [
                {"role": "system", "content": "x"},
                {"role": "user", "content": "Three?"},
                {"from": "human", "value": "4"},
            ]
        },
    ]
    path.write_text("\n\n".join(json.dumps(row) for row in rows))
    assert benchmarks.items_of(path, "q") == {1: "One?", 2: "Two?\nAnd then?", 3: "Three?\n4"}
    with pytest.raises(ProjectError, match="'p'") as caught:
        benchmarks.items_of(path, "p")
    assert "has q" in caught.value.fix
    path.write_text('{"q": 3}')
    with pytest.raises(ProjectError):
        benchmarks.items_of(path, "q")
    path.write_text("[1]")
    with pytest.raises(ProjectError):
        benchmarks.items_of(path, "q")


def test_a_recipe_that_names_a_missing_hash_file(project):
    folder = project.root / "exports" / "mixes"
    folder.mkdir(parents=True)
    (folder / "m.yaml").write_text("mix: m\ntask: sft\ndecontaminate:\n  - exports/benchmarks/none.parquet\n")
    with pytest.raises(ProjectError, match=r"none\.parquet") as caught:
        load(project)
    assert caught.value.where == "m.yaml:4" or caught.value.where.endswith("m.yaml:4")
    (folder / "m.yaml").write_text("mix: m\ntask: sft\ndecontaminate: [a/x.parquet, b/x.parquet]\n")
    with pytest.raises(ProjectError, match="one name"):
        load(project)
