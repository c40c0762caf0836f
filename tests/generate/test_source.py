"""A source of scenarios through the whole tool: made, pulled, explained, held back, released, withdrawn."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import curation
from curation.core.project import Project
from curation.generate.scenario import read
from curation.generate.template import dialogue
from tests.generate.conftest import SCENARIOS, copy_scenario, curate, project

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """A project that was run once; tests that change it take a copy of their own."""
    root = project(tmp_path_factory.mktemp("done") / "p")
    assert curate(root, "run") == 0
    return root


def rows(root: Path, mix: str = "sft") -> list[str]:
    (folder,) = {json.loads(p.read_text())["folder"] for p in (root / "data" / "exports" / mix).glob("latest.json")}
    place = root / "data" / "exports" / mix / folder
    return [i for side in place.glob("*[nt]*.parquet") if side.stem in ("train", "validation")
            for i in pq.read_table(side, columns=["id"])["id"].to_pylist()]  # fmt: skip


def by_scenario(root: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in curation.open(root).read("records").to_dicts():
        meta = {m["key"]: m["value"] for m in row["meta"]}
        found.setdefault(meta["scenario"], []).append(row["id"])
    return found


def test_records_are_openly_synthetic_and_carry_what_made_them(done):
    frame = curation.open(done).read("raw").to_dicts()
    assert len(frame) == 8 and {r["synthetic"] for r in frame} == {"template"}
    assert {r["persona"] for r in frame} == {"client"}
    for row in frame:
        meta = {m["key"]: m["value"] for m in row["meta"]}
        made = dialogue(read(SCENARIOS / f"{meta['scenario']}.yaml"), seed=17, variation=int(meta["variation"]))
        assert [t["content"] for t in row["messages"]] == [t.content for t in made]
        assert len(meta["moves"].split()) + len(meta["emotions"].split()) == len(row["messages"])
        assert meta["seed"] == "17" and "model" not in meta
    assert len({r["group"] for r in frame}) == 2  # one scenario, one side of every split


def test_the_search_for_personal_data_leaves_the_tags_alone(done):
    for row in curation.open(done).read("records").to_dicts():
        meta = {m["key"]: m["value"] for m in row["meta"]}
        assert not [v for v in meta.values() if "[" in v]


def test_a_clients_last_words_stay(done):
    for row in curation.open(done).read("records").to_dicts():
        assert row["messages"][-1]["role"] == "user"


def test_why_leads_back_to_file_variation_and_seed(done, capsys):
    record = by_scenario(done)["mm"][0]
    assert curate(done, "why", record) == 0
    said = capsys.readouterr().out.splitlines()[0]
    assert "scenarios:mm" in said and "file scenarios/mm.yaml" in said
    assert "(made by template; variation " in said and "seed 17" in said


def test_a_second_run_does_no_work(done, capsys):
    before = {p: p.stat().st_mtime_ns for p in (done / "data").rglob("*.parquet")}
    assert curate(done, "generate", "scenarios") == 0
    assert curate(done, "pull") == 0
    assert "made" not in capsys.readouterr().err
    assert {p: p.stat().st_mtime_ns for p in (done / "data").rglob("*.parquet")} == before


def test_crises_leave_in_no_mix_before_a_person_has_released_them(done, tmp_path, capsys):
    import shutil

    root = tmp_path / "p"
    shutil.copytree(done, root)
    known = by_scenario(root)
    assert sorted(rows(root)) == sorted(known["mm"])
    manifest = json.loads(next((root / "data/exports/sft").glob("*/manifest.json")).read_text())
    assert manifest["sources"]["clients"]["left_out"] == {"risk_unreleased": 4}
    assert "risk_unreleased" in next((root / "data/exports/sft").glob("*/README.md")).read_text()
    curate(root, "status")
    assert "4 rows at risk wait for a person" in capsys.readouterr().out

    one = known["night-porter"][0]
    assert curate(root, "review", "answer", one, "risk", "release") == 0
    assert curate(root, "export", "sft") == 0
    assert sorted(rows(root)) == sorted([*known["mm"], one])
    capsys.readouterr()
    assert curate(root, "status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["waiting"] == {"clients": 3}
    assert curate(root, "review", "answer", one, "risk", "hold") == 0
    assert curate(root, "export", "sft") == 0
    assert sorted(rows(root)) == sorted(known["mm"])


def test_a_changed_scenario_seed_or_number_is_noticed(root, capsys):
    assert curate(root, "pull") == 0
    table = Project.open(root).lock().sources["clients"].table
    seen = {table}
    path = root / "scenarios" / "mm.yaml"
    path.write_text(path.read_text("utf-8").replace("Something", "Something").replace('"Mm."', '"Hm."'), "utf-8")
    for change in ("", "    seed: 4\n", "    variations: 5\n"):
        (root / "sources.yaml").write_text((root / "sources.yaml").read_text() + change)
        capsys.readouterr()
        curate(root, "status")
        assert "not pulled, or changed since" in capsys.readouterr().out
        assert curate(root, "pull") == 0
        seen.add(Project.open(root).lock().sources["clients"].table)
    assert len(seen) == 4
    assert curate(root, "gc") == 0 and curate(root, "verify") == 0
    kept = [p for p in (root / "data" / "raw" / "downloads" / "clients").iterdir() if p.is_dir()]
    assert len(kept) == 1


def test_what_concerns_the_source_only_makes_nothing_anew(root):
    assert curate(root, "pull") == 0
    (made,) = (root / "data" / "raw" / "downloads" / "clients").glob("*/")
    (root / "sources.yaml").write_text(
        (root / "sources.yaml").read_text() + "    persona: assistant\n    priority: 3\n"
    )
    assert curate(root, "pull") == 0
    assert list((root / "data" / "raw" / "downloads" / "clients").glob("*/")) == [made]
    assert {r["persona"] for r in curation.open(root).read("raw").to_dicts()} == {"assistant"}


def test_a_withdrawn_dialogue_does_not_come_back(root, capsys):
    assert curate(root, "clean") == 0
    one = by_scenario(root)["mm"][0]
    assert curate(root, "forget", one, "--yes") == 0
    assert one not in by_scenario(root)["mm"]
    assert not (root / "data" / "raw" / "downloads" / "clients").exists()
    (root / "sources.yaml").write_text((root / "sources.yaml").read_text() + "    variations: 6\n")
    assert curate(root, "generate", "scenarios") == 0
    assert curate(root, "clean") == 0
    assert one not in by_scenario(root)["mm"] and len(by_scenario(root)["mm"]) == 5


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (lambda p: (p / "scenarios" / "mm.yaml").unlink(), 3, "no scenario is called 'mm'"),
        (lambda p: copy_scenario(p / "scenarios", "mm", lambda t: t.replace("flags: [none], ", "")), 3, "mm.yaml"),
        (lambda p: (p / "sources.yaml").write_text("sources: {}\n"), 3, "no source of scenarios"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_published(root, change, code, says, capsys):
    change(root)
    assert curate(root, "generate", "scenarios") == code
    assert says in capsys.readouterr().err
    assert not (root / "data" / "raw" / "tables").exists()


def test_the_report_and_the_dry_run(root, capsys):
    assert curate(root, "generate", "scenarios", "--dry-run", "--json") == 0
    said = json.loads(capsys.readouterr().out)["clients"]
    assert (said["by"], said["dialogues"], said["made"], said["cost"]) == ("template", 8, False, 0.0)
    assert not (root / "data" / "raw").exists()
    assert curate(root, "generate", "scenarios", "--json") == 0
    report = json.loads(capsys.readouterr().out)["clients"]
    assert report["records"] == 8 and set(report["scenarios"]) == {"mm", "night-porter"}
    whole = report["whole"]
    assert 0 < whole["distinct_1"] < whole["distinct_2"] < whole["distinct_3"] < 1
    assert whole["resistance_held"][0] == 1 and report["one_of_each"]["self_bleu"] < whole["self_bleu"]
    assert curate(root, "generate", "scenarios") == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80 and "resistance held" in shown


def test_talking_with_a_client(root, capsys, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("Hello.\n\n\nSo you like wood.\n"))
    assert curate(root, "generate", "chat", "mm") == 0
    out = capsys.readouterr()
    assert len(out.out.splitlines()) == 4 and "resistance 5 of 5" in out.err
    assert curate(root, "generate", "chat", "nobody") == 3
    monkeypatch.setattr("sys.stdin", io.StringIO("Hello.\n" + "You should pull yourself together.\n" * 50))
    assert curate(root, "generate", "chat", "ward-nine") == 0
    out = capsys.readouterr()
    assert "the hour is ending" in out.err and len(out.out.splitlines()) < 14


def test_the_preview_and_the_list_know_the_source(root, capsys):
    assert curate(root, "pull", "--dry-run", "--json") == 0
    said = json.loads(capsys.readouterr().out)["clients"]
    assert (said["id"], said["files"], said["cached"], said["todo"]) == ("scenarios", 2, False, None)
    assert curate(root, "sources", "list") == 0
    assert "scenarios" in capsys.readouterr().out
