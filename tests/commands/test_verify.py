"""What verify notices, and that repair takes away what is damaged and nothing else."""

import json
import os
import shutil

import pytest

from tests.laws.conftest import copy, finished  # noqa: F401 - fixtures


def flip(path):
    data = path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])


def test_unknown_files_are_named_and_left_alone(copy):  # noqa: F811
    for place in ("data/exports/NOTES.txt", "data/tables/chats/NOTES.txt", "data/exports/sft/NOTES.txt"):
        (copy.root / place).write_text("mine")
    said = copy.fails(4, "verify", "--repair")
    assert said.count("NOTES.txt") >= 3
    assert len(list((copy.root / "data").rglob("NOTES.txt"))) == 3
    assert len(list((copy.root / "data" / "exports").glob("*/*/manifest.json"))) == 2


@pytest.mark.parametrize(
    "pattern",
    [
        "data/exports/sft/latest.json",
        "data/exports/sft/*/train.parquet",
        "data/tables/chats/emotion/parts/*.parquet",
        "data/tables/chats/records/*.json",
        "data/raw/tables/chats/raw/parts/*.json",
        "data/runs/*.json",
    ],
)
def test_repair_and_a_run_bring_back_every_byte(copy, pattern):  # noqa: F811
    before = copy.tables()
    flip(next(copy.root.glob(pattern)))
    copy.fails(4, "verify")
    copy.run("verify", "--repair")
    copy.run("run")
    assert copy.tables() == before
    copy.run("verify")


def test_the_only_copy_of_raw_rows_is_never_deleted(copy):  # noqa: F811
    part = next(copy.root.glob("data/raw/tables/chats/raw/parts/*.parquet"))
    (copy.root / "chats.jsonl").unlink()
    flip(part)
    assert str(part.relative_to(copy.root)) in copy.fails(4, "verify", "--repair")
    assert part.exists()


def test_a_project_below_a_folder_called_exports_loses_nothing_else(copy, tmp_path):  # noqa: F811
    moved = type(copy)(tmp_path / "exports" / "adapters" / "p")
    shutil.copytree(copy.root, moved.root)
    flip(next(moved.root.glob("data/runs/*.json")))
    moved.run("verify", "--repair")
    assert moved.tables() == copy.tables()


def test_a_lock_that_says_other_rows_than_the_table_is_noticed(copy):  # noqa: F811
    path = copy.root / "sources.lock.yaml"
    path.write_text(path.read_text().replace("rows: 60", "rows: 61"))
    assert "sources.lock.yaml" in copy.fails(4, "verify")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_not_an_empty_one(copy):  # noqa: F811
    (copy.root / "data" / "tables").chmod(0)
    try:
        copy.fails(3, "verify")
    finally:
        (copy.root / "data" / "tables").chmod(0o700)


def test_a_held_row_stays_until_it_is_released(copy):  # noqa: F811
    record = sorted(copy.ids("chats"))[4]
    copy.run("review", "answer", record, "risk", "hold", "--by", "ann")
    copy.run("run")
    assert "left out of data/exports/sft" in copy.run("why", record)
    copy.run("review", "answer", record, "risk", "release", "--by", "ann")
    copy.run("run")
    folder = json.loads((copy.root / "data/exports/sft/latest.json").read_text())["folder"]
    assert f"in data/exports/sft/{folder}" in copy.run("why", record)


def test_status_tells_of_mixes_that_would_be_written_anew(copy):  # noqa: F811
    assert copy.json("status")["mixes"]["sft"].startswith("exported: ")
    recipe = copy.root / "exports" / "mixes" / "sft.yaml"
    recipe.write_text(recipe.read_text().replace("seed: 17", "seed: 18"))
    assert copy.json("status")["mixes"]["sft"] == "to be written"
    shutil.rmtree(copy.root / "data")
    copy.run("status")
    assert "up to date" not in copy.said
    assert copy.json("status")["mixes"]["sft"] == "waits for its tables"


def test_a_missing_part_is_not_fresh(copy):  # noqa: F811
    next(copy.root.glob("data/tables/chats/emotion/parts/*.parquet")).unlink()
    before = copy.json("status", "questions")
    assert before["sources"]["questions"][0]["state"] == "fresh"
    copy.run("verify", "--repair", code=0)
    copy.run("run")
    copy.run("verify")


def test_one_blocked_source_stops_neither_the_others_nor_their_mixes(copy):  # noqa: F811
    text = (copy.root / "sources.yaml").read_text()
    (copy.root / "sources.yaml").write_text(
        text + "  gone: {kind: files, path: nope.csv, licence: mit, adapter: {kind: qa, user: q, assistant: a}}\n"
    )
    (copy.root / "exports/mixes/own.yaml").write_text("mix: own\ntask: sft\nsources: [questions]\n")
    said = copy.fails(3, "run")
    assert "no file matches 'nope.csv'" in said
    assert "mix sft: not written, for it waits for gone" in said
    assert list((copy.root / "data/exports/own").glob("*/manifest.json"))
    assert "report:" in said


def test_a_disabled_source_leaves_in_no_mix(copy):  # noqa: F811
    text = (copy.root / "sources.yaml").read_text()
    (copy.root / "sources.yaml").write_text(text.replace("  questions:\n", "  questions:\n    enabled: false\n"))
    (copy.root / "exports/mixes/own.yaml").write_text("mix: own\ntask: sft\nsources: [questions]\n")
    assert "switched off" in copy.fails(3, "export", "own")
