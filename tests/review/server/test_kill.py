"""A server that is killed loses no answer that it acknowledged, and its index follows its database."""

import contextlib
import json
import random
import sqlite3
import threading
import time
import urllib.error

import pytest

from tests.review.server.site import Site, label_question, record

pytestmark = pytest.mark.server

TEXTS = ("calm", "torn", "numb")


def rows(path, statement, *args):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(statement, args).fetchall()


def spelt(identifier):
    return f"{identifier[:8]}-{identifier[8:12]}-{identifier[12:16]}-{identifier[16:20]}-{identifier[20:]}"


def stored(home, dataset):
    """What the server's database holds: records, responses with their answers, suggestions."""
    db, of = home / "argilla.db", dataset.replace("-", "")
    records = {spelt(i): status for i, status in rows(db, "SELECT id, status FROM records WHERE dataset_id=?", of)}
    select = (
        'SELECT x.id, x.record_id, x.user_id, x.status, x."values" FROM responses x '
        "JOIN records r ON r.id=x.record_id WHERE r.dataset_id=?"
    )
    responses = {
        spelt(i): (spelt(r), spelt(u), status, {q: v["value"] for q, v in (json.loads(values or "{}") or {}).items()})
        for i, r, u, status, values in rows(db, select, of)
    }
    select = "SELECT x.record_id, x.value FROM suggestions x JOIN records r ON r.id=x.record_id WHERE r.dataset_id=?"
    suggestions = {spelt(r): json.loads(value) for r, value in rows(db, select, of)}
    return records, responses, suggestions


def indexed(home, dataset):
    """The same, as the index holds it."""
    db, h = home / "search.db", dataset.replace("-", "")
    records = dict(rows(db, f"SELECT id, status FROM doc_{h}"))
    answers = {}
    for response, question, value in rows(db, f"SELECT resp, question, txt FROM ans_{h}"):
        answers.setdefault(response, {})[question] = value
    select = f"SELECT x.id, d.id, x.user, x.status FROM resp_{h} x JOIN doc_{h} d USING(rid)"
    responses = {i: (r, u, status, answers.pop(i, {})) for i, r, u, status in rows(db, select)}
    assert not answers
    ((keys,),) = rows(db, "SELECT keys FROM datasets WHERE id=?", dataset)
    key = json.loads(keys).get("s.label.value", 0)
    suggestions = dict(rows(db, f"SELECT d.id, v.txt FROM val_{h} v JOIN doc_{h} d USING(rid) WHERE v.key=?", key))
    assert rows(db, f"SELECT count(*) FROM fts_{h}") == rows(db, f"SELECT count(*) FROM doc_{h}")
    return records, responses, suggestions


class Annotator(threading.Thread):
    """A script that answers, changes its mind, and notes what was acknowledged and what was under way."""

    def __init__(self, site, ids, key, seed):
        super().__init__(daemon=True)
        self.site, self.ids, self.key, self.random = site, ids, key, random.Random(seed)
        self.acknowledged, self.underway = {}, {}

    def run(self):
        while True:
            chosen = self.random.choice(self.ids)
            status = self.random.choice(["submitted", "submitted", "submitted", "draft", "discarded"])
            said = (status, self.random.choice(TEXTS))
            self.underway = {chosen: said}
            try:
                self.site.answer(chosen, {"label": said[1]}, status=status, key=self.key)
            except (OSError, urllib.error.URLError, AssertionError, ValueError):
                return
            self.acknowledged[chosen] = said
            self.underway = {}


class Pusher(threading.Thread):
    """A re-push of records with changing suggestions, at the same time."""

    def __init__(self, site, dataset, question, seed):
        super().__init__(daemon=True)
        self.site, self.dataset, self.question, self.random = site, dataset, question, random.Random(seed)

    def run(self):
        with contextlib.suppress(OSError, urllib.error.URLError, AssertionError, ValueError):
            while True:
                numbers = self.random.sample(range(60), 5)
                value = self.random.choice(TEXTS)
                suggestion = {"question_id": self.question, "value": value, "agent": "t"}
                rows_ = [record(f"r{n}", f"text {n}", suggestions=[suggestion]) for n in numbers]
                self.site.ask("PUT", f"/datasets/{self.dataset}/records/bulk", {"items": rows_})


def _kills(tmp_path, count, seed):
    generator = random.Random(seed)
    site = Site(tmp_path / "review").start()
    try:
        dataset = site.dataset("killed", questions=[label_question("label", *TEXTS)], min_submitted=2)
        (question,) = site.ask("GET", f"/datasets/{dataset}/questions")["items"]
        ids = site.push(dataset, [record(f"r{n}", f"text {n}") for n in range(60)])
        people = {site.ask("GET", "/me", key=key)["id"]: key for key in site.annotators}
        known = {}  # (person, record) -> what was acknowledged last
        for kill in range(count):
            annotators = {who: Annotator(site, ids, key, (seed, kill, who).__repr__()) for who, key in people.items()}
            pusher = Pusher(site, dataset, question["id"], kill)
            for thread in (*annotators.values(), pusher):
                thread.start()
            time.sleep(generator.uniform(0.02, 2.0))
            end = time.monotonic() + 30
            while not kill and sum(len(a.acknowledged) for a in annotators.values()) < 5 and time.monotonic() < end:
                time.sleep(0.02)  # on a busy machine, too, the first kill meets some answers
            site.kill()
            for thread in (*annotators.values(), pusher):
                thread.join(30)
                assert not thread.is_alive()
            site.start()
            _, responses, _ = stored(site.home, dataset)
            have = {(who, of): (status, values.get("label")) for of, who, status, values in responses.values()}
            for who, annotator in annotators.items():
                known.update({(who, of): said for of, said in annotator.acknowledged.items()})
                for of, said in annotator.underway.items():  # not acknowledged: it may have arrived, or not
                    if have.get((who, of)) == said:
                        known[who, of] = said
            assert {place: said for place, said in have.items() if place in known} == known, f"kill {kill}"
            assert have.keys() == known.keys(), f"kill {kill}"
            _settled(site, dataset, f"kill {kill}")
        return len(known)
    finally:
        site.stop()


def _settled(site, dataset, when, seconds=20):
    """The index equals the database, and records are complete by what was answered (a job sees to that)."""
    end = time.monotonic() + seconds
    while True:
        records, responses, suggestions = stored(site.home, dataset)
        submitted = [of for of, _, status, _ in responses.values() if status == "submitted"]
        right = {of: "completed" if submitted.count(of) >= 2 else "pending" for of in records}
        if records == right and indexed(site.home, dataset) == (records, responses, suggestions):
            return
        if time.monotonic() > end:
            assert records == right, when
            assert indexed(site.home, dataset) == (records, responses, suggestions), when
        time.sleep(0.2)


def test_a_killed_server_loses_no_acknowledged_answer(tmp_path):
    assert _kills(tmp_path, 1, seed=1) > 2


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["deleted", "damaged", "of another version", "behind", "ahead"])
def test_an_index_of_any_state_is_made_equal_to_the_database(tmp_path, harm):
    site = Site(tmp_path / "review").start()
    dataset = site.dataset("harmed", questions=[label_question("label", *TEXTS)], min_submitted=2)
    (question,) = site.ask("GET", f"/datasets/{dataset}/questions")["items"]
    suggestions = [{"question_id": question["id"], "value": "calm", "agent": "t"}]
    ids = site.push(dataset, [record(f"r{n}", f"text {n}", suggestions=suggestions) for n in range(20)])
    for each in ids[:5]:
        site.answer(each, {"label": "torn"}, key=site.annotators[0])
    site.stop()
    path, h = site.home / "search.db", dataset.replace("-", "")
    if harm == "deleted":
        for each in site.home.glob("search.db*"):
            each.unlink()
    elif harm == "damaged":
        data = bytearray(path.read_bytes())
        data[4096:12288] = bytes(8192)
        path.write_bytes(data)
    else:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            if harm == "of another version":
                connection.execute("PRAGMA user_version=999")
            elif harm == "behind":
                connection.execute(f"DELETE FROM doc_{h} WHERE rid < 4")
                connection.execute(f"DELETE FROM resp_{h} WHERE rid=5")
                connection.execute(f"DELETE FROM stamp_{h} WHERE rid=5")
            else:
                connection.execute(
                    f"INSERT INTO doc_{h}(id, status) VALUES('00000000-0000-0000-0000-000000000000', 'x')"
                )
                connection.execute(f"INSERT INTO stamp_{h} SELECT id, rid, 'x' FROM doc_{h} WHERE status='x'")
    site.start()
    try:
        _settled(site, dataset, harm)
        assert len(site.find(dataset, "text")[0]) == 20
    finally:
        site.stop()


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_thirty_kills_at_random_moments(tmp_path):
    assert _kills(tmp_path, 30, seed=2) > 30
