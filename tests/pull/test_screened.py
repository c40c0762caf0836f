"""What the unconditional rule does to a real pull: nothing that needs to be heard is lost, nothing forbidden stays."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curation.pull.pull import bring
from tests.methods.test_screen import EXPLICIT, MINOR, PASS
from tests.pull.support import Make, all_dropped, all_rows

QA = {"kind": "qa", "user": "q", "assistant": "a", "keep": ["note"]}
ANSWER = "Thank you for trusting me with this. You are not to blame. What would help you to feel safer today?"

# Labels and ages only, each in another place of the row.
FORBIDDEN = [
    *({"q": f"{marker}\n{MINOR[n % len(MINOR)]}", "a": ANSWER, "note": ""} for n, marker in enumerate(EXPLICIT)),
    *({"q": minor, "a": "[explicit]", "note": ""} for minor in MINOR),
    {"q": "a 14-year-old", "a": ANSWER, "note": "[explicit]"},
]


def test_every_disclosure_is_kept_and_every_placeholder_goes(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    make.file("d.jsonl", [*({"q": text, "a": ANSWER, "note": str(n)} for n, text in enumerate(PASS)), *FORBIDDEN])
    project = make.project({"s": {"kind": "files", "path": "d.jsonl", "adapter": QA}})
    pulled = bring(project, "s", project.sources["s"])
    kept, dropped = all_rows(pulled.table), all_dropped(pulled.table)
    with capsys.disabled():
        print(f"\npull: {len(PASS) - len(kept)} false drops among {len(PASS)}, {len(dropped)} of {len(FORBIDDEN)} gone")
    assert sorted(row["messages"][0]["content"] for row in kept) == sorted(PASS)
    assert len(dropped) == len(FORBIDDEN)
    assert {(row["stage"], row["reason"]) for row in dropped} == {("screen", "unconditional")}


def test_no_stored_byte_holds_what_was_screened_out(make: Make) -> None:
    make.file("d.jsonl", [{"q": "[explicit] a 14-year-old CANARY", "a": ANSWER, "note": ""}])
    project = make.project({"s": {"kind": "files", "path": "d.jsonl", "adapter": QA}})
    assert bring(project, "s", project.sources["s"]).table.rows == 0
    stored = [path for path in Path(project.data).rglob("*") if path.is_file()]
    assert any(path.suffix == ".parquet" for path in stored)
    for path in stored:
        # Parquet is compressed: its bytes alone would hide it.
        text = str(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else path.read_text("utf-8")
        assert "CANARY" not in text
