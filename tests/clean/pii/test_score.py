from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.clean.pii.score import TYPES, Rate, Sample, read, score, wilson
from curation.core.errors import ProjectError


def row(text: str, *spans: tuple[str, str]) -> dict[str, Any]:
    """A row as presidio-research writes it, with more than is looked at."""
    found = []
    for kind, value in spans:
        start = text.index(value)
        found.append(
            {
                "entity_type": kind,
                "entity_value": value,
                "start_position": start,
                "end_position": start + len(value),
            }
        )
    return {"full_text": text, "masked": "…", "spans": found, "template_id": 7, "metadata": {"Gender": "x"}}


ROWS = [
    row("Mrs Ada Quill wrote to ada@example.org 🙂 from Fenwick.", ("TITLE", "Mrs"), ("PERSON", "Ada Quill"),
        ("EMAIL_ADDRESS", "ada@example.org"), ("GPE", "Fenwick")),
    row("Nothing here."),
    row("Call 202-555-0143, Jo.", ("PHONE_NUMBER", "202-555-0143"), ("PERSON", "Jo")),
]  # fmt: skip


@pytest.fixture(params=["list", "lines", "bom"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "marked.json"
    text = json.dumps(ROWS, indent=1) if request.param == "list" else "\n\n".join(map(json.dumps, ROWS))
    path.write_bytes((b"\xef\xbb\xbf" if request.param == "bom" else b"") + text.encode())
    return path


def at(sample: Sample, value: str, label: str) -> tuple[int, int, str]:
    start = sample.text.index(value)
    return start, start + len(value), label


def test_a_file_in_the_format_of_presidio_research(file: Path) -> None:
    samples = read(file)
    assert [s.text for s in samples] == [r["full_text"] for r in ROWS]
    assert [(samples[0].text[a:b], kind) for a, b, kind in samples[0].spans] == [
        ("Mrs", "TITLE"),
        ("Ada Quill", "PERSON"),
        ("ada@example.org", "EMAIL_ADDRESS"),
        ("Fenwick", "GPE"),
    ]
    assert samples[1].spans == []


def test_what_counts_as_found_and_as_right(file: Path) -> None:
    samples = read(file)
    first, _, third = samples
    found = [
        # Title and name as one place; the address under another label; half of a name.
        [at(first, "Mrs Ada Quill", "PERSON"), at(first, "ada@example.org", "URL"), at(first, "Fenw", "LOCATION")],
        [(0, 7, "ORG")],
        [at(third, "202-555-0143", "PHONE"), at(third, "Call", "PERSON")],
    ]
    result = score(samples, found)
    assert vars(result.labels["PERSON"].recall) == {"hits": 1, "of": 2}
    assert vars(result.labels["PERSON"].precision) == {"hits": 1, "of": 2}
    assert vars(result.labels["EMAIL"].recall) == {"hits": 1, "of": 1}
    assert vars(result.labels["EMAIL"].labelled) == {"hits": 0, "of": 1}
    assert vars(result.labels["URL"].precision) == {"hits": 1, "of": 1}
    assert vars(result.labels["LOCATION"].recall) == {"hits": 0, "of": 1}  # four of seven letters are no 90 %
    assert vars(result.labels["LOCATION"].precision) == {"hits": 1, "of": 1}
    assert vars(result.labels["ORG"].precision) == {"hits": 0, "of": 1}
    assert vars(result.total.recall) == {"hits": 3, "of": 5}
    assert vars(result.total.labelled) == {"hits": 2, "of": 5}
    assert vars(result.total.precision) == {"hits": 4, "of": 6}
    assert vars(result.whole) == {"hits": 4, "of": 6}
    assert {kind: vars(rate) for kind, rate in result.left_out.items()} == {"TITLE": {"hits": 1, "of": 1}}
    assert result.mapping == {
        "TITLE": None,
        "PERSON": "PERSON",
        "EMAIL_ADDRESS": "EMAIL",
        "GPE": "LOCATION",
        "PHONE_NUMBER": "PHONE",
    }
    marked = sum(end - start for sample in samples for start, end, _ in sample.spans)
    predicted = sum(end - start for spans in found for start, end, _ in spans)
    both = 3 + 9 + 15 + 4 + 12
    assert vars(result.characters["recall"]) == {"hits": both, "of": marked}
    assert vars(result.characters["precision"]) == {"hits": both, "of": predicted}
    json.dumps(result.document())


def test_several_findings_may_cover_a_span_together_and_overlapping_spans_count_once_in_characters() -> None:
    sample = Sample("Ada Quill", [(0, 9, "PERSON"), (0, 3, "NICKNAME")])
    result = score([sample], [[(0, 3, "PERSON"), (3, 9, "ORG")]])
    assert vars(result.labels["PERSON"].recall) == {"hits": 1, "of": 1}
    assert vars(result.labels["PERSON"].labelled) == {"hits": 0, "of": 1}
    assert vars(result.characters["recall"]) == {"hits": 9, "of": 9}
    assert result.mapping["NICKNAME"] is None


def test_our_own_format(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text('{"text": "I am Jo", "spans": [{"start": 5, "end": 7, "label": "PERSON", "role": "client"}]}\n')
    assert read(path) == [Sample("I am Jo", [(5, 7, "PERSON")])]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{", "well-formed"),
        ('{"text": "secret", "spans": []}\n{', "well-formed"),
        ('["secret"]', "not a text"),
        ('{"text": "secret"}', "not a text"),
        ('{"text": 1, "spans": []}', "not a text"),
        ('{"text": "secret", "spans": {}}', "not a text"),
        ('{"text": "secret", "spans": ["x"]}', "no type"),
        ('{"text": "secret", "spans": [{"start": 0, "end": 2}]}', "no type"),
        ('{"text": "secret", "spans": [{"start": 0, "end": 7, "label": "ID"}]}', "lie in"),
        ('{"text": "secret", "spans": [{"start": 2, "end": 2, "label": "ID"}]}', "lie in"),
        ('{"full_text": "secret", "spans": [{"start": 0, "end": 2, "label": "ID"}]}', "no type"),
        ('{"text": "secret", "spans": []}', "nothing to score"),
        ("", "nothing to score"),
    ],
)
def test_what_is_no_such_file_is_refused_without_quoting_it(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(ProjectError, match=said) as caught:
        read(path)
    assert "secret" not in str(caught.value) and caught.value.fix


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (1, 2, 0.0945, 0.9055)],
)
def test_the_interval_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    # Checked against the values of Wilson's formula in published tables.
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-5)
    assert wilson(0, 0) is None and Rate().share is None


def test_every_type_has_a_label_of_ours_or_none() -> None:
    from curation.clean.pii.finding import LABELS

    assert set(TYPES.values()) <= {*LABELS, None} and all(TYPES[label] == label for label in LABELS)
