"""Documents sound and unsound: what is read of them, and that a hostile one is stopped."""

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # the tests are no package
import pdfs

from curation.core.errors import ProjectError
from curation.core.sources import KnowledgeSource
from curation.generate import documents

LINE = "Silence is a tool that a helper learns to use with care and time."
LOCKED = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{'00' * 32}> /U <{'11' * 32}> /P -4 >> /ID [<00> <00>]"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"


def read(folder, data, suffix=".pdf", **limits):
    path = folder / f"work{suffix}"
    path.write_bytes(data)
    return documents.read(path, path.name, KnowledgeSource(kind="knowledge", path="x", **limits), folder)


def nested(depth):
    return pdfs.assemble([CATALOG, b"<< /Type /Pages /Kids " + b"[" * depth + b"]" * depth + b" /Count 1 >>"])


def formed():
    form = b"<< /Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X 6 0 R >> >> /Length 5 >>"
    return pdfs.of_streams([pdfs.stream(b"/X Do")], extra=[form + b"\nstream\n/X Do\nendstream"])


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: b"", "empty"),
        (lambda: b" \n", "empty"),
        (lambda: b"nothing of a PDF" * 9, "well-formed"),
        (lambda: pdfs.pdf([[LINE]])[:300], "well-formed"),
        (lambda: pdfs.pdf([[LINE]], trailer=LOCKED), "encrypted"),
        (lambda: pdfs.pdf([[], [], []]), "holds no text"),
        (lambda: pdfs.pdf([["12"]] * 4), "holds no text"),
        (lambda: pdfs.of_streams([pdfs.stream(bytes(160 << 20), compress=True, times=2)]), "more memory"),
        (lambda: nested(50_000), "well-formed"),
        (lambda: pdfs.assemble([CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Count 5 >>"]), "well-formed"),
        (formed, "holds no text"),
    ],
    ids="empty blank garbage cut encrypted scan stamps bomb deep loop form-loop".split(),
)
def test_what_cannot_be_read_is_said_with_a_mend(tmp_path, make, what):
    with pytest.raises(ProjectError) as caught:
        read(tmp_path, make())
    assert what in caught.value.what and caught.value.where == "work.pdf" and caught.value.fix
    assert len(caught.value.lines()) <= 6


@pytest.mark.parametrize(
    ("suffix", "data", "what"),
    [
        (".html", b"<div>" * 2000, "well-formed"),
        (".html", b"<!--" * 60_000, "longer than max_seconds"),
        (".md", "caf\xe9".encode("latin-1"), "not UTF-8"),
        (".html", b"<script>only a script of some length is here, and nothing to read</script>", "holds no text"),
        (".md", b"> " * 20_000 + b"deep", "holds no text"),
        (".jsonl", b'{"text": 3, "source": "a"}\n', "no chunk"),
        (".jsonl", b"[1, 2]\n", "no chunk"),
        (".jsonl", b'{"text": "a", "source": "b", "page": "x"}\n', "no chunk"),
        (".jsonl", b"not json\n", "no chunk"),
    ],
)
def test_other_kinds_that_cannot_be_read(tmp_path, suffix, data, what):
    with pytest.raises(ProjectError) as caught:
        read(tmp_path, data, suffix, max_seconds=1)
    assert what in caught.value.what


def test_limits_are_those_of_the_source(tmp_path, monkeypatch):
    with pytest.raises(ProjectError, match="more than max_pages"):
        read(tmp_path, pdfs.pdf([[LINE]] * 3), max_pages=2)
    with pytest.raises(ProjectError, match="larger than max_mb"):
        read(tmp_path, bytes(2 << 20), max_mb=1)
    long = b"BT /F1 11 Tf 14 TL 72 740 Td " + b"(a b c d) Tj T*\n" * 250_000 + b"ET"
    with pytest.raises(ProjectError, match="longer than max_seconds"):
        read(tmp_path, pdfs.of_streams([pdfs.stream(long, compress=True)]), max_seconds=1)
    monkeypatch.setattr(documents, "_MEMORY_MB", 80)
    with pytest.raises(ProjectError, match="more memory"):
        read(tmp_path, pdfs.of_streams([pdfs.stream(long, compress=True)]), max_seconds=60)


def test_a_long_book_is_read_whole(tmp_path):
    pages = read(tmp_path, pdfs.pdf([["The Book", "Part", LINE, "The Book", f"{n}"] for n in range(2000)]))
    assert [page.number for page in pages] == list(range(1, 2001))
    assert all(page.text[slice(*page.prose[0])] == LINE for page in pages)


def test_the_reading_process_sees_no_secret_and_leaves_no_child(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_KEY", "value")
    seen = {}

    class Watched(documents.subprocess.Popen):
        def __init__(self, *args, **more):
            seen.update(more)
            super().__init__(*args, **more)
            seen["process"] = self

    monkeypatch.setattr(documents.subprocess, "Popen", Watched)
    assert read(tmp_path, pdfs.pdf([[LINE]]))
    assert seen["env"] == {} and seen["process"].returncode == 0


def test_a_section_without_end_is_cut_so_that_spans_stay_short(tmp_path):
    text = "# One\n\n" + "\n\n".join([LINE] * 9000)
    pages = read(tmp_path, text.encode(), ".md")
    assert len(pages) == 4 and {page.heading for page in pages} == {"One"}
    assert max(end for page in pages for _, end in page.prose) < 300_000


def test_chunks_of_a_store_keep_work_and_page_but_no_path(tmp_path):
    chunks = [
        {"page_content": LINE, "metadata": {"source": "/home/someone/Books/A Work.pdf", "page": 7}},
        {"text": LINE, "source": "Other", "page": None},
    ]
    lines = "\n".join(json.dumps(chunk) for chunk in chunks)
    one, two = read(tmp_path, lines.encode(), ".jsonl")
    assert (one.document, one.number, one.place) == ("A Work.pdf", 7, 0)
    assert (two.document, two.number, two.place) == ("Other", 0, 1)
    assert "someone" not in repr(one)
