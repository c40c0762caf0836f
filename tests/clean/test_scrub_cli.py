"""The loop with people in whole projects: entries, what they redo, what proves them; scores; residual risk."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.core.annotations import Annotations, Answer
from tests.laws.projects import Made, chat, make_project, write_jsonl

pytest.importorskip("presidio_analyzer")

NAME = "Zelda Quill"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A cleaned project in which one name stands in two chats and in no other source; no level finds it."""
    made = make_project(tmp_path_factory.mktemp("loop") / "project", chats=60)
    with (made.root / "curate.toml").open("a") as settings:
        settings.write('[stages.scrub]\nlevel = "patterns"\n')
    rows = [chat(i) for i in range(60)]
    rows[5]["conversations"][0]["value"] += f" I told {NAME} all of it."
    rows[40]["conversations"][1]["thought"] = f"ask about ZELDA  quill and 40417 99, I'm 34 and from Ohio. {'x' * 3}"
    write_jsonl(made.root / "chats.jsonl", rows)
    made.run("clean")
    return made


@pytest.fixture
def made(finished: Made, tmp_path: Path) -> Made:
    shutil.copytree(finished.root, tmp_path / "project", copy_function=shutil.copy2)
    return Made(tmp_path / "project")


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a command with something in standard input."""

    def run(made: Made, text: str, *args: str, code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        made.run(*args, code=code)
        return made.said

    return run


def holding(made: Made, text: str) -> list[str]:
    """The ids of the scrubbed rows that hold a text, whatever its case."""
    found = []
    for row in rows_of(made):
        if text.casefold() in json.dumps(row, ensure_ascii=False).casefold():
            found.append(row["id"])
    return sorted(found)


def rows_of(made: Made, source: str = "chats") -> Iterator[dict[str, Any]]:
    from curation.commands.pipeline import view

    found = view(made.project, source)
    assert found is not None
    for batch in found.batches():
        yield from batch.to_pylist()


def test_a_denied_name_goes_everywhere_and_only_its_digest_is_kept(made: Made, typed: Callable[..., str]) -> None:
    assert len(holding(made, NAME)) == 1 and len(holding(made, "zelda  quill")) == 1
    typed(
        made, f"{NAME.lower()}\n", "scrub", "deny", "--label", "PERSON", "--role", "relative", "--note", "from a mark"
    )
    made.run("clean")
    assert not holding(made, "quill")
    assert len(holding(made, "[PERSON_1]")) == 2
    document = (made.root / "scrub.yaml").read_text()
    assert "from a mark" in document
    made.run("gc")  # the tables of before hold what was missed
    for name, (data, _) in made.files().items():
        assert b"quill" not in data.lower() or name.startswith(("data/raw/", "chats.jsonl")), name
    assert "1 entries, none broken" in checked(made)
    assert made.json("scrub", "entries")[0] | {"keyed": ""} == {
        "kind": "deny",
        "label": "PERSON",
        "role": "relative",
        "scope": "project",
        "note": "from a mark",
        "keyed": "",
    }


def checked(made: Made, code: int = 0) -> str:
    made.run("scrub", "check", code=code)
    return made.said


def test_an_entry_of_a_conversation_makes_only_its_part_anew(made: Made, typed: Callable[..., str]) -> None:
    one, two = sorted({*holding(made, NAME), *holding(made, "zelda  quill")})
    typed(made, NAME, "scrub", "deny", "--label", "PERSON", "--conversation", one)
    made.run("status")
    stale = [line for line in made.said.splitlines() if " records " in line and " stale" in line]
    assert len(stale) == 1 and stale[0].startswith("chats ") and "entries" in stale[0]
    before = made.files()
    made.run("clean")
    new = {n for n, found in made.files().items() if before.get(n) != found and "/parts/" in n and n.endswith("t")}
    assert {name.split("/")[2] for name in new} == {"chats"}
    assert len([name for name in new if "/records/parts/" in name]) == 1
    assert holding(made, "quill") == [two]
    assert "none broken" in checked(made)


def test_an_entry_of_a_source_leaves_the_other_sources_alone(made: Made, typed: Callable[..., str]) -> None:
    typed(made, "my sister\nnight shifts", "scrub", "deny", "--label", "PERSON", "--source", "chats")
    assert {t["state"] for t in made.json("status")["sources"]["questions"][:2]} == {"fresh"}
    made.run("clean")
    assert not holding(made, "my sister") and not holding(made, "night shifts")
    assert any("my sister" in json.dumps(row) for row in rows_of(made, "questions"))
    assert "2 entries, none broken" in checked(made)


def test_the_order_of_entries_and_their_notes_change_nothing(made: Made, typed: Callable[..., str]) -> None:
    for value in ("my sister", "work", "my sister"):
        typed(made, value, "scrub", "deny", "--label", "PERSON")
    assert "the rest was there" in made.said
    made.run("clean")
    path = made.root / "scrub.yaml"
    head, _, lines = path.read_text().partition("entries:\n")
    path.write_text(
        head + "entries:\n" + "".join(f"{line}\n" for line in reversed(lines.splitlines())).replace("}", ", note: x}")
    )
    before = made.files()
    made.run("clean")
    assert before == made.files()


def test_an_allowed_value_comes_back_where_it_was_marked(made: Made, typed: Callable[..., str]) -> None:
    for value in ("my sister",):
        typed(made, value, "scrub", "deny", "--label", "PERSON")
    made.run("clean")
    assert not holding(made, "my sister")
    one = holding(made, "[PERSON_1]")[0]
    typed(made, "My Sister", "scrub", "allow", "--conversation", one)
    made.run("clean")
    assert holding(made, "my sister") == [one]
    assert "2 entries, none broken" in checked(made)


def test_a_case_that_does_not_hold_is_told_and_ends_with_5(made: Made, typed: Callable[..., str]) -> None:
    one = holding(made, NAME)[0]
    typed(made, NAME, "scrub", "deny", "--label", "PERSON", "--conversation", one)
    assert "not up to date" in made.fails(3, "--no-build", "scrub", "check")  # the old tables prove nothing
    typed(made, NAME, "scrub", "allow", "--conversation", one)
    made.fails(5, "scrub", "check")
    assert "contradict" in made.said and NAME not in made.said


def test_values_are_never_arguments_and_bad_ones_are_refused(made: Made, typed: Callable[..., str]) -> None:
    deny = ("scrub", "deny", "--label", "PERSON")
    assert made.fails(2, *deny, "Zelda")
    for text, args, code in (
        ("", deny, 2),
        ("?!", deny, 2),
        ("word " * 17, deny, 2),
        (NAME, (*deny, "--source", "nowhere"), 3),
        (NAME, (*deny, "--conversation", "chats:0000000000000000"), 3),
        (NAME, (*deny, "--source", "chats", "--conversation", "chats:0000000000000000"), 2),
        (NAME, ("scrub", "deny", "--label", "ORG", "--role", "client"), 2),
    ):
        assert NAME not in typed(made, text, *args, code=code)
    assert not (made.root / "scrub.yaml").exists()
    assert "no entries" in checked(made)


def test_a_clear_value_is_kept_readable_and_goes_into_no_manifest(made: Made, typed: Callable[..., str]) -> None:
    typed(made, "night shifts", "scrub", "deny", "--label", "ORG", "--clear")
    assert "night shifts" in (made.root / "scrub.yaml").read_text()
    made.run("clean")
    manifests = [
        data for name, (data, _) in made.files().items() if name.startswith("data/tables") and name.endswith("n")
    ]
    assert manifests and not any(b"night shifts" in data for data in manifests)
    assert "night shifts" in made.run("scrub", "entries")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entries: [{kind: deny, value: secret}]", "label"),
        ("entries: [{kind: deni, label: PERSON, value: secret}]", "kind"),
        ("entries: [{kind: deny, label: PERSON, value: secret, scope: 'source:nope'}]", "no source is called 'nope'"),
        ("entries: [{kind: deny, label: PERSON, value: [secret]}]", "value"),
        ("entry: []", "entries"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(made: Made, text: str, said: str) -> None:
    (made.root / "scrub.yaml").write_text(f"# notes\n{text}\n")
    told = made.fails(3, "clean")
    assert said in told and "scrub.yaml:2" in told and "secret" not in told.replace("secrets", "")


def test_entries_stand_in_no_settings(made: Made) -> None:
    with (made.root / "curate.toml").open("a") as stream:
        stream.write('entries = [{kind = "deny", label = "PERSON", value = "x"}]\n')
    assert "scrub.yaml" in made.fails(3, "status")


def test_forgetting_a_record_takes_its_entries_along(made: Made, typed: Callable[..., str]) -> None:
    one = holding(made, NAME)[0]
    typed(made, NAME, "scrub", "deny", "--label", "PERSON", "--conversation", one)
    typed(made, "work", "scrub", "deny", "--label", "ORG", "--source", "chats")
    made.run("forget", one, "--yes")
    (left,) = made.json("scrub", "entries")
    assert left["scope"] == "source:chats"


ROWS = [
    {
        "full_text": "Ada wrote to ada@example.org.",
        "spans": [
            {"entity_type": "PERSON", "entity_value": "Ada", "start_position": 0, "end_position": 3},
            {"entity_type": "EMAIL_ADDRESS", "entity_value": "", "start_position": 13, "end_position": 28},
        ],
    },
    {
        "full_text": "Call 202-555-0143, Mrs Roe",
        "spans": [{"entity_type": "TITLE", "start_position": 19, "end_position": 22}],
    },
]


def test_a_file_is_scored_inside_and_outside_a_project(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from curation.cli import main

    path = tmp_path / "marked.json"
    path.write_text(json.dumps(ROWS))
    told = made.json("scrub", "score", str(path))
    assert told["samples"] == 2 and told["labels"]["EMAIL"]["recall"]["hits"] == 1
    assert told["labels"]["PHONE"]["precision"] == {
        "hits": 0,
        "of": 1,
        "share": 0.0,
        "interval": pytest.approx([0, 0.7935], abs=1e-4),
    }
    assert told["mapping"] == {"PERSON": "PERSON", "EMAIL_ADDRESS": "EMAIL", "TITLE": None}
    shown = made.run("scrub", "score", str(path), "--level", "patterns")
    assert "TITLE                none: 1 spans" in shown and max(map(len, shown.splitlines())) <= 80
    assert "Ada" not in shown
    made.fails(2, "scrub", "score", str(path), "--level", "magic")
    made.fails(3, "scrub", "score", str(tmp_path / "none.json"))
    monkeypatch.chdir(tmp_path)
    assert main(["scrub", "score", "marked.json", "--level", "patterns"]) == 0
    assert capsys.readouterr().out == shown
    (tmp_path / "sources.yaml").write_text("sources: {}\n")  # a project that was never given its key
    assert main(["scrub", "score", "marked.json", "--level", "patterns"]) == 0
    assert capsys.readouterr().out == shown


def test_the_residual_report(made: Made) -> None:
    told = made.json("scrub", "residual", "chats")
    assert told["canaries"]["EMAIL"] == {"planted": 4, "found": 4}
    assert told["people"] is None and told["samples"] == []
    chats = told["sources"]["chats"]
    assert chats["records"] == 60 and chats["languages"] == {"en": 60}
    assert chats["second_pass"] == {"records": 0, "ids": []}
    (named,) = holding(made, NAME)
    # The name and Ohio; "Quill" counts less, for another record has it in lower case.
    both = sorted([named, *holding(made, "40417")])
    assert chats["never_lower_case"] == {"words": 2, "places": 2, "records": 2, "ids": both}
    assert chats["digit_runs"]["ids"] == holding(made, "40417")
    assert "quill" not in json.dumps(told).casefold() and "40417" not in json.dumps(told)
    shown = made.run("scrub", "residual", "--samples", "9")
    assert f"{named}  Xxxxx" in shown and "99999 99" in shown and "quill" not in shown.casefold()
    assert max(map(len, shown.splitlines())) <= 80


def test_what_people_missed_is_counted_in_the_report(made: Made) -> None:
    (named,) = holding(made, NAME)
    others = [row["id"] for row in rows_of(made) if row["id"] != named][:9]
    place = {"column": "messages", "turn": 0, "start": 1, "end": 2, "label": "PERSON"}
    answers = [Answer(named, "pii_missed", [place], "p-1")]
    answers += [Answer(record, "pii_missed", [], "p-1") for record in others]
    answers += [Answer(others[0], "pii_wrong", [], "p-1"), Answer(others[1], "pii_wrong", "none", "p-2")]
    Annotations(made.root / "annotations").add(answers)
    people = made.json("scrub", "residual")["people"]
    assert people["records"] == 9 and people["unread"] == 1
    assert people["recall"]["PERSON"]["hits"] == 0 and people["recall"]["all"]["of"] == 1
    assert "people: 9 records looked at" in made.run("scrub", "residual")


def test_entries_count_for_canaries_and_the_second_pass(made: Made, typed: Callable[..., str]) -> None:
    typed(made, "tess.varnholt@mail.example", "scrub", "allow")
    typed(made, "my sister", "scrub", "deny", "--label", "PERSON")
    told = made.json("scrub", "residual", "chats")
    assert told["canaries"]["EMAIL"] == {"planted": 4, "found": 3}
    assert told["sources"]["chats"]["second_pass"]["records"] == 0
