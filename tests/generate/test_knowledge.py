"""`curate generate knowledge`: from documents to records that keep their citation, and what is refused on the way."""

import dataclasses
import hashlib
import http.server
import json
import pickle
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.append(str(Path(__file__).parent))  # the tests are no package
import material
import pdfs

from curation.cli import main
from curation.core import made
from curation.core.errors import CurateError, GateError, IntegrityError
from curation.core.project import Project, make_key
from curation.core.records import RECORD_SCHEMA
from curation.core.store import Store
from curation.export.gates import rights
from curation.generate import stored


def declare(root, endpoints="", **facts):
    facts = {"kind": "knowledge", "path": "documents/", "licence": "cc-by-4.0", **facts}
    (root / "sources.yaml").write_text(json.dumps({"sources": {"guide": facts}}))
    (root / "curate.toml").write_text(endpoints)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a small work in three formats."""
    make_key(tmp_path)
    folder = tmp_path / "documents" / "deeper"
    folder.mkdir(parents=True)
    (folder / "guide.pdf").write_bytes(material.PDF)
    (tmp_path / "documents" / "guide.md").write_text(material.MARKDOWN)
    (tmp_path / "documents" / "page.html").write_text(material.HTML)
    (tmp_path / "documents" / "cover.png").write_bytes(b"\x89PNG no document")
    declare(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def raw(root):
    project = Project.open(root)
    entry = project.lock().sources["guide"]
    table = Store(project.raw / "tables").find("guide", "raw", entry.table)
    return [row for part in table.parts for row in table.read(part).to_pylist()]


def pages(root):
    (path,) = root.glob("data/raw/downloads/guide/*/pages.parquet")
    return {(p["document_sha256"], p["page"]): p["text"] for p in pq.read_table(path).to_pylist()}


def nothing_published(root):
    return not list(root.glob("data/raw/downloads/guide/*/*")) and not list(root.glob("data/raw/tables/**/*.parquet"))


def test_records_keep_a_citation_that_points_at_the_quoted_words(project):
    assert main(["generate", "knowledge"]) == 0 and main(["pull"]) == 0
    rows, text = raw(project), pages(project)
    assert {Path(dict((m["key"], m["value"]) for m in r["meta"])["document"]).suffix for r in rows} == {
        ".pdf",
        ".md",
        ".html",
    }
    for row in rows:
        cited = {m["key"]: m["value"] for m in row["meta"]}
        question, answer = (turn["content"] for turn in row["messages"])
        quote = text[cited["document_sha256"], int(cited["page"])][int(cited["start"]) : int(cited["end"])]
        assert hashlib.sha256(quote.encode()).hexdigest() == cited["quote_sha256"]
        assert "".join(quote.split()).replace("-", "") == "".join(answer.split()).replace("-", "")
        assert cited["document_sha256"] == hashlib.sha256((project / cited["document"]).read_bytes()).hexdigest()
        assert question.endswith("?") and row["synthetic"] == "template" and row["licence"] == "cc-by-4.0"
        assert "model" not in cited and "prompt" not in cited
    assert {dict((m["key"], m["value"]) for m in r["meta"]).get("topic") for r in rows} >= {
        "attachment4.preoccupied",
        "big-five.neuroticism",
        "clinical-interview.silence",
    }


def test_again_is_no_work_and_the_same_bytes(project, capsys):
    main(["pull"])
    first = {p: p.read_bytes() for p in sorted(project.glob("data/raw/downloads/**/*")) if p.is_file()}
    capsys.readouterr()
    times = {p: p.stat().st_mtime_ns for p in first}
    assert main(["generate", "knowledge"]) == 0 and {p: p.stat().st_mtime_ns for p in first} == times
    assert "5 pages" not in capsys.readouterr().err, "no document was read again"
    for path in first:
        path.unlink()
    assert main(["pull", "--update"]) == 0
    assert {p: p.read_bytes() for p in first} == first
    assert main(["verify"]) == 0


def test_a_changed_document_and_a_changed_declaration_are_noticed(project):
    main(["pull"])
    before = {row["id"] for row in raw(project)}
    (project / "documents" / "guide.md").write_text(
        "# One\n\nUndoing is a defence that takes a deed back by its opposite.\n"
    )
    assert main(["pull"]) == 0
    after = raw(project)
    assert len({row["id"] for row in after} - before) == 1
    declare(project, topics=["big-five"])
    assert main(["pull"]) == 0
    kept = [dict((m["key"], m["value"]) for m in row["meta"]).get("topic") for row in raw(project)]
    assert set(kept) == {None, "big-five.neuroticism"}


def test_another_format_or_an_endpoint_is_no_other_kind_of_row(project, endpoint):
    """Columns that are null in one format and text in another never ask anybody to confirm the adapter again."""
    declare(project, path="documents/deeper")
    assert main(["pull"]) == 0
    declare(project)
    assert main(["pull"]) == 0
    declare(project, endpoint.toml, endpoint="sim")
    assert main(["pull"]) == 0


def test_cards_are_listed_by_topic_and_checked(project, capsys):
    assert main(["generate", "cards", "guide"]) == 3
    assert "curate generate knowledge guide" in capsys.readouterr().err
    main(["generate", "knowledge"])
    capsys.readouterr()
    assert main(["--json", "generate", "cards", "guide", "--topic", "attachment4"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {card["topic"] for card in listed} == {"attachment4.preoccupied", "attachment4.fearful"}
    assert all(card["reject"] is None for card in listed)
    assert main(["generate", "cards", "guide", "--rejected"]) == 0
    assert "no record: no_template_fits" in capsys.readouterr().out
    assert main(["generate", "cards", "guide", "--topic", "atachment4.secure"]) == 3
    assert "did you mean 'attachment4.secure'?" in capsys.readouterr().err


def test_a_card_that_does_not_agree_with_its_page_is_an_error(project):
    main(["generate", "knowledge"])
    (path,) = project.glob("data/raw/downloads/guide/*/pages.parquet")
    table = pq.read_table(path)
    shifted = table.set_column(5, "text", [[" " + t for t in table["text"].to_pylist()]])
    pq.write_table(shifted, path)
    with pytest.raises(IntegrityError, match="does not agree"):
        stored.cards(Project.open(project), "guide")
    assert main(["verify"]) == 4


def test_what_was_made_and_what_was_not_is_told(project, capsys):
    assert main(["--json", "generate", "knowledge"]) == 0
    told = json.loads(capsys.readouterr().out)["guide"]
    assert told["records"] == len(raw(project)) == told["cards"] - told["rejected"]["no_template_fits"]
    assert told["sentences_refused"] == {"first_person": 1, "not_a_claim": 1}
    assert main(["generate", "knowledge"]) == 0
    assert "1 sentences that make no card: first_person" in capsys.readouterr().out


def test_a_dry_run_writes_nothing(project, capsys):
    assert main(["generate", "knowledge", "--dry-run"]) == 0
    assert "cards" in capsys.readouterr().err and nothing_published(project)


class Opened:
    """What a pickle does when it is opened."""

    def __reduce__(self):
        return (Path.write_text, (Path("opened"), "run"))


@pytest.mark.parametrize("name", ["index.pkl", "store.faiss", "notes.jsonl", "deep/index.pkl"])
@pytest.mark.parametrize("whole", [True, False])
def test_a_pickle_or_an_index_is_refused_unopened_with_the_way_out(project, capsys, name, whole):
    path = project / "documents" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps(Opened()))
    if not whole:
        declare(project, path=f"documents/{name}")
    assert main(["generate", "knowledge"]) == 3
    said = capsys.readouterr().err
    assert f"documents/{name}" in said and "JSONL" in said and "docs/knowledge.md" in said
    assert not (project / "opened").exists() and nothing_published(project)


def test_the_chunks_that_such_a_store_gives_out_are_read(project):
    line = "Undoing is a defence that takes a deed back by its opposite."
    chunk = {"page_content": line, "metadata": {"source": "/home/someone/A Work.pdf", "page": 12}}
    (project / "chunks.jsonl").write_text(json.dumps(chunk) + "\n")
    declare(project, path="chunks.jsonl")
    assert main(["pull"]) == 0
    (row,) = raw(project)
    cited = {m["key"]: m["value"] for m in row["meta"]}
    assert (cited["document"], cited["page"]) == ("A Work.pdf", "12") and "someone" not in str(row)


@pytest.mark.parametrize("place", ["../outside.md", "/etc/hostname", "documents/../../outside.md", "~/x.md"])
def test_no_way_out_of_the_project(project, capsys, place):
    (project.parent / "outside.md").write_text("Denial is a thing that nobody here should ever read.")
    declare(project, path=place)
    assert main(["generate", "knowledge"]) == 3
    assert "leads outside" in capsys.readouterr().err and nothing_published(project)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("target", ["outside.md", "folder"])
def test_no_symbolic_link_is_followed(project, capsys, whole, target):
    outside = project.parent / "far"
    outside.mkdir(exist_ok=True)
    (outside / "outside.md").write_text("Denial is a thing that nobody here should ever read.")
    (project / "documents" / "link.md").symlink_to(outside / "outside.md" if target == "outside.md" else outside)
    declare(project, path="documents" if whole else "documents/link.md")
    assert main(["generate", "knowledge"]) == 3
    said = capsys.readouterr().err
    assert nothing_published(project) and ("symbolic link" in said or "leads outside" in said)


def test_one_bad_document_stops_the_source_and_names_itself(project, capsys):
    (project / "documents" / "scan.pdf").write_bytes(pdfs.pdf([[], []]))
    assert main(["generate", "knowledge"]) == 3
    said = capsys.readouterr().err
    assert "documents/scan.pdf" in said and "OCR" in said and nothing_published(project)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"path": "nowhere"}, "no file or folder 'nowhere'"),
        ({"path": "documents/cover.png"}, "no kind of document"),
        ({"topics": ["big-fife"]}, "did you mean 'big-five'?"),
        ({"max_pages": 2}, "more than max_pages"),
        ({"endpoint": "sim"}, "no endpoint called 'sim'"),
        ({"pages": 2}, "unknown key 'pages'"),
    ],
)
def test_declarations_that_cannot_work(project, capsys, facts, said):
    declare(project, **facts)
    assert main(["generate", "knowledge"]) == 3
    assert said in capsys.readouterr().err and nothing_published(project)


def test_the_search_for_personal_data_leaves_every_citation_as_it_is():
    import curation.clean.scrub  # noqa: F401 - importing a stage registers it
    from curation.core import taxonomies
    from curation.core.sources import KNOWLEDGE_TOPICS, KnowledgeSource
    from curation.core.stage import REGISTRY, Context

    topics = [f"{name}.{label}" for name in KNOWLEDGE_TOPICS for label in taxonomies.load(name).ids]
    rows = []
    for number, topic in enumerate(topics * 4):
        sha256 = hashlib.sha256(str(number).encode()).hexdigest()
        start = number * 997 if number % 2 else 999_000 - number * 991
        cited = {"card": sha256[:16], "document": "documents/guide.pdf", "document_sha256": sha256, "topic": topic}
        cited |= {"start": str(start), "end": str(start + 90), "page": str(number), "quote_sha256": sha256[::-1]}
        meta = [{"key": key, "value": value} for key, value in sorted(cited.items())]
        said = [{"role": "user", "content": "What is silence?"}, {"role": "assistant", "content": "Silence is a tool."}]
        rows.append({"id": f"g:{number:016x}", "kind": "chat", "messages": said, "persona": "assistant", "meta": meta})
    table = pa.Table.from_pylist(rows, schema=RECORD_SCHEMA).combine_chunks()
    call = REGISTRY["scrub"].called(None)
    spec = dataclasses.replace(call.spec, own={"g": KnowledgeSource.own_meta})
    kept = call.stage.run(table.to_batches()[0], spec, Context(bytes(32), "g")).kept
    assert kept.column("meta").to_pylist() == [row["meta"] for row in rows]


def test_what_must_not_exist_is_not_even_stored(project, monkeypatch, capsys):
    import pyarrow.compute as pc

    from curation.methods import screen

    monkeypatch.setattr(screen, "flag_texts", lambda texts: pc.match_substring(texts, "neuroticism"))
    assert main(["generate", "knowledge"]) == 0
    assert "1 pages left out" in capsys.readouterr().out
    assert "neuroticism" not in str(pages(project).values())


def test_documents_without_a_licence_leave_only_on_a_persons_word(project):
    declare(project, licence=None)
    main(["pull"])
    opened = Project.open(project)
    with pytest.raises(GateError, match="none stated"):
        rights(opened.sources, opened.lock())


def test_a_withdrawn_record_stays_away(project):
    main(["pull"])
    gone = raw(project)[0]["id"]
    from curation.core.annotations import Annotations
    from curation.pull.tombstones import fingerprint

    opened = Project.open(project)
    Annotations(project / "annotations").bury({gone}, identity={}, key=fingerprint(opened))
    assert main(["generate", "knowledge"]) == 0
    assert gone not in {row["id"] for row in raw(project)}
    assert not (project / "data" / "raw" / "downloads" / "guide").exists(), "pages and cards hold it, too"
    assert main(["generate", "cards", "guide"]) == 3


def test_the_example_in_pixels_sources_works_when_its_marks_are_taken_off(project):
    text = (Path(__file__).parents[2] / "sources.yaml").read_text("utf-8")
    (entry,) = re.findall(r"^#  knowledge:\n(?:#    .*\n)+", text, re.M)
    (project / "sources.yaml").write_text("sources:\n" + re.sub("^#", "", entry, flags=re.M))
    assert main(["generate", "knowledge"]) == 0
    assert main(["init", "other"]) == 0
    assert "documents/" in (project / "other" / ".gitignore").read_text().split()


# ------------------------------------------------------------------------------------------------------------- endpoint


class StandIn(http.server.BaseHTTPRequestHandler):
    """An endpoint that words a card as it is asked to, or as `misled` has it."""

    protocol_version = "HTTP/1.1"
    misled = staticmethod(lambda claim, said: said)
    asked = 0

    def log_message(self, *args):
        pass

    def do_POST(self):
        cls = type(self)
        cls.asked += 1
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        claim = body["messages"][1]["content"].removeprefix("Statement: ").partition("\nTopic")[0]
        said = {
            "question": "What does the text say here?",
            "answer": f"In short: {claim}",
            "quote": claim[: len(claim) // 2 + 30],
        }
        said = self.misled(claim, said)
        text = said if isinstance(said, str) else json.dumps(said)
        reply = {
            "model": "served-7b",
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 50},
        }
        data = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def endpoint():
    handler = type("Scripted", (StandIn,), {"asked": 0})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        handler.toml = (
            f'[endpoints.sim]\nurl = "http://127.0.0.1:{running.server_port}/v1"\nmodel = "any-7b"\n'
            "price_in = 1.0\nprice_out = 2.0\nretries = 0\ntimeout_s = 5\n"
        )
        yield handler
        running.shutdown()


def test_an_endpoint_words_every_card_and_the_second_run_is_free(project, endpoint, capsys):
    declare(project, endpoint.toml, endpoint="sim")
    assert main(["generate", "knowledge", "--dry-run"]) == 0
    assert "cost at most" in capsys.readouterr().err and endpoint.asked == 0
    assert main(["generate", "knowledge"]) == 0
    said = capsys.readouterr().err
    cards = stored.cards(Project.open(project), "guide")
    assert endpoint.asked == len(cards) and f"{len(cards)} requests to 'sim', 0 are cached" in said
    assert f"cost {len(cards) * 200 / 1e6:.4f}" in said
    declare(project, endpoint.toml, endpoint="sim", max_pages=99)
    assert main(["pull"]) == 0 and endpoint.asked == len(cards)
    for row in raw(project):
        cited = {m["key"]: m["value"] for m in row["meta"]}
        assert row["synthetic"] == "endpoint" and cited["model"] == "served-7b" and len(cited["prompt"]) == 16
        assert row["messages"][1]["content"].startswith("In short: ")


@pytest.mark.parametrize(
    ("misled", "reason"),
    [
        (lambda claim, said: "Sure! Here is the JSON you want", "reply_broken"),
        (lambda claim, said: {**said, "quote": "words that stand in no card at all"}, "reply_without_quote"),
        (lambda claim, said: {**said, "quote": "pause"}, "reply_without_quote"),
        (lambda claim, said: {**said, "answer": "Something else."}, "reply_without_quote"),
        (lambda claim, said: {**said, "quote": 7}, "reply_without_quote"),
        (lambda claim, said: {**said, "question": "Tell me"}, "reply_without_question"),
        (lambda claim, said: {**said, "question": None}, "reply_without_question"),
        (lambda claim, said: {**said, "answer": f"{claim} In 73 % of cases."}, "reply_beyond_the_card"),
    ],
)
def test_a_reply_that_does_not_keep_to_its_card_is_a_counted_reject(project, endpoint, misled, reason):
    def once(claim, said):
        return misled(claim, said) if "pause" in claim else said

    endpoint.misled = staticmethod(once)
    declare(project, endpoint.toml, endpoint="sim")
    assert main(["generate", "knowledge"]) == 0
    opened = Project.open(project)
    source = opened.sources["guide"]
    note = made.note(opened, "guide", made.revision(opened, "guide", source))
    assert note["rejected"] == {reason: 1} and note["records"] == note["cards"] - 1
    assert sum(card["reject"] == reason for card in stored.cards(opened, "guide")) == 1


def test_nothing_is_published_when_no_reply_is_of_use_or_the_endpoint_is_down(project, endpoint, capsys):
    endpoint.misled = staticmethod(lambda claim, said: "no")
    declare(project, endpoint.toml, endpoint="sim")
    assert main(["generate", "knowledge"]) == 3
    assert "reply_broken" in capsys.readouterr().err
    down = endpoint.toml.partition("127.0.0.1:")[0] + '127.0.0.1:9/v1"\nmodel = "x"\nretries = 0\ntimeout_s = 2\n'
    declare(project, down, endpoint="sim")
    assert main(["generate", "knowledge"]) == 75
    assert not list(project.glob("data/raw/downloads/guide/*/cards.parquet"))


def test_a_cost_cap_stops_before_it_is_passed_and_keeps_the_replies(project, endpoint):
    declare(project, endpoint.toml + "max_cost = 0.0025\nconcurrency = 1\nmax_tokens = 1000\n", endpoint="sim")
    assert main(["generate", "knowledge"]) == 5
    first = endpoint.asked
    assert 0 < first < 8 and not list(project.glob("data/raw/downloads/guide/*/cards.parquet"))
    declare(project, endpoint.toml + "max_tokens = 1000\n", endpoint="sim")
    assert main(["generate", "knowledge"]) == 0
    assert endpoint.asked == len(stored.cards(Project.open(project), "guide"))


def test_a_killed_run_publishes_nothing_and_goes_on_where_it_was(project, endpoint):
    declare(project, endpoint.toml + "concurrency = 1\n", endpoint="sim")
    reached = threading.Event()

    def slow(claim, said):
        if endpoint.asked == 3:
            reached.set()
            time.sleep(2)
        return said

    endpoint.misled = staticmethod(slow)
    running = subprocess.Popen([sys.executable, "-m", "curation", "-q", "generate", "knowledge"], cwd=project)
    assert reached.wait(60)
    running.kill()
    running.wait()
    assert not list(project.glob("data/raw/downloads/guide/*/cards.parquet"))
    assert main(["generate", "knowledge"]) == 0
    # The one that was under way when it was killed is asked for again.
    assert endpoint.asked == len(stored.cards(Project.open(project), "guide")) + 1


def test_errors_hold_no_text_of_a_document(project, endpoint, capsys):
    endpoint.misled = staticmethod(lambda claim, said: claim)
    declare(project, endpoint.toml, endpoint="sim")
    assert main(["generate", "knowledge"]) == 3
    said = capsys.readouterr().err
    assert "pause" not in said and "neuroticism" not in said
    with pytest.raises(CurateError):
        stored.cards(Project.open(project), "guide")
