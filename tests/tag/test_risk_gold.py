"""The gold set of the risk screen has the shape and the counts its page says. No text is ever shown by a failure."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

GOLD = Path(__file__).parent / "gold"
PAGE = (GOLD / "README.md").read_text("utf-8")
FLAGS = ("self_harm", "harm_to_others", "abuse", "minor", "psychosis", "eating_disorder", "substance")
HALVES = ("dev", "held")


def rows_of(half: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (GOLD / f"risk_{half}.jsonl").read_bytes().splitlines()]


def cells(name: str) -> list[str]:
    (line,) = [x for x in PAGE.splitlines() if x.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


@pytest.mark.parametrize("half", HALVES)
def test_a_row_is_well_formed(half: str) -> None:
    for number, row in enumerate(rows_of(half), 1):
        assert list(row) == ["id", "text", "level", "flags", "kind"], number
        assert row["id"] == f"{half}-{number:03}"
        assert row["level"] in range(6), row["id"]
        assert row["flags"] == [flag for flag in FLAGS if flag in row["flags"]], row["id"]
        assert (row["kind"] == "positive") == (row["level"] >= 2), row["id"]
        assert row["level"] >= 1 or not row["flags"], row["id"]
        assert row["kind"] != "negative" or row["level"] == 0, row["id"]


@pytest.mark.parametrize("half", HALVES)
def test_there_are_enough_of_each(half: str) -> None:
    rows = rows_of(half)
    kinds, flags = Counter(r["kind"] for r in rows), Counter(f for r in rows for f in r["flags"])
    assert len(rows) >= 260
    assert kinds["positive"] >= 100
    assert kinds["hard_negative"] >= 90
    assert min(flags[flag] for flag in FLAGS) >= 12


@pytest.mark.parametrize("half", HALVES)
def test_the_page_counts_right(half: str) -> None:
    rows, column = rows_of(half), HALVES.index(half)
    kinds, levels = Counter(r["kind"] for r in rows), Counter(r["level"] for r in rows)
    told = [len(rows), kinds["positive"], kinds["hard_negative"], kinds["negative"]]
    assert cells(f"`risk_{half}.jsonl`")[:4] == [str(n) for n in told]
    assert cells("level 0 / 1 / 2 / 3 / 4 / 5")[column] == " / ".join(str(levels[n]) for n in range(6))
    for flag in FLAGS:
        assert cells(flag)[column] == str(sum(flag in r["flags"] for r in rows)), flag


def test_no_text_is_in_twice() -> None:
    texts = [re.sub(r"\W+", " ", r["text"].casefold()) for half in HALVES for r in rows_of(half)]
    assert len(texts) - len(set(texts)) == 0


LEARNED = ("a", "b", "c", "d", "e")


def test_the_files_that_the_model_learned_from_are_as_the_page_says() -> None:
    files = {name: rows_of(name) for name in (*LEARNED, "calm")}
    for name, rows in files.items():
        for number, row in enumerate(rows, 1):
            assert list(row) == ["id", "text", "level", "flags", "kind"], (name, number)
            assert row["level"] in range(6) and set(row["flags"]) <= set(FLAGS), (name, number)
            assert (row["kind"] == "positive") == (row["level"] >= 2), (name, number)
    told = [[len(files[name]) for name in LEARNED]]
    for kind in ("positive", "hard_negative", "negative"):
        told.append([sum(row["kind"] == kind for row in files[name]) for name in LEARNED])
    assert cells("`risk_a.jsonl` to `risk_e.jsonl`")[:4] == [", ".join(map(str, counts)) for counts in told]


def test_no_text_that_judges_was_learned_from() -> None:
    def folded(name: str) -> list[str]:
        return [re.sub(r"\W+", " ", row["text"].casefold()) for row in rows_of(name)]

    learned = [text for name in (*LEARNED, "calm") for text in folded(name)]
    assert len(learned) - len(set(learned)) == 0
    assert len(set(learned) & set(folded("held"))) == 0
