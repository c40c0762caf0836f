from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curation.clean.exact_dup import ExactDupSpec, exact_dup, text_digest
from tests.clean import helpers as h
from tests.clean.helpers import CONTEXT, chat, record, table, turn


def digests(*records: h.Record) -> list[str]:
    kept, _, _ = h.run(text_digest, table([{**r, "id": f"demo:{i:016x}"} for i, r in enumerate(records)]))
    return kept.column("text_digest").to_pylist()


def test_case_and_blanks_do_not_matter() -> None:
    assert len(set(digests(chat(0, "Ich fuehle  mich\nGROSS", "ja"), chat(0, " ich fuehle mich gross", "JA")))) == 1
    assert len(set(digests(chat(0, "Straße"), chat(0, "STRASSE")))) == 1


def test_everything_else_does() -> None:
    turns = [turn("user", "a b"), turn("assistant", "c")]
    found = digests(
        record(0, turns),
        record(0, [turn("user", "a"), turn("assistant", "b c")]),
        record(0, [turn("assistant", "a b"), turn("user", "c")]),
        record(0, [turn("user", "a b"), turn("assistant", "c", "why")]),
        record(0, turns, kind="preference", chosen=[turn("assistant", "d")], rejected=[turn("assistant", "e")]),
        record(0, turns, kind="preference", chosen=[turn("assistant", "e")], rejected=[turn("assistant", "d")]),
        record(0, turns, kind="unpaired", chosen=[turn("assistant", "d")], label=True),
        record(0, turns, kind="unpaired", chosen=[turn("assistant", "d")], label=False),
        record(0, turns, kind="unpaired", chosen=[turn("assistant", "d")], label=None),
        record(0, turns, chosen=[]),
    )
    assert len(set(found)) == len(found)


def test_the_digest_is_keyed_and_meta_does_not_count() -> None:
    rows = table([chat(0, "a"), chat(1, "a", meta=[{"key": "k", "value": "v"}])])
    one, two = h.run(text_digest, rows)[0].column("text_digest").to_pylist()
    other = text_digest.run(rows.to_batches()[0], text_digest.spec(), type(CONTEXT)(b"x" * 32, "demo"))
    assert one == two != other.kept.column("text_digest")[0].as_py()


def fold(pairs: list[tuple[str, str | None]], cuts: int = 3) -> tuple[list[str], list[tuple[str, str]]]:
    def batches() -> Iterator[pa.Table]:
        for start in range(0, len(pairs), cuts):
            yield pa.table(
                {
                    "id": [i for i, _ in pairs[start : start + cuts]],
                    "text_digest": pa.array([d for _, d in pairs[start : start + cuts]], pa.string()),
                }
            )

    output = exact_dup.run(batches, ExactDupSpec(), CONTEXT)
    assert set(output.dropped.column("reason").to_pylist()) <= {"duplicate"}
    return (
        output.kept.column("id").to_pylist(),
        list(zip(output.dropped.column("id").to_pylist(), output.dropped.column("witness").to_pylist(), strict=True)),
    )


def test_the_smallest_id_stays_and_is_the_witness() -> None:
    kept, dropped = fold(
        [("s:1", "x"), ("s:2", "y"), ("s:3", "x"), ("s:4", None), ("s:5", None), ("s:6", "x"), ("s:7", "y")]
    )
    assert kept == ["s:1", "s:2", "s:4", "s:5"]
    assert dropped == [("s:3", "s:1"), ("s:6", "s:1"), ("s:7", "s:2")]
    assert fold([]) == ([], [])


@given(st.lists(st.sampled_from(["a", "b", "c", "d", None]), max_size=30), st.randoms(use_true_random=False))
def test_law_conservation_order_and_again(found: list[str | None], random: object) -> None:
    pairs = [(f"s:{i:03d}", digest) for i, digest in enumerate(found)]
    kept, dropped = fold(pairs)
    assert sorted([*kept, *(i for i, _ in dropped)]) == [i for i, _ in pairs]
    by_id = dict(pairs)
    first = {d: i for i, d in reversed(pairs)}
    assert all(witness == first[by_id[i]] for i, witness in dropped)
    mixed = list(pairs)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert fold(mixed, 5) == (kept, dropped)
    assert fold([(i, by_id[i]) for i in kept]) == (kept, [])


@given(h.records(most=12))
def test_law_text_digest(rows: pa.Table) -> None:
    h.conserved(text_digest, rows)
    h.same_in_any_batch_and_order(text_digest, rows)
    h.again_changes_nothing(text_digest, rows)
