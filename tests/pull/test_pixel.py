"""Pixel's own sources: all but the scenarios come through the hub client; restricted ones leave on a person's word."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from curation.cli import main
from curation.core.errors import GateError
from curation.core.project import Project
from curation.core.sources import HubSource
from curation.demo.hub import LoopbackHub
from curation.export.gates import rights
from curation.pull.pull import raw_table
from tests.pull.support import all_rows
from tests.pull.test_fixture import rows_of

HUB = Path(__file__).parents[3] / "shared" / "data" / "hub_fixture"

GATED = {"amod", "psych8k", "cot-clinical-diagnosis", "cot-neurodivergent", "cot-heartbreak", "cot-mens-health"}
OFF = {"psych8k", "psychology-10k", "addiction", "dark-rp", "dan-remixed", "hercules"}
OPEN = {"psychology-10k", "addiction", "dark-rp", "dan-remixed", "hercules", "gutenberg-dpo", "gryphe"}

needs_hub = pytest.mark.skipif(not HUB.is_dir(), reason="the shared hub fixture is not here")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """`curate init --example pixel`, with a key that is the same in every run."""
    folder = tmp_path / "pixel"
    assert main(["init", str(folder), "--example", "pixel"]) == 0
    (folder / "keys" / "project.key").write_text("ab" * 32)
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    constants = pytest.importorskip("huggingface_hub.constants")
    # Whoever runs the tests may be logged in.
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with LoopbackHub(HUB) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        yield running


def edit(root: Path, *changes: tuple[str, str]) -> None:
    path = root / "sources.yaml"
    text = path.read_text("utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def only(root: Path, *names: str) -> None:
    """Switch every other source off, and these on."""
    text = re.sub(r"^    enabled: false\n", "", (root / "sources.yaml").read_text("utf-8"), flags=re.M)
    for name in Project.open(root).sources.keys() - set(names):
        text = text.replace(f"  {name}:\n", f"  {name}:\n    enabled: false\n")
    (root / "sources.yaml").write_text(text, "utf-8")
    assert set(Project.open(root).enabled()) == set(names)


def curate(root: Path, *args: str) -> int:
    return main(["--project", str(root), *args])


def pulled(root: Path, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, Mapping[str, Any]]:
    capsys.readouterr()
    code = curate(root, "--json", "-q", "pull", *args)
    return code, json.loads(capsys.readouterr().out)


def hub_sources(project: Project) -> dict[str, HubSource]:
    return {name: source for name, source in project.sources.items() if isinstance(source, HubSource)}


def mix(root: Path, name: str, task: str = "sft") -> None:
    shutil.rmtree(root / "exports" / "mixes")
    (root / "exports" / "mixes").mkdir()
    (root / "exports" / "mixes" / "m.yaml").write_text(f"mix: m\ntask: {task}\nsources: [{name}]\n")


def test_every_source_binds_and_says_what_has_to_be_known(root: Path) -> None:
    sources = Project.open(root).sources
    assert len(sources) == 14
    assert {name for name, source in sources.items() if not source.enabled} == OFF
    assert all(source.note for source in sources.values())
    assert not any(source.accept for source in sources.values())
    assert {name: source.licence for name, source in sources.items() if source.licence} == {
        "psych8k": "cc-by-nc-sa-4.0",
        "dark-rp": "agpl-3.0",
        "gutenberg-dpo": "cc-by-4.0",
        "gryphe": "mit",
        "scenarios": "apache-2.0",
    }


def test_the_list_says_what_may_leave(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert curate(root, "sources", "list") == 0
    said = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert " no " in said["psych8k"] and " off" in said["psych8k"]
    assert " yes " in said["gryphe"] and "not pulled" in said["gryphe"]
    # Nobody knows before the first pull.
    assert " yes " not in said["amod"] and " no " not in said["amod"]


@needs_hub
def test_with_a_token_all_thirteen_come_and_every_row_is_a_record_or_a_counted_reject(
    root: Path, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, ("enabled: false", "enabled: true"))
    monkeypatch.setenv("HF_TOKEN", "hf_ok")
    code, said = pulled(root, capsys)
    assert code == 0 and len(said["pulled"]) == 14 and not said["blocked"]
    project = Project.open(root)
    figures = {}
    for name, source in hub_sources(project).items():
        entry, table = project.lock().sources[name], raw_table(project, name, source)
        assert table is not None and table.key == entry.table
        home = HUB / "datasets" / str(entry.id) / entry.revision
        total = sum(len(rows_of(home / file)) for file in entry.files)
        rejects = table.totals("reasons")
        assert table.rows + sum(rejects.values()) == table.manifest["rows_in"] == total > 0
        # The fixture has the shapes that the adapters are written for: an empty cell is all that may be wrong.
        assert set(rejects) <= {"pull/no_answer", "pull/no_prompt"} and sum(rejects.values()) <= total // 20
        assert {row["persona"] for row in all_rows(table)} == {source.persona}
        figures[name] = (total, table.rows, dict(rejects))
    with capsys.disabled():
        print(f"\n{'source':<24}{'rows':>6}{'records':>9}  rejects")
        for name, (total, kept, rejects) in figures.items():
            print(f"{name:<24}{total:>6}{kept:>9}  {rejects or ''}")
    lock = project.lock().sources
    assert {name for name, entry in lock.items() if entry.gated} == GATED
    assert lock["amod"].licence == "rail-d" and lock["hercules"].licence is None
    assert all(file.startswith("cleaned/") for file in lock["hercules"].files)
    with pytest.raises(GateError) as refused:
        rights(project.sources, project.lock())
    assert set(re.findall(r"([\w-]+) \(", refused.value.what)) == OFF | {"amod"}


@needs_hub
def test_without_a_token_the_open_ones_come_and_the_others_say_who_must_do_what(
    root: Path, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, ("enabled: false", "enabled: true"))
    code, said = pulled(root, capsys)
    assert code == 5
    assert set(said["pulled"]) == OPEN | {"scenarios"} and set(said["blocked"]) == GATED
    assert all(error["exit_code"] == 5 for error in said["blocked"].values())
    assert curate(root, "pull") == 5
    shown = capsys.readouterr().out
    ids = {name: source.id for name, source in hub_sources(Project.open(root)).items()}
    for name in GATED:
        (line,) = [line for line in shown.splitlines() if line.split()[0] == name]
        assert f"/datasets/{ids[name]}" in line and "ask for access" in line and "HF_TOKEN" in line
        assert "no valid token" in said["blocked"][name]["what"]
    # The wrong token is another errand than none.
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    code, said = pulled(root, capsys, "amod")
    assert code == 5 and "this account has no access" in said["blocked"]["amod"]["what"]
    assert curate(root, "pull", "amod") == 5
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("amod")]
    assert "ask for access" in line and "HF_TOKEN" not in line
    monkeypatch.setenv("HF_TOKEN", "hf_ok")
    code, said = pulled(root, capsys)
    assert code == 0 and {name for name, found in said["pulled"].items() if found["changed"]} == GATED


@needs_hub
@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("psych8k", "cc-by-nc-sa-4.0"),
        ("dark-rp", "agpl-3.0"),
        ("dan-remixed", "none stated"),
    ],
)
def test_a_restricted_source_is_pulled_but_leaves_on_a_persons_word_only(
    root: Path,
    hub: LoopbackHub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    stated: str,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_ok")
    only(root, name)
    mix(root, name)
    assert curate(root, "pull") == 0
    assert "before a person has set 'accept'" in capsys.readouterr().err
    assert curate(root, "export", "m") == 5
    told = capsys.readouterr().err
    assert f"{name} ({stated})" in told and "accept: {licence" in told
    assert not list((root / "data").glob("exports/m/*"))
    word = "accept: {licence: asked, by: R. Meyer, reason: the author wrote to us}"
    edit(root, (f"  {name}:\n", f"  {name}:\n    {word}\n"))
    assert curate(root, "export", "m") == 0
    (card,) = (root / "data" / "exports" / "m").glob("*/README.md")
    (line,) = [line for line in card.read_text().splitlines() if line.startswith(f"| {name} | asked")]
    missing = "none" if stated == "none stated" else stated
    assert f"accepted by R. Meyer: the author wrote to us (stated licence: {missing})" in line


@needs_hub
def test_a_source_that_is_off_can_be_looked_at_by_name_and_no_mix_takes_it(
    root: Path, hub: LoopbackHub, capsys: pytest.CaptureFixture[str]
) -> None:
    only(root, "gryphe")
    mix(root, "dark-rp")
    assert curate(root, "pull", "dark-rp") == 0
    assert curate(root, "export", "m") == 3
    assert "switched off" in capsys.readouterr().err


@needs_hub
def test_the_difficult_client_is_what_the_model_of_the_data_set_said(root: Path, hub: LoopbackHub) -> None:
    only(root, "dark-rp")
    mix(root, "dark-rp")
    edit(root, ("  dark-rp:\n", "  dark-rp:\n    accept: {licence: agpl-3.0, by: R. Meyer, reason: tried out}\n"))
    # The hub's stand-in for this data set is talk of a model about itself, which the filters leave out.
    with (root / "curate.toml").open("a") as settings:
        settings.write("\n[stages.filters]\nidentity = -1\n")
    assert curate(root, "export", "m") == 0
    entry = Project.open(root).lock().sources["dark-rp"]
    (file,) = entry.files
    source = rows_of(HUB / "datasets" / str(entry.id) / entry.revision / file)
    said = {turn["value"] for row in source for turn in row["conversations"] if turn["from"] == "gpt"}
    (made,) = (root / "data" / "exports" / "m").glob("*/train.jsonl")
    rows = [json.loads(line) for line in made.read_text("utf-8").splitlines()]
    assert rows
    for answer in (turn["content"] for row in rows for turn in row["messages"] if turn["role"] == "assistant"):
        # Scrub has put placeholders where names were: the words around them are the source's.
        kept = re.compile(".+?".join(map(re.escape, re.split(r"\[[A-Z]+_\d+\]", answer))), re.S)
        assert any(map(kept.fullmatch, said)), answer


def test_the_example_of_a_file_of_ones_own_works_when_its_marks_are_taken_off(root: Path) -> None:
    path = root / "sources.yaml"
    head, mark, example = path.read_text("utf-8").partition("#  therapy-merged:")
    path.write_text(head + re.sub("^#", "", mark + example, flags=re.M), "utf-8")
    only(root, "therapy-merged")
    turns = [{"role": "user", "content": "I feel low today."}, {"role": "assistant", "content": "What happened?"}]
    older = [{"from": "human", "value": "I cannot sleep."}, {"from": "gpt", "value": "Since when?"}]
    rows = [{"messages": turns, "source": "a", "session": "1"}, {"conversations": older, "source": "b", "session": "2"}]
    (root / "input").mkdir()
    (root / "input" / "therapy-merged.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    mix(root, "therapy-merged")
    assert curate(root, "export", "m") == 0
    (card,) = (root / "data" / "exports" / "m").glob("*/README.md")
    assert "accepted by NAME: everybody" in card.read_text()
    assert Project.open(root).lock().sources["therapy-merged"].rows == 2
