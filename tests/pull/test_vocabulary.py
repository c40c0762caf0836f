"""What all kinds of adapter can say: paths, alternatives, conditions, limits, history, reasoning, labels, scores."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.core.adapter import Document, Preference, Qa, Turns, Unpaired
from curation.core.errors import ProjectError
from curation.core.records import keyed
from curation.pull.adapters import convert
from curation.pull.columns import columns_of
from curation.pull.readers import read

KEY = b"k" * 32
Said = list[tuple[str, str, str | None]]


def said(turns: list[dict[str, Any]] | None) -> Said:
    return [(t["role"][0], t["content"], t["reasoning"]) for t in turns or []]


def run(rows: list[dict[str, Any]], adapter: Any, schema: pa.Schema | None = None) -> tuple[list[Any], list[Any]]:
    got = convert(
        pa.RecordBatch.from_pylist(rows, schema), adapter, persona="neutral", licence=None, key=KEY, source="s"
    )
    return got.records.to_pylist(), got.rejects.to_pylist()


QA = Qa("qa", user="q", assistant="a")


def qa(**more: Any) -> Qa:
    return Qa("qa", **{"user": "q", "assistant": "a", **more})


def test_a_path_leads_into_structs_and_json_text_in_every_format(tmp_path: Path) -> None:
    rows = [
        {"id": "1", "info": {"q": "why", "deep": {"a": "so", "n": 3}, "topic": "t"}},
        {"id": "2", "info": {"q": "how", "deep": {"a": "thus", "n": 4}, "topic": None}},
        {"id": "3", "info": None},
    ]
    adapter = qa(user="info.q", assistant="info.deep.a", keep=("info.topic", "info.deep.n"), group="info.deep.n")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "d.parquet")
    as_text = [{"id": r["id"], "info": json.dumps(r["info"])} for r in rows]
    pq.write_table(pa.Table.from_pylist(as_text), tmp_path / "text.parquet")
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (tmp_path / "text.json").write_text(json.dumps(as_text))
    with (tmp_path / "d.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["id", "info"])
        writer.writeheader()
        writer.writerows(as_text)
    results = []
    for path in sorted(tmp_path.iterdir()):
        (chunk,) = read(path, columns_of(adapter), adapter.text_columns())
        got = convert(chunk.columns, adapter, persona="neutral", licence=None, key=KEY, source="s")
        results.append((got.records.to_pylist(), got.rejects.to_pylist(), chunk.identity.to_pylist()))
    assert len(results) == 5
    records, rejects, identity = results[0]
    assert all(result == results[0] for result in results)
    assert rejects == [None, None, "no_prompt"]
    assert said(records[0]["messages"]) == [("u", "why", None), ("a", "so", None)]
    assert records[0]["meta"] == [{"key": "info.deep.n", "value": "3"}, {"key": "info.topic", "value": "t"}]
    assert records[1]["meta"] == [{"key": "info.deep.n", "value": "4"}]
    assert records[0]["group"] == keyed(KEY, "group", "s\x003")
    assert identity == [b"why\x1cso", b"how\x1cthus", b"\x1c"]


def test_a_column_with_the_whole_name_wins(tmp_path: Path) -> None:
    row = {"q": "x", "info.a": "flat", "info": {"a": "deep"}}
    adapter = qa(assistant="info.a")
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "d.parquet")
    (tmp_path / "d.jsonl").write_text(json.dumps(row))
    for path in tmp_path.iterdir():
        (chunk,) = read(path, columns_of(adapter), adapter.text_columns())
        assert chunk.columns.column("info.a").to_pylist() == ["flat"]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_a_path_that_leads_nowhere_in_any_row_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.{suffix}"
    row = {"q": "x", "a": "y", "info": {"reasoning": "z"}}
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    else:
        path.write_text(json.dumps(row))
    with pytest.raises(ProjectError, match=r"info\.reasonning"):
        list(read(path, columns_of(qa(reasoning="info.reasonning")), ("q", "a")))


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
def test_of_alternatives_one_suffices(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.{suffix}"
    rows = [{"q": "1", "answer": "x", "reply": None}, {"q": "2", "answer": " ", "reply": "y"}]
    adapter = qa(assistant=(("answer", "response", "reply"),), group=("topic", "q"))
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == "csv":
        path.write_text("q,answer,reply\n1,x,\n2, ,y\n")
    else:
        path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    (chunk,) = read(path, columns_of(adapter), adapter.text_columns())
    got = convert(chunk.columns, adapter, persona="neutral", licence=None, key=KEY, source="s")
    assert [r["messages"][1]["content"] for r in got.records.to_pylist()] == ["x", "y"]
    with pytest.raises(ProjectError):
        list(read(path, columns_of(qa(assistant=(("response", "completion"),))), ("q",)))


def test_lists_join_and_lists_inside_choose() -> None:
    rows = [{"t": "T", "b": None, "c": "C", "a": "A"}, {"t": None, "b": "B", "c": "C", "a": "A"}]
    records, _ = run(rows, qa(user=("t", ("b", "c"))))
    assert [r["messages"][0]["content"] for r in records] == ["T\n\nC", "B"]


def test_turns_in_the_first_column_that_has_any() -> None:
    turn = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    rows = [
        {"messages": None, "chat": turn},
        {"messages": [], "chat": turn},
        {"messages": turn[::-1], "chat": turn},
        {"messages": None, "chat": None},
    ]
    records, rejects = run(rows, Turns("turns", field=("messages", "chat", "absent")))
    assert rejects == [None, None, "no_user", "empty_conversation"]
    assert said(records[1]["messages"]) == [("u", "x", None), ("a", "y", None)]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_turns_as_json_text(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.{suffix}"
    good = [{"role": "user", "content": "x"}, {"role": "assistant", "content": [{"type": "text", "text": "y"}], "w": 1}]
    cells = [json.dumps(good), json.dumps([{"speaker": "x"}]), "no list", "", None, json.dumps(good)[:-3], "[[[" * 9999]
    if suffix == "parquet":
        pq.write_table(pa.table({"messages": cells}), path)
    else:
        path.write_text("".join(json.dumps({"messages": c}) + "\n" for c in (*cells, good)))
    adapter = Turns("turns")
    chunks = list(read(path, columns_of(adapter), ("messages",)))
    broken = [b.reason for c in chunks for b in c.broken]
    got = convert(chunks[0].columns, adapter, persona="neutral", licence=None, key=KEY, source="s")
    rejects = [r for r in (*got.rejects.to_pylist(), *broken) if r]
    assert sorted(rejects) == ["empty_conversation"] * 2 + ["wrong_type"] * 4
    assert {str(said(r["messages"])) for r in got.records.to_pylist()} == {str([("u", "x", None), ("a", "y", None)])}


def test_a_bare_answer_that_happens_to_be_json_stays_text() -> None:
    rows = [{"prompt": "p", "chosen": '[{"a": 1}]', "rejected": '[{"role": "assistant", "content": "r"}]'}]
    records, _ = run(rows, Preference("preference", prompt="prompt"))
    assert said(records[0]["chosen"]) == [("a", '[{"a": 1}]', None)]
    assert said(records[0]["rejected"]) == [("a", "r", None)]


def test_keys_of_turns_may_be_paths() -> None:
    rows = [{"m": [{"by": {"role": "user"}, "content": "x"}, {"by": {"role": "assistant"}, "content": "y"}]}]
    records, _ = run(rows, Turns("turns", field="m", role_key="by.role"))
    assert said(records[0]["messages"]) == [("u", "x", None), ("a", "y", None)]


@pytest.mark.parametrize(
    ("where", "want"),
    [
        ({"lang": "en"}, "1"),
        ({"lang": ("en", "de")}, "12"),
        ({"lang": None}, "34"),
        ({"lang": ("en", None)}, "134"),
        ({"lang": "not null"}, "12"),
        ({"n": 2}, "23"),
        ({"n": 2.0, "lang": "de"}, "2"),
        ({"n": "2.0"}, "3"),
        ({"ok": True}, "13"),
        ({"ok": (False, None)}, "24"),
        ({"info.x": "y"}, "4"),
    ],
)
def test_where(where: dict[str, Any], want: str) -> None:
    rows = [
        {"lang": "en", "n": "1", "ok": True, "info": None},
        {"lang": "de", "n": "2", "ok": False, "info": {"x": None}},
        {"lang": "", "n": "2.0", "ok": True, "info": {"x": "z"}},
        {"lang": None, "n": "two", "ok": None, "info": {"x": "y"}},
    ]
    rows = [{"q": str(i), "a": "x", **row} for i, row in enumerate(rows, start=1)]
    records, rejects = run(rows, qa(where=where))
    assert "".join(r["messages"][0]["content"] for r in records) == want
    assert rejects.count("where") == 4 - len(want)


def test_system_prompts_for_every_kind() -> None:
    turn = [
        {"role": "system", "content": "own"},
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "y"},
    ]
    rows = [{"messages": turn, "s": "row"}, {"messages": turn[1:], "s": None}]
    records, _ = run(rows, Turns("turns", system="s", system_text="all"))
    assert [r["messages"][0]["content"] for r in records] == ["all\n\nrow\n\nown", "all"]
    pair = [{"prompt": "p", "chosen": "c", "rejected": "r", "label": True, "completion": "c"}]
    for adapter in (
        Preference("preference", prompt="prompt", system_text="s"),
        Unpaired("unpaired", prompt="prompt", system_text="s"),
    ):
        records, _ = run(pair, adapter)
        assert said(records[0]["messages"]) == [("s", "s", None), ("u", "p", None)]


def talk(roles: str) -> dict[str, Any]:
    names = {"u": "user", "a": "assistant", "s": "system", "t": "tool"}
    return {"messages": [{"role": names[r], "content": f"{i}"} for i, r in enumerate(roles)]}


def test_neighbours_and_limits() -> None:
    rows = [talk(t) for t in ("ua", "sua", "uaua", "uuaa", "ssua", "uattaua", "uau")]
    assert run(rows, Turns("turns", merge_consecutive="reject"))[1] == [None] * 3 + ["consecutive_turns"] + [None] * 3
    assert run(rows, Turns("turns", min_turns=4))[1] == ["too_few_turns"] * 2 + [None] + ["too_few_turns"] * 2 + [
        None,
        "too_few_turns",
    ]
    assert run(rows, Turns("turns", max_turns=2))[1] == [
        None,
        None,
        "too_many_turns",
        None,
        None,
        "too_many_turns",
        None,
    ]
    kept, _ = run(rows, Turns("turns", trim_trailing_user=False))
    assert [m["content"] for m in kept[-1]["messages"]] == ["0", "1", "2"]
    assert run([talk("u")], Turns("turns", trim_trailing_user=False))[1] == ["no_assistant"]
    pair = [{"prompt": "p", "chosen": "c", "rejected": "r"}]
    assert run(pair, Preference("preference", prompt="prompt", min_turns=3))[1] == ["too_few_turns"]


PAIRS = [["hi", "hello"], ["so", "yes"]]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
def test_history(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"d.{suffix}"
    cells: list[Any] = [PAIRS, [], None, [["odd"]], [["a", "b"], ["c", "d", "e"]], [["", "x"]]]
    if suffix == "jsonl":
        cells += ["text", [[1, {"x": 2}]], json.dumps(PAIRS)]
    rows = [{"q": str(i), "a": "x", "h": c} for i, c in enumerate(cells)]
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == "csv":
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows(
                [["q", "a", "h"], *([r["q"], "x", r["h"] and json.dumps(r["h"])] for r in rows)]
            )
    else:
        path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    adapter = qa(history="h", system_text="s")
    (chunk,) = read(path, columns_of(adapter), adapter.text_columns())
    got = convert(chunk.columns, adapter, persona="neutral", licence=None, key=KEY, source="s")
    reasons = dict(zip(chunk.rows.tolist(), got.rejects.to_pylist(), strict=True)) | {
        b.row: b.reason for b in chunk.broken
    }
    odd = {3: "wrong_type", 4: "wrong_type", 5: "empty_content"}
    if suffix == "jsonl":
        odd |= {6: "wrong_type", 7: "wrong_type"}
    assert {row: reason for row, reason in reasons.items() if reason} == odd
    records = {r["messages"][-2]["content"]: said(r["messages"]) for r in got.records.to_pylist()}
    before = [("u", "hi", None), ("a", "hello", None), ("u", "so", None), ("a", "yes", None)]
    assert records["0"] == [("s", "s", None), *before, ("u", "0", None), ("a", "x", None)]
    assert records["1"] == [("s", "s", None), ("u", "1", None), ("a", "x", None)]
    assert suffix != "jsonl" or records["8"][1:5] == before


def test_reasoning_goes_to_the_last_answer() -> None:
    turns = [
        {"role": r, "content": c, "why": w}
        for r, c, w in (("user", "1", None), ("assistant", "2", "own"), ("user", "3", None), ("assistant", "4", None))
    ]
    rows = [{"messages": turns, "r": "column"}, {"messages": turns[:2], "r": "column"}, {"messages": turns, "r": " "}]
    records, _ = run(rows, Turns("turns", reasoning_key=("thought", "why"), reasoning=("cot", "r")))
    assert [[m["reasoning"] for m in r["messages"]] for r in records] == [
        [None, "own", None, "column"],
        [None, "own"],
        [None, "own", None, None],
    ]
    records, _ = run([{"q": "x", "a": "y", "h": PAIRS, "r": "z"}], qa(history="h", reasoning="r"))
    assert [m["reasoning"] for m in records[0]["messages"]] == [None] * 5 + ["z"]


@pytest.mark.parametrize(
    ("label", "want"),
    [
        (True, True), (False, False), (1, True), (0, False), (-1, False), (1.0, True), ("True", True), (" good ", True),
        ("BAD", False), ("yes", True), ("no", False), (None, "no_label"), ("", "no_label"), (2, "unknown_label"),
        ("maybe", "unknown_label"), ("ok", True), ("spam", False), (["x"], "unknown_label"),
    ],
)  # fmt: skip
def test_labels(label: Any, want: Any) -> None:
    rows = [{"prompt": "p", "completion": "c", "label": label}]
    records, (reason,) = run(rows, Unpaired("unpaired", prompt="prompt", good=("OK",), bad=("spam",)))
    assert (records[0]["label"] if records else reason) == want
    if records:
        assert records[0]["kind"] == "unpaired"
        assert (said(records[0]["messages"]), said(records[0]["chosen"])) == ([("u", "p", None)], [("a", "c", None)])
        assert records[0]["rejected"] is None


def test_a_label_can_be_turned_round() -> None:
    rows = [{"completion": talk("ua")["messages"], "label": n} for n in (0, 1)]
    records, _ = run(rows, Unpaired("unpaired", good=("0",), bad=("1",)))
    assert [r["label"] for r in records] == [True, False]


def test_unpaired_without_a_prompt_column() -> None:
    rows = [{"completion": talk(t)["messages"], "label": True} for t in ("suaua", "ua", "a", "uau")]
    records, rejects = run(rows, Unpaired("unpaired"))
    assert rejects == [None, None, "no_prompt", None]
    assert ["".join(m["role"][0] for m in r["messages"]) for r in records] == ["suau", "u", "u"]
    assert [[m["content"] for m in r["chosen"]] for r in records] == [["4"], ["1"], ["1"]]


def test_unpaired_reasoning_and_a_repeated_prompt() -> None:
    rows = [{"prompt": "0", "completion": talk("ua")["messages"], "label": True, "why": "w"}]
    records, _ = run(rows, Unpaired("unpaired", prompt="prompt", reasoning="why"))
    assert said(records[0]["messages"]) == [("u", "0", None)]
    assert said(records[0]["chosen"]) == [("a", "1", "w")]


@pytest.mark.parametrize(
    ("scores", "want"),
    [
        ((2, 1), None), (("2.5", "1e0"), None), ((1, 1), "equal_scores"), ((1, 2), "inverted_scores"),
        ((None, 1), "no_score"), (("high", "low"), "no_score"), ((float("nan"), 1.0), "no_score"), ((0, -1), None),
    ],
)  # fmt: skip
def test_scores(scores: tuple[Any, Any], want: str | None) -> None:
    rows = [{"prompt": "p", "chosen": "c", "rejected": "r", "x": scores[0], "y": scores[1]}]
    assert run(rows, Preference("preference", prompt="prompt", score_chosen="x", score_rejected="y"))[1] == [want]


def test_a_document_answers_what_the_adapter_asks() -> None:
    rows = [{"title": "T", "text": "Long."}, {"title": None, "text": "Long."}, {"title": "T", "text": None}]
    records, rejects = run(rows, Document("document", user_text="Write.", user="title", system_text="S"))
    assert rejects == [None, None, "no_answer"]
    assert said(records[0]["messages"]) == [("s", "S", None), ("u", "Write.\n\nT", None), ("a", "Long.", None)]
    assert said(records[1]["messages"])[1] == ("u", "Write.", None)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"merge_consecutive": False}, "true or reject"),
        ({"min_turns": 3, "max_turns": 2}, "larger"),
    ],
)
def test_what_makes_no_sense_is_refused(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        qa(**spec)
    with pytest.raises(ValueError, match="come together"):
        Preference("preference", score_chosen="x")
