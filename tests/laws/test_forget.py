"""Withdrawal: it reaches every occurrence, nobody steps around it unawares, and it can always be finished."""

import json
import shutil

import pyarrow.parquet as pq
import pytest
import yaml

from curation.core import files
from curation.core.annotations import Annotations
from curation.demo.tiny_base import build_tiny_base
from tests.laws.projects import SOURCES, chat, question, write_csv, write_jsonl

TOMBSTONES = "annotations/forgotten.json"


def hash_of(record):
    return record.partition(":")[2][:16]


def hashes(made, source):
    """The hashes of all rows that are kept in the raw table of a source as it stands."""
    entry = made.project.lock().sources[source]
    raw = made.root / "data/raw/tables" / source / "raw"
    keys = json.loads((raw / f"{entry.table}.json").read_text())["parts"].values()
    return {
        hash_of(i) for k in keys for i in pq.read_table(raw / f"parts/{k}.parquet", columns=["id"])["id"].to_pylist()
    }


def text_of(made, record):
    return json.loads(made.run("--json", "show", record))["stages"]["records"]["messages"][0]["content"]


def holding(made, text):
    """The files that hold a text, but for exports and the person's own files."""
    found = []
    for name, (data, _) in made.files().items():
        if name.startswith("data/exports/") or "/" not in name:
            continue
        where = str(pq.read_table(made.root / name).to_pylist()) if name.endswith(".parquet") else data.decode()
        found += [name] if text in where else []
    return found


def rename(made, old, new):
    path = made.root / "sources.yaml"
    path.write_text(path.read_text().replace(f"\n  {old}:\n", f"\n  {new}:\n"))


def undeclare(made, name):
    document = yaml.safe_load((made.root / "sources.yaml").read_text())
    del document["sources"][name]
    (made.root / "sources.yaml").write_text(yaml.safe_dump(document))


# 4: tombstones hold whatever happens around them.


def test_a_renamed_source_does_not_bring_a_withdrawn_row_back(copy):
    record = sorted(copy.ids("chats"))[5]
    copy.run("forget", record, "--yes")
    rename(copy, "chats", "talks")
    copy.run("run")
    assert len(hashes(copy, "talks")) == 59
    assert hash_of(record) not in hashes(copy, "talks")


def test_another_project_key_is_refused_while_answers_or_tombstones_hang_on_the_old_one(copy):
    record = sorted(copy.ids("chats"))[5]
    path = copy.root / "keys/project.key"
    old = path.read_text()
    path.write_text("ee" * 32)
    copy.run("run")  # Nobody said anything about a record yet: new ids harm nobody.
    path.write_text(old)
    copy.run("run")
    copy.run("review", "answer", record, "decision", "approve", "--by", "ann")
    path.write_text("ee" * 32)
    for command in ("run", "pull"):
        assert "put your backup of the key back" in copy.fails(3, command)
    path.write_text(old)
    copy.run("run")
    copy.run("forget", record, "--yes")
    # The tombstones know the key even without the lock.
    (copy.root / "sources.lock.yaml").unlink()
    path.write_text("ee" * 32)
    assert "put your backup of the key back" in copy.fails(3, "run")


def test_the_lock_tells_nothing_of_the_key(copy):
    lock = copy.project.lock()
    assert lock.key and lock.key not in (copy.root / "keys/project.key").read_text()


def test_a_tombstone_holds_when_the_identity_changes(copy):
    record = sorted(copy.ids("questions"))[5]
    text = text_of(copy, record)
    copy.run("forget", record, "--yes")
    (copy.root / "sources.lock.yaml").unlink()
    edited = SOURCES.replace("user: [title, question]", "user: question")
    assert edited != SOURCES
    (copy.root / "sources.yaml").write_text(edited)
    copy.run("run")
    assert len(hashes(copy, "questions")) == 39
    assert holding(copy, text.partition("\n\n")[2]) == []


def test_columns_that_withdrawn_rows_are_known_by_may_not_vanish(copy):
    record = sorted(copy.ids("questions"))[5]
    copy.run("forget", record, "--yes")
    (copy.root / "sources.lock.yaml").unlink()
    (copy.root / "sources.yaml").write_text(SOURCES.replace("user: [title, question]", "user: question"))
    path = copy.root / "questions.csv"
    path.write_text(path.read_text().replace("title,", "heading,", 1))
    assert "known by columns that cannot be read: title" in copy.fails(3, "run")


@pytest.mark.parametrize("how", ["deleted", "older", "damaged"])
def test_lost_tombstones_are_noticed(copy, how):
    first, second = sorted(copy.ids("chats"))[5:7]
    copy.run("forget", first, "--yes")
    path = copy.root / TOMBSTONES
    older = path.read_bytes()
    copy.run("forget", second, "--yes")
    whole = path.read_bytes()
    if how == "deleted":
        path.unlink()
    else:
        path.write_bytes(older if how == "older" else whole.replace(b"chats", b"chots"))
    assert TOMBSTONES in copy.fails(4, "verify")
    assert "put your copy of" in copy.fails(4, "run")
    path.write_bytes(whole)
    copy.run("run")
    copy.run("verify")
    assert not {hash_of(first), hash_of(second)} & hashes(copy, "chats")


def test_a_new_withdrawal_does_not_hide_lost_ones(copy):
    first, second = sorted(copy.ids("chats"))[5:7]
    copy.run("forget", first, "--yes")
    (copy.root / TOMBSTONES).unlink()
    copy.fails(4, "forget", second, "--yes")
    assert TOMBSTONES in copy.fails(4, "verify")


# 5: every occurrence.


def twins(made):
    """Two identical rows, and one that differs in its capitals only."""
    write_jsonl(made.root / "chats.jsonl", [*(chat(i) for i in range(20)), chat(7)])
    loud = chat(7)
    loud["conversations"][0]["value"] = loud["conversations"][0]["value"].upper()
    with (made.root / "chats.jsonl").open("a") as stream:
        stream.write(json.dumps(loud) + "\n")
    made.run("run")
    return next(i for i in made.ids("chats") if i.endswith("-2"))


@pytest.mark.parametrize("named", ["first", pytest.param("second", marks=pytest.mark.slow)])
def test_the_same_text_goes_with_the_record(made, named):
    second = twins(made)
    first = second.removesuffix("-2")
    text = text_of(made, first)
    made.run("forget", first if named == "first" else second, "--yes")
    assert "forgot 3 records" in made.said
    assert f"gone too: {second if named == 'first' else first}" in made.said
    assert holding(made, text) == holding(made, text.upper()) == []
    rows = [json.loads(line) for line in (made.root / "chats.jsonl").read_text().splitlines()]
    write_jsonl(made.root / "chats.jsonl", rows[:7] + rows[8:])  # The second one would be the first now.
    made.run("run")
    assert holding(made, text) == holding(made, text.upper()) == []


def test_the_same_text_in_another_source_is_named_and_stays(made):
    document = yaml.safe_load(SOURCES)
    document["sources"]["more"] = {
        **document["sources"]["questions"],
        "path": "more.csv",
        "adapter": {"kind": "qa", "user": ["question"], "assistant": "answer"},
    }
    document["sources"]["questions"]["adapter"] = {
        "kind": "qa",
        "user": ["question"],
        "assistant": "answer",
        "keep": ["title"],
    }
    (made.root / "sources.yaml").write_text(yaml.safe_dump(document))
    loud = question(3)
    loud[1] = loud[1].upper()
    write_csv(made.root / "more.csv", [question(60), loud])
    made.run("run")
    texts = {i: text_of(made, i) for i in made.ids("more")}
    twin = next(i for i, text in texts.items() if text == loud[1])
    record = next(i for i in made.ids("questions") if text_of(made, i) == question(3)[1])
    made.run("forget", record, "--yes")
    assert f"same text stays in another source; if it must go too: curate forget {twin}" in made.said
    assert hash_of(twin) in hashes(made, "more")


@pytest.mark.slow
def test_the_very_same_row_goes_from_every_source(made):
    document = yaml.safe_load(SOURCES)
    document["sources"]["again"] = document["sources"]["chats"]
    (made.root / "sources.yaml").write_text(yaml.safe_dump(document))
    made.run("run")
    record = sorted(made.ids("chats"))[3]
    text = text_of(made, record)
    made.run("forget", record, "--yes")
    assert "forgot 2 records" in made.said
    assert holding(made, text) == []


# 7: it can always be finished.


def without_row(made, text):
    path = made.root / "chats.jsonl"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if text not in line))


def adapter_edited(made):
    path = made.root / "sources.yaml"
    path.write_text(path.read_text().replace("keep: [note], group", "keep: [note, family], group"))


@pytest.mark.parametrize("target", ["record", "source"])
@pytest.mark.parametrize(
    "before",
    ["row deleted", "source undeclared"]
    + [pytest.param(name, marks=pytest.mark.slow) for name in ("file deleted", "adapter edited")],
)
def test_what_changed_before_does_not_stand_in_the_way(copy, before, target):
    record = sorted(copy.ids("chats"))[5]
    text = text_of(copy, record)
    if before == "row deleted":
        without_row(copy, text)
    elif before == "file deleted":
        (copy.root / "chats.jsonl").unlink()
    elif before == "adapter edited":
        adapter_edited(copy)
    else:
        undeclare(copy, "chats")
    copy.run("forget", record if target == "record" else "chats", "--yes")
    assert f"forgot {'1 record' if target == 'record' else '60 records'}:" in copy.said
    assert holding(copy, text) == []
    assert Annotations(copy.root / "annotations").tombstones().identity == {"chats": [["conversations"]]}
    (copy.root / "sources.yaml").write_text(SOURCES)
    write_jsonl(copy.root / "chats.jsonl", [chat(i) for i in range(60)])
    copy.run("run")
    assert len(hashes(copy, "chats")) == (59 if target == "record" else 0)
    assert holding(copy, text) == []
    copy.run("verify")


def test_a_file_that_has_changed_since_is_not_taken_for_the_old_one(copy):
    record = sorted(copy.ids("chats"))[5]
    with (copy.root / "chats.jsonl").open("a") as stream:
        stream.write(json.dumps(chat(999)) + "\n")
    copy.run("forget", record, "--yes")
    copy.run("run")
    assert len(hashes(copy, "chats")) == 60


def test_nothing_to_forget_is_an_error(made):
    assert "has no record here" in made.fails(3, "forget", "chats", "--yes")
    assert "no source is called" in made.fails(3, "forget", "chots", "--yes")
    made.run("pull")
    assert "no record is called" in made.fails(3, "forget", "chats:0123456789abcdef", "--yes")


@pytest.mark.parametrize("target", ["..", "../..", ".", "", "/", "../..:{}", ".:{}", ":{}"])
def test_nothing_outside_is_ever_deleted(copy, target):
    files.make_dir(copy.root / "data/raw/downloads/other")
    before = copy.files()
    copy.fails(3, "forget", target.format(hash_of(sorted(copy.ids("chats"))[5])), "--yes")
    assert copy.files() == before
    assert (copy.root / "data/raw/downloads/other").is_dir()


def test_what_was_cut_off_is_finished_by_the_same_command(copy):
    record = sorted(copy.ids("chats"))[5]
    text = text_of(copy, record)
    Annotations(copy.root / "annotations").bury({record})
    (copy.root / "data/unfinished/both/0123").mkdir(parents=True)
    (copy.root / "data/unfinished/both/0123/ledger.json").write_text(record)
    assert holding(copy, text)
    copy.run("forget", record, "--yes")
    assert "begins anew" in copy.said
    assert holding(copy, text) == []
    assert not (copy.root / "data/unfinished").exists()
    copy.run("forget", record, "--yes")  # And once more does no harm.
    copy.run("verify")


def test_a_gone_source_leaves_nothing_behind(copy):
    downloads = copy.root / "data/raw/downloads/chats/0123/d.jsonl"
    for how in ("gc", "forget"):
        files.write_bytes(downloads, b"{}\n")
        undeclare(copy, "chats")
        copy.run(*(("gc",) if how == "gc" else ("forget", "chats", "--yes")))
        assert "chats" not in copy.project.lock().sources
        assert not downloads.parent.parent.exists()
        assert not (copy.root / "data/raw/tables/chats").exists()
        (copy.root / "sources.yaml").write_text(SOURCES)
        copy.run("run")


def test_gc_deletes_downloads_that_no_pin_names(copy):
    folder = copy.root / "data/raw/downloads/chats"
    revision = copy.project.lock().sources["chats"].revision
    for name in (revision, "0" * 40):
        files.write_bytes(folder / name / "d.jsonl", b"{}\n")
        files.write_sealed(folder / f"{name}.json", {"files": {}})
    copy.run("gc", "--dry-run")
    assert len(list(folder.iterdir())) == 4
    copy.run("gc")
    assert sorted(p.name for p in folder.iterdir()) == [revision, f"{revision}.json"]


@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_one_bad_backup_stops_nothing_and_is_named(copy, tmp_path, how):
    record, other = sorted(copy.ids("chats"))[5:7]
    for one in (record, other):
        copy.run("review", "answer", one, "decision", "approve", "--by", "ann")
    backups = [tmp_path / "disk-a" / "b.jsonl", tmp_path / "disk-b" / "b.jsonl"]
    for path in backups:
        copy.run("review", "backup", str(path))
    whole = backups[0].read_bytes()
    text = text_of(copy, record)
    if how == "damaged":
        backups[0].write_bytes(whole.replace(b"approve", b"reject", 1))
    else:
        shutil.rmtree(backups[0].parent)
    assert f"not reached: {backups[0]}" in copy.fails(4, "forget", record, "--yes")
    assert holding(copy, text) == []
    assert record.encode() not in backups[1].read_bytes() and other.encode() in backups[1].read_bytes()
    files.write_bytes(backups[0], whole)
    copy.run("forget", record, "--yes")
    assert record.encode() not in backups[0].read_bytes() and other.encode() in backups[0].read_bytes()


def test_a_damaged_table_does_not_hide_what_is_elsewhere(copy):
    record = sorted(copy.ids("chats"))[5]
    text = text_of(copy, record)
    parts = (copy.root / "data/raw/tables/chats/raw/parts").glob("*.parquet")
    (path,) = (p for p in parts if record in pq.read_table(p)["id"].to_pylist())
    path.write_bytes(b"damaged")
    copy.run("forget", record, "--yes")
    assert holding(copy, text) == []
    assert not path.exists()
    copy.run("run")
    copy.run("verify")
    assert len(hashes(copy, "chats")) == 59


# What it says.


def test_it_names_the_id_that_ones_own_file_still_holds(copy):
    record = sorted(copy.ids("chats"))[5]
    copy.run("forget", record, "--yes")
    assert f"your own file still holds {record}: chats.jsonl, row " in copy.said
    assert "this export had it: data/exports/sft/" in copy.said


def test_a_source_is_summed_up(copy):
    copy.run("forget", "chats", "--yes")
    assert "your own file still holds 60 of them: chats.jsonl" in copy.said
    assert " of them: data/exports/sft/" in copy.said
    assert copy.said.count("this export had") == 1
    assert "data/exports/sft" in copy.run("why", Annotations(copy.root / "annotations").forgotten().pop())


def test_why_tells_of_a_withdrawn_record(copy):
    record = sorted(copy.ids("chats"))[5]
    copy.run("forget", record, "--yes")
    told = copy.run("why", record)
    assert "removed for good by curate forget" in told
    assert "in data/exports/sft" in told
    undeclare(copy, "chats")
    told = copy.run("why", record)
    assert "removed for good by curate forget" in told
    assert "in data/exports/sft" in told


def test_what_export_keeps_of_a_row_goes_too_and_old_exports_of_every_side_are_listed(copy):
    """Token counts are kept beside the tables; the row may have left on any side of the split."""
    build_tiny_base(copy.root / "models" / "tiny")
    (copy.root / "exports" / "mixes" / "counted.yaml").write_text(
        "mix: counted\ntask: sft\nsources: [chats]\ntokenizer: {path: models/tiny, template: chatml}\n"
        "splits: {validation: 0.3, test: 0.3}\n"
    )
    copy.run("export", "counted")
    (folder,) = (p.parent for p in (copy.root / "data/exports/counted").glob("*/manifest.json"))
    (test, *_) = pq.read_table(folder / "test.parquet", columns=["id"])["id"].to_pylist()

    def counted():
        parts = (copy.root / "data/tables/chats/tokens/parts").glob("*.parquet")
        return {i for p in parts for i in pq.read_table(p, columns=["id"])["id"].to_pylist()}

    assert test in counted()
    copy.run("forget", test, "--yes")
    assert f"this export had it: data/exports/counted/{folder.name}" in copy.said
    assert not {i for i in counted() if hash_of(i) == hash_of(test)}
    copy.run("export", "counted")
    newest = max((copy.root / "data/exports/counted").glob("*/manifest.json"), key=lambda p: p.stat().st_mtime).parent
    assert newest != folder
    ids = {i for p in newest.glob("*.parquet") for i in pq.read_table(p, columns=["id"])["id"].to_pylist()}
    assert test not in ids and test not in counted()
