"""Dialogues of what was spoken: found by rules, word for word, and on their way into a mix only with permission."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from curation.commands.init import create
from curation.core import transcripts
from curation.core.project import Project
from curation.generate.spoken import Dialogue, Said, dialogues
from curation.pull.media import vtt
from tests.generate.conftest import curate

DEMO = Path(__file__).parents[2] / "curation" / "demo"


def talk(*parts: tuple[str | None, str], gap: int = 500) -> list[Said]:
    """Parts one after another, three words a second; None marks a turn without a name."""
    found, clock = [], 0
    for speaker, text in parts:
        length = len(text.split()) * 333
        found.append(Said(clock, clock + length, text, speaker, turn=True))
        clock += length + gap
    return found


LONG = "I would start with the smallest thing that you can do today and leave the rest for tomorrow."


def test_an_interview_becomes_one_dialogue_of_its_exchanges() -> None:
    [found] = dialogues(talk(("A", "What comes first?"), ("B", LONG), ("A", "And after that?"), ("B", LONG)), None)
    assert found.method == "interview"
    assert found.turns == (("user", "What comes first?"), ("assistant", LONG), ("user", "And after that?"),
                           ("assistant", LONG))  # fmt: skip
    assert found.start_ms == 0 and found.end_ms > 10_000


def test_marks_without_names_alternate_and_whoever_is_asked_answers() -> None:
    said = talk((None, "What would you say to that?"), (None, LONG), (None, "Why is that?"), (None, LONG))
    [found] = dialogues(said, None)
    assert [role for role, _ in found.turns] == ["user", "assistant"] * 2


def test_what_is_put_in_is_folded_but_a_question_is_not() -> None:
    said = talk(("A", "What comes first?"), ("B", LONG), ("A", "Mm-hm, right."), ("B", "No, no, no."), ("A", "Really?"),
                ("B", LONG))  # fmt: skip
    [found] = dialogues(said, "B")
    assert found.turns[1] == ("assistant", f"{LONG} No, no, no.")
    assert len(found.turns) == 2 or found.turns[2] == ("user", "Really?")


def test_of_several_guests_only_a_named_host_is_taken() -> None:
    said = talk(("A", "What comes first?"), ("B", LONG), ("C", "Who else could say so?"), ("B", LONG))
    assert dialogues(said, None) == []
    assert [len(each.turns) for each in dialogues(said, "b")] == [4]
    assert dialogues(said, "nobody") == []


def test_a_long_break_and_a_short_answer_end_a_dialogue() -> None:
    said = talk(
        ("A", "What comes first?"),
        ("B", LONG),
        ("A", "And then what else?"),
        ("B", "Rest."),
        ("A", "Why so?"),
        ("B", LONG),
    )
    assert [len(each.turns) for each in dialogues(said, "B")] == [2, 2]
    said = talk(("A", "What comes first?"), ("B", LONG), ("A", "And then what else?"), ("B", LONG))
    late = [*said[:2], *(Said(s.start_ms + 90_000, s.end_ms + 90_000, s.text, s.speaker, s.turn) for s in said[2:])]
    assert [len(each.turns) for each in dialogues(late, "B")] == [2, 2]


@pytest.mark.parametrize(
    ("question", "taken"),
    [("So what do you do when you cannot sleep?", True), ("Why is it so hard to say no?", True),
     ("You know what I mean, right?", False), ("Really?", False), ("Do you see the link below this video?", False),
     ("I was wondering about that.", False)],
)  # fmt: skip
def test_questions_that_are_answered_by_whoever_asks(question: str, taken: bool) -> None:
    found = dialogues(
        [Said(0, 1000, "Welcome back."), Said(1000, 3000, question), Said(3000, 9000, f"{LONG} {LONG}")], None
    )
    assert bool(found) is taken
    if taken:
        assert found == [Dialogue((("user", question), ("assistant", f"{LONG} {LONG}")), 1000, 9000, "self-answered")]


def test_without_punctuation_nothing_is_guessed() -> None:
    assert dialogues([Said(0, 9000, "so what do you do when you are tired you rest " * 9)], None) == []
    assert dialogues([], None) == []


# ------------------------------------------------------------------------------------------------------ the whole way

PERMISSION = "{reference: made up, by: us, scope: training, others: none}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    declare(folder)
    (folder / "files").mkdir()
    for name in ("interview.vtt", "monologue.vtt"):
        (folder / "files" / name).write_bytes((DEMO / name).read_bytes())
    (folder / "keys" / "project.key").write_text("ab" * 32)
    (folder / "curate.toml").write_text('[stages.scrub]\nlevel = "patterns"\n')
    for recipe in (folder / "exports" / "mixes").glob("*.yaml"):
        recipe.write_text(recipe.read_text("utf-8") + "gates: {scrub: patterns}\n", "utf-8")
    return folder


def declare(folder: Path, permission: str | None = PERMISSION, host: str = "Host") -> None:
    text = (
        "sources:\n  voice:\n    kind: youtube\n    path: files/*.vtt\n    language: en\n    captions: only\n"
        f"    host: {host}\n    licence: cc0-1.0\n" + (f"    permission: {permission}\n" if permission else "")
    )
    if (folder / "sources.yaml").exists():
        (folder / "sources.yaml").write_text(text)
    else:
        create(folder, sources=text)


def mixed(root: Path) -> list[dict[str, Any]]:
    [folder] = {p.parent for p in (root / "data/exports/sft").glob("*/manifest.json")}
    rows = [p.read_bytes().splitlines() for p in folder.glob("*.jsonl")]
    return [orjson.loads(line) for part in rows for line in part]


def test_from_captions_to_the_mix(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert curate(root, "pull") == 0
    assert curate(root, "--json", "generate", "dialogues") == 0
    told = orjson.loads(capsys.readouterr().out.splitlines()[-1])["voice"]
    assert told == {
        "records": 5,
        "items": 2,
        "without": 0,
        "dialogues": 5,
        "methods": {"interview": 2, "self-answered": 3},
    }
    assert curate(root, "export", "sft") == 0
    rows = mixed(root)
    assert rows and all(row["source"] == "voice" if "source" in row else row["id"].startswith("voice:") for row in rows)
    # What the person says is what they said.
    talks = [vtt.read((root / "files" / name).read_bytes()) for name in ("interview.vtt", "monologue.vtt")]
    spoken = " ".join(segment.text for segments in talks for segment in segments if segment.text != "Mm-hm.")
    answers = [turn["content"] for row in rows for turn in row["messages"] if turn["role"] == "assistant"]
    assert len(answers) >= 5 and all(answer in spoken for answer in answers)
    # The card says by whose permission; the licences do, too.
    [card] = (root / "data/exports/sft").glob("*/README.md")
    assert "| voice | us | made up | training | none |" in card.read_text("utf-8")
    assert "by permission of us (made up), scope: training" in card.with_name("LICENSES").read_text("utf-8")
    # Again, nothing is made; and what is stored is whole, before and after a sweep.
    before = {p: p.stat().st_mtime_ns for p in (root / "data/raw").rglob("*.parquet")}
    assert curate(root, "run") == 0 and curate(root, "verify") == 0
    assert curate(root, "gc") == 0 and curate(root, "verify") == 0
    assert {p: p.stat().st_mtime_ns for p in (root / "data/raw").rglob("*.parquet")} == before


def test_a_transcript_can_be_read(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert curate(root, "pull") == 0
    capsys.readouterr()
    assert curate(root, "generate", "transcript", "voice", "files/interview.vtt") == 0
    page = capsys.readouterr().out
    assert "**0:00:04** **Host:** I mean that most of us treat rest like pocket money." in page
    assert curate(root, "generate", "transcript", "voice", "files/monologue.vtt") == 0
    assert r"*\[Music\]*" in capsys.readouterr().out
    assert curate(root, "generate", "transcript", "voice", "nothing") == 3


@pytest.mark.parametrize(
    ("permission", "why"),
    [(None, "no permission is recorded"), ("{reference: x, by: y, others: none}", "for analysis"),
     ("{reference: x, by: y, scope: training}", "were not asked")],
)  # fmt: skip
def test_without_permission_nothing_leaves(
    permission: str | None, why: str, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(root, permission)
    assert curate(root, "pull") == 0 and curate(root, "generate", "dialogues") == 0
    assert curate(root, "export", "sft") == 5
    assert why in capsys.readouterr().err
    assert not (root / "data/exports/sft").exists()


def test_a_permission_that_is_taken_back_takes_everything_along(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert curate(root, "run") == 0
    declare(root, "{reference: made up, by: us, scope: training, others: none, revoked: '2026-11-20'}")
    assert curate(root, "pull") == 0
    assert "taken back" in capsys.readouterr().err
    assert not transcripts.folder(Project.open(root), "voice").exists()
    left = [p for p in (root / "data").rglob("*") if p.is_file() and "exports" not in p.parts]
    assert not any(b"pocket money" in p.read_bytes() for p in left)
    assert curate(root, "generate", "dialogues") == 0
    assert "voice: 0 records" in capsys.readouterr().out
    assert curate(root, "export", "sft") == 5


def test_forgetting_one_dialogue_forgets_the_recording_and_brings_nothing_back(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert curate(root, "run") == 0
    record = next(row["id"] for row in mixed(root) if "pocket money" in str(row["messages"]))
    assert curate(root, "forget", record, "--yes") == 0
    assert not transcripts.folder(Project.open(root), "voice").exists()
    capsys.readouterr()
    assert curate(root, "--json", "generate", "dialogues") == 0
    assert orjson.loads(capsys.readouterr().out.splitlines()[-1])["voice"]["records"] == 4
    assert curate(root, "pull", "--update") == 0
    assert curate(root, "--json", "generate", "dialogues") == 0
    assert orjson.loads(capsys.readouterr().out.splitlines()[-1])["voice"]["records"] == 4


def test_another_host_makes_other_dialogues_without_reading_captions_again(root: Path) -> None:
    assert curate(root, "pull") == 0
    project = Project.open(root)
    before = {p: p.stat().st_mtime_ns for p in transcripts.folder(project, "voice").glob("*.parquet")}
    declare(root, host="Interviewer")
    assert curate(root, "pull") == 0
    assert {p: p.stat().st_mtime_ns for p in before} == before
