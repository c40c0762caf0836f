"""From recordings to a profile of a voice, to a number beside each record, and away with it when it is taken back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from curation.commands.init import create
from curation.methods.style import profile
from tests.generate.conftest import curate
from tests.methods.authors import author, speak

PERMISSION = "{reference: mail of 3 May, by: Ann, scope: training, others: agreed}"


def talk(number: int) -> str:
    """An interview as WebVTT: a guest asks, the host answers."""
    lines, clock = ["WEBVTT", ""], 0
    for turn in range(4):
        parts = (f"Guest {number % 6}", author(200 + number % 6), 60), ("Host", author(0), 130)
        for place, (who, weights, words) in enumerate(parts):
            text = speak(weights, words, 100 * number + 10 * turn + place)
            if who != "Host":
                text = f"{text.rstrip('.?')}?"
            start, clock = clock, clock + 20
            lines += [f"{_clock(start)} --> {_clock(clock)}", f"<v {who}>{text}", ""]
    return "\n".join(lines)


def _clock(seconds: int) -> str:
    return f"00:{seconds // 60:02}:{seconds % 60:02}.000"


def declare(folder: Path, permission: str = PERMISSION) -> None:
    text = (
        "sources:\n  voice:\n    kind: youtube\n    path: files/*.vtt\n    language: en\n    captions: only\n"
        f"    host: Host\n    licence: cc0-1.0\n    permission: {permission}\n"
        "  letters:\n    kind: files\n    path: letters.jsonl\n    licence: cc0-1.0\n"
        "    adapter: {kind: qa, user: q, assistant: a}\n"
    )
    if (folder / "sources.yaml").exists():
        (folder / "sources.yaml").write_text(text)
    else:
        create(folder, sources=text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    declare(folder)
    (folder / "keys" / "project.key").write_text("ab" * 32)
    # What the generator says is nothing that a filter should judge.
    (folder / "curate.toml").write_text('[stages.scrub]\nlevel = "patterns"\n')
    (folder / "files").mkdir()
    for number in range(12):
        (folder / "files" / f"talk{number}.vtt").write_text(talk(number))
    letters = [
        {"q": f"Question {n}, what do you think?", "a": speak(author(300 + n % 20), 130, 50_000 + n)} for n in range(40)
    ]
    (folder / "letters.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in letters))
    return folder


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return orjson.loads(capsys.readouterr().out.splitlines()[-1])


def test_from_recordings_to_a_number_beside_each_record(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Before there is a profile the column is null, and the reason is counted.
    text = speak(author(0), 300, 7)
    assert curate(root, "tag", "run", "letters") == 0
    capsys.readouterr()
    assert curate(root, "try", "voice", "--text", text) == 0
    assert told(capsys)["missing"].startswith("no profile; make one: curate generate profile")

    assert curate(root, "--json", "generate", "profile", "voice") == 0
    found = told(capsys)
    assert found["sources"] == ["voice"] and found["against"] == {"letters": 40, "voice": 6}
    assert 6000 < sum(found["kinds"].values()) < 6400 and found["own"]["words"] > 6000
    at_100 = found["windows"]["100"]
    assert at_100["auc"] > 0.9 and at_100["own"]["recordings"] == 12 and at_100["others"]["people"] > 30
    assert 0.5 < at_100["interval"][0] <= at_100["auc"] <= at_100["interval"][1] <= 1
    assert at_100["auc_same_kind"] > 0.85 and not at_100["limits"], "guests became text in the same way"
    assert 0 < len(found["says_more"]) <= 12
    kept = (root / profile.FILE).read_bytes()
    # Nothing of what was said is in the file, and making it again changes nothing.
    assert not re.search(rb"kitchen|Guest|garden", kept)
    assert (root / profile.FILE).stat().st_mode & 0o077 == 0
    assert curate(root, "generate", "profile", "voice") == 0 and (root / profile.FILE).read_bytes() == kept
    assert "says more often" in capsys.readouterr().out

    # A changed profile is noticed, and what it says can be had of records, of a text, and of a model's answers.
    assert curate(root, "tag", "run") == 0
    capsys.readouterr()
    assert curate(root, "try", "voice", "--text", text) == 0
    own = told(capsys)
    assert own["length"] == 100 and own["likeness"] > 0.1 and own["others"] > 0.9
    answers = root.parent / "generations.jsonl"
    rows = [{"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": said}]}
            for said in (speak(author(0), 300, 8), speak(author(77), 300, 9), "Hm.")]  # fmt: skip
    answers.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    assert curate(root, "try", "voice", "--file", str(answers)) == 0
    first, second, third = [orjson.loads(line)["voice"] for line in capsys.readouterr().out.splitlines()]
    assert first["likeness"] > 0.1 > second["likeness"] and first["similarity"] > second["similarity"]
    assert third["missing"] == "too_short"

    assert curate(root, "--json", "report") == 0
    summary = told(capsys)
    by_name = {source["name"]: source["voice"] for source in summary["sources"]}
    assert by_name["voice"]["read"] >= 10 and by_name["letters"]["read"] == 40
    strange = sum(by_name["letters"].get(f"likeness.{tenth}", 0) for tenth in range(1))
    assert strange > 25, "others' letters sound like others"
    page = (root / "data" / "report.html").read_text("utf-8")
    assert 'id="voice"' in page and "AUC" in page and "kitchen" not in page


def test_what_is_taken_back_takes_the_profile_along(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert curate(root, "generate", "profile", "voice", "--dry-run") == 0
    assert not (root / profile.FILE).exists()
    assert curate(root, "generate", "profile", "voice") == 0 and (root / profile.FILE).exists()
    declare(root, PERMISSION.replace("}", ", revoked: 2026-11-01}"))
    # Even before the next pull nothing is read with it any more.
    capsys.readouterr()
    assert curate(root, "try", "voice", "--text", speak(author(0), 300, 7)) == 0
    assert "no profile" in told(capsys)["missing"]
    assert curate(root, "generate", "profile", "voice") == 5
    assert curate(root, "pull", "voice") in (0, 3)
    assert not (root / profile.FILE).exists()


def test_forgetting_forgets_what_was_learned(root: Path) -> None:
    assert curate(root, "generate", "profile", "voice") == 0
    assert curate(root, "forget", "letters", "--yes") == 0
    assert not (root / profile.FILE).exists()


def test_others_can_be_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strangers = root.parent / "strangers.jsonl"
    rows = [{"text": speak(author(400 + n), 400, n), "author": f"a{n}", "kind": "auto"} for n in range(8)]
    strangers.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    assert curate(root, "--json", "generate", "profile", "voice", "--file", str(strangers), "--dry-run") == 0
    assert told(capsys)["against"] == {"strangers.jsonl": 8, "voice": 6}
    assert curate(root, "--json", "generate", "profile", "letters", "--against", "voice", "--dry-run") == 0
    assert told(capsys)["against"] == {"voice": 7}
    assert curate(root, "generate", "profile", "voice", "--against", "voice") == 3
    strangers.write_text('{"text": "no author"}\n')
    assert curate(root, "generate", "profile", "voice", "--file", str(strangers)) == 3
    assert "strangers.jsonl:1" in capsys.readouterr().err


def test_too_little_says_how_much_there_is(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in list((root / "files").glob("*.vtt"))[1:]:
        path.unlink()
    assert curate(root, "generate", "profile", "voice") == 3
    assert re.search(r"\d+ words of the person, \d+ of others", capsys.readouterr().err)
    assert curate(root, "generate", "profile", "nobody") == 3


def test_a_broken_profile_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert curate(root, "generate", "profile", "voice") == 0
    path = root / profile.FILE
    path.write_bytes(path.read_bytes().replace(b'"auc": 0', b'"auc": 1', 1))
    assert curate(root, "try", "voice", "--text", "x") == 4
    assert "curate generate profile" in capsys.readouterr().err
    assert curate(root, "report") == 0, "the report says so and shows the rest"
    assert curate(root, "generate", "profile", "voice") == 0 and curate(root, "try", "voice", "--text", "x") == 0
