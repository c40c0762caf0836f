"""The review server: start, memory, what a person waits for at 20,000 records, and pushing beside the stock server.

    python benchmarks/review/run.py [--records N] [--push N] [--skip search|push]

A server that is installed has to start in 10 s, and to keep below 400 MB. The real server runs as `curate review serve`
starts it. Records lie in its database before it starts, so that the time to index them anew is measured, too. Searches
go through the server's API with the records of a page: times are of the server (its Server-Timing header); on a busy
machine the CPU time beside them is the one to read. For pushing, the same server runs without our patches beside ours
(both with our search engine, for the stock one needs Elasticsearch); what counts is CPU time of the server's process.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from curation.review.server import process  # noqa: E402
from tests.review.server.site import Site, label_question, record  # noqa: E402

GOALS = {"next pending record": (150, 50), "text, two common words": (300, 100), "similar records": (500, 200)}
EMOTIONS = [f"emotion-{n}" for n in range(20)]
STOCK = (
    "import curate_server.patches as p, curate_server.main as m, sys;"
    "p.read_settings_quickly = p.leave_out_what_is_not_used = p.build_events_only_for_web_hooks = lambda: None;"
    "m.main(sys.argv[1:])"
)
DIMENSIONS, WORDS, ROUNDS = 384, 150, 15


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used, from the kernel's table."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def megabytes(pid: int) -> float:
    """Memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


def text(generator: random.Random) -> str:
    """A conversation of common words (a Zipf's law) in which few are rare."""
    return " ".join(f"w{min(int(generator.paretovariate(0.7)), 20000)}" for _ in range(WORDS))


def questions() -> list[dict]:
    """What a reviewer is asked, three kinds."""
    options = [{"value": e, "text": e} for e in EMOTIONS]
    many = {"type": "multi_label_selection", "visible_options": 8, "options": options}
    spans = {"type": "span", "field": "text", "allow_overlapping": True, "options": options[:4]}
    return [
        label_question("decision", "approve", "edit", "reject", required=False),
        {"name": "emotions", "title": "emotions", "required": True, "settings": many},
        {"name": "spans", "title": "spans", "required": False, "settings": spans},
    ]


def dataset(site: Site, name: str, vectors: bool) -> tuple[str, dict[str, str]]:
    """A published data set with three questions and three metadata."""
    made = site.dataset(
        name,
        questions=questions(),
        metadata=[("float", "margin"), ("integer", "turns"), ("terms", "source")],
        vectors=[("embedding", DIMENSIONS)] if vectors else (),
        min_submitted=2,
    )
    return made, {q["name"]: q["id"] for q in site.ask("GET", f"/datasets/{made}/questions")["items"]}


def fill(site: Site, made: str, count: int) -> None:
    """Write records into the database of a server that does not run."""
    import numpy as np

    generator, numbers = random.Random(0), np.random.default_rng(0)
    database = sqlite3.connect(site.home / "argilla.db")
    of = made.replace("-", "")
    (user, *_) = (u for (u,) in database.execute("SELECT id FROM users WHERE role='annotator'"))
    by_name = dict(database.execute("SELECT name, id FROM questions WHERE dataset_id=?", (of,)))
    (kind,) = database.execute("SELECT id FROM vectors_settings WHERE dataset_id=?", (of,)).fetchone()
    now = "2026-01-01 00:00:00.000000"
    with database:
        for n in range(count):
            rid = uuid.uuid4().hex
            metadata = {"margin": generator.random(), "turns": n % 40, "source": f"s{n % 5}"}
            row = (rid, json.dumps({"text": text(generator)}), f"r{n}", of, now, now, json.dumps(metadata), "pending")
            database.execute(
                "INSERT INTO records(id, fields, external_id, dataset_id, inserted_at, updated_at, metadata, status) "
                "VALUES(?,?,?,?,?,?,?,?)",
                row,
            )
            chosen = generator.sample(EMOTIONS, 2)
            row = (json.dumps(chosen), json.dumps([0.7, 0.3]), "tagger", "model", uuid.uuid4().hex, rid)
            database.execute(
                "INSERT INTO suggestions(value, score, agent, type, id, record_id, question_id, inserted_at, "
                "updated_at) VALUES(?,?,?,?,?,?,?,?,?)",
                (*row, by_name["emotions"], now, now),
            )
            vector = [round(float(x), 5) for x in numbers.normal(size=DIMENSIONS)]
            database.execute(
                "INSERT INTO vectors(value, record_id, vector_settings_id, id, inserted_at, updated_at) "
                "VALUES(?,?,?,?,?,?)",
                (json.dumps(vector), rid, kind, uuid.uuid4().hex, now, now),
            )
            if n % 10 == 0:
                values = json.dumps({"emotions": {"value": chosen}})
                database.execute(
                    'INSERT INTO responses(id, "values", status, record_id, user_id, inserted_at, updated_at) '
                    "VALUES(?,?,?,?,?,?,?)",
                    (uuid.uuid4().hex, values, "submitted", rid, user, now, now),
                )
    database.close()


def search(site: Site, body: dict, *, path: str, key: str | None, limit: int) -> tuple[float, float]:
    """Milliseconds that the server needs for a search, by the clock (median) and of CPU (mean).

    The first one, which reads from the disk, is left out.
    """
    times, before = [], 0.0
    for n in range(ROUNDS + 1):
        status, headers, said = site.call("POST", f"/api/v1{path}?limit={limit}", body, key=key)
        assert status == 200 and said["total"], said
        times.append(float(headers["Server-Timing"].rpartition("=")[2]))
        before = before if n else cpu_seconds(site.process.pid)
    return statistics.median(times[1:]), (cpu_seconds(site.process.pid) - before) * 1000 / ROUNDS


def start(site: Site, what: str) -> None:
    """Start a server and say how long it took."""
    began = time.monotonic()
    site.start()
    took = time.monotonic() - began
    print(f"{what:<35} {took:7.1f} s   (CPU {cpu_seconds(site.process.pid):4.1f} s)")


def searching(count: int, folder: Path) -> None:
    """Start, memory, and searches."""
    site = Site(folder / "search").start()
    made, _ = dataset(site, "search", vectors=True)
    site.stop()
    start(site, "start, installed, empty")
    print(f"memory, empty                       {megabytes(site.process.pid):7.0f} MB")
    site.stop()
    fill(site, made, count)
    start(site, f"start, {count} records to index")
    site.stop()
    start(site, f"start, {count} records indexed")
    pending = {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["pending"]}
    by_margin = [{"scope": {"entity": "metadata", "metadata_property": "margin"}, "order": "asc"}]
    mine, all_ = f"/me/datasets/{made}/records/search", f"/datasets/{made}/records/search"
    first = site.ask("POST", f"{all_}?limit=1", {})["items"][0]["record"]["id"]
    like = {"query": {"vector": {"name": "embedding", "record_id": first, "order": "most_similar"}}}
    person = site.annotators[0]
    for name, path, key, limit, body in (
        ("next pending record", mine, person, 1, {"filters": {"and": [pending]}}),
        ("next pending record, by margin", mine, person, 1, {"filters": {"and": [pending]}, "sort": by_margin}),
        ("text, two common words", mine, person, 10, {"query": {"text": {"q": "w1 w2"}}}),
        ("text, a rare word", mine, person, 10, {"query": {"text": {"q": "w7001 | w19*"}}}),
        ("similar records", mine, person, 50, like),
    ):
        worst, goal = GOALS.get(name, (0, 0))
        said = f"(at most {worst}, goal {goal})" if worst else ""
        clock, used = search(site, body, path=path, key=key, limit=limit)
        print(f"{name:<35} {clock:7.0f} ms  (CPU {used:4.0f} ms) {said}")
    print(f"memory after that                   {megabytes(site.process.pid):7.0f} MB  (at most 400)")
    site.stop()


def pushing(count: int, folder: Path) -> None:
    """Records a CPU second, with suggestions and metadata, ours and stock."""
    rates: dict[str, list[float]] = {"stock": [], "ours": []}
    ordinary = process.command
    for turn in range(3):
        for who in rates:
            if who == "stock":
                process.command = lambda python, what, home, *more: [
                    str(python), "-c", STOCK, what, "--home", str(home), *more,
                ]  # fmt: skip
            site = Site(folder / f"{who}-{turn}").start()
            process.command = ordinary
            made, asked = dataset(site, "push", vectors=False)
            generator = random.Random(turn)
            rows = []
            for n in range(count):
                chosen = generator.sample(EMOTIONS, 3)
                span = [{"start": 0, "end": 2, "label": EMOTIONS[0], "score": 0.5}]
                rows.append(
                    record(
                        f"r{n}",
                        text(generator),
                        metadata={"margin": generator.random(), "turns": n % 40, "source": "s"},
                        suggestions=[
                            {"question_id": asked["decision"], "value": "edit", "score": 0.4, "agent": "rule"},
                            {"question_id": asked["emotions"], "value": chosen, "score": [0.5, 0.3, 0.2], "agent": "t"},
                            {"question_id": asked["spans"], "value": span, "agent": "t"},
                        ],
                    )
                )
            before = cpu_seconds(site.process.pid)
            site.push(made, rows)
            rates[who].append(count / (cpu_seconds(site.process.pid) - before))
            site.stop()
    stock, ours = (statistics.median(rates[who]) for who in ("stock", "ours"))
    print(f"push, stock                         {stock:7.0f} records a CPU second")
    print(f"push, ours                          {ours:7.0f} records a CPU second")
    print(f"push, ratio                         {ours / stock:7.2f} x (at least 1.7, goal 2.5)")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--push", type=int, default=1_000)
    parser.add_argument("--skip", choices=("search", "push"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.skip != "search":
            searching(asked.records, Path(folder))
        if asked.skip != "push":
            pushing(asked.push, Path(folder))


if __name__ == "__main__":
    main()
