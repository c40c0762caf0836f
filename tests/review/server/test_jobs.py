"""Background jobs, without a Redis server."""

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
