"""Every example of docs/adapters.md does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import orjson
import pytest

from curation.core import declare
from curation.core.adapter import Adapter
from curation.core.sources import Sources
from curation.pull.adapters import REASONS, convert
from curation.pull.columns import columns_of
from curation.pull.readers import read

PAGE = (Path(__file__).parents[2] / "docs" / "adapters.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```\n```jsonl\n(.*?)```\nBecomes: ([^\n]*)", PAGE, re.S)


def adapter_of(text: str) -> Adapter:
    source = "sources:\n  s:\n    kind: files\n    path: x\n    adapter:\n" + "".join(
        f"      {line}\n" for line in text.splitlines()
    )
    return declare.bind(Sources, declare.parse_yaml(source, "page")).sources["s"].adapter


@pytest.mark.parametrize(("text", "rows", "becomes"), EXAMPLES, ids=[e[0].split("\n")[0] for e in EXAMPLES])
def test_an_example(tmp_path: Path, text: str, rows: str, becomes: str) -> None:
    adapter = adapter_of(text)
    path = tmp_path / "d.jsonl"
    path.write_text(rows)
    (chunk,) = read(path, columns_of(adapter), adapter.text_columns())
    assert not chunk.broken
    got = convert(chunk.columns, adapter, persona="neutral", licence=None, key=b"k" * 32, source="s")
    assert [reason and f"`{reason}`" for reason in got.rejects.to_pylist()] == [
        None if word == "record" else word for word in becomes.split(", ")
    ]
    assert all(orjson.loads(line) for line in rows.splitlines())


def test_the_page_is_whole() -> None:
    shown = {str(declare.parse_yaml(text, "page").value["kind"]) for text, *_ in EXAMPLES}
    declared = {cls.__name__.lower() for cls in get_args(Adapter)}
    assert shown == declared
    assert len(EXAMPLES) == PAGE.count("```yaml")
    assert {r for r in REASONS if f"`{r}`" not in PAGE} == set()
