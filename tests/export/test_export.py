import json
import random
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from export_stand import make_project, pair, publish, record, turns

from curation.core import files
from curation.core.annotations import Annotations, Answer
from curation.core.errors import GateError, IntegrityError, ProjectError
from curation.export import write
from curation.export.export import export, exports_with, latest, left_out, verify_exports
from curation.export.recipe import Budget, MixRecipe, Persona, Splits
from curation.methods import screen

VOICES = {"assistant": Persona(), "client": Persona(system="Client.", opening="Hello."), "neutral": Persona()}
SFT = MixRecipe(mix="sft", task="sft", personas=VOICES, splits=Splits(0.3))
DPO = MixRecipe(mix="dpo", task="dpo", splits=Splits(0.3))
PII = pa.list_(pa.struct([("label", pa.string())]))


def sources():
    """Two sources: conversations that share groups and texts across both, and preference pairs."""
    one = [record("one", n, group=f"g{n % 37}", text_digest=f"t{n}") for n in range(80)]
    two = [record("two", n, group=f"g{100 + n % 29}", text_digest=f"t{n * 30}", persona="client") for n in range(40)]
    return {"one": one, "two": [*two, *(pair("two", f"p{n}", group=f"h{n % 13}") for n in range(40))]}


def stand(folder, rows=None, *, digits=0, facts=None, **more):
    rows = rows or sources()
    project = make_project(folder, {name: (facts or {}).get(name, {}) for name in rows})
    return project, {name: publish(project, name, of, digits=digits, **more) for name, of in rows.items()}


def contents(folder: Path):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def read(made, side):
    return pq.read_table(made.folder / f"{side}.parquet").to_pylist()


def lines(made, side):
    return [json.loads(line) for line in (made.folder / f"{side}.jsonl").read_text("utf-8").splitlines()]


def test_the_files_of_an_sft_mix(tmp_path):
    project, views = stand(tmp_path)
    said = []
    made = export(project, SFT, views, say=said.append)
    manifest = made.manifest
    assert sorted(p.name for p in made.folder.iterdir()) == [
        "LICENSES",
        "README.md",
        "SHA256SUMS",
        "axolotl.yaml",
        "croissant.json",
        "dataset_info.json",
        "left_out.parquet",
        "manifest.json",
        "train.jsonl",
        "train.parquet",
        "trl.yaml",
        "validation.jsonl",
        "validation.parquet",
    ]
    for side in ("train", "validation"):
        rows = read(made, side)
        assert len(rows) == manifest["rows"][side] == manifest["files"][f"{side}.parquet"]["rows"] > 0
        assert [r["id"] for r in rows] == [r["id"] for r in lines(made, side)] == sorted(r["id"] for r in rows)
        bare = [{"role": m["role"], "content": m["content"]} for m in rows[0]["messages"]]
        assert bare == lines(made, side)[0]["messages"]
        assert {r["phase"] for r in rows} == {"all"} and {r["licence"] for r in rows} == {"MIT"}
        assert all(r["source"] == r["id"].partition(":")[0] and r["language"] == "en" for r in rows)
        assert ",".join(rows[0]) == (
            "id,messages,persona,source,licence,language,portion,phase,epoch,at,n_turns,n_tokens,n_trained"
        )
    assert manifest["rows"]["seen"] == 160 and any("160" in line for line in said)
    assert manifest["sources"]["two"]["left_out"]["kind"] == 40
    assert latest(project, "sft") == made.folder and latest(project, "other") is None
    sums = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=made.folder, capture_output=True)
    assert sums.returncode == 0
    assert "two" in (made.folder / "README.md").read_text()
    assert (made.folder / "manifest.json").stat().st_mode & 0o777 == 0o600


def test_the_counts_of_manifest_and_card_agree_with_a_recount(tmp_path):
    project, views = stand(tmp_path)
    made = export(project, SFT, views)
    rows = read(made, "train") + read(made, "validation")
    gone = pq.read_table(made.folder / "left_out.parquet").to_pylist()
    manifest, readme = made.manifest, (made.folder / "README.md").read_text()
    for name, source in manifest["sources"].items():
        assert source["selected"] == sum(r["source"] == name for r in rows)
        mine = Counter(r["reason"] for r in gone if r["id"].startswith(name + ":"))
        assert source["left_out"] == dict(mine) and source["seen"] == source["selected"] + mine.total()
        assert all(f"| {name} | {reason} | {count:,} |" in readme for reason, count in mine.items())
    assert manifest["personas"] == dict(Counter(r["persona"] for r in rows))
    assert manifest["languages"] == dict(Counter(r["language"] for r in rows))
    assert {r["stage"] for r in gone} == {"export"}
    assert all((r["witness"] is not None) == (r["reason"] == "twin") for r in gone)


def test_no_row_of_training_shares_a_group_or_a_text_with_validation(tmp_path):
    rows = sources()
    project, views = stand(tmp_path, rows)
    by_id = {r["id"]: r for of in rows.values() for r in of}
    for recipe in (SFT, DPO):
        made = export(project, recipe, views)
        sides = [[by_id[r["id"]] for r in read(made, side)] for side in ("train", "validation")]
        for column in ("group", "text_digest"):
            train, held = ({r[column] for r in side} - {None} for side in sides)
            assert train and held and not train & held


def test_two_runs_are_byte_equal_whatever_the_order_of_rows_and_the_project_folder(tmp_path):
    rows = sources()
    one, _ = stand(tmp_path / "one", rows)
    views = {name: publish(one, name, of, digits=1) for name, of in rows.items()}
    mixed = {name: random.Random(3).sample(of, len(of)) for name, of in reversed(rows.items())}
    two, again = stand(tmp_path / "two", mixed, digits=1)
    for recipe in (SFT, DPO):
        left, right = export(one, recipe, views), export(two, recipe, again)
        assert left.folder.name == right.folder.name and contents(left.folder) == contents(right.folder)
    assert str(tmp_path) not in (left.folder / "manifest.json").read_text()


def test_how_the_tables_are_cut_into_parts_changes_no_row_and_no_byte_of_the_data(tmp_path):
    whole, cut = (contents(export_sft(tmp_path / str(digits), digits=digits).folder) for digits in (0, 1))
    assert whole["manifest.json"] != cut["manifest.json"]
    data = [name for name in whole if name.endswith((".parquet", ".jsonl"))]
    assert len(data) == 5 and all(whole[name] == cut[name] for name in data)


def export_sft(folder, **how):
    project, views = stand(folder, **how)
    return export(project, SFT, views)


def test_a_second_run_writes_nothing_and_a_change_makes_a_new_folder(tmp_path):
    project, views = stand(tmp_path)
    first = export(project, SFT, views)
    before = {p: p.stat().st_mtime_ns for p in project.data.rglob("*")}
    second = export(project, SFT, views)
    assert first.new and not second.new and second.folder == first.folder
    assert {p: p.stat().st_mtime_ns for p in project.data.rglob("*")} == before
    folders = {first.folder}
    for changed in (replace(SFT, seed=18), replace(SFT, splits=Splits(0.2))):
        folders.add(export(project, changed, views).folder)
    Annotations(project.root / "annotations").add([Answer(sources()["one"][0]["id"], "decision", "reject", "ada")])
    folders.add(export(project, SFT, views).folder)
    other = make_project(tmp_path, {"one": {"licence": "cc-by-4.0"}, "two": {}})
    folders.add(export(other, SFT, views).folder)
    assert len(folders) == 5 and not list(verify_exports(project))
    assert export(project, SFT, views).folder == latest(project, "sft") != first.folder


def test_an_annotation_about_another_source_changes_nothing(tmp_path):
    project, views = stand(tmp_path)
    first = export(project, SFT, views)
    Annotations(project.root / "annotations").add(
        [
            Answer("gone:0123456789abcdef", "decision", "reject", "ada"),
            Answer(sources()["one"][0]["id"], "empathy", 3, "ada"),
        ]
    )
    assert not export(project, SFT, views).new and first.new


def test_an_added_source_leaves_the_others_rows_in_place(tmp_path):
    rows = sources()
    project, views = stand(tmp_path, {**rows, "three": [record("three", n) for n in range(50)]})
    more = replace(SFT, max_rows_per_source=25)
    before, after = export(project, replace(more, sources=("one", "two")), views), export(project, more, views)
    for side in ("train", "validation"):
        assert [r for r in read(after, side) if r["source"] != "three"] == read(before, side)
    assert after.manifest["sources"]["three"]["selected"] == 25


def test_what_people_rejected_stays_and_what_they_approved_goes(tmp_path):
    rows = {"one": [record("one", n) for n in range(4)]}
    project, views = stand(tmp_path, rows)
    ids = [r["id"] for r in rows["one"]]
    said = Annotations(project.root / "annotations")
    said.add([Answer(ids[0], "decision", "reject", "ada"), Answer(ids[1], "decision", "approve", "ada")])
    said.forget({ids[2]})
    made = export(project, MixRecipe(mix="sft", task="sft", splits=Splits(0.0)), views)
    assert {r["id"] for r in read(made, "train")} == {ids[1], ids[3]}
    where = str(made.folder.relative_to(project.root))
    assert left_out(project, ids[0]) == [(where, "rejected")] and left_out(project, ids[2]) == [(where, "forgotten")]
    assert exports_with(project, ids[1]) == [where] and exports_with(project, ids[0]) == []
    assert not (made.folder / "validation.jsonl").exists() and made.manifest["rows"]["validation"] == 0


def test_why_a_twin_was_left_out_names_the_one_that_stayed(tmp_path):
    rows = {name: [record(name, 1, messages=turns("u: Hi.", "a: Ho."))] for name in ("one", "two")}
    project, views = stand(tmp_path, rows, facts={"two": {"priority": 5}})
    made = export(project, SFT, views)
    one, two = rows["one"][0]["id"], rows["two"][0]["id"]
    assert left_out(project, one) == [(str(made.folder.relative_to(project.root)), f"twin of {two}")]
    assert len(exports_with(project, two)) == 1


def test_the_licence_gate_refuses_before_anything_is_written_and_its_mended_twin_passes(tmp_path):
    project, views = stand(tmp_path, facts={"two": {"licence": None}})
    with pytest.raises(GateError, match="two"):
        export(project, SFT, views)
    assert not (project.data / "exports").exists()
    assert export(project, replace(SFT, sources=("one",)), views).manifest["licence_class"] == "permissive"
    accept = {"licence": "by letter", "by": "Ada <a@b>", "reason": "asked | granted\n<script>"}
    mended = make_project(tmp_path, {"one": {}, "two": {"licence": None, "accept": accept}})
    made = export(mended, SFT, views)
    card = (made.folder / "README.md").read_text()
    assert "accepted by Ada &lt;a@b&gt;: asked \\| granted &lt;script&gt;" in card and "license: other" in card
    assert "(stated licence: none)" in card and "**unknown** (by letter)." in card
    assert made.manifest["licence_class"] == "unknown"
    assert {r["licence"] for r in read(made, "train") if r["source"] == "two"} == {"by letter"}


def test_flagged_rows_never_leave(tmp_path, planted):
    rows = {
        "one": [
            record("one", 1),
            record("one", 2, messages=turns("u: x", "a: PLANTED")),
            record("one", 3, messages=turns("u: x3", "a: y3"), meta=[{"key": "topic", "value": "PLANTED"}]),
            record("one", 4, messages=turns("s: PLANTED", "u: x4", "a: y4"), persona="client"),
            pair("one", 5),
            pair("one", 6, rejected=turns("a: PLANTED")),
        ]
    }
    project, views = stand(tmp_path, rows)
    for recipe, good, bad in ((SFT, 1, 3), (DPO, 1, 1)):
        made = export(project, recipe, views)
        assert made.manifest["rows"]["selected"] == good
        assert made.manifest["sources"]["one"]["left_out"]["screen"] == bad
        assert not any(b"PLANTED" in data for data in contents(made.folder).values())
        assert made.manifest["rows"]["train"] + made.manifest["rows"]["validation"] == good


def test_a_personas_own_prompt_is_screened_with_the_row(tmp_path, planted):
    project, views = stand(tmp_path, {"one": [record("one", 1)]})
    made = export(project, MixRecipe(mix="m", task="sft", personas={"assistant": Persona(system="PLANTED")}), views)
    assert made.manifest["rows"]["selected"] == 0 and read(made, "train") == []


def test_reasoning_has_its_own_field_and_only_where_a_row_has_it(tmp_path):
    thought = turns("u: Hi.", "a: Ho.")
    thought[1]["reasoning"] = "They greet."
    project, views = stand(tmp_path, {"one": [record("one", 1)], "two": [record("two", 2, messages=thought)]})
    with_it = export(project, MixRecipe(mix="sft", task="sft", splits=Splits(0.0)), views)
    assert [m.get("reasoning_content") for r in lines(with_it, "train") for m in r["messages"]] == [
        None,
        None,
        None,
        "They greet.",
    ]
    without = export(project, MixRecipe(mix="sft", task="sft", sources=("one",), splits=Splits(0.0)), views)
    assert all(set(m) == {"role", "content"} for r in lines(without, "train") for m in r["messages"])
    assert read(without, "train")[0]["messages"][1] == {
        "role": "assistant",
        "content": "one answer 1",
        "reasoning": None,
        "train": True,
    }


def test_awkward_text_survives_both_formats(tmp_path):
    text = 'é☃ \u2028 \\ " \x00 </s> [/INST] \U0001f600\nsecond line\t.'
    project, views = stand(tmp_path, {"one": [record("one", 1, messages=turns("u: x", "a: " + text))]})
    made = export(project, MixRecipe(mix="sft", task="sft", splits=Splits(0.0)), views)
    data = (made.folder / "train.jsonl").read_bytes()
    assert data.count(b"\n") == 1 and json.loads(data)["messages"][1]["content"] == text
    assert read(made, "train")[0]["messages"][1]["content"] == text


def test_personal_data_is_counted_over_the_rows_that_leave(tmp_path):
    rows = {"one": [record("one", n, pii=[{"label": "PERSON"}] * n) for n in range(1, 4)]}
    project = make_project(tmp_path, {"one": {}, "two": {}})
    views = {
        "one": publish(project, "one", rows["one"], types={"pii": PII}),
        "two": publish(project, "two", [record("two", 1)]),
    }
    Annotations(project.root / "annotations").add([Answer(rows["one"][2]["id"], "decision", "reject", "ada")])
    made = export(project, SFT, views)
    assert made.manifest["sources"]["one"]["personal_data"] == {"PERSON": 3}
    assert made.manifest["sources"]["two"]["personal_data"] is None
    card = (made.folder / "README.md").read_text()
    assert "| one | PERSON | 3 |" in card and "| two | not recorded |" in card


def test_emotion_labels_leave_where_a_source_is_tagged(tmp_path):
    tag = pa.struct([("turns", pa.list_(pa.struct([("labels", pa.list_(pa.string()))])))])
    project = make_project(tmp_path, {"one": {}, "two": {}})
    felt = {"turns": [{"labels": ["grief"]}, {"labels": ["caring"]}]}
    views = {
        "one": publish(project, "one", [record("one", 1, emotion=felt)], types={"emotion": tag}),
        "two": publish(project, "two", [record("two", 1)]),
    }
    made = export(project, MixRecipe(mix="sft", task="sft", splits=Splits(0.0)), views)
    assert [r["emotion"] for r in read(made, "train")] == [["grief"], None]


def test_shortage_is_said(tmp_path):
    project, views = stand(tmp_path)
    said = []
    export(project, replace(SFT, budget=Budget(rows=100), shares={"one": 0.5, "two": 0.5}), views, say=said.append)
    assert [line for line in said if "shortage" in line] == ["sft: shortage: two has 33 of the 50 rows asked for"]
    export(project, replace(SFT, budget=Budget(rows=5000)), views, say=said.append)
    assert "sft: shortage: all: two has 33 of the 2,500 rows asked for (33 there)" in said


def test_a_source_without_rows_here_is_answered_with_the_command(tmp_path):
    project, views = stand(tmp_path)
    with pytest.raises(ProjectError) as caught:
        export(project, MixRecipe(mix="m", task="sft", sources=("one", "two")), {"one": views["one"]})
    assert "two" in caught.value.what and "curate pull two" in caught.value.fix


def test_every_flipped_bit_and_every_stray_file_is_found(tmp_path):
    project, views = stand(tmp_path)
    made = [export(project, recipe, views) for recipe in (SFT, DPO)]
    assert list(verify_exports(project)) == []
    chance = random.Random(5)
    every = [p for p in (project.data / "exports").rglob("*") if p.is_file()]
    assert len(every) == 2 * 15
    for path in every * 3:
        good = path.read_bytes()
        spot = chance.randrange(len(good) * 8)
        bad = bytearray(good)
        bad[spot // 8] ^= 1 << spot % 8
        path.write_bytes(bad)
        assert str(path.relative_to(project.root)) in list(verify_exports(project))
        path.write_bytes(good)
    (made[0].folder / "more.txt").write_text("x")
    assert list(verify_exports(project)) == [str((made[0].folder / "more.txt").relative_to(project.root))]
    (made[0].folder / "more.txt").unlink()
    (made[1].folder / "train.parquet").unlink()
    assert list(verify_exports(project)) == [str((made[1].folder / "train.parquet").relative_to(project.root))]


def test_a_pointer_to_nowhere_is_an_integrity_error(tmp_path):
    project, views = stand(tmp_path)
    made = export(project, SFT, views)
    made.folder.rename(made.folder.with_name("moved"))
    with pytest.raises(IntegrityError):
        latest(project, "sft")


@pytest.mark.parametrize("point", ["write", "fsync", "rename"])
def test_a_crash_leaves_no_half_export(tmp_path, monkeypatch, point):
    project, views = stand(tmp_path)
    clean = contents(export_sft(tmp_path / "clean").folder)

    def crash(operation, path):
        if operation == point:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(files, "checkpoint", crash)
        with pytest.raises(KeyboardInterrupt):
            export(project, SFT, views)
    assert latest(project, "sft") is None and list(verify_exports(project)) == []
    assert contents(export(project, SFT, views).folder) == clean


def test_an_empty_mix_says_why_it_is_empty(tmp_path):
    project, views = stand(tmp_path, {"one": [record("one", 1)]})
    made = export(project, DPO, views)
    assert made.manifest["rows"] == {"seen": 1, "selected": 0, "repeats": 0, "train": 0, "validation": 0, "test": 0}
    assert made.manifest["sources"]["one"]["left_out"] == {"kind": 1}
    assert pq.read_schema(made.folder / "train.parquet").names[:4] == ["id", "prompt", "chosen", "rejected"]


@pytest.mark.slow
def test_rows_are_what_trl_calls_conversational(tmp_path):
    data_utils = pytest.importorskip("trl.data_utils")
    project, views = stand(tmp_path)
    for recipe in (SFT, DPO):
        made = export(project, recipe, views)
        for row in [*lines(made, "train"), *lines(made, "validation")]:
            assert data_utils.is_conversational(row)
            assert set(row) == ({"id", "messages"} if recipe is SFT else {"id", "prompt", "chosen", "rejected"})


def test_a_new_rule_of_the_screen_is_a_new_export(tmp_path, monkeypatch):
    project, views = stand(tmp_path)
    first = export(project, SFT, views)
    monkeypatch.setattr(screen, "VERSION", screen.VERSION + 1)
    assert export(project, SFT, views).folder != first.folder


def test_rows_are_written_in_groups_of_a_fixed_size(tmp_path, monkeypatch):
    plain = export_sft(tmp_path / "a")
    monkeypatch.setattr(write, "GROUP_ROWS", 7)
    whole, cut = (export_sft(tmp_path / str(digits), digits=digits) for digits in (0, 1))
    for side in ("train", "validation"):
        assert read(whole, side) == read(plain, side) and lines(whole, side) == lines(plain, side)
        assert (whole.folder / f"{side}.parquet").read_bytes() == (cut.folder / f"{side}.parquet").read_bytes()
        meta = pq.read_metadata(whole.folder / f"{side}.parquet")
        sizes = [meta.row_group(n).num_rows for n in range(meta.num_row_groups)]
        assert len(sizes) > 1 and set(sizes[:-1]) == {7}
