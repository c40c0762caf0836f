"""`sources detect`: the right adapter or none, never a wrong one, and a word on whatever it leaves out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from curation.core.errors import ProjectError, UsageError
from curation.core.project import Project
from curation.pull.detect import Detection, detect, entry_for, smallest
from curation.pull.detect_show import document, lines
from tests.pull.detect_shapes import SHAPES, ask, each, reply
from tests.pull.support import Make

EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "detect_expected.yaml").read_text("utf-8")
)


def no_project() -> Project:
    raise AssertionError("local files need no project")


def look(path: Path | str) -> Detection:
    return detect(str(path), no_project)


def best(found: Detection, *, but: tuple[str, ...] = ("keep", "group")) -> dict[str, Any] | None:
    """The first proposal's adapter; None where there is none."""
    if not found.proposals:
        return None
    return {k: v for k, v in found.proposals[0].declared.items() if k not in but}


def told(found: Detection) -> str:
    return "\n".join([*found.notes, *(found.proposals[0].warnings if found.proposals else ())])


# ------------------------------------------------------------------------------------------ the files beside us


def shared_file(data: Path, part: str, name: str) -> Path:
    if part == "files":
        return data / name
    owner, repo, rest = name.split("/", 2)
    return next((data / "hub_fixture/datasets" / owner / repo).glob(f"*/{rest}"))


def test_every_shared_file_is_expected(shared: Path) -> None:
    data = shared / "data"
    there = {
        p
        for p in data.rglob("*")
        if p.suffix in (".json", ".jsonl", ".csv", ".tsv", ".parquet") and p.name != "meta.json"
    }
    assert there == {shared_file(data, part, name) for part in EXPECTED for name in EXPECTED[part]}


def test_shared_files(shared: Path) -> None:
    right, adapters, wrong = 0, 0, []
    for part in EXPECTED:
        for name, expected in EXPECTED[part].items():
            found = look(shared_file(shared / "data", part, name))
            want = expected["adapter"]
            got = best(found, but=tuple({"keep", "group"} - set(want or ())))
            adapters += want is not None
            right += want is not None and got == want
            if got is not None and (got != want or found.tied):
                wrong.append(name)
    assert wrong == []
    assert right >= 0.9 * adapters


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("counsel_chat/counsel_chat_dev_half.csv", ("questionTitle", "therapistInfo", "therapistURL", "upvotes")),
        ("llamafactory/glaive_toolcall_en_demo.json", ("call tools",)),
        ("data_juicer/demo-dataset-deduplication.jsonl", ("user_text",)),
        ("torchtune/alpaca_tiny.json", ("'text' is the same conversation",)),
        ("goemotions/dev.tsv", ("column names",)),
    ],
)
def test_words_on_shared_files(shared: Path, name: str, words: tuple[str, ...]) -> None:
    text = told(look(shared / "data" / name))
    assert [w for w in words if w not in text] == []


# ---------------------------------------------------------------------------------------------- shapes of our own


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name: str, tmp_path: Path) -> None:
    rows, want, words = SHAPES[name]
    path = tmp_path / "ShareGPT_preferences_chatml.json"
    path.write_text(json.dumps(rows))
    found = look(path)
    assert best(found) == want, (best(found), found.notes)
    text = told(found)
    assert [w for w in words if w not in text] == []
    assert found.tied == (name == "two answers of unknown rank")
    json.dumps(document(found))
    assert "\n".join(lines(found))


@pytest.mark.parametrize(
    "name", [n for n in SHAPES if SHAPES[n][0] and n not in ("mixed numbers and texts", "nothing in it")]
)
def test_the_same_as_parquet(name: str, tmp_path: Path) -> None:
    rows, want, _ = SHAPES[name]
    path = tmp_path / "d.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert best(look(path)) == want


def test_a_label_column_is_never_dropped_without_a_word(tmp_path: Path) -> None:
    for name, values in (
        ("label", ["a", "b", "c"]),
        ("labels", [0, 1, 2]),
        ("score", [1, 5, 9]),
        ("toxicity", [0.1, 0.5]),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(
            json.dumps(each(lambda n, v=values, k=name: {"question": ask(n), "answer": reply(n), k: v[n % len(v)]}))
        )
        (proposal,) = look(path).proposals
        assert any(f"'{name}'" in w for w in proposal.warnings)


def test_examples_and_rejects(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    rows = each(lambda n: {"question": ask(n), "answer": reply(n) if n % 4 else ""}, 40)
    path.write_text("".join(json.dumps(r) + "\n" for r in rows) + "{broken\n")
    (proposal,) = look(path).proposals
    assert (proposal.rows, proposal.trial.records) == (41, 30)
    assert proposal.trial.rejects == {"no_answer": 10, "broken_json": 1}
    assert [e["messages"][0]["content"] for e in proposal.trial.examples] == [ask(1), ask(2), ask(3)]


def test_no_more_than_the_first_rows_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text("".join(json.dumps({"question": ask(n), "answer": reply(n)}) + "\n" for n in range(500)))
    (proposal,) = look(path).proposals
    assert proposal.rows == proposal.trial.records == 200


def test_what_must_not_exist_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from curation.methods import screen

    monkeypatch.setattr(screen, "flag", lambda batch: pa.array([n == 0 for n in range(len(batch))]))
    path = tmp_path / "d.json"
    path.write_text(json.dumps(each(lambda n: {"question": ask(n), "answer": reply(n)})))
    found = look(path)
    (proposal,) = found.proposals
    assert proposal.trial.rejects == {"unconditional": 1}
    assert ask(0) not in "\n".join(lines(found)) and ask(0) not in json.dumps(document(found))


# ------------------------------------------------------------------------------------------------- several files


def test_files_of_one_shape_are_one_proposal(tmp_path: Path) -> None:
    for part in range(3):
        rows = each(lambda n, p=part: {"question": ask(n), "answer": reply(n), **({"topic": "x"} if p == 1 else {})})
        (tmp_path / f"{part}.json").write_text(json.dumps(rows))
    found = look(tmp_path)
    assert best(found) == SHAPES["stars"][1] and not found.tied
    assert found.proposals[0].files == ("0.json", "1.json", "2.json")
    assert found.proposals[0].rows == 72


def test_files_of_several_shapes_are_not_accepted(make: Make, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(SHAPES["messages"][0]))
    (tmp_path / "b.json").write_text(json.dumps(SHAPES["stars"][0]))
    found = look(tmp_path)
    assert found.tied and len(found.proposals) == 2
    with pytest.raises(ProjectError, match="equally well"):
        entry_for(make.project({}), found)


def test_smallest() -> None:
    sizes = {"a/1.parquet": 9, "a/2.parquet": 3, "b/1.parquet": 5, "b/2.parquet": 60 << 20, "c/1.parquet": 60 << 20}
    assert smallest(sizes) == (["a/2.parquet", "b/1.parquet"], 3)
    assert smallest({"x.parquet": 1 << 40}) == (["x.parquet"], 0)


@pytest.mark.parametrize("place", ["nowhere.json", "no where", "a/b/c", "data/none.csv"])
def test_no_such_place(place: str) -> None:
    with pytest.raises(UsageError):
        look(place)
