"""The demo's material: enough of it, the same at every run, and its list of planted things is true."""

from __future__ import annotations

import csv
import ipaddress
import itertools
import json
import re
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from curation.demo.hub import LoopbackHub
from curation.demo.material import GATED, GATED_TOKEN, Material, Spot, write_material

CHATS = ("therapy", "assistant", "sessions")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return write_material(tmp_path_factory.mktemp("material"))


@pytest.fixture(scope="module")
def rows(material: Material) -> dict[str, list[Any]]:
    """Every source read back from its file; a line that is not JSON stays a string."""
    return {name: read(path) for name, path in paths(material).items()}


def paths(material: Material) -> dict[str, Path]:
    found = {}
    for name, source in yaml.safe_load(material.sources_yaml())["sources"].items():
        if source["kind"] == "files":
            found[name] = material.files.parent / source["path"]
        elif source["kind"] == "huggingface":
            home = material.hub / "datasets" / source["id"] / material.commits[source["id"]]
            [found[name]] = [p for p in home.rglob("*") if p.is_file() and p.name != "README.md"]
    return found


def read(path: Path) -> list[Any]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream)) if path.suffix == ".csv" else [parse(line) for line in stream]


def parse(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line


def at(row: Any, path: str) -> Any:
    for step in path.split("."):
        row = row[int(step)] if step.isdecimal() else row[step]
    return row


def texts(row: Any) -> list[str]:
    """The texts that a record would carry, without roles and kept columns."""
    if isinstance(row, str):
        return [row]
    turns = row.get("conversations", row.get("messages"))
    if turns is not None:
        return [turn.get("value", turn.get("content")) for turn in turns]
    return [row[k] for k in ("title", "question", "answer", "prompt", "chosen", "rejected") if k in row]


def canonical(row: Any) -> list[str]:
    return [" ".join(unicodedata.normalize("NFC", text).split()) for text in texts(row)]


def shingles(row: Any) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", " ".join(canonical(row)).lower())
    return set(zip(*(words[n:] for n in range(5)), strict=False))


def similarity(one: set[Any], other: set[Any]) -> float:
    return len(one & other) / max(1, len(one | other))


def test_there_is_enough_in_four_shapes_and_a_local_file(material: Material, rows: dict[str, list[Any]]) -> None:
    planted = material.planted
    surplus = Counter(s.source for s in (*planted.exact, *planted.near, *planted.unsafe, *planted.broken))
    fresh = {name: len(found) - surplus[name] for name, found in rows.items()}
    assert fresh.pop("preferences") >= 64
    assert sum(fresh.values()) >= 320
    assert {name: len(found) for name, found in rows.items()} == material.rows
    assert {path.suffix for path in paths(material).values()} == {".parquet", ".jsonl", ".csv"}
    lengths = Counter(len(row["conversations"]) for row in rows["therapy"])
    assert sum(n for length, n in lengths.items() if 6 <= length <= 10) >= 60
    assert any(row["messages"][0]["role"] == "system" for row in rows["assistant"] if isinstance(row, dict))


def test_two_writes_are_byte_equal_whatever_the_hash_seed(material: Material, tmp_path: Path) -> None:
    code = "import sys, pathlib; from curation.demo.material import *; write_material(pathlib.Path(sys.argv[1]))"
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={"PYTHONHASHSEED": "77", "PYTHONPATH": ":".join(sys.path)},
        check=True,
        timeout=60,
    )

    def content(root: Path) -> dict[str, bytes]:
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    assert content(tmp_path) == content(material.hub.parent)


def test_writing_takes_less_than_two_seconds(tmp_path: Path) -> None:
    start = time.process_time()
    write_material(tmp_path)
    assert time.process_time() - start < 2


def test_cards_carry_the_licences_of_the_sources_file(material: Material) -> None:
    for source in yaml.safe_load(material.sources_yaml())["sources"].values():
        if source["kind"] == "huggingface":
            home = material.hub / "datasets" / source["id"]
            card = yaml.safe_load((home / material.commits[source["id"]] / "README.md").read_text().split("---")[1])
            assert card["license"] == source["licence"]


def test_a_real_client_finds_every_commit_and_file(material: Material, client: Callable[..., Any]) -> None:
    code = f"""
    answer = {{}}
    for repo in {list(material.commits)!r}:
        info = api.dataset_info(repo)
        snapshot_download(info.id, repo_type="dataset", revision=info.sha, token="{GATED_TOKEN}")
        answer[repo] = [info.sha, info.card_data.license is not None, info.gated]
    """
    with LoopbackHub(material.hub) as hub:
        answer = client(hub.endpoint, code)
    gates = {repo: "manual" if repo == GATED else False for repo in material.commits}
    assert answer == {repo: [sha, True, gates[repo]] for repo, sha in material.commits.items()}


def test_the_gated_repo_is_in_no_source(material: Material) -> None:
    meta = json.loads((material.hub / "datasets" / GATED / "meta.json").read_text())
    assert (meta["gated"], meta["tokens"]) == ("manual", [GATED_TOKEN])
    assert GATED not in material.sources_yaml()


def test_personal_data_is_where_the_list_says_and_nowhere_else(material: Material, rows: dict[str, list[Any]]) -> None:
    spots = material.planted.personal
    assert len({spot.value for spot in spots}) == len(spots) >= 30
    everything = "\n".join(json.dumps(found, ensure_ascii=False) for found in rows.values())
    for spot in spots:
        assert spot.value in at(rows[spot.source][spot.row], spot.field)
        assert everything.count(spot.value) == 1
    fields = {(spot.source, spot.field) for spot in spots}
    assert {("questions", "topic"), ("questions", "reasoning"), ("preferences", "rater")} <= fields
    assert {spot.source for spot in spots} == set(rows)


def luhn(digits: str) -> bool:
    doubled = [int(d) * (1 + n % 2) for n, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def iban(text: str) -> bool:
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


CHECKS = {
    "EMAIL_ADDRESS": lambda v: re.fullmatch(r"[\w.+-]+@([\w-]+\.)*example\.(com|org|net)", v),
    "PHONE_NUMBER": lambda v: "555 01" in v or "555-01" in v or "7946 0" in v,
    "URL": lambda v: "example." in v and "/" in v,
    "IP_ADDRESS": lambda v: ipaddress.ip_address(v).is_private or "2001:db8" in v,
    "CREDIT_CARD": lambda v: luhn(re.sub(r"\D", "", v)),
    "IBAN_CODE": iban,
    "US_SSN": lambda v: re.fullmatch(r"9\d\d-[0-4]\d-\d{4}", v),
}


def test_personal_data_is_valid_in_form_and_belongs_to_nobody(material: Material) -> None:
    assert {spot.kind for spot in material.planted.personal} == set(CHECKS)
    for spot in material.planted.personal:
        assert CHECKS[spot.kind](spot.value), spot


def test_exact_twins_differ_in_white_space_and_unicode_form_at_most(
    material: Material, rows: dict[str, list[Any]]
) -> None:
    assert len(material.planted.exact) >= 11
    for spot in material.planted.exact:
        row, original = rows[spot.source][spot.row], twin_of(spot, rows)
        assert canonical(row) == canonical(original)
        assert (row == original) == (spot.kind == "identical")
    assert {spot.kind for spot in material.planted.exact} == {"identical", "whitespace", "unicode"}


def twin_of(spot: Spot, rows: dict[str, list[Any]]) -> Any:
    assert spot.twin is not None
    return rows[spot.twin[0]][spot.twin[1]]


def test_near_twins_are_near_and_nothing_else_is(material: Material, rows: dict[str, list[Any]]) -> None:
    planted = material.planted
    assert len(planted.near) >= 12
    for spot in planted.near:
        row, original = rows[spot.source][spot.row], twin_of(spot, rows)
        assert similarity(shingles(row), shingles(original)) >= 0.8
        assert (canonical(row) == canonical(original)) is False
    twins = {(spot.source, spot.row) for spot in (*planted.exact, *planted.near)}
    rest = [
        shingles(row) for name, found in rows.items() for number, row in enumerate(found) if (name, number) not in twins
    ]
    alike = {
        n
        for pair in itertools.combinations(range(len(rest)), 2)
        if similarity(*(rest[n] for n in pair)) > 0.5
        for n in pair
    }
    assert len(alike) < 0.02 * len(rest)


def test_openings_are_their_own(material: Material, rows: dict[str, list[Any]]) -> None:
    planted = material.planted
    twins = {(spot.source, spot.row) for spot in (*planted.exact, *planted.near)}
    firsts = Counter(
        next((t.get("value", t.get("content")) for t in turns if t.get("from", t.get("role")) != "system"), "")
        for name in CHATS
        for number, row in enumerate(rows[name])
        if isinstance(row, dict) and (name, number) not in twins
        if (turns := row.get("conversations", row.get("messages")))
    )
    assert max(firsts.values()) == 1


def test_one_unsafe_row_that_describes_nothing(material: Material, rows: dict[str, list[Any]]) -> None:
    [spot] = material.planted.unsafe
    text = " ".join(texts(rows[spot.source][spot.row])).lower()
    assert "[explicit]" in text
    assert "age 15" in text
    assert len(text.split()) < 40


def test_broken_rows_are_broken_as_listed(material: Material, rows: dict[str, list[Any]]) -> None:
    found = [(spot.kind, rows[spot.source][spot.row]) for spot in material.planted.broken]
    assert len(found) >= 8
    for kind, row in found:
        assert {
            "not_json": lambda r: isinstance(r, str),
            "unknown_role": lambda r: "narrator" in {t["from"] for t in r["conversations"]},
            "empty_conversation": lambda r: r["conversations"] == [],
            "no_assistant": lambda r: "assistant" not in {t["role"] for t in r["messages"]},
            "missing_answer": lambda r: r["answer"] == "",
            "chosen_equals_rejected": lambda r: r["chosen"] == r["rejected"],
        }[kind](row)
    others = [row for found in rows.values() for row in found if isinstance(row, str)]
    assert len(others) == sum(kind == "not_json" for kind, _ in found)


def test_other_languages_are_where_the_list_says(material: Material, rows: dict[str, list[Any]]) -> None:
    marks = {"de": {"ich", "und", "nicht"}, "es": {"que", "no", "me"}}
    assert Counter(spot.value for spot in material.planted.languages) == {"de": 2, "es": 2}
    for spot in material.planted.languages:
        words = set(" ".join(texts(rows[spot.source][spot.row])).lower().split())
        assert marks[spot.value] & words
