"""The ledger: found rows, rows never seen, broken files."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from curation.core.errors import IntegrityError, MissingError
from curation.train.encode import Document
from curation.train.ledger import FILE, SCHEMA, Ledger, trace, write


def document(row: str, piece: int = 0) -> Document:
    return Document(array("i", [1, 40, 2]), bytes([0, 1, 1]), row, "assistant", piece)


def test_a_row_is_traced_through_the_run(tmp_path: Path) -> None:
    ledger = Ledger()
    ledger.add(1, 0, [document("a"), document("b")], [2.0, 3.0])
    ledger.add(2, 1, [document("a", piece=1)], [0.5])
    write(tmp_path, [ledger.taken()])
    found = trace(tmp_path, "a")
    assert found.schema.equals(SCHEMA)
    assert found.to_pylist() == [
        {"step": 1, "bin": 0, "row": "a", "piece": 0, "tokens": 3, "trained_tokens": 2, "loss": 2.0},
        {"step": 2, "bin": 1, "row": "a", "piece": 1, "tokens": 3, "trained_tokens": 2, "loss": 0.5},
    ]
    assert trace(tmp_path, "never").num_rows == 0


def test_its_bytes_do_not_depend_on_how_it_came_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.train.ledger._GROUP", 3)
    written = []
    for size in (1, 4, 10):
        ledger, tables = Ledger(), []
        for step in range(10):
            ledger.add(step, step, [document(f"row-{step % 4}")], [1.0])
            if len(ledger) == size:
                tables.append(ledger.taken())
        write(tmp_path, [*tables, ledger.taken()])
        assert trace(tmp_path, "row-1")["step"].to_pylist() == [1, 5, 9]
        written.append((tmp_path / FILE).read_bytes())
    assert written[0] == written[1] == written[2]


def test_no_ledger_and_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        trace(tmp_path, "a")
    (tmp_path / FILE).write_bytes(b"PAR1 nonsense")
    with pytest.raises(IntegrityError):
        trace(tmp_path, "a")
