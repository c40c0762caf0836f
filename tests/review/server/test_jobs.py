"""Background jobs, without a Redis server."""

import http.server
import json
import threading
import time

import pytest

from tests.review.server.site import record

pytestmark = pytest.mark.server


def test_records_are_completed_anew_when_fewer_answers_are_asked_for(site):
    dataset = site.dataset("job", min_submitted=2)
    ids = site.push(dataset, [record(f"r{n}", f"text {n}") for n in range(5)])
    for each in ids[:3]:
        site.answer(each, {"label": "yes"}, key=site.annotators[0])
    assert site.ask("GET", f"/datasets/{dataset}/progress")["completed"] == 0
    distribution = {"strategy": "overlap", "min_submitted": 1}
    site.ask("PATCH", f"/datasets/{dataset}", {"distribution": distribution})
    end = time.monotonic() + 20
    while site.ask("GET", f"/datasets/{dataset}/progress")["completed"] < 3 and time.monotonic() < end:
        time.sleep(0.1)
    progress = site.ask("GET", f"/datasets/{dataset}/progress")
    assert (progress["completed"], progress["pending"]) == (3, 2)


def test_a_web_hook_on_this_machine_hears_of_records(site):
    heard = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words):
            pass

    listener = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{listener.server_port}/"
    hook = site.ask("POST", "/webhooks", {"url": url, "events": ["record.created"], "description": "x"})
    try:
        time.sleep(1.1)
        dataset = site.dataset("heard")
        site.push(dataset, [record("r", "text")])
        end = time.monotonic() + 20
        while not heard and time.monotonic() < end:
            time.sleep(0.1)
        assert [each["type"] for each in heard] == ["record.created"]
        assert heard[0]["data"]["fields"] == {"text": "text"}
    finally:
        site.ask("DELETE", f"/webhooks/{hook['id']}")
        listener.shutdown()
        listener.server_close()
