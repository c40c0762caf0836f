"""The embedded engine, through the server's own API."""

import pytest

from tests.review.server.site import label_question, record

pytestmark = pytest.mark.server

TEXTS = {
    "card": "I lost my bank card yesterday, my card!",
    "sleep": "I cannot sleep; I haven't slept for days. Sleeping pills do not help.",
    "chinese": "我最近睡不着，心里很难过。",
    "japanese": "昨日から気分が悪いです",
    "thai": "ฉันรู้สึกเศร้ามาก",
    "korean": "요즘 너무 우울해요",
    "hindi": "मुझे बहुत दुख है",
    "picture": "fine 😀 really",
    "accent": "Je suis fatigué, un café",
    "hostile": "quote \" and ' and \\ and ; DROP TABLE x; -- fts5 NEAR( AND",
}


@pytest.fixture(scope="module")
def texts(site):
    dataset = site.dataset("texts", metadata=[("integer", "turns"), ("float", "margin"), ("terms", "source")])
    site.push(
        dataset,
        [
            record(name, text, metadata={"turns": n, "margin": n / 4 - 1, "source": ["a", "b"][n % 2]})
            for n, (name, text) in enumerate(TEXTS.items())
        ],
    )
    return dataset


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("card", {"card"}),
        ("CARD bank", {"card"}),
        ("card | sleep", {"card", "sleep"}),
        ("sle*", {"sleep"}),
        ('"lost my bank"', {"card"}),
        ('"my lost bank"', set()),
        ('"lost card"~3', {"card"}),
        ('"lost card"~1', set()),
        ("crad~", {"card"}),
        ("card~1 -sleep", {"card"}),
        ("haven't", {"sleep"}),
        ("cannot -card", {"sleep"}),
        ("(card | cannot) -(pills | x)", {"card"}),
        ("-card", set(TEXTS) - {"card"}),
        ("card | -card", set(TEXTS)),
        ("睡不着", {"chinese"}),
        ("难过", {"chinese"}),
        ("过难", set()),
        ("气分", set()),
        ("気分", {"japanese"}),
        ("เศร้า", {"thai"}),
        ("우울*", {"korean"}),
        ("दुख", {"hindi"}),
        ("😀", {"picture"}),
        ("café", {"accent"}),
        ("", set(TEXTS)),
        ("***", set()),
    ],
)
def test_a_query_finds(site, texts, query, found):
    got, total = site.find(texts, query or None)
    assert set(got) == found and total == len(found)


STRANGE = """ " ( ) (((( - -- | +|+ "a a\\ ~ ~3 "~2 NEAR( c0:x AND *a '' \x00 \ufffd """.split(" ")
LONG = ("(" * 300 + "card" + ")" * 300, "-" * 500 + "card", "x " * 3000, "a AND", "- -")


@pytest.mark.parametrize("query", [*STRANGE, *LONG])
def test_nothing_that_is_typed_is_an_error(site, texts, query):
    got, total = site.find(texts, query)
    assert total == len(got)


def test_one_field_can_be_searched(site, texts):
    assert site.find(texts, {"text": {"q": "card", "field": "text"}})[1] == 1
    status, _, _ = site.call(
        "POST", f"/api/v1/datasets/{texts}/records/search", {"query": {"text": {"q": "card", "field": "nope"}}}
    )
    assert status == 422


def _sort(entity, prop, order):
    return {"scope": {"entity": entity, **prop}, "order": order}


def test_filters_and_orders(site, texts):
    names = list(TEXTS)
    turns = {"metadata_property": "turns"}
    assert site.find(texts, sort=[_sort("metadata", turns, "asc")])[0] == names
    assert site.find(texts, sort=[_sort("metadata", turns, "desc")])[0] == names[::-1]
    margin = {"type": "range", "scope": {"entity": "metadata", "metadata_property": "margin"}, "ge": -0.5, "le": 0}
    assert set(site.find(texts, filters={"and": [margin]})[0]) == set(names[2:5])
    source = {"type": "terms", "scope": {"entity": "metadata", "metadata_property": "source"}, "values": ["b"]}
    assert set(site.find(texts, filters={"and": [margin, source]})[0]) == {names[3]}
    page, total = site.find(texts, sort=[_sort("record", {"property": "inserted_at"}, "desc")], limit=3)
    assert (page, total) == (names[:-4:-1], len(names))
    bounds = {p["name"]: p for p in site.ask("GET", f"/me/datasets/{texts}/metadata-properties")["items"]}
    of = {name: site.ask("GET", f"/metadata-properties/{p['id']}/metrics") for name, p in bounds.items()}
    assert (of["turns"]["min"], of["turns"]["max"]) == (0, 9)
    assert of["source"]["values"] == [{"term": "a", "count": 5}, {"term": "b", "count": 5}]


def test_the_queue_of_a_person(site):
    dataset = site.dataset("queue", min_submitted=2)
    ids = site.push(dataset, [record(f"r{n}", f"text {n}") for n in range(30)])
    ann, other = site.annotators
    pending = {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["pending"]}
    queue = {"filters": {"and": [pending]}}
    first, total = site.find(dataset, key=ann, **queue)
    again, _ = site.find(dataset, key=ann, **queue)
    others, _ = site.find(dataset, key=other, **queue)
    assert first == again and sorted(first) == sorted(others) and total == 30
    assert first != others and first != sorted(first)

    done = [int(name[1:]) for name in first[:3]]
    for n, status in zip(done, ("submitted", "discarded", "draft"), strict=True):
        site.answer(ids[n], {"label": "yes"}, status=status, key=ann)
    assert site.find(dataset, key=ann, **queue) == (first[3:], 27)
    assert site.find(dataset, key=other, **queue) == (others, 30)
    progress = site.ask("GET", f"/me/datasets/{dataset}/metrics", key=ann)["responses"]
    assert progress == {"total": 30, "submitted": 1, "discarded": 1, "draft": 1, "pending": 27}
    assert site.ask("GET", f"/datasets/{dataset}/progress")["completed"] == 0
    site.answer(ids[done[0]], {"label": "no"}, key=other)
    assert site.ask("GET", f"/datasets/{dataset}/progress")["completed"] == 1
    answered = {"type": "terms", "scope": {"entity": "response", "question": "label"}, "values": ["no"]}
    assert site.find(dataset, filters={"and": [answered]})[0] == [f"r{done[0]}"]


def test_suggestions_are_filtered_and_sorted(site):
    dataset = site.dataset("suggested", questions=[label_question("label", "yes", "no")])
    (question,) = site.ask("GET", f"/datasets/{dataset}/questions")["items"]
    suggest = {"question_id": question["id"], "agent": "tagger"}
    rows = [("a", "yes", 0.9), ("b", "no", 0.5), ("c", "yes", 0.7)]
    site.push(dataset, [record(n, n, suggestions=[{**suggest, "value": v, "score": s}]) for n, v, s in rows])
    site.push(dataset, [record("d", "without")])
    scope = {"question": "label", "property": "score"}
    assert site.find(dataset, sort=[_sort("suggestion", scope, "asc")])[0] == ["b", "c", "a", "d"]
    assert site.find(dataset, sort=[_sort("suggestion", scope, "desc")])[0] == ["a", "c", "b", "d"]
    yes = {
        "type": "terms",
        "scope": {"entity": "suggestion", "question": "label", "property": "value"},
        "values": ["yes"],
    }
    sure = {"type": "range", "scope": {"entity": "suggestion", **scope}, "ge": 0.8}
    assert set(site.find(dataset, filters={"and": [yes]})[0]) == {"a", "c"}
    assert site.find(dataset, filters={"and": [yes, sure]})[0] == ["a"]
    site.push(dataset, [record("a", "a", suggestions=[{**suggest, "value": "no", "score": 0.1}])])
    assert site.find(dataset, filters={"and": [yes]})[0] == ["c"]


def test_similar_records(site):
    dataset = site.dataset("vectors", vectors=[("v", 3)])
    rows = {"x": [1, 0, 0], "near": [2, 0.2, 0], "far": [-1, 0, 0], "across": [0, 5, 0]}
    ids = site.push(dataset, [record(name, name, vectors={"v": value}) for name, value in rows.items()])
    like = {"vector": {"name": "v", "record_id": ids[0], "order": "most_similar"}}
    assert site.find(dataset, like)[0] == ["near", "across", "far"]
    like["vector"]["order"] = "least_similar"
    assert site.find(dataset, like)[0] == ["far", "across", "near"]
    given = {"vector": {"name": "v", "value": [0, 1, 0], "order": "most_similar"}}
    assert site.find(dataset, given, limit=2)[0] == ["across", "near"]
    site.push(dataset, [record("far", "far", vectors={"v": [0, 9, 0.1]})])  # what is in memory has to follow
    assert set(site.find(dataset, given, limit=2)[0]) == {"across", "far"}
    both = {**given, "text": {"q": "near | x"}}
    assert site.find(dataset, both)[0] == ["near", "x"]
    site.ask("DELETE", f"/datasets/{dataset}/records?ids={ids[3]}")
    assert "across" not in site.find(dataset, given)[0]
