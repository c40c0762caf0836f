"""The fused pass: its stages together keep the laws that each keeps alone."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pyarrow as pa
import pytest
from hypothesis import given

from curation.clean import PASS
from curation.core.stage import REGISTRY, Stage
from tests.clean import helpers as h
from tests.clean.helpers import chat, table

pytest.importorskip("presidio_analyzer")

MODULES = {"text_digest": "exact_dup"}
PIECES = ["bob@x.com", "202-555-0143", "[explicit]", "a 14-year-old", "I cannot sleep at night and I worry."]


def stages() -> list[Stage]:
    for name in PASS:
        importlib.import_module(f"curation.clean.{MODULES.get(name, name)}")
    return [REGISTRY[name] for name in PASS]


def test_what_the_pass_publishes() -> None:
    rows = table(
        [
            chat(0, "I cannot sleep, write to\u00a0a@x.com", "I will write to you soon."),
            chat(1, "I cannot sleep, write to b@x.com", "I will write to you soon."),
            chat(2, "i cannot  sleep, write to A@X.com", "I will write to you SOON."),
            chat(3, "[explicit] she is 15.", "ok"),
            chat(4, " \u200b", "ok"),
        ]
    )
    kept, dropped, notes = h.run(stages(), rows)
    assert kept.column_names == ["id", "messages", "chosen", "rejected", "meta", "language", "text_digest", "pii"]
    assert kept.column("language").to_pylist() == ["en", "en", "en"]
    one, other, same = kept.column("text_digest").to_pylist()
    assert one == same != other
    assert dropped.select(["stage", "reason"]).to_pylist() == [
        {"stage": "screen", "reason": "unconditional"},
        {"stage": "normalise", "reason": "no_user"},
    ]
    assert notes == {"language.unknown": 1, "scrub.EMAIL": 3}
    assert not [s for s in h.strings(kept.to_pylist()) if "@" in s]


@given(h.records(PIECES, most=9))
def test_laws(rows: pa.Table) -> None:
    h.conserved(stages(), rows)
    h.same_in_any_batch_and_order(stages(), rows)
    # The digest is taken before scrubbing, so it is another one for text that was scrubbed already.
    h.again_changes_nothing([stage for stage in stages() if stage.name != "text_digest"], rows, but=["pii"])


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    names = ", ".join(f"curation.clean.{MODULES.get(name, name)}" for name in PASS)
    code = f"import sys, {names}; print([m for m in ('presidio_analyzer', 'spacy', 'py3langid') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
