import json

import pytest

from curation.commands.init import create
from tests.laws.projects import Made, clear


@pytest.fixture
def empty(tmp_path):
    """A project without sources."""
    create(tmp_path / "p")
    return Made(tmp_path / "p")


def test_try_refuses_text_that_is_none(empty):
    clear(empty.fails(2, "try", "normalise", "--text", "a\udcff"), "UTF-8")


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "user", "content": "hi", "reasoning": 5},
        {"role": "user", "content": None},
        {"role": "user", "content": 5},
        {"role": 3, "content": "hi"},
        "hi",
    ],
)
def test_try_names_the_row_whose_turns_are_wrong(empty, turn):
    path = empty.root / "rows.jsonl"
    path.write_text('{"text": "fine"}\n\n' + json.dumps({"messages": [turn]}) + "\n")
    clear(empty.fails(3, "try", "normalise", "--file", str(path)), "rows.jsonl:3")


def test_try_prints_json_whatever_the_text_holds(empty):
    text = 'a \x1b[31m "red" \u202e\u200b word, and \x07 a bell äöü'
    path = empty.root / "rows.jsonl"
    path.write_text(json.dumps({"text": text}) + "\n")
    printed = empty.run("try", "normalise", "--file", str(path))
    assert json.loads(printed)["text"] == text
    assert printed.isascii() and "\x1b" not in printed
