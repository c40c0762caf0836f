import json

import pytest

from curation.commands.init import create
from tests.laws.projects import Made, clear

ONE = "sources:\n  a:\n    kind: files\n    path: {path}\n    licence: mit\n    adapter: {adapter}\n"
QA = "{kind: qa, user: question, assistant: answer}"
FOUR = (
    "# ours\nsources:\n    chats:\n        kind: files\n        path: c.jsonl\n        adapter: {kind: turns}\n# end\n"
)


@pytest.fixture
def empty(tmp_path):
    """A project without sources."""
    create(tmp_path / "p")
    return Made(tmp_path / "p")


@pytest.mark.parametrize("name", ["q.csv", "q.tsv", "q.jsonl", "q.json"])
def test_a_file_without_a_header_does_not_show_its_first_row(empty, name):
    text = "My name is Jane Canary and I live at 7 Elm Road"
    if name.startswith("q.j"):
        (empty.root / name).write_text(
            json.dumps([{text: "x", "jane@canary.org": 1}] if name == "q.json" else {text: 1})
        )
    else:
        tab = "\t" if name == "q.tsv" else ","
        (empty.root / name).write_text(f"{text}{tab}That is hard to hear.\nmore{tab}text\n")
    (empty.root / "sources.yaml").write_text(ONE.format(path=name, adapter=QA))
    said = empty.fails(3, "pull")
    assert "anary" not in said
    clear(
        said,
        "looks like data, not like a header" if "js" not in name else "1 column" if name == "q.jsonl" else "2 columns",
    )


def test_columns_that_are_names_are_shown(empty):
    (empty.root / "q.csv").write_text(",Title,patient text,answer\n0,a,b,c\n")
    (empty.root / "sources.yaml").write_text(ONE.format(path="q.csv", adapter=QA))
    assert "Title, patient text, answer" in empty.fails(3, "pull")


def test_a_hub_address_that_is_none_is_a_clear_error(empty, monkeypatch):
    (empty.root / "sources.yaml").write_text(
        "sources:\n  a:\n    kind: huggingface\n    id: a/b\n    adapter: {kind: turns}\n"
    )
    for address in ("http://[::1", "nonsense", "file:///etc"):
        monkeypatch.setenv("HF_ENDPOINT", address)
        clear(empty.fails(3, "pull"), "HF_ENDPOINT")


@pytest.mark.parametrize(
    "before",
    [FOUR, "", "# nothing yet\n", "sources: {}\n", "sources:  { }  # none\n", FOUR.replace("    ", "  "), None],
)
def test_a_source_is_added_to_any_layout(empty, before):
    path = empty.root / "sources.yaml"
    if before is not None:
        path.write_text(before)
    (empty.root / "one.yaml").write_text("kind: files\npath: q.csv\nlicence: mit\nadapter: " + QA + "\n")
    old = dict(empty.project.sources)
    empty.run("sources", "add", "more", str(empty.root / "one.yaml"))
    assert list(empty.project.sources) == [*old, "more"]
    assert {n: s for n, s in empty.project.sources.items() if n in old} == old
    assert "# ours" in path.read_text() or before != FOUR


def test_a_source_that_cannot_be_added_is_printed_to_be_added_by_hand(empty):
    path = empty.root / "sources.yaml"
    path.write_text("sources: {chats: {kind: files, path: c.jsonl, adapter: {kind: turns}}}\n")
    before = path.read_bytes()
    (empty.root / "one.yaml").write_text("kind: files\npath: q.csv\nadapter: " + QA + "\n")
    clear(empty.fails(3, "sources", "add", "more", str(empty.root / "one.yaml")), "by hand", "more:", "path: q.csv")
    assert path.read_bytes() == before
    (empty.root / "bad.yaml").write_bytes(b"kind: \xff\n")
    clear(empty.fails(3, "sources", "add", "more", str(empty.root / "bad.yaml")), "UTF-8")


def test_pull_tells_each_error_once(empty):
    (empty.root / "sources.yaml").write_text(
        ONE.format(path="none.csv", adapter=QA)
        + ONE.format(path="gone.csv", adapter=QA).replace("sources:\n  a", "  b")
    )
    said = empty.fails(3, "pull")
    assert said.count("none.csv") == 1 and said.count("gone.csv") == 1, said
    assert said.count("error:") == 2


@pytest.mark.parametrize("number", [0, -5])
def test_max_rows_is_at_least_one(empty, number):
    (empty.root / "q.csv").write_text("question,answer\na,b\n")
    text = ONE.format(path="q.csv", adapter=QA) + f"    max_rows: {number}\n"
    for declared in (text, text.replace("kind: files\n    path: q.csv", "kind: huggingface\n    id: a/b")):
        (empty.root / "sources.yaml").write_text(declared)
        assert "at least 1" in empty.fails(3, "status")
        assert "sources.yaml:7" in empty.said


@pytest.mark.parametrize("adapter", ["{kind: qa, user: [], assistant: a}", "{kind: qa, user: q, assistant: []}"])
def test_a_question_or_an_answer_without_a_column_is_refused(empty, adapter):
    (empty.root / "sources.yaml").write_text(ONE.format(path="q.csv", adapter=adapter))
    assert "at least one column" in empty.fails(3, "status")
    assert "sources.yaml:6" in empty.said
